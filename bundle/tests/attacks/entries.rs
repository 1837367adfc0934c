//! Entries swapped, repeated, left out, renamed and appended, each one of them with each other.

use airlift_bundle::archive;
use airlift_bundle::limits::Limits;

use crate::raw::{self, Entry};

fn refused(entries: &[Entry], what: &str) {
    let bundle = raw::frame(&raw::assemble(entries));
    assert!(archive::read(&bundle, &Limits::FORMAT_1).is_err(), "{what} was accepted");
}

#[test]
fn no_two_entries_can_change_places() {
    let good = raw::sample();
    for a in 0..good.len() {
        for b in a + 1..good.len() {
            let mut entries = good.clone();
            entries.swap(a, b);
            refused(&entries, &format!("{a} and {b} swapped"));
            // Contents under each other's names.
            if good[a].content != good[b].content {
                let mut entries = good.clone();
                let (content, padding) = (good[b].content.clone(), good[b].padding.clone());
                entries[a] = Entry { content, padding, ..entries[a].clone() };
                let (content, padding) = (good[a].content.clone(), good[a].padding.clone());
                entries[b] = Entry { content, padding, ..entries[b].clone() };
                refused(&entries, &format!("the contents of {a} and {b} swapped"));
            }
        }
    }
}

#[test]
fn no_entry_can_be_repeated_left_out_or_appended() {
    let good = raw::sample();
    for from in 0..good.len() {
        let mut entries = good.clone();
        entries.remove(from);
        refused(&entries, &format!("a bundle without {from}"));
        for to in 0..=good.len() {
            let mut entries = good.clone();
            entries.insert(to, good[from].clone());
            refused(&entries, &format!("{from} once more at {to}"));
        }
    }
}

#[test]
fn no_entry_can_take_another_name() {
    let good = raw::sample();
    let names: Vec<Vec<u8>> = good.iter().map(|entry| entry.header.as_bytes()[..100].to_vec()).collect();
    let others =
        ["x", "../x", "/etc/passwd", "Manifest.json", "manifest.json", "k0s/k0s.yam", "k0s/k0s.yaml2"];
    let others = others.iter().map(|name| {
        let mut field = name.as_bytes().to_vec();
        field.resize(100, 0);
        field
    });
    for name in others.chain(names.clone()) {
        for (position, own) in names.iter().enumerate() {
            if *own != name {
                let mut entries = good.clone();
                entries[position] = entries[position]
                    .clone()
                    .with_header(|header| header.as_mut_bytes()[..100].copy_from_slice(&name));
                refused(&entries, &format!("{position} as {:?}", String::from_utf8_lossy(&name)));
            }
        }
    }
}

//! One name twice: readers differ in which of the two they take.

use airlift_bundle::Error;
use tar::EntryType;

use crate::raw::{self, Entry};

#[test]
fn a_second_entry_of_one_name_is_refused() {
    let second = Entry::new("block", 0o600, EntryType::Regular, b"other");
    let mut entries = raw::sample();
    let position = raw::at("block") + 1;
    let start = raw::offset(&entries, position);
    entries.insert(position, second);
    raw::assert_deviation(&raw::assemble(&entries), start, "the header of k0s/");
}

#[test]
fn a_name_that_the_manifest_lists_twice_is_refused() {
    let mut manifest = raw::manifest();
    manifest.files.insert(0, manifest.files[0].clone());
    let json = airlift_bundle::json::to_canonical_json(&manifest).unwrap();
    let refusal = raw::refusal_of(&raw::frame(&raw::assemble(&raw::sample_with(&json))));
    assert!(matches!(refusal, Error::Twice { .. }), "{refusal}");
}

#[test]
fn a_file_called_manifest_json_is_refused() {
    let mut manifest = raw::manifest();
    manifest.files.last_mut().unwrap().path = "manifest.json".parse().unwrap();
    manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
    let json = airlift_bundle::json::to_canonical_json(&manifest).unwrap();
    let refusal = raw::refusal_of(&raw::frame(&raw::assemble(&raw::sample_with(&json))));
    assert!(matches!(refusal, Error::Twice { .. }), "{refusal}");
}

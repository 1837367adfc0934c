//! GNU long names and long links.

use tar::EntryType;

use crate::raw::{self, Entry};

#[test]
fn gnu_long_names_and_links_are_refused() {
    for kind in [EntryType::GNULongName, EntryType::GNULongLink] {
        let long = Entry::new("././@LongLink", 0o644, kind, b"../../evil\0");
        raw::assert_insertion_refused("block", &[long]);
    }
}

#[test]
fn the_gnu_magic_is_refused() {
    raw::assert_header_refused("block", |header| {
        header.as_mut_bytes()[257..265].copy_from_slice(b"ustar  \0");
    });
}

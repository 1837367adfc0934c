//! A file that the manifest doesn't list, and one that it lists but that isn't there.

use tar::EntryType;

use crate::raw::{self, Entry};

#[test]
fn an_unlisted_file_is_refused() {
    let extra = Entry::new("a", 0o644, EntryType::Regular, b"extra");
    raw::assert_insertion_refused("block", &[extra]);
}

#[test]
fn an_unlisted_directory_is_refused() {
    raw::assert_insertion_refused("block", &[Entry::new("a/", 0o755, EntryType::Directory, b"")]);
}

#[test]
fn a_listed_file_that_is_not_there_is_refused() {
    let mut entries = raw::sample();
    let start = raw::offset(&entries, raw::at("block"));
    entries.remove(raw::at("block"));
    raw::assert_deviation(&raw::assemble(&entries), start, "the header of block");
}

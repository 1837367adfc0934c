//! A hard link to a file outside.

use tar::EntryType;

use crate::raw::{self, Entry};

#[test]
fn a_hard_link_is_refused() {
    let link = Entry::new("a", 0o644, EntryType::Link, b"")
        .with_header(|header| header.as_mut_bytes()[157..168].copy_from_slice(b"/etc/shadow"));
    raw::assert_insertion_refused("block", &[link]);
}

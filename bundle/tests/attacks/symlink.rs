//! A symbolic link that a later entry would be written through.

use tar::{EntryType, Header};

use crate::raw::{self, Entry};

fn link_to_etc(header: &mut Header) {
    header.as_mut_bytes()[157..161].copy_from_slice(b"/etc");
}

#[test]
fn a_symbolic_link_before_a_file_is_refused() {
    let link = Entry::new("k0s", 0o777, EntryType::Symlink, b"").with_header(link_to_etc);
    raw::assert_insertion_refused("k0s/empty", &[link]);
}

#[test]
fn a_file_turned_into_a_symbolic_link_is_refused() {
    raw::assert_header_refused("k0s/empty", |header| header.set_entry_type(EntryType::Symlink));
    raw::assert_header_refused("k0s/empty", link_to_etc);
}

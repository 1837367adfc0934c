//! Devices and pipes.

use tar::EntryType;

use crate::raw::{self, Entry};

#[test]
fn devices_and_pipes_are_refused() {
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo, EntryType::Continuous] {
        raw::assert_insertion_refused("block", &[Entry::new("a", 0o644, kind, b"")]);
    }
}

#[test]
fn device_numbers_on_a_file_are_refused() {
    raw::assert_header_refused("block", |header| header.set_device_major(1).unwrap());
}

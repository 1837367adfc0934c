//! Attacks on the reader of bundles, one file each.
//!
//! Every attack starts from an archive that is exactly what the writer makes (the first test proves it) and changes one
//! thing, so what is refused is the attack and not a slip in making it.

#[path = "../support/mod.rs"]
mod support;

mod raw;

mod absolute_name;
mod bits;
mod device;
mod dictionary;
mod duplicate;
mod entries;
mod gnu_longname;
mod hardlink;
mod header_checksum;
mod manifest_lies;
mod manifest_size;
mod missing_checksum;
mod missing_end;
mod mode;
mod owner;
mod padding;
mod pax;
mod second_frame;
mod size_bomb;
mod size_lies;
mod skippable_frame;
mod sparse;
mod symlink;
mod time;
mod trailing_bytes;
mod traversal;
mod truncation;
mod undeclared_size;
mod unlisted_file;
mod unsorted;
mod window_bomb;

use airlift_bundle::archive;
use airlift_bundle::limits::Limits;

#[test]
fn the_archive_that_attacks_start_from_is_the_writers() {
    let attack_free = raw::assemble(&raw::sample());
    assert_eq!(attack_free, zstd::decode_all(&support::bundle()[..]).unwrap());
    assert!(archive::read(&raw::frame(&attack_free), &Limits::FORMAT_1).is_ok());
}

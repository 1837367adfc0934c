//! Headers that other readers would skip or take in another way.

use crate::raw;

#[test]
fn a_wrong_header_checksum_is_refused() {
    let mut archive = raw::assemble(&raw::sample());
    let start = raw::offset(&raw::sample(), raw::at("block"));
    archive[start + 150] ^= 1;
    raw::assert_deviation(&archive, start + 150, "the header of block");
}

#[test]
fn a_name_prefix_is_refused() {
    raw::assert_header_refused("block", |header| header.as_mut_bytes()[345..349].copy_from_slice(b"etc/"));
}

#[test]
fn bytes_after_the_name_are_refused() {
    raw::assert_header_refused("block", |header| header.as_mut_bytes()[6] = b'x');
}

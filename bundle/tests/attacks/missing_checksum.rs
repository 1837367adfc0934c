//! A frame without its checksum.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn a_frame_without_a_checksum_is_refused() {
    let archive = raw::assemble(&raw::sample());
    let bundle = raw::frame_with(&archive, |encoder| encoder.include_checksum(false).unwrap());
    assert!(matches!(raw::refusal_of(&bundle), Error::Frame { offset: 4, .. }));
}

#[test]
fn a_frame_with_a_wrong_checksum_is_refused() {
    let mut bundle = raw::frame(&raw::assemble(&raw::sample()));
    *bundle.last_mut().unwrap() ^= 1;
    assert!(matches!(raw::refusal_of(&bundle), Error::Decompress { .. }));
}

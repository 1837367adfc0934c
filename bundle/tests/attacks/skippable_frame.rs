//! Skippable frames, which stock tools pass over: room for anything.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn a_skippable_frame_is_refused() {
    let good = raw::frame(&raw::assemble(&raw::sample()));
    let skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00evil";
    let before = [&skippable[..], &good].concat();
    assert!(matches!(raw::refusal_of(&before), Error::Frame { offset: 0, .. }));
    let after = [&good, &skippable[..]].concat();
    assert!(matches!(raw::refusal_of(&after), Error::Frame { offset, .. } if offset == good.len()));
}

#[test]
fn an_empty_file_is_refused() {
    assert!(matches!(raw::refusal_of(b""), Error::Frame { offset: 0, .. }));
}

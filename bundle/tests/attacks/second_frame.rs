//! A second frame, which stock tools append to the first one's content.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn a_second_frame_is_refused() {
    let mut bundle = raw::frame(&raw::assemble(&raw::sample()));
    let end = bundle.len();
    bundle.extend(raw::frame(b"more"));
    assert!(matches!(raw::refusal_of(&bundle), Error::Frame { offset, .. } if offset == end));
}

#[test]
fn an_archive_split_over_two_frames_is_refused() {
    let archive = raw::assemble(&raw::sample());
    let (a, b) = archive.split_at(1024);
    let bundle = [raw::frame(a), raw::frame(b)].concat();
    assert!(matches!(raw::refusal_of(&bundle), Error::Frame { .. }));
}

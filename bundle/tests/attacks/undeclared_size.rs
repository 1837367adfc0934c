//! A frame that doesn't say how large its content is.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn a_frame_without_its_size_is_refused() {
    let archive = raw::assemble(&raw::sample());
    let bundle = raw::frame_with(&archive, |encoder| encoder.include_contentsize(false).unwrap());
    assert!(matches!(raw::refusal_of(&bundle), Error::Frame { offset: 4, .. }));
}

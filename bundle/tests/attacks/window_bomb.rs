//! A window that would make a decompressor allocate more than the format allows.

use airlift_bundle::Error;
use zstd::zstd_safe::CParameter;

use crate::raw;

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let archive = vec![0; 40 << 20];
    let bundle = raw::frame_with(&archive, |encoder| {
        encoder.set_parameter(CParameter::WindowLog(25)).unwrap();
    });
    let refusal = raw::refusal_of(&bundle);
    assert!(
        matches!(&refusal, Error::TooLarge { what, size, .. } if what.contains("window") && *size == 32 << 20)
    );
}

#[test]
fn a_single_segment_beyond_the_window_limit_is_refused() {
    let archive = vec![0; 9 << 20];
    let bundle = raw::frame_with(&archive, |encoder| {
        encoder.set_parameter(CParameter::WindowLog(25)).unwrap();
    });
    assert_eq!(bundle[4] >> 5 & 1, 1, "a single segment");
    assert!(matches!(raw::refusal_of(&bundle), Error::TooLarge { size, .. } if size == 9 << 20));
}

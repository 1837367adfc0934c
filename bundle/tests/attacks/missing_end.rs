//! An archive without its end: one block of zeros, none, or cut off earlier.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn a_missing_end_is_refused() {
    let archive = raw::assemble(&raw::sample());
    for missing in [1, 512, 1023, 1024, 1025, 1536, archive.len() - 1] {
        let refusal = raw::refusal_of(&raw::frame(&archive[..archive.len() - missing]));
        assert!(
            matches!(refusal, Error::ArchiveLength { .. } | Error::Deviation { offset: 124, .. }),
            "without {missing}: {refusal}"
        );
    }
    assert!(matches!(raw::refusal_of(&raw::frame(b"")), Error::Deviation { offset: 124, .. }));
}

//! Bytes after the end: of the archive, and of the frame.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn bytes_after_the_end_of_the_archive_are_refused() {
    for more in [1, 512, 10240] {
        let mut archive = raw::assemble(&raw::sample());
        let whole = archive.len() as u64;
        archive.resize(archive.len() + more, 0);
        let refusal = raw::refusal_of(&raw::frame(&archive));
        let Error::ArchiveLength { found, expected } = refusal else { panic!("{refusal}") };
        assert_eq!((found, expected), (whole + more as u64, whole));
    }
}

#[test]
fn bytes_in_the_end_of_the_archive_are_refused() {
    let mut archive = raw::assemble(&raw::sample());
    let last = archive.len() - 1;
    archive[last] = 1;
    raw::assert_deviation(&archive, last, "the end");
}

#[test]
fn bytes_after_the_frame_are_refused_with_their_offset() {
    let mut bundle = raw::frame(&raw::assemble(&raw::sample()));
    let end = bundle.len();
    bundle.push(0);
    assert!(matches!(raw::refusal_of(&bundle), Error::Frame { offset, .. } if offset == end));
}

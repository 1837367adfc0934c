//! A manifest that is too large, or whose size field is not a number.

use airlift_bundle::Error;
use airlift_bundle::limits::Limits;

use crate::raw;

#[test]
fn a_manifest_beyond_the_limit_is_refused_before_it_is_parsed() {
    let limit = usize::try_from(Limits::FORMAT_1.manifest).unwrap();
    let archive = raw::assemble(&raw::sample_with(&vec![b' '; limit + 1]));
    let refusal = raw::refusal_of(&raw::frame(&archive));
    assert!(matches!(&refusal, Error::TooLarge { what, .. } if what == "manifest.json"), "{refusal}");
}

#[test]
fn a_size_field_that_is_not_octal_is_refused() {
    for field in [&b"99999999999"[..], b"-0000000001", b"        123", &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]
    {
        let mut archive = raw::assemble(&raw::sample());
        archive[124..135].copy_from_slice(field);
        assert!(matches!(raw::refusal_of(&raw::frame(&archive)), Error::Deviation { offset: 124, .. }));
    }
}

#[test]
fn a_size_field_beyond_the_archive_is_refused() {
    let mut archive = raw::assemble(&raw::sample());
    archive[124..135].copy_from_slice(b"00000100000");
    assert!(matches!(raw::refusal_of(&raw::frame(&archive)), Error::Deviation { offset: 124, .. }));
}

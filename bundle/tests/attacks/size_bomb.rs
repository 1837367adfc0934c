//! Frames that decompress to more than they may, or to another size than they declare.

use airlift_bundle::Error;
use airlift_bundle::limits::Limits;

use crate::raw;

#[test]
fn a_declared_size_beyond_the_limit_is_refused_before_decompressing() {
    let limit = Limits::FORMAT_1.archive;
    let bundle = raw::frame(&vec![0; usize::try_from(limit).unwrap() + 1]);
    assert!(bundle.len() < 100_000);
    let refusal = raw::refusal_of(&bundle);
    assert!(matches!(refusal, Error::TooLarge { size, .. } if size == limit + 1), "{refusal}");
}

#[test]
fn an_absurd_declared_size_is_refused_without_allocating() {
    // magic; eight bytes of size, checksum; 1 KiB window; size
    let bundle = [&b"\x28\xb5\x2f\xfd\xc4\x00"[..], &[0xff; 8], b"\x01\x00\x00", &[0; 4]].concat();
    assert!(matches!(raw::refusal_of(&bundle), Error::TooLarge { size: u64::MAX, .. }));
}

#[test]
fn more_or_less_than_the_declared_size_is_refused() {
    let archive = raw::assemble(&raw::sample());
    let bundle = raw::frame(&archive);
    assert_eq!(bundle[4] >> 5, 0b011, "a single segment with two bytes of size");
    let declared = u16::from_le_bytes([bundle[5], bundle[6]]);
    for lie in [declared - 1, declared + 1, 0, u16::MAX] {
        let mut lying = bundle.clone();
        lying[5..7].copy_from_slice(&lie.to_le_bytes());
        let refusal = raw::refusal_of(&lying);
        assert!(matches!(refusal, Error::Decompress { .. }), "{lie}: {refusal}");
    }
}

#[test]
fn a_bundle_beyond_the_limit_is_refused() {
    let bundle = vec![0; usize::try_from(Limits::FORMAT_1.bundle).unwrap() + 1];
    assert!(matches!(raw::refusal_of(&bundle), Error::TooLarge { .. }));
}

//! A frame that asks for a dictionary, and one that uses reserved bits.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn dictionaries_and_reserved_bits_are_refused() {
    let good = raw::frame(&raw::assemble(&raw::sample()));
    for bit in [0, 1, 3, 4] {
        let mut bundle = good.clone();
        bundle[4] |= 1 << bit;
        assert!(matches!(raw::refusal_of(&bundle), Error::Frame { offset: 4, .. }), "bit {bit}");
    }
}

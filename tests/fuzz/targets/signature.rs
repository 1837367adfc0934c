//! Signature files and public keys.
#![no_main]

use airlift_bundle::signature::{PublicKey, Signature};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Signature::parse("x.minisig", bytes) {
        airlift_fuzz::printable(&error.to_string());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(error) = PublicKey::parse_file("x.pub", text)
    {
        airlift_fuzz::printable(&error.to_string());
    }
});

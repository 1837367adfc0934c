//! The trust file of a node.
#![no_main]

use airlift_bundle::trust::TrustFile;

libfuzzer_sys::fuzz_target!(|text: &str| match TrustFile::parse(text) {
    Ok(trust) => assert_eq!(TrustFile::parse(&trust.to_string()).unwrap(), trust),
    Err(error) => airlift_fuzz::printable(&error.to_string()),
});

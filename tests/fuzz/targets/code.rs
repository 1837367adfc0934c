//! Release codes as people type them, and the tables of codes and hashes.
#![no_main]

use airlift_bundle::gate::code::Code;
use airlift_bundle::gate::codes::{CodeHashes, OwnCodes};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    airlift_fuzz::canonical(bytes, CodeHashes::parse, CodeHashes::to_json);
    let (site, node) = ("acme".parse().unwrap(), "m1".parse().unwrap());
    if let Ok(own) = OwnCodes::parse(bytes, &site, &node) {
        assert_eq!(own.to_secret_json().unwrap(), bytes);
    }
    if let Ok(typed) = std::str::from_utf8(bytes) {
        match Code::parse(typed) {
            Ok(code) => assert_eq!(Code::parse(&code.reveal()).unwrap().reveal(), code.reveal()),
            Err(error) => airlift_fuzz::printable(&error.to_string()),
        }
    }
});

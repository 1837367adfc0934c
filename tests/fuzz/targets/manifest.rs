//! `manifest.json`, with the node's plan in it.
#![no_main]

use airlift_bundle::manifest::Manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    airlift_fuzz::canonical(bytes, Manifest::parse, Manifest::to_json);
});

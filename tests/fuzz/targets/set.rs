//! `set.json`.
#![no_main]

use airlift_bundle::set::SetIndex;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    airlift_fuzz::canonical(bytes, SetIndex::parse, SetIndex::to_json);
});

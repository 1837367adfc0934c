//! `plan.json`.
#![no_main]

use airlift_bundle::plan::Plan;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    airlift_fuzz::canonical(bytes, |bytes| Plan::parse(bytes).map(|(plan, _)| plan), |plan| {
        plan.to_json().map(|(bytes, _)| bytes)
    });
});

//! hosts.yaml, in a site that is whole otherwise.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| airlift_fuzz::site_with("hosts.yaml", bytes));

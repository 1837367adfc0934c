//! Entries in another order.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn entries_in_another_order_are_refused() {
    let mut entries = raw::sample();
    let (a, b) = (raw::at("k0s/empty"), raw::at("k0s/k0s.yaml"));
    let start = raw::offset(&entries, a);
    entries.swap(a, b);
    raw::assert_deviation(&raw::assemble(&entries), start + "k0s/".len(), "the header of k0s/empty");
}

#[test]
fn a_manifest_in_another_order_is_refused() {
    let mut manifest = raw::manifest();
    manifest.files.swap(0, 1);
    let json = airlift_bundle::json::to_canonical_json(&manifest).unwrap();
    let refusal = raw::refusal_of(&raw::frame(&raw::assemble(&raw::sample_with(&json))));
    assert!(matches!(refusal, Error::Contradiction { .. }), "{refusal}");
}

#[test]
fn a_manifest_that_is_not_first_is_refused() {
    let mut entries = raw::sample();
    entries.swap(0, 1);
    assert_eq!(raw::refusal_of(&raw::frame(&raw::assemble(&entries))).code(), "AB002");
}

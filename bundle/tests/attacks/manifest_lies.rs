//! Manifests that parse but are not what the writer would have written, or contradict themselves.

use airlift_bundle::Error;
use airlift_bundle::digest::Sha256;
use airlift_bundle::json::to_canonical_json;
use airlift_bundle::manifest::Manifest;
use airlift_bundle::plan::Step;

use crate::raw;
use crate::support;

fn refusal_of_json(json: &str) -> Error {
    raw::refusal_of(&raw::frame(&raw::assemble(&raw::sample_with(json.as_bytes()))))
}

fn refusal_of(manifest: &Manifest) -> Error {
    refusal_of_json(&String::from_utf8(to_canonical_json(manifest).unwrap()).unwrap())
}

#[test]
fn other_bytes_for_the_same_manifest_are_refused() {
    let json = String::from_utf8(raw::manifest().to_json().unwrap()).unwrap();
    for other in [json.replacen("  ", "    ", 1), format!("{json}\n"), json.replacen("acme", "\\u0061cme", 1)]
    {
        assert!(matches!(refusal_of_json(&other), Error::NotCanonical { .. }), "{other}");
    }
}

#[test]
fn another_format_and_unknown_fields_are_refused() {
    let json = String::from_utf8(raw::manifest().to_json().unwrap()).unwrap();
    let newer = refusal_of_json(&json.replacen("\"format\": 1", "\"format\": 2", 1));
    assert!(newer.to_string().contains("format 2"), "{newer}");
    let unknown = refusal_of_json(&json.replacen("\"serial\"", "\"extra\": 1,\n  \"serial\"", 1));
    assert!(unknown.to_string().contains("extra"), "{unknown}");
}

#[test]
fn deeply_nested_json_is_refused() {
    assert_eq!(refusal_of_json(&"[".repeat(1 << 20)).code(), "AB002");
}

fn steps(manifest: &mut Manifest) -> &mut Vec<Step> {
    &mut manifest.plan.stages[0].steps
}

#[test]
fn a_place_without_its_file_is_refused() {
    let mut manifest = raw::manifest();
    manifest.files.retain(|file| file.path.as_str() != "k0s/k0s.yaml");
    assert!(
        refusal_of(&manifest).to_string().contains("needs the file k0s/k0s.yaml, which it does not list")
    );
}

#[test]
fn a_place_of_another_digest_is_refused() {
    let mut manifest = raw::manifest();
    for file in &mut manifest.files {
        file.sha256 = Sha256::of(b"something else");
    }
    assert!(refusal_of(&manifest).to_string().contains("with another digest"));
}

#[test]
fn two_places_for_one_target_are_refused() {
    let mut manifest = raw::manifest();
    steps(&mut manifest).push(support::place_at("again", "/etc/k0s/k0s.yaml"));
    assert!(refusal_of(&manifest).to_string().contains("two places"));
}

#[test]
fn a_place_below_another_place_is_refused() {
    let mut manifest = raw::manifest();
    steps(&mut manifest).push(support::place_at("below", "/etc/k0s/k0s.yaml/x"));
    assert!(refusal_of(&manifest).to_string().contains("the directory of"));
}

#[test]
fn names_that_differ_only_in_case_are_refused() {
    let mut manifest = raw::manifest();
    let mut twin = manifest.files[0].clone();
    twin.path = "BLOCK".parse().unwrap();
    manifest.files.insert(0, twin);
    assert!(matches!(refusal_of(&manifest), Error::CaseCollision { .. }));
}

//! Modes other than the manifest's: set-user-id, writable by all.

use crate::raw;

#[test]
fn a_mode_that_is_not_the_manifests_is_refused() {
    raw::assert_header_refused("block", |header| header.set_mode(0o4600));
    raw::assert_header_refused("block", |header| header.set_mode(0o666));
    raw::assert_header_refused("steps/start/", |header| header.set_mode(0o777));
}

#[test]
fn a_mode_outside_the_few_is_refused_in_the_manifest() {
    let json = String::from_utf8(raw::manifest().to_json().unwrap()).unwrap();
    let json = json.replacen("\"0644\"", "\"4755\"", 1);
    let archive = raw::assemble(&raw::sample_with(json.as_bytes()));
    assert_eq!(raw::refusal_of(&raw::frame(&archive)).code(), "AB002");
}

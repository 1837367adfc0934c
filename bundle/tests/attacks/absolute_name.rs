//! A name that begins with a slash, in the header and in the manifest.

use crate::raw;

#[test]
fn an_absolute_name_in_a_header_is_refused() {
    raw::assert_header_refused("block", |header| {
        header.as_mut_bytes()[..11].copy_from_slice(b"/etc/passwd");
    });
}

#[test]
fn an_absolute_name_in_the_manifest_is_refused() {
    let json = String::from_utf8(raw::manifest().to_json().unwrap()).unwrap();
    let json = json.replace("\"block\"", "\"/etc/passwd\"");
    let archive = raw::assemble(&raw::sample_with(json.as_bytes()));
    assert_eq!(raw::refusal_of(&raw::frame(&archive)).code(), "AB002");
}

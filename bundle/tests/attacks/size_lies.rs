//! Sizes that don't match the content, in headers and in the manifest.

use airlift_bundle::Error;

use crate::raw;

#[test]
fn a_size_in_a_header_other_than_the_manifests_is_refused() {
    raw::assert_header_refused("block", |header| header.set_size(0));
    raw::assert_header_refused("k0s/", |header| header.set_size(1));
}

#[test]
fn a_manifest_that_makes_a_file_longer_or_shorter_is_refused() {
    for (size, expected) in
        [(511, "AB025"), (513, "AB025"), (0, "AB025"), (1 << 40, "AB024"), (u64::MAX, "AB024")]
    {
        let mut manifest = raw::manifest();
        manifest.files[0].size = size;
        let mut entries = raw::sample_with(&manifest.to_json().unwrap());
        // a header as the lying manifest makes it, where the field holds the lie
        if size < 1 << 33 {
            entries[1] = entries[1].clone().with_header(|header| header.set_size(size));
        }
        let refusal = raw::refusal_of(&raw::frame(&raw::assemble(&entries)));
        let codes = [expected, "AB023"];
        assert!(codes.contains(&refusal.code()), "{size}: {refusal}");
        assert!(size >= 1 << 33 || refusal.code() == expected, "{size}: {refusal}");
    }
}

#[test]
fn a_manifest_whose_sizes_add_up_to_more_than_a_number_holds_is_refused() {
    let mut manifest = raw::manifest();
    manifest.files.iter_mut().for_each(|file| file.size = u64::MAX);
    let entries = raw::sample_with(&manifest.to_json().unwrap());
    let refusal = raw::refusal_of(&raw::frame(&raw::assemble(&entries)));
    assert!(matches!(refusal, Error::Deviation { .. } | Error::ArchiveLength { .. }), "{refusal}");
}

#[test]
fn a_content_other_than_the_manifests_is_refused_with_its_offset() {
    let mut entries = raw::sample();
    let start = raw::offset(&entries, 1) + 512;
    entries[1].content[100] ^= 1;
    let refusal = raw::refusal_of(&raw::frame(&raw::assemble(&entries)));
    assert!(
        matches!(&refusal, Error::EntryDigest { name, offset, .. } if name == "block" && *offset == start)
    );
}

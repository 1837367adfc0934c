//! What must always hold between the writer and the reader.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod support;

use std::fs;
use std::sync::OnceLock;

use airlift_bundle::archive;
use airlift_bundle::error::Error;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::{Contents, Manifest};
use airlift_bundle::name::{EntryName, collisions};
use airlift_bundle::plan::Plan;
use airlift_bundle::set::{SetIndex, SignedSet, verify_set};
use airlift_bundle::value::Mode;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn any_contents() -> impl Strategy<Value = Contents> {
    let name = "[a-z0-9_][a-z0-9._-]{0,8}(/[a-z0-9_][a-z0-9_-]{0,8}){0,3}";
    let file = (name, select(&Mode::ALL[..]), proptest::collection::vec(any::<u8>(), 0..1500));
    proptest::collection::vec(file, 0..12).prop_map(|files| {
        let mut contents = Contents::new();
        let mut names = vec!["manifest.json".to_owned(), "k0s/k0s.yaml".to_owned()];
        contents.add("k0s/k0s.yaml".parse().unwrap(), Mode::PLAIN, support::K0S_YAML.to_vec()).unwrap();
        for (name, mode, bytes) in files {
            let Ok(valid) = name.parse::<EntryName>() else { continue };
            names.push(name);
            if collisions(names.iter().map(String::as_str)).is_empty() {
                contents.add(valid, mode, bytes).unwrap();
            } else {
                names.pop();
            }
        }
        contents
    })
}

/// A signed set on disk that the tests below damage in memory or restore.
fn signed_set() -> &'static (support::Site, tempfile::TempDir) {
    static SET: OnceLock<(support::Site, tempfile::TempDir)> = OnceLock::new();
    SET.get_or_init(|| {
        let site = support::Site::new();
        let directory = support::on_disk(&site.files());
        (site, directory)
    })
}

proptest! {
    #[test]
    fn what_was_written_is_what_is_read(contents in any_contents()) {
        let manifest = support::manifest(&contents);
        let bundle = archive::write(&manifest, &contents).unwrap();
        prop_assert_eq!(&bundle, &archive::write(&manifest, &contents).unwrap());
        let read = archive::read(&bundle, &Limits::FORMAT_1).unwrap();
        prop_assert_eq!(read.manifest(), &manifest);
        prop_assert_eq!(read.manifest_json(), manifest.to_json().unwrap());
        prop_assert_eq!(read.files().count(), contents.entries().len());
        for (file, bytes) in read.files() {
            prop_assert_eq!(Some(bytes), contents.get(&file.path));
        }
    }

    #[test]
    fn another_tar_reader_sees_the_same_files(contents in any_contents()) {
        let manifest = support::manifest(&contents);
        let bundle = archive::write(&manifest, &contents).unwrap();
        let archive = zstd::decode_all(&bundle[..]).unwrap();
        let mut seen = vec![];
        for entry in tar::Archive::new(&archive[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = vec![];
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            if entry.header().entry_type().is_file() && name != "manifest.json" {
                let name: EntryName = name.parse().unwrap();
                prop_assert_eq!(contents.get(&name), Some(&bytes[..]));
                seen.push((name, entry.header().mode().unwrap()));
            }
        }
        let written: Vec<_> = contents.entries().into_iter().map(|e| (e.path, e.mode.bits())).collect();
        prop_assert_eq!(seen, written);
    }

    #[test]
    fn a_reader_survives_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600), framed in any::<bool>()) {
        let bundle = if framed { zstd::bulk::compress(&bytes, 1).unwrap() } else { bytes.clone() };
        prop_assert!(archive::read(&bundle, &Limits::FORMAT_1).is_err());
        prop_assert!(Manifest::parse(&bytes).is_err());
        prop_assert!(Plan::parse(&bytes).is_err());
        prop_assert!(SetIndex::parse(&bytes).is_err());
    }

    #[test]
    fn a_flipped_bit_in_a_signed_bundle_is_refused(at in any::<Index>(), bit in 0..8) {
        let (site, directory) = signed_set();
        let node = &site.plan.nodes[0].node.name;
        let other = tempfile::tempdir().unwrap();
        copy(directory.path(), other.path(), &["set.json", "set.json.minisig"]);
        let mut bytes = fs::read(directory.path().join(node.bundle_path().as_str())).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        fs::create_dir(other.path().join("nodes")).unwrap();
        fs::write(other.path().join(node.bundle_path().as_str()), bytes).unwrap();
        let set = SignedSet::open(other.path(), &site.trust(0)).unwrap();
        prop_assert!(set.bundle(node).is_err());
    }

    #[test]
    fn a_truncated_signed_bundle_is_refused(at in any::<Index>()) {
        let (site, directory) = signed_set();
        let node = &site.plan.nodes[0].node.name;
        let other = tempfile::tempdir().unwrap();
        copy(directory.path(), other.path(), &["set.json", "set.json.minisig"]);
        let mut bytes = fs::read(directory.path().join(node.bundle_path().as_str())).unwrap();
        bytes.truncate(at.index(bytes.len()));
        fs::create_dir(other.path().join("nodes")).unwrap();
        fs::write(other.path().join(node.bundle_path().as_str()), bytes).unwrap();
        let set = SignedSet::open(other.path(), &site.trust(0)).unwrap();
        prop_assert!(set.bundle(node).is_err());
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path, names: &[&str]) {
    for name in names {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_set_is_refused() {
    let site = support::Site::new();
    let files = site.files();
    let directory = support::on_disk(&files);
    let trust = site.trust(1);
    verify_set(directory.path(), &trust).unwrap();
    for (path, bytes) in &files {
        // small files at every byte, larger ones in steps that are no multiple of a block
        let step = if bytes.len() < 400 { 1 } else { 37 };
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(directory.path().join(path), changed).unwrap();
            assert!(
                verify_set(directory.path(), &trust).is_err(),
                "byte {at} of {path} was changed unnoticed"
            );
        }
        fs::write(directory.path().join(path), bytes).unwrap();
    }
    verify_set(directory.path(), &trust).unwrap();
}

#[test]
fn limits_are_the_last_sizes_that_a_reader_takes() {
    let bundle = support::bundle();
    let manifest = archive::read(&bundle, &Limits::FORMAT_1).unwrap().manifest_json().len() as u64;
    let exact = Limits { bundle: bundle.len() as u64, manifest, ..Limits::FORMAT_1 };
    archive::read(&bundle, &exact).unwrap();
    for (limits, size) in [
        (Limits { bundle: exact.bundle - 1, ..exact }, exact.bundle),
        (Limits { manifest: exact.manifest - 1, ..exact }, exact.manifest),
    ] {
        let refused = archive::read(&bundle, &limits).unwrap_err();
        let refused: Vec<&Error> = refused.iter().collect();
        assert!(
            matches!(refused[..], [Error::TooLarge { size: found, .. }] if *found == size),
            "{refused:?}"
        );
    }
}

#[test]
fn an_archive_beyond_the_limit_is_not_written() {
    let mut contents = support::contents();
    contents.add("large".parse().unwrap(), Mode::PLAIN, vec![0; 64 << 20]).unwrap();
    let refused = archive::write(&support::manifest(&contents), &contents).unwrap_err();
    let refused: Vec<&Error> = refused.iter().collect();
    assert!(refused.iter().any(|error| matches!(error, Error::TooLarge { .. })), "{refused:?}");
}

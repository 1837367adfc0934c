//! Single bits: every one of the manifest and of the headers, and many elsewhere.
//!
//! `AIRLIFT_BITS` says how many bits are drawn elsewhere; the long run takes 100,000.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and be told how long to run")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use airlift_bundle::archive;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::Manifest;
use airlift_bundle::set::{SignedSet, verify_set};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::raw;
use crate::support::{Site, on_disk};

/// How many bits are drawn where not every one is tried.
fn drawn() -> usize {
    let given = std::env::var("AIRLIFT_BITS").ok();
    given.map_or(3_000, |text| text.parse().expect("AIRLIFT_BITS is a number"))
}

/// The same bits in every run.
fn draw() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

/// Without a signature a manifest can say anything. What it can't do is say the same in other bytes, or something else
/// about the same bytes: so a changed archive is refused, or is the one form of another manifest.
fn refused_or_another(changed: &[u8], good: &Manifest) -> bool {
    match archive::read(&raw::frame(changed), &Limits::FORMAT_1) {
        Err(_) => true,
        Ok(bundle) => bundle.manifest() != good,
    }
}

#[test]
fn every_bit_of_every_header_is_refused_and_every_bit_of_the_manifest_means_something() {
    let entries = raw::sample();
    let good = raw::manifest();
    let archive = raw::assemble(&entries);
    let mut changed = archive.clone();
    let mut flip = |at: usize, check: &dyn Fn(&[u8]) -> bool| {
        for bit in 0..8 {
            changed[at] ^= 1 << bit;
            assert!(check(&changed), "bit {bit} of byte {at} was changed unnoticed");
            changed[at] ^= 1 << bit;
        }
    };
    for position in 0..entries.len() {
        let start = raw::offset(&entries, position);
        for at in start..start + 512 {
            flip(at, &|changed| archive::read(&raw::frame(changed), &Limits::FORMAT_1).is_err());
        }
    }
    for at in 512..512 + entries[0].content.len() {
        flip(at, &|changed| refused_or_another(changed, &good));
    }
}

#[test]
fn every_bit_of_the_manifest_of_a_signed_bundle_is_refused() {
    let site = Site::new();
    let files = site.files();
    let directory = on_disk(&files);
    let set = SignedSet::open(directory.path(), &site.trust(0)).unwrap();
    let node = &site.plan.nodes[1].node.name;
    let path = directory.path().join(node.bundle_path().as_str());
    let archive = zstd::decode_all(&files[node.bundle_path().as_str()][..]).unwrap();
    let end = 512 + site.manifests[1].to_json().unwrap().len();
    let mut changed = archive.clone();
    for at in 512..end {
        for bit in 0..8 {
            changed[at] ^= 1 << bit;
            fs::write(&path, raw::frame(&changed)).unwrap();
            assert!(set.bundle(node).is_err(), "bit {bit} of byte {at} was changed unnoticed");
            changed[at] ^= 1 << bit;
        }
    }
}

#[test]
fn random_bits_of_the_archive_count() {
    let (good, archive) = (raw::manifest(), raw::assemble(&raw::sample()));
    let mut changed = archive.clone();
    let mut rng = draw();
    for _ in 0..drawn() {
        let (at, bit) = (rng.random_range(0..archive.len()), rng.random_range(0..8));
        changed[at] ^= 1 << bit;
        assert!(refused_or_another(&changed, &good), "bit {bit} of byte {at} was changed unnoticed");
        changed[at] = archive[at];
    }
}

#[test]
fn random_bits_of_a_signed_bundle_are_refused_and_nothing_is_written() {
    let site = Site::new();
    let directory = on_disk(&site.files());
    let set = SignedSet::open(directory.path(), &site.trust(0)).unwrap();
    let node = &site.plan.nodes[0].node.name;
    let path = directory.path().join(node.bundle_path().as_str());
    let good = fs::read(&path).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let mut rng = draw();
    for _ in 0..drawn() {
        let (at, bit) = (rng.random_range(0..good.len()), rng.random_range(0..8));
        file.write_all_at(&[good[at] ^ 1 << bit], at as u64).unwrap();
        assert!(set.bundle(node).is_err(), "bit {bit} of byte {at} was changed unnoticed");
        file.write_all_at(&good[at..=at], at as u64).unwrap();
    }
    assert!(set.bundle(node).is_ok());
}

#[test]
fn random_bits_of_any_file_of_a_set_are_refused_and_nothing_is_written() {
    let site = Site::new();
    let files = site.chunked(4);
    let directory = on_disk(&files);
    let trust = site.trust(1);
    let mut rng = draw();
    let names: Vec<_> = files.keys().collect();
    for _ in 0..drawn() / 10 {
        let name = names[rng.random_range(0..names.len())];
        let mut bytes = files[name].clone();
        let (at, bit) = (rng.random_range(0..bytes.len()), rng.random_range(0..8));
        bytes[at] ^= 1 << bit;
        fs::write(directory.path().join(name), &bytes).unwrap();
        let before = tree(directory.path());
        assert!(verify_set(directory.path(), &trust).is_err(), "bit {bit} of byte {at} of {name}");
        assert_eq!(before, tree(directory.path()), "something was written");
        fs::write(directory.path().join(name), &files[name]).unwrap();
    }
    verify_set(directory.path(), &trust).unwrap();
}

/// Every path with its size and time of change.
fn tree(root: &std::path::Path) -> Vec<(std::path::PathBuf, u64, SystemTime)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let about = entry.metadata().unwrap();
            if about.is_dir() {
                folders.push(entry.path());
            }
            found.push((entry.path(), about.len(), about.modified().unwrap()));
        }
    }
    found.sort();
    found
}

//! Archives by hand.

use std::io::Write as _;

use airlift_bundle::Error;
use airlift_bundle::archive;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::Manifest;
use tar::{EntryType, Header};

use crate::support;

/// An entry: 512 bytes of header, content, padding.
#[derive(Clone)]
pub struct Entry {
    pub header: Header,
    pub content: Vec<u8>,
    pub padding: Vec<u8>,
}

impl Entry {
    pub fn new(name: &str, mode: u32, kind: EntryType, content: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        header.set_entry_type(kind);
        header.set_device_major(0).unwrap();
        header.set_device_minor(0).unwrap();
        let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
        let mut entry = Self { header, content: content.to_vec(), padding };
        entry.sum();
        entry
    }

    /// Changes the header and makes its checksum right again.
    pub fn with_header(mut self, change: impl FnOnce(&mut Header)) -> Self {
        change(&mut self.header);
        self.sum();
        self
    }

    fn sum(&mut self) {
        let bytes = self.header.as_mut_bytes();
        bytes[148..156].copy_from_slice(b"        ");
        let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

pub fn manifest() -> Manifest {
    support::manifest(&support::contents())
}

/// The entries of the sample bundle, written down by hand.
pub fn sample() -> Vec<Entry> {
    sample_with(&manifest().to_json().unwrap())
}

pub fn sample_with(manifest_json: &[u8]) -> Vec<Entry> {
    let (file, directory) = (EntryType::Regular, EntryType::Directory);
    vec![
        Entry::new("manifest.json", 0o644, file, manifest_json),
        Entry::new("block", 0o600, file, &[7; 512]),
        Entry::new("k0s/", 0o755, directory, b""),
        Entry::new("k0s/empty", 0o644, file, b""),
        Entry::new("k0s/k0s.yaml", 0o644, file, b"kind: ClusterConfig\n"),
        Entry::new("steps/", 0o755, directory, b""),
        Entry::new("steps/start/", 0o755, directory, b""),
        Entry::new("steps/start/k0s/", 0o755, directory, b""),
        Entry::new("steps/start/k0s/do.sh", 0o755, file, b"#!/bin/sh\nexit 0\n"),
    ]
}

/// The position in the sample of the entry of this name.
pub fn at(name: &str) -> usize {
    sample().iter().position(|entry| entry.header.path_bytes().starts_with(name.as_bytes())).unwrap()
}

/// Offset of the entry at `position`.
pub fn offset(entries: &[Entry], position: usize) -> usize {
    entries[..position].iter().map(|e| 512 + e.content.len() + e.padding.len()).sum()
}

pub fn assemble(entries: &[Entry]) -> Vec<u8> {
    let mut archive = Vec::new();
    for entry in entries {
        archive.extend_from_slice(entry.header.as_bytes());
        archive.extend_from_slice(&entry.content);
        archive.extend_from_slice(&entry.padding);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// One frame as the format asks for it.
pub fn frame(archive: &[u8]) -> Vec<u8> {
    frame_with(archive, |_| {})
}

pub fn frame_with(
    archive: &[u8],
    change: impl FnOnce(&mut zstd::stream::write::Encoder<'static, Vec<u8>>),
) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.set_pledged_src_size(Some(archive.len() as u64)).unwrap();
    change(&mut encoder);
    encoder.write_all(archive).unwrap();
    encoder.finish().unwrap()
}

/// What the reader says to these bytes of a bundle.
pub fn refusal_of(bundle: &[u8]) -> Error {
    let mut problems =
        archive::read(bundle, &Limits::FORMAT_1).expect_err("the attack was accepted").into_vec();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

/// Asserts that the archive is refused at `offset`, in the part that `part` names.
pub fn assert_deviation(archive: &[u8], offset: usize, part: &str) {
    match refusal_of(&frame(archive)) {
        Error::Deviation { offset: found, part: named } => {
            assert_eq!((found, named.as_str()), (offset, part));
        }
        other => panic!("refused otherwise: {other}"),
    }
}

/// Changes the header of the entry `name` in the sample and asserts that the reader stops at the first byte that
/// differs. For a field behind the checksum that is a byte of the checksum.
pub fn assert_header_refused(name: &str, change: impl FnOnce(&mut Header)) {
    let mut entries = sample();
    let position = at(name);
    let changed = entries[position].clone().with_header(change);
    let differs = first_difference(&changed, &entries[position]);
    entries[position] = changed;
    let start = offset(&entries, position);
    assert_deviation(&assemble(&entries), start + differs, &format!("the header of {name}"));
}

/// Puts `attack` before the entry of `name` and asserts that the reader stops at the first byte that differs.
pub fn assert_insertion_refused(name: &str, attack: &[Entry]) {
    let mut entries = sample();
    let position = at(name);
    let start = offset(&entries, position);
    let differs = first_difference(&attack[0], &entries[position]);
    entries.splice(position..position, attack.iter().cloned());
    assert_deviation(&assemble(&entries), start + differs, &format!("the header of {name}"));
}

fn first_difference(a: &Entry, b: &Entry) -> usize {
    let mut pairs = std::iter::zip(a.header.as_bytes(), b.header.as_bytes());
    pairs.position(|(a, b)| a != b).expect("an attack that changes something")
}

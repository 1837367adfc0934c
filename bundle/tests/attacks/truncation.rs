//! Files that end too early, wherever.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and be told how long to run")]

use std::fs;

use airlift_bundle::archive;
use airlift_bundle::limits::Limits;
use airlift_bundle::set::verify_set;

use crate::raw;
use crate::support::{Site, on_disk};

#[test]
fn an_archive_cut_at_any_block_is_refused() {
    let archive = raw::assemble(&raw::sample());
    for length in (0..archive.len()).step_by(512) {
        assert!(archive::read(&raw::frame(&archive[..length]), &Limits::FORMAT_1).is_err(), "{length}");
    }
}

#[test]
fn a_bundle_cut_at_any_byte_is_refused() {
    let bundle = raw::frame(&raw::assemble(&raw::sample()));
    for length in 0..bundle.len() {
        assert!(archive::read(&bundle[..length], &Limits::FORMAT_1).is_err(), "{length}");
    }
}

#[test]
fn a_set_with_any_file_cut_anywhere_is_refused() {
    let site = Site::new();
    let files = site.chunked(4);
    let directory = on_disk(&files);
    for (name, bytes) in &files {
        for length in (0..bytes.len()).step_by(64).chain([bytes.len() - 1]) {
            fs::write(directory.path().join(name), &bytes[..length]).unwrap();
            let problems = verify_set(directory.path(), &site.trust(1)).expect_err(name);
            // By its own name; a signature that is cut may fail for the file that it signs.
            let base = name.trim_end_matches(".minisig");
            assert!(problems.to_string().contains(base), "{name} at {length}: {problems}");
        }
        fs::write(directory.path().join(name), bytes).unwrap();
    }
    verify_set(directory.path(), &site.trust(1)).unwrap();
}

//! What stock tools say to a set. These tests need tar, zstd, sha256sum and minisign, and fail without them.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod support;

use std::fs;

use airlift_bundle::set::SignedSet;
use airlift_bundle::signature::PublicKey;

#[test]
fn zstd_accepts_a_bundle_and_tar_lists_what_is_in_it() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("m1.tar.zst"), support::bundle()).unwrap();
    support::run(directory.path(), "zstd", &["-q", "-t", "m1.tar.zst"]);
    support::run(directory.path(), "zstd", &["-q", "-d", "m1.tar.zst"]);
    let listed = support::run(directory.path(), "tar", &["-tvf", "m1.tar"]);
    let lines: Vec<String> =
        listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines[0].split(' ').next_back(), Some("manifest.json"));
    assert_eq!(
        lines[1..],
        [
            "-rw------- 0/0 512 1970-01-01 00:00 block",
            "drwxr-xr-x 0/0 0 1970-01-01 00:00 k0s/",
            "-rw-r--r-- 0/0 0 1970-01-01 00:00 k0s/empty",
            "-rw-r--r-- 0/0 20 1970-01-01 00:00 k0s/k0s.yaml",
            "drwxr-xr-x 0/0 0 1970-01-01 00:00 steps/",
            "drwxr-xr-x 0/0 0 1970-01-01 00:00 steps/start/",
            "drwxr-xr-x 0/0 0 1970-01-01 00:00 steps/start/k0s/",
            "-rwxr-xr-x 0/0 17 1970-01-01 00:00 steps/start/k0s/do.sh",
        ]
    );
}

#[test]
fn sha256sum_accepts_a_set_and_names_every_file() {
    let site = support::Site::new();
    let directory = support::on_disk(&site.files());
    let said = support::run(directory.path(), "sha256sum", &["-c", "SHA256SUMS"]);
    assert_eq!(said.lines().count(), 6, "{said}");
    assert!(said.lines().all(|line| line.ends_with(": OK")), "{said}");
}

#[test]
fn minisign_accepts_a_set_and_a_bundle() {
    let site = support::Site::new();
    let directory = support::on_disk(&site.files());
    fs::write(directory.path().join("author.pub"), site.author.public_file()).unwrap();
    for file in ["set.json", "nodes/w1.tar.zst", "nodes/m1.example.com.tar.zst"] {
        support::run(directory.path(), "minisign", &["-V", "-m", file, "-p", "author.pub"]);
    }
}

#[test]
fn a_set_that_minisign_signed_is_accepted() {
    let site = support::Site::new();
    let directory = support::on_disk(&site.files());
    support::run(directory.path(), "minisign", &["-G", "-W", "-p", "stock.pub", "-s", "stock.key"]);
    support::run(directory.path(), "minisign", &["-S", "-s", "stock.key", "-m", "set.json"]);
    let text = fs::read_to_string(directory.path().join("stock.pub")).unwrap();
    let key = PublicKey::parse_file("stock.pub", &text).unwrap();
    assert!(text.contains(&key.id().to_string()), "the id is not the one that minisign printed: {text}");
    let trust = airlift_bundle::trust::TrustFile::in_author(key);
    SignedSet::open(directory.path(), &trust).unwrap();
}

#[test]
fn a_fingerprint_can_be_made_with_stock_tools() {
    let directory = tempfile::tempdir().unwrap();
    let key = support::Key::new();
    fs::write(directory.path().join("k.pub"), key.public_file()).unwrap();
    let said = support::run(directory.path(), "sh", &["-c", "tail -n 1 k.pub | base64 -d | sha256sum"]);
    assert_eq!(said.split(' ').next().unwrap(), key.public().fingerprint().to_string().replace(' ', ""));
}

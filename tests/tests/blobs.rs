//! Large files that travel along: what is taken, what is refused, and how a stick holds them.
#![allow(clippy::disallowed_methods)] // the tests' own files may be half written

use airlift_tests::payload::{self, IMAGES, K0S};
use airlift_tests::vault::Vault;
use airlift_tests::{Bench, Done, airlift, answer, binary, files, node, stock};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// Where the executor looks for a node's keys.
const AGE_KEY: &str = "var/lib/airlift/age.key";
const SSH_KEY: &str = "etc/ssh/ssh_host_ed25519_key";

fn bench() -> Bench {
    let bench = Bench::new("examples/acme");
    payload::add(
        &bench.path("site"),
        &payload::k0s(K0S, 5_000_000),
        &payload::images(&IMAGES, "linux/amd64", 300_000),
    );
    bench
}

fn verified(bench: &Bench, set: &str) -> bool {
    let (set, key) = (bench.text(set), bench.text("author.pub"));
    let ours = airlift(&["verify", &set, "--public-key", &key]);
    let nodes = node(&["verify", &set, "--public-key", &key]);
    assert_eq!(ours.code == 0, nodes.code == 0, "{}{}", ours.err, nodes.err);
    ours.code == 0
}

#[test]
fn a_set_carries_its_blobs_once_by_digest_and_every_bundle_names_them() {
    let bench = bench();
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(verified(&bench, "set"));
    let set = files(&bench.path("set"));
    let blobs: Vec<_> = set.iter().filter(|(path, _)| path.starts_with("blobs/")).collect();
    assert_eq!(blobs.len(), 2);
    for input in ["site/k0s/k0s", "site/k0s/images.tar"] {
        let bytes = std::fs::read(bench.path(input)).unwrap();
        assert!(blobs.iter().any(|(_, blob)| **blob == bytes), "{input}");
    }
    for node in ["mgr1", "wrk3"] {
        let bundle = bench.text(&format!("set/nodes/{node}.tar.zst"));
        let manifest = answer(&airlift(&["inspect", &bundle, "--format", "json"]), "inspect");
        let manifest = manifest["result"].to_string();
        assert!(manifest.contains("\"name\":\"k0s\""), "{manifest}");
        assert!(manifest.contains("\"name\":\"images/01-images.tar\""), "{manifest}");
    }
    let sums = stock(&bench.path("set"), "sha256sum", &["-c", "--strict", "SHA256SUMS"]);
    assert!(sums.code == 0 && sums.out.contains("blobs/sha256/"), "{}", sums.out);
    // The plan names the inputs by their digests, so another blob is another plan.
    let plan = String::from_utf8(set["plan.json"].clone()).unwrap();
    for (path, _) in blobs {
        assert!(plan.contains(path.rsplit('/').next().unwrap()), "{path} is not among the inputs");
    }
}

#[test]
fn chunks_change_where_a_blob_lies_and_nothing_that_a_node_does() {
    let bench = bench();
    assert_eq!(bench.compile("whole", &[]).code, 0);
    let _ = std::fs::remove_file(bench.path("site/issued.json"));
    let done = bench.compile("cut", &["--chunk-size", "1048576"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(verified(&bench, "cut"));
    let (whole, cut) = (files(&bench.path("whole")), files(&bench.path("cut")));
    assert_eq!(whole["plan.json"], cut["plan.json"]);
    assert_eq!(whole["nodes/mgr1.tar.zst"], cut["nodes/mgr1.tar.zst"]);
    assert!(cut.iter().all(|(path, bytes)| !path.starts_with("blobs/") || bytes.len() <= 1 << 20));
    let k0s = whole.keys().find(|path| whole[*path].starts_with(b"\x7fELF")).unwrap();
    let prefix = format!("{k0s}.part/");
    let parts: Vec<_> = cut.iter().filter(|(path, _)| path.starts_with(&prefix)).collect();
    assert_eq!(parts.len(), 5);
    let joined: Vec<u8> = parts.iter().flat_map(|(_, bytes)| (*bytes).clone()).collect();
    assert_eq!(joined, whole[k0s]);

    let (first, second) = (bench.path("cut").join(parts[0].0), bench.path("cut").join(parts[1].0));
    std::fs::write(&first, parts[1].1).unwrap();
    std::fs::write(&second, parts[0].1).unwrap();
    assert!(!verified(&bench, "cut"), "two chunks changed places");
    std::fs::write(&first, parts[0].1).unwrap();
    std::fs::write(&second, parts[1].1).unwrap();
    assert!(verified(&bench, "cut"));
    std::fs::remove_file(&second).unwrap();
    assert!(!verified(&bench, "cut"), "a chunk is missing");
}

#[test]
fn what_does_not_fit_the_release_is_refused_with_the_way_out_and_nothing_is_written() {
    let k0s = payload::k0s(K0S, 9_000);
    let good = payload::images(&IMAGES, "linux/amd64", 100);
    let arm = {
        let mut arm = k0s.clone();
        arm[18] = 0xb7;
        arm
    };
    /// What it is, k0s, images, and what must be said.
    type Case<'a> = (&'a str, Vec<u8>, Vec<u8>, &'a [&'a str]);
    let cases: [Case<'_>; 8] = [
        (
            "an older k0s",
            payload::k0s("v1.31.1+k0s.1", 9_000),
            good.clone(),
            &["S093", "k0s v1.31.1+k0s.1", K0S],
        ),
        ("something else", payload::k0s("", 9_000), good.clone(), &["S093", "no version of k0s"]),
        ("a script", b"#!/bin/sh\n".repeat(100), good.clone(), &["S092", "not a Linux program"]),
        ("another processor", arm, good.clone(), &["S092", "arm64"]),
        ("a gzip", k0s.clone(), [b"\x1f\x8b\x08\0", &good[..]].concat(), &["S094", "gzip", "gunzip"]),
        ("cut", k0s.clone(), good[..good.len() - 1024].to_vec(), &["S094", "breaks off"]),
        (
            "missing images",
            k0s.clone(),
            payload::images(&IMAGES[..2], "linux/amd64", 100),
            &["S096", "lack 3 images", IMAGES[2], IMAGES[3]],
        ),
        (
            "other platform",
            k0s,
            payload::images(&IMAGES, "linux/arm64", 100),
            &["S095", "linux/arm64", "S096", IMAGES[0]],
        ),
    ];
    for (what, k0s, images, words) in cases {
        let bench = Bench::new("examples/acme");
        payload::add(&bench.path("site"), &k0s, &images);
        let done = bench.compile("set", &[]);
        assert_eq!(done.code, 3, "{what}: {}", done.err);
        for word in words {
            assert!(done.err.contains(word), "{what}: no {word:?} in {}", done.err);
        }
        let checked = airlift(&["check", &bench.text("site")]);
        assert!(checked.code == 3 && checked.err.contains(words[0]), "{what}: {}", checked.err);
        let left: Vec<_> =
            std::fs::read_dir(bench.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "{what}: {left:?}");
    }
}

#[test]
fn images_that_nobody_asks_for_are_a_note() {
    let bench = Bench::new("examples/acme");
    let names = [&IMAGES[..], &["quay.io/k0sproject/calico-node:v3.29.7-0"]].concat();
    payload::add(
        &bench.path("site"),
        &payload::k0s(K0S, 9_000),
        &payload::images(&names, "linux/amd64", 100),
    );
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("S097") && done.err.contains("calico-node"), "{}", done.err);
}

#[test]
fn a_k0s_that_names_other_versions_too_is_taken_with_a_warning() {
    let bench = Bench::new("examples/acme");
    let text = format!("v1.33.1+k0s.0\0cannot upgrade from {K0S}\0");
    payload::add(
        &bench.path("site"),
        &payload::k0s(&text, 9_000),
        &payload::images(&IMAGES, "linux/amd64", 100),
    );
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let named = format!("{K0S}, v1.33.1+k0s.0");
    for words in ["warning[S112]", &named, "sha256sums.txt"] {
        assert!(done.err.contains(words), "no {words:?} in {}", done.err);
    }
    let digest = stock(&bench.path("site/k0s"), "sha256sum", &["k0s"]).out;
    assert!(done.err.contains(&digest[..64]), "{}", done.err);
}

#[test]
fn a_serial_tells_apart_sets_that_differ_in_a_blob_alone() {
    let bench = bench();
    assert_eq!(bench.compile("set", &[]).code, 0);
    assert_eq!(bench.compile("set", &[]).code, 0, "the same content again");
    payload::write(&bench.path("site/k0s/k0s"), &payload::k0s(K0S, 5_000_001));
    let refused = bench.compile("other", &[]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("raise `serial` in site.yaml to 2"), "{}", refused.err);
    assert!(!bench.path("other").exists());
}

/// Runs `airlift-node` as if this machine were a node: with its name, its address and its own root directory.
fn as_node(vault: &Vault, name: &str, address: &str, args: &[&str]) -> Done {
    let become_it = "printf %s \"$1\" >/proc/sys/kernel/hostname && ip address add \"$2/24\" dev lo && shift 2 && exec \"$@\"";
    let binary = binary("airlift-node");
    let mut line = vec!["--uts", "--net", "sh", "-c", become_it, "sh", name, address];
    line.push(binary.to_str().unwrap());
    line.extend(args);
    stock(&vault.path(""), "unshare", &line)
}

#[test]
fn prepare_puts_k0s_and_its_images_in_place_on_every_kind_of_node() {
    let vault = Vault::new("examples/acme", None, &["mgr1", "mgr2", "mgr3", "wrk1", "wrk2", "wrk3"]);
    payload::add(
        &vault.path("site"),
        &payload::k0s(K0S, 5_000_000),
        &payload::images(&IMAGES, "linux/amd64", 300_000),
    );
    vault.edit("site.yaml", "airgap: true", "airgap: true\ndata_dir: /srv/k0s");
    let vault = vault.made_and_sealed();
    let done = vault.compile("whole", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let report = std::fs::read_to_string(vault.path("whole/report.txt")).unwrap();
    assert!(report.contains("0755 root /usr/local/bin/k0s"), "{report}");
    let _ = std::fs::remove_file(vault.path("site/issued.json"));
    assert_eq!(vault.compile("cut", &["--chunk-size", "1048576"]).code, 0);
    let (trust, key) = (vault.text("trust"), vault.text("given/author.pub"));
    let print = format!("tail -n 1 {key} | base64 -d | sha256sum");
    let print = stock(&vault.path(""), "sh", &["-c", &print]).out;
    let print = print.split_whitespace().next().unwrap();
    let added = node(&["trust", "add", "--trust", &trust, "--role", "author", "--fingerprint", print, &key]);
    assert_eq!(added.code, 0, "{}", added.err);
    for (name, address, set) in [("mgr1", "10.20.1.11", "whole"), ("wrk3", "10.20.1.23", "cut")] {
        let root = vault.path(&format!("{name}-root"));
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
        std::fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
        // the first node has an age key, the others an SSH host key
        let own = if name == "mgr1" { AGE_KEY } else { SSH_KEY };
        payload::write(&root.join(own), &std::fs::read(vault.path(&format!("keys/{name}"))).unwrap());
        std::fs::set_permissions(root.join(own), Permissions::from_mode(0o600)).unwrap();
        let (root_text, set_text) = (root.to_str().unwrap(), vault.text(set));
        let apply = ["apply", "--root", root_text, "--trust", &trust, &set_text];
        let asked = as_node(&vault, name, address, &[&apply[..], &["--dry-run"]].concat());
        let shown =
            asked.out.contains("/usr/local/bin/k0s") && asked.out.contains("/srv/k0s/images/01-images.tar");
        assert!(shown, "{}{}", asked.out, asked.err);
        assert!(!root.join("usr").exists(), "a dry run writes nothing");
        let applied = as_node(&vault, name, address, &apply);
        assert_eq!(applied.code, 4, "it waits after prepare: {}{}", applied.out, applied.err);
        for (path, input, mode) in [
            ("usr/local/bin/k0s", "site/k0s/k0s", 0o755),
            ("srv/k0s/images/01-images.tar", "site/k0s/images.tar", 0o644),
        ] {
            let (placed, given) = (root.join(path), std::fs::read(vault.path(input)).unwrap());
            assert!(std::fs::read(&placed).unwrap() == given, "{name}: {path} has other bytes");
            let found = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&placed).unwrap());
            assert_eq!(found & 0o7777, mode, "{name}: {path}");
        }
    }
}

#[test]
fn verify_tells_which_nodes_need_a_blob_that_is_not_whole() {
    let bench = bench();
    assert_eq!(bench.compile("set", &[]).code, 0);
    let set = files(&bench.path("set"));
    let k0s = set.keys().find(|path| set[*path].starts_with(b"\x7fELF")).unwrap();
    std::fs::remove_file(bench.path("set").join(k0s)).unwrap();
    for done in [
        airlift(&["verify", &bench.text("set"), "--public-key", &bench.text("author.pub")]),
        node(&["verify", &bench.text("set"), "--public-key", &bench.text("author.pub")]),
    ] {
        let who = "mgr1, mgr2, mgr3, wrk1, wrk2 and 1 more nodes the blob k0s";
        assert!(done.err.contains("AB048") && done.err.contains(who), "{}", done.err);
        assert!(!done.err.contains("images"), "only what is not whole is told: {}", done.err);
    }
}

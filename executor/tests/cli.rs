//! What `verify`, `inspect` and `trust` say and do, as a process.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Key, Site};

/// A set in `set/` and keys beside it.
struct Bench {
    site: Site,
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let site = Site::new();
        let files = site.files();
        Self::with(site, files)
    }

    fn with(site: Site, files: BTreeMap<String, Vec<u8>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut all: BTreeMap<String, Vec<u8>> =
            files.into_iter().map(|(path, bytes)| (format!("set/{path}"), bytes)).collect();
        all.insert("author.pub".to_owned(), site.author.public_file().into_bytes());
        all.insert("approver.pub".to_owned(), site.approver.public_file().into_bytes());
        all.insert("trust".to_owned(), site.trust(1).to_string().into_bytes());
        for (path, bytes) in &all {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        Self { site, directory }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// Runs `airlift-node` and gives its exit code, output and complaints, with what differs from run to run replaced.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_airlift-node"))
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .unwrap();
        let steady = |bytes: Vec<u8>| {
            let mut text = String::from_utf8(bytes).unwrap();
            for (key, name) in [(&self.site.author, "AUTHOR"), (&self.site.approver, "APPROVER")] {
                text = text.replace(&key.id(), &format!("<{name} KEY>"));
                text =
                    text.replace(&key.public().fingerprint().to_string(), &format!("<{name} FINGERPRINT>"));
            }
            text
        };
        (output.status.code().unwrap(), steady(output.stdout), steady(output.stderr))
    }

    /// For a snapshot: how the run looked.
    fn show(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.run(arguments);
        format!("exit {code}\n--- stdout\n{out}--- stderr\n{err}")
    }

    /// Every path below with its content.
    fn tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut tree = BTreeMap::new();
        let mut open = vec![self.directory.path().to_owned()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path.clone());
                }
                tree.insert(path.clone(), fs::read(&path).ok());
            }
        }
        tree
    }
}

#[test]
fn a_good_set_is_confirmed() {
    insta::assert_snapshot!(Bench::new().show(&["verify", "set", "--trust", "trust"]));
}

#[test]
fn a_good_bundle_is_confirmed_without_the_rest_of_its_set() {
    let bench = Bench::new();
    fs::remove_file(bench.path("set/mke4.yaml")).unwrap();
    fs::remove_file(bench.path("set/plan.json")).unwrap();
    insta::assert_snapshot!(bench.show(&["verify", "set/nodes/w1.tar.zst", "--trust", "trust"]));
}

#[test]
fn a_reviewer_needs_one_public_key() {
    insta::assert_snapshot!(Bench::new().show(&["verify", "set", "--public-key", "author.pub"]));
}

#[test]
fn a_damaged_set_is_refused_with_every_reason() {
    let bench = Bench::new();
    fs::write(bench.path("set/mke4.yaml"), b"kind: MkeConfig!\n").unwrap();
    fs::write(bench.path("set/Thumbs.db"), b"").unwrap();
    fs::remove_file(bench.path("set/nodes/w1.tar.zst")).unwrap();
    fs::remove_dir_all(bench.path("set/approvals")).unwrap();
    insta::assert_snapshot!(bench.show(&["verify", "set", "--trust", "trust"]));
}

#[test]
fn a_set_of_a_stranger_is_refused() {
    let bench = Bench::new();
    let stranger = Site::new().trust(0).to_string();
    fs::write(bench.path("trust"), stranger).unwrap();
    insta::assert_snapshot!(bench.show(&["verify", "set", "--trust", "trust"]));
}

#[test]
fn events_are_one_json_object_a_line() {
    let bench = Bench::new();
    insta::assert_snapshot!(
        "events_of_a_good_set",
        bench.show(&["--format", "json", "verify", "set", "--trust", "trust"])
    );
    fs::write(bench.path("set/mke4.yaml"), b"").unwrap();
    let (code, out, err) = bench.run(&["verify", "set", "--trust", "trust", "--format", "json"]);
    assert_eq!((code, err.as_str()), (5, ""));
    for line in out.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["schema"], 1);
    }
    insta::assert_snapshot!("events_of_a_damaged_set", out);
}

#[test]
fn a_verified_bundle_is_shown() {
    let bundle = "set/nodes/m1.example.com.tar.zst";
    insta::assert_snapshot!(Bench::new().show(&["inspect", bundle, "--trust", "trust"]));
}

#[test]
fn an_unverified_bundle_is_shown_under_loud_words() {
    let bench = Bench::new();
    fs::copy(bench.path("set/nodes/w1.tar.zst"), bench.path("stray.tar.zst")).unwrap();
    insta::assert_snapshot!(bench.show(&["inspect", "stray.tar.zst"]));
}

#[test]
fn one_file_is_printed_as_it_is() {
    let bench = Bench::new();
    let bundle = "set/nodes/w1.tar.zst";
    let (code, out, err) = bench.run(&["inspect", bundle, "k0s/k0s.yaml", "--trust", "trust"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "kind: ClusterConfig\n", ""));
    let (code, out, _) = bench.run(&["inspect", bundle, "manifest.json", "--trust", "trust"]);
    assert_eq!((code, out.into_bytes()), (0, bench.site.manifests[1].to_json().unwrap()));
    fs::copy(bench.path(bundle), bench.path("stray.tar.zst")).unwrap();
    let (code, out, err) = bench.run(&["inspect", "stray.tar.zst", "k0s/k0s.yaml"]);
    assert_eq!((code, out.as_str()), (0, "kind: ClusterConfig\n"));
    assert!(err.starts_with("SIGNATURE NOT VERIFIED"), "{err}");
    insta::assert_snapshot!(bench.show(&["inspect", bundle, "k0s/other", "--trust", "trust"]));
}

#[test]
fn trust_that_was_asked_for_must_hold() {
    let bench = Bench::new();
    let path = bench.path("set/nodes/w1.tar.zst");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (code, out, err) = bench.run(&["inspect", "set/nodes/w1.tar.zst", "--trust", "trust"]);
    assert_eq!((code, out.as_str()), (5, ""));
    assert!(err.contains("error[AB042]"), "{err}");
}

#[test]
fn a_damaged_bundle_is_not_shown_even_without_trust() {
    let bench = Bench::new();
    fs::write(bench.path("stray.tar.zst"), b"not a bundle").unwrap();
    insta::assert_snapshot!(bench.show(&["inspect", "stray.tar.zst"]));
}

#[test]
fn verify_and_inspect_write_nothing() {
    let bench = Bench::new();
    let before = bench.tree();
    bench.run(&["verify", "set", "--trust", "trust"]);
    bench.run(&["verify", "set/nodes/w1.tar.zst", "--trust", "trust"]);
    bench.run(&["verify", "set", "--trust", "nowhere/trust"]);
    bench.run(&["inspect", "set/nodes/w1.tar.zst", "--trust", "trust"]);
    bench.run(&["inspect", "set/nodes/w1.tar.zst", "block"]);
    bench.run(&["trust", "list", "--trust", "trust"]);
    assert_eq!(bench.tree(), before);
}

#[test]
fn trust_grows_key_by_key() {
    let bench = Bench::new();
    let author = bench.site.author.public().fingerprint().to_string();
    let approver = bench.site.approver.public().fingerprint().to_string().to_uppercase().replace(' ', ":");
    let mut steps = vec![
        ["trust", "list", "--trust", "new/trust"].map(str::to_owned).to_vec(),
        ["trust", "threshold", "1", "--trust", "new/trust"].map(str::to_owned).to_vec(),
    ];
    for (file, role, fingerprint) in [
        ("author.pub", "author", &author),
        ("author.pub", "author", &author),
        ("author.pub", "approver", &author),
        ("approver.pub", "approver", &approver),
    ] {
        let add =
            ["trust", "add", file, "--role", role, "--fingerprint", fingerprint, "--trust", "new/trust"];
        steps.push(add.map(str::to_owned).to_vec());
    }
    steps.push(["trust", "threshold", "2", "--trust", "new/trust"].map(str::to_owned).to_vec());
    steps.push(["trust", "threshold", "1", "--trust", "new/trust"].map(str::to_owned).to_vec());
    steps.push(["trust", "threshold", "1", "--trust", "new/trust"].map(str::to_owned).to_vec());
    steps.push(["trust", "list", "--trust", "new/trust"].map(str::to_owned).to_vec());
    let mut shown = String::new();
    for step in &steps {
        let step: Vec<&str> = step.iter().map(String::as_str).collect();
        let line = step.iter().take(6).copied().collect::<Vec<_>>().join(" ");
        shown.push_str(&format!("$ {line}\n{}\n", bench.show(&step)));
    }
    insta::assert_snapshot!(shown);
    let file = bench.path("new/trust");
    assert_eq!(fs::read_to_string(&file).unwrap(), bench.site.trust(1).to_string());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o644);
    assert_eq!(
        fs::read_dir(bench.path("new")).unwrap().count(),
        1,
        "something was left beside the trust file"
    );
    assert_eq!(bench.run(&["verify", "set", "--trust", "new/trust"]).0, 0);
}

#[test]
fn a_key_with_another_fingerprint_is_not_trusted() {
    let bench = Bench::new();
    let other = Key::new().public().fingerprint().to_string();
    let add =
        ["trust", "add", "author.pub", "--role", "author", "--trust", "new/trust", "--fingerprint", &other];
    let shown = bench.show(&add).replace(&other, "<OTHER FINGERPRINT>");
    insta::assert_snapshot!(shown);
    assert!(!bench.path("new").exists());
}

#[test]
fn a_trust_file_that_others_can_change_is_not_relied_on() {
    let bench = Bench::new();
    fs::set_permissions(bench.path("trust"), fs::Permissions::from_mode(0o664)).unwrap();
    let (code, _, err) = bench.run(&["verify", "set", "--trust", "trust"]);
    assert_eq!(code, 5);
    assert!(err.contains("error[AN002]") && err.contains("chmod 0644"), "{err}");
}

#[test]
fn trust_never_comes_from_the_set() {
    let bench = Bench::new();
    fs::copy(bench.path("trust"), bench.path("set/trust")).unwrap();
    fs::copy(bench.path("author.pub"), bench.path("set/author.pub")).unwrap();
    symlink(bench.path("set/author.pub"), bench.path("sly.pub")).unwrap();
    for option in [["--trust", "set/trust"], ["--public-key", "set/author.pub"], ["--public-key", "sly.pub"]]
    {
        for what in ["set", "set/nodes/w1.tar.zst"] {
            let (code, _, err) = bench.run(&["verify", what, option[0], option[1]]);
            assert_eq!(code, 5);
            assert!(err.contains("error[AN003]"), "{err}");
        }
    }
}

#[test]
fn without_trust_the_way_to_it_is_shown() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.show(&["verify", "set", "--trust", "nowhere"]));
}

#[test]
fn a_bundle_outside_a_set_is_refused_with_the_way_out() {
    let bench = Bench::new();
    fs::copy(bench.path("set/nodes/w1.tar.zst"), bench.path("w1.tar.zst")).unwrap();
    insta::assert_snapshot!(bench.show(&["verify", "w1.tar.zst", "--trust", "trust"]));
    assert_eq!(bench.run(&["verify", "nowhere.tar.zst", "--trust", "trust"]).0, 5);
}

#[test]
fn a_result_that_nobody_reads_is_not_done() {
    let bench = Bench::new();
    let full = fs::OpenOptions::new().write(true).open(Path::new("/dev/full")).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_airlift-node"))
        .args(["verify", "set", "--trust", "trust"])
        .current_dir(bench.directory.path())
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(5));
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let bench = Bench::new();
    for wrong in [
        &[][..],
        &["verify"],
        &["verify", "set", "--trust", "a", "--public-key", "b"],
        &["inspect", "x", "../y"],
        &["inspect", "x", "y", "--format", "json"],
        &["trust", "add", "author.pub", "--role", "boss", "--fingerprint", "00"],
        &["trust", "threshold", "-1"],
    ] {
        assert_eq!(bench.run(wrong).0, 2, "{wrong:?}");
    }
}

#[test]
fn the_manual_names_every_exit_code() {
    let (code, out, _) = Bench::new().run(&["--help"]);
    assert_eq!(code, 0);
    let table = out.split_once("Exit codes:").unwrap().1;
    insta::assert_snapshot!(table);
}

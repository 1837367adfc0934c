//! The real binary, a signed set for this machine, and roots for it to work on.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use airlift_bundle::digest::Sha256;
use airlift_bundle::manifest::Blob;
use airlift_bundle::plan::{Action, Content, Step};

use crate::signed;
use crate::support::place_at;

pub const NODE: &str = env!("CARGO_BIN_EXE_airlift-node");

/// Bytes of a large file.
pub const LARGE: usize = 32 << 20;

/// A signed set for this machine, and a root directory for it to work on.
pub struct Bench {
    pub directory: tempfile::TempDir,
}

/// Files below `root` that stand for a node before the migration.
pub fn old_tree(root: &Path) {
    for dir in ["etc/k0s", "var/lib/mke/member", "var/lib/kubelet"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
    fs::write(root.join("etc/k0s/k0s.yaml"), "old\n").unwrap();
    fs::hard_link(root.join("etc/k0s/k0s.yaml"), root.join("etc/k0s/also")).unwrap();
    fs::write(root.join("var/lib/mke/member/db"), "pages").unwrap();
    symlink("member", root.join("var/lib/mke/current")).unwrap();
    fs::write(root.join("var/lib/kubelet/pod"), "pod").unwrap();
}

pub fn steps() -> Vec<Step> {
    let step = |id: &str, action| Step {
        id: id.parse().unwrap(),
        title: "a step".parse().unwrap(),
        action,
        holds_until: None,
    };
    let copy = Action::Copy { from: "/var/lib/mke".parse().unwrap(), name: "mke".parse().unwrap() };
    let aside = Action::SetAside {
        path: "/var/lib/kubelet".parse().unwrap(),
        aside: "/var/lib/kubelet.mke3".parse().unwrap(),
    };
    vec![
        place_at("over", "/etc/k0s/k0s.yaml"),
        place_at("fresh", "/etc/new/dir/k0s.yaml"),
        step("copy", copy),
        step("aside", aside),
    ]
}

impl Bench {
    pub fn new() -> Self {
        Self::of(steps(), &[])
    }

    /// A set with these steps in `prepare`, and these blobs beside the usual one.
    pub fn of(steps: Vec<Step>, blobs: &[(Blob, Vec<u8>)]) -> Self {
        Self { directory: signed::set(steps, blobs) }
    }

    /// A bench whose set has a large blob, which `prepare` puts in place after copying a large file.
    pub fn with_large_files() -> Self {
        let blob: Vec<u8> = (0..LARGE / 8).flat_map(|n| (n as u64).to_le_bytes()).collect();
        let listed =
            Blob { sha256: Sha256::of(&blob), size: blob.len() as u64, name: "large".parse().unwrap() };
        let content = Content::Blob { name: listed.name.clone(), sha256: listed.sha256 };
        let mut large = place_at("large", "/usr/large");
        if let Action::Place { content: placed, .. } = &mut large.action {
            *placed = content;
        }
        let copy = Action::Copy { from: "/var/lib/large".parse().unwrap(), name: "large".parse().unwrap() };
        let copy = Step { id: "copy".parse().unwrap(), action: copy, ..large.clone() };
        Self::of(vec![copy, large], &[(listed, blob)])
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// The arguments of a verb on the root directory `root`.
    pub fn arguments(&self, verb: &str, root: &Path) -> Vec<String> {
        let root = root.to_str().unwrap().to_owned();
        let mut arguments = vec![verb.to_owned(), "--root".to_owned(), root];
        if matches!(verb, "apply" | "check") {
            let trust = self.path("trust").to_str().unwrap().to_owned();
            arguments.extend(["--trust".to_owned(), trust, self.path("set").to_str().unwrap().to_owned()]);
        }
        arguments
    }

    pub fn run(&self, verb: &str, root: &Path) -> Output {
        Command::new(NODE).args(self.arguments(verb, root)).output().unwrap()
    }

    /// `apply`, also where the node is back and has to begin the next attempt.
    pub fn apply(&self, root: &Path) -> Output {
        let output = self.run("apply", root);
        if !text(&output).contains("--next-attempt") {
            return output;
        }
        let arguments = [self.arguments("apply", root), vec!["--next-attempt".to_owned()]].concat();
        Command::new(NODE).args(arguments).output().unwrap()
    }

    pub fn traced(&self, options: &[&str], verb: &str, root: &Path) -> Output {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(self.path("trace")).args(options).arg(NODE);
        command.args(self.arguments(verb, root)).output().expect("this test needs strace")
    }

    pub fn trace(&self) -> String {
        fs::read_to_string(self.path("trace")).unwrap()
    }

    /// A fresh node.
    pub fn root(&self) -> tempfile::TempDir {
        let root = tempfile::tempdir_in(self.directory.path()).unwrap();
        old_tree(root.path());
        root
    }
}

pub fn text(output: &Output) -> String {
    format!(
        "{}{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Everything below `root` outside the state directory, with what could have changed of it.
pub fn tree(root: &Path, with_times: bool) -> BTreeMap<PathBuf, String> {
    let mut shown = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(root).unwrap().to_owned();
            if below.starts_with("var/lib/airlift") || below.starts_with("lost+found") {
                continue;
            }
            let data = path.symlink_metadata().unwrap();
            let body = if data.is_dir() {
                open.push(path.clone());
                "dir".to_owned()
            } else if data.is_symlink() {
                format!("link {:?}", fs::read_link(&path).unwrap())
            } else {
                let time = if with_times { data.mtime_nsec() } else { 0 };
                format!("{:?} {} names {time}", fs::read(&path).unwrap(), data.nlink())
            };
            shown.insert(below, format!("{:o} {}:{} {body}", data.mode(), data.uid(), data.gid()));
        }
    }
    shown
}

/// The tree without what logins show while something is pending.
pub fn without_notice(mut tree: BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, String> {
    tree.retain(|path, _| !path.starts_with("etc/motd.d"));
    tree
}

/// No path is between old and new.
pub fn old_or_new(
    found: &BTreeMap<PathBuf, String>,
    old: &BTreeMap<PathBuf, String>,
    new: &BTreeMap<PathBuf, String>,
) {
    for (path, text) in found {
        // what logins show goes with the run
        if path.starts_with("etc/motd.d") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy();
        let temporary = name.starts_with(".airlift-");
        // a file's second name is gone and back while its other name is replaced
        let kept = text.contains(" names ") && old.get(path).is_some_and(|old| same_but_names(old, text));
        let is_dir = text.ends_with(" dir");
        assert!(
            temporary || kept || is_dir || old.get(path) == Some(text) || new.get(path) == Some(text),
            "{} is between old and new: {text}",
            path.display()
        );
    }
}

pub fn same_but_names(a: &str, b: &str) -> bool {
    let cut = |text: &str| text.split(']').next().unwrap_or_default().to_owned();
    cut(a) == cut(b)
}

//! Sealed secrets on a node: a real compile, the real executor, each secret in its place and nowhere else.
//!
//! Needs root: the executor runs under the node's name and address, in namespaces of its own.
#![allow(clippy::disallowed_methods)]

use airlift_tests::canary::Detector;
use airlift_tests::vault::{Vault, parts_of, unpacked};
use airlift_tests::{Done, binary, files, stock};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Exit codes of `airlift-node`.
const DONE: i32 = 0;
const REFUSED: i32 = 5;
const BLOCKED: i32 = 6;

const CANARY: &str = "Canary\"image'\\7 ä%/+&";

/// A site whose image registry has a password, compiled with everything sealed.
fn compiled() -> Vault {
    let enterprise = ["ctl-1", "ctl-2", "ctl-3", "ctl-4", "ctl-5", "gpu-1", "batch-1"];
    let site = "tests/fixtures/sites/enterprise";
    let vault = Vault::new(site, Some("tests/fixtures/mke3/enterprise.toml"), &enterprise);
    let ca = "    ca_file: registry/ca.pem\n  chart";
    vault.edit("site.yaml", ca, &format!("    credentials_file: image-login\n{ca}"));
    let yaml = format!("username: puller\npassword: {}\n", serde_json::to_string(CANARY).unwrap());
    vault.private("site/image-login", &yaml);
    let vault = vault.made_and_sealed();
    let done = vault.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    vault
}

/// Into the node's name and address, with namespaces of their own.
const ENTER: &str =
    "hostname \"$1\" && ip link set lo up && ip addr add \"$2/32\" dev lo && shift 2 && exec \"$@\"";

/// A node of that site: its root directory and its address.
struct Node<'a> {
    vault: &'a Vault,
    name: &'a str,
    address: &'a str,
}

impl Node<'_> {
    fn root(&self) -> PathBuf {
        self.vault.path(&format!("roots/{}", self.name))
    }

    /// Accounts, and a key of `keys/` under this path.
    fn make(&self, key: &str, path: &str) {
        let root = self.root();
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
        fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(self.vault.path(&format!("keys/{key}")), &path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// Runs a verb under the node's name and address, watched by strace.
    fn run(&self, verb: &str, more: &[&str]) -> Done {
        let (program, trace) = (binary("airlift-node"), self.vault.text("trace"));
        let root = self.root();
        let mut args = vec!["--uts", "--net", "sh", "-c", ENTER, "sh", self.name, self.address];
        args.extend(["strace", "-f", "-qq", "-e", "trace=openat,mknodat,memfd_create,execve", "-o", &trace]);
        args.extend([program.to_str().unwrap(), verb, "--root", root.to_str().unwrap()]);
        args.extend(more);
        let done = stock(self.vault.folder.path(), "unshare", &args);
        for line in fs::read_to_string(&trace).unwrap().lines().filter(|line| line.contains("O_CREAT")) {
            assert!(line.contains(", 0600"), "made for others to read: {line}");
        }
        done
    }

    /// Goes on at a terminal at which this is typed.
    fn apply_at_terminal(&self, more: &str, typed: &str) -> Done {
        let (program, root) = (binary("airlift-node"), self.root());
        let apply = format!("{} apply {more} --root {}", program.display(), root.display());
        let terminal = "printf %s \"$1\" | script -qec \"$2\" /dev/null";
        let args =
            ["--uts", "--net", "sh", "-c", ENTER, "sh", self.name, self.address, "sh", "-c", terminal, "sh"];
        stock(self.vault.folder.path(), "unshare", &[&args[..], &[typed, &apply]].concat())
    }

    fn apply(&self, more: &[&str]) -> Done {
        let (set, trust) = (self.vault.text("set"), self.vault.text("trust"));
        let public = fs::read_to_string(self.vault.path("given/author.pub")).unwrap();
        fs::write(&trust, format!("threshold 0\nauthor {}\n", public.lines().last().unwrap())).unwrap();
        fs::set_permissions(&trust, Permissions::from_mode(0o600)).unwrap();
        let args = [&["--trust", &trust, "--stage", "prepare"], more, &[&set]].concat();
        self.run("apply", &args)
    }

    /// Where the plan places something, with what: the value of a secret, or a document's filled slots.
    fn placed(&self, opened: &BTreeMap<String, String>) -> BTreeMap<String, Vec<u8>> {
        let archive = unpacked(&self.vault.path("set"), &format!("nodes/{}.tar.zst", self.name));
        let mut entries = BTreeMap::new();
        for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            entries.insert(name, bytes);
        }
        let manifest: Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
        let mut placed = BTreeMap::new();
        for step in manifest["plan"]["stages"][0]["steps"].as_array().unwrap() {
            let place = &step["action"]["place"];
            let (target, content) = (place["target"].as_str().unwrap(), &place["content"]);
            let value = |name: &Value| &opened[&format!("{}/{}", self.name, name.as_str().unwrap())];
            let bytes = if let Value::String(_) = &content["secret"] {
                value(&content["secret"]).clone().into_bytes()
            } else if let Value::Object(document) = &content["document"] {
                let entry = &entries[document["entry"].as_str().unwrap()];
                let mut text = String::from_utf8(entry.clone()).unwrap();
                for name in document["secrets"].as_array().unwrap() {
                    for quote in ['"', '\''] {
                        let slot = format!("{quote}airlift-secret({}){quote}", name.as_str().unwrap());
                        text = text.replace(&slot, value(name));
                    }
                }
                assert!(!text.contains("airlift-secret("), "{target}");
                text.into_bytes()
            } else {
                continue;
            };
            placed.insert(target.trim_start_matches('/').to_owned(), bytes);
        }
        placed
    }
}

#[test]
fn every_secret_reaches_its_place_and_nothing_else_holds_it() {
    let vault = compiled();
    let opened = vault.opened();
    let mut detector = Detector::default();
    detector.watch("canary", CANARY.as_bytes());
    for (name, value) in &opened {
        for (part, bytes) in parts_of(name, value) {
            detector.watch(&format!("{name}, {part}"), &bytes);
        }
    }
    // the leader with its age key, a worker with its SSH host key
    let nodes = [
        (Node { vault: &vault, name: "ctl-1", address: "10.20.0.11" }, "var/lib/airlift/age.key"),
        (Node { vault: &vault, name: "batch-1", address: "10.20.0.22" }, "etc/ssh/ssh_host_ed25519_key"),
    ];
    let mut documents = 0;
    for (node, key) in nodes {
        node.make(node.name, key);
        let root = node.root();
        let before = files(&root);
        let said = [
            ("dry run", node.apply(&["--dry-run"])),
            ("apply", node.apply(&[])),
            ("again", node.apply(&["--format", "json"])),
            ("status", node.run("status", &[])),
        ];
        assert!(said[1].1.code == DONE, "{}\n{}", said[1].1.out, said[1].1.err);
        assert!(said[2].1.out.contains("nothing to do"), "{}", said[2].1.out);
        for (what, done) in &said {
            let text = [done.out.as_bytes(), done.err.as_bytes()].concat();
            assert_eq!(detector.find(&text), Vec::<&str>::new(), "{what}");
        }
        let placed = node.placed(&opened);
        let after = files(&root);
        for (path, bytes) in &placed {
            assert!(after[path] == *bytes, "{}: {path}", node.name);
            let mode = fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode & 0o007, 0, "{path} has mode {mode:o}");
        }
        documents += placed.values().filter(|bytes| !detector.find(bytes).is_empty()).count();
        // a word that is given is no secret any more: its code is kept, and nothing but it
        let given = format!("var/lib/airlift/receipts/{}.prepared.1.code", node.name);
        assert_eq!(
            detector.find(&after[&given]),
            [format!("{}/receipt/codes, prepared (as it is)", node.name)]
        );
        let is_kept = |path: &&String| !placed.contains_key(*path) && **path != given;
        let kept: BTreeSet<&String> = after.keys().filter(is_kept).collect();
        assert!(kept.iter().any(|path| path.ends_with("lib/airlift/journal")), "{kept:?}");
        for path in &kept {
            assert_eq!(detector.find(&after[*path]), Vec::<&str>::new(), "{path}");
        }
        if node.name == "ctl-1" {
            let asked = node.apply_at_terminal("--left-behind ctl-2", "ctl-2 is of\n");
            assert_eq!(asked.code, REFUSED, "{}", asked.out);
            let question = "to say so, type: ctl-2 is off or fenced";
            assert_eq!(asked.out.matches(question).count(), 1, "{}", asked.out);
            assert!(asked.out.contains("--left-behind ctl-2 needs your word"), "{}", asked.out);
        }
        // back: nothing of the set is left but the journal and the words given; the key stays for the next attempt
        let done = node.run("rollback", &[]);
        assert_eq!(done.code, DONE, "{}", done.err);
        let mut back = files(&root);
        let journal = back.remove("var/lib/airlift/journal").unwrap();
        assert_eq!(detector.find(&journal), Vec::<&str>::new());
        let receipts = |path: &String| path.starts_with("var/lib/airlift/receipts/");
        assert!(
            back.keys().any(|path| receipts(path) && path.contains("returned.1.json")),
            "{:?}",
            back.keys()
        );
        back.retain(|path, _| !receipts(path));
        assert!(back == before, "{:?} is not {:?}", back.keys(), before.keys());
        assert!(back.contains_key(key));
    }
    is_stopped(&Node { vault: &vault, name: "ctl-2", address: "10.20.0.12" });
    assert!(documents > 4, "{documents} files with secrets were placed");
}

/// A node with another key than the one that its secrets are sealed to is stopped before anything is placed.
fn is_stopped(node: &Node<'_>) {
    node.make("ctl-3", "etc/ssh/ssh_host_ed25519_key");
    let done = node.apply(&[]);
    assert_eq!(done.code, BLOCKED, "{}\n{}", done.out, done.err);
    let said = [done.out, done.err].concat();
    for words in [
        "failed to open the secret join/token",
        "sealed to none of this node's keys",
        "/var/lib/airlift/age.key can't be used: it is not there",
        "/etc/ssh/ssh_host_ed25519_key is SHA256:",
        "airlift secrets seal",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let left = files(&node.root());
    let ours = |path: &String| path.starts_with("etc/") || path.starts_with("var/lib/airlift/");
    assert!(left.keys().all(ours) && !left.keys().any(|path| path.contains("k0s")), "{:?}", left.keys());
}

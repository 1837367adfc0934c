//! What the tests share: a small site with keys, a set of it on disk, and stock tools.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use airlift_bundle::archive;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::manifest::{Blob, Contents, Manifest};
use airlift_bundle::plan::{
    Action, Content, Input, NodeIdentity, NodeKeys, NodePlan, Plan, PlannedNode, Role, StagePlan, Step, Tool,
};
use airlift_bundle::set::{SetFile, SetIndex};
use airlift_bundle::signature::PublicKey;
use airlift_bundle::trust::{KeyRole, TrustFile};
use airlift_bundle::value::{Account, Format, Mode, PlanId, Serial};

/// A key pair that signs as `minisign -S` does.
pub struct Key(minisign::KeyPair);

impl Key {
    pub fn new() -> Self {
        Self(minisign::KeyPair::generate_unencrypted_keypair().unwrap())
    }

    pub fn public(&self) -> PublicKey {
        self.0.pk.to_base64().parse().unwrap()
    }

    pub fn public_file(&self) -> String {
        self.0.pk.to_box().unwrap().into_string()
    }

    pub fn id(&self) -> String {
        self.public().id().to_string()
    }

    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let untrusted = Some("signature from minisign secret key");
        let signature = minisign::sign(Some(&self.0.pk), &self.0.sk, bytes, Some("airlift"), untrusted);
        signature.unwrap().into_string().into_bytes()
    }
}

/// Files with an empty one, one that fills its block, one in a deep directory, and a program.
pub fn contents() -> Contents {
    let mut contents = Contents::new();
    let mut add = |name: &str, mode, bytes: &[u8]| contents.add(name.parse().unwrap(), mode, bytes.to_vec());
    add("k0s/k0s.yaml", Mode::PLAIN, K0S_YAML).unwrap();
    add("k0s/empty", Mode::PLAIN, b"").unwrap();
    add("block", Mode::PRIVATE, &[7; 512]).unwrap();
    add("steps/start/k0s/do.sh", Mode::PROGRAM, b"#!/bin/sh\nexit 0\n").unwrap();
    contents
}

pub const K0S_YAML: &[u8] = b"kind: ClusterConfig\n";

/// A step that puts `k0s/k0s.yaml` in place.
pub fn place() -> Step {
    place_at("k0s-config", "/etc/k0s/k0s.yaml")
}

/// The same with this name and target.
pub fn place_at(id: &str, target: &str) -> Step {
    Step {
        id: id.parse().unwrap(),
        title: "configuration of k0s".parse().unwrap(),
        action: Action::Place {
            target: target.parse().unwrap(),
            content: Content::File { entry: "k0s/k0s.yaml".parse().unwrap(), sha256: Sha256::of(K0S_YAML) },
            owner: Account::root(),
            group: Account::root(),
            mode: Mode::PRIVATE,
            label: None,
        },
        holds_until: None,
    }
}

/// A plan for `node` with these steps in `prepare`.
pub fn node_plan(node: NodeIdentity, steps: Vec<Step>) -> NodePlan {
    NodePlan {
        node,
        keep_dir: "/var/lib/airlift".parse().unwrap(),
        secrets: vec![],
        checks: vec![],
        stages: vec![StagePlan { stage: Stage::Prepare, steps }],
        looks: vec![],
        recoveries: vec![],
        left_out: None,
    }
}

pub fn identity(name: &str, role: Role, last: u8) -> NodeIdentity {
    NodeIdentity { name: name.parse().unwrap(), role, addresses: vec![[10, 0, 0, last].into()] }
}

/// A manifest without blobs for `contents`, of no real plan.
pub fn manifest(contents: &Contents) -> Manifest {
    Manifest {
        format: Format,
        plan_id: PlanId::of(b"no plan"),
        site: "acme".parse().unwrap(),
        serial: Serial::new(7).unwrap(),
        plan: node_plan(identity("m1", Role::Leader, 1), vec![place()]),
        files: contents.entries(),
        blobs: vec![],
    }
}

/// A sample bundle.
pub fn bundle() -> Vec<u8> {
    let contents = contents();
    archive::write(&manifest(&contents), &contents).unwrap()
}

pub const BLOB: &[u8] = b"a large payload";

/// A site with one manager and one worker, and what a compile makes of it.
pub struct Site {
    pub author: Key,
    pub approver: Key,
    pub plan: Plan,
    pub manifests: Vec<Manifest>,
}

impl Site {
    pub fn new() -> Self {
        Self::with_serial(7)
    }

    pub fn with_serial(serial: u64) -> Self {
        let blob =
            Blob { sha256: Sha256::of(BLOB), size: BLOB.len() as u64, name: "images.tar".parse().unwrap() };
        let plans = [identity("m1.example.com", Role::Leader, 1), identity("w1", Role::Worker, 2)]
            .map(|node| node_plan(node, vec![place()]));
        let plan = Plan {
            format: Format,
            site: "acme".parse().unwrap(),
            serial: Serial::new(serial).unwrap(),
            contract: "v4.1.5".parse().unwrap(),
            tool: Tool { name: "airlift".parse().unwrap(), version: "0.1.0".parse().unwrap() },
            inputs: vec![Input { path: "mke3.toml".parse().unwrap(), sha256: Sha256::of(b"toml") }],
            nodes: plans
                .iter()
                .map(|plan| PlannedNode {
                    node: plan.node.clone(),
                    keys: NodeKeys::default(),
                    plan: plan.digest().unwrap(),
                })
                .collect(),
        };
        let (_, plan_id) = plan.to_json().unwrap();
        let manifests = plans
            .into_iter()
            .map(|node_plan| Manifest {
                plan_id,
                plan: node_plan,
                blobs: vec![blob.clone()],
                ..manifest(&contents())
            })
            .map(|manifest| Manifest { serial: plan.serial, ..manifest })
            .collect();
        Self { author: Key::new(), approver: Key::new(), plan, manifests }
    }

    /// Trust in the author and, where asked for, in the approver.
    pub fn trust(&self, threshold: usize) -> TrustFile {
        let mut trust = TrustFile::in_author(self.author.public());
        if threshold > 0 {
            trust.add(KeyRole::Approver, self.approver.public()).unwrap();
            trust.set_threshold(threshold).unwrap();
        }
        trust
    }

    /// Every file of the set with its content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let (plan_json, plan_id) = self.plan.to_json().unwrap();
        let blob = format!("blobs/sha256/{}", Sha256::of(BLOB));
        let mut files = BTreeMap::from([
            ("plan.json".to_owned(), plan_json),
            ("mke4.yaml".to_owned(), b"kind: MkeConfig\n".to_vec()),
            (blob, BLOB.to_vec()),
        ]);
        for manifest in &self.manifests {
            let bundle = archive::write(manifest, &contents()).unwrap();
            files.insert(manifest.plan.node.name.bundle_path().to_string(), bundle);
        }
        self.sign(plan_id, files)
    }

    /// The same set with its blob in chunks of this many bytes.
    pub fn chunked(&self, size: usize) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.unsigned();
        files.retain(|path, _| !path.starts_with("blobs/"));
        for (number, chunk) in BLOB.chunks(size).enumerate() {
            files.insert(format!("blobs/sha256/{}.part/{number:04}", Sha256::of(BLOB)), chunk.to_vec());
        }
        self.sign(PlanId::of(&files["plan.json"]), files)
    }

    /// The files that `set.json` lists.
    pub fn unsigned(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files();
        files.retain(|path, _| !path.ends_with(".minisig") && path != "set.json" && path != "SHA256SUMS");
        files
    }

    /// Adds `set.json`, the sums and all signatures to these files.
    pub fn sign(&self, plan_id: PlanId, mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
        let listed = files.iter().map(|(path, bytes)| SetFile::of(path.parse().unwrap(), bytes)).collect();
        let index = SetIndex::new(plan_id, listed).unwrap();
        let set_json = index.to_json().unwrap();
        let signatures: Vec<_> = files
            .iter()
            .filter(|(path, _)| path.starts_with("nodes/"))
            .map(|(path, bytes)| (format!("{path}.minisig"), self.author.sign(bytes)))
            .collect();
        files.extend(signatures);
        files.insert("SHA256SUMS".to_owned(), index.sha256sums(&set_json).into_bytes());
        files.insert("set.json.minisig".to_owned(), self.author.sign(&set_json));
        files.insert(format!("approvals/{}.minisig", self.approver.id()), self.approver.sign(&set_json));
        files.insert("set.json".to_owned(), set_json);
        files
    }
}

/// Writes these files below a new temporary directory.
pub fn on_disk(files: &BTreeMap<String, Vec<u8>>) -> tempfile::TempDir {
    // in memory where the system has such: some tests write a set tens of thousands of times
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    for (path, bytes) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

/// Runs a stock tool in `directory` and gives its output; a tool that is missing or unhappy fails the test.
pub fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .output()
        .unwrap_or_else(|e| panic!("this test needs {program}: {e}"));
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

//! A whole site in one set: every node has its plan, its keys and its codes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use airlift_bundle::archive;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::code::{Code, CodeId};
use airlift_bundle::gate::codes::{CodeHashes, OwnCodes};
use airlift_bundle::gate::protocol::Protocol;
use airlift_bundle::gate::receipt::Receipt;
use airlift_bundle::gate::site::{Node, Site as Nodes};
use airlift_bundle::gate::word::{Attempt, Look, Word};
use airlift_bundle::manifest::{Blob, Contents as Files, Manifest};
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{
    NodeIdentity, NodeKeys, NodePlan, Plan, PlannedLook, PlannedNode, Recovery, Role, ScriptFile,
    SealedSecret, Seconds, StagePlan, Step, Tool,
};
use airlift_bundle::signing::SigningKey;
use airlift_bundle::value::{Format, Mode, PlanId, Serial};
use airlift_node::gate::Roster;
use airlift_node::gate::heard::Found;
use airlift_node::journal::Accepted;

use super::STATE;

/// Opened secrets by their names.
pub type Secrets = BTreeMap<String, Vec<u8>>;

/// One node's part of a set.
#[derive(Clone)]
pub struct Site {
    pub manifest: Manifest,
    pub bundle: Vec<u8>,
    pub accepted: Accepted,
    pub plan: Plan,
    pub plan_json: Vec<u8>,
    /// What opening its sealed secrets gives.
    pub secrets: Secrets,
    /// The receipts of all words that all others can give, in the first attempts.
    pub others: Vec<Found>,
}

/// What all nodes of a set have in common.
pub struct Draft {
    pub serial: u64,
    pub managers: usize,
    pub workers: usize,
    pub files: Files,
    pub stages: Vec<(Stage, Vec<Step>)>,
    pub blobs: Vec<Blob>,
    /// Whether typed codes are asked for: their hashes take time.
    pub codes: bool,
    /// Whether the nodes have receipt keys; one that waits for nobody needs none.
    pub speaks: bool,
}

/// `m1` leads, `m2`… are the other managers, `w1`… the workers.
pub fn names(managers: usize, workers: usize) -> Vec<(NodeName, Role)> {
    let manager = |n| (format!("m{n}").parse().unwrap(), if n == 1 { Role::Leader } else { Role::Manager });
    let worker = |n| (format!("w{n}").parse().unwrap(), Role::Worker);
    (1..=managers).map(manager).chain((1..=workers).map(worker)).collect()
}

pub fn key(place: usize) -> SigningKey {
    let byte = u8::try_from(place + 1).unwrap();
    SigningKey::from_seed([byte; 8], [byte; 32])
}

fn codes(protocol: &Protocol, node: Node) -> OwnCodes {
    let mut random = Sha256::of(format!("{}", protocol.site().show(node)).as_bytes());
    let name = protocol.site().name(node).unwrap().clone();
    OwnCodes::generate("acme".parse().unwrap(), name, protocol.own_words(node), || {
        random = Sha256::of(random.to_string().as_bytes());
        random.to_string().as_bytes()[..Code::ENTROPY].try_into().unwrap()
    })
}

/// The hashes that a node checks codes with; those of the first two attempts, which stand for the others.
fn hashes(protocol: &Protocol, node: Node) -> CodeHashes {
    let mut hashes: BTreeMap<NodeName, BTreeMap<Word, [_; 9]>> = BTreeMap::new();
    for (from, word) in protocol.hashes(node) {
        let emitter = protocol.site().name(from).unwrap().clone();
        let own = codes(protocol, from);
        let hash = |attempt| {
            let attempt = Attempt::new(attempt).unwrap();
            let id = CodeId { site: "acme".parse().unwrap(), emitter: emitter.clone(), word, attempt };
            own.code(word, attempt).unwrap().hash(&id)
        };
        let (first, second) = (hash(1), hash(2));
        let mut all = [second; 9];
        all[0] = first;
        hashes.entry(emitter.clone()).or_default().insert(word, all);
    }
    CodeHashes { format: Format, site: "acme".parse().unwrap(), hashes }
}

fn script(files: &mut Files, entry: &str, text: &str) -> ScriptFile {
    let file = ScriptFile { entry: entry.parse().unwrap(), sha256: Sha256::of(text.as_bytes()) };
    files.add(file.entry.clone(), Mode::PROGRAM, text.as_bytes().to_vec()).unwrap();
    file
}

/// A receipt as the node at this place signs it.
pub fn receipt(plan: &Plan, plan_id: PlanId, place: usize, word: Word, attempt: Attempt) -> Found {
    let node = plan.nodes[place].node.name.clone();
    let receipt = Receipt {
        format: Format,
        plan_id,
        site: plan.site.clone(),
        node: node.clone(),
        word,
        attempt,
        journal: Sha256::of(b"a journal"),
        facts: BTreeMap::new(),
    };
    let path = PathBuf::from("/stick").join(Receipt::file_name(&node, word, attempt));
    Found { path, node, word, attempt, signed: receipt.sign(&key(place)).unwrap() }
}

/// The parts of all nodes.
pub fn sites(draft: Draft) -> Vec<Site> {
    let nodes = names(draft.managers, draft.workers);
    let protocol = Protocol::new(Nodes::new(nodes.clone()).unwrap());
    let mut plans = Vec::new();
    for (place, node) in protocol.site().nodes().enumerate() {
        let (name, role) = nodes[place].clone();
        let mut files = draft.files.clone();
        let look = script(&mut files, "looks/look.sh", "look\n");
        let mend = script(&mut files, "mend.sh", "write /etc/mended yes\n");
        let out = script(&mut files, "left-out.sh", "write /etc/left out\n");
        let own = codes(&protocol, node).to_secret_json().unwrap();
        let mut secrets = BTreeMap::from([("receipt/codes".to_owned(), own)]);
        if draft.speaks {
            secrets.insert("receipt/key".to_owned(), key(place).to_secret_line().into_bytes());
        }
        let mut sealed = Vec::new();
        for secret in secrets.keys() {
            let entry = format!("sealed/{secret}.age").parse().unwrap();
            let ciphertext = format!("{secret} of {name}").into_bytes();
            let sha256 = Sha256::of(&ciphertext);
            files.add(std::clone::Clone::clone(&entry), Mode::PRIVATE, ciphertext).unwrap();
            sealed.push(SealedSecret { name: secret.parse().unwrap(), entry, sha256 });
        }
        if draft.codes {
            let json = hashes(&protocol, node).to_json().unwrap();
            files.add(CodeHashes::FILE.parse().unwrap(), Mode::PLAIN, json).unwrap();
        }
        let seconds = Seconds::new(60).unwrap();
        let own_stages = draft.stages.iter().filter(|(stage, _)| stage.is_for(role));
        let plan = NodePlan {
            node: NodeIdentity { name, role, addresses: vec![] },
            keep_dir: STATE.parse().unwrap(),
            secrets: sealed,
            checks: vec![],
            stages: own_stages
                .map(|(stage, steps)| StagePlan { stage: *stage, steps: steps.clone() })
                .collect(),
            looks: Look::ALL
                .iter()
                .map(|one| PlannedLook { look: *one, script: look.clone(), seconds, variables: vec![] })
                .collect(),
            recoveries: vec![Recovery {
                id: "mend".parse().unwrap(),
                title: "mend what is broken".parse().unwrap(),
                script: mend,
                seconds,
                variables: vec![],
            }],
            left_out: Some(Recovery {
                id: "left-out".parse().unwrap(),
                title: "clear both stacks away".parse().unwrap(),
                script: out,
                seconds,
                variables: vec![],
            }),
        };
        plan.check().unwrap();
        plans.push((plan, files, secrets));
    }
    let plan = Plan {
        format: Format,
        site: "acme".parse().unwrap(),
        serial: Serial::new(draft.serial).unwrap(),
        contract: "v4.1.5".parse().unwrap(),
        tool: Tool { name: "airlift".parse().unwrap(), version: "0.1.0".parse().unwrap() },
        inputs: vec![],
        nodes: plans
            .iter()
            .enumerate()
            .map(|(place, (plan, ..))| PlannedNode {
                node: plan.node.clone(),
                keys: NodeKeys { receipt: Some(key(place).public()), ..NodeKeys::default() },
                plan: plan.digest().unwrap(),
            })
            .collect(),
    };
    let (plan_json, plan_id) = plan.to_json().unwrap();
    let part = |(place, (node_plan, files, secrets)): (usize, (NodePlan, Files, Secrets))| {
        let manifest = Manifest {
            format: Format,
            plan_id,
            site: plan.site.clone(),
            serial: plan.serial,
            plan: node_plan,
            files: files.entries(),
            blobs: draft.blobs.clone(),
        };
        let bundle = archive::write(&manifest, &files).unwrap();
        let accepted = Accepted {
            site: manifest.site.clone(),
            serial: manifest.serial,
            plan_id,
            set: Sha256::of(b"set.json"),
            bundle: Sha256::of(&bundle),
            node: manifest.plan.node.name.clone(),
            role: manifest.plan.node.role,
            nodes: Roster::of(&plan),
        };
        let mut others = Vec::new();
        for (other, from) in protocol.site().nodes().enumerate().filter(|(other, _)| *other != place) {
            for word in protocol.own_words(from) {
                for attempt in Attempt::all().take(4) {
                    others.push(receipt(&plan, plan_id, other, word, attempt));
                }
            }
        }
        let (plan, plan_json) = (plan.clone(), plan_json.clone());
        Site { manifest, bundle, accepted, plan, plan_json, secrets, others }
    };
    plans.into_iter().enumerate().map(part).collect()
}

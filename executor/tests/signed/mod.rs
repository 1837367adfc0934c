//! A signed set for this machine.

use std::collections::BTreeMap;
use std::fs;

use airlift_bundle::archive;
use airlift_bundle::gate::Stage;
use airlift_bundle::manifest::{Blob, Contents, Manifest};
use airlift_bundle::plan::{NodeIdentity, NodeKeys, PlannedNode, Role, StagePlan, Step};

use crate::support::{self, BLOB, Site, contents};

/// The name of this machine, as its bundle has it.
pub fn hostname() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_lowercase()
}

/// A directory with `set`, for this machine, with these steps in `prepare` and these blobs beside the usual one; and
/// `trust` in its author.
pub fn set(steps: Vec<Step>, blobs: &[(Blob, Vec<u8>)]) -> tempfile::TempDir {
    set_with(steps, blobs, &contents())
}

/// The same with these files in the bundle.
pub fn set_with(steps: Vec<Step>, blobs: &[(Blob, Vec<u8>)], contents: &Contents) -> tempfile::TempDir {
    let mut site = Site::new();
    let node = NodeIdentity { name: hostname().parse().unwrap(), role: Role::Leader, addresses: vec![] };
    let mut plan = support::node_plan(node.clone(), vec![]);
    plan.stages = vec![StagePlan { stage: Stage::Prepare, steps }];
    site.plan.nodes = vec![PlannedNode { node, keys: NodeKeys::default(), plan: plan.digest().unwrap() }];
    let (plan_json, plan_id) = site.plan.to_json().unwrap();
    let files = contents.entries();
    let mut manifest = Manifest { plan_id, plan, files, ..site.manifests[0].clone() };
    let blob = manifest.blobs[0].set_path();
    manifest.blobs.extend(blobs.iter().map(|(blob, _)| blob.clone()));
    manifest.blobs.sort_by_key(|blob| blob.sha256);
    let bundle = archive::write(&manifest, contents).unwrap();
    let mut files = BTreeMap::from([
        ("plan.json".to_owned(), plan_json),
        (blob, BLOB.to_vec()),
        (manifest.plan.node.name.bundle_path().to_string(), bundle),
    ]);
    files.extend(blobs.iter().map(|(blob, bytes)| (blob.set_path(), bytes.clone())));
    let files = site.sign(plan_id, files);
    let directory =
        support::on_disk(&files.into_iter().map(|(path, bytes)| (format!("set/{path}"), bytes)).collect());
    fs::write(directory.path().join("trust"), site.trust(0).to_string()).unwrap();
    directory
}

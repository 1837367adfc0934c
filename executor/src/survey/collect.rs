//! One survey of one machine.

use std::path::Path;

use airlift_bundle::digest::Sha256;

use super::format::{KeyDigest, Keys, Notes, Role, Survey, VERSION};
use super::key::{self, NodeKey};
use super::machine::Machine;
use super::product::KEY_FILES;
use super::{components, engine, mounts, names, network, ssh, system};

/// A survey, and whether it made the node's key.
#[derive(Debug)]
pub struct Collected {
    /// The facts.
    pub survey: Survey,
    /// The node's key, where there is one.
    pub key: Option<NodeKey>,
}

/// Looks at `machine`. The node's key lies at `key`; `make_key` allows to make it there.
#[must_use]
pub fn collect(machine: &Machine, key: &Path, make_key: bool) -> Collected {
    let mut notes = Notes::default();
    if !nix::unistd::geteuid().is_root() {
        notes.add("notes", "not run by root, who alone sees everything");
    }
    let mut keys = Keys::default();
    let key = notes.take("keys.age_recipient", key::node_key(key, make_key));
    if let Some(key) = &key {
        keys.age_recipient = Some(key.recipient.clone());
        keys.age_fingerprint = Some(key.fingerprint());
    }
    ssh::host_key(machine, &mut keys, &mut notes);
    let names = names::names(machine, &mut notes);
    let lines = mounts::mountinfo(machine, &mut notes);
    let engine = engine::engine(machine, &mut notes);
    let role = engine.mke.as_ref().map(|mke| mke.role);
    let data_root = engine.engine.as_ref().map(|engine| engine.data_root.as_str());
    let survey = Survey {
        version: VERSION,
        hostname: names.hostname,
        fqdn: names.fqdn,
        interfaces: network::interfaces(&mut notes),
        keys,
        os: names.os,
        kernel: names.kernel,
        arch: names.arch,
        system: system::system(machine, &lines, &mut notes),
        mounts: mounts::mounts(machine, &lines, &mut notes),
        listening: network::listening(machine, &mut notes),
        component_flags: components::flags(machine, &engine.arguments, &mut notes),
        key_digests: key_digests(machine, data_root, role, &mut notes),
        engine: engine.engine,
        mke: engine.mke,
        containers: engine.containers,
        images: engine.images,
        notes: notes.into_vec(),
    };
    Collected { survey, key }
}

/// Digests of the product's key files, below the volumes of the engine. One that should be there and isn't becomes a
/// note with the names that are.
fn key_digests(
    machine: &Machine,
    data_root: Option<&str>,
    role: Option<Role>,
    notes: &mut Notes,
) -> Vec<KeyDigest> {
    let (Some(data_root), Some(role)) = (data_root, role) else { return Vec::new() };
    let mut digests = Vec::new();
    for key in KEY_FILES.into_iter().filter(|key| role == Role::Manager || !key.managers) {
        let folder = format!("{data_root}/volumes/{}/_data", key.volume);
        match machine.read_no_link(&format!("{folder}/{}", key.file)) {
            Ok(bytes) => digests.push(KeyDigest {
                path: format!("{}/{}", key.volume, key.file),
                sha256: Sha256::of(&bytes).to_string(),
            }),
            Err(unseen) => {
                let there = machine.list(&folder).unwrap_or_default().join(" ");
                let there = if there.is_empty() { String::new() } else { format!("; there are: {there}") };
                notes.add("key_digests", format!("{unseen}{there}"));
            }
        }
    }
    digests
}

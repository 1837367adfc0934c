//! Packs documents into a set: plan, bundles, index, signatures.

use super::Translated;
use super::secrets::NodeSecrets;
use crate::document::{Document, NodeDocuments, NodeFiles, Placed, RenderError};
use crate::emit::SigningKey;
use crate::secrets::Sealed;
use crate::site::values::Role as SiteRole;
use crate::site::{NodeFacts, Site, SiteFiles};
use airlift_bundle::Problems;
use airlift_bundle::archive;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::json::to_canonical_json;
use airlift_bundle::manifest::{Contents, Manifest};
use airlift_bundle::name::EntryName;
use airlift_bundle::plan::{
    Action, Content, Input, NodeIdentity, NodeKeys, NodePlan, Plan, PlannedNode, Role, StagePlan, Step, Tool,
};
use airlift_bundle::set::{SetFile, SetIndex};
use airlift_bundle::value::{Account, Format, Mode, PlanId, Serial};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A set in memory.
#[derive(Debug)]
pub struct Packed {
    /// Every file by its path in the set.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The plan id.
    pub plan_id: PlanId,
    /// How many nodes have a bundle.
    pub nodes: usize,
}

/// Why a site can't be packed. The inputs' own checks come before, so each is a fault of Airlift or a site beyond the
/// format's limits.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Names or sizes that the format refuses.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Format(Problems),
    /// A value that a document can't hold.
    #[error("{label}: {source}")]
    Render {
        /// The document.
        label: String,
        /// What is wrong.
        source: RenderError,
    },
}

impl<E: Into<Problems>> From<E> for PackError {
    fn from(error: E) -> Self {
        Self::Format(error.into())
    }
}

/// Packs a whole site.
///
/// # Errors
/// See [`PackError`].
pub fn pack(
    translated: &Translated<'_>,
    site: &Site,
    nodes: &NodeDocuments,
    files: &SiteFiles,
    report: &str,
    sealed: Option<&Sealed>,
    key: &SigningKey,
) -> Result<Packed, PackError> {
    let mut set: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut shared: Vec<Document> = translated.shared();
    shared.push(nodes.k0sctl.clone());
    let texts: Vec<(String, Vec<u8>)> =
        shared.iter().map(|d| Ok((d.label.clone(), render(d)?))).collect::<Result<_, PackError>>()?;
    set.extend(texts.iter().cloned());
    set.insert("ledger.json".to_owned(), to_canonical_json(&translated.ledger)?);
    set.insert("report.txt".to_owned(), report.as_bytes().to_vec());

    let data_dir = site.settings.data_dir.value.as_str();
    let planned: Vec<(PlannedNode, NodePlan, NodeSecrets)> = site
        .inventory
        .nodes
        .iter()
        .zip(&nodes.nodes)
        .enumerate()
        .map(|(i, (facts, files))| planned(facts, i == 0, files, sealed, data_dir))
        .collect::<Result<_, PackError>>()?;
    let plan = Plan {
        format: Format,
        site: site.settings.site.value.to_string().parse()?,
        serial: Serial::new(site.settings.serial.value)?,
        contract: translated.inputs.contract.id.parse()?,
        tool: Tool { name: env!("CARGO_PKG_NAME").parse()?, version: env!("CARGO_PKG_VERSION").parse()? },
        inputs: inputs(translated, site, files)?,
        nodes: planned.iter().map(|(node, ..)| node.clone()).collect(),
    };
    let (plan_json, plan_id) = plan.to_json()?;
    tracing::debug!(%plan_id, nodes = planned.len(), "pack");

    let bundles: Vec<(String, Vec<u8>)> = planned
        .into_par_iter()
        .zip(&nodes.nodes)
        .map(|((_, node_plan, own), files)| bundle(&plan, plan_id, node_plan, files, own, &texts))
        .collect::<Result<_, PackError>>()?;
    let count = bundles.len();
    let comment = format!("airlift site {} serial {} plan {plan_id}", plan.site, plan.serial);
    for (path, bytes) in bundles {
        set.insert(format!("{path}.minisig"), key.sign(&bytes, &comment).into_bytes());
        set.insert(path, bytes);
    }
    set.insert(Plan::FILE.to_owned(), plan_json);

    let listed: Vec<SetFile> = set
        .iter()
        .filter(|(path, _)| !path.ends_with(".minisig"))
        .map(|(path, bytes)| Ok(SetFile::of(path.parse()?, bytes)))
        .collect::<Result<_, PackError>>()?;
    let index = SetIndex::new(plan_id, listed)?;
    let set_json = index.to_json()?;
    set.insert("SHA256SUMS".to_owned(), index.sha256sums(&set_json).into_bytes());
    set.insert(SetIndex::SIGNATURE.to_owned(), key.sign(&set_json, &comment).into_bytes());
    set.insert(SetIndex::FILE.to_owned(), set_json);
    Ok(Packed { files: set, plan_id, nodes: count })
}

/// One node as the site sees it, and its own plan.
fn planned(
    facts: &NodeFacts,
    first: bool,
    files: &NodeFiles,
    sealed: Option<&Sealed>,
    data_dir: &str,
) -> Result<(PlannedNode, NodePlan, NodeSecrets), PackError> {
    let role = match (facts.role.value, first) {
        (SiteRole::Manager, true) => Role::Leader,
        (SiteRole::Manager, false) => Role::Manager,
        (SiteRole::Worker, _) => Role::Worker,
    };
    let name = facts.name.value.to_string();
    let node =
        NodeIdentity { name: name.parse()?, role, addresses: vec![facts.private_address.value.into()] };
    let keys = NodeKeys {
        age: facts.age_recipient.as_ref().map(|key| key.value.to_string().parse()).transpose()?,
        ssh_host: facts.ssh_host_key.as_ref().map(|key| key.value.to_string().parse()).transpose()?,
        receipt: sealed.and_then(|sealed| sealed.node(&node.name)).map(|own| own.receipt.clone()),
    };
    let own = sealed.map(|sealed| NodeSecrets::of(sealed, &node, data_dir)).transpose()?.unwrap_or_default();
    let mut ids = BTreeSet::new();
    let documents = files.files.iter().map(|placed| place(placed, &own, &mut ids));
    let mut steps = documents.collect::<Result<Vec<_>, PackError>>()?;
    for put in &own.puts {
        steps.push(put.step("root", &mut ids)?);
    }
    let plan = NodePlan {
        node: node.clone(),
        keep_dir: KEEP_DIR.parse()?,
        secrets: own.listed.clone(),
        checks: Vec::new(),
        stages: vec![StagePlan { stage: Stage::Prepare, steps }],
        recoveries: Vec::new(),
    };
    Ok((PlannedNode { node, keys, plan: plan.digest()? }, plan, own))
}

/// Where the executor keeps what it needs to go back.
const KEEP_DIR: &str = "/var/lib/airlift";

/// The step that puts a document in place. All are put there while MKE 3 runs; nothing starts them yet.
fn place(placed: &Placed, own: &NodeSecrets, ids: &mut BTreeSet<String>) -> Result<Step, PackError> {
    let content = own.content(entry(&placed.path)?, &render(&placed.document)?)?;
    PutStep { path: placed.path.clone(), mode: placed.mode, content }.step(placed.owner, ids)
}

/// A file to put in place.
#[derive(Debug)]
pub(super) struct PutStep {
    /// Where.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// What it holds.
    pub content: Content,
}

impl PutStep {
    fn step(&self, owner: &str, ids: &mut BTreeSet<String>) -> Result<Step, PackError> {
        Ok(Step {
            id: step_id(&self.path, ids).parse()?,
            title: title(&self.path).parse()?,
            action: Action::Place {
                target: self.path.parse()?,
                content: self.content.clone(),
                owner: owner.parse()?,
                group: Account::root(),
                mode: format!("{:04o}", self.mode).parse()?,
                label: None,
            },
            holds_until: None,
        })
    }
}

/// A step's name from the path that it is about: its letters and digits; with a digest where that is too long or is
/// another path's name already.
fn step_id(path: &str, taken: &mut BTreeSet<String>) -> String {
    let dashed: String =
        path.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let plain = format!("place-{}", dashed.trim_matches('-'));
    if plain.len() <= 63 && taken.insert(plain.clone()) {
        return plain;
    }
    let digest = Sha256::of(path.as_bytes()).to_string();
    let head: String = plain.chars().take(50).collect();
    format!("{}-{}", head.trim_end_matches('-'), &digest[..12])
}

/// What the step does, in at most 120 characters: of a long path the end.
fn title(path: &str) -> String {
    if path.len() <= 110 {
        return format!("put {path}");
    }
    format!("put ...{}", &path[path.len() - 100..])
}

fn render(document: &Document) -> Result<Vec<u8>, PackError> {
    let text = document.render();
    text.map(String::into_bytes).map_err(|source| PackError::Render { label: document.label.clone(), source })
}

/// Where a file for the node lies in its bundle: below `files`, under its own path; under a digest of that where an
/// archive can't hold it (a port in a folder's name, a long host name).
fn entry(path: &str) -> Result<EntryName, PackError> {
    if let Ok(name) = format!("files{path}").parse() {
        return Ok(name);
    }
    let digest = Sha256::of(path.as_bytes()).to_string();
    let base: String = path.rsplit('/').next().unwrap_or_default().chars().take(48).collect();
    Ok(format!("files/elsewhere/{}/{base}", &digest[..16]).parse()?)
}

fn bundle(
    plan: &Plan,
    plan_id: PlanId,
    node_plan: NodePlan,
    files: &NodeFiles,
    own: NodeSecrets,
    shared: &[(String, Vec<u8>)],
) -> Result<(String, Vec<u8>), PackError> {
    let mut contents = Contents::new();
    for (name, bytes) in shared {
        contents.add(name.parse()?, Mode::PLAIN, bytes.clone())?;
    }
    for placed in &files.files {
        contents.add(entry(&placed.path)?, Mode::PLAIN, render(&placed.document)?)?;
    }
    for (name, bytes) in own.entries {
        contents.add(name, Mode::PLAIN, bytes)?;
    }
    let path = node_plan.node.name.bundle_path().to_string();
    let manifest = Manifest {
        format: Format,
        plan_id,
        site: plan.site.clone(),
        serial: plan.serial,
        plan: node_plan,
        files: contents.entries(),
        blobs: Vec::new(),
    };
    Ok((path, archive::write(&manifest, &contents)?))
}

/// Every input by digest. One that holds secrets counts with each secret replaced by its slot, so that neither its
/// digest nor its length tells anything.
fn inputs(translated: &Translated<'_>, site: &Site, files: &SiteFiles) -> Result<Vec<Input>, PackError> {
    let toml = site.mke3_toml.label().to_owned();
    let secret: Vec<&str> = site.secret_labels().collect();
    let mut inputs = Vec::new();
    for label in &site.read {
        let sha256 = if *label == toml {
            Sha256::of(translated.inputs.mke3.blanked().as_bytes())
        } else if secret.contains(&label.as_str()) {
            Sha256::of(format!("airlift-secret({label})").as_bytes())
        } else {
            Sha256::of(files.bytes(label).unwrap_or_default())
        };
        inputs.push(Input { path: label.parse()?, sha256 });
    }
    Ok(inputs)
}

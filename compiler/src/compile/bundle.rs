//! Packs documents into a set: plan, bundles, index, signatures.
//!
//! Files go to a [`Sink`] as they are made, bundles from several threads at once, so that memory holds a few bundles and
//! never the set. Only `set.json`, which is made last, knows them all.

use super::rights::Rights;
use super::secrets::NodeSecrets;
use super::{Translated, report};
use crate::blob::Taken;
use crate::diag::Findings;
use crate::document::{Document, Installation, NodeDocuments, Placed, RenderError};
use crate::emit::{OutputError, SetWriter, SigningKey};
use crate::secrets::Sealed;
use crate::site::values::Role as SiteRole;
use crate::site::{NodeFacts, Site, SiteFiles};
use airlift_bundle::Problems;
use airlift_bundle::archive;
use airlift_bundle::digest::{Hasher, Sha256};
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
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

/// Takes the files of a set, in any order and from several threads.
pub trait Sink: Sync {
    /// Takes one file by its path in the set.
    ///
    /// # Errors
    /// It can't be written.
    fn take(&self, path: &str, content: &[u8]) -> Result<(), OutputError>;

    /// Takes one file that is too large to be held: `write` writes it, the same each time it is asked.
    ///
    /// # Errors
    /// It can't be written.
    fn stream(&self, path: &str, write: &mut Produce<'_>) -> Result<(), OutputError>;
}

/// Writes a file.
pub type Produce<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

impl Sink for SetWriter {
    fn take(&self, path: &str, content: &[u8]) -> Result<(), OutputError> {
        self.file(path, content)
    }

    fn stream(&self, path: &str, write: &mut Produce<'_>) -> Result<(), OutputError> {
        self.file_by(path, write)
    }
}

/// What became of a set, beside what the sink has.
#[derive(Debug)]
pub struct Packed {
    /// The index: every file but signatures.
    pub index: SetIndex,
    /// `set.json`.
    pub set_json: Vec<u8>,
    /// `mke4.yaml`.
    pub mke4: Vec<u8>,
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
    /// The sink can't take more.
    #[error(transparent)]
    Output(OutputError),
    /// A sealed file that is another one than when the site was read.
    #[error("{0} changed while the set was made; run the same command again")]
    Changed(String),
    /// The report asks for what it is not given.
    #[error("report.txt: {0}")]
    Report(minijinja::Error),
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

/// What a set is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The documents.
    pub translated: &'a Translated<'a>,
    /// The site.
    pub site: &'a Site,
    /// The nodes' own documents.
    pub nodes: &'a NodeDocuments,
    /// The inputs, for their digests.
    pub files: &'a SiteFiles,
    /// The blobs. Their content goes its own way into the set.
    pub blobs: &'a [Taken],
    /// What `report.txt` tells beside the rest.
    pub findings: &'a Findings,
    /// What was sealed; without it the set can be looked at, but nodes can't be migrated with it.
    pub sealed: Option<&'a Sealed>,
}

/// Packs a whole site into `sink`. Without a key the signatures are left out.
///
/// # Errors
/// See [`PackError`].
pub fn pack(parts: &Parts<'_>, key: Option<&SigningKey>, sink: &impl Sink) -> Result<Packed, PackError> {
    let Parts { translated, site, nodes, blobs, sealed, .. } = parts;
    let take = |path: &str, content: &[u8]| -> Result<SetFile, PackError> {
        sink.take(path, content).map_err(PackError::Output)?;
        Ok(SetFile::of(path.parse()?, content))
    };
    let shared = translated.shared.iter().chain([&nodes.k0sctl]);
    let mut texts: Vec<(String, Vec<u8>)> =
        shared.map(|d| Ok((d.label.clone(), render(d)?))).collect::<Result<_, PackError>>()?;
    if let Some(access) = &translated.access {
        texts.extend(access.files().into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())));
        texts.push((crate::access::REPORT.to_owned(), to_canonical_json(&access.report)?));
    }
    let mut listed: Vec<SetFile> =
        texts.iter().map(|(path, bytes)| take(path, bytes)).collect::<Result<_, PackError>>()?;
    listed.push(ledger(translated, sink)?);
    listed.extend(blobs.iter().flat_map(|taken| taken.pieces.iter().cloned()));

    let data_dir = site.settings.data_dir.value.as_str();
    // A node's plan is made twice, since its bundle needs the plan id, which needs the plans of all: memory that grows
    // with the nodes costs more than the second time.
    let everywhere = Everywhere::render(nodes)?;
    let count = nodes.nodes.len();
    let plan_of = |i: usize, facts: &NodeFacts, node: &Installation, files: &[File]| {
        let own: Vec<&Taken> = blobs.iter().filter(|taken| taken.is_for(&node.flags)).collect();
        planned(facts, i == 0, files, &own, sealed.map(|sealed| (sealed, parts.files)), data_dir, &texts)
    };
    let work = || site.inventory.nodes.par_iter().zip(&nodes.nodes).enumerate();
    let planned: Vec<PlannedNode> = work()
        .map(|(i, (facts, node))| Ok(plan_of(i, facts, node, &everywhere.files(nodes, node)?)?.0))
        .collect::<Result<_, PackError>>()?;
    // What is done depends on the role alone, so one plan of each role tells it for all nodes.
    let mut told: BTreeMap<Role, NodePlan> = BTreeMap::new();
    for (i, ((facts, node), planned)) in
        site.inventory.nodes.iter().zip(&nodes.nodes).zip(&planned).enumerate()
    {
        if let Entry::Vacant(untold) = told.entry(planned.node.role) {
            let (_, plan, _) = plan_of(i, facts, node, &everywhere.files(nodes, node)?)?;
            untold.insert(plan);
        }
    }
    let report = report::text(parts, &planned, &told).map_err(PackError::Report)?;
    listed.push(take("report.txt", report.as_bytes())?);
    let plan = Plan {
        format: Format,
        site: site.settings.site.value.to_string().parse()?,
        serial: Serial::new(site.settings.serial.value)?,
        contract: translated.inputs.contract.id.parse()?,
        tool: Tool { name: env!("CARGO_PKG_NAME").parse()?, version: env!("CARGO_PKG_VERSION").parse()? },
        inputs: inputs(parts)?,
        nodes: planned,
    };
    let (plan_json, plan_id) = plan.to_json()?;
    tracing::debug!(%plan_id, nodes = count, "pack");
    listed.push(take(Plan::FILE, &plan_json)?);

    let comment = format!("airlift site {} serial {} plan {plan_id}", plan.site, plan.serial);
    let bundles: Vec<SetFile> = work()
        .map(|(i, (facts, node))| {
            let files = everywhere.files(nodes, node)?;
            let (_, node_plan, own) = plan_of(i, facts, node, &files)?;
            let (path, bytes) = bundle(&plan, plan_id, node_plan, files, own, &texts, blobs)?;
            if let Some(key) = key {
                let signature = key.sign(&bytes, &comment);
                let path = format!("{path}.minisig");
                sink.take(&path, signature.as_bytes()).map_err(PackError::Output)?;
            }
            take(&path, &bytes)
        })
        .collect::<Result<_, PackError>>()?;
    listed.extend(bundles);

    let index = SetIndex::new(plan_id, listed)?;
    let set_json = index.to_json()?;
    take(SetIndex::SUMS, index.sha256sums(&set_json).as_bytes())?;
    if let Some(key) = key {
        let signature = key.sign(&set_json, &comment);
        sink.take(SetIndex::SIGNATURE, signature.as_bytes()).map_err(PackError::Output)?;
    }
    take(SetIndex::FILE, &set_json)?;
    let mke4 = texts.into_iter().find(|(name, _)| name == "mke4.yaml").map(|(_, bytes)| bytes);
    Ok(Packed { index, set_json, mke4: mke4.unwrap_or_default(), nodes: count })
}

/// A file for a node, with its text.
struct File {
    placed: Placed,
    bytes: Arc<[u8]>,
}

/// The texts of documents that are the same on every node, by their paths there.
struct Everywhere(BTreeMap<String, Arc<[u8]>>);

impl Everywhere {
    fn render(nodes: &NodeDocuments) -> Result<Self, PackError> {
        let texts = nodes.everywhere().iter();
        Ok(Self(
            texts
                .map(|placed| Ok((placed.path.clone(), render(&placed.document)?.into())))
                .collect::<Result<_, PackError>>()?,
        ))
    }

    /// The files of a node, with their texts.
    fn files(&self, nodes: &NodeDocuments, node: &Installation) -> Result<Vec<File>, PackError> {
        let files = nodes.files(node).into_iter().map(|placed| {
            let shared = self.0.get(&placed.path).filter(|_| placed.everywhere);
            let bytes = match shared {
                Some(bytes) => Arc::clone(bytes),
                None => render(&placed.document)?.into(),
            };
            Ok(File { placed, bytes })
        });
        files.collect()
    }
}

/// Writes the ledger, piece by piece.
fn ledger(translated: &Translated<'_>, sink: &impl Sink) -> Result<SetFile, PackError> {
    const PATH: &str = "ledger.json";
    let mut written = Hasher::new();
    let produce = &mut |out: &mut dyn Write| {
        let mut hashed = Hashed { out, hasher: Hasher::new() };
        translated.write_ledger(&mut hashed)?;
        written = hashed.hasher;
        Ok(())
    };
    sink.stream(PATH, produce).map_err(PackError::Output)?;
    let (sha256, size) = written.finish();
    Ok(SetFile { path: PATH.parse()?, size, sha256 })
}

/// Hashes what passes.
struct Hashed<'a> {
    out: &'a mut dyn Write,
    hasher: Hasher,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// One node as the site sees it, and its own plan.
fn planned(
    facts: &NodeFacts,
    first: bool,
    files: &[File],
    blobs: &[&Taken],
    sealed: Option<(&Sealed, &SiteFiles)>,
    data_dir: &str,
    texts: &[(String, Vec<u8>)],
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
        receipt: sealed.and_then(|(sealed, _)| sealed.node(&node.name)).map(|own| own.receipt.clone()),
    };
    let own = sealed.map(|(sealed, files)| NodeSecrets::of(sealed, files, &node, data_dir));
    let mut own = own.transpose()?.unwrap_or_default();
    let mut ids = BTreeSet::new();
    let documents = files.iter().map(|file| place(file, &own, &mut ids));
    let mut steps = documents.collect::<Result<Vec<_>, PackError>>()?;
    for taken in blobs {
        let (path, mode) = taken.place(data_dir);
        let content = Content::Blob { name: taken.blob.name.clone(), sha256: taken.blob.sha256 };
        steps.push(PutStep { path, mode, content }.step("root", &mut ids)?);
    }
    for put in &own.puts {
        steps.push(put.step("root", &mut ids)?);
    }
    let mut stages = BTreeMap::from([(Stage::Prepare, steps)]);
    if role == Role::Leader {
        let rights = Rights::of(texts, &own, data_dir, &mut ids)?;
        own.entries.extend(rights.scripts);
        for (stage, more) in rights.stages {
            stages.entry(stage).or_default().extend(more);
        }
    }
    let plan = NodePlan {
        node: node.clone(),
        keep_dir: KEEP_DIR.parse()?,
        secrets: own.listed.clone(),
        checks: Vec::new(),
        stages: stages.into_iter().map(|(stage, steps)| StagePlan { stage, steps }).collect(),
        looks: Vec::new(),
        recoveries: Vec::new(),
        left_out: None,
    };
    Ok((PlannedNode { node, keys, plan: plan.digest()? }, plan, own))
}

/// Every bundle carries the documents of the whole site. They list every node, so that a set grows with the square of
/// the nodes; workers go without them where they are larger than this together, in bytes (some 400 nodes).
const SHARED_WITH_WORKERS: usize = 256 << 10;

/// Where the executor keeps what it needs to go back.
const KEEP_DIR: &str = "/var/lib/airlift";

/// The step that puts a document in place. All are put there while MKE 3 runs; nothing starts them yet.
fn place(file: &File, own: &NodeSecrets, ids: &mut BTreeSet<String>) -> Result<Step, PackError> {
    let placed = &file.placed;
    let content = own.content(entry(&placed.path)?, &file.bytes)?;
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
    pub(super) fn step(&self, owner: &str, ids: &mut BTreeSet<String>) -> Result<Step, PackError> {
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
    files: Vec<File>,
    own: NodeSecrets,
    shared: &[(String, Vec<u8>)],
    blobs: &[Taken],
) -> Result<(String, Vec<u8>), PackError> {
    let mut contents = Contents::new();
    let size: usize = shared.iter().map(|(_, bytes)| bytes.len()).sum();
    if node_plan.node.role.is_manager() || size <= SHARED_WITH_WORKERS {
        for (name, bytes) in shared {
            contents.add(name.parse()?, Mode::PLAIN, bytes.clone())?;
        }
    }
    for File { placed, bytes } in files {
        contents.add(entry(&placed.path)?, Mode::PLAIN, bytes.to_vec())?;
    }
    for (name, bytes) in own.entries {
        contents.add(name, Mode::PLAIN, bytes)?;
    }
    let path = node_plan.node.name.bundle_path().to_string();
    let needed: BTreeSet<Sha256> = node_plan.blobs().map(|(_, sha256)| sha256).collect();
    let manifest = Manifest {
        format: Format,
        plan_id,
        site: plan.site.clone(),
        serial: plan.serial,
        plan: node_plan,
        files: contents.entries(),
        blobs: blobs.iter().map(|t| t.blob.clone()).filter(|blob| needed.contains(&blob.sha256)).collect(),
    };
    Ok((path, archive::write(&manifest, &contents)?))
}

/// Every input by digest. One that holds secrets counts with each secret replaced by its slot, so that neither its
/// digest nor its length tells anything.
fn inputs(parts: &Parts<'_>) -> Result<Vec<Input>, PackError> {
    let Parts { translated, site, files, blobs, .. } = parts;
    let toml = site.mke3_toml.label().to_owned();
    let secret: Vec<&str> = site.secret_labels().collect();
    let blobs: BTreeMap<&str, Sha256> =
        blobs.iter().map(|taken| (taken.label.as_str(), taken.blob.sha256)).collect();
    let mut inputs = Vec::new();
    for label in &site.read {
        let sha256 = if *label == toml {
            Sha256::of(translated.inputs.mke3.blanked().as_bytes())
        } else if secret.contains(&label.as_str()) {
            Sha256::of(format!("airlift-secret({label})").as_bytes())
        } else if let Some(sha256) = blobs.get(label.as_str()) {
            *sha256
        } else {
            Sha256::of(files.bytes(label).unwrap_or_default())
        };
        inputs.push(Input { path: label.parse()?, sha256 });
    }
    for (label, text) in translated.inputs.access.iter().flat_map(crate::access::Access::blanked) {
        inputs.push(Input { path: label.parse()?, sha256: Sha256::of(text.as_bytes()) });
    }
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(inputs)
}

//! The format that Airlift's compiler writes and its executor reads: sets and bundles, format 1.
//!
//! # What is in a set
//!
//! One compile writes one *set*, a directory that travels on a stick:
//!
//! ```text
//! plan.json                        what was decided: site, serial, contract, inputs, nodes
//! set.json                         the plan id; size and digest of every other file
//! set.json.minisig                 an author's signature on set.json
//! approvals/<key id>.minisig       approvers' signatures on set.json
//! SHA256SUMS                       set.json and every file that it names, for sha256sum -c
//! nodes/<name>.tar.zst             one bundle for every node
//! nodes/<name>.tar.zst.minisig     an author's signature on it
//! blobs/sha256/<hex>               large payload, once per set …
//! blobs/sha256/<hex>.part/0000     … in chunks where FAT32 could not hold it in one piece
//! …                                documents for people and tools
//! ```
//!
//! Names tie these together, from the inside out. A node's plan has a digest ([`plan::NodePlan::digest`]), which
//! `plan.json` names. The digest of `plan.json` is the *plan id* ([`value::PlanId`]), which every bundle's manifest
//! names. `set.json` names the plan id and the digest of everything, and is what gets signed.
//!
//! # What is in a bundle
//!
//! One zstd frame around one tar archive. Its first entry, `manifest.json` ([`manifest::Manifest`]), says who the bundle
//! is for, what every other entry is, which blobs go with it, and what the node is to do ([`plan::NodePlan`]).
//!
//! # What format 1 promises
//!
//! 1. **One form.** Every JSON document is the bytes that [`json::to_canonical_json`] writes; the archive is the bytes
//!    that [`archive::write`] makes of manifest and contents: plain ustar, regular files and the directories above
//!    them, sorted, each name once, owner and group 0, time 0, few modes, zero padding, two zero blocks, nothing
//!    after. A reader rebuilds and compares; what differs is refused with its offset. Tar headers are never
//!    interpreted, so links, devices, PAX and GNU records, sparse files, absolute names and `..` are refused like any
//!    other wrong byte.
//! 2. **One frame.** No second frame, no skippable frame, no dictionary, no bytes after; content size and checksum are
//!    there; the window is at most 8 MiB, bundle and archive at most 64 MiB each ([`limits::Limits`]). Limits come
//!    before memory.
//! 3. **Verify before parse, on the same bytes.** [`set::SignedSet::open`] checks the signature on `set.json` before it
//!    reads a word of it; [`set::SignedSet::bundle`] lets through only bytes whose digest that `set.json` lists; only
//!    such [`set::VerifiedBytes`] become a [`set::VerifiedBundle`]. Whoever asks for that type gets it no other way.
//! 4. **Names survive.** FAT32 and exFAT keep every file of a set apart: characters out of `[A-Za-z0-9._/-]`, no names
//!    that differ only in case, no links ([`name`]).
//! 5. **Newer is refused.** The first field of each document is the format's version, and unknown fields are refused: an
//!    older reader never skips what a newer writer meant.
//! 6. **Stock tools agree.** `zstd -t`, `tar -t`, `sha256sum -c SHA256SUMS` and `minisign -Vm` accept what this crate
//!    accepts.
//!
//! All that is wrong is reported in one go where it can be ([`Problems`]); every refusal has a stable code, the thing
//! that it is about and a way out ([`Error`]).
//!
//! # From writing to reading
//!
//! ```
//! use airlift_bundle::archive;
//! use airlift_bundle::limits::Limits;
//! use airlift_bundle::manifest::{Contents, Manifest};
//! use airlift_bundle::gate::Stage;
//! use airlift_bundle::plan::{
//!     Action, Content, NodeIdentity, NodeKeys, NodePlan, Plan, PlannedNode, Role, StagePlan, Step, Tool,
//! };
//! use airlift_bundle::set::{SetFile, SetIndex};
//! use airlift_bundle::value::{Account, Format, Mode, Serial};
//!
//! use airlift_bundle::digest::Sha256;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The node's files …
//! let mut contents = Contents::new();
//! let k0s_yaml = b"apiVersion: k0s.k0sproject.io/v1beta1\n".to_vec();
//! let sha256 = Sha256::of(&k0s_yaml);
//! contents.add("k0s/k0s.yaml".parse()?, Mode::PLAIN, k0s_yaml)?;
//!
//! // … what it does with them …
//! let node = NodeIdentity { name: "m1".parse()?, role: Role::Leader, addresses: vec!["10.0.0.1".parse()?] };
//! let step = Step {
//!     id: "k0s-config".parse()?,
//!     title: "configuration of k0s".parse()?,
//!     action: Action::Place {
//!         target: "/etc/k0s/k0s.yaml".parse()?,
//!         content: Content::File { entry: "k0s/k0s.yaml".parse()?, sha256 },
//!         owner: Account::root(),
//!         group: Account::root(),
//!         mode: Mode::PRIVATE,
//!         label: None,
//!     },
//!     holds_until: None,
//! };
//! let node_plan = NodePlan {
//!     node: node.clone(),
//!     keep_dir: "/var/lib/airlift".parse()?,
//!     secrets: vec![],
//!     checks: vec![],
//!     stages: vec![StagePlan { stage: Stage::Prepare, steps: vec![step] }],
//!     looks: vec![],
//!     recoveries: vec![],
//!     left_out: None,
//! };
//!
//! // … and what the site does. Its bytes make the plan id.
//! let plan = Plan {
//!     format: Format,
//!     site: "acme".parse()?,
//!     serial: Serial::new(7)?,
//!     contract: "v4.1.5".parse()?,
//!     tool: Tool { name: "airlift".parse()?, version: "0.1.0".parse()? },
//!     inputs: vec![],
//!     nodes: vec![PlannedNode { node, keys: NodeKeys::default(), plan: node_plan.digest()? }],
//! };
//! let (plan_json, plan_id) = plan.to_json()?;
//!
//! // The node's bundle.
//! let manifest = Manifest {
//!     format: Format,
//!     plan_id,
//!     site: plan.site.clone(),
//!     serial: plan.serial,
//!     plan: node_plan,
//!     files: contents.entries(),
//!     blobs: vec![],
//! };
//! let bundle = archive::write(&manifest, &contents)?;
//!
//! // The set: sign the bytes of set.json, and each bundle.
//! let index = SetIndex::new(
//!     plan_id,
//!     vec![
//!         SetFile::of("plan.json".parse()?, &plan_json),
//!         SetFile::of(manifest.plan.node.name.bundle_path(), &bundle),
//!     ],
//! )?;
//! let set_json = index.to_json()?;
//! let sums = index.sha256sums(&set_json);
//! assert_eq!(sums.lines().count(), 3);
//!
//! // Reading gives back what was written, and refuses the change of a single byte.
//! let read = archive::read(&bundle, &Limits::FORMAT_1)?;
//! assert_eq!(*read.manifest(), manifest);
//! assert_eq!(read.content(&"k0s/k0s.yaml".parse()?), contents.get(&"k0s/k0s.yaml".parse()?));
//! let mut changed = bundle.clone();
//! changed[bundle.len() / 2] ^= 1;
//! assert!(archive::read(&changed, &Limits::FORMAT_1).is_err());
//! # Ok(()) }
//! ```
//!
//! A node doesn't call [`archive::read`] on what it is about to apply: it opens the set and takes the bundle from there,
//! see [`set`].
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

pub mod archive;
pub mod digest;
pub mod error;
pub mod files;
pub mod gate;
pub mod json;
pub mod limits;
pub mod manifest;
pub mod name;
pub mod plan;
pub mod sealed;
pub mod set;
pub mod signature;
pub mod signing;
pub mod trust;
pub mod value;

pub use error::{Error, Problems};

//! Compiles an MKE 3 site into signed, per-node bundles for MKE 4k.
//!
//! Data goes one way; each room hands typed values to the next, and nothing later reaches back:
//!
//! ```text
//! site directory ─► source ─► mke3, site ─► translate ─► document, ledger ─► compile ─► emit
//!                   (text     (typed        (rules by    (trees with        (plan,     (signatures,
//!                   with      inputs,       area, one    origins; k0s,      bundles,   a directory
//!                   places)   facts)        contract)    k0sctl, units)     set)       whole or not)
//! ```
//!
//! - [`source`] reads text with positions, [`diag`] says what is wrong with it, all of it in one run.
//! - [`mke3`] checks the TOML file against the catalogue of all known keys; [`site`] reads everything else.
//! - [`origin`] is the rule that holds it together: no value reaches a document without the inputs that it depends on.
//! - [`contract`] knows what each target release accepts and contains; [`translate`] gives every key its one fate.
//! - [`access`] does the same for accounts and rights, which MKE 3 keeps apart from its configuration.
//! - [`document`] holds the results, [`ledger`] the account of them, [`compile`] runs it all as a pure function.
//! - [`secrets`] makes, keeps and seals what nobody may see; a compile reads only what was sealed.
//! - [`blob`] looks at the large files that travel along, in one pass each.
//! - [`carry`] brings a set to a medium and proves that it arrived.
//! - [`emit`] signs and writes; [`ambient`] is the one place that may ask for the clock, the environment or randomness.
//! - [`rebuild`] compares a set with what the compiler makes of its site.
//! - [`cli`] is the command line, one file per verb.
//!
//! ```
//! use airlift::compile::{Inputs, Sources, Translated};
//! use airlift::contract::Use;
//! use airlift::diag::Findings;
//! use airlift::site::{Overrides, SiteFiles};
//! use std::collections::BTreeMap;
//!
//! let (files, overrides, allow) = (SiteFiles::new(), Overrides::new(), BTreeMap::new());
//! let sources = Sources { files: &files, overrides: &overrides, allow: &allow, allows: Use::Convert };
//! let mut findings = Findings::new();
//! let toml = b"[cluster_config]\n  calico_kdd = true\n  kubelet_max_pods = 150\n";
//! let inputs = Inputs::read_bare("mke3.toml", toml, &sources, &mut findings).expect("a readable file");
//! let translated = Translated::new(&inputs, &mut findings);
//! let pods = translated.translation.mke4.scalar("spec.kubelet.maxPods");
//! assert_eq!(pods.map(|leaf| leaf.scalar.text()).as_deref(), Some("150"));
//! ```

pub mod access;
pub mod ambient;
pub mod blob;
pub mod carry;
pub mod cli;
pub mod compile;
pub mod contract;
pub mod diag;
pub mod document;
pub mod emit;
pub mod ledger;
pub mod mke3;
pub mod origin;
pub mod rebuild;
pub mod secrets;
pub mod site;
pub mod source;
pub mod surroundings;
pub mod translate;

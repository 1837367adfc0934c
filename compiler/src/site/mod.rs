//! The site directory: from files to one inventory.
//!
//! [`SiteFiles::load`] takes a directory into memory; everything after it is pure. [`Site::read`] reads all inputs
//! and reports all problems of all files in one run:
//!
//! ```no_run
//! use airlift::diag::{Findings, render};
//! use airlift::site::{Flag, Overrides, Site, SiteFiles};
//!
//! let mut findings = Findings::new();
//! let mut files = SiteFiles::load("sites/prod".as_ref(), &mut findings);
//! let mut overrides = Overrides::new();
//! overrides.set(Flag::ExternalAddress, Some("mke.example.com"));
//! overrides.load(&mut files, &mut findings);
//! let site = Site::read(&files, &overrides, &mut findings);
//! for finding in findings.iter() {
//!     eprintln!("{}", render(finding, false));
//! }
//! for node in site.iter().flat_map(|site| &site.inventory.nodes) {
//!     println!("{} {} {}", node.name.value, node.role.value, node.private_address.value);
//! }
//! ```
//!
//! Texts become types in [`values`] and [`address`]; what reaches a document, a unit or a path has passed there.
//! Facts about nodes are merged by trust in [`inventory`]: survey, then nodes.json, then hosts.yaml. Nothing here
//! reads a clock: [`Site::expiry_findings`] gets the day from its caller.

pub mod address;
mod bare;
mod certs;
mod credentials;
mod facts;
mod files;
pub mod hosts;
mod identify;
pub mod init;
pub mod inventory;
mod keys;
mod known_hosts;
mod matching;
pub mod networks;
pub mod next;
pub mod nodes;
mod overrides;
pub mod rights;
mod rules;
pub mod settings;
pub mod survey;
pub mod values;
mod whole;

#[cfg(test)]
mod tests;

pub use certs::{CaFile, Certificate, expiry_findings};
pub use credentials::Credentials;
pub(crate) use credentials::password;
pub use files::{LIMIT, SiteFile, SiteFiles};
pub use inventory::{Inventory, NodeFacts, Ssh};
pub use keys::{AgeRecipient, SshHostKey, fingerprint};
pub use known_hosts::KnownHosts;
pub use overrides::{COMMAND_LINE, Flag, Overrides};
pub use settings::Settings;
pub use whole::{Parts, Registries, Site};

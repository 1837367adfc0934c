//! Accounts, organizations, teams, roles and grants: from MKE 3's own store to plain Kubernetes RBAC and Dex.
//!
//! ```text
//! access/*.json ──read──► Export ──translate──► Rights ──Writer──► objects ──► rbac/*.yaml
//! access/names.yaml, access/htpasswd, site.yaml ──► Options ─┘          └──► ledger, findings, rbac/report.json
//! ```
//!
//! Guaranteed, and tested over made-up organizations: two things never become one object; nobody gains a right in
//! Kubernetes that he did not have, but by an operator's word; the order of the export changes nothing; a second
//! translation of a translated cluster gives the same. Every account, organization, team, role, collection, grant and
//! binding has exactly one fate. A hash of a password is a named slot.
//!
//! What MKE 4k's dashboard makes of such objects is not published: labels stand in [`labels`], and the way of writing is
//! a [`writer::Writer`].

mod account;
pub mod answers;
mod bindings;
mod dex;
pub mod export;
mod guard;
pub mod hashes;
mod input;
pub mod labels;
pub mod mapping;
mod names;
mod nodes;
mod notes;
mod object;
mod people;
pub mod read;
pub mod report;
mod rights;
mod swarm;
#[cfg(test)]
mod tests;
mod translate;
pub mod writer;

pub use account::Account;
pub use input::Access;
pub use object::{Body, Object};
pub use rights::Rights;
pub use translate::{Around, BINDINGS, Options, PASSWORDS, REPORT, ROLES, Translation, translate};

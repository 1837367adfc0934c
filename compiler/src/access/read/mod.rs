//! From the files of `access/` to an [`Export`](super::Export).
//!
//! Each `*.json` file there is an object with some of these members; what several files have in common is put together:
//!
//! | member | answer of MKE 3 that it holds |
//! |---|---|
//! | `meta` | who was asked, and when |
//! | `accounts` | pages of `GET /accounts?filter=all` |
//! | `orgs.ID.teams`, `.members` | pages of `GET /accounts/ID/teams`, `…/members` |
//! | `orgs.ID.adminMemberSyncConfig` | the answer of that name |
//! | `orgs.ID.teamDetails.ID.members` | pages of `GET /accounts/ID/teams/ID/members` |
//! | `orgs.ID.teamDetails.ID.memberSyncConfig`, `.kaasRoleConfig` | the answers of these names |
//! | `roles`, `collections`, `collectionGrants` | the answers of these names; pages of the last |
//! | `kubernetes.namespaces`, `.clusterroles`, `.roles`, `.clusterrolebindings`, `.rolebindings` | kubectl's lists |
//! | `authConfig`, `ldapConfig` | `GET /enzi/v0/config/auth`, `…/ldap` |
//! | `publicKeys.ID` | pages of `GET /accounts/ID/publicKeys`, to count client bundles |
//!
//! Refused, with the place: what is no JSON or breaks off, pages of HTML and error replies in the place of answers,
//! lists whose pages don't end, counts that differ from what MKE 3 says, ids and names that stand twice. A member that
//! nothing reads is told once. Secrets give way to slots before anything else looks at the text.

mod accounts;
mod blank;
mod files;
mod kubernetes;
mod object;
mod swarm;
#[cfg(test)]
mod tests;

pub use files::{Read, read};
pub(super) use object::shown;

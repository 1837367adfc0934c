//! The rules, by part of the TOML file.
//!
//! Each area is a module with two lists: `RULES`, and `DECISIONS`, the names that its rules may ask for in
//! `decisions` of site.yaml.

pub mod auth;
pub mod backup;
pub mod cluster;
pub mod components;
pub mod flags;
pub mod ingress;
pub mod ldap;
mod names;
pub mod network;
pub mod oidc;
pub mod saml;
pub mod tables;

use super::Rule;

/// All areas, in the order in which they run.
pub const ALL: &[&[Rule]] = &[
    auth::RULES,
    oidc::RULES,
    saml::RULES,
    ldap::RULES,
    tables::RULES,
    backup::RULES,
    cluster::RULES,
    network::RULES,
    flags::RULES,
    components::RULES,
    ingress::RULES,
];

/// Every name that `decisions` of site.yaml may hold.
pub fn decision_keys() -> impl Iterator<Item = &'static str> {
    [
        auth::DECISIONS,
        oidc::DECISIONS,
        saml::DECISIONS,
        ldap::DECISIONS,
        tables::DECISIONS,
        backup::DECISIONS,
        cluster::DECISIONS,
        network::DECISIONS,
        flags::DECISIONS,
        components::DECISIONS,
        ingress::DECISIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

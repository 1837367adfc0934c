//! The rules, by part of the TOML file.

pub mod auth;

use super::Rule;

/// All areas.
pub const ALL: &[&[Rule]] = &[auth::RULES];

/// Every name that `decisions` of site.yaml may hold.
pub fn decision_keys() -> impl Iterator<Item = &'static str> {
    [auth::DECISIONS].into_iter().flatten().copied()
}

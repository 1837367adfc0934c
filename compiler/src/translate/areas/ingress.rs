//! `cluster_config.ingress_controller` and the gateway that follows it.

use crate::translate::Rule;

/// The rules.
pub const RULES: &[Rule] = &[];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[];

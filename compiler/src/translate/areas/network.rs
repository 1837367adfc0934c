//! `cluster_config`: network, Calico, kube-proxy.

use crate::translate::Rule;

/// The rules.
pub const RULES: &[Rule] = &[];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[];

//! The lists of custom flags, and kubelet profiles.

use crate::translate::Rule;

/// The rules.
pub const RULES: &[Rule] = &[];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[];

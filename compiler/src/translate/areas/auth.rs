//! `auth` without LDAP: who may log in, and how.

use crate::translate::Rule;

/// The rules.
pub const RULES: &[Rule] = &[];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[];

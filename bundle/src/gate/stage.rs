//! The stages of the migration: a node goes through them in this order, and waits at a gate before each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::plan::Role;

/// A run of steps between two gates. The order of the variants is the order on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Read-only prechecks; leaves no trace.
    Check,
    /// Everything that can be got ready while MKE 3 runs.
    Prepare,
    /// Managers: reconcilers paused, MKE 3's API stopped.
    Freeze,
    /// MKE 3's engine stopped, its state copied and set aside.
    Stop,
    /// k0s started, the node back under its old name.
    Start,
    /// Managers: RBAC in place, controllers that act on silence on again.
    Adopt,
    /// Leader: what follows the vendor's command, and the operator's acceptance.
    Settle,
    /// MKE 3 removed; no way back.
    Commit,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 8] = [
        Self::Check,
        Self::Prepare,
        Self::Freeze,
        Self::Stop,
        Self::Start,
        Self::Adopt,
        Self::Settle,
        Self::Commit,
    ];

    /// The word for it in documents, messages and on a command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Prepare => "prepare",
            Self::Freeze => "freeze",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Adopt => "adopt",
            Self::Settle => "settle",
            Self::Commit => "commit",
        }
    }

    /// Whether nodes of this role go through the stage.
    #[must_use]
    pub const fn is_for(self, role: Role) -> bool {
        match self {
            Self::Check | Self::Prepare | Self::Stop | Self::Start | Self::Commit => true,
            Self::Freeze | Self::Adopt => role.is_manager(),
            Self::Settle => matches!(role, Role::Leader),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or_else(|| {
            Error::value(
                "a stage",
                text,
                "is none of check, prepare, freeze, stop, start, adopt, settle, commit",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_one_name_everywhere() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse::<Stage>().unwrap(), stage);
            assert_eq!(serde_json::to_string(&stage).unwrap(), format!("\"{stage}\""));
        }
        assert!(Stage::ALL.is_sorted());
        assert!("Start".parse::<Stage>().is_err());
    }
}

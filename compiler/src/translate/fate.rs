//! What became of a key.

use serde::Serialize;
use std::fmt;

/// The one fate of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Same value under the same name.
    Copied,
    /// Same value under another name.
    Renamed,
    /// Another form of the same value: unit, enumeration, inversion.
    Converted,
    /// One value became several.
    Split,
    /// Several values became one, or this one decides about others.
    Merged,
    /// It left mke4.yaml for another document or object.
    Moved,
    /// At MKE 3's default, and nothing needs to be written.
    Default,
    /// Nothing takes it; the account says why.
    Dropped,
    /// Somebody must choose first.
    DecisionNeeded,
    /// The cluster can't be migrated with it.
    Blocked,
}

impl Fate {
    /// Whether an output must name the key as its origin.
    pub fn has_output(self) -> bool {
        matches!(
            self,
            Fate::Copied | Fate::Renamed | Fate::Converted | Fate::Split | Fate::Merged | Fate::Moved
        )
    }

    /// Whether no output may name the key as its origin.
    pub fn has_no_output(self) -> bool {
        matches!(self, Fate::Default | Fate::Dropped)
    }

    /// All of them.
    pub const ALL: [Fate; 10] = [
        Fate::Copied,
        Fate::Renamed,
        Fate::Converted,
        Fate::Split,
        Fate::Merged,
        Fate::Moved,
        Fate::Default,
        Fate::Dropped,
        Fate::DecisionNeeded,
        Fate::Blocked,
    ];
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Copied => "copied",
            Fate::Renamed => "renamed",
            Fate::Converted => "converted",
            Fate::Split => "split",
            Fate::Merged => "merged",
            Fate::Moved => "moved",
            Fate::Default => "default",
            Fate::Dropped => "dropped",
            Fate::DecisionNeeded => "decision-needed",
            Fate::Blocked => "blocked",
        })
    }
}

//! Steps: the smallest unit that is done and undone.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::script::{Script, ScriptUndo};
use crate::digest::Sha256;
use crate::gate::Stage;
use crate::name::{AbsPath, EntryName, text_type};
use crate::value::{Account, Mode};

/// One step of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name in journal and messages, once in a plan.
    pub id: StepId,
    /// What it does, for people.
    pub title: Line,
    /// What it does.
    pub action: Action,
    /// The last stage before which it is probed again; it must then still be in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_until: Option<Stage>,
}

text_type!(
    /// Name of a step, a check or a recovery: one lower-case RFC 1123 label, at most 63 characters.
    StepId,
    "a step's name",
    |text| {
        let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() || text.len() > 63 || !text.bytes().all(inner) {
            Err("is not 1 to 63 characters out of a-z 0-9 -")
        } else if text.starts_with('-') || text.ends_with('-') {
            Err("begins or ends with a hyphen")
        } else {
            Ok(())
        }
    }
);

text_type!(
    /// One line for people: 1 to 120 printable ASCII characters, no blank at either end.
    Line,
    "a line of text",
    |text| {
        if text.is_empty() || text.len() > 120 {
            Err("is empty or longer than 120 characters")
        } else if !text.bytes().all(|c| c.is_ascii_graphic() || c == b' ') || text.trim() != text {
            Err("has a character that is not printable ASCII, or a blank at an end")
        } else {
            Ok(())
        }
    }
);

text_type!(
    /// Name of a secret, which is the name of its slot in documents, such as `mke4/oidc-client-secret`: at most 100
    /// characters in components of `a-z 0-9 . -`.
    SecretName,
    "a secret's name",
    |text| {
        let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
        let component = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.bytes().all(inner) && !part.ends_with('.')
        };
        if text.len() <= 100 && text.split('/').all(component) {
            Ok(())
        } else {
            Err("is not at most 100 characters of a-z 0-9 . _ - in components divided by slashes")
        }
    }
);

impl SecretName {
    /// How the slot stands in a document.
    #[must_use]
    pub fn slot(&self) -> String {
        format!("airlift-secret({self})")
    }
}

text_type!(
    /// An SELinux label, `USER:ROLE:TYPE:LEVEL`.
    SelinuxLabel,
    "an SELinux label",
    |text| {
        let inner = |c: u8| c.is_ascii_alphanumeric() || b"_.,-:".contains(&c);
        let fields = text.split(':').count();
        if text.len() <= 255 && fields >= 4 && text.bytes().all(inner) && !text.split(':').take(3).any(str::is_empty) {
            Ok(())
        } else {
            Err("is not USER:ROLE:TYPE:LEVEL")
        }
    }
);

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Puts a file in place: written beside its target, flushed, renamed over it; what was there is kept. Missing
    /// directories above it are made, owned by root, mode 0755.
    #[serde(rename_all = "kebab-case")]
    Place {
        /// Where it goes.
        target: AbsPath,
        /// What it holds.
        content: Content,
        /// Its owner.
        owner: Account,
        /// Its group.
        group: Account,
        /// Its permission bits.
        mode: Mode,
        /// Its SELinux label; without one it gets what its directory's policy gives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<SelinuxLabel>,
    },
    /// Renames a file or directory to another name in the same directory. One that is not there is in effect already.
    #[serde(rename_all = "kebab-case")]
    SetAside {
        /// What is set aside.
        path: AbsPath,
        /// Its name meanwhile.
        aside: AbsPath,
    },
    /// Copies a file or a tree, with owners, modes, extended attributes and links, into the keep dir.
    #[serde(rename_all = "kebab-case")]
    Copy {
        /// What is copied.
        from: AbsPath,
        /// Its name below the keep dir's `copies`.
        name: EntryName,
    },
    /// Reboots the machine; done when the boot id has changed.
    Reboot {},
    /// Runs scripts.
    Script(Script),
}

/// What a placed file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// A file of the bundle, as it is.
    #[serde(rename_all = "kebab-case")]
    File {
        /// The entry.
        entry: EntryName,
        /// Its digest, as the manifest has it.
        sha256: Sha256,
    },
    /// A file of the bundle in which every slot of these secrets is replaced by the secret.
    #[serde(rename_all = "kebab-case")]
    Document {
        /// The entry.
        entry: EntryName,
        /// Its digest with slots, as the manifest has it.
        sha256: Sha256,
        /// The secrets whose slots it holds, sorted; at least one.
        secrets: Vec<SecretName>,
    },
    /// A secret alone.
    Secret(SecretName),
    /// A blob of the set.
    #[serde(rename_all = "kebab-case")]
    Blob {
        /// What the manifest calls it.
        name: EntryName,
        /// Its digest, as the manifest has it.
        sha256: Sha256,
    },
}

/// How well a step can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndoClass {
    /// Byte for byte as it was.
    Exact,
    /// Equivalent to what was there.
    Restores,
    /// Not at all; in `commit` only.
    None,
}

impl fmt::Display for Action {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place { target, content, owner, group, mode, label } => {
                write!(f, "place {target} {mode} {owner}:{group}")?;
                if let Some(label) = label {
                    write!(f, " {label}")?;
                }
                match content {
                    Content::File { entry, .. } => write!(f, " from {entry}"),
                    Content::Document { entry, secrets, .. } => {
                        write!(f, " from {entry} with secrets")?;
                        secrets.iter().try_for_each(|name| write!(f, " {name}"))
                    }
                    Content::Secret(name) => write!(f, " from secret {name}"),
                    Content::Blob { name, .. } => write!(f, " from blob {name}"),
                }
            }
            Self::SetAside { path, aside } => write!(f, "set aside {path} as {aside}"),
            Self::Copy { from, name } => write!(f, "copy {from} into the keep dir as {name}"),
            Self::Reboot {} => f.write_str("reboot"),
            Self::Script(script) => write!(f, "run {}", script.r#do.entry),
        }
    }
}

impl Step {
    /// How well the step can be taken back.
    #[must_use]
    pub const fn undo_class(&self) -> UndoClass {
        match &self.action {
            Action::Place { .. } | Action::SetAside { .. } | Action::Copy { .. } | Action::Reboot {} => {
                UndoClass::Exact
            }
            Action::Script(script) => match script.undo {
                ScriptUndo::Exact(_) => UndoClass::Exact,
                ScriptUndo::Restores(_) | ScriptUndo::InK0s(_) => UndoClass::Restores,
                ScriptUndo::None => UndoClass::None,
            },
        }
    }

    /// Whether what it does lives in k0s' own data, and goes with that.
    #[must_use]
    pub const fn is_in_k0s(&self) -> bool {
        matches!(&self.action, Action::Script(Script { undo: ScriptUndo::InK0s(_), .. }))
    }

    /// The script, if the step runs one.
    #[must_use]
    pub const fn script(&self) -> Option<&Script> {
        match &self.action {
            Action::Script(script) => Some(script),
            _ => None,
        }
    }
}

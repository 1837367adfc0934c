//! A generated file: its tree and its text form.
//!
//! Text comes from serializers alone. A value that its format can't hold makes [`Document::render`] fail; it never
//! becomes another key, directive or line.

use super::{Leaf, Scalar, Tree, systemd, yaml};
use std::sync::Arc;

/// A document of the set, with the origin of every scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What messages call it, for example `mke4.yaml` or `nodes/mgr1/etc/k0s/k0s.yaml`.
    pub label: String,
    /// Its text form.
    pub format: Format,
    /// Its content. Shared with the translation: of a large site it is large.
    pub tree: Arc<Tree>,
}

/// The text form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML that readers of 1.1 and 1.2 take alike.
    Yaml,
    /// TOML 1.0.
    Toml,
    /// A systemd unit or drop-in; the tree is what [`systemd::Unit`] builds.
    Unit,
    /// Text as it stands, PEM for example; the tree is one scalar.
    Text,
}

/// Why a tree has no text form. Each is a fault of Airlift: inputs are checked before they get into a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// TOML has no null, and its document is a table.
    #[error("TOML can't hold the value at `{0}`")]
    Toml(String),
    /// A unit of another shape, or with a line break or control character outside a command line.
    #[error("a systemd unit can't hold {0}")]
    Unit(String),
    /// A text of more than one scalar.
    #[error("a text is one scalar")]
    Text,
}

impl Document {
    /// A document.
    pub fn new(label: impl Into<String>, format: Format, tree: impl Into<Arc<Tree>>) -> Self {
        Self { label: label.into(), format, tree: tree.into() }
    }

    /// Its text, with a final newline. Secrets are slots.
    pub fn render(&self) -> Result<String, RenderError> {
        match self.format {
            Format::Yaml => Ok(yaml::to_string(&self.tree)),
            Format::Toml => match toml_value(&self.tree, &Default::default())? {
                toml::Value::Table(table) => Ok(table.to_string()),
                _ => Err(RenderError::Toml(String::new())),
            },
            Format::Unit => systemd::to_string(&self.tree),
            Format::Text => match self.tree.as_ref() {
                Tree::Leaf(leaf) => {
                    let text = leaf.scalar.text();
                    Ok(if text.ends_with('\n') { text } else { text + "\n" })
                }
                _ => Err(RenderError::Text),
            },
        }
    }
}

fn toml_value(tree: &Tree, at: &super::Path) -> Result<toml::Value, RenderError> {
    Ok(match tree {
        Tree::Map(members) => toml::Value::Table(
            members
                .iter()
                .map(|(key, tree)| Ok((key.clone(), toml_value(tree, &at.key(key))?)))
                .collect::<Result<_, RenderError>>()?,
        ),
        Tree::List(items) => toml::Value::Array(
            items
                .iter()
                .enumerate()
                .map(|(i, tree)| toml_value(tree, &at.index(i)))
                .collect::<Result<_, RenderError>>()?,
        ),
        Tree::Leaf(Leaf { scalar, .. }) => match scalar {
            Scalar::Null => return Err(RenderError::Toml(at.to_string())),
            Scalar::Bool(value) => toml::Value::Boolean(*value),
            Scalar::Int(value) => toml::Value::Integer(*value),
            Scalar::Str(_) | Scalar::Secret(_) => toml::Value::String(scalar.text()),
        },
    })
}

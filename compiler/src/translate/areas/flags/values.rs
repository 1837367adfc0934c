//! Values of flags in the types of the fields that take them.

use crate::document::{Scalar, Tree};
use crate::origin::{Origin, Tracked};

/// A whole number.
pub(in crate::translate::areas) fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| "it must be a whole number".to_owned())
}

/// A switch as Go's flag package reads it.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("it must be true or false".to_owned()),
    }
}

/// The parts of a list with commas.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// `name=value,…` as a map of texts, cut at the first of `separators`.
pub(super) fn pairs(text: &str, separators: &[char]) -> Result<Vec<(String, String)>, String> {
    let pair = |part: &str| match part.split_once(separators) {
        Some((name, value)) if !name.is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("`{part}` is no pair of a name and a value")),
    };
    parts(text).map(pair).collect()
}

/// A map of scalars with one origin.
pub(super) fn map(pairs: Vec<(String, Scalar)>, origin: &Origin) -> Tree {
    Tree::Map(pairs.into_iter().map(|(name, value)| (name, Tree::leaf(value, origin))).collect())
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Bool,
    /// A list of texts.
    List,
    /// `name=value` with commas; eviction thresholds may have `<` in place of `=`.
    Map,
    /// `name=true` with commas.
    Switches,
}

/// A flag's value as a field of this kind.
pub(super) fn typed(kind: Kind, value: &Tracked<String>) -> Result<Tree, String> {
    let (text, origin) = (value.value.as_str(), &value.origin);
    Ok(match kind {
        Kind::Text => Tree::leaf(text, origin),
        Kind::Int => Tree::leaf(number(text)?, origin),
        Kind::Bool => Tree::leaf(switch(text)?, origin),
        Kind::List => Tree::List(parts(text).map(|part| Tree::leaf(part, origin)).collect()),
        Kind::Map => {
            let pairs = pairs(text, &['<', '='])?;
            map(pairs.into_iter().map(|(name, value)| (name, Scalar::Str(value))).collect(), origin)
        }
        Kind::Switches => {
            let pairs = pairs(text, &['='])?.into_iter();
            let switches: Result<Vec<_>, String> =
                pairs.map(|(name, value)| Ok((name, Scalar::Bool(switch(&value)?)))).collect();
            map(switches?, origin)
        }
    })
}

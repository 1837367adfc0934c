//! Values of flags in the types of the fields that take them.

use super::super::network::fits_root_line;
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

/// `name=value,…` as a map of texts, cut at the first of `separators`. Of a name that stands twice the last value
/// holds, as in Kubernetes.
pub(super) fn pairs(text: &str, separators: &[char]) -> Result<Vec<(String, String)>, String> {
    let pair = |part: &str| match part.split_once(separators) {
        Some((name, value)) if !name.is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("`{part}` is no pair of a name and a value")),
    };
    let mut map: Vec<(String, String)> = Vec::new();
    for part in parts(text) {
        let (name, value) = pair(part)?;
        map.retain(|(other, _)| *other != name);
        map.push((name, value));
    }
    Ok(map)
}

/// Whether this is a range of ports, first and last.
fn is_port_range(text: &str) -> bool {
    let ports =
        text.split_once('-').and_then(|(a, b)| Some((a.parse::<u16>().ok()?, b.parse::<u16>().ok()?)));
    ports.is_some_and(|(first, last)| 0 < first && first <= last)
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
    /// `FIRST-LAST`.
    PortRange,
    /// A kubelet root that Calico's values can hold.
    Root,
}

/// A flag's value as a field of this kind.
pub(super) fn typed(kind: Kind, value: &Tracked<String>) -> Result<Tree, String> {
    let (text, origin) = (value.value.as_str(), &value.origin);
    Ok(match kind {
        Kind::Text => Tree::leaf(text, origin),
        Kind::Int => Tree::leaf(number(text)?, origin),
        Kind::Bool => Tree::leaf(switch(text)?, origin),
        Kind::PortRange if is_port_range(text) => Tree::leaf(text, origin),
        Kind::PortRange => return Err("it must be a range of ports such as 30000-32767".to_owned()),
        Kind::Root if fits_root_line(text) => Tree::leaf(text, origin),
        Kind::Root => {
            return Err(
                "a kubelet root of other than letters, digits and `/._-` can't stand in Calico's values"
                    .to_owned(),
            );
        }
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

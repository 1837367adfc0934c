//! A document as a tree. A scalar can't be put into it without an origin.

use super::path::{self, Path, Seg};
use crate::origin::{Origin, Tracked};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// A map, a list or a scalar. Maps are sorted by key, as the vendor prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Members by name.
    Map(BTreeMap<String, Tree>),
    /// Elements in order.
    List(Vec<Tree>),
    /// A scalar with its origin.
    Leaf(Leaf),
}

/// A scalar with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The value.
    pub scalar: Scalar,
    /// What it depends on.
    pub origin: Origin,
}

/// A scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// A switch.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Str(String),
    /// A named slot: the sealed value takes its place on the node, see [`slot`](Scalar::slot_text).
    Secret(String),
}

impl Scalar {
    /// What stands in the open document in place of the secret with this name.
    pub fn slot_text(name: &str) -> String {
        format!("airlift-secret({name})")
    }

    /// The scalar as plain text, for environment files, command lines and comparisons.
    pub fn text(&self) -> String {
        match self {
            Scalar::Null => String::new(),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::Str(value) => value.clone(),
            Scalar::Secret(name) => Self::slot_text(name),
        }
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Scalar {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u16> for Scalar {
    fn from(value: u16) -> Self {
        Self::Int(value.into())
    }
}
impl From<String> for Scalar {
    fn from(value: String) -> Self {
        Self::Str(value)
    }
}
impl From<&str> for Scalar {
    fn from(value: &str) -> Self {
        Self::Str(value.to_owned())
    }
}
impl From<&String> for Scalar {
    fn from(value: &String) -> Self {
        Self::Str(value.clone())
    }
}
impl<T: Into<Scalar>> From<Tracked<T>> for Tree {
    fn from(tracked: Tracked<T>) -> Self {
        Self::Leaf(Leaf { scalar: tracked.value.into(), origin: tracked.origin })
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::map()
    }
}

impl Tree {
    /// An empty map.
    pub fn map() -> Self {
        Self::Map(BTreeMap::new())
    }

    /// An empty list.
    pub fn list() -> Self {
        Self::List(Vec::new())
    }

    /// A scalar with an origin made elsewhere.
    pub fn leaf(scalar: impl Into<Scalar>, origin: &Origin) -> Self {
        Self::Leaf(Leaf { scalar: scalar.into(), origin: origin.clone() })
    }

    /// A list of tracked texts.
    pub fn strings(items: impl IntoIterator<Item = Tracked<String>>) -> Self {
        Self::List(items.into_iter().map(Tree::from).collect())
    }

    /// Adds an origin to every scalar in it: they exist only because of that.
    pub fn because(mut self, why: &Origin) -> Self {
        self.for_each_leaf(&mut |leaf| leaf.origin.join(why));
        self
    }

    fn for_each_leaf(&mut self, f: &mut impl FnMut(&mut Leaf)) {
        match self {
            Tree::Map(members) => members.values_mut().for_each(|t| t.for_each_leaf(f)),
            Tree::List(items) => items.iter_mut().for_each(|t| t.for_each_leaf(f)),
            Tree::Leaf(leaf) => f(leaf),
        }
    }

    /// What stands at a plain dotted path.
    pub fn get(&self, path: &str) -> Option<&Tree> {
        self.at(&Path::parse(path))
    }

    /// What stands at a path.
    pub fn at(&self, path: &Path) -> Option<&Tree> {
        path.0.iter().try_fold(self, |tree, seg| match (tree, seg) {
            (Tree::Map(members), Seg::Key(key)) => members.get(key),
            (Tree::List(items), Seg::Index(index)) => items.get(*index),
            _ => None,
        })
    }

    /// The scalar at a plain dotted path.
    pub fn scalar(&self, path: &str) -> Option<&Leaf> {
        match self.get(path)? {
            Tree::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// The tracked text of the scalar at a plain dotted path, where it is not empty.
    pub fn text(&self, path: &str) -> Option<Tracked<String>> {
        let leaf = self.scalar(path)?;
        let text = leaf.scalar.text();
        (!text.is_empty()).then(|| Tracked::with_origin(text, leaf.origin.clone()))
    }

    /// The tracked switch at a plain dotted path.
    pub fn switch(&self, path: &str) -> Option<Tracked<bool>> {
        match self.scalar(path)? {
            Leaf { scalar: Scalar::Bool(on), origin } => Some(Tracked::with_origin(*on, origin.clone())),
            _ => None,
        }
    }

    /// The place at a plain dotted path, made with maps on the way where it is absent. A scalar on the way is
    /// replaced; an index must exist or be the next one.
    pub fn entry(&mut self, path: &str) -> &mut Tree {
        let mut tree = self;
        for seg in Path::parse(path).0 {
            tree = match seg {
                Seg::Key(key) => tree.child(&key),
                Seg::Index(index) => {
                    if !matches!(tree, Tree::List(_)) {
                        *tree = Tree::list();
                    }
                    let Tree::List(items) = tree else { unreachable!("made a list above") };
                    while items.len() <= index {
                        items.push(Tree::map());
                    }
                    &mut items[index]
                }
            };
        }
        tree
    }

    /// The member of a map with any name, made where it is absent. A scalar or list here is replaced by a map.
    pub fn child(&mut self, key: &str) -> &mut Tree {
        if !matches!(self, Tree::Map(_)) {
            *self = Tree::map();
        }
        let Tree::Map(members) = self else { unreachable!("made a map above") };
        members.entry(key.to_owned()).or_default()
    }

    /// Puts a value at a plain dotted path.
    pub fn set(&mut self, path: &str, value: impl Into<Tree>) {
        *self.entry(path) = value.into();
    }

    /// Puts a value under a name that may hold any character, below a plain dotted path.
    pub fn set_key(&mut self, path: &str, key: &str, value: impl Into<Tree>) {
        *self.entry(path).child(key) = value.into();
    }

    /// Appends to the list at a plain dotted path.
    pub fn push(&mut self, path: &str, value: impl Into<Tree>) {
        let place = self.entry(path);
        if !matches!(place, Tree::List(_)) {
            *place = Tree::list();
        }
        if let Tree::List(items) = place {
            items.push(value.into());
        }
    }

    /// Takes away what stands at a plain dotted path whose last step is a member.
    pub fn remove(&mut self, path: &str) -> Option<Tree> {
        let mut path = Path::parse(path);
        let Some(Seg::Key(last)) = path.0.pop() else { return None };
        let mut tree = self;
        for seg in &path.0 {
            tree = match (tree, seg) {
                (Tree::Map(members), Seg::Key(key)) => members.get_mut(key)?,
                (Tree::List(items), Seg::Index(index)) => items.get_mut(*index)?,
                _ => return None,
            };
        }
        match tree {
            Tree::Map(members) => members.remove(&last),
            _ => None,
        }
    }

    /// The element of the list at `path` whose member `key` is the text `value`, for example the calico entry of
    /// `spec.network.providers`.
    pub fn select(&mut self, path: &str, key: &str, value: &str) -> Option<&mut Tree> {
        let Tree::List(items) = self.entry(path) else { return None };
        items.iter_mut().find(|item| {
            matches!(item.get(key), Some(Tree::Leaf(Leaf { scalar: Scalar::Str(text), .. })) if text == value)
        })
    }

    /// All scalars with their paths, in document order.
    pub fn leaves(&self) -> Vec<(Path, &Leaf)> {
        let mut found = Vec::new();
        self.collect(&Path::default(), &mut found);
        found
    }

    fn collect<'a>(&'a self, path: &Path, found: &mut Vec<(Path, &'a Leaf)>) {
        match self {
            Tree::Map(members) => members.iter().for_each(|(k, t)| t.collect(&path.key(k), found)),
            Tree::List(items) => items.iter().enumerate().for_each(|(i, t)| t.collect(&path.index(i), found)),
            Tree::Leaf(leaf) => found.push((path.clone(), leaf)),
        }
    }

    /// Calls `f` with every scalar in document order, each with its path after `start` as it is shown.
    pub fn for_each_scalar(&self, start: &str, f: &mut impl FnMut(&str, &Leaf)) {
        let mut path = start.to_owned();
        self.visit(&mut path, start.len(), f);
    }

    /// `path` is the one buffer in which all paths are written, the document's own ones from `start` on.
    fn visit(&self, path: &mut String, start: usize, f: &mut impl FnMut(&str, &Leaf)) {
        let end = path.len();
        let mut below = |step: &dyn Fn(&mut String) -> fmt::Result, tree: &Tree| {
            let written = step(path);
            debug_assert!(written.is_ok(), "a String takes every write");
            tree.visit(path, start, f);
            path.truncate(end);
        };
        match self {
            Tree::Map(members) => {
                for (key, tree) in members {
                    below(&|path| path::write_key(path, end == start, key), tree);
                }
            }
            Tree::List(items) => {
                for (i, tree) in items.iter().enumerate() {
                    below(&|path| write!(path, "[{i}]"), tree);
                }
            }
            Tree::Leaf(leaf) => f(path, leaf),
        }
    }

    /// All origins below, as one.
    pub fn origin(&self) -> Origin {
        let mut origin = Origin::default();
        self.for_each_scalar("", &mut |_, leaf| origin.join(&leaf.origin));
        origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Source;

    fn tracked(value: &str) -> Tracked<String> {
        Tracked::new(value.to_owned(), Source::new("f", value))
    }

    #[test]
    fn set_get_select_and_remove_meet_the_same_place() {
        let mut doc = Tree::map();
        doc.set("spec.list[0].name", tracked("a"));
        doc.set("spec.list[1].name", tracked("b"));
        doc.set_key("spec.labels", "x.y/z", tracked("c"));
        doc.select("spec.list", "name", "b").unwrap().set("on", tracked("d"));
        let shown: Vec<_> = doc.leaves().iter().map(|(p, l)| format!("{p}={}", l.scalar.text())).collect();
        assert_eq!(
            shown,
            ["spec.labels.\"x.y/z\"=c", "spec.list[0].name=a", "spec.list[1].name=b", "spec.list[1].on=d"]
        );
        let mut shown = Vec::new();
        doc.for_each_scalar("doc:", &mut |path, leaf| shown.push((path.to_owned(), leaf.clone())));
        let leaves = doc.leaves().into_iter().map(|(path, leaf)| (format!("doc:{path}"), leaf.clone()));
        assert_eq!(shown, leaves.collect::<Vec<_>>());
        assert!(doc.remove("spec.list[1].on").is_some());
        assert!(doc.get("spec.list[1].on").is_none());
    }
}

//! Which scalars of the documents depend on which value of the MKE 3 file.

use crate::document::Tree;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What documents say about the file. They can be looked at one by one, in any order, by several threads.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// Places of scalars, `LABEL:PATH`, by the path of the value that they depend on.
    places: BTreeMap<String, Vec<Arc<str>>>,
    /// Places of scalars without any origin.
    without_origin: Vec<String>,
}

impl Uses {
    /// Looks at a document. `file` is the label of the MKE 3 file.
    pub fn add(&mut self, file: &str, label: &str, tree: &Tree) {
        tree.for_each_scalar(&format!("{label}:"), &mut |place, leaf| {
            if leaf.origin.is_empty() {
                self.without_origin.push(place.to_owned());
            }
            let mut sources = leaf.origin.sources().filter(|source| *source.file == *file).peekable();
            if sources.peek().is_none() {
                return;
            }
            let place: Arc<str> = place.into();
            for source in sources {
                let there = match self.places.get_mut(&source.path) {
                    Some(there) => there,
                    None => self.places.entry(source.path.clone()).or_default(),
                };
                there.push(Arc::clone(&place));
            }
        });
    }

    /// What both know.
    pub fn merge(mut self, other: Self) -> Self {
        for (path, mut places) in other.places {
            self.places.entry(path).or_default().append(&mut places);
        }
        self.without_origin.extend(other.without_origin);
        self
    }

    /// The places of all scalars that depend on the value at `path`, or on an element of the list there.
    pub fn of(&self, path: &str) -> impl Iterator<Item = &str> {
        let below = self.places.range(path.to_owned()..).take_while(move |(key, _)| key.starts_with(path));
        let own = below.filter(move |(key, _)| matches!(key.as_bytes().get(path.len()), None | Some(b'[')));
        own.flat_map(|(_, places)| places.iter().map(|place| &**place))
    }

    /// Places of scalars without any origin.
    pub fn without_origin(&self) -> &[String] {
        &self.without_origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Source, Tracked};

    #[test]
    fn a_list_is_used_where_its_elements_are_and_a_longer_name_is_another_value() {
        let tracked = |path: &str| Tracked::new(String::new(), Source::new("f", path));
        let mut doc = Tree::map();
        for (i, path) in ["a.b", "a.b[1]", "a.bc", "a.b.c"].into_iter().enumerate() {
            doc.set(&format!("x{i}"), tracked(path));
        }
        let (mut uses, mut other) = (Uses::default(), Uses::default());
        uses.add("f", "doc", &doc);
        other.add("f", "nodes/n1", &doc);
        other.add("g", "other", &doc);
        let uses = uses.merge(other);
        let found = ["doc:x0", "nodes/n1:x0", "doc:x1", "nodes/n1:x1"];
        assert_eq!(uses.of("a.b").collect::<Vec<_>>(), found);
        assert_eq!(uses.of("a").count(), 0);
        assert!(uses.without_origin().is_empty());
        doc.set("x0", Tree::leaf(1_i64, &crate::origin::Origin::default()));
        let mut uses = Uses::default();
        uses.add("f", "doc", &doc);
        assert_eq!(uses.without_origin(), ["doc:x0"]);
    }
}

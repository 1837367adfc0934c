//! Paths into a document.

use std::fmt;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seg {
    /// A member of a map.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// A path into a document, shown as `spec.hosts[0].ssh.address`. A key with other characters than letters, digits,
/// `_`, `-` and `/` is shown in quotes: `metadata.labels."app.kubernetes.io/name"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Seg>);

impl Path {
    /// This path with one more member.
    pub fn key(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.0.push(Seg::Key(key.to_owned()));
        path
    }

    /// This path with one more element.
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.0.push(Seg::Index(index));
        path
    }

    /// Reads the plain dotted form that the code writes: `spec.network.providers[0].enabled`. Keys are what stands
    /// between the dots; a key with a dot in it can't be written this way.
    pub fn parse(text: &str) -> Self {
        let mut segs = Vec::new();
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let mut pieces = part.split('[');
            if let Some(key) = pieces.next().filter(|key| !key.is_empty()) {
                segs.push(Seg::Key(key.to_owned()));
            }
            segs.extend(pieces.filter_map(|p| p.trim_end_matches(']').parse().ok()).map(Seg::Index));
        }
        Self(segs)
    }
}

/// A key as a path shows it.
pub(super) fn write_key(out: &mut impl fmt::Write, is_first: bool, key: &str) -> fmt::Result {
    if !is_first {
        out.write_char('.')?;
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/');
    if !key.is_empty() && key.bytes().all(plain) { out.write_str(key) } else { write!(out, "{key:?}") }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, seg) in self.0.iter().enumerate() {
            match seg {
                Seg::Index(index) => write!(f, "[{index}]")?,
                Seg::Key(key) => write_key(f, i == 0, key)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn plain_paths_read_back_as_they_are_shown() {
        for text in ["spec", "spec.hosts[0].ssh.address", "a[1][2].b-c_d/e"] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
        assert_eq!(Path::parse("a").key("x.y").to_string(), "a.\"x.y\"");
    }
}

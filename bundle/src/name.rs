//! Names that can't be bad: whoever holds one needs no further check.
//!
//! Relative names ([`EntryName`], [`SetPath`]) consist of `[A-Za-z0-9._-]` components. Refused are empty
//! components, `.` and `..`, a component that begins with `-` (some command would take it for an option) or ends
//! with `.` (FAT drops it). [`collisions`] finds the names in a collection that a stick can't keep apart.

use std::collections::BTreeMap;

use crate::error::Error;

/// Declares a type that is a text which passed `$check`, and is the same text in JSON.
macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::error::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(text).map_err(|why| crate::error::Error::value($what, text, why))?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_type;

text_type!(
    /// Name of a file inside a bundle, relative, at most 100 bytes (what the name field of plain ustar holds) and at
    /// most 8 components (so that a small manifest can't make a huge tree of directories).
    EntryName,
    "an entry name",
    |text| {
        if text.len() > 100 {
            return Err("is longer than 100 bytes");
        }
        if text.split('/').count() > 8 {
            return Err("has more than 8 components");
        }
        relative(text)
    }
);

text_type!(
    /// Path of a file below the root of a set, relative, at most 1,000 bytes, at most 255 in each component (what
    /// FAT32, exFAT and Linux file systems hold).
    SetPath,
    "a path in a set",
    |text| if text.len() > 1000 { Err("is longer than 1000 bytes") } else { relative(text) }
);

text_type!(
    /// Name of a node as Kubernetes takes it: lower-case RFC 1123 labels joined by dots. At most 239 bytes, so that
    /// `NAME.tar.zst.minisig` is a file name everywhere.
    NodeName,
    "a node name",
    |text| {
        if text.len() > 239 {
            return Err("is longer than 239 characters");
        }
        text.split('.').try_for_each(label)
    }
);

text_type!(
    /// Name of a site: one lower-case RFC 1123 label, at most 63 bytes.
    SiteName,
    "a site name",
    label
);

text_type!(
    /// Absolute path of a file on a node, normalised: no empty component, no `.`, no `..`, no slash at its end.
    /// Characters are `[A-Za-z0-9._:@+-]`; the colon is there for directories such as `certs.d/registry:5000`.
    AbsPath,
    "an absolute path",
    |text| {
        let Some(below_root) = text.strip_prefix('/') else { return Err("does not begin with a slash") };
        if text.len() > 4095 {
            return Err("is longer than 4095 bytes");
        }
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._:@+-".contains(&c);
        components(below_root, allowed, "has a character outside A-Z a-z 0-9 . _ : @ + - /")
    }
);

impl NodeName {
    /// Where this node's bundle lies in a set: `nodes/NAME.tar.zst`.
    #[must_use]
    pub fn bundle_path(&self) -> SetPath {
        SetPath(format!("nodes/{}.tar.zst", self.0))
    }
}

impl SetPath {
    /// Where the signature of this file lies: the same path with `.minisig` after it.
    #[must_use]
    pub fn signature_path(&self) -> String {
        format!("{}.minisig", self.0)
    }

    /// The node whose bundle this is, if it is one.
    #[must_use]
    pub fn bundle_node(&self) -> Option<NodeName> {
        self.0.strip_prefix("nodes/")?.strip_suffix(".tar.zst")?.parse().ok()
    }
}

impl AbsPath {
    /// The directories above this path, from the nearest to the one below `/`.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        ancestors(&self.0)
    }
}

/// The proper prefixes of `path` that end before a slash, longest first, without the empty one.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').filter_map(|(at, _)| path.get(..at)).filter(|prefix| !prefix.is_empty())
}

fn relative(text: &str) -> Result<(), &'static str> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    components(text, allowed, "has a character outside A-Z a-z 0-9 . _ - /")?;
    for component in text.split('/') {
        if component.starts_with('-') {
            return Err("has a component that begins with a hyphen");
        }
        if component.ends_with('.') {
            return Err("has a component that ends with a dot");
        }
    }
    Ok(())
}

fn components(text: &str, allowed: fn(u8) -> bool, otherwise: &'static str) -> Result<(), &'static str> {
    for component in text.split('/') {
        match component {
            "" => return Err("has an empty component: a slash at an end, or two in a row"),
            "." | ".." => return Err("has a component . or .."),
            long if long.len() > 255 => return Err("has a component of more than 255 bytes"),
            _ => {}
        }
        if !component.bytes().all(allowed) {
            return Err(otherwise);
        }
    }
    Ok(())
}

fn label(text: &str) -> Result<(), &'static str> {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    match text.len() {
        0 => Err("has an empty label"),
        64.. => Err("has a label of more than 63 characters"),
        _ if !text.bytes().all(inner) => Err("has a character outside a-z 0-9 - ."),
        _ if text.starts_with('-') || text.ends_with('-') => {
            Err("has a label that begins or ends with a hyphen")
        }
        _ => Ok(()),
    }
}

/// All the pairs of relative names that can't lie in one directory tree on FAT32 or exFAT: the same name twice,
/// names (or directories above them) that differ only in case, and a name that is also a directory of another.
pub fn collisions<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Error> {
    #[derive(PartialEq)]
    enum Kind {
        File,
        Directory,
    }
    let mut seen: BTreeMap<String, (&str, Kind)> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        let places = ancestors(name).map(|a| (a, Kind::Directory)).chain([(name, Kind::File)]);
        for (place, kind) in places {
            match seen.get(&place.to_ascii_lowercase()) {
                Some((other, _)) if *other != place => {
                    found.push(Error::CaseCollision { first: (*other).to_owned(), second: place.to_owned() })
                }
                Some((_, other)) if *other != kind => {
                    found.push(Error::FileAndDirectory { name: place.to_owned() });
                }
                Some(_) if kind == Kind::File => found.push(Error::Twice { name: name.to_owned() }),
                Some(_) => {}
                None => {
                    seen.insert(place.to_ascii_lowercase(), (place, kind));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::str::FromStr;

    use super::*;

    fn refused<T: FromStr<Err = Error> + fmt::Debug>(bad: &[&str]) {
        for text in bad {
            assert_eq!(text.parse::<T>().unwrap_err().code(), "AB001", "{text:?} was accepted");
        }
    }

    #[test]
    fn an_entry_name_can_not_leave_the_directory_it_is_unpacked_in() {
        refused::<EntryName>(&[
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "-rf", "a/-x", "a.",
            "a./b", "a b", "a\\b", "a\0b", "ä", "a:b", "a\n",
        ]);
        refused::<EntryName>(&[&"a".repeat(101), "1/2/3/4/5/6/7/8/9"]);
        for good in ["a", "a/b.c", ".hidden", "..a", "k0s/k0s.yaml", &"a".repeat(100)] {
            assert_eq!(good.parse::<EntryName>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_node_name_is_a_kubernetes_name_and_a_file_name() {
        refused::<NodeName>(&["", "A", "a_b", "-a", "a-", "a..b", ".a", "a.", "a/b", &"a".repeat(64)]);
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(47));
        let name: NodeName = longest.parse().unwrap();
        assert_eq!(name.bundle_path().signature_path().len(), "nodes/".len() + 255);
        refused::<NodeName>(&[&format!("{longest}b")]);
        assert!(name.bundle_path().as_str().parse::<SetPath>().is_ok());
        assert_eq!(name.bundle_path().bundle_node(), Some(name));
    }

    #[test]
    fn an_absolute_path_is_normalised() {
        refused::<AbsPath>(&[
            "", "/", "a", "//a", "/a/", "/a/../b", "/./a", "/a b", "/a\\x2d", "/a$b", "/a*",
        ]);
        let path: AbsPath = "/etc/containerd/certs.d/registry.example.com:5000/hosts.toml".parse().unwrap();
        assert_eq!(path.ancestors().last(), Some("/etc"));
    }

    #[test]
    fn a_site_name_is_one_label() {
        refused::<SiteName>(&["", "a.b", "A", "a_b", "-a", &"a".repeat(64)]);
        assert!("acme-1".parse::<SiteName>().is_ok());
    }

    #[test]
    fn names_that_a_stick_can_not_keep_apart_are_all_found() {
        let codes = |names: &[&str]| -> Vec<_> {
            collisions(names.iter().copied()).iter().map(Error::code).collect()
        };
        assert_eq!(codes(&["a", "b/c", "b/d", "c"]), Vec::<&str>::new());
        assert_eq!(codes(&["a", "A"]), ["AB007"]);
        assert_eq!(codes(&["x/a", "X/b"]), ["AB007"]);
        assert_eq!(codes(&["a", "a"]), ["AB006"]);
        assert_eq!(codes(&["a", "a/b"]), ["AB008"]);
        assert_eq!(codes(&["a/b", "a"]), ["AB008"]);
        assert_eq!(codes(&["a", "A", "b", "b"]), ["AB007", "AB006"]);
    }
}

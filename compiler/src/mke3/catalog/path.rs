//! The dotted form of a place in the file: `registries[0].ca_bundle`, `a."b.c".value`, and with `[]` a pattern.

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A member of a table.
    Name(String),
    /// An element of a list.
    Index(usize),
    /// `[]` of a pattern: any element.
    Any,
}

/// Takes a path apart. `None` where it isn't one.
pub(crate) fn segments(path: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut rest = path;
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                (name.to_owned(), after)
            }
        };
        if name.is_empty() && !rest.starts_with('"') {
            return None;
        }
        segments.push(Segment::Name(name));
        rest = after;
        while let Some(index) = rest.strip_prefix('[') {
            let (number, after) = index.split_once(']')?;
            segments.push(match number {
                "" => Segment::Any,
                digits => Segment::Index(digits.parse().ok()?),
            });
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(next) => rest = next,
            None => return rest.is_empty().then_some(segments),
        }
    }
}

/// The text up to the closing quote, and what follows that.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, quoted.get(at + 1..)?)),
            '\\' => name.push(chars.next()?.1),
            c => name.push(c),
        }
    }
    None
}

/// A name as a path shows it: bare where TOML allows that, quoted elsewhere.
pub(crate) fn quote(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (!name.is_empty() && name.chars().all(bare)) || name == "<name>" {
        return name.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in name.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// The name that [`quote`] was given.
pub(crate) fn unquote_name(quoted: &str) -> String {
    match quoted.strip_prefix('"').and_then(unquote) {
        Some((name, _)) => name,
        None => quoted.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_comes_apart_at_dots_and_brackets_outside_quotes() {
        let name = |s: &str| Segment::Name(s.to_owned());
        let cases = [
            ("a", Some(vec![name("a")])),
            ("a.b[3].c", Some(vec![name("a"), name("b"), Segment::Index(3), name("c")])),
            ("a[].b", Some(vec![name("a"), Segment::Any, name("b")])),
            (r#"a."b.c".d"#, Some(vec![name("a"), name("b.c"), name("d")])),
            ("", None),
            ("a..b", None),
            ("a[x]", None),
            ("a[1", None),
            (r#"a."b"#, None),
        ];
        for (path, want) in cases {
            assert_eq!(segments(path), want, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_name_survives_quoting(name in "\\PC*") {
            prop_assert_eq!(segments(&quote(&name)), Some(vec![Segment::Name(name)]));
        }
    }
}

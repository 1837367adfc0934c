//! systemd units and drop-ins: a tree of sections and lines, and its text.
//!
//! A setting is either one value, taken as it stands, or a command line of words, each of which reaches the program
//! exactly as given. Specifiers (`%`), variables (`$`), quotes and backslashes lose their meaning in the text. A
//! line break can't get into the text: in a word it is escaped, elsewhere it is refused.

use super::file::RenderError;
use super::{Leaf, Tree};
use crate::origin::{Origin, Tracked};

/// Builds the tree of a unit. Names of sections and settings are constants of the code.
#[derive(Debug)]
pub struct Unit {
    constant: Origin,
    sections: Vec<Tree>,
}

impl Unit {
    /// An empty unit; `constant` is the origin of what the code writes.
    pub fn new(constant: Origin) -> Self {
        Self { constant, sections: Vec::new() }
    }

    /// Begins a section.
    pub fn section(mut self, name: &str) -> Self {
        let mut section = Tree::map();
        section.set("section", Tree::leaf(name, &self.constant));
        section.set("lines", Tree::list());
        self.sections.push(section);
        self
    }

    /// A setting with a constant value.
    pub fn set(self, key: &str, value: &str) -> Self {
        let value = Tree::leaf(value, &self.constant);
        self.line(key, value)
    }

    /// A setting that is a command line.
    pub fn command(self, key: &str, words: impl IntoIterator<Item = Tracked<String>>) -> Self {
        self.line(key, Tree::strings(words))
    }

    /// An empty line.
    pub fn blank(mut self) -> Self {
        if let Some(section) = self.sections.last_mut() {
            section.push("lines", Tree::map());
        }
        self
    }

    /// The tree.
    pub fn build(self) -> Tree {
        Tree::List(self.sections)
    }

    fn line(mut self, key: &str, value: Tree) -> Self {
        let mut line = Tree::map();
        line.set("key", Tree::leaf(key, &self.constant));
        line.set("value", value);
        if let Some(section) = self.sections.last_mut() {
            section.push("lines", line);
        }
        self
    }
}

/// The text of a tree that [`Unit`] built.
pub(super) fn to_string(tree: &Tree) -> Result<String, RenderError> {
    let mut text = String::new();
    for section in list(tree, "a unit that is no list of sections")? {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("[{}]\n", name(section, "section")?));
        for line in list(section.get("lines").unwrap_or(section), "a section without lines")? {
            if *line != Tree::map() {
                let value = match line.get("value") {
                    Some(Tree::List(words)) => {
                        words.iter().map(word).collect::<Result<Vec<_>, _>>()?.join(" ")
                    }
                    Some(Tree::Leaf(leaf)) => value(leaf)?,
                    _ => return Err(RenderError::Unit("a setting without a value".into())),
                };
                text.push_str(&format!("{}={value}", name(line, "key")?));
            }
            text.push('\n');
        }
    }
    Ok(text)
}

fn list<'a>(tree: &'a Tree, otherwise: &str) -> Result<&'a [Tree], RenderError> {
    match tree {
        Tree::List(items) => Ok(items),
        _ => Err(RenderError::Unit(otherwise.into())),
    }
}

fn name(tree: &Tree, key: &str) -> Result<String, RenderError> {
    match tree.scalar(key).map(|leaf| leaf.scalar.text()) {
        Some(name) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()) => Ok(name),
        other => Err(RenderError::Unit(format!("{other:?} as the name of a {key}"))),
    }
}

/// A setting's value: specifiers are disarmed; a backslash at the end would join the next line to it.
fn value(leaf: &Leaf) -> Result<String, RenderError> {
    let text = leaf.scalar.text();
    if text.chars().any(char::is_control) || text.ends_with('\\') {
        return Err(RenderError::Unit(format!("{text:?} as a value")));
    }
    Ok(text.replace('%', "%%"))
}

/// A word of a command line. systemd undoes `\xHH` in words whether quoted or not; k0s writes blanks this way too.
fn word(tree: &Tree) -> Result<String, RenderError> {
    let Tree::Leaf(leaf) = tree else { return Err(RenderError::Unit("a word that is no scalar".into())) };
    let mut out = String::new();
    for c in leaf.scalar.text().chars() {
        match c {
            '\0' => return Err(RenderError::Unit("a NUL".into())),
            '%' => out.push_str("%%"),
            '$' => out.push_str("$$"),
            ' ' | '"' | '\'' | '\\' | ';' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| out.push_str(&format!("\\x{b:02x}")));
            }
            c => out.push(c),
        }
    }
    if out.is_empty() {
        out.push_str("\"\"");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(value: &str, words: &[&str]) -> Result<String, RenderError> {
        let origin = Origin::contract("t");
        let words = words.iter().map(|w| Tracked::with_origin((*w).to_owned(), origin.clone()));
        to_string(&Unit::new(origin.clone()).section("A").set("K", value).command("E", words).build())
    }

    #[test]
    fn words_and_values_lose_every_special_meaning() {
        assert_eq!(
            unit("%n $x", &["/bin/k", "a b", "%i", "$HOME", "\"'\\", ";", "", "é\n\u{85}"]).unwrap(),
            "[A]\nK=%%n $x\nE=/bin/k a\\x20b %%i $$HOME \\x22\\x27\\x5c \\x3b \"\" é\\x0a\\xc2\\x85\n"
        );
    }

    #[test]
    fn what_a_unit_cannot_hold_is_refused() {
        for value in ["a\nb", "a\rb", "a\tb", "a\u{85}b", "a\0b", "a\\"] {
            assert!(unit(value, &["x"]).is_err(), "{value:?}");
        }
        assert!(unit("a", &["\0"]).is_err());
        assert!(to_string(&Unit::new(Origin::contract("t")).section("A]\n[B").build()).is_err());
        assert!(
            to_string(&Unit::new(Origin::contract("t")).section("A").set("K=1\nL", "x").build()).is_err()
        );
    }
}

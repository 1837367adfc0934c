//! A document as YAML that readers of YAML 1.1 and 1.2 take alike.
//!
//! Only text that no reader could take for anything else stays plain; everything else is quoted, keys too. Text of
//! several lines is a literal block where a block can hold it exactly, else a quoted scalar.

use super::{Scalar, Tree};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_saphyr::{DoubleQuoted, LitStr, SingleQuoted};

/// The document as text, with a final newline and without a document marker.
pub fn to_string(tree: &Tree) -> String {
    let options =
        serde_saphyr::ser_options! { indent_step: 2, compact_list_indent: true, prefer_block_scalars: false };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, tree, options)
        .expect("a tree holds only maps, lists and scalars with text keys, and a String takes every write");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tree::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(&Text(key, true), value)?;
                }
                map.end()
            }
            Tree::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Tree::Leaf(leaf) => match &leaf.scalar {
                Scalar::Null => serializer.serialize_unit(),
                Scalar::Bool(value) => serializer.serialize_bool(*value),
                Scalar::Int(value) => serializer.serialize_i64(*value),
                Scalar::Str(text) => Text(text, false).serialize(serializer),
                Scalar::Secret(name) => Text(&Scalar::slot_text(name), false).serialize(serializer),
            },
        }
    }
}

/// Text and whether it is a key.
struct Text<'a>(&'a str, bool);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(text, is_key) = *self;
        if is_plain(text) {
            serializer.serialize_str(text)
        } else if !is_key && is_block(text) {
            LitStr(text).serialize(serializer)
        } else if text.chars().all(is_printable) && !text.contains(['\'', '\\']) {
            SingleQuoted(text).serialize(serializer)
        } else {
            DoubleQuoted(text).serialize(serializer)
        }
    }
}

/// Words that some reader takes for a switch, nothing, or a number.
const WORDS: [&str; 12] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan", "none"];

/// Starts with a letter or `/`, holds only letters, digits and `_ . / -`, and is no word of [`WORDS`].
pub(crate) fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-'))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Several lines, each of printable characters, none blank at its end, the first not indented, ending in one newline.
fn is_block(text: &str) -> bool {
    let Some(body) = text.strip_suffix('\n') else { return false };
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| line.chars().all(is_printable) && !line.ends_with(' '))
        && !body.contains('\r')
}

/// Characters that YAML 1.1 and 1.2 take as they are, without line breaks of any kind.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Scalar;
    use crate::origin::Origin;

    #[test]
    fn a_document_looks_as_the_vendor_prints_it() {
        let origin = Origin::contract("t");
        let mut doc = Tree::map();
        doc.set("kind", Tree::leaf("MkeConfig", &origin));
        doc.set("spec.on", Tree::leaf(true, &origin));
        doc.set("spec.empty", Tree::map());
        doc.set("spec.none", Tree::list());
        doc.set("spec.hosts[0].role", Tree::leaf("worker", &origin));
        doc.set("spec.hosts[0].port", Tree::leaf(22_i64, &origin));
        doc.set("spec.switchlike", Tree::leaf("yes", &origin));
        doc.set("spec.pem", Tree::leaf("-----BEGIN\nab cd\n-----END\n", &origin));
        doc.set("spec.tabbed", Tree::leaf("a\tb\n", &origin));
        doc.set("spec.pw", Tree::leaf(Scalar::Secret("x".into()), &origin));
        doc.set_key("spec.keys", "1514", Tree::leaf("a: b", &origin));
        insta::assert_snapshot!(to_string(&doc), @r#"
kind: MkeConfig
spec:
  empty: {}
  hosts:
  - port: 22
    role: worker
  keys:
    "1514": 'a: b'
  none: []
  "on": true
  pem: |
    -----BEGIN
    ab cd
    -----END
  pw: 'airlift-secret(x)'
  switchlike: 'yes'
  tabbed: "a\tb\n"
"#);
    }
}

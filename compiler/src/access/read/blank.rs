//! The same text without its secrets, as for mke3.toml: values under names that sound secret give way to slots before
//! anything else looks at the text. MKE never sends the LDAP reader's password; what is not expected is hidden all the
//! same, also in a text that breaks off.

use crate::diag::Findings;
use crate::mke3::looks_secret;
use crate::source::{File, Node, Value, json};
use std::ops::Range;

/// A file without its secrets, and its tree where it has one.
pub(super) struct Blanked {
    pub(super) file: File,
    pub(super) tree: Option<Node>,
}

/// Takes the secrets out and reads what is left.
pub(super) fn blank(file: &File, findings: &mut Findings) -> Blanked {
    let Some(tree) = json::parse(file, &mut Findings::new()) else {
        // The message shows a line of the text.
        let file = File::new(file.label(), mask(file.text()));
        let tree = json::parse(&file, findings);
        return Blanked { file, tree };
    };
    let mut edits = Vec::new();
    search(&tree, "", &mut edits);
    if edits.is_empty() {
        return Blanked { file: file.clone(), tree: Some(tree) };
    }
    let mut text = String::with_capacity(file.text().len());
    let mut from = 0;
    for (span, slot) in edits {
        text.push_str(file.text().get(from..span.start).unwrap_or_default());
        text.push_str(&format!("\"{slot}\""));
        from = span.end;
    }
    text.push_str(file.text().get(from..).unwrap_or_default());
    let file = File::new(file.label(), text);
    let tree = json::parse(&file, findings);
    Blanked { file, tree }
}

fn search(node: &Node, path: &str, edits: &mut Vec<(Range<usize>, String)>) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                match &entry.node.value {
                    Value::Str(text) if looks_secret(&entry.key) && !text.is_empty() => {
                        let slot = format!("airlift-secret(access{path}/{})", plain(&entry.key));
                        if *text != slot {
                            edits.push((entry.node.span.clone(), slot));
                        }
                    }
                    Value::Map(_) | Value::List(_) => {
                        search(&entry.node, &format!("{path}/{}", plain(&entry.key)), edits);
                    }
                    _ => {}
                }
            }
        }
        Value::List(items) => {
            items.iter().enumerate().for_each(|(i, item)| search(item, &format!("{path}/{i}"), edits));
        }
        _ => {}
    }
}

/// A key as a part of a slot's name.
fn plain(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

/// A text that is no JSON with stars in the place of what seems secret; every offset stays.
fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut hide = false;
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        let (before, quoted) = rest.split_at(open + 1);
        masked.push_str(before);
        let mut escaped = false;
        let end = quoted.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (content, after) = quoted.split_at(end.unwrap_or(quoted.len()));
        let is_key = after.trim_start_matches('"').trim_start().starts_with(':');
        if hide && !is_key {
            masked.push_str(&"*".repeat(content.len()));
        } else {
            masked.push_str(content);
        }
        hide = is_key && looks_secret(content);
        // The closing quote, unless the text breaks off before it.
        let (close, next) = after.split_at(usize::from(!after.is_empty()));
        masked.push_str(close);
        rest = next;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_leave_the_text_and_blanking_twice_changes_nothing() {
        let text = r#"{"ldapConfig": {"readerPassword": "hunter2", "readerDN": "cn=r"}, "x": [{"token": "t0p"}], "roles": [{"operations": {"Secret": {"Secret View": []}}}]}"#;
        let once = blank(&File::new("access/export.json", text), &mut Findings::new());
        assert!(!once.file.text().contains("hunter2") && !once.file.text().contains("t0p"));
        assert!(once.file.text().contains("airlift-secret(access/ldapconfig/readerpassword)"));
        assert!(once.file.text().contains("cn=r") && once.tree.is_some());
        let twice = blank(&once.file, &mut Findings::new());
        assert_eq!(once.file.text(), twice.file.text());
    }

    #[test]
    fn a_text_that_breaks_off_shows_no_password() {
        for text in [
            r#"{"readerPassword": "hunt\"er2", "readerDN": "cn=r", "#,
            r#"{"readerDN": "cn=r", "readerPassword": "hunt\"er2"#,
        ] {
            let mut findings = Findings::new();
            let blanked = blank(&File::new("access/export.json", text), &mut findings);
            assert!(blanked.tree.is_none() && findings.stop());
            assert_eq!(blanked.file.text().len(), text.len());
            assert!(!blanked.file.text().contains("er2") && blanked.file.text().contains("cn=r"));
        }
    }
}

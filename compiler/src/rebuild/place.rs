//! Where in a document a difference lies: the path of a value, or the entry of a bundle.

use crate::diag::Findings;
use crate::source::{File, Node, Value, json, yaml};
use airlift_bundle::archive::{self, Bundle};
use airlift_bundle::limits::Limits;

/// The first value that differs between two forms of a file, where its kind has values and both can be read.
pub(super) fn first(path: &str, there: &[u8], made: &[u8]) -> Option<String> {
    if path.ends_with(".tar.zst") {
        return in_bundles(there, made);
    }
    let read = |bytes: &[u8]| -> Option<Node> {
        let file = File::new(path, std::str::from_utf8(bytes).ok()?);
        let mut findings = Findings::new();
        let node = match path.rsplit('.').next() {
            Some("json") => json::parse(&file, &mut findings),
            Some("yaml") => yaml::parse(&file, &mut findings),
            _ => None,
        };
        node.filter(|_| !findings.stop())
    };
    let path = in_nodes(&read(there)?, &read(made)?, String::new())?;
    Some(if path.is_empty() { "its root".to_owned() } else { format!("`{path}`") })
}

fn in_nodes(a: &Node, b: &Node, path: String) -> Option<String> {
    match (&a.value, &b.value) {
        (Value::Map(x), Value::Map(y)) => {
            for (x, y) in x.iter().zip(y) {
                let below = if path.is_empty() { x.key.clone() } else { format!("{path}.{}", x.key) };
                if x.key != y.key {
                    return Some(below);
                }
                if let Some(found) = in_nodes(&x.node, &y.node, below) {
                    return Some(found);
                }
            }
            (x.len() != y.len()).then_some(path)
        }
        (Value::List(x), Value::List(y)) => {
            let mut pairs = x.iter().zip(y).enumerate();
            let found = pairs.find_map(|(i, (x, y))| in_nodes(x, y, format!("{path}[{i}]")));
            found.or_else(|| (x.len() != y.len()).then_some(path))
        }
        (x, y) => (x != y).then_some(path),
    }
}

fn in_bundles(there: &[u8], made: &[u8]) -> Option<String> {
    let read = |bytes: &[u8]| archive::read(bytes, &Limits::FORMAT_1).ok();
    let (there, made): (Bundle, Bundle) = (read(there)?, read(made)?);
    for (file, content) in made.files() {
        if there.content(&file.path) != Some(content) {
            return Some(format!("its entry {}", file.path));
        }
    }
    let place = first("manifest.json", there.manifest_json(), made.manifest_json())?;
    Some(format!("its entry manifest.json, {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_named_by_its_path() {
        let find = |a: &str, b: &str| first("x.yaml", a.as_bytes(), b.as_bytes());
        let good = "spec:\n  hosts:\n  - name: a\n  - name: b\n  on: true\n";
        for (bad, expected) in [
            (good.replace("name: b", "name: c"), Some("`spec.hosts[1].name`")),
            (good.replace("on: true", "on: false"), Some("`spec.on`")),
            (good.replace("  - name: b\n", ""), Some("`spec.hosts`")),
            (good.replace("spec", "spek"), Some("`spek`")),
            (good.replace("  on", "   on"), None),
            (good.replace("true", "true "), None),
        ] {
            assert_eq!(find(&bad, good).as_deref(), expected, "{bad}");
        }
        assert_eq!(first("x.json", b"{\"a\": [1]}", b"{\"a\": [2]}").as_deref(), Some("`a[0]`"));
        assert_eq!(first("x.json", b"1", b"2").as_deref(), Some("its root"));
        assert_eq!(first("x.txt", b"1", b"2"), None);
        assert_eq!(first("x.tar.zst", b"1", b"2"), None);
    }
}

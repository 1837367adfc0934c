//! From a file to a [`Config`].
//!
//! The order: recognise a wrong file, parse, blank the secrets, parse the blanked text, hold every member against
//! the catalogue, then the rules between keys. Each part reports all that it finds.

use super::blank::{Blanked, Problem, blank, taken};
use super::catalog::{Key, Level, Member, Shape, elsewhere, quote, root};
use super::config::{AllowedKey, Blank, Config, Leaf, Table};
use super::mask::Masked;
use super::secret::SecretSlot;
use super::{rules, sniff, value};
use crate::diag::{Finding, Findings, codes::mke3 as code};
use crate::secrets::Secret;
use crate::source::{Entry, File, Kind, Node, Place, Value, toml};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// See [`Config::read`].
pub(super) fn read(file: &File, allow: &BTreeMap<String, String>, findings: &mut Findings) -> Option<Config> {
    let mut found = Findings::new();
    let config = read_all(file, allow, &mut found);
    let failed = found.stop();
    findings.append(found);
    config.filter(|_| !failed)
}

/// See [`super::blanked`].
pub(super) fn blanked(file: &File) -> Option<String> {
    let mut unshown = Findings::new();
    toml::parse(file, &mut unshown).map(|tree| blank(file, &tree).file.text().to_owned())
}

/// See [`super::secrets`].
pub(super) fn secrets(file: &File) -> Vec<(SecretSlot, Secret)> {
    let mut unshown = Findings::new();
    toml::parse(file, &mut unshown).map(|tree| taken(&tree)).unwrap_or_default()
}

fn read_all(file: &File, allow: &BTreeMap<String, String>, findings: &mut Findings) -> Option<Config> {
    if let Some(finding) = sniff::foreign(file) {
        findings.push(finding);
        return None;
    }
    let mut broken = Findings::new();
    let Some(tree) = toml::parse(file, &mut broken) else {
        let masked = Masked::new(file);
        findings.extend(masked.moved(broken).map(|finding| sniff::explain(masked.file(), finding)));
        return None;
    };
    let Blanked { file, problems } = blank(file, &tree);
    // Scalars gave way to scalars, so this parses again; if it ever did not, the message would show no secret.
    let tree = toml::parse(&file, findings)?;
    if tree.get("cluster_config").is_none() {
        findings.push(sniff::no_cluster_config(&file));
        return None;
    }
    let mut reader = Reader {
        problems,
        allow,
        findings,
        broken: BTreeSet::new(),
        config: Config {
            file: Blank(file),
            leaves: Vec::new(),
            by_path: BTreeMap::new(),
            tables: BTreeMap::new(),
            allowed: Vec::new(),
        },
    };
    reader.table(&tree, root(), "");
    let Reader { mut config, broken, findings, .. } = reader;
    config.leaves.sort_by_key(|leaf| leaf.span.start);
    config.by_path = config.leaves.iter().enumerate().map(|(at, leaf)| (leaf.path.clone(), at)).collect();
    for path in allow.keys().filter(|path| config.allowed.iter().all(|allowed| allowed.path != **path)) {
        findings.push(
            Finding::new(code::ALLOWED_NOTHING, format!("the exception for `{path}` changes nothing"))
                .note(format!("{} has no unknown key of this path", config.file().label()))
                .help("remove the exception, or correct its path"),
        );
    }
    rules::check(&config, &broken, findings);
    Some(config)
}

struct Reader<'a> {
    problems: BTreeMap<String, Problem>,
    allow: &'a BTreeMap<String, String>,
    findings: &'a mut Findings,
    /// Paths whose values can't be used: rules between keys leave them alone.
    broken: BTreeSet<String>,
    config: Config,
}

impl Reader<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        self.config.file.0.place(span.clone())
    }

    /// The members of one table.
    fn table(&mut self, node: &Node, level: &'static Level, path: &str) {
        let Value::Map(entries) = &node.value else { return };
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        let mut seen: BTreeMap<&str, &Entry> = BTreeMap::new();
        for entry in entries {
            let written = join(path, &entry.key);
            let Some(Member { name, shape }) = level.member(&entry.key) else {
                self.unknown(entry, level, &written);
                continue;
            };
            let path = join(path, name);
            if let Some(first) = seen.insert(name, entry) {
                self.two_spellings(first, entry, &path);
                continue;
            }
            match shape {
                Shape::Leaf(key) => self.leaf(key, entry, path),
                Shape::Table(level) => self.plain_table(entry, level, path),
                Shape::Rows { level, or_table } => self.rows(entry, level, *or_table, path),
            }
        }
    }

    fn plain_table(&mut self, entry: &Entry, level: &'static Level, path: String) {
        match &entry.node.value {
            Value::Map(_) => {
                self.config.tables.insert(path.clone(), Table { span: entry.key_span.clone(), rows: 0 });
                self.table(&entry.node, level, &path);
            }
            Value::List(items) if items.iter().any(|item| item.value.kind() == Kind::Map) => {
                self.findings.push(
                    Finding::new(code::TYPE, format!("`{path}` is one table, not an array of tables"))
                        .at(self.place(&entry.key_span))
                        .help(format!("write `[{path}]` once, with single brackets")),
                );
            }
            other => self.wrong_type(&path, other.kind(), "a table", &entry.node.span, ""),
        }
    }

    /// An array of tables. MKE's own check prints an empty one as an empty plain table.
    fn rows(&mut self, entry: &Entry, level: &'static Level, or_table: bool, path: String) {
        let rows: Vec<&Node> = match &entry.node.value {
            Value::List(items) => items.iter().collect(),
            Value::Map(members) if members.is_empty() => Vec::new(),
            Value::Map(_) if or_table => vec![&entry.node],
            Value::Map(_) => {
                self.findings.push(
                    Finding::new(code::TYPE, format!("`{path}` is an array of tables, not one table"))
                        .at(self.place(&entry.key_span))
                        .help(format!("write `[[{path}]]` with double brackets, once for each entry")),
                );
                self.broken.insert(path);
                return;
            }
            other => return self.wrong_type(&path, other.kind(), "an array of tables", &entry.node.span, ""),
        };
        let table = Table { span: entry.key_span.clone(), rows: rows.len() };
        self.config.tables.insert(path.clone(), table);
        for (i, row) in rows.into_iter().enumerate() {
            let path = format!("{path}[{i}]");
            let Value::Map(members) = &row.value else {
                self.wrong_type(&path, row.value.kind(), "a table", &row.span, "");
                continue;
            };
            self.config.tables.insert(path.clone(), Table { span: row.span.clone(), rows: 0 });
            self.table(row, level, &path);
            for (name, _) in level.keys().filter(|(_, key)| key.required) {
                if !members.iter().any(|member| level.member(&member.key).is_some_and(|m| m.name == name)) {
                    self.findings.push(
                        Finding::new(code::MISSING, format!("`{path}` has no `{name}`"))
                            .at(self.place(&row.span))
                            .label("in this table")
                            .help(format!("add `{name}`; MKE needs it in each entry")),
                    );
                }
            }
        }
    }

    /// One value.
    fn leaf(&mut self, key: &'static Key, entry: &Entry, path: String) {
        let node = &entry.node;
        if let Some(became) = key.outdated {
            self.findings.push(
                Finding::new(code::OUTDATED_KEY, format!("`{path}` is a key of an older release"))
                    .at(self.place(&entry.key_span))
                    .note(became)
                    .help("MKE 3.7 and later ignore it, and so does Airlift; it can be removed"),
            );
        }
        if let Some(problem) = self.problems.get(&path).copied() {
            self.hidden_problem(problem, &path, node);
            return;
        }
        let before = self.findings.iter().count();
        let written = value::read(key, &path, node, &self.config.file.0, self.findings);
        let stopped = self.findings.iter().skip(before).any(|finding| finding.severity().stops());
        if stopped {
            self.broken.insert(path.clone());
        }
        if let Some(written) = written {
            self.config.leaves.push(Leaf { path, key, written, span: node.span.clone() });
        }
    }

    /// A value that was taken out of the text, yet was wrong.
    fn hidden_problem(&mut self, problem: Problem, path: &str, node: &Node) {
        self.broken.insert(path.to_owned());
        let finding = match problem {
            Problem::Type(kind) => Finding::new(code::TYPE, format!("`{path}` must be text, not {kind}"))
                .label("not shown; this stands in its place")
                .help("put it in quotes"),
            Problem::Slot => Finding::new(
                code::RESERVED,
                format!("`{path}` holds the beginning of one of Airlift's slots"),
            )
            .label("not shown; this stands in its place")
            .help("write the secret itself, or exactly the slot that is shown here"),
            Problem::PrivateKey => Finding::new(code::PRIVATE_KEY, format!("`{path}` holds a private key"))
                .label("not shown; this stands in its place")
                .help("leave the certificates only; treat this key as known to all who have had the file"),
        };
        self.findings.push(finding.at(self.place(&node.span)));
    }

    fn wrong_type(&mut self, path: &str, got: Kind, want: &str, span: &Range<usize>, help: &str) {
        self.broken.insert(path.to_owned());
        let finding = Finding::new(code::TYPE, format!("`{path}` must be {want}, not {got}"))
            .at(self.place(span))
            .label(format!("this is {got}"));
        self.findings.push(if help.is_empty() { finding } else { finding.help(help) });
    }

    fn two_spellings(&mut self, first: &Entry, second: &Entry, path: &str) {
        self.broken.insert(path.to_owned());
        self.findings.push(
            Finding::new(
                code::TWO_SPELLINGS,
                format!("`{}` and `{}` are two spellings of one key", first.key, second.key),
            )
            .at(self.place(&second.key_span))
            .label("the second")
            .also(self.place(&first.key_span), "the first")
            .help(format!("keep one of them; files of MKE 3 say `{path}`")),
        );
    }

    /// A member that the catalogue lacks. `path` is the path as written.
    fn unknown(&mut self, entry: &Entry, level: &'static Level, path: &str) {
        let is_table = match &entry.node.value {
            Value::Map(_) => true,
            Value::List(items) => items.iter().any(|item| item.value.kind() == Kind::Map),
            _ => false,
        };
        let what = if is_table { "table" } else { "key" };
        let place = self.place(&entry.key_span);
        if let Some(reason) = self.allow.get(path) {
            self.config.allowed.push(AllowedKey { path: path.to_owned(), reason: reason.clone() });
            self.findings.push(
                Finding::new(code::ALLOWED, format!("the unknown {what} `{path}` is let through"))
                    .at(place)
                    .note(format!("reason given: {reason}"))
                    .note("nothing is translated from it"),
            );
            return;
        }
        let allow = format!("`--allow {}` or `allow:` in site.yaml", shell_word(&format!("{path}=REASON")));
        let way_out = format!("if a newer patch release of MKE brought it, let it through with {allow}");
        let finding = if let Some(became) = level.outdated(&entry.key) {
            Finding::new(code::OUTDATED_TABLE, format!("`{path}` is a table of an older release"))
                .note(became)
                .help(format!("remove it, or let it through with {allow}"))
        } else if let Some(right) = level.misspelt(&entry.key) {
            Finding::new(code::MISSPELT, format!("MKE 3 spells the {what} `{path}` otherwise"))
                .label(format!("should be `{right}`"))
                .help(format!("write `{right}`"))
        } else {
            let finding = Finding::new(code::UNKNOWN, format!("MKE 3 has no {what} `{path}`"));
            match (level.nearest(&entry.key), elsewhere(&entry.key)) {
                (Some(near), _) => finding.label(format!("did you mean `{near}`?")).help(way_out),
                (None, Some(pattern)) => finding.label(format!("did you mean `{pattern}`?")).help(way_out),
                (None, None) => finding.label("unknown").help(way_out),
            }
        };
        self.findings.push(finding.at(place));
    }
}

fn join(path: &str, name: &str) -> String {
    let name = quote(name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// A word as a POSIX shell reads it back.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-=/".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

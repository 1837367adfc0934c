//! A hostile value in any input never becomes a command, an option, a key, a systemd specifier or a path.
//!
//! Every text of mke3.toml, hosts.yaml and site.yaml of whole sites, and every name in their free tables, is replaced
//! in turn by each of [`HOSTILE`], and followed by each of [`AFTER`]. Either the site is refused with a finding, or
//! every document reads back as exactly its tree, holds no key that the site did not have before, and its units start
//! the same program with the same options.

use super::translated::shared;
use super::{Inputs, Sources};
use crate::contract::Use;
use crate::diag::Findings;
use crate::document::{Document, Format, Leaf, Scalar, Tree, node_documents};
use crate::mke3::catalog;
use crate::origin::Source;
use crate::site::{Flag, Overrides, SiteFiles};
use crate::source::{File, Node, Value, toml as toml_source, yaml};
use crate::translate::translate;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// What each text is replaced by, and by ten thousand characters. Those that get far come first.
const HOSTILE: &[&str] = &[
    "a",
    "$(touch /tmp/pwned)",
    "a\nb: c",
    "--config=/tmp/evil",
    "%n%i",
    "airlift-secret(x)",
    "../../etc/passwd",
    " ",
    "",
    "`reboot`",
    "; reboot",
    "'; reboot; '",
    "--privileged",
    "-x",
    "${HOME}",
    "$HOME",
    "\\x25n\\x24HOME",
    "\\",
    "a\n[Service]\nExecStart=/bin/sh",
    "a\r\n- evil\n---\nevil: true\n",
    "a\"\n[evil]\nb = \"",
    "\"quoted'",
    "{{ 7*7 }}",
    "{% raw %}",
    "!!python/object:os.system",
    "&a *a",
    "<<",
    " # comment",
    "key: value",
    "{a: [b]}",
    "a=b,c=d",
    "yes",
    "012",
    "/etc/../etc/passwd",
    "a\0b",
    "\u{1b}[31m\u{7}",
    "\u{85}x",
    "\u{2028}x",
    "\u{202e}x",
    "\u{feff}\u{fffe}\u{10ffff}",
];

/// What is put after the text that stood there, so that it passes for what is asked there up to its end.
const AFTER: &[&str] = &[
    " --config=/tmp/evil",
    "$(reboot)",
    "; reboot",
    "\"'",
    "%n$HOME",
    "\nb: c",
    "/../..",
    ",airlift-secret(x)",
    "\u{2028}\u{85}",
];

/// A value that these many texts leave no trace of in any document is one that MKE 4k has no use for: the rest of the
/// table would leave none either.
const PROBES: usize = 4;

/// Every how many-th text of the table each spot gets in the quick test; which, depends on the spot.
const SHARE: usize = 4;

/// Tables of mke3.toml and site.yaml whose keys are names that somebody chose.
const FREE: &[&str] = &[
    "cluster_config.custom_kubelet_flags_profiles",
    "cluster_config.ingress_controller.ingress_config_map",
    "cluster_config.ingress_controller.ingress_tcp_services",
    "cluster_config.ingress_controller.ingress_udp_services",
    "kubelet_profiles",
];

/// Keys of documents that come from inputs, by what leads to them, and the characters that they may have. Elements of
/// lists stand as `[]`.
const DATA: &[(&str, &str)] = &[
    // mke4.yaml
    (".spec.apiServer.extraArgs", "-._"),
    (".spec.controllerManager.extraArgs", "-._"),
    (".spec.scheduler.extraArgs", "-._"),
    (".spec.kubelet.extraArgs", "-._"),
    (".spec.kubelet.managerKubeReserved", "-./"),
    (".spec.kubelet.workerKubeReserved", "-./"),
    (".spec.kubelet.customProfiles[].values", ""),
    (".spec.kubelet.customProfiles[].values.kubeReserved", "-./"),
    (".spec.ingressController.configMap", "-._"),
    (".spec.ingressController.tcpServices", ""),
    (".spec.ingressController.udpServices", ""),
    // k0s.yaml
    (".spec.api.extraArgs", "-._"),
    (".spec.workerProfiles[].values", ""),
    (".spec.workerProfiles[].values.kubeReserved", "-./"),
    // hosts.toml
    (".host", "-._:/"),
];

/// Fields that the site's documents lack, and which a value brings that the site leaves empty.
const OPTIONAL: &[(&str, &str)] = &[
    (".spec.etcd", "tlsCipherSuites"),
    (".spec.network.calico", "ipAutodetectionMethod"),
    (".spec.storage.etcd.extraArgs", "cipher-suites"),
    (".spec.tracking", "clusterLabel"),
];

struct Site {
    name: &'static str,
    contract: &'static str,
    files: SiteFiles,
    spots: Vec<Spot>,
    base: BTreeMap<String, Made>,
}

/// A text of an input, or a key of a free table.
struct Spot {
    source: Source,
    /// What is said after the source of a key.
    key: &'static str,
    span: Range<usize>,
    text: String,
}

/// A document and where it goes on its node.
#[derive(Clone)]
struct Made {
    document: Document,
    target: Option<String>,
}

impl Site {
    fn load(name: &'static str, folder: &str, toml: Option<&str>, contract: &'static str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut findings = Findings::new();
        let mut files = SiteFiles::load(&root.join(folder), &mut findings);
        if let Some(toml) = toml {
            files.load_as("mke3.toml", &root.join(toml), &mut findings);
        }
        assert!(findings.is_empty(), "{findings:?}");
        let spots = spots(&files);
        let base = documents(&files, contract).expect("the fixture compiles").expect("the fixture compiles");
        Self { name, contract, files, spots, base }
    }

    fn all() -> Vec<Self> {
        let enterprise = Some("tests/fixtures/mke3/enterprise.toml");
        vec![
            Self::load("acme", "examples/acme", None, "v4.1.5"),
            Self::load("acme", "examples/acme", None, "v4.0.0"),
            Self::load("enterprise", "tests/fixtures/sites/enterprise", enterprise, "v4.1.5"),
        ]
    }

    /// What is wrong with the site once this text stands at this spot, and whether the text made any difference.
    fn problems(&self, spot: &Spot, text: &str) -> (Vec<String>, bool) {
        let mut files = self.files.clone();
        let bytes = files.bytes(&spot.source.file).expect("a file").to_vec();
        let mut changed = String::from_utf8(bytes).expect("UTF-8");
        changed.replace_range(spot.span.clone(), &quoted(text));
        files.insert(&*spot.source.file, changed);
        let (problems, different) = match documents(&files, self.contract) {
            Err(problem) => (vec![problem], true),
            Ok(None) => (Vec::new(), true),
            Ok(Some(made)) => self.compare(&made, spot),
        };
        let shown: String = format!("{text:?}").chars().take(80).collect();
        let place = format!("{} for {}, {}{}", self.name, self.contract, spot.source, spot.key);
        let problems = problems.into_iter().map(|problem| format!("{place}: {problem}, by {shown}"));
        (problems.collect(), different)
    }

    fn compare(&self, made: &BTreeMap<String, Made>, spot: &Spot) -> (Vec<String>, bool) {
        let mut problems = Vec::new();
        let mut different = self.base.len() != made.len();
        for (name, base) in self.base.iter().filter(|(name, _)| !made.contains_key(*name)) {
            if !base
                .document
                .tree
                .leaves()
                .iter()
                .all(|(_, leaf)| leaf.origin.sources().any(|s| *s == spot.source))
            {
                problems.push(format!("{name} is gone"));
            }
        }
        for (name, made) in made {
            let Some(base) = self.base.get(name) else {
                problems.push(format!("{name} is new"));
                continue;
            };
            problems.extend(made.target.as_deref().and_then(target_problem));
            if made.document.tree != base.document.tree {
                different = true;
                let found = examine(&made.document, &base.document, &spot.source);
                problems.extend(found.into_iter().map(|problem| format!("{name}: {problem}")));
            }
        }
        (problems, different)
    }
}

/// `None` where the site is refused. Documents are called by the number of their node, and by a path in which the
/// folder of a registry is `REGISTRY`.
fn documents(files: &SiteFiles, contract: &str) -> Result<Option<BTreeMap<String, Made>>, String> {
    let mut overrides = Overrides::new();
    overrides.set(Flag::Target, Some(contract));
    let allow = BTreeMap::new();
    let sources = Sources { files, overrides: &overrides, allow: &allow, allows: Use::Convert };
    let mut findings = Findings::new();
    let inputs = Inputs::read(&sources, &mut findings);
    if findings.stop() {
        return Ok(None);
    }
    let Some(inputs) = inputs.filter(|inputs| inputs.site.is_some()) else {
        return Err("nothing is read, and nothing says why".to_owned());
    };
    let (surroundings, contract) = (&inputs.surroundings, inputs.contract);
    let translation = translate(&inputs.mke3, surroundings, contract, &mut findings);
    let nodes = match node_documents(&translation.mke4, surroundings, contract) {
        Ok(nodes) => nodes,
        Err(found) if found.stop() => return Ok(None),
        Err(_) => return Err("no nodes, and nothing says why".to_owned()),
    };
    if findings.stop() || nodes.findings.stop() {
        return Ok(None);
    }
    let mut made = BTreeMap::new();
    for document in shared(&translation).into_iter().chain([nodes.k0sctl.clone()]) {
        made.insert(document.label.clone(), Made { document, target: None });
    }
    for (i, node) in nodes.nodes.iter().enumerate() {
        for placed in nodes.files(node) {
            let called: Vec<&str> = placed.path.split('/').collect();
            let called = match called.as_slice() {
                [before @ .., "certs.d", registry, file] if *registry != "_default" => {
                    format!("{}/certs.d/REGISTRY/{file}", before.join("/"))
                }
                _ => placed.path.clone(),
            };
            let target = Some(placed.path.clone());
            made.insert(
                format!("nodes/{i}{called}"),
                Made { document: placed.document.as_ref().clone(), target },
            );
        }
    }
    Ok(Some(made))
}

fn spots(files: &SiteFiles) -> Vec<Spot> {
    let mut found = Vec::new();
    for label in ["mke3.toml", "hosts.yaml", "site.yaml"] {
        let mut findings = Findings::new();
        let file: File = files.text(label, &mut findings).expect("a text");
        let node = match label {
            "mke3.toml" => toml_source::parse(&file, &mut findings),
            _ => yaml::parse(&file, &mut findings),
        };
        collect(label, &node.expect("a tree"), String::new(), &mut found);
    }
    found
}

fn collect(file: &'static str, node: &Node, path: String, found: &mut Vec<Spot>) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let key = if file == "mke3.toml" { catalog::quote(&entry.key) } else { entry.key.clone() };
                let inner = if path.is_empty() { key } else { format!("{path}.{key}") };
                if FREE.contains(&path.as_str()) {
                    let (span, text) = (entry.key_span.clone(), entry.key.clone());
                    found.push(Spot { source: Source::new(file, &inner), key: " (its key)", span, text });
                }
                collect(file, &entry.node, inner, found);
            }
        }
        Value::List(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(file, item, format!("{path}[{i}]"), found);
            }
        }
        Value::Str(text) => {
            let (span, text) = (node.span.clone(), text.clone());
            found.push(Spot { source: Source::new(file, path), key: "", span, text });
        }
        _ => {}
    }
}

/// A text between double quotes, as TOML and YAML read it alike.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            ' ' | '!' | '#'..='[' | ']'..='~' => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// What is wrong with a document.
fn examine(document: &Document, base: &Document, source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let text = match document.render() {
        Ok(text) => text,
        Err(error) => return vec![format!("does not render: {error}")],
    };
    match document.format {
        Format::Yaml => {
            let mut findings = Findings::new();
            match yaml::parse(&File::new("rendered", text.as_str()), &mut findings) {
                Some(node) if same_yaml(&node, &document.tree) => {}
                Some(_) => problems.push("reads back as something else".to_owned()),
                None => problems.push(format!("does not read back: {findings:?}")),
            }
        }
        Format::Toml => match text.parse::<toml::Table>().map(toml::Value::Table) {
            Ok(table) if same_toml(&table, &document.tree) => {}
            Ok(_) => problems.push("reads back as something else".to_owned()),
            Err(error) => problems.push(format!("does not read back: {error}")),
        },
        Format::Unit => problems.extend(unit_problems(&text, document, base)),
        Format::Text => {}
    }
    if document.format != Format::Unit {
        problems.extend(key_problems(&document.tree, &base.tree, source));
    }
    if document.label == "k0sctl.yaml" {
        problems.extend(k0sctl_problems(&text, &document.tree));
    }
    for (path, leaf) in document.tree.leaves() {
        match &leaf.scalar {
            Scalar::Str(text) if text.contains("airlift-secret(") => {
                problems.push(format!("{path} looks like a secret's slot"));
            }
            Scalar::Secret(name)
                if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-[]".contains(&b)) =>
            {
                problems.push(format!("{path} is the slot of {name:?}"));
            }
            _ => {}
        }
    }
    problems
}

fn same_yaml(node: &Node, tree: &Tree) -> bool {
    match (&node.value, tree) {
        (Value::Map(entries), Tree::Map(members)) => {
            entries.len() == members.len()
                && entries.iter().all(|e| members.get(&e.key).is_some_and(|tree| same_yaml(&e.node, tree)))
        }
        (Value::List(items), Tree::List(trees)) => {
            items.len() == trees.len() && items.iter().zip(trees).all(|(item, tree)| same_yaml(item, tree))
        }
        (value, Tree::Leaf(Leaf { scalar, .. })) => match (value, scalar) {
            (Value::Null, Scalar::Null) => true,
            (Value::Bool(a), Scalar::Bool(b)) => a == b,
            (Value::Int(a), Scalar::Int(b)) => a == b,
            (Value::Str(a), Scalar::Str(_) | Scalar::Secret(_)) => *a == scalar.text(),
            _ => false,
        },
        _ => false,
    }
}

fn same_toml(value: &toml::Value, tree: &Tree) -> bool {
    match (value, tree) {
        (toml::Value::Table(table), Tree::Map(members)) => {
            table.len() == members.len()
                && table.iter().all(|(key, v)| members.get(key).is_some_and(|tree| same_toml(v, tree)))
        }
        (toml::Value::Array(items), Tree::List(trees)) => {
            items.len() == trees.len() && items.iter().zip(trees).all(|(item, tree)| same_toml(item, tree))
        }
        (toml::Value::Boolean(a), Tree::Leaf(Leaf { scalar: Scalar::Bool(b), .. })) => a == b,
        (toml::Value::Integer(a), Tree::Leaf(Leaf { scalar: Scalar::Int(b), .. })) => a == b,
        (toml::Value::String(a), Tree::Leaf(Leaf { scalar: Scalar::Str(b), .. })) => a == b,
        _ => false,
    }
}

/// Every key as the path that leads to it and its name, with whether all below it is there because of `source`.
fn keys(tree: &Tree, path: &str, source: &Source, found: &mut BTreeMap<(String, String), bool>) {
    match tree {
        Tree::Map(members) => {
            for (key, tree) in members {
                let caused = tree.leaves().iter().all(|(_, leaf)| leaf.origin.sources().any(|s| s == source));
                *found.entry((path.to_owned(), key.clone())).or_insert(true) &= caused;
                keys(tree, &format!("{path}.{key}"), source, found);
            }
        }
        Tree::List(items) => items.iter().for_each(|item| keys(item, &format!("{path}[]"), source, found)),
        Tree::Leaf(_) => {}
    }
}

/// A key may go away only with a value that it is there for, and come only where [`DATA`] or [`OPTIONAL`] has it.
fn key_problems(tree: &Tree, base: &Tree, source: &Source) -> Vec<String> {
    let (mut now, mut before) = (BTreeMap::new(), BTreeMap::new());
    keys(tree, "", source, &mut now);
    keys(base, "", source, &mut before);
    let mut problems = Vec::new();
    for (path, key) in now.keys().filter(|key| !before.contains_key(*key)) {
        let place = path.strip_prefix(".spec.k0s.config").unwrap_or(path);
        let fits = match DATA.iter().find(|(data, _)| place == *data) {
            Some((_, allowed)) => {
                !key.is_empty()
                    && key.bytes().all(|b| b.is_ascii_alphanumeric() || allowed.as_bytes().contains(&b))
            }
            None => OPTIONAL.iter().any(|(at, field)| place == *at && key == field),
        };
        if !fits {
            problems.push(format!("`{path}` has the new key {key:?}"));
        }
    }
    for ((path, key), _) in before.iter().filter(|(key, caused)| !**caused && !now.contains_key(*key)) {
        problems.push(format!("`{path}` has lost the key {key:?}"));
    }
    problems
}

/// k0sctl replaces variables in the text, and hands flags to a shell.
fn k0sctl_problems(text: &str, tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    if text.split(|c| c != '$').any(|run| run.len() % 2 == 1) {
        problems.push("has a single `$`".to_owned());
    }
    for (path, leaf) in tree.leaves() {
        if path.to_string().contains("installFlags[") {
            let flag = leaf.scalar.text().replace("$$", "$");
            if !is_one_word(&flag) {
                problems.push(format!("{path} is not one word to a shell: {flag:?}"));
            }
        }
    }
    problems
}

/// Whether a shell takes `--name=value` for one word without doing anything with it.
fn is_one_word(flag: &str) -> bool {
    let Some((name, value)) = flag.strip_prefix("--").and_then(|rest| rest.split_once('=')) else {
        return false;
    };
    let inner = |quote: char| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
    is_option(name)
        && match (inner('\''), inner('"')) {
            (Some(inner), _) => !inner.contains(['\'', '\n', '\0']),
            (_, Some(inner)) => !inner.contains(['"', '$', '`', '\\', '\n', '\0']),
            _ => {
                !value.is_empty()
                    && value.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c))
            }
        }
}

fn is_option(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// A line of a unit.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Section(&'a str),
    Setting(&'a str, &'a str),
}

/// The lines of a unit that is as plain as ours are: no comments, no continued lines.
fn lines(text: &str) -> Option<Vec<Line<'_>>> {
    let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut found = Vec::new();
    for line in text.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        if line.ends_with('\\') || line.contains(|c: char| c.is_control()) {
            return None;
        }
        found.push(match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(section) if name(section) => Line::Section(section),
            _ => {
                let (key, value) = line.split_once('=').filter(|(key, _)| name(key))?;
                Line::Setting(key, value)
            }
        });
    }
    Some(found)
}

fn unit_problems(text: &str, document: &Document, base: &Document) -> Vec<String> {
    let base = base.render().expect("the base renders");
    let (Some(now), Some(before)) = (lines(text), lines(&base)) else {
        return vec!["is no plain unit".to_owned()];
    };
    if now.len() != before.len() {
        return vec!["has other lines".to_owned()];
    }
    let mut problems = Vec::new();
    for (now, before) in now.iter().zip(&before) {
        match (now, before) {
            (Line::Setting("ExecStart", now), Line::Setting("ExecStart", before)) => {
                problems.extend(command_problems(now, before, document));
            }
            _ if now == before => {}
            _ => problems.push(format!("{now:?} is new")),
        }
    }
    problems
}

fn command_problems(now: &str, before: &str, document: &Document) -> Vec<String> {
    let (now, before) = match (words(now), words(before)) {
        (Ok(now), Ok(before)) => (now, before),
        (now, before) => return vec![format!("{:?}", now.err().or(before.err()))],
    };
    let mut problems = Vec::new();
    let option = |word: &String| word.split('=').next().unwrap_or_default().to_owned();
    if now.iter().map(option).ne(before.iter().map(option)) {
        problems.push(format!("other options: {now:?}"));
    }
    let given: Vec<String> = match document.tree.leaves().iter().find(|(_, l)| l.scalar.text() == "ExecStart")
    {
        Some((path, _)) => {
            let place = path.to_string().replace(".key", ".value");
            match document.tree.get(place.trim_start_matches('.')) {
                Some(Tree::List(words)) => {
                    words.iter().filter_map(|w| Some(w.leaves().first()?.1.scalar.text())).collect()
                }
                _ => Vec::new(),
            }
        }
        None => Vec::new(),
    };
    if given != now {
        problems.push(format!("systemd reads {now:?}, meant was {given:?}"));
    }
    // What k0s hands on to the kubelet, it splits at blanks.
    for word in &now {
        if let Some(args) = word.strip_prefix("--kubelet-extra-args=") {
            for arg in args.split(char::is_whitespace) {
                let name = arg.strip_prefix("--").and_then(|arg| arg.split_once('=')).map(|(name, _)| name);
                if !name.is_some_and(is_option) || arg.contains(['"', '\'', '\\']) {
                    problems.push(format!("the kubelet gets {arg:?}"));
                }
            }
        }
    }
    problems
}

/// A command line as systemd splits it (systemd: `config_parse_exec`): quotes and escapes, then specifiers, then
/// variables. None of the last two may be left.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut bytes = line.bytes();
    let (mut word, mut quote): (Option<Vec<u8>>, Option<u8>) = (None, None);
    while let Some(b) = bytes.next() {
        match (b, quote) {
            (b'\\', _) => {
                let byte = match bytes.next() {
                    Some(b'x') => {
                        let digits = [bytes.next(), bytes.next()]
                            .map(|b| char::from(b.unwrap_or_default()).to_digit(16));
                        match digits {
                            [Some(high), Some(low)] => u8::try_from(high * 16 + low).expect("two digits"),
                            _ => return Err("a broken escape".to_owned()),
                        }
                    }
                    other => return Err(format!("an escape that we never write: {other:?}")),
                };
                word.get_or_insert_default().push(byte);
            }
            (b'"' | b'\'', None) => {
                quote = Some(b);
                word.get_or_insert_default();
            }
            (b, Some(open)) if b == open => quote = None,
            (b' ' | b'\t', None) => words.extend(word.take()),
            (b';', None) if word.is_none() => return Err("a `;` between commands".to_owned()),
            (b, _) => word.get_or_insert_default().push(b),
        }
    }
    words.extend(word);
    if quote.is_some() {
        return Err("an open quote".to_owned());
    }
    let words = words.into_iter().map(|word| String::from_utf8(word).map_err(|e| e.to_string()));
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    if words.iter().any(|word| word.contains('\0')) {
        return Err("a NUL".to_owned());
    }
    words.iter().map(|word| single(word, '%').and_then(|word| single(&word, '$'))).collect()
}

/// The text with every pair of these characters as one; one that stands alone is an error.
fn single(text: &str, special: char) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == special && chars.next() != Some(special) {
            return Err(format!("a single `{special}` in {text:?}"));
        }
        out.push(c);
    }
    Ok(out)
}

/// What is wrong with the place of a file on a node.
fn target_problem(target: &str) -> Option<String> {
    let part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@'))
    };
    let inside = ["/etc/k0s/", "/etc/systemd/system/", "/etc/audit_policy.yaml"];
    let good = inside.iter().any(|place| target.starts_with(place)) && target[1..].split('/').all(part);
    (!good).then(|| format!("a file goes to {target:?}"))
}

/// Each problem of a spot once, with one of the texts that make it.
fn report(problems: Vec<String>) {
    let mut kinds: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for problem in problems {
        let (kind, text) = problem.rsplit_once(", by ").unwrap_or((&problem, ""));
        let kind = kind.replace(|c: char| c.is_ascii_digit(), "#");
        kinds.entry(kind).or_insert_with(|| (text.to_owned(), 0)).1 += 1;
    }
    let shown: Vec<_> =
        kinds.iter().map(|(kind, (text, n))| format!("{kind}, by {text} ({n} times)")).collect();
    assert!(kinds.is_empty(), "{} problems:\n  {}", kinds.len(), shown.join("\n  "));
}

/// Tries each text of the table, or of this share of it, at each spot.
fn try_all(share: usize) {
    let long = "x".repeat(10_000);
    let whole: Vec<&str> = HOSTILE.iter().copied().chain([long.as_str()]).collect();
    let mut problems = Vec::new();
    for site in Site::all() {
        let of_spot = |(i, spot): (usize, &Spot)| {
            let after =
                AFTER.iter().filter(|_| !spot.text.is_empty()).map(|text| format!("{}{text}", spot.text));
            let tries = whole.iter().map(|text| (*text).to_owned()).chain(after);
            let tries = tries.skip(i % share).step_by(share);
            let (mut problems, mut idle) = (Vec::new(), 0);
            for text in tries {
                let (found, different) = site.problems(spot, &text);
                problems.extend(found);
                idle = if different { PROBES + 1 } else { idle + 1 };
                if idle == PROBES {
                    break;
                }
            }
            problems
        };
        problems.par_extend(site.spots.par_iter().enumerate().flat_map_iter(of_spot));
    }
    report(problems);
}

#[test]
fn no_hostile_value_becomes_more_than_a_value() {
    try_all(SHARE);
}

#[test]
#[ignore = "takes minutes"]
fn no_hostile_value_of_the_whole_table_becomes_more_than_a_value() {
    try_all(1);
}

#[test]
fn no_value_at_all_becomes_more_than_a_value() {
    let sites = Site::all();
    let special = "[-a-z0-9=,./:%$`\"'\\\\;&|<>(){}\\[\\]!*#@~ \n\r\t\u{0}\u{85}\u{2028}]{0,12}";
    let any_spot = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let strategy = (any_spot, 0..3, prop_oneof![special, ".{0,12}"]);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&strategy, |((site, spot), how, text)| {
        let site = site.get(&sites);
        let spot = spot.get(&site.spots);
        let text = match how {
            0 => text,
            1 => format!("{}{text}", spot.text),
            _ => format!("{text}{}", spot.text),
        };
        let (problems, _) = site.problems(spot, &text);
        prop_assert!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(())
    });
    outcome.unwrap();
}

/// The checks of this file see what they are for.
#[test]
fn the_checks_tell_good_from_bad() {
    let read = |line: &str| words(line).map(|words| words.join("|"));
    assert_eq!(read("/k a\\x20b 'c d'\"e\" %%i $$x \"\"").unwrap(), "/k|a b|c de|%i|$x|");
    for bad in
        ["/k %i", "/k $x", "/k \\x25n", "/k \\x24x", "/k ; /sh", "/k \"a", "/k \\x2", "/k a\\", "/k \\x00"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert_eq!(lines("[A]\n\nK=v = w\n").unwrap(), [Line::Section("A"), Line::Setting("K", "v = w")]);
    for bad in ["[A]\nK=v\\\n", "[A]\n# K=v\n", "[A]\n K=v\n", "[A] \n", "[A]\nK\n", "[A]\nK=\t\n"] {
        assert!(lines(bad).is_none(), "{bad:?}");
    }
    for good in ["--a=b", "--a='b c$`\"'", "--a-b=\"c d=e'\""] {
        assert!(is_one_word(good), "{good}");
    }
    for bad in [
        "-a=b",
        "--a",
        "--a=b c",
        "--a=$b",
        "--a='b'c'",
        "--a=\"$b\"",
        "--a=b;c",
        "--a=",
        "--a b=c",
        "x--a=b",
    ] {
        assert!(!is_one_word(bad), "{bad}");
    }
    assert_eq!(target_problem("/etc/k0s/containerd.d/certs.d/reg_5000_/hosts.toml"), None);
    for bad in [
        "/etc/k0s/../x",
        "/etc/k0s/",
        "/etc/k0s/a b",
        "etc/k0s/a",
        "/etc/passwd",
        "/etc/k0s//a",
        "/etc/k0s/a%i",
    ] {
        assert!(target_problem(bad).is_some(), "{bad}");
    }
    let leaf = |text: &str| Tree::leaf(text, &crate::origin::Origin::contract("t"));
    for (text, fine) in
        [("a: b\n", true), ("a: c\n", false), ("b: b\n", false), ("a: b\nc: d\n", false), ("a: 1\n", false)]
    {
        let mut tree = Tree::map();
        tree.set("a", leaf("b"));
        let node = yaml::parse(&File::new("t", text), &mut Findings::new()).unwrap();
        assert_eq!(same_yaml(&node, &tree), fine, "{text}");
    }
    assert!(
        k0sctl_problems("a: $b", &Tree::map()).len() + k0sctl_problems("a: $$$b", &Tree::map()).len() == 2
    );
    assert!(k0sctl_problems("a: $$b $$$$", &Tree::map()).is_empty());
}

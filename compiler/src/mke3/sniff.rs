//! Files that are no MKE 3 configuration, and what they are instead.
//!
//! `curl` saves whatever the server says, and a stick loses the end of a file: these are the usual accidents.

use super::catalog::{self, Kind};
use crate::diag::{Finding, Findings, codes::input, codes::mke3 as code};
use crate::source::{File, Node, Value, json};

/// How to get the right file.
const FETCH: &str =
    "fetch it again: GET /api/ucp/config-toml with `accept: application/toml` and an administrator's token";

/// Recognises another kind of file before anything parses it.
pub(super) fn foreign(file: &File) -> Option<Finding> {
    let label = file.label();
    let text = file.text().trim_start();
    let other = |what: &str| {
        Finding::new(code::NOT_A_CONFIGURATION, format!("{label} is {what}, not an MKE 3 configuration"))
    };
    match text.chars().next()? {
        '{' => return Some(reply(file)),
        '<' => {
            return Some(
                Finding::new(code::ERROR_REPLY, format!("{label} is a web page, not an MKE 3 configuration"))
                    .note(
                        "MKE and proxies answer with a login or error page when a request is not authorised",
                    )
                    .help(FETCH),
            );
        }
        _ => {}
    }
    if text.starts_with("HTTP/") {
        return Some(
            other("an HTTP response with its headers").help("call curl without `-i`, or cut off the headers"),
        );
    }
    if text.starts_with("-----BEGIN ") {
        return Some(other("a certificate or key").help(FETCH));
    }
    let yaml = yaml_kind(text)?;
    Some(match yaml.as_str() {
        "MkeConfig" => other("an mke4.yaml").help("Airlift writes this file; its input is MKE 3's own TOML"),
        _ => other("YAML").help(FETCH),
    })
}

/// The `kind:` of a text whose first lines are YAML; empty where it has none. `None` where they aren't.
fn yaml_kind(text: &str) -> Option<String> {
    let mut lines =
        text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let first = lines.clone().next()?;
    let is_key = |line: &str| {
        line.split_once(':').is_some_and(|(name, rest)| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
                && (rest.is_empty() || rest.starts_with(' '))
        })
    };
    if first.trim_end() != "---" && !is_key(first) {
        return None;
    }
    let kind = lines.find_map(|line| line.strip_prefix("kind:"));
    Some(kind.map(str::trim).unwrap_or_default().to_owned())
}

/// A JSON text: most likely the error that the API answered with. Shows its words, nothing else of it.
fn reply(file: &File) -> Finding {
    let mut ignored = Findings::new();
    let tree = json::parse(file, &mut ignored);
    let said = tree.as_ref().and_then(|tree| {
        let first = |name: &str| tree.get(name).and_then(words);
        first("message").or_else(|| first("error")).or_else(|| first("errors")).or_else(|| first("detail"))
    });
    let label = file.label();
    match said {
        Some(said) => Finding::new(code::ERROR_REPLY, format!("{label} holds an error of MKE's API"))
            .note(format!("MKE said: {said}"))
            .help(FETCH),
        None => {
            Finding::new(code::NOT_A_CONFIGURATION, format!("{label} is JSON, not an MKE 3 configuration"))
                .help(FETCH)
        }
    }
}

/// The words of an error: a text, or the messages of a list of errors.
fn words(node: &Node) -> Option<String> {
    match &node.value {
        Value::Str(text) => Some(text.trim().chars().take(300).collect()),
        Value::Map(_) => node.get("message").and_then(words),
        Value::List(items) => {
            let all: Vec<_> = items.iter().filter_map(words).collect();
            (!all.is_empty()).then(|| all.join("; "))
        }
        _ => None,
    }
}

/// Says more about a syntax error where its reason can be told.
pub(super) fn explain(file: &File, finding: Finding) -> Finding {
    let Some(place) = finding.place.clone() else { return finding };
    let text = file.text();
    let at = place.span.start.min(text.len());
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    if let Some(key) = page_form(line) {
        let (table, name) = key.rsplit_once('.').unwrap_or(("cluster_config", key));
        return Finding::new(
            code::PAGE_FORM,
            format!("`[{key}] = ...` is no TOML, though a page of the documentation shows it"),
        )
        .at(file.place(start..start + line.len()))
        .help(format!("write `{name} = ...` below `[{table}]`"));
    }
    if finding.code != input::SYNTAX {
        return finding;
    }
    let last = text.get(start..).is_some_and(|rest| !rest.trim_end_matches('\n').contains('\n'));
    if at >= text.trim_end().len() || (last && !text.ends_with('\n')) {
        return Finding::new(code::CUT_OFF, format!("{} breaks off here: {}", file.label(), finding.message))
            .at(place)
            .label("the file ends in the middle")
            .help(format!("compare its size with the original; {FETCH}"));
    }
    match bare_text(line) {
        true => finding.help("this key takes text: put the value in quotes"),
        false => finding,
    }
}

/// Whether a line gives a key that takes text a value without quotes.
fn bare_text(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    !value.trim_start().starts_with(['"', '\''])
        && catalog::all()
            .any(|key| key.leaf() == name.trim() && matches!(key.kind, Kind::Text(_) | Kind::NumberText))
}

/// The name between the brackets of `[name] = value`.
fn page_form(line: &str) -> Option<&str> {
    let (name, rest) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    (rest.trim_start().starts_with('=') && !name.is_empty()).then(|| name.trim())
}

/// A TOML file without the table that every MKE 3 configuration has.
pub(super) fn no_cluster_config(file: &File) -> Finding {
    Finding::new(
        code::NOT_A_CONFIGURATION,
        format!(
            "{} has no table `[cluster_config]`: it is no MKE 3 configuration, or its end is missing",
            file.label()
        ),
    )
    .help(format!("compare its size with the original; {FETCH}"))
}

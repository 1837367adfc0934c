//! Registry credentials: whether a file has them for the right registry, and under which user name.
//!
//! A password leaves this module for the secret store alone. Everywhere else it is looked at once, to see that it is not
//! empty, and dropped. No message about such a file has a place, because a place would show its line. Both forms are read: docker's config.json,
//! and a YAML file with `username` and `password`.

use super::address::RegistryAddress;
use super::files::SiteFile;
use super::values::SitePath;
use crate::diag::Findings;
use crate::diag::codes::site as code;
use crate::secrets::Secret;
use crate::source::{self, Field, Node, Value, json, yaml};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Credentials that are there.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Label of the file.
    pub label: String,
    /// The user name; it may stand in a document.
    pub username: String,
}

/// Looks into a credential file. `named` is the setting that names it.
pub(super) fn read(
    file: &SiteFile,
    named: &Field<SitePath>,
    registry: &RegistryAddress,
    findings: &mut Findings,
) -> Option<Credentials> {
    let label = named.value.as_str();
    let bad = |message: String, help: &str| {
        named.finding(code::CREDENTIALS, format!("{label} {message}")).help(help.to_owned())
    };
    if let Some(mode) = file.mode
        && mode & 0o077 != 0
    {
        findings.push(
            named
                .finding(code::CREDENTIALS_OPEN, format!("{label} can be read by others (mode {mode:04o})"))
                .help(format!("`chmod 600 {label}`; if others use this machine, change the password too")),
        );
    }
    // What the readers find would show lines of the file.
    let mut unshown = Findings::new();
    let text = file.bytes.as_deref().and_then(|bytes| source::decode(label, bytes, &mut unshown));
    let node = text.as_ref().and_then(|text| parse(text, &mut unshown));
    let Some(node) = node else {
        let line = unshown.iter().find_map(|f| f.place.as_ref()).map(|p| p.file.line_column(p.span.start).0);
        let at = line.map_or(String::new(), |line| format!(" (line {line})"));
        findings.push(bad(
            format!("can't be read{at}"),
            "write `username: …` and `password: …` on two lines, or copy docker's config.json",
        ));
        return None;
    };
    let entry = match login(&node, registry) {
        Ok(entry) => entry,
        Err(Docker::Helper) => {
            findings.push(bad(
                "keeps its credentials in a helper program, not in the file".to_owned(),
                "write a file with `username` and `password` instead",
            ));
            return None;
        }
        Err(Docker::Other(names)) => {
            findings.push(
                named
                    .finding(
                        code::CREDENTIALS_OTHER,
                        format!("{label} has no credentials for {}", registry.endpoint),
                    )
                    .note(format!("it has some for: {names}"))
                    .help(format!(
                        "`docker login {}` on a machine that reaches it, and copy the file again",
                        registry.endpoint
                    )),
            );
            return None;
        }
    };
    match entry {
        Some((username, password)) if !username.is_empty() && !password.is_empty() => {
            if username.chars().any(|c| c.is_control() || c == ':') || username.contains(super::values::SLOT)
            {
                findings.push(bad(
                    "has a user name with a colon or a control character".to_owned(),
                    "look at the file for line breaks at the wrong place",
                ));
                return None;
            }
            Some(Credentials { label: label.to_owned(), username })
        }
        _ => {
            findings.push(bad(
                "lacks a user name or a password".to_owned(),
                "write `username: …` and `password: …`, each as text (in quotes if it looks like a number)",
            ));
            None
        }
    }
}

/// The password in a credential file that [`read`] took. `None` where a slot stands in its place.
pub(crate) fn password(file: &SiteFile, label: &str, registry: &RegistryAddress) -> Option<Secret> {
    let mut unshown = Findings::new();
    let text = source::decode(label, file.bytes.as_deref()?, &mut unshown)?;
    let node = parse(&text, &mut unshown)?;
    let (_, password) = login(&node, registry).ok()??;
    let password = Secret::new(password);
    (!password.expose().contains(super::values::SLOT)).then_some(password)
}

fn parse(text: &source::File, unshown: &mut Findings) -> Option<Node> {
    let json = text.text().trim_start().starts_with('{');
    if json { json::parse(text, unshown) } else { yaml::parse(text, unshown) }
}

/// User name and password, of either form.
fn login(node: &Node, registry: &RegistryAddress) -> Result<Option<(String, String)>, Docker> {
    if node.get("auths").is_some() || node.get("credsStore").is_some() {
        return docker(node, registry);
    }
    let text = |key: &str| match node.get(key).map(|n| &n.value) {
        Some(Value::Str(text)) => Some(text.clone()),
        _ => None,
    };
    Ok(text("username").zip(text("password")))
}

enum Docker {
    Helper,
    Other(String),
}

/// The entry of docker's config.json for a registry.
fn docker(node: &Node, registry: &RegistryAddress) -> Result<Option<(String, String)>, Docker> {
    let Some(Node { value: Value::Map(entries), .. }) = node.get("auths") else { return Err(Docker::Helper) };
    let wanted = registry.endpoint.to_string();
    let host = |key: &str| {
        let key = key.strip_prefix("https://").unwrap_or(key);
        key.split('/').next().unwrap_or_default().to_ascii_lowercase()
    };
    let Some(entry) = entries.iter().find(|entry| host(&entry.key) == wanted) else {
        if entries.is_empty() {
            return Err(Docker::Helper);
        }
        let names: Vec<String> = entries
            .iter()
            .map(|e| host(&e.key).chars().filter(|c| !c.is_control()).take(80).collect())
            .collect();
        return Err(Docker::Other(names.join(", ")));
    };
    let text = |key: &str| match entry.node.get(key).map(|n| &n.value) {
        Some(Value::Str(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    if let Some(pair) = text("username").zip(text("password")) {
        return Ok(Some(pair));
    }
    let Some(auth) = text("auth") else {
        return if node.get("credsStore").is_some() { Err(Docker::Helper) } else { Ok(None) };
    };
    let decoded = STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(decoded
        .and_then(|text| text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))))
}

//! `airlift verify`: a whole set, on a workstation. `airlift-node verify` does the same on a node.

use super::answer::Answer;
use super::exit;
use crate::site::settings::SITE_YAML;
use airlift_bundle::Problems;
use airlift_bundle::set::{Report, SetIndex, verify_set};
use airlift_bundle::signature::PublicKey;
use airlift_bundle::trust::TrustFile;
use anyhow::Context as _;
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Set {
    site: String,
    serial: u64,
    contract: String,
    plan_id: String,
    author: String,
    approvers: Vec<String>,
    nodes: Vec<String>,
    files: usize,
    bytes: u64,
}

pub fn run(set: &Path, public_key: Option<&Path>, trust: Option<&Path>) -> anyhow::Result<Answer> {
    if let Some((message, hint)) = misplaced(set, public_key.or(trust)) {
        return Ok(Answer::new(exit::USAGE).problem(message, Some(&hint)));
    }
    let trust = trusted(public_key, trust)?.unwrap_or_else(|| Ok(TrustFile::default()));
    match trust.and_then(|trust| verify_set(set, &trust)) {
        Ok(report) => Answer::new(exit::DONE).result(&describe(&report), text(&report)),
        Err(problems) => {
            let answer = Answer::new(exit::REFUSED).problems(&problems);
            Ok(match recoded(set) {
                Some(file) => answer.problem(
                    format!("{file} has line ends of Windows (CRLF): something rewrote it on the way"),
                    Some("copy the set again as it is, without conversion of texts"),
                ),
                None => answer,
            })
        }
    }
}

/// What is plainly something else than a set and a public key, and what to do.
fn misplaced(set: &Path, key: Option<&Path>) -> Option<(String, String)> {
    let shown = set.display();
    if set.is_file() {
        let text = format!("{shown} is a file, not a set");
        return Some((text, "give the directory that `airlift compile` wrote".to_owned()));
    }
    if set.join(SITE_YAML).is_file() && !set.join(SetIndex::FILE).exists() {
        let text = format!("{shown} is a site directory, not a set");
        return Some((text, format!("`airlift compile {shown}` makes a set; verify that")));
    }
    let key = key?;
    let secret = std::fs::read_to_string(key).is_ok_and(|text| {
        text.lines()
            .next()
            .is_some_and(|line| line.starts_with("untrusted comment: ") && line.contains("secret key"))
    });
    secret.then(|| {
        let text = format!("{} is a secret key; a set is checked with the public one", key.display());
        (text, format!("give {}", key.with_extension("pub").display()))
    })
}

/// The first signature that has other line ends than it was written with.
fn recoded(set: &Path) -> Option<String> {
    let file = format!("{}.minisig", SetIndex::FILE);
    let text = std::fs::read_to_string(set.join(&file)).ok()?;
    text.contains('\r').then_some(file)
}

/// Trust in the keys that flags name; `None` where they name none.
pub(super) fn trusted(
    public_key: Option<&Path>,
    trust: Option<&Path>,
) -> anyhow::Result<Option<Result<TrustFile, Problems>>> {
    Ok(match (trust, public_key) {
        (Some(path), _) => Some(TrustFile::parse(&read(path)?)),
        (None, Some(path)) => {
            let key = PublicKey::parse_file(&path.display().to_string(), &read(path)?);
            Some(key.map(TrustFile::in_author).map_err(Problems::from))
        }
        (None, None) => None,
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}

fn describe(report: &Report) -> Set {
    Set {
        site: report.site.to_string(),
        serial: report.serial.get(),
        contract: report.contract.to_string(),
        plan_id: report.plan_id.to_string(),
        author: report.signers.author.to_string(),
        approvers: report.signers.approvers.iter().map(ToString::to_string).collect(),
        nodes: report.nodes.iter().map(ToString::to_string).collect(),
        files: report.files,
        bytes: report.bytes,
    }
}

fn text(report: &Report) -> String {
    let set = describe(report);
    let approvals = match set.approvers.as_slice() {
        [] => "no approvals counted".to_owned(),
        keys => format!("approved by {}", keys.join(", ")),
    };
    format!(
        "ok: set of site {}, serial {}, for {}\n    plan {}\n    {} bundles, {} files, {} bytes\n    signed by {}, {approvals}\n",
        set.site,
        set.serial,
        set.contract,
        set.plan_id,
        set.nodes.len(),
        set.files,
        set.bytes,
        set.author,
    )
}

//! `airlift verify`: a whole set, on a workstation. `airlift-node verify` does the same on a node.

use super::args::Format;
use super::ui::Ui;
use super::{exit, output};
use airlift_bundle::Problems;
use airlift_bundle::set::{Report, verify_set};
use airlift_bundle::signature::PublicKey;
use airlift_bundle::trust::TrustFile;
use anyhow::Context as _;
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Verdict {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<Set>,
    problems: Vec<Problem>,
}

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

#[derive(Serialize)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: &'static str,
}

pub fn run(
    ui: Ui,
    set: &Path,
    public_key: Option<&Path>,
    trust: Option<&Path>,
    format: Format,
) -> anyhow::Result<u8> {
    let trust = trusted(public_key, trust)?.unwrap_or_else(|| Ok(TrustFile::default()));
    let result = trust.and_then(|trust| verify_set(set, &trust));
    if format == Format::Json {
        output::print_json(&verdict(&result))?;
    }
    match result {
        Ok(report) => {
            if format == Format::Text {
                output::print(&text(&report))?;
            }
            Ok(exit::DONE)
        }
        Err(problems) => {
            if format == Format::Text {
                refuse(ui, &problems);
                ui.say("refused");
            }
            Ok(exit::REFUSED)
        }
    }
}

/// Shows every problem with its way out.
pub(super) fn refuse(ui: Ui, problems: &Problems) {
    for problem in problems.iter() {
        ui.fail(&format!("[{}] failed to {problem}", problem.code()), Some(problem.hint()));
    }
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

/// Problems as JSON shows them.
pub(super) fn problems(found: &Problems) -> Vec<Problem> {
    found
        .iter()
        .map(|p| Problem { code: p.code(), message: format!("failed to {p}"), hint: p.hint() })
        .collect()
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}

fn verdict(result: &Result<Report, Problems>) -> Verdict {
    match result {
        Ok(report) => Verdict { ok: true, set: Some(describe(report)), problems: Vec::new() },
        Err(found) => Verdict { ok: false, set: None, problems: problems(found) },
    }
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

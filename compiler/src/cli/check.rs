//! `airlift check`: what would be lost, changed or in the way, in the three groups of `mkectl check mke3`.

use super::answer::Answer;
use super::args::Format;
use super::exit;
use super::loading::{self, Loaded};
use super::progress::Progress;
use super::site_args::SiteArgs;
use super::ui::{Ui, exit_code};
use super::whole::Whole;
use crate::access::report::Summary;
use crate::compile::Translated;
use crate::contract::Use;
use crate::ledger::KeyEntry;
use crate::translate::Fate;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;

#[derive(Serialize)]
struct Report<'a> {
    contract: &'static str,
    supported: Vec<&'a KeyEntry>,
    not_supported: Vec<&'a KeyEntry>,
    off: Vec<&'a KeyEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'a Summary>,
}

pub fn run(ui: Ui, args: &SiteArgs, toml: Option<&Path>, format: Format) -> anyhow::Result<Answer> {
    let Loaded { inputs, mut findings, files } = match toml {
        Some(toml) => loading::bare(toml, &args.settings, Use::Convert)?,
        None => loading::site(args, Use::Convert)?,
    };
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    if let Some(whole) = Whole::of(translated.as_ref(), &files) {
        let progress = Progress::new(ui, "reading blobs", whole.blob_bytes());
        whole.blobs(u64::MAX, None, &progress, &mut findings)?;
    }
    if format == Format::Text {
        ui.findings(&findings);
    }
    let Some(translated) = translated else {
        return Ok(Answer::new(exit_code(&findings).max(exit::FAILED)).findings(&findings));
    };
    let keys = &translated.ledger.keys;
    let group = |wanted: fn(Fate) -> bool| keys.iter().filter(|k| wanted(k.fate)).collect::<Vec<_>>();
    let report = Report {
        contract: translated.inputs.contract.id,
        supported: group(Fate::has_output),
        not_supported: group(|fate| !fate.has_output() && fate != Fate::Default),
        off: group(|fate| fate == Fate::Default),
        access: translated.access.as_ref().map(|access| &access.report.summary),
    };
    Answer::new(exit_code(&findings)).findings(&findings).result(&report, text(&report)?)
}

fn text(report: &Report<'_>) -> anyhow::Result<String> {
    let mut text = format!("For {}:\n", report.contract);
    let groups = [
        ("Not supported", &report.not_supported),
        ("Supported", &report.supported),
        ("Off, or at MKE 3's default", &report.off),
    ];
    for (title, keys) in groups {
        writeln!(text, "\n{title} ({})", keys.len())?;
        for key in keys {
            let name = key.key.split_once(':').map_or(key.key.as_str(), |(_, path)| path);
            write!(text, "  {name}: {}", key.fate)?;
            match (&key.why, key.to.first()) {
                (why, _) if !why.is_empty() => writeln!(text, ", {why}")?,
                (_, Some(to)) if key.to.len() > 1 => {
                    writeln!(text, " -> {to} and {} more", key.to.len() - 1)?
                }
                (_, Some(to)) => writeln!(text, " -> {to}")?,
                _ => writeln!(text)?,
            }
        }
    }
    if let Some(access) = report.access {
        writeln!(text, "\nAccounts and rights")?;
        for line in access.lines() {
            writeln!(text, "  {line}")?;
        }
    }
    Ok(text)
}

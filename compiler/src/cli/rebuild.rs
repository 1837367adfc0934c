//! `airlift rebuild --check`: is a set what the compiler makes of a site directory?

use super::args::Format;
use super::compile::blob_bytes;
use super::loading::{self, Loaded};
use super::progress::Progress;
use super::site_args::SiteArgs;
use super::ui::Ui;
use super::verify::{Problem, problems, refuse, trusted};
use super::{exit, output};
use crate::blob;
use crate::compile::bundle::{self, Parts};
use crate::compile::{Translated, report};
use crate::contract::Use;
use crate::rebuild::{Against, Difference};
use airlift_bundle::Problems;
use anyhow::Context as _;
use serde::Serialize;
use std::path::Path;

/// What was asked for.
pub struct Wish<'a> {
    pub set: &'a Path,
    pub site: &'a SiteArgs,
    pub chunk_size: u64,
    pub public_key: Option<&'a Path>,
    pub trust: Option<&'a Path>,
    pub format: Format,
}

#[derive(Serialize)]
struct Answer {
    ok: bool,
    plan_id: String,
    files: usize,
    signatures_checked: bool,
    problems: Vec<Problem>,
}

/// What to do about a file that differs.
const HINT: &str = "compare tool versions (plan.json names the one that made the set) and flags; if both are the same, \
     the set or an input was changed: do not approve it";

pub fn run(ui: Ui, wish: &Wish<'_>) -> anyhow::Result<u8> {
    let trust = match trusted(wish.public_key, wish.trust)?.transpose() {
        Ok(trust) => trust,
        Err(found) => {
            refuse(ui, &found);
            return Ok(exit::REFUSED);
        }
    };
    anyhow::ensure!(wish.set.is_dir(), "{} is no directory with a set", wish.set.display());
    let Loaded { inputs, mut findings, files } = loading::site(wish.site, Use::Compile)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    let whole = translated.as_ref().and_then(|t| Some((t, t.inputs.site.as_ref()?, t.nodes.as_ref()?)));
    let (false, Some((translated, site, nodes))) = (findings.stop(), whole) else {
        let code = ui.findings(&findings);
        ui.fail("the site directory does not compile, so nothing can be compared", None);
        return Ok(code.max(exit::FAILED));
    };
    let progress = Progress::new(ui, "reading blobs", 2 * blob_bytes(site, &files));
    let contract = translated.inputs.contract;
    let from = blob::From { settings: &site.settings, files: &files, contract, nodes };
    let into = blob::Into { cut: wish.chunk_size, writer: None, each: &|bytes| progress.add(bytes) };
    let blobs = blob::take(&from, &into, &mut findings)?;
    if findings.stop() {
        let code = ui.findings(&findings);
        ui.fail("the site directory does not compile, so nothing can be compared", None);
        return Ok(code);
    }
    let against = Against::new(wish.set);
    for taken in &blobs {
        against.blob(taken, &files);
        progress.add(taken.blob.size);
    }
    drop(progress);
    let report = report::text(translated, site, nodes, &findings)?;
    let parts = Parts { translated, site, nodes, files: &files, blobs: &blobs, report: &report };
    let packed = bundle::pack(&parts, None, &against).context("can't pack the set")?;
    let differences = against.finish();
    let signatures = match &trust {
        Some(trust) => Against::signatures(wish.set, trust, &differences),
        None => Ok(()),
    };
    let answer = Answer {
        ok: differences.is_empty() && signatures.is_ok(),
        plan_id: packed.index.plan_id.to_string(),
        files: packed.index.files.len(),
        signatures_checked: trust.is_some(),
        problems: differences
            .iter()
            .map(problem)
            .chain(signatures.as_ref().err().into_iter().flat_map(problems))
            .collect(),
    };
    match wish.format {
        Format::Json => output::print_json(&answer)?,
        Format::Text => say(ui, wish.set, &answer, &differences, &signatures)?,
    }
    Ok(if answer.ok { exit::DONE } else { exit::REFUSED })
}

fn problem(difference: &Difference) -> Problem {
    Problem { code: difference.code(), message: difference.describe(), hint: HINT }
}

fn say(
    ui: Ui,
    set: &Path,
    answer: &Answer,
    differences: &[Difference],
    signatures: &Result<(), Problems>,
) -> anyhow::Result<()> {
    for difference in differences {
        ui.fail(&format!("[{}] {}", difference.code(), difference.describe()), None);
    }
    if !differences.is_empty() {
        ui.say(&format!("hint: {HINT}"));
    }
    if let Err(found) = signatures {
        refuse(ui, found);
    }
    let set = set.display();
    if answer.ok {
        let signatures =
            if answer.signatures_checked { "its signatures hold" } else { "its signatures were not checked" };
        output::print(&format!(
            "{set}: all {} files are what the compiler makes of the site directory; {signatures}\nplan id {}\n",
            answer.files, answer.plan_id
        ))?;
        if !answer.signatures_checked {
            ui.say("note: --public-key checks the signatures too");
        }
    } else {
        ui.say(&format!("{set} is not what the compiler makes of the site directory"));
    }
    Ok(())
}

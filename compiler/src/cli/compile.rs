//! `airlift compile`: the whole way from a site directory to a signed set.

use super::answer::Answer;
use super::loading::{self, Loaded};
use super::site_args::SiteArgs;
use super::ui::{Ui, exit_code};
use super::{exit, keygen, output};
use crate::ambient;
use crate::compile::bundle::{self, Packed};
use crate::compile::{Inputs, Translated, report};
use crate::contract::Use;
use crate::diag::Findings;
use crate::emit::{Existing, ISSUED, Issued, SerialError, Standing, standing, write_set};
use crate::site::values::Date;
use airlift_bundle::set::SetIndex;
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Work that is done sooner shows no progress bar.
const QUIET: Duration = Duration::from_secs(1);

/// What was asked for.
pub struct Wish<'a> {
    pub site: &'a SiteArgs,
    pub out: Option<&'a Path>,
    pub key: &'a Path,
    pub password_file: Option<&'a Path>,
    pub config_out: Option<&'a Path>,
    pub force: bool,
}

#[derive(Serialize)]
struct Done {
    site: String,
    serial: u64,
    contract: &'static str,
    plan_id: String,
    nodes: usize,
    files: usize,
    bytes: usize,
    out: PathBuf,
}

pub fn run(ui: Ui, wish: &Wish<'_>) -> anyhow::Result<Answer> {
    let key = keygen::unlock(wish.key, wish.password_file)?;
    let Loaded { inputs, mut findings, files } = loading::site(wish.site, Use::Compile)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    // What the clock says is shown and may stop the run, but stays out of the set.
    let timeless = findings.clone();
    findings.append(expiry(inputs.as_ref()));
    ui.findings(&findings);
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            let code = if findings.stop() { exit_code(&findings) } else { exit::INPUT };
            return Ok(Answer::new(code).findings(&findings).problem(error.to_string(), None));
        }
    };
    let whole = translated.as_ref().and_then(|t| Some((t, t.inputs.site.as_ref()?, t.nodes.as_ref()?)));
    let (false, Some((translated, site, nodes))) = (findings.stop(), whole) else {
        return Ok(Answer::new(refusal(&findings))
            .findings(&findings)
            .problem("nothing was written", Some("mend what stands above and run the same command again")));
    };
    let contract = translated.inputs.contract;
    if translated.inputs.contract_is_default {
        ui.say(&format!(
            "target: {}, the newest that takes MKE {}",
            contract.id, site.settings.mke3_version.value
        ));
    }
    let text = report::text(translated, site, nodes, &timeless)?;
    let packed = bundle::pack(translated, site, nodes, &files, &text, &key)
        .with_context(|| "can't pack the set".to_owned())?;
    let out =
        wish.out.map_or_else(|| PathBuf::from(format!("{}-set", site.settings.site.value)), Path::to_owned);
    let (name, serial) = (site.settings.site.value.to_string(), site.settings.serial.value);
    let set_json = packed.files.get(SetIndex::FILE).map(Vec::as_slice).unwrap_or_default();
    let issued = match may_issue(&wish.site.dir, &out, &name, serial, set_json) {
        Ok(issued) => issued,
        Err(error) => {
            return Ok(Answer::new(exit::INPUT).findings(&findings).problem(error.to_string(), None));
        }
    };
    // Noted before the set appears: a serial that was noted in vain costs nothing, one that was forgotten may be used twice.
    let note = wish.site.dir.join(ISSUED);
    output::write_file(&note, &issued.with(serial, set_json)?, true)
        .context("nothing was written: the serial must be noted as used in the site directory first")?;
    if standing(&out, &name, serial, set_json) == Standing::Same {
        ui.say("the set is there already, byte for byte; nothing was written");
    } else {
        write(ui, &out, &packed, wish.force)?;
    }
    if let Some(path) = wish.config_out {
        let mke4 = packed.files.get("mke4.yaml").map(Vec::as_slice).unwrap_or_default();
        output::write_file(path, mke4, wish.force)?;
    }
    let done = Done {
        site: name,
        serial,
        contract: contract.id,
        plan_id: packed.plan_id.to_string(),
        nodes: packed.nodes,
        files: packed.files.len(),
        bytes: packed.files.values().map(Vec::len).sum(),
        out,
    };
    let text = format!(
        "{}: {} bundles for {}, site {}, serial {}\nplan id {}\n",
        done.out.display(),
        done.nodes,
        done.contract,
        done.site,
        done.serial,
        done.plan_id
    );
    Answer::new(exit::DONE).findings(&findings).result(&done, text)
}

/// Whether a set with this `set.json` may leave under this serial.
fn may_issue(
    dir: &Path,
    out: &Path,
    site: &str,
    serial: u64,
    set_json: &[u8],
) -> Result<Issued, SerialError> {
    let issued = Issued::read(dir)?;
    issued.check(serial, set_json)?;
    if let Standing::Used(last) = standing(out, site, serial, set_json) {
        let where_ = format!("it stands in {}", out.display());
        return Err(SerialError::Used { serial, where_, next: last + 1 });
    }
    Ok(issued)
}

/// The exit code of a run that wrote nothing.
fn refusal(findings: &Findings) -> u8 {
    match exit_code(findings) {
        exit::DONE => exit::FAILED,
        code => code,
    }
}

/// Certificates that the clock of this machine says are past. Not part of the set: the same inputs give the same bytes
/// on every day.
fn expiry(inputs: Option<&Inputs>) -> Findings {
    let today = Date::from_days(ambient::seconds_since_1970().div_euclid(24 * 60 * 60));
    inputs.and_then(|i| i.site.as_ref()).map(|site| site.expiry_findings(today)).unwrap_or_default()
}

fn write(ui: Ui, out: &Path, packed: &Packed, force: bool) -> anyhow::Result<()> {
    let total: usize = packed.files.values().map(Vec::len).sum();
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("writing {bar:30} {bytes}/{total_bytes}") {
        bar.set_style(style);
    }
    let start = ambient::stopwatch();
    let existing = if force { Existing::Replace } else { Existing::Keep };
    write_set(out, &packed.files, existing, |bytes| {
        if bar.is_hidden() && ui.is_terminal() && start.elapsed() > QUIET {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.inc(bytes as u64);
    })?;
    bar.finish_and_clear();
    Ok(())
}

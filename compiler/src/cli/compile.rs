//! `airlift compile`: the whole way from a site directory to a signed set.

use super::answer::Answer;
use super::loading::{self, Loaded};
use super::progress::Progress;
use super::site_args::SiteArgs;
use super::ui::{Ui, exit_code};
use super::whole::Whole;
use super::{exit, keygen, output};
use crate::ambient;
use crate::compile::{Inputs, Translated};
use crate::contract::Use;
use crate::diag::Findings;
use crate::emit::{Existing, ISSUED, Issued, SerialError, SetWriter, Standing, standing};
use crate::secrets::Sealed;
use crate::secrets::policy::Slots;
use crate::site::SiteFiles;
use crate::site::values::Date;
use anyhow::Context as _;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was asked for.
pub struct Wish<'a> {
    pub site: &'a SiteArgs,
    pub out: Option<&'a Path>,
    pub key: &'a Path,
    pub password_file: Option<&'a Path>,
    pub config_out: Option<&'a Path>,
    pub chunk_size: u64,
    pub force: bool,
    pub plaintext: bool,
}

#[derive(Serialize)]
struct Done {
    site: String,
    serial: u64,
    contract: &'static str,
    plan_id: String,
    nodes: usize,
    files: usize,
    bytes: u64,
    out: PathBuf,
}

pub fn run(ui: Ui, wish: &Wish<'_>) -> anyhow::Result<Answer> {
    let key = keygen::unlock(wish.key, wish.password_file)?;
    let Loaded { inputs, mut findings, files } = loading::site(wish.site, Use::Compile)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    let sealed = sealed(translated.as_ref(), &files, wish.plaintext, &mut findings)?;
    // What the clock says is shown and may stop the run, but stays out of the set.
    let mut timeless = findings.clone();
    findings.append(expiry(inputs.as_ref()));
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            ui.findings(&findings);
            let code = if findings.stop() { exit_code(&findings) } else { exit::INPUT };
            return Ok(Answer::new(code).findings(&findings).problem(error.to_string(), None));
        }
    };
    let (false, Some(whole)) = (findings.stop(), Whole::of(translated.as_ref(), &files)) else {
        ui.findings(&findings);
        return Ok(Answer::stopped(&findings, "nothing was written"));
    };
    let (translated, site) = (whole.translated, whole.site);
    let out =
        wish.out.map_or_else(|| PathBuf::from(format!("{}-set", site.settings.site.value)), Path::to_owned);
    let existing = if wish.force { Existing::Replace } else { Existing::Keep };
    let contract = translated.inputs.contract;
    let writer = SetWriter::begin(&out, existing)?;
    let mut about_blobs = Findings::new();
    let progress = Progress::new(ui, "reading blobs", whole.blob_bytes());
    let blobs = whole.blobs(wish.chunk_size, Some(&writer), &progress, &mut about_blobs)?;
    drop(progress);
    timeless.append(about_blobs.clone());
    findings.append(about_blobs);
    ui.findings(&findings);
    if findings.stop() {
        return Ok(Answer::stopped(&findings, "nothing was written"));
    }
    if translated.inputs.contract_is_default {
        ui.say(&format!(
            "target: {}, the newest that takes MKE {}",
            contract.id, site.settings.mke3_version.value
        ));
    }
    let packed = whole.pack(&blobs, sealed.as_ref(), &timeless, Some(&key), &writer)?;
    let (name, serial) = (site.settings.site.value.to_string(), site.settings.serial.value);
    let issued = match may_issue(&wish.site.dir, &out, &name, serial, &packed.set_json) {
        Ok(issued) => issued,
        Err(error) => {
            return Ok(Answer::new(exit::INPUT).findings(&findings).problem(error.to_string(), None));
        }
    };
    let same = standing(&out, &name, serial, &packed.set_json) == Standing::Same;
    if !same {
        SetWriter::may_take(&out, existing)?;
    }
    // Noted before the set appears: a serial that was noted in vain costs nothing, one that was forgotten may be used twice.
    let note = wish.site.dir.join(ISSUED);
    output::write_file(&note, &issued.with(serial, &packed.set_json)?, true)
        .context("nothing was written: the serial must be noted as used in the site directory first")?;
    if same {
        ui.say("the set is there already, byte for byte; nothing was written");
    } else {
        writer.show()?;
    }
    if let Some(path) = wish.config_out {
        output::write_file(path, &packed.mke4, wish.force)?;
    }
    let done = Done {
        site: name,
        serial,
        contract: contract.id,
        plan_id: packed.index.plan_id.to_string(),
        nodes: packed.nodes,
        // Beside those listed: set.json, its signature, SHA256SUMS, and a signature for every bundle.
        files: packed.index.files.len() + 3 + packed.nodes,
        bytes: packed.index.files.iter().map(|file| file.size).sum(),
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

/// What was sealed, where the rest of the site is whole.
pub(super) fn sealed(
    translated: Option<&Translated<'_>>,
    files: &SiteFiles,
    plaintext: bool,
    findings: &mut Findings,
) -> anyhow::Result<Option<Sealed>> {
    let Some((translated, site)) = translated.and_then(|t| Some((t, t.inputs.site.as_ref()?))) else {
        return Ok(None);
    };
    Ok(Sealed::read(files, site, &Slots::of(translated), plaintext, findings)?)
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
        return Err(SerialError::Used { serial, where_, next: issued.next_after(last) });
    }
    Ok(issued)
}

/// Certificates that the clock of this machine says are past. Not part of the set: the same inputs give the same bytes
/// on every day.
fn expiry(inputs: Option<&Inputs>) -> Findings {
    let today = Date::from_days(ambient::seconds_since_1970().div_euclid(24 * 60 * 60));
    inputs.and_then(|i| i.site.as_ref()).map(|site| site.expiry_findings(today)).unwrap_or_default()
}

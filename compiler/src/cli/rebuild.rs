//! `airlift rebuild --check`: is a set what the compiler makes of a site directory?

use super::answer::Answer;
use super::compile::sealed;
use super::exit;
use super::loading::{self, Loaded};
use super::progress::Progress;
use super::site_args::SiteArgs;
use super::ui::Ui;
use super::verify::trusted;
use super::whole::Whole;
use crate::compile::Translated;
use crate::contract::Use;
use crate::rebuild::Against;
use serde::Serialize;
use std::path::Path;

/// What was asked for.
pub struct Wish<'a> {
    pub set: &'a Path,
    pub site: &'a SiteArgs,
    pub chunk_size: u64,
    pub public_key: Option<&'a Path>,
    pub trust: Option<&'a Path>,
}

#[derive(Serialize)]
struct Rebuilt {
    plan_id: String,
    files: usize,
    signatures_checked: bool,
}

/// What to do about a file that differs.
const HINT: &str = "compare tool versions (plan.json names the one that made the set) and flags; if both are the same, \
     the set or an input was changed: do not approve it";

/// What is said where there is nothing to compare with.
const STOPPED: &str = "the site directory does not compile, so nothing can be compared";

pub fn run(ui: Ui, wish: &Wish<'_>) -> anyhow::Result<Answer> {
    let trust = match trusted(wish.public_key, wish.trust)?.transpose() {
        Ok(trust) => trust,
        Err(found) => return Ok(Answer::new(exit::REFUSED).problems(&found)),
    };
    anyhow::ensure!(wish.set.is_dir(), "{} is no directory with a set", wish.set.display());
    let Loaded { inputs, mut findings, files } = loading::site(wish.site, Use::Compile)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    let sealed = sealed(translated.as_ref(), &files, true, &mut findings)?;
    let (false, Some(whole)) = (findings.stop(), Whole::of(translated.as_ref(), &files)) else {
        ui.findings(&findings);
        return Ok(Answer::stopped(&findings, STOPPED));
    };
    let progress = Progress::new(ui, "reading blobs", 2 * whole.blob_bytes());
    let blobs = whole.blobs(wish.chunk_size, None, &progress, &mut findings)?;
    if findings.stop() {
        ui.findings(&findings);
        return Ok(Answer::stopped(&findings, STOPPED));
    }
    let against = Against::new(wish.set);
    for taken in &blobs {
        against.blob(taken, &files);
        progress.add(taken.blob.size);
    }
    drop(progress);
    let packed = whole.pack(&blobs, sealed.as_ref(), &findings, None, &against)?;
    let differences = against.finish();
    let signatures = match &trust {
        Some(trust) => Against::signatures(wish.set, trust, &differences),
        None => Ok(()),
    };
    let rebuilt = Rebuilt {
        plan_id: packed.index.plan_id.to_string(),
        files: packed.index.files.len(),
        signatures_checked: trust.is_some(),
    };
    let set = wish.set.display();
    if differences.is_empty() && signatures.is_ok() {
        if trust.is_none() {
            ui.say("note: --public-key checks the signatures too");
        }
        let signatures =
            if trust.is_some() { "its signatures hold" } else { "its signatures were not checked" };
        let text = format!(
            "{set}: all {} files are what the compiler makes of the site directory; {signatures}\nplan id {}\n",
            rebuilt.files, rebuilt.plan_id
        );
        return Answer::new(exit::DONE).result(&rebuilt, text);
    }
    ui.say(&format!("{set} is not what the compiler makes of the site directory"));
    let mut answer = Answer::new(exit::REFUSED).result(&rebuilt, "")?;
    for difference in &differences {
        answer = answer.coded(Some(difference.code()), difference.describe(), Some(HINT));
    }
    Ok(match signatures {
        Ok(()) => answer,
        Err(found) => answer.problems(&found),
    })
}

//! `airlift carry`: a set to a medium, with the proof that it arrived.

use super::answer::Answer;
use super::exit;
use super::progress::Progress;
use super::ui::Ui;
use super::verify::trusted;
use crate::carry::{Carried, CarryError, Event, Options, carry};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Summary<'a> {
    target: &'a Path,
    plan_id: String,
    bytes: u64,
    written: &'a [String],
    kept: usize,
    read_back_past_the_cache: bool,
    signature_checked: bool,
}

/// What was asked for.
pub struct Wish<'a> {
    pub set: &'a Path,
    pub target: &'a Path,
    pub public_key: Option<&'a Path>,
    pub trust: Option<&'a Path>,
    pub force: bool,
}

pub fn run(ui: Ui, wish: &Wish<'_>) -> anyhow::Result<Answer> {
    let trust = trusted(wish.public_key, wish.trust)?.transpose();
    let result = trust.map_err(CarryError::Source).and_then(|trust| {
        let mut progress = None;
        let options = Options { trust: trust.as_ref(), replace: wish.force };
        carry(wish.set, wish.target, &options, &mut |event| match event {
            Event::Planned(total) => progress = Some(Progress::new(ui, "carrying", total)),
            Event::Moved(bytes) => progress.iter().for_each(|bar| bar.add(bytes)),
            Event::Again(path) => ui.say(&format!("warning: {path} read back wrong; it is written again")),
            Event::Written(path) => tracing::debug!(path, "written"),
        })
    });
    match result {
        Ok(carried) => {
            remarks(ui, &carried);
            Answer::new(exit::DONE).result(&summary(wish.target, &carried), text(wish.target, &carried))
        }
        Err(CarryError::Source(found)) => {
            ui.say("nothing is on the medium that could be taken for this set");
            Ok(Answer::new(exit::REFUSED).problems(&found))
        }
        Err(error) => {
            Ok(Answer::new(exit::FAILED).coded(Some(error.code()), error.to_string(), Some(error.hint())))
        }
    }
}

fn remarks(ui: Ui, carried: &Carried) {
    if carried.unsure > 0 {
        ui.say(&format!(
            "warning: this file system has no direct reads, so {} files may have been read back from memory\n\
             hint: unmount the medium, mount it again, and run `airlift verify` on it",
            carried.unsure
        ));
    }
    if !carried.signature_checked {
        ui.say("note: the signature was carried unchecked; --public-key checks it");
    }
}

fn text(target: &Path, carried: &Carried) -> String {
    let (target, plan_id, bytes, kept) = (target.display(), carried.plan_id, carried.bytes, carried.kept);
    let back = match carried.unsure {
        0 => "read back from the medium",
        _ => "read back",
    };
    match carried.written.len() {
        0 => format!(
            "{target}: the set is there already; all {kept} files, {bytes} bytes, {back}\nplan id {plan_id}\n"
        ),
        written => format!(
            "{target}: carried; {written} files written, {kept} right already, {bytes} bytes in all, {back}\n\
             plan id {plan_id}\n"
        ),
    }
}

fn summary<'a>(target: &'a Path, carried: &'a Carried) -> Summary<'a> {
    Summary {
        target,
        plan_id: carried.plan_id.to_string(),
        bytes: carried.bytes,
        written: &carried.written,
        kept: carried.kept,
        read_back_past_the_cache: carried.unsure == 0,
        signature_checked: carried.signature_checked,
    }
}

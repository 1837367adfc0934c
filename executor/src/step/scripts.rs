//! Script steps, checks and recoveries: which script runs when, with what, and what its end means.
//!
//! - `do` runs only where the probe says "not in effect", and must leave it "in effect"; `undo` must not.
//! - An exit code that means nothing is "unknown" and stops the stage with what was seen.
//! - What a script did is flushed before the journal says that it is done.

use airlift_bundle::plan::{
    Check, PlannedLook, Recovery, Script, ScriptFile, ScriptUndo, Seconds, Severity, Step, StepId, Value,
    Variable,
};

use serde::Serialize;

use super::fault::Fault;
use super::step_kinds::{Look, Probe};
use super::workshop::{Interrupt, Workshop};
use crate::disk::{ensure_dir, put_file, remove_file, remove_tree};
use crate::journal::Before;
use crate::sealed::{Secret, redact};

/// A script that is to run.
pub struct Job<'a> {
    /// The step, check or recovery.
    pub step: &'a StepId,
    /// `check`, `look`, `do`, `probe`, `undo` or `recover`.
    pub phase: &'static str,
    /// Its text.
    pub text: &'a [u8],
    /// Its whole environment but `PATH`, `AIRLIFT_STEP` and `AIRLIFT_PHASE`.
    pub variables: Vec<(String, String)>,
    /// Secrets, by the name of the variable that holds the path of a file with each.
    pub secrets: Vec<(String, Secret)>,
    /// How long it may run.
    pub seconds: u32,
    /// Whether an operator's signal ends it, too.
    pub heeds_operator: bool,
}

/// A script that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// The last part of its output.
    pub output: Vec<u8>,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Code(i32),
    /// By this signal, which was not ours.
    Signal(i32),
    /// By our signal, since its time was over.
    TimeOut,
    /// By our signal, since one came to us.
    Interrupted(Interrupt),
}

impl Ran {
    /// All that it said, without what a terminal would take for more than text.
    fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.output);
        let text = text.trim().replace('\t', " ");
        text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
    }

    /// How it ended and what it said last, for a message.
    #[must_use]
    pub fn seen(&self, seconds: u32) -> String {
        let end = match self.end {
            End::Code(code) => format!("it ended with code {code}"),
            End::Signal(signal) => format!("it was killed by signal {signal}"),
            End::TimeOut => format!("it did not end in {seconds} seconds"),
            End::Interrupted(interrupt) => interrupt.to_string(),
        };
        let text = String::from_utf8_lossy(&self.output);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
        let clean: Vec<String> = last
            .iter()
            .map(|line| line.chars().filter(|c| !c.is_control()).take(300).collect::<String>())
            .collect();
        if clean.is_empty() {
            format!("{end} and said nothing")
        } else {
            format!("{end} and said: {}", clean.join(" | "))
        }
    }
}

/// How much of a script's output is kept, in bytes.
pub const LOG_LIMIT: usize = 64 << 10;

/// Looking at things takes no longer than this.
const PROBE_SECONDS: u32 = 300;

fn run(
    shop: &Workshop<'_>,
    step: &StepId,
    phase: &'static str,
    file: &ScriptFile,
    variables: &[Variable],
    seconds: u32,
    own: Vec<(String, String)>,
) -> Result<Ran, Fault> {
    let (text, heeds_operator) = (shop.contents.script(file)?, shop.machine.heeds_operator());
    let mut job = Job { step, phase, text, variables: own, secrets: Vec::new(), seconds, heeds_operator };
    for Variable { name, value } in variables {
        match value {
            Value::Secret(secret) => job.secrets.push((name.to_string(), shop.contents.secret(secret)?)),
            other => job.variables.push((name.to_string(), other.to_text().unwrap_or_default())),
        }
    }
    let mut ran = shop.machine.run(&job)?;
    let is_cut = ran.output.len() >= LOG_LIMIT;
    ran.output = redact(ran.output, is_cut, &job.secrets);
    if LOGGED.contains(&phase) {
        keep_log(shop, step, phase, &ran.output);
    }
    match ran.end {
        End::Interrupted(interrupt) => Err(Fault::Interrupted(interrupt)),
        _ => Ok(ran),
    }
}

/// What a script that changes something has said is kept; one that only looks writes nothing.
const LOGGED: [&str; 3] = ["do", "undo", "recover"];

/// Keeps what a script has said, in place of what it said before. A full disk must not be why a step fails or stays.
fn keep_log(shop: &Workshop<'_>, step: &StepId, phase: &str, said: &[u8]) {
    let log = shop.keep.log(step, phase);
    let _ =
        if said.is_empty() { remove_file(shop.disk, &log) } else { put_file(shop.disk, &log, 0o600, said) };
}

/// How a script ended, what it said last, and where the rest of that is.
fn seen(shop: &Workshop<'_>, step: &StepId, phase: &str, ran: &Ran, seconds: u32) -> String {
    let (seen, log) = (ran.seen(seconds), shop.keep.log(step, phase));
    match shop.disk.stat(&log) {
        Ok(Some(_)) => format!("{seen} (more in {})", log.display()),
        _ => seen,
    }
}

fn run_of_step(
    shop: &Workshop<'_>,
    step: &Step,
    phase: &'static str,
    file: &ScriptFile,
    seconds: u32,
) -> Result<Ran, Fault> {
    let variables = step.script().map(|script| script.variables.as_slice()).unwrap_or_default();
    let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    let own = vec![
        ("AIRLIFT_KEEP".to_owned(), text(shop.keep.script(&step.id))),
        ("AIRLIFT_EVIDENCE".to_owned(), text(shop.keep.evidence(&step.id))),
    ];
    run(shop, &step.id, phase, file, variables, seconds, own)
}

/// For `do` and `undo`: 0 is done, anything else is not.
fn must_succeed(
    shop: &Workshop<'_>,
    ran: &Ran,
    phase: &str,
    step: &Step,
    seconds: Seconds,
) -> Result<(), Fault> {
    match ran.end {
        End::Code(0) => Ok(()),
        _ => {
            let seen = seen(shop, &step.id, phase, ran, seconds.get());
            Err(Fault::said(format!("{phase} {}: {seen}", step.id)))
        }
    }
}

pub(super) fn probe(shop: &Workshop<'_>, step: &Step, script: &Script) -> Result<Probe, Fault> {
    let seconds = script.seconds.get().min(PROBE_SECONDS);
    let ran = run_of_step(shop, step, "probe", &script.probe, seconds)?;
    Ok(match ran.end {
        End::Code(Script::PROBE_IN_EFFECT) => Probe::InEffect,
        End::Code(Script::PROBE_NOT_IN_EFFECT) => Probe::NotInEffect("its probe says so".to_owned()),
        _ => Probe::Unknown(ran.seen(seconds)),
    })
}

pub(super) fn look(shop: &Workshop<'_>, step: &Step, script: &Script) -> Result<Look, Fault> {
    match probe(shop, step, script)? {
        Probe::InEffect => Ok(Look::InEffect),
        Probe::NotInEffect(_) => Ok(Look::Ready(Before::Script {})),
        Probe::Unknown(seen) => Err(Fault::said(format!("tell whether {} is in effect: {seen}", step.id))),
    }
}

pub(super) fn act(shop: &Workshop<'_>, step: &Step, script: &Script) -> Result<(), Fault> {
    let ran = run_of_step(shop, step, "do", &script.r#do, script.seconds.get())?;
    must_succeed(shop, &ran, "do", step, script.seconds)?;
    match probe(shop, step, script)? {
        Probe::InEffect => Ok(shop.disk.sync_all()?),
        Probe::NotInEffect(_) => Err(Fault::said(format!(
            "do {}: it ended well, but its probe says that it is not in effect",
            step.id
        ))),
        Probe::Unknown(seen) => Err(Fault::said(format!(
            "do {}: it ended well, but whether it is in effect is unknown: the probe's word: {seen}",
            step.id
        ))),
    }
}

pub(super) fn undo(shop: &Workshop<'_>, step: &Step, script: &Script) -> Result<(), Fault> {
    let (ScriptUndo::Exact(file) | ScriptUndo::Restores(file) | ScriptUndo::InK0s(file)) = &script.undo
    else {
        return Err(Fault::said(format!("undo {}, which can't be undone", step.id)));
    };
    let ran = run_of_step(shop, step, "undo", file, script.seconds.get())?;
    must_succeed(shop, &ran, "undo", step, script.seconds)?;
    match probe(shop, step, script)? {
        Probe::NotInEffect(_) => {}
        Probe::InEffect => {
            return Err(Fault::said(format!(
                "undo {}: it ended well, but its probe says that it is in effect",
                step.id
            )));
        }
        Probe::Unknown(seen) => {
            return Err(Fault::said(format!("undo {}: it ended well, but then: {seen}", step.id)));
        }
    }
    Ok(shop.disk.sync_all()?)
}

/// Takes away what an earlier try has left in k0s, however that was left. Nothing of it is announced: there is nothing to
/// take back.
pub(super) fn clear(shop: &Workshop<'_>, step: &Step, script: &Script) -> Result<(), Fault> {
    let ScriptUndo::InK0s(file) = &script.undo else { return Ok(()) };
    let ran = run_of_step(shop, step, "undo", file, script.seconds.get())?;
    must_succeed(shop, &ran, "undo", step, script.seconds)
}

/// An empty directory for the script, and no evidence: what an earlier try left would speak for this one.
pub(super) fn make_ready(shop: &Workshop<'_>, step: &Step) -> Result<(), Fault> {
    let (room, evidence) = (shop.keep.script(&step.id), shop.keep.evidence(&step.id));
    remove_tree(shop.disk, &room)?;
    remove_file(shop.disk, &evidence)?;
    shop.disk.sync_dir(evidence.parent().unwrap_or(&evidence))?;
    shop.disk.sync_dir(room.parent().unwrap_or(&room))?;
    Ok(ensure_dir(shop.disk, &room, 0o700)?)
}

/// Whether a script that was begun before can be taken for done: it left its evidence, in this boot, and the probe
/// agrees. An earlier boot's evidence may have reached the disk before what it vouches for.
pub(crate) fn is_done_after_all(
    shop: &Workshop<'_>,
    step: &Step,
    script: &Script,
    same_boot: bool,
) -> Result<bool, Fault> {
    use airlift_bundle::plan::Completion;
    let vouched = match script.completion {
        Completion::Atomic => true,
        Completion::Evidence => same_boot && shop.disk.stat(&shop.keep.evidence(&step.id))?.is_some(),
    };
    if !vouched || probe(shop, step, script)? != Probe::InEffect {
        return Ok(false);
    }
    shop.disk.sync_all()?;
    Ok(true)
}

/// Runs a check; what it found and what it said.
///
/// # Errors
/// It can't be run.
pub fn run_check(shop: &Workshop<'_>, check: &Check) -> Result<(Severity, String), Fault> {
    let ran =
        run(shop, &check.id, "check", &check.script, &check.variables, check.seconds.get(), Vec::new())?;
    let severity = Severity::of_exit_code(match ran.end {
        End::Code(code) => Some(code),
        _ => None,
    });
    let said = match severity {
        Severity::Unknown => ran.seen(check.seconds.get()),
        _ => ran.shown(),
    };
    Ok((severity, said))
}

/// What a look has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "sight", content = "said", rename_all = "kebab-case")]
pub enum Sight {
    /// It is so.
    Seen,
    /// It is not; what the script said.
    NotSeen(String),
    /// That can't be told; what was seen.
    Unknown(String),
}

/// Looks at what a gate asks.
///
/// # Errors
/// The script can't be run.
pub fn run_look(shop: &Workshop<'_>, planned: &PlannedLook) -> Result<Sight, Fault> {
    let id: StepId = planned.id().parse().map_err(|error| Fault::said(format!("look: {error}")))?;
    let seconds = planned.seconds.get();
    let ran = run(shop, &id, "look", &planned.script, &planned.variables, seconds, Vec::new())?;
    Ok(match ran.end {
        End::Code(PlannedLook::SEEN) => Sight::Seen,
        End::Code(PlannedLook::NOT_SEEN) => Sight::NotSeen(ran.seen(seconds)),
        _ => Sight::Unknown(ran.seen(seconds)),
    })
}

/// Runs a recovery; its exit code, none when it was killed, what was seen, and all that it printed.
///
/// # Errors
/// It can't be run.
pub fn run_recovery(
    shop: &Workshop<'_>,
    recovery: &Recovery,
) -> Result<(Option<i32>, String, String), Fault> {
    let room = shop.keep.script(&recovery.id);
    ensure_dir(shop.disk, &room, 0o700)?;
    let own = vec![("AIRLIFT_KEEP".to_owned(), room.to_string_lossy().into_owned())];
    let seconds = recovery.seconds.get();
    let ran = run(shop, &recovery.id, "recover", &recovery.script, &recovery.variables, seconds, own)?;
    shop.disk.sync_all()?;
    let code = match ran.end {
        End::Code(code) => Some(code),
        _ => None,
    };
    let said = ran.shown();
    Ok((code, seen(shop, &recovery.id, "recover", &ran, seconds), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_text_of_a_script_and_nothing_else() {
        let output = b"\x1b]0;title\x07one\ttwo\r\n\xc2\x9bthree\n".to_vec();
        let ran = Ran { end: End::Code(0), output };
        assert_eq!(ran.shown(), "]0;titleone two\nthree");
    }
}

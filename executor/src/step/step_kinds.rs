//! From a step to what knows its kind.

use airlift_bundle::plan::{Action, Content, Step};

use super::fault::Fault;
use super::workshop::Workshop;
use super::{copy, place, scripts, set_aside};
use crate::journal::{Before, Target};

/// What looking at a step has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is in effect already.
    InEffect,
    /// It is not; this is what taking it back will need.
    Ready(Before),
}

/// Whether a step is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It is.
    InEffect,
    /// It is not; what differs.
    NotInEffect(String),
    /// That can't be told; what was seen.
    Unknown(String),
}

/// How doing a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It is done and flushed.
    Done,
    /// The machine is about to reboot; the step is done when it has.
    Rebooting,
}

/// Looks at a step that is not begun; changes nothing.
///
/// # Errors
/// Why it can't be done.
pub fn look(shop: &Workshop<'_>, step: &Step) -> Result<Look, Fault> {
    match &step.action {
        Action::Place { .. } => place::Place::of(shop, step)?.look(),
        Action::SetAside { path, aside } => set_aside::look(shop.disk, path, aside),
        Action::Copy { from, name } => copy::look(shop, from, name),
        Action::Reboot {} => Ok(Look::Ready(Before::Reboot {})),
        Action::Script(script) => scripts::look(shop, step, script),
    }
}

/// Whether a step is in effect; changes nothing.
///
/// # Errors
/// It can't be looked at.
pub fn probe(shop: &Workshop<'_>, step: &Step) -> Result<Probe, Fault> {
    match &step.action {
        Action::Place { .. } => place::Place::of(shop, step)?.probe(),
        Action::SetAside { path, aside } => set_aside::probe(shop.disk, path, aside),
        Action::Copy { from, name } => copy::probe(shop, from, name),
        Action::Reboot {} => Ok(Probe::Unknown("a reboot leaves nothing to see".to_owned())),
        Action::Script(script) => scripts::probe(shop, step, script),
    }
}

/// Makes the keep dir ready for a step, before it is announced; nothing else is changed.
///
/// # Errors
/// What the disk reports.
pub fn make_ready(shop: &Workshop<'_>, step: &Step) -> Result<(), Fault> {
    match &step.action {
        Action::Script(_) => scripts::make_ready(shop, step),
        _ => Ok(()),
    }
}

/// Removes what an earlier try may have left that nobody has taken back, and that would pass for this one's work.
///
/// # Errors
/// Why that failed.
pub fn clear(shop: &Workshop<'_>, step: &Step) -> Result<(), Fault> {
    match &step.action {
        Action::Place { target, .. } => place::clear(shop.disk, &step.id, target),
        Action::Script(script) => scripts::clear(shop, step, script),
        Action::SetAside { .. } | Action::Copy { .. } | Action::Reboot {} => Ok(()),
    }
}

/// Whether what taking a finished step back needs is there, before that is announced.
///
/// # Errors
/// It is gone: somebody has tidied up.
pub fn must_be_kept(shop: &Workshop<'_>, step: &Step, before: &Before) -> Result<(), Fault> {
    match (&step.action, before) {
        (Action::Place { target: path, .. }, Before::Place { target: Target::Kept, .. }) => {
            place::must_be_kept(shop, &step.id, path)
        }
        (Action::SetAside { path, aside }, Before::SetAside {}) => {
            set_aside::must_be_kept(shop.disk, path, aside)
        }
        _ => Ok(()),
    }
}

/// Removes what a step has kept outside of the keep dir. Nobody goes back any more.
///
/// # Errors
/// Why that failed.
pub fn forget(shop: &Workshop<'_>, step: &Step) -> Result<(), Fault> {
    match &step.action {
        Action::Place { target, .. } => place::forget(shop.disk, &step.id, target),
        _ => Ok(()),
    }
}

/// Whether a step that was begun before, perhaps in another boot, turns out to be done; else it is to be undone.
///
/// # Errors
/// It can't be looked at.
pub fn is_done_after_all(shop: &Workshop<'_>, step: &Step, same_boot: bool) -> Result<bool, Fault> {
    match &step.action {
        Action::Reboot {} => Ok(!same_boot),
        Action::Script(script) => scripts::is_done_after_all(shop, step, script, same_boot),
        // undone and begun anew, which costs little and asks for no second opinion on what was flushed
        Action::Place { .. } | Action::SetAside { .. } | Action::Copy { .. } => Ok(false),
    }
}

/// Whether a reboot takes away what the step has done: it places a file below `/run`.
#[must_use]
pub fn is_volatile(step: &Step) -> bool {
    matches!(&step.action, Action::Place { target, .. } if place::is_volatile(target))
}

/// Whether what the step places holds secrets.
#[must_use]
pub const fn holds_secrets(step: &Step) -> bool {
    matches!(&step.action, Action::Place { content: Content::Document { .. } | Content::Secret(_), .. })
}

/// Does a step that was announced.
///
/// # Errors
/// Why it failed; undoing it cleans up.
pub fn act(shop: &Workshop<'_>, step: &Step, before: &Before) -> Result<Acted, Fault> {
    match (&step.action, before) {
        (Action::Place { .. }, Before::Place { target, missing }) => {
            place::Place::of(shop, step)?.act(*target, missing)?;
        }
        (Action::SetAside { path, aside }, Before::SetAside {}) => set_aside::act(shop.disk, path, aside)?,
        (Action::Copy { from, name }, Before::Copy {}) => copy::act(shop, step, from, name)?,
        (Action::Reboot {}, Before::Reboot {}) => {
            shop.machine.reboot()?;
            return Ok(Acted::Rebooting);
        }
        (Action::Script(script), Before::Script {}) => scripts::act(shop, step, script)?,
        _ => return Err(other_kind(step)),
    }
    Ok(Acted::Done)
}

/// Takes a step back from wherever it was stopped.
///
/// # Errors
/// Why that failed; it may be tried again.
pub fn undo(shop: &Workshop<'_>, step: &Step, before: &Before) -> Result<(), Fault> {
    match (&step.action, before) {
        (Action::Place { target: path, .. }, Before::Place { target, missing }) => {
            place::undo(shop, step, path, *target, missing)
        }
        (Action::SetAside { path, aside }, Before::SetAside {}) => set_aside::undo(shop.disk, path, aside),
        (Action::Copy { name, .. }, Before::Copy {}) => copy::undo(shop, step, name),
        (Action::Reboot {}, Before::Reboot {}) => Ok(()),
        (Action::Script(script), Before::Script {}) => scripts::undo(shop, step, script),
        _ => Err(other_kind(step)),
    }
}

fn other_kind(step: &Step) -> Fault {
    Fault::said(format!("go on with {}: the journal knows it as another kind of step", step.id))
}

//! Steps: each can be looked at, done, and taken back.
//!
//! [`look`] says whether a step is in effect already, and if not, what taking it back will need ([`Before`]). The engine
//! writes that to the journal, and only then calls [`act`]. [`undo`] takes it back from wherever `act` was stopped,
//! and may be called again after it was stopped itself; without anything done it does nothing. So a step that a crash
//! has interrupted is undone and begun anew, and nobody has to know how far it got.
//!
//! Below the keep dir:
//!
//! ```text
//! old/STEP         what a place has replaced: a hard link; on another file system that is .airlift-STEP.old beside the
//!                  file; where a file can't have two names it is a copy
//! copies/NAME      what a copy has copied
//! parts/STEP       a copy on its way
//! scripts/STEP/    a script's own ($AIRLIFT_KEEP)
//! evidence/STEP    a script's evidence ($AIRLIFT_EVIDENCE)
//! logs/STEP.PHASE  the last 64 KiB that a script said in do, undo or recover; without secrets
//! ```
//!
//! All that a step has changed is flushed when `act` or `undo` returns.
//!
//! [`Before`]: crate::journal::Before

mod copy;
mod fault;
mod place;
mod scripts;
mod set_aside;
mod step_kinds;
mod workshop;

pub use fault::Fault;
pub use scripts::{End, Job, LOG_LIMIT, Ran, Sight, run_check, run_look, run_recovery};
pub use step_kinds::{
    Acted, Look, Probe, act, clear, forget, holds_secrets, is_done_after_all, is_volatile, look, make_ready,
    must_be_kept, probe, undo,
};
pub use workshop::{Contents, Interrupt, Keep, Machine, Pace, Steadfast, Workshop};

//! Signals, read as data: no handler runs, so nothing is interrupted that didn't ask.
//!
//! - SIGHUP is ignored: a dropped terminal doesn't stop a run.
//! - SIGINT and SIGTERM are an operator's wish to stop.
//! - SIGTERM while the machine shuts down counts as a power cut. That is taken from its sender, process 1, which on
//!   the way down ends every session before it leaves any other trace, or from the traces of a shutdown below `/run`.

use std::path::Path;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::step::{Fault, Interrupt};

/// The signals that came and were not asked for yet.
#[derive(Debug)]
pub struct Signals(SignalFd);

/// What a shutdown leaves below `/run`, by systemd's own names.
const SHUTDOWN: [&str; 2] = ["/run/systemd/shutdown/scheduled", "/run/nologin"];

impl Signals {
    /// From now on signals wait until they are asked for.
    ///
    /// # Errors
    /// What the system reports.
    pub fn catch() -> Result<Self, Fault> {
        let failed = |errno| Fault::said(format!("catch signals: {errno}"));
        let asked = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
        let mut blocked = asked;
        blocked.add(Signal::SIGHUP);
        blocked.thread_block().map_err(failed)?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        SignalFd::with_flags(&asked, flags).map(Self).map_err(failed)
    }

    /// The next signal, if one came.
    #[must_use]
    pub fn next(&self) -> Option<Interrupt> {
        let info = self.0.read_signal().ok().flatten()?;
        let is_term = info.ssi_signo == Signal::SIGTERM as u32;
        if is_term && (info.ssi_pid == 1 || SHUTDOWN.iter().any(|trace| Path::new(trace).exists())) {
            return Some(Interrupt::PowerDown);
        }
        Some(Interrupt::Signal(if is_term { "SIGTERM" } else { "SIGINT" }))
    }
}

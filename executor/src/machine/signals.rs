//! Signals, read as data: no handler runs, so nothing is interrupted that didn't ask.
//!
//! - SIGHUP is ignored: a dropped terminal doesn't stop a run.
//! - SIGINT, SIGQUIT and SIGTERM are an operator's wish to stop.
//! - SIGTERM while the machine shuts down counts as a power cut. Process 1 as its sender, or the traces of a shutdown
//!   below `/run`, make it likely; but a unit that is stopped gets the same, so systemd is asked. Only its plain "no"
//!   counts: a power cut undoes nothing, which is never wrong.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::step::{Fault, Interrupt};
use crate::survey::machine::Machine;

/// The signals that came and were not asked for yet.
#[derive(Debug)]
pub struct Signals(SignalFd);

/// What a shutdown leaves below `/run`, by systemd's own names.
const SHUTDOWN: [&str; 2] = ["/run/systemd/shutdown/scheduled", "/run/nologin"];
/// What `systemctl is-system-running` answers where no shutdown has begun.
const UP: [&[u8]; 2] = [b"running", b"degraded"];
/// How long systemd may take to answer: on the way down there is no time.
const PATIENCE: Duration = Duration::from_secs(3);

impl Signals {
    /// From now on signals wait until they are asked for.
    ///
    /// # Errors
    /// What the system reports.
    pub fn catch() -> Result<Self, Fault> {
        let failed = |errno| Fault::said(format!("catch signals: {errno}"));
        let asked = SigSet::from_iter([Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM]);
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
        for (signal, name) in [(Signal::SIGINT, "SIGINT"), (Signal::SIGQUIT, "SIGQUIT")] {
            if info.ssi_signo == signal as u32 {
                return Some(Interrupt::Signal(name));
            }
        }
        let likely = info.ssi_pid == 1 || SHUTDOWN.iter().any(|trace| Path::new(trace).exists());
        Some(if likely && !is_up() { Interrupt::PowerDown } else { Interrupt::Signal("SIGTERM") })
    }
}

/// Whether systemd says that the machine stays up.
fn is_up() -> bool {
    let machine = Machine { patience: PATIENCE, ..Machine::this() };
    let answer = machine.ask("systemctl", &["is-system-running"]);
    answer.is_ok_and(|answer| UP.contains(&answer.out.trim_ascii()))
}

//! The machine that this process runs on.

use std::os::fd::OwnedFd;
use std::time::SystemTime;

use airlift_bundle::plan::StepId;

use super::leftovers::Guard;
use super::pace::Pacer;
use super::process::{SCRIPT_PATH, run};
use super::signals::Signals;
use crate::step::{End, Fault, Interrupt, Job, Machine, Pace, Ran};

/// The machine that this process runs on.
#[derive(Debug)]
pub struct RealMachine {
    signals: Signals,
    path: String,
    guard: Option<Guard>,
    pace: Pacer,
}

impl RealMachine {
    /// The machine; from now on signals wait until they are asked for.
    ///
    /// # Errors
    /// What the system reports.
    pub fn new() -> Result<Self, Fault> {
        Ok(Self {
            signals: Signals::catch()?,
            path: SCRIPT_PATH.to_owned(),
            guard: None,
            pace: Pacer::silent(),
        })
    }

    /// The same with scripts that hold a lock on this file, and nothing of an earlier run at work any more.
    ///
    /// # Errors
    /// Something of an earlier run can't be ended.
    pub fn guarded_by(mut self, file: OwnedFd) -> Result<Self, Fault> {
        let guard = Guard::on(file);
        self.guard = Some(guard.map_err(|errno| Fault::said(format!("end earlier scripts: {errno}")))?);
        Ok(self)
    }

    /// The same with somebody who hears how far things have come that take long.
    #[must_use]
    pub fn with_pace(mut self, told: impl Fn(Pace) + 'static) -> Self {
        self.pace = Pacer::new(told);
        self
    }

    /// The same with another `PATH` for scripts, for tests.
    #[must_use]
    pub fn with_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }
}

impl Machine for RealMachine {
    fn boot_id(&self) -> Result<String, Fault> {
        let file = "/proc/sys/kernel/random/boot_id";
        let text =
            std::fs::read_to_string(file).map_err(|error| Fault::said(format!("read {file}: {error}")))?;
        Ok(text.trim().to_owned())
    }

    #[allow(clippy::disallowed_methods, reason = "the journal says when, for people")]
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn reboot(&self) -> Result<(), Fault> {
        let step: StepId = "reboot".parse().map_err(|error| Fault::said(format!("reboot: {error}")))?;
        let text = b"exec reboot\n";
        let (variables, secrets) = (Vec::new(), Vec::new());
        let heeds_operator = true;
        let job = Job { step: &step, phase: "do", text, variables, secrets, seconds: 60, heeds_operator };
        match self.run(&job)? {
            Ran { end: End::Code(0), .. } => Ok(()),
            // its own doing
            Ran { end: End::Interrupted(Interrupt::PowerDown), .. } => Ok(()),
            ran => Err(Fault::said(format!("reboot: {}", ran.seen(job.seconds)))),
        }
    }

    fn run(&self, job: &Job<'_>) -> Result<Ran, Fault> {
        run(job, &self.path, self.guard.as_ref(), &self.signals, &self.pace)
    }

    fn interrupt(&self) -> Option<Interrupt> {
        self.signals.next()
    }

    fn passed(&self, what: &str, bytes: u64, of: u64) {
        self.pace.tell(bytes < of, || Pace::copying(what, bytes, of));
    }
}

//! Scripts that outlive the executor which started them: it was killed, they were not told.
//!
//! While a script runs, it and all that it starts hold a lock on the journal; the lock goes with the last of them. The
//! next executor takes it before anything else, and kills whoever still holds it, so that no script of an earlier run
//! works beside its own undo.

use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, open};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process};

/// What scripts hold a lock on.
#[derive(Debug)]
pub(super) struct Guard(OwnedFd);

/// Held by a script and all that it starts, from before its first command.
#[derive(Debug)]
pub(super) struct Held(Option<OwnedFd>);

/// A killed process is gone a moment later, but for one that waits for hardware.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

impl Guard {
    /// A guard on this open file, with nobody of an earlier run holding it any more.
    ///
    /// # Errors
    /// What the system reports; somebody could not be ended.
    pub(super) fn on(file: OwnedFd) -> Result<Self, Errno> {
        let guard = Self(file);
        guard.end_holders()?;
        Ok(guard)
    }

    /// Ends all that a script has started and that is still there, in whatever group or session.
    ///
    /// # Errors
    /// What the system reports; somebody could not be ended.
    pub(super) fn end(&self, mut held: Held) -> Result<(), Errno> {
        // closed and not released: whoever is left keeps it, and is found by it
        drop(held.0.take());
        self.end_holders()
    }

    fn end_holders(&self) -> Result<(), Errno> {
        for _ in 0..TRIES {
            if self.take()?.is_some() {
                return Ok(());
            }
            self.kill_holders()?;
            std::thread::sleep(PAUSE);
        }
        Err(Errno::WOULDBLOCK)
    }

    /// Locks it for a script that is about to start, which inherits the lock; none when somebody has it.
    pub(super) fn take(&self) -> Result<Option<Held>, Errno> {
        // Opened anew: what an earlier script has left running in the background holds another lock, which is released.
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let own = open(path, OFlags::RDONLY, Mode::empty())?;
        match flock(&own, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Held(Some(own)))),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn kill_holders(&self) -> Result<(), Errno> {
        let file = fstat(self.0.as_fd())?;
        let is_it = |fd: &Path| {
            fs::metadata(fd).is_ok_and(|found| (found.dev(), found.ino()) == (file.st_dev, file.st_ino))
        };
        let numbers = |dir: &Path| -> Vec<i32> {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
        };
        let own = getpid().as_raw_nonzero().get();
        for process in numbers(Path::new("/proc")).into_iter().filter(|process| *process != own) {
            let dir = Path::new("/proc").join(process.to_string());
            let holds = |fd: i32| {
                let info = fs::read_to_string(dir.join("fdinfo").join(fd.to_string())).unwrap_or_default();
                is_it(&dir.join("fd").join(fd.to_string()))
                    && info.lines().any(|line| line.starts_with("lock:"))
            };
            if numbers(&dir.join("fd")).into_iter().any(holds)
                && let Some(process) = Pid::from_raw(process)
            {
                let _ = kill_process(process, Signal::KILL);
            }
        }
        Ok(())
    }
}

impl Drop for Held {
    /// Released for all who hold it: the script is over, and what it has left running is left.
    fn drop(&mut self) {
        if let Some(own) = &self.0 {
            let _ = flock(own, FlockOperation::Unlock);
        }
    }
}

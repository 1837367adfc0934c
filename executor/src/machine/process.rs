//! Scripts as processes.
//!
//! `/bin/sh` reads the script from sealed memory: the bytes that were verified, which nobody can change meanwhile and
//! which leave no file behind; secrets are handed over in the same way. The process gets no input, a fixed `PATH`, a
//! clean environment, the root as working directory and a group of its own. What it prints goes into a ring of fixed
//! size. When its time is over, or a signal asks for it, the whole group gets SIGTERM, and SIGKILL a little later. It
//! holds a lock by which the next executor finds it, should this one be killed ([`super::leftovers`]).

use std::collections::VecDeque;
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_setfl, memfd_create};
use rustix::io::{Errno, read};
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, set_dumpable_behavior,
    setrlimit,
};

use super::leftovers::Guard;
use super::pace::Pacer;
use super::signals::Signals;
use crate::step::{End, Fault, Interrupt, Job, LOG_LIMIT, Pace, Ran};

/// The `PATH` of every script.
pub const SCRIPT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(10);
/// How often the end of the process, its time and signals are looked at.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// How much later our own signal may come, where somebody ends the script and us in one go.
const SAME_BREATH: Duration = Duration::from_millis(100);

/// From now on no core of this process or of a script is written, which could hold a secret. Where the system does not
/// allow that, all else goes on.
pub fn leave_no_core() {
    let limit = getrlimit(Resource::Core);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..limit });
    // where cores go to a program no limit holds
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Runs `job` to its end.
pub(super) fn run(
    job: &Job<'_>,
    path: &str,
    guard: Option<&Guard>,
    signals: &Signals,
    pace: &Pacer,
) -> Result<Ran, Fault> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Fault::said(format!("run {} of {}: {what}: {error}", job.phase, job.step))
    };
    // both live until the script has ended, and the memory with them
    let script = sealed(job.text).map_err(|error| failed("hand over the script", &error))?;
    let mut secrets = Vec::new();
    let mut command = Command::new("/bin/sh");
    command
        .arg(by_path(&script))
        .env_clear()
        .env("PATH", path)
        .env("AIRLIFT_STEP", job.step.as_str())
        .env("AIRLIFT_PHASE", job.phase)
        .envs(job.variables.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null());
    for (name, secret) in &job.secrets {
        let secret = sealed(secret.expose()).map_err(|error| failed("hand over a secret", &error))?;
        command.env(name, by_path(&secret));
        secrets.push(secret);
    }
    let (output, input) = std::io::pipe().map_err(|error| failed("make a pipe", &error))?;
    let also = input.try_clone().map_err(|error| failed("make a pipe", &error))?;
    command.stdout(input).stderr(also);
    // released when this function ends; not before, so that a killed executor leaves it to the script
    let held = match guard.map(Guard::take).transpose().map_err(|errno| failed("lock the journal", &errno))? {
        Some(None) => return Err(failed("lock the journal", &"another script holds it")),
        held => held.flatten(),
    };
    hears_signals(&mut command);
    let mut child = command.spawn().map_err(|error| failed("start /bin/sh", &error))?;
    // our ends of the pipe go with it
    drop(command);
    fcntl_setfl(&output, rustix::fs::OFlags::NONBLOCK).map_err(|errno| failed("read its output", &errno))?;
    pace.begin();
    let ran =
        watch(&mut child, &output, job, signals, pace).map_err(|error| failed("wait for it", &error))?;
    if let (Some(guard), Some(held), End::TimeOut | End::Interrupted(_)) = (guard, held, ran.end) {
        // what has left the group, as `timeout` and `setsid` do, is not told by a signal to it
        let left = guard.end(held).map_err(|errno| failed("end what it has started", &errno));
        // one that waits for hardware doesn't hide why the script was stopped, and keeps the next one from starting
        if ran.end == End::TimeOut {
            left?;
        }
    }
    Ok(ran)
}

/// The program hears signals, which we hold back from ourselves: a mask is inherited, and shells differ in what they
/// make of one.
#[allow(unsafe_code, reason = "nothing else sets the mask of a child alone")]
fn hears_signals(command: &mut Command) {
    // SAFETY: between fork and exec only a mask on the stack is made and set, by calls that are async-signal-safe.
    unsafe {
        command.pre_exec(|| Ok(nix::sys::signal::SigSet::empty().thread_set_mask()?));
    }
}

/// Memory that can't be changed any more. It is not closed in the child: that is how the child gets it.
fn sealed(bytes: &[u8]) -> std::io::Result<OwnedFd> {
    let memory = memfd_create("airlift", MemfdFlags::ALLOW_SEALING)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(bytes)?;
    let memory = OwnedFd::from(file);
    fcntl_add_seals(&memory, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(memory)
}

fn by_path(memory: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", memory.as_raw_fd())
}

/// The last part of what is written to it.
struct Ring(VecDeque<u8>);

impl Ring {
    fn take_from(&mut self, output: &impl std::os::fd::AsFd) {
        let mut buffer = [0; 4096];
        loop {
            match read(output, &mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    self.0.extend(buffer.get(..count).unwrap_or_default());
                    let excess = self.0.len().saturating_sub(LOG_LIMIT);
                    self.0.drain(..excess);
                }
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a time limit needs a clock")]
fn watch(
    child: &mut Child,
    output: &impl std::os::fd::AsFd,
    job: &Job<'_>,
    signals: &Signals,
    pace: &Pacer,
) -> std::io::Result<Ran> {
    let start = Instant::now();
    let mut ring = Ring(VecDeque::new());
    let mut ended: Option<(End, Instant)> = None;
    let group = Pid::from_child(child);
    let counts = |interrupt: &Interrupt| job.heeds_operator || *interrupt == Interrupt::PowerDown;
    let status = loop {
        let mut open = [PollFd::new(output, PollFlags::IN)];
        let _ = poll(&mut open, Some(&TICK));
        let hung_up = open.iter().any(|fd| fd.revents().contains(PollFlags::HUP));
        ring.take_from(output);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        pace.tell(true, || {
            Pace::running(&format!("{} {}", job.phase, job.step), start.elapsed().as_secs(), job.seconds)
        });
        if hung_up {
            // nothing to poll for any more: the script closed its output and lives on
            std::thread::sleep(Duration::from_millis(20));
        }
        match ended {
            None => {
                let why = match signals.next().filter(counts) {
                    Some(interrupt) => Some(End::Interrupted(interrupt)),
                    None if start.elapsed() >= Duration::from_secs(job.seconds.into()) => Some(End::TimeOut),
                    None => None,
                };
                if let Some(why) = why {
                    let _ = kill_process_group(group, Signal::TERM);
                    ended = Some((why, Instant::now()));
                }
            }
            Some((_, since)) if since.elapsed() >= GRACE => {
                let _ = kill_process_group(group, Signal::KILL);
            }
            Some((End::Interrupted(Interrupt::PowerDown), _)) => {
                let _ = kill_process_group(group, Signal::KILL);
            }
            Some(_) => {}
        }
    };
    if ended.is_some() {
        // the shell is gone; so shall be whatever it started
        let _ = kill_process_group(group, Signal::KILL);
    }
    ring.take_from(output);
    let end = match (ended, end_of(status)) {
        (Some((why, _)), _) => why,
        // a session that ends takes its scripts along, which is no fault of theirs
        (None, End::Signal(number)) => {
            std::thread::sleep(SAME_BREATH);
            signals.next().filter(counts).map_or(End::Signal(number), End::Interrupted)
        }
        (None, end) => end,
    };
    Ok(Ran { end, output: ring.0.into() })
}

fn end_of(status: ExitStatus) -> End {
    match status.code() {
        Some(code) => End::Code(code),
        None => End::Signal(status.signal().unwrap_or(0)),
    }
}

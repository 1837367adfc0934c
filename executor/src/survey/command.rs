//! Running a program of the node that may answer nonsense, too much, or never.
//!
//! It gets a clean environment, no input and a process group of its own, which is killed when the time is up or the
//! answer too long.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::machine::Machine;

/// Longest answer in bytes; a node with thousands of images gives one megabyte.
const LONGEST: u64 = 32 << 20;
/// Longest complaint in bytes.
const LONGEST_COMPLAINT: u64 = 64 << 10;
/// A program that has closed its output ends right away; how often it is asked whether it did, and how long between.
const LAST_WORDS: (u32, Duration) = (100, Duration::from_millis(20));

/// What a program had to say.
#[derive(Debug)]
pub struct Answer {
    /// Whether it ended with exit code 0.
    pub good: bool,
    /// Its standard output.
    pub out: Vec<u8>,
    /// The last line of its standard error, or its exit code: why it failed.
    pub complaint: String,
}

impl Machine {
    /// What `program` answers to `args`.
    ///
    /// # Errors
    /// A line that says why there is no answer.
    pub fn ask(&self, program: &str, args: &[&str]) -> Result<Answer, String> {
        let mut child = Command::new(program)
            .args(args)
            .current_dir("/")
            .env_clear()
            .envs([("PATH", self.path.as_str()), ("LC_ALL", "C")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => format!("there is no program {program} in {}", self.path),
                _ => format!("{program} can't be started: {error}"),
            })?;
        let verb = args.iter().find(|arg| !arg.starts_with('-')).unwrap_or(&"");
        let answer = self.listen(&format!("{program} {verb}"), &mut child);
        if answer.is_err() {
            end(&mut child);
        }
        answer
    }

    fn listen(&self, what: &str, child: &mut Child) -> Result<Answer, String> {
        let out = drain(child.stdout.take(), LONGEST);
        let err = drain(child.stderr.take(), LONGEST_COMPLAINT);
        let late = || format!("{what} gave no answer within {} s", self.patience.as_secs_f32());
        let hear = |from: &Receiver<io::Result<Vec<u8>>>| match from.recv_timeout(self.patience) {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(format!("{what}: {error}")),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(late()),
        };
        let out = hear(&out)?;
        if out.len() as u64 > LONGEST {
            return Err(format!("{what} answered more than {LONGEST} bytes"));
        }
        let err = String::from_utf8_lossy(&hear(&err)?).into_owned();
        let status = wait(child).ok_or_else(late)?;
        let last = err.trim().lines().last().unwrap_or("no reason given");
        Ok(Answer { good: status.success(), out, complaint: format!("{what}: {status}: {last}") })
    }
}

/// Reads up to `limit` bytes and one more, beside this thread.
fn drain(from: Option<impl Read + Send + 'static>, limit: u64) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = from.map_or(Ok(0), |from| from.take(limit + 1).read_to_end(&mut bytes));
        // nobody listens any more after a time-out
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..LAST_WORDS.0 {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => thread::sleep(LAST_WORDS.1),
            Err(_) => return None,
        }
    }
    None
}

/// Kills the whole group and waits for its leader, which is not reaped before, so that its number is still its own.
fn end(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine { patience: Duration::from_millis(300), ..Machine::this() }
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let sign = tempfile::tempdir().unwrap();
        let sign = sign.path().join("survived");
        let script = format!("(sleep 2; echo x > {}) & sleep 60", sign.display());
        let why = machine().ask("sh", &["-c", &script]).unwrap_err();
        assert!(why.contains("no answer within 0.3 s"), "{why}");
        thread::sleep(Duration::from_millis(2500));
        assert!(!sign.exists(), "a child went on");
    }

    #[test]
    fn a_program_that_closes_its_output_and_stays_is_killed_too() {
        let why = machine().ask("sh", &["-c", "exec >&- 2>&-; sleep 60"]).unwrap_err();
        assert!(why.contains("no answer"), "{why}");
    }

    #[test]
    fn an_endless_answer_is_cut_off() {
        let machine = Machine { patience: Duration::from_secs(20), ..Machine::this() };
        let why = machine.ask("cat", &["/dev/zero"]).unwrap_err();
        assert!(why.contains("more than"), "{why}");
    }

    #[test]
    fn the_callers_environment_is_not_passed_on() {
        let answer = machine().ask("sh", &["-c", "export -p"]).unwrap();
        let text = String::from_utf8(answer.out).unwrap();
        assert!(!text.contains("CARGO") && !text.contains("HOME"), "{text}");
        assert!(answer.good);
    }

    #[test]
    fn a_failure_is_told_in_the_programs_last_words() {
        let answer = machine().ask("sh", &["-c", "echo first >&2; echo last >&2; exit 7"]).unwrap();
        assert!(!answer.good);
        assert_eq!(answer.complaint, "sh echo first >&2; echo last >&2; exit 7: exit status: 7: last");
        assert!(machine().ask("no-such-program", &[]).unwrap_err().contains("no program"));
    }
}

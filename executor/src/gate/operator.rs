//! Who is asked for an operator's word, and for the codes of others.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use airlift_bundle::gate::word::Word;
use airlift_bundle::name::NodeName;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::step::Machine;

/// How often a signal is looked for while a question stands.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Somebody who may be asked.
pub trait Operator {
    /// What was typed when asked for `sentence`, to say `about` by it; none when nobody answers.
    fn ask(&mut self, about: &str, sentence: &str) -> Option<String>;

    /// The code that was typed for a word of another node; none when nobody answers, or nobody has it yet. `trouble` is
    /// what was wrong with the one before.
    fn code(&mut self, _host: &NodeName, _word: Word, _trouble: Option<&str>) -> Option<String> {
        None
    }
}

/// What was said beforehand, as `--say`.
#[derive(Clone, Debug, Default)]
pub struct Said(pub Vec<String>);

impl Operator for Said {
    fn ask(&mut self, _: &str, sentence: &str) -> Option<String> {
        self.0.iter().find(|said| said.trim() == sentence).cloned()
    }
}

/// What was said beforehand, else whoever sits at the terminal.
pub struct Terminal<'a> {
    said: Said,
    is_there: bool,
    types_codes: bool,
    machine: &'a dyn Machine,
}

impl<'a> Terminal<'a> {
    /// With these sentences said beforehand. `may_ask` is false where programs read the output. A signal to `machine`
    /// ends the question.
    #[must_use]
    pub fn new(said: Vec<String>, may_ask: bool, machine: &'a dyn Machine) -> Self {
        let is_there = may_ask && io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { said: Said(said), is_there, types_codes: true, machine }
    }

    /// The same for somebody who brings receipts, and is not asked for codes.
    #[must_use]
    pub fn with_receipts(self) -> Self {
        Self { types_codes: false, ..self }
    }

    /// What is typed after a question.
    fn answer(&self, question: &str) -> Option<String> {
        let mut talk = io::stderr().lock();
        let _ = write!(talk, "{question}> ").and_then(|()| talk.flush());
        let line = self.line();
        if line.is_none() {
            let _ = writeln!(talk);
        }
        line
    }

    /// Waits for a line; none when a signal comes first.
    fn line(&self) -> Option<String> {
        let stdin = io::stdin();
        loop {
            // a terminal gives whole lines, so that nothing waits in the buffer while we ask
            let mut typed = [PollFd::new(&stdin, PollFlags::IN)];
            let _ = poll(&mut typed, Some(&TICK));
            if self.machine.interrupt().is_some() {
                return None;
            }
            if typed.iter().any(|fd| !fd.revents().is_empty()) {
                let mut line = String::new();
                let count = stdin.lock().read_line(&mut line).unwrap_or(0);
                return (count > 0).then(|| line.trim().to_owned());
            }
        }
    }
}

impl Operator for Terminal<'_> {
    fn ask(&mut self, about: &str, sentence: &str) -> Option<String> {
        if let Some(said) = self.said.ask(about, sentence) {
            return Some(said);
        }
        if !self.is_there {
            return None;
        }
        self.answer(&format!("{about}\nto say so, type: {sentence}\n"))
    }

    fn code(&mut self, host: &NodeName, word: Word, trouble: Option<&str>) -> Option<String> {
        if !self.is_there || !self.types_codes {
            return None;
        }
        let trouble = trouble.map(|trouble| format!("{trouble}\n")).unwrap_or_default();
        let question = format!("{trouble}the code of {word} from {host}, or Enter to end here\n");
        self.answer(&question).filter(|typed| !typed.is_empty())
    }
}

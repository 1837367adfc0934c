//! Who is asked for an operator's word, and for the codes of others.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write};
use std::os::fd::AsFd as _;

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
    types_codes: bool,
    machine: &'a dyn Machine,
    /// What is typed, and where it is asked for; none where nobody answers.
    line: Option<(BufReader<File>, Box<dyn Write + 'a>)>,
}

impl<'a> Terminal<'a> {
    /// Whoever types at `input` and reads `talk`, with these sentences said beforehand. A signal to `machine` ends a
    /// question.
    #[must_use]
    pub fn new(
        said: Vec<String>,
        machine: &'a dyn Machine,
        input: Option<File>,
        talk: Box<dyn Write + 'a>,
    ) -> Self {
        let line = input.map(|input| (BufReader::new(input), talk));
        Self { said: Said(said), types_codes: true, machine, line }
    }

    /// Whoever sits at the terminal of this process, if it has one. `may_ask` is false where programs read the output.
    #[must_use]
    pub fn of_process(said: Vec<String>, may_ask: bool, machine: &'a dyn Machine) -> Self {
        let is_there = may_ask && io::stdin().is_terminal() && io::stderr().is_terminal();
        let input = is_there.then(|| io::stdin().as_fd().try_clone_to_owned().ok()).flatten();
        Self::new(said, machine, input.map(File::from), Box::new(io::stderr()))
    }

    /// The same for somebody who brings receipts, and is not asked for codes.
    #[must_use]
    pub fn with_receipts(self) -> Self {
        Self { types_codes: false, ..self }
    }

    /// What is typed after a question; none when nobody answers, or a signal comes first.
    fn answer(&mut self, question: &str) -> Option<String> {
        let (input, talk) = self.line.as_mut()?;
        let _ = write!(talk, "{question}> ").and_then(|()| talk.flush());
        let line = next_line(input, self.machine);
        if line.is_none() {
            let _ = writeln!(talk);
        }
        line
    }
}

fn next_line(input: &mut BufReader<File>, machine: &dyn Machine) -> Option<String> {
    loop {
        let mut typed = [PollFd::new(input.get_ref(), PollFlags::IN)];
        let is_there = !input.buffer().is_empty() || matches!(poll(&mut typed, Some(&TICK)), Ok(1..));
        if machine.interrupt().is_some() {
            return None;
        }
        if is_there {
            let mut line = String::new();
            let count = input.read_line(&mut line).unwrap_or(0);
            return (count > 0).then(|| line.trim().to_owned());
        }
    }
}

impl Operator for Terminal<'_> {
    fn ask(&mut self, about: &str, sentence: &str) -> Option<String> {
        let said = self.said.ask(about, sentence);
        said.or_else(|| self.answer(&format!("{about}\nto say so, type: {sentence}\n")))
    }

    fn code(&mut self, host: &NodeName, word: Word, trouble: Option<&str>) -> Option<String> {
        if !self.types_codes {
            return None;
        }
        let trouble = trouble.map(|trouble| format!("{trouble}\n")).unwrap_or_default();
        let question = format!("{trouble}the code of {word} from {host}, or Enter to end here\n");
        self.answer(&question).filter(|typed| !typed.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::{Fault, Interrupt, Job, Ran};

    /// A machine on which Ctrl-C is pressed after so many looks.
    struct Idle(std::cell::Cell<u32>);

    fn never() -> Idle {
        after(u32::MAX)
    }

    fn after(looks: u32) -> Idle {
        Idle(std::cell::Cell::new(looks))
    }

    impl Machine for Idle {
        fn boot_id(&self) -> Result<String, Fault> {
            Ok(String::new())
        }

        fn now(&self) -> u64 {
            0
        }

        fn reboot(&self) -> Result<(), Fault> {
            Ok(())
        }

        fn run(&self, _: &Job<'_>) -> Result<Ran, Fault> {
            Err(Fault::said("run anything"))
        }

        fn interrupt(&self) -> Option<Interrupt> {
            let left = self.0.get();
            self.0.set(left.saturating_sub(1));
            (left == 0).then_some(Interrupt::Signal("SIGINT"))
        }
    }

    /// What a file gives whose other end typed this, and stays there if it is to.
    fn typed(text: &str, stays: bool) -> (Option<File>, Option<io::PipeWriter>) {
        let (input, mut keys) = io::pipe().unwrap();
        keys.write_all(text.as_bytes()).unwrap();
        (Some(File::from(std::os::fd::OwnedFd::from(input))), stays.then_some(keys))
    }

    #[test]
    fn what_was_said_is_not_asked_for_and_what_was_not_is() {
        let (idle, mut shown) = (never(), Vec::new());
        let (input, _) = typed("  go on\nnonsense", false);
        let mut terminal = Terminal::new(vec!["stop".to_owned()], &idle, input, Box::new(&mut shown));
        assert_eq!(terminal.ask("to stop", "stop").as_deref(), Some("stop"));
        assert_eq!(terminal.ask("to go on", "go on").as_deref(), Some("go on"));
        assert_eq!(terminal.ask("again", "go on").as_deref(), Some("nonsense"));
        assert_eq!(terminal.ask("once more", "go on"), None, "nobody is there any more");
        drop(terminal);
        let shown = String::from_utf8(shown).unwrap();
        assert_eq!(
            shown,
            "to go on\nto say so, type: go on\n> again\nto say so, type: go on\n> once more\nto say so, type: go on\n> \n"
        );
    }

    #[test]
    fn codes_are_asked_for_until_enter_and_not_of_who_brings_receipts() {
        let (idle, mut shown) = (never(), Vec::new());
        let (input, _) = typed("abc\n7K3P\n\nmore\n", false);
        let mut terminal = Terminal::new(vec![], &idle, input, Box::new(&mut shown));
        let host: NodeName = "w1".parse().unwrap();
        let mut code = |trouble| terminal.code(&host, Word::Stopped, trouble);
        assert_eq!(code(None).as_deref(), Some("abc"));
        assert_eq!(code(Some("that is no code")).as_deref(), Some("7K3P"));
        assert_eq!(code(None), None);
        let mut terminal = terminal.with_receipts();
        assert_eq!(terminal.code(&host, Word::Stopped, None), None);
        assert_eq!(terminal.ask("to go on", "more").as_deref(), Some("more"), "nothing was read before");
        drop(terminal);
        let shown = String::from_utf8(shown).unwrap();
        assert!(
            shown.starts_with(
                "the code of stopped from w1, or Enter to end here\n> that is no code\nthe code"
            )
        );
    }

    #[test]
    fn a_signal_ends_a_question_and_nobody_is_no_answer() {
        let idle = never();
        for stopped in [after(0), after(2)] {
            let (input, keys) = typed("", true);
            let mut terminal = Terminal::new(vec![], &stopped, input, Box::new(io::sink()));
            assert_eq!(terminal.ask("to go on", "go on"), None);
            drop(keys);
        }
        let mut nobody = Terminal::new(vec![], &idle, None, Box::new(io::sink()));
        assert_eq!(nobody.ask("to go on", "go on"), None);
        // typed while the question stands, which takes some looks
        let (input, keys) = typed("", true);
        let late = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(350));
            keys.unwrap().write_all(b"late\n").unwrap();
        });
        let mut terminal = Terminal::new(vec![], &idle, input, Box::new(io::sink()));
        assert_eq!(terminal.ask("to go on", "go on").as_deref(), Some("late"));
        late.join().unwrap();
    }
}

//! Who is asked for an operator's word.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Somebody who may be asked.
pub trait Operator {
    /// What was typed when asked for `sentence`, to say `about` by it; none when nobody answers.
    fn ask(&mut self, about: &str, sentence: &str) -> Option<String>;
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
#[derive(Debug)]
pub struct Terminal {
    said: Said,
    is_there: bool,
}

impl Terminal {
    /// With these sentences said beforehand. `may_ask` is false where programs read the output.
    #[must_use]
    pub fn new(said: Vec<String>, may_ask: bool) -> Self {
        let is_there = may_ask && io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { said: Said(said), is_there }
    }
}

impl Operator for Terminal {
    fn ask(&mut self, about: &str, sentence: &str) -> Option<String> {
        if let Some(said) = self.said.ask(about, sentence) {
            return Some(said);
        }
        if !self.is_there {
            return None;
        }
        let mut talk = io::stderr().lock();
        let _ = write!(talk, "{about}\nto say so, type: {sentence}\n> ").and_then(|()| talk.flush());
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(count) if count > 0 => Some(line.trim().to_owned()),
            _ => None,
        }
    }
}

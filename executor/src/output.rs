//! Where events go. Results go to standard output, talk to standard error; with `--format json` every event is a line
//! on standard output.

use std::io::{self, Write};

use serde::Serialize;

use crate::args::Format;
use crate::event::{Event, SCHEMA};
use crate::exit::Exit;
use crate::refusal::Refusals;
use crate::run::Outcome;

/// Shows events in one format.
#[derive(Clone, Debug)]
pub struct Output {
    format: Format,
}

impl Output {
    /// An output in `format`.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether people read it.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// Shows a result.
    ///
    /// # Errors
    /// What writing reports.
    pub fn result(&self, event: &Event) -> io::Result<()> {
        match self.format {
            Format::Text => write!(io::stdout().lock(), "{event}"),
            Format::Json => json(event),
        }
    }

    /// Shows something beside the result.
    ///
    /// # Errors
    /// What writing reports.
    pub fn note(&self, event: &Event) -> io::Result<()> {
        match self.format {
            Format::Text => write!(io::stderr().lock(), "{event}"),
            Format::Json => json(event),
        }
    }

    /// Shows all that is refused.
    ///
    /// # Errors
    /// What writing reports.
    pub fn refused(&self, refusals: Refusals) -> io::Result<()> {
        for refusal in refusals.0 {
            self.note(&Event::Problem(refusal))?;
        }
        if self.format == Format::Text {
            writeln!(io::stderr().lock(), "refused; nothing was begun")?;
        }
        Ok(())
    }

    /// Shows how work on the node ended; the first cause and what to type come last.
    ///
    /// # Errors
    /// What writing reports.
    pub fn ended(&self, outcome: &Outcome) -> io::Result<()> {
        let (said, hint) = outcome.said();
        let event = Event::Ended { said, hint };
        match outcome {
            Outcome::Done(_) | Outcome::NothingToDo | Outcome::Checked | Outcome::Recovered { .. } => {
                self.result(&event)
            }
            _ => self.note(&event),
        }
    }

    /// Ends a run; people see that from the text above.
    ///
    /// # Errors
    /// What writing reports.
    pub fn end(&self, exit: Exit) -> io::Result<()> {
        match self.format {
            Format::Text => io::stdout().lock().flush(),
            Format::Json => json(&Event::end(exit)),
        }
    }
}

fn json(event: &Event) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        schema: u32,
        #[serde(flatten)]
        event: &'a Event,
    }
    let mut line = serde_json::to_vec(&Line { schema: SCHEMA, event })?;
    line.push(b'\n');
    io::stdout().lock().write_all(&line)
}

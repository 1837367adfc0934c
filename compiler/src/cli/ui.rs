//! Talk: findings and sentences on standard error, with or without colours.

use super::args::{Global, LogLevel};
use super::exit;
use crate::ambient;
use crate::diag::{Finding, Findings, Severity, render};
use std::io::{IsTerminal, Write, stderr};

/// How to talk.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    colour: bool,
    level: LogLevel,
}

impl Ui {
    /// From the flags, the environment (`NO_COLOR`) and what standard error is.
    pub fn new(global: &Global) -> Self {
        let colour = !global.no_color && ambient::variable("NO_COLOR").is_none() && stderr().is_terminal();
        // What the tool does, for `-l debug` and `-l trace`. Without times: the log of a run reads like any other's; and
        // without colours, which this build of the logger doesn't have.
        let logger = tracing_subscriber::fmt().without_time().with_target(false).with_ansi(false);
        let level = match global.log_level {
            LogLevel::Trace => tracing::Level::TRACE,
            LogLevel::Debug => tracing::Level::DEBUG,
            LogLevel::Info | LogLevel::Warn | LogLevel::Error => tracing::Level::ERROR,
        };
        // A second logger in one process is refused; the first one stays.
        let _ = logger.with_max_level(level).with_writer(stderr).try_init();
        Self { colour, level: global.log_level }
    }

    /// Says a line.
    pub fn say(self, text: &str) {
        if self.level >= LogLevel::Info {
            line(text);
        }
    }

    /// Says what went wrong, and what to do.
    pub fn fail(self, text: &str, hint: Option<&str>) {
        line(&format!("error: {text}"));
        if let Some(hint) = hint {
            line(&format!("hint: {hint}"));
        }
    }

    /// Shows findings in the order of the input and counts them. Returns the exit code that they ask for.
    pub fn findings(self, findings: &Findings) -> u8 {
        let mut sorted = findings.clone();
        sorted.sort();
        for finding in sorted.iter().filter(|f| self.shows(f)) {
            line(&render(finding, self.colour));
            line("");
        }
        let count = |severity| findings.count(severity);
        let parts: Vec<String> = [
            (Severity::Blocker, "blocker", "blockers"),
            (Severity::Error, "error", "errors"),
            (Severity::Decision, "decision needed", "decisions needed"),
            (Severity::Warning, "warning", "warnings"),
            (Severity::Note, "note", "notes"),
        ]
        .into_iter()
        .filter(|(severity, ..)| count(*severity) > 0)
        .map(|(severity, one, many)| match count(severity) {
            1 => format!("1 {one}"),
            n => format!("{n} {many}"),
        })
        .collect();
        if !parts.is_empty() {
            self.say(&parts.join(", "));
        }
        exit_code(findings)
    }

    fn shows(self, finding: &Finding) -> bool {
        match finding.severity() {
            Severity::Note => self.level >= LogLevel::Info,
            Severity::Warning => self.level >= LogLevel::Warn,
            _ => true,
        }
    }

    /// Whether standard error shows a progress bar.
    pub fn is_terminal(self) -> bool {
        stderr().is_terminal() && self.level >= LogLevel::Info
    }
}

/// The exit code for findings: what must be mended first decides.
pub fn exit_code(findings: &Findings) -> u8 {
    [(Severity::Error, exit::INPUT), (Severity::Blocker, exit::BLOCKED), (Severity::Decision, exit::DECISION)]
        .into_iter()
        .find(|(severity, _)| findings.count(*severity) > 0)
        .map_or(exit::DONE, |(_, code)| code)
}

fn line(text: &str) {
    // Standard error may be closed; there is nobody to tell then.
    let _ = writeln!(stderr().lock(), "{text}");
}

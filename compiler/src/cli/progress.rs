//! A progress bar on standard error, for work that takes longer than a second and only on a terminal.

use super::ui::Ui;
use crate::ambient;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Work that is done sooner shows no bar.
const QUIET: Duration = Duration::from_secs(1);

/// A bar that counts bytes. Gone when dropped.
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
    terminal: bool,
}

impl Progress {
    /// A bar for this many bytes, hidden at first.
    pub fn new(ui: Ui, what: &'static str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden()).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}") {
            bar.set_style(style);
        }
        Self { bar, start: ambient::stopwatch(), terminal: ui.is_terminal() }
    }

    /// So much more is done.
    pub fn add(&self, bytes: u64) {
        if self.terminal && self.bar.is_hidden() && self.start.elapsed() > QUIET {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

//! Tells now and then how far something has come that takes long.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::step::Pace;

/// Between two words.
const BETWEEN: Duration = Duration::from_secs(5);

/// Whoever waits hears of it every few seconds.
pub(super) struct Pacer {
    told: Box<dyn Fn(Pace)>,
    last: Cell<Instant>,
}

#[allow(clippy::disallowed_methods, reason = "how often somebody is told is a matter of time")]
impl Pacer {
    pub(super) fn new(told: impl Fn(Pace) + 'static) -> Self {
        Self { told: Box::new(told), last: Cell::new(Instant::now()) }
    }

    pub(super) fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Something begins: the first word comes a while after this.
    pub(super) fn begin(&self) {
        self.last.set(Instant::now());
    }

    /// Tells, where it is time to and the work goes on.
    pub(super) fn tell(&self, goes_on: bool, pace: impl FnOnce() -> Pace) {
        if goes_on && self.last.get().elapsed() >= BETWEEN {
            (self.told)(pace());
            self.begin();
        }
    }
}

impl std::fmt::Debug for Pacer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pacer").field("last", &self.last).finish_non_exhaustive()
    }
}

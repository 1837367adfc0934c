//! The one module that may ask for the clock, the environment and randomness. Nothing that it answers reaches a set, but
//! for what `airlift secrets` makes of it, which is an input of a compile like any other.
#![allow(clippy::disallowed_methods)]

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds since 1970, by this machine's clock. For warnings about certificates and for nothing else.
pub fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A point to measure from, to decide whether work is long enough for a progress bar.
pub fn stopwatch() -> Instant {
    Instant::now()
}

/// A variable of the environment, where it is set and not empty.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Random bytes, for secrets and for nothing else.
///
/// # Errors
/// The system gives none.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// A line that is typed at the terminal and not shown there.
///
/// # Errors
/// There is no terminal, or it was closed.
pub fn typed_unseen(prompt: &str) -> std::io::Result<String> {
    rpassword::prompt_password(prompt)
}

/// The current directory, for relative paths on the command line.
///
/// # Errors
/// It is gone or can't be read.
pub fn current_dir() -> std::io::Result<PathBuf> {
    std::env::current_dir()
}

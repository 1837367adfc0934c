//! The real machine: boots, clock, signals, and scripts as processes.

mod leftovers;
mod pace;
mod process;
mod real;
mod signals;

pub use process::{SCRIPT_PATH, leave_no_core};
pub use real::RealMachine;
pub use signals::Signals;

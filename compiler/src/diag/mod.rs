//! What a person is told about an input.
//!
//! A [`Finding`] says what is wrong, where, and what to do about it. Rooms collect findings in a [`Findings`]
//! list and go on, so that one run reports everything. [`render`] shows them as rustc does; [`json`] gives the
//! same as data. [`codes`] is the table of all of them.

pub mod codes;
mod finding;
pub mod json;
mod render;

pub use finding::{Code, Finding, Findings, Severity};
pub use render::render;

//! Inputs with positions.
//!
//! Every input (TOML, YAML, JSON, plain text) is read into a [`File`] that keeps its text, and into a [`Node`]
//! tree whose every key and value knows its byte span, so that each message can show file, line, column and the
//! line itself. The three readers ([`toml`], [`yaml`], [`json`]) refuse what is not text of their own kind and
//! report every problem that they meet, not only the first. [`Cursor`] walks a tree and collects what is wrong
//! with it: missing, misspelt, repeated and wrongly typed members.

mod cursor;
mod decode;
mod file;
pub mod json;
pub mod toml;
mod tree;
pub mod yaml;

pub use cursor::{Cursor, Field, nearest};
pub use decode::decode;
pub use file::{File, Place};
pub use tree::{Entry, Kind, Node, Value};

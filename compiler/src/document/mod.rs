//! Generated documents: trees whose every scalar knows its origin, and their text forms.

mod path;
mod tree;
pub mod yaml;

pub use path::{Path, Seg};
pub use tree::{Leaf, Scalar, Tree};

//! Whole translations: of the two fixtures, of small exports that show one finding each, and of made-up organizations.

mod fixtures;
mod large;
pub mod made_up;
mod messages;
mod properties;
pub mod support;

//! From an MKE 3 configuration to MKE 4k's documents.
//!
//! Every key of the catalogue stands in exactly one [`Rule`] of one area, and each rule gives each of its keys one
//! [`Fate`]. Rules read inputs as tracked values and put tracked values into the document, so that origins come by
//! themselves. [`translate`] runs all rules and proves afterwards that no key was left out, that none has two fates,
//! and that fates and documents agree.

mod accounting;
mod areas;
mod ctx;
mod decision;
mod fate;
pub mod fates;
mod rule;
mod run;
mod site;
#[cfg(test)]
pub(crate) mod testing;
mod uses;

pub use accounting::{Account, Accounts};
pub use ctx::{Ctx, Manifest};
pub use decision::{Choice, Question};
pub use fate::Fate;
pub use rule::{Act, Rule};
pub use run::{Translation, rules, translate};
pub use uses::Uses;

//! How nodes wait for each other: stages, receipts, release codes, and the protocol of gates.
//!
//! - [`stage`], [`word`]: the words of the protocol.
//! - [`code`], [`codes`]: words that people type. [`receipt`]: words that travel as files.
//! - [`table`]: who needs what, once. [`protocol`]: the table applied to the [`state`] of a node of a [`site`].

pub mod code;
pub mod codes;
pub mod protocol;
pub mod receipt;
pub mod site;
pub mod stage;
pub mod state;
pub mod status;
pub mod table;
pub mod word;

pub use stage::Stage;

//! How nodes wait for each other: stages, receipts, release codes, and the table of gates.

pub mod code;
pub mod codes;
pub mod receipt;
pub mod stage;
pub mod word;

pub use stage::Stage;

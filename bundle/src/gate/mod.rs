//! How nodes wait for each other: stages, receipts, release codes, and the table of gates.

pub mod stage;

pub use stage::Stage;

//! Stub.
pub mod ambient;
pub mod contract;
pub mod diag;
pub mod document;
pub mod emit;
pub mod ledger;
pub mod mke3;
pub mod origin;
pub mod site;
pub mod source;
pub mod surroundings;
pub mod translate;

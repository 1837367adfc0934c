//! Stub.
pub mod contract;
pub mod diag;
pub mod document;
pub mod origin;
pub mod source;
pub mod surroundings;

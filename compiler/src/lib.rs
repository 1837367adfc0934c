//! Stub.
pub mod ambient;
pub mod contract;
pub mod diag;
pub mod document;
pub mod emit;
pub mod mke3;
pub mod origin;
pub mod source;
pub mod surroundings;
pub mod translate;

//! Stub.
pub mod diag;
pub mod origin;
pub mod source;

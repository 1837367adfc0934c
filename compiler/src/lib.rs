//! Stub.
pub mod diag;
pub mod mke3;
pub mod origin;
pub mod source;

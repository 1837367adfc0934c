//! Stub.
pub mod diag;
pub mod origin;
pub mod site;
pub mod source;

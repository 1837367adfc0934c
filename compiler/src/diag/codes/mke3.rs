//! The MKE 3 configuration.

super::codes! {}

//! Translation.

super::codes! {}

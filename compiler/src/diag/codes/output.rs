//! Documents, bundles, set.

super::codes! {}

//! The table of every finding: stable code, severity, one-line summary. A code is never reused.
//!
//! | letters | room |
//! |---|---|
//! | `I` | reading text, TOML, YAML, JSON |
//! | `M` | the MKE 3 configuration |
//! | `S` | site.yaml, hosts, nodes, surveys, registries, certificates |
//! | `T` | translation |
//! | `A`, `R` | accounts and rights: reading, translating |
//! | `O` | documents, bundles, set |

pub mod access;
pub mod input;
pub mod mke3;
pub mod output;
pub mod site;
pub mod translate;

use super::Code;

/// Declares the codes of a room and the list of them, so that none can be left out of [`all`].
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $severity:ident, $summary:literal;)*) => {
        $(
            #[doc = $summary]
            $(#[$doc])*
            pub const $name: &$crate::diag::Code = &$crate::diag::Code {
                id: $id,
                severity: $crate::diag::Severity::$severity,
                summary: $summary,
            };
        )*
        /// All of this room.
        pub const ALL: &[&$crate::diag::Code] = &[$($name),*];
    };
}
pub(crate) use codes;

/// Every code there is, in order.
pub fn all() -> Vec<&'static Code> {
    let rooms = [input::ALL, mke3::ALL, site::ALL, translate::ALL, access::ALL, output::ALL];
    let mut all: Vec<_> = rooms.concat();
    all.sort_by_key(|code| code.id);
    all
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_code_is_used_twice() {
        let mut ids: Vec<_> = super::all().iter().map(|code| code.id).collect();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

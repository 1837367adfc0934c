//! The rules of a translation.

use super::{Ctx, Fate};

/// What happens to one key or to several that belong together.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Patterns of the catalogue.
    pub keys: &'static [&'static str],
    /// What happens to them.
    pub act: Act,
}

/// What a rule does.
#[derive(Clone, Copy)]
pub enum Act {
    /// The effective value, given or default, goes to a field below `spec`. An empty text is left out. Where the
    /// release has no such field, a value other than the default is reported as lost.
    Field {
        /// Plain dotted path below `spec`.
        path: &'static str,
        /// [`Fate::Copied`] or [`Fate::Renamed`].
        fate: Fate,
    },
    /// Nothing takes it. A value other than the default is reported.
    Drop {
        /// Why, in a sentence without a final stop.
        why: &'static str,
        /// Whether the loss changes how the cluster behaves for its users.
        felt: bool,
    },
    /// Code, which must give each key of the rule its fate in every case.
    Code(fn(&mut Ctx<'_>)),
}

impl Rule {
    /// Same name on both sides.
    pub const fn copy(keys: &'static [&'static str; 1], path: &'static str) -> Self {
        Self { keys, act: Act::Field { path, fate: Fate::Copied } }
    }

    /// Another name there.
    pub const fn rename(keys: &'static [&'static str; 1], path: &'static str) -> Self {
        Self { keys, act: Act::Field { path, fate: Fate::Renamed } }
    }

    /// Lost, and somebody may miss it.
    pub const fn drop(keys: &'static [&'static str], why: &'static str) -> Self {
        Self { keys, act: Act::Drop { why, felt: true } }
    }

    /// Without meaning in MKE 4k: nobody misses it.
    pub const fn obsolete(keys: &'static [&'static str], why: &'static str) -> Self {
        Self { keys, act: Act::Drop { why, felt: false } }
    }

    /// Code for keys that belong together.
    pub const fn code(keys: &'static [&'static str], run: fn(&mut Ctx<'_>)) -> Self {
        Self { keys, act: Act::Code(run) }
    }
}

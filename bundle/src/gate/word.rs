//! The vocabulary of the gates: what nodes tell each other, what operators say, what a node looks at itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::Error;

/// Declares an enum whose variants have one name each, in kebab-case, in documents and on a command line.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal, $none:literal; $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every one of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in documents, messages and on a command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| Error::value($what, text, $none))
            }
        }
    };
}

words! {
    /// What a node can tell the others: the name of a receipt, and of the release code that says the same.
    Word, "a receipt's name", "is none that the protocol knows";
    /// All that can be got ready is ready.
    Prepared = "prepared",
    /// Leader: the outage may begin.
    Go = "go",
    /// Manager: MKE 3's API is stopped here.
    Frozen = "frozen",
    /// Leader: all managers are frozen and their etcd members equal.
    FrozenAll = "frozen-all",
    /// MKE 3 is stopped here; on the leader: and the snapshot taken.
    Stopped = "stopped",
    /// Leader: k0s runs.
    Up = "up",
    /// Manager: k0s runs here and is a member.
    Joined = "joined",
    /// Leader: all managers are members.
    MembersComplete = "members-complete",
    /// Worker: the node is back under its old name.
    Started = "started",
    /// Leader: RBAC is in place, silence of nodes is acted on again.
    Adopted = "adopted",
    /// Manager: the same here.
    Clear = "clear",
    /// Leader: the operator accepts k0s; no way back from here.
    Accepted = "accepted",
    /// MKE 3 is removed here.
    Committed = "committed",
    /// k0s is stopped and barred here, for this attempt.
    Away = "away",
    /// Hub: MKE 3 may come back.
    Back = "back",
    /// MKE 3 is back here.
    Returned = "returned",
}

impl Word {
    /// Whether it leads towards k0s; the others lead back.
    #[must_use]
    pub const fn is_forward(self) -> bool {
        !matches!(self, Self::Away | Self::Back | Self::Returned)
    }
}

words! {
    /// Operator's word on a host that can't speak for itself, said on the node that waits for it.
    Naming, "a word on a host", "is none of left-behind, without, lost";
    /// Up to the leader's `start`: it is off or fenced, and stays out of this attempt.
    LeftBehind = "left-behind",
    /// After it: the site goes on without it, and its silence may be acted on.
    Without = "without",
    /// On the way back: it is off, and its k0s does not come back by itself.
    Lost = "lost",
}

words! {
    /// Operator's word that a gate asks for.
    Say, "an operator's word", "is none of outage-begins, vendor-done, commit, leave-out";
    /// The outage begins.
    OutageBegins = "outage-begins",
    /// The vendor's command has run, and its result is accepted.
    VendorDone = "vendor-done",
    /// MKE 3 may be removed; there is no way back.
    Commit = "commit",
    /// Both stacks may be removed from a host that the site went on without.
    LeaveOut = "leave-out",
}

words! {
    /// What a node at a gate looks at itself, because a typed code can't carry it.
    Look, "a look", "is none that the protocol knows";
    /// Leader: all etcd members have the same content.
    EtcdEqual = "etcd-equal",
    /// Leader: its member list shows all managers now.
    MembersShown = "members-shown",
    /// Manager before its k0s starts, or starts again after a reboot: no other manager answers as MKE 3.
    Mke3Silent = "mke3-silent",
    /// Before MKE 3 comes back: no other manager answers as k0s.
    K0sSilent = "k0s-silent",
}

/// The number of a try to migrate the site, from 1 to 9. Receipts and codes of one attempt say nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(u8);

impl Attempt {
    /// The first attempt.
    pub const FIRST: Self = Self(1);
    /// How many attempts a site has; each has its own codes.
    pub const COUNT: u8 = 9;

    /// The attempt with this number.
    ///
    /// # Errors
    /// [`Error::Value`] outside 1 to 9.
    pub fn new(number: u8) -> Result<Self, Error> {
        match number {
            1..=Self::COUNT => Ok(Self(number)),
            _ => Err(Error::value("an attempt", &number.to_string(), "is not between 1 and 9")),
        }
    }

    /// Every attempt, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=Self::COUNT).map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The attempt after this one, if there is one.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        if self.0 < Self::COUNT { Some(Self(self.0 + 1)) } else { None }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Attempt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::all()
            .find(|attempt| attempt.to_string() == text)
            .ok_or_else(|| Error::value("an attempt", text, "is not between 1 and 9"))
    }
}

impl Serialize for Attempt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for Attempt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u8::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_name_everywhere() {
        for word in Word::ALL {
            assert_eq!(word.as_str().parse::<Word>().unwrap(), *word);
            assert_eq!(serde_json::to_string(word).unwrap(), format!("\"{word}\""));
        }
        for naming in Naming::ALL {
            assert_eq!(serde_json::to_string(naming).unwrap(), format!("\"{naming}\""));
        }
        for look in Look::ALL {
            assert_eq!(serde_json::to_string(look).unwrap(), format!("\"{look}\""));
        }
        for say in Say::ALL {
            assert_eq!(serde_json::to_string(say).unwrap(), format!("\"{say}\""));
        }
    }

    #[test]
    fn an_attempt_is_one_of_nine() {
        assert_eq!(Attempt::all().count(), 9);
        assert!(Attempt::new(0).is_err());
        assert!(Attempt::new(10).is_err());
        assert_eq!(Attempt::all().last().unwrap().next(), None);
        assert!("01".parse::<Attempt>().is_err());
        assert!(serde_json::from_str::<Attempt>("0").is_err());
    }
}

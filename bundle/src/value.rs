//! Small values with few right forms: the format's version, serials, modes, accounts, contract ids, plan ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digest::Sha256;
use crate::error::Error;
use crate::name::text_type;

/// The version of the format, 1. It is the first field of every document, so that an older reader names a newer
/// format instead of stumbling over the newer one's fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format;

impl Format {
    /// The only version that this crate reads and writes.
    pub const VERSION: u32 = 1;
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(Self::VERSION)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            Self::VERSION => Ok(Self),
            other => Err(de::Error::custom(format_args!(
                "format {other} is not known here, this tool reads format {}",
                Self::VERSION
            ))),
        }
    }
}

/// The number of a set within its site, from 1 to 2⁵³ − 1 (what every JSON reader holds exactly). A serial is used
/// once; a node refuses an older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(u64);

impl Serial {
    /// The largest serial.
    pub const MAX: u64 = (1 << 53) - 1;

    /// The serial with this number.
    ///
    /// # Errors
    /// [`Error::Value`] outside 1 to [`Serial::MAX`].
    pub fn new(number: u64) -> Result<Self, Error> {
        match number {
            1..=Self::MAX => Ok(Self(number)),
            _ => Err(Error::value("a serial", &number.to_string(), "is not between 1 and 9007199254740991")),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Serial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Serial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The permission bits of a file, one of [`Mode::ALL`]; in text four octal digits. No set-user-id, nothing writable
/// by group or others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(u16);

impl Mode {
    /// 0600: for the owner alone.
    pub const PRIVATE: Self = Self(0o600);
    /// 0644: an ordinary file.
    pub const PLAIN: Self = Self(0o644);
    /// 0755: a program.
    pub const PROGRAM: Self = Self(0o755);
    /// Every mode of the format.
    pub const ALL: [Self; 9] = [
        Self(0o400),
        Self(0o440),
        Self(0o444),
        Self::PRIVATE,
        Self(0o640),
        Self::PLAIN,
        Self(0o700),
        Self(0o750),
        Self::PROGRAM,
    ];

    /// The bits, as chmod takes them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|mode| mode.to_string() == text).ok_or_else(|| {
            Error::value("a mode", text, "is none of 0400 0440 0444 0600 0640 0644 0700 0750 0755")
        })
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

text_type!(
    /// A user or a group of a node: a name as useradd takes it, or a number in decimal.
    Account,
    "a user or group",
    |text| {
        let name = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"_-".contains(&c);
        if text.bytes().next().is_some_and(|c| c.is_ascii_digit()) {
            match text.parse::<u32>() {
                Ok(number) if number.to_string() == text && number != u32::MAX => Ok(()),
                _ => Err("is not a number from 0 to 4294967294 without leading zeros"),
            }
        } else if text.is_empty() || text.len() > 32 || text.starts_with('-') || !text.bytes().all(name) {
            Err("is not a name of at most 32 characters out of a-z 0-9 _ -")
        } else {
            Ok(())
        }
    }
);

impl Account {
    /// The superuser, or its group.
    #[must_use]
    pub fn root() -> Self {
        Self("root".to_owned())
    }

    /// The number, if the account is given by number.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.0.parse().ok()
    }
}

text_type!(
    /// Id of a contract, such as `v4.1.5`: what one target release accepts and contains.
    ContractId,
    "a contract id",
    |text| short_token(text)
);

text_type!(
    /// Name or version of the tool that made a plan.
    ToolText,
    "a tool's name or version",
    |text| short_token(text)
);

fn short_token(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 64 {
        return Err("is empty or longer than 64 characters");
    }
    if !text.bytes().all(|c| c.is_ascii_alphanumeric() || b"._+-".contains(&c)) {
        return Err("has a character outside A-Z a-z 0-9 . _ + -");
    }
    Ok(())
}

/// Identity of a plan: the digest of the exact bytes of its `plan.json`. Everything else names only this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(Sha256);

impl PlanId {
    /// The id of the plan whose `plan.json` has these bytes.
    #[must_use]
    pub fn of(plan_json: &[u8]) -> Self {
        Self(Sha256::of(plan_json))
    }

    /// The digest.
    #[must_use]
    pub const fn digest(self) -> Sha256 {
        self.0
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_begins_at_1() {
        assert!(Serial::new(0).is_err());
        assert!(Serial::new(Serial::MAX + 1).is_err());
        assert_eq!(Serial::new(7).unwrap().get(), 7);
        assert!(serde_json::from_str::<Serial>("0").is_err());
        assert!(serde_json::from_str::<Serial>("-1").is_err());
        assert!(serde_json::from_str::<Serial>("1.0").is_err());
    }

    #[test]
    fn a_mode_never_lets_others_write_or_changes_the_user() {
        for mode in Mode::ALL {
            assert_eq!(mode.bits() & !0o755, 0, "{mode}");
            assert_eq!(mode.to_string().parse::<Mode>().unwrap(), mode);
        }
        for bad in ["644", "0666", "4755", "0777", "00644", "0o644", "", "rw-r--r--"] {
            assert!(bad.parse::<Mode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_is_a_name_or_a_number() {
        for good in ["root", "_apt", "kube-apiserver", "0", "4294967294"] {
            assert!(good.parse::<Account>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "01", "4294967295", "1a", "Root", "a b", "a:b", "-1", "+1"] {
            assert!(bad.parse::<Account>().is_err(), "{bad}");
        }
        assert_eq!("0".parse::<Account>().unwrap().number(), Some(0));
        assert_eq!(Account::root().number(), None);
    }
}

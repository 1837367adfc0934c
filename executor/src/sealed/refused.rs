//! Why a sealed file does not open.

use std::fmt;

/// Why a sealed file does not open; reads well after "failed to open it: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is larger than any sealed file.
    TooLarge,
    /// Its header is not of the form that is read here.
    Header(&'static str),
    /// It is sealed to other keys.
    OtherKey,
    /// Its header was changed after it was sealed.
    Changed,
    /// What follows the header is not what was sealed.
    Payload(&'static str),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("it is larger than any sealed file"),
            Self::Header(why) => write!(f, "its header {why}"),
            Self::OtherKey => f.write_str("it is sealed to another key"),
            Self::Changed => f.write_str("its header was changed after it was sealed"),
            Self::Payload(why) => write!(f, "its payload {why}"),
        }
    }
}

impl std::error::Error for Refused {}

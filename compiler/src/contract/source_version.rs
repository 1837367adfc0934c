//! The version of the MKE 3 cluster. It is not in its TOML file, so it is an input of its own.

use std::fmt;
use std::str::FromStr;

/// A version of MKE 3, such as 3.8.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceVersion {
    /// 7, 8 or 9 for the lines that matter.
    pub minor: u32,
    /// The patch release.
    pub patch: u32,
}

/// What was wrong with the text of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not of the form 3.x.y.
    #[error("a version of MKE 3 looks like 3.8.7")]
    Form,
    /// Another major version.
    #[error("only MKE 3 can be the source")]
    Major,
}

impl FromStr for SourceVersion {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let number = |part: &str| match part.parse::<u32>() {
            Ok(n) if part == n.to_string() => Ok(n),
            _ => Err(VersionError::Form),
        };
        let text = text.strip_prefix('v').unwrap_or(text);
        let parts: Vec<_> = text.split('.').collect();
        let [major, minor, patch] = parts[..] else { return Err(VersionError::Form) };
        if number(major)? != 3 {
            return Err(VersionError::Major);
        }
        Ok(Self { minor: number(minor)?, patch: number(patch)? })
    }
}

impl fmt::Display for SourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "3.{}.{}", self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_strictly() {
        assert_eq!("3.7.15".parse(), Ok(SourceVersion { minor: 7, patch: 15 }));
        assert_eq!("v3.8.0".parse(), Ok(SourceVersion { minor: 8, patch: 0 }));
        for bad in ["", "3.7", "3.7.15-rc1", "3.07.1", "3.7.x", "3.7.1.2"] {
            assert_eq!(bad.parse::<SourceVersion>(), Err(VersionError::Form), "{bad}");
        }
        assert_eq!("4.1.0".parse::<SourceVersion>(), Err(VersionError::Major));
    }
}

//! The border: texts become types here, or are refused.
//!
//! Whatever reaches a document, a unit, a flag or a path is one of these types, and none of them can hold a line
//! break, a control character, a blank, a quote, `%`, `$` or a backslash. A refusal names the character; it never
//! repeats a text that could upset a terminal.

use crate::diag::codes::site as code;
use crate::diag::{Code, Finding, Findings};
use crate::source::Field;
use serde::{Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;

/// Why a text is not a value, as words that follow the value's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code of the finding.
    pub code: &'static Code,
    /// Goes on after "`path` ".
    pub message: String,
    /// The way out.
    pub help: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: &'static Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into() }
    }
}

/// A type that can be read from text.
pub trait Parse: Sized {
    /// Reads it.
    fn parse(text: &str) -> Result<Self, Refusal>;
}

/// Turns a text into a value where it stands; a refusal goes to `findings`.
pub fn parse<T: Parse>(field: Field<String>, findings: &mut Findings) -> Option<Field<T>> {
    accept(field, T::parse, findings)
}

/// As [`parse`], with a reader that is not a type's own.
pub fn accept<S: Borrow<B>, B: ?Sized, T>(
    field: Field<S>,
    read: impl FnOnce(&B) -> Result<T, Refusal>,
    findings: &mut Findings,
) -> Option<Field<T>> {
    match read(field.value.borrow()) {
        Ok(value) => Some(field.map(|_| value)),
        Err(refusal) => {
            findings.push(
                Finding::new(refusal.code, format!("`{}` {}", field.path, refusal.message))
                    .at(field.place)
                    .help(refusal.help),
            );
            None
        }
    }
}

/// How a person calls a character.
pub fn describe(c: char) -> String {
    match c {
        '\n' => "a line break".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a blank".to_owned(),
        '`' => "a backtick".to_owned(),
        '"' => "a double quote".to_owned(),
        '\'' => "a single quote".to_owned(),
        '\\' => "a backslash".to_owned(),
        c if c.is_ascii_graphic() => format!("`{c}`"),
        c if c.is_alphanumeric() => format!("`{c}` (U+{:04X})", u32::from(c)),
        c => format!("the character U+{:04X}", u32::from(c)),
    }
}

/// Refuses the first character that is not allowed.
pub fn only(text: &str, allowed: impl Fn(char) -> bool, help: &str) -> Result<(), Refusal> {
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => Err(Refusal::new(code::CHARACTER, format!("must not hold {}", describe(c)), help)),
    }
}

/// What marks a slot for a secret in a document; no input may look like one.
pub const SLOT: &str = "airlift-secret(";

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

text_type! {
    /// The name of a site: an RFC 1123 label (a-z, 0-9, inner dashes, at most 63).
    SiteName
}
text_type! {
    /// The name of a node in Kubernetes: an RFC 1123 subdomain, lower-case, not an IP address.
    NodeName
}
text_type! {
    /// An SSH user.
    UserName
}
text_type! {
    /// A kubelet profile by its MKE 3 name: the value of a label (letters, digits, inner `.`, `_`, `-`).
    ProfileName
}
text_type! {
    /// The name of a network interface, at most 15 characters as in Linux.
    InterfaceName
}
text_type! {
    /// The path of a private SSH key on the operator's machine; may begin with `~/`.
    KeyPath
}
text_type! {
    /// Where k0s keeps its data: absolute, ends in `/k0s` (mkectl's rule).
    DataDir
}
text_type! {
    /// A path of a file relative to the site directory, without `..`.
    SitePath
}
text_type! {
    /// Free words for people: one line of at most 500 characters.
    Words
}

/// Whether a text is an RFC 1123 label; if not, why, as words that follow the path.
fn label(text: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() {
        Err("must not be empty, nor have an empty part between dots".to_owned())
    } else if let Some(c) = text.chars().find(|c| !inner(*c)) {
        Err(format!("must not hold {}", describe(c)))
    } else if text.len() > 63 {
        Err("has a part of more than 63 characters".to_owned())
    } else if text.starts_with('-') || text.ends_with('-') {
        Err("must not begin or end a part with a dash".to_owned())
    } else {
        Ok(())
    }
}

/// Whether a text is an RFC 1123 subdomain: labels with dots between, at most 253 characters.
pub(super) fn subdomain(text: &str) -> Result<(), String> {
    if text.len() > 253 {
        return Err("is longer than 253 characters".to_owned());
    }
    text.split('.').try_for_each(label)
}

impl Parse for SiteName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        label(text).map_err(|why| {
            Refusal::new(
                code::NAME,
                why,
                "use a-z, 0-9 and inner dashes, at most 63, for example `prod-east`",
            )
        })?;
        Ok(Self(text.to_owned()))
    }
}

impl SiteName {
    /// Stands for a name that was refused, so that the rest can be checked.
    pub(super) fn stand_in() -> Self {
        Self("site".to_owned())
    }
}

impl Parse for NodeName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        if text.parse::<std::net::IpAddr>().is_ok() {
            return Err(Refusal::new(
                code::NAME,
                "is an IP address, not a name",
                "give the name that `kubectl get nodes` shows",
            ));
        }
        subdomain(text).map_err(|why| {
            Refusal::new(
                code::NAME,
                why,
                "give the name that `kubectl get nodes` shows: a-z, 0-9, dots and inner dashes",
            )
        })?;
        Ok(Self(text.to_owned()))
    }
}

impl NodeName {
    /// The part before the first dot.
    pub fn short(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

impl Parse for UserName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let help = "use letters, digits, `_`, `.`, `-` and `@`, as in `ubuntu`";
        only(text, |c| c.is_ascii_alphanumeric() || "_.-@".contains(c), help)?;
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        if !first || text.len() > 64 {
            return Err(Refusal::new(
                code::NAME,
                "must begin with a letter, a digit or `_` and have at most 64 characters",
                help,
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl UserName {
    /// What k0sctl and MKE 4 take where no user is given.
    pub(super) fn root() -> Self {
        Self("root".to_owned())
    }
}

impl Parse for ProfileName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let help = "give the profile's name as in mke3.toml, `custom_kubelet_flags_profiles`";
        only(text, |c| c.is_ascii_alphanumeric() || "_.-".contains(c), help)?;
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if text.len() > 63 || !edge(text.chars().next()) || !edge(text.chars().last()) {
            return Err(Refusal::new(
                code::NAME,
                "must begin and end with a letter or digit and have 1 to 63 characters",
                help,
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Parse for InterfaceName {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let help = "give a name as `ip -br link` shows it, without `@…`, for example `eth1`";
        only(text, |c| c.is_ascii_alphanumeric() || "_.-".contains(c), help)?;
        if text.is_empty() || text.len() > 15 || text.starts_with(['.', '-']) {
            return Err(Refusal::new(code::NAME, "is no interface name (1 to 15 characters)", help));
        }
        Ok(Self(text.to_owned()))
    }
}

fn path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._/@+-".contains(c)
}

impl Parse for KeyPath {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let help = "give a path such as `~/.ssh/id_ed25519`";
        let rest = text.strip_prefix("~/").unwrap_or(text);
        if rest.starts_with('~') {
            return Err(Refusal::new(
                code::PATH,
                "begins with another user's `~`, which mkectl does not expand",
                help,
            ));
        }
        only(rest, path_character, help)?;
        if rest.is_empty() || rest.ends_with('/') || rest.starts_with('-') {
            return Err(Refusal::new(code::PATH, "is no path of a file", help));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Parse for DataDir {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let help =
            "give an absolute path that ends in `/k0s`, for example `/var/lib/k0s` or `/data/docker/k0s`";
        only(text, |c| c.is_ascii_alphanumeric() || "._/-".contains(c), help)?;
        let refuse = |why: &str| Err(Refusal::new(code::PATH, why, help));
        if !text.starts_with('/') {
            refuse("must be an absolute path")
        } else if text.split('/').skip(1).any(|part| matches!(part, "" | "." | "..") || part.starts_with('-'))
        {
            refuse("has an empty part, `.` or `..` in it")
        } else if text.len() > 200 {
            refuse("is longer than 200 characters")
        } else if !text.ends_with("/k0s") || text == "/k0s" {
            refuse("must be a folder named `k0s` below another one; mkectl wants that")
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl Default for DataDir {
    fn default() -> Self {
        Self("/var/lib/k0s".to_owned())
    }
}

impl Parse for SitePath {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let help =
            "put the file into the site directory and give its path from there, for example `certs/ca.pem`";
        if text.starts_with('/') || text.starts_with('~') {
            return Err(Refusal::new(code::PATH, "leads out of the site directory", help));
        }
        only(text, path_character, help)?;
        let text = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
        match text.split('/').find(|part| matches!(*part, "" | "." | "..")) {
            Some("..") => Err(Refusal::new(code::PATH, "leads out of the site directory", help)),
            Some(_) => Err(Refusal::new(code::PATH, "has an empty part or `.` in it", help)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl SitePath {
    /// One of the fixed names of the layout.
    pub(super) fn fixed(name: &'static str) -> Self {
        Self(name.to_owned())
    }
}

impl Parse for Words {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let help = "write one line of words, at most 500 characters";
        let unseen = |c: char| {
            c.is_control()
                || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
        };
        only(text, |c| !unseen(c), help)?;
        if text.trim().is_empty() {
            return Err(Refusal::new(code::NAME, "is empty", help));
        }
        if text.chars().count() > 500 {
            return Err(Refusal::new(code::NAME, "is longer than 500 characters", help));
        }
        if text.contains(SLOT) {
            return Err(Refusal::new(
                code::CHARACTER,
                format!("must not hold `{SLOT}`, which marks the slot of a secret"),
                "say it in other words",
            ));
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// Three numbers, as `3.8.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u16,
    /// Second number.
    pub minor: u16,
    /// Third number.
    pub patch: u16,
}

impl Version {
    /// A version.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// As contracts are called: `v4.1.5`.
    pub fn contract_id(self) -> String {
        format!("v{self}")
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Parse for Version {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let number = |part: &str| {
            let plain =
                part.bytes().all(|b| b.is_ascii_digit()) && (part.len() == 1 || !part.starts_with('0'));
            if plain { part.parse::<u16>().ok() } else { None }
        };
        let parts: Option<Vec<u16>> = text.strip_prefix('v').unwrap_or(text).split('.').map(number).collect();
        match parts.as_deref() {
            Some([major, minor, patch]) => Ok(Self::new(*major, *minor, *patch)),
            _ => Err(Refusal::new(
                code::VERSION,
                "is no version of three numbers",
                "write all three, without a suffix, for example `3.8.7` or `v4.1.5`",
            )),
        }
    }
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year, 1970 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31.
    pub day: u8,
}

impl Date {
    /// Days since 1970-01-01. (Howard Hinnant's `days_from_civil`.)
    pub fn days(self) -> i64 {
        let (y, m, d) = (i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let y = if m <= 2 { y - 1 } else { y };
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let day_of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Parse for Date {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let refusal =
            || Refusal::new(code::DATE, "is no date", "write year, month and day, for example `2027-03-14`");
        let digits = |range: std::ops::Range<usize>| -> Option<u16> {
            let part = text.get(range)?;
            if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None }
        };
        let dashes = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        let (Some(year), Some(month), Some(day), true) = (digits(0..4), digits(5..7), digits(8..10), dashes)
        else {
            return Err(refusal());
        };
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return Err(refusal()),
        };
        if year < 1970 || day == 0 || day > last {
            return Err(refusal());
        }
        Ok(Self { year, month: month as u8, day: day as u8 })
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the control plane (and, as in MKE 3, a kubelet).
    Manager,
    /// Runs workloads only.
    Worker,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Manager => "manager",
            Role::Worker => "worker",
        })
    }
}

impl Parse for Role {
    fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "manager" | "controller+worker" => Ok(Role::Manager),
            "worker" => Ok(Role::Worker),
            "controller" => Err(Refusal::new(
                code::NAME,
                "is `controller`: a manager of MKE 3 also runs a kubelet",
                "write `manager` (k0sctl's `controller+worker`)",
            )),
            "single" => Err(Refusal::new(
                code::NAME,
                "is `single`, which MKE 4k dropped after 4.1.0",
                "write `manager`, also for a site of one node",
            )),
            _ => Err(Refusal::new(code::NAME, "is no role", "write `manager` or `worker`")),
        }
    }
}

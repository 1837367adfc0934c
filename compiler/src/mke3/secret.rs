//! Names for secrets, and texts without them.
//!
//! A secret of the file becomes a slot: `airlift-secret(mke3/auth.ldap.reader_password)`. The name follows from
//! the key's path alone, so that it is the same in every run, and says nothing about the secret.

use super::catalog::{Form, Key, Kind, resembles_secret};
use super::forms::carries_password;

/// Names of Kubernetes' own flags that sound secret, by their beginnings; their values are switches, numbers and times.
const HARMLESS_FLAGS: &[&str] = &[
    "authentication-token-webhook",
    "concurrent-serviceaccount-token-syncs",
    "legacy-service-account-token-clean-up-period",
    "service-account-max-token-expiration",
];

/// A flag with its value replaced by `slot`, where the value looks like a secret: the name says so, or it is an address
/// with a password, a bearer token or a key. `None` where there is nothing to hide. What a file is called is no secret.
pub(super) fn without_flag_secret(flag: &str, slot: &SecretSlot) -> Option<String> {
    let (name, value) = flag.split_once('=')?;
    let slot = slot.placeholder();
    let harmless = value.is_empty()
        || value.starts_with('/')
        || matches!(value, "true" | "false")
        || value == slot
        || HARMLESS_FLAGS
            .iter()
            .any(|known| name.trim_start_matches('-').replace('_', "-").starts_with(known));
    let sounds = looks_secret(name) || name.to_ascii_lowercase().contains("basic-auth");
    let looks = (value.contains("://") && carries_password(value))
        || value.contains("PRIVATE KEY-----")
        || value == "Bearer"
        || value.starts_with("Bearer ")
        || value.starts_with("eyJ");
    ((sounds && !harmless) || (looks && value != slot)).then(|| format!("{name}={slot}"))
}

/// The name of a secret that Airlift keeps elsewhere. It is not the secret, so it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretSlot(String);

/// What a slot begins with.
pub(crate) const OPEN: &str = "airlift-secret(";

impl SecretSlot {
    /// The slot of a value by its canonical path: lower case, `_` before what was a capital, list indices as a
    /// part of their own. Only `[a-z0-9._/-]` occurs.
    pub(crate) fn of(path: &str) -> Self {
        let mut name = String::from("mke3/");
        let mut last = '/';
        for c in path.chars() {
            match c {
                'A'..='Z' => {
                    if last.is_ascii_lowercase() || last.is_ascii_digit() {
                        name.push('_');
                    }
                    name.push(c.to_ascii_lowercase());
                }
                'a'..='z' | '0'..='9' | '.' | '_' | '-' => name.push(c),
                '[' => name.push('.'),
                ']' | '"' => {}
                _ => name.push('-'),
            }
            last = c;
        }
        Self(name)
    }

    /// The name: `mke3/auth.ldap.reader_password`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether a text is, or holds, a slot.
    pub fn stands_in(text: &str) -> bool {
        text.contains(OPEN)
    }

    /// The text that stands where the secret belongs.
    pub fn placeholder(&self) -> String {
        format!("{OPEN}{})", self.0)
    }
}

/// Whether a key's value can be taken out of the text: a secret, or an address with a password in it.
pub(crate) fn can_hide(key: &Key) -> bool {
    key.secret || (key.may_hold_secret && key.kind == Kind::Text(Form::Url))
}

/// Whether this value must be.
pub(crate) fn must_hide(key: &Key, text: &str) -> bool {
    can_hide(key) && !text.is_empty() && (key.secret || carries_password(text))
}

/// Whether a name that the catalogue lacks, or that stands in the wrong place, seems to be a secret's. Rather one
/// too many: all that it costs is that the message shows less.
pub(crate) fn looks_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    ["pass", "pwd", "secret", "token", "credential", "apikey", "privatekey"].iter().any(|w| plain.contains(w))
        || resembles_secret(&plain)
}

//! What a script gets to know: variables with a declared type.
//!
//! A value of any of these types is one word without blanks, quotes, expansions or control characters, and none of
//! them begins with a hyphen. A script may use `$PLAN_X` in any position, quoted or not, and it stays one argument
//! (a list becomes one argument for each of its elements) that no command takes for an option.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::step::SecretName;
use crate::name::{AbsPath, NodeName, text_type};

/// One variable of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name in the environment.
    pub name: VariableName,
    /// Its value with its type.
    pub value: Value,
}

text_type!(
    /// Name of a variable: `PLAN_` and then `A-Z 0-9 _`. With that prefix no plan can set `PATH`, `IFS`, `LD_PRELOAD`
    /// or what else a shell and its commands listen to.
    VariableName,
    "a variable's name",
    |text| match text.strip_prefix("PLAN_") {
        Some(rest)
            if !rest.is_empty()
                && rest.len() <= 59
                && rest.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_') =>
        {
            Ok(())
        }
        _ => Err("is not PLAN_ and 1 to 59 characters out of A-Z 0-9 _"),
    }
);

/// A value that a script gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Value {
    /// `true` is `1`, `false` is empty, so that `[ -n "$PLAN_X" ]` asks for it.
    Flag(bool),
    /// A number, in decimal.
    Number(u32),
    /// A path on the node.
    Path(AbsPath),
    /// Paths on the node, separated by one blank.
    Paths(Vec<AbsPath>),
    /// An IP address.
    Address(IpAddr),
    /// IP addresses, separated by one blank.
    Addresses(Vec<IpAddr>),
    /// A network in CIDR notation.
    Network(Network),
    /// Networks, separated by one blank.
    Networks(Vec<Network>),
    /// The name of a node.
    Node(NodeName),
    /// Names of nodes, separated by one blank.
    Nodes(Vec<NodeName>),
    /// A version, a unit, an image, `HOST:PORT` and the like.
    Word(Word),
    /// Words, separated by one blank.
    Words(Vec<Word>),
    /// A secret. The variable holds the path of a file with the secret, readable by root alone, which is gone when the
    /// script has ended.
    Secret(SecretName),
}

impl Value {
    /// The text of the variable in the environment; none for a secret, whose path the executor knows.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        fn list<T: fmt::Display>(values: &[T]) -> String {
            values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        Some(match self {
            Self::Flag(true) => "1".to_owned(),
            Self::Flag(false) => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Path(path) => path.to_string(),
            Self::Paths(paths) => list(paths),
            Self::Address(address) => address.to_string(),
            Self::Addresses(addresses) => list(addresses),
            Self::Network(network) => network.to_string(),
            Self::Networks(networks) => list(networks),
            Self::Node(node) => node.to_string(),
            Self::Nodes(nodes) => list(nodes),
            Self::Word(word) => word.to_string(),
            Self::Words(words) => list(words),
            Self::Secret(_) => return None,
        })
    }
}

text_type!(
    /// A network in CIDR notation, `ADDRESS/PREFIX`, with no bit set below the prefix.
    Network,
    "a network",
    |text| {
        let Some((address, prefix)) = text.split_once('/') else { return Err("is not ADDRESS/PREFIX") };
        let Ok(length) = prefix.parse::<u32>() else { return Err("has no prefix length") };
        if length.to_string() != prefix {
            return Err("has a prefix length that is not a plain number");
        }
        let (bits, width, canonical) = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(v4)) => (u128::from(v4.to_bits()) << 96, 32, v4.to_string()),
            Ok(IpAddr::V6(v6)) => (v6.to_bits(), 128, v6.to_string()),
            Err(_) => return Err("has no IP address before the slash"),
        };
        if length > width {
            return Err("has a prefix longer than the address");
        }
        if canonical != address {
            return Err("has an address that is not in its usual form");
        }
        match bits.checked_shl(length) {
            None | Some(0) => Ok(()),
            Some(_) => Err("has bits set below its prefix"),
        }
    }
);

text_type!(
    /// A word of 1 to 512 characters out of `[A-Za-z0-9._:/@+=,-]`; the first is a letter, a digit, a slash or a
    /// bracketless address.
    Word,
    "a word",
    |text| {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._:/@+=,-".contains(&c);
        if text.is_empty() || text.len() > 512 {
            Err("is empty or longer than 512 characters")
        } else if !text.bytes().all(allowed) {
            Err("has a character outside A-Z a-z 0-9 . _ : / @ + = , -")
        } else if !text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == ':') {
            Err("does not begin with a letter, a digit, a slash or a colon")
        } else {
            Ok(())
        }
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_is_one_that_a_shell_listens_to() {
        for bad in
            ["PATH", "IFS", "LD_PRELOAD", "BASH_ENV", "AIRLIFT_KEEP", "PLAN_", "PLAN_a", "PLAN_A=B", "plan_A"]
        {
            assert!(bad.parse::<VariableName>().is_err(), "{bad}");
        }
        assert!("PLAN_DATA_DIR".parse::<VariableName>().is_ok());
    }

    #[test]
    fn no_word_is_an_option_or_more_than_one_argument() {
        for bad in [
            "", "-f", "a b", "a\nb", "$(x)", "`x`", "a;b", "a*", "a'b", "a\"b", "~a", "a\\b", "{a,b}", "%i",
            "#", "!",
        ] {
            assert!(bad.parse::<Word>().is_err(), "{bad:?}");
        }
        for good in ["v1.32.3+k0s.0", "host:5000/a/b@sha256:0", "k=v,w=x", "/a", "::1"] {
            assert!(good.parse::<Word>().is_ok(), "{good}");
        }
    }

    #[test]
    fn a_network_has_one_form() {
        for bad in [
            "10.0.0.1",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "fd00::1/64",
            "FD00::/64",
            "x/8",
            "0.0.0.1/0",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        for good in ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "fd00::/64", "::/0", "fd00::1/128"] {
            assert!(good.parse::<Network>().is_ok(), "{good}");
        }
    }

    #[test]
    fn a_script_sees_what_the_plan_says() {
        let value: Value = serde_json::from_str(r#"{"addresses":["10.0.0.1","fd00::1"]}"#).unwrap();
        assert_eq!(value.to_text().unwrap(), "10.0.0.1 fd00::1");
        assert_eq!(Value::Flag(false).to_text().unwrap(), "");
        assert_eq!(Value::Secret("a/b".parse().unwrap()).to_text(), None);
        assert!(serde_json::from_str::<Value>(r#"{"path":"relative"}"#).is_err());
        assert!(serde_json::from_str::<Value>(r#"{"anything":1}"#).is_err());
    }
}

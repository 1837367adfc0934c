//! What the rules must know of LDAP's own forms: addresses, distinguished names, filters.

/// Where a directory listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    name: String,
    port: Option<u16>,
    /// `ldaps`.
    pub(super) tls: bool,
}

impl Server {
    /// Reads `ldap://host[:port]` or `ldaps://host[:port]`; what follows the host is left out.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("it has no scheme, `ldap://` or `ldaps://`")?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ldap" => false,
            "ldaps" => true,
            other => return Err(format!("`{other}` is neither `ldap` nor `ldaps`")),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        // The colons inside the brackets of an IPv6 address are none of ours.
        let end = authority.find(']').map_or(0, |at| at + 1);
        let colon = authority.get(end..).and_then(|rest| rest.find(':')).map(|at| end + at);
        let (name, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
            Some((name, port)) => (name, port.trim_start_matches(':')),
            None => (authority, ""),
        };
        if name.is_empty() {
            return Err("it names no host".to_owned());
        }
        let port = match port {
            "" => None,
            digits => Some(digits.parse().map_err(|_| format!("`{digits}` is no port"))?),
        };
        Ok(Self { name: name.to_owned(), port, tls })
    }

    /// `host:port`, with the usual port where none is given.
    pub(super) fn host(&self) -> String {
        let port = self.port.unwrap_or(if self.tls { 636 } else { 389 });
        format!("{}:{port}", self.name)
    }
}

/// The beginning of a distinguished name: `CN=admins,OU=x` has attribute `CN`, value `admins` and parent `OU=x`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rdn {
    pub(super) attribute: String,
    /// Without its escapes.
    pub(super) value: String,
    pub(super) parent: String,
}

/// Takes the first part off a distinguished name (RFC 4514). `None` where it has no second part, or where the first
/// has several attributes.
pub(super) fn first_rdn(dn: &str) -> Option<Rdn> {
    let (attribute, rest) = dn.split_once('=')?;
    let mut value = Vec::new();
    let mut chars = rest.char_indices();
    let end = loop {
        let (at, c) = chars.next()?;
        match c {
            ',' => break at,
            '+' => return None,
            '\\' => match rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(byte) => {
                    value.push(byte);
                    chars.nth(1);
                }
                None => value.extend(chars.next()?.1.to_string().into_bytes()),
            },
            c => value.extend(c.to_string().into_bytes()),
        }
    };
    let parent = rest.get(end + 1..)?.trim().to_owned();
    let value = String::from_utf8(value).ok()?.trim().to_owned();
    let attribute = attribute.trim().to_owned();
    let whole = self::attribute(&attribute).is_ok() && !value.is_empty() && parent.contains('=');
    whole.then_some(Rdn { attribute, value, parent })
}

/// A value as it may stand in a filter (RFC 4515): what would end or widen the comparison is escaped.
pub(super) fn filter_value(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '*' | '(' | ')' | '\0' => out.push_str(&format!("\\{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Whether a text is the name of an attribute.
pub(crate) fn attribute(text: &str) -> Result<(), String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    match !text.is_empty() && text.chars().all(inside) {
        true => Ok(()),
        false => Err("it is no name of an attribute".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_gets_the_usual_port_where_none_is_given() {
        for (url, host, tls) in [
            ("ldap://d.example.com", "d.example.com:389", false),
            ("LDAPS://d.example.com/", "d.example.com:636", true),
            ("ldap://d.example.com:3389/dc=x?uid", "d.example.com:3389", false),
            ("ldaps://[2001:db8::1]", "[2001:db8::1]:636", true),
            ("ldaps://[2001:db8::1]:1636", "[2001:db8::1]:1636", true),
            ("ldap://d.example.com:", "d.example.com:389", false),
        ] {
            let server = Server::parse(url).unwrap();
            assert_eq!((server.host().as_str(), server.tls), (host, tls), "{url}");
        }
        for url in [
            "d.example.com",
            "https://d.example.com",
            "ldap://",
            "ldap://:389",
            "ldap://d:x",
            "ldap://d:70000",
        ] {
            assert!(Server::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_first_part_of_a_dn_comes_off_whole() {
        for (dn, want) in [
            ("CN=admins,OU=g,DC=x", Some(("CN", "admins", "OU=g,DC=x"))),
            (r"cn=Smith\, Bob , ou=g", Some(("cn", "Smith, Bob", "ou=g"))),
            (r"cn=caf\C3\A9,ou=g", Some(("cn", "café", "ou=g"))),
            ("cn=a=b,ou=g", Some(("cn", "a=b", "ou=g"))),
            ("cn=a+uid=b,ou=g", None),
            ("cn=alone", None),
            ("nothing", None),
            ("cn=,ou=g", None),
            (r"cn=a\", None),
        ] {
            let found = first_rdn(dn);
            let found = found.as_ref().map(|r| (r.attribute.as_str(), r.value.as_str(), r.parent.as_str()));
            assert_eq!(found, want, "{dn}");
        }
    }

    #[test]
    fn no_value_can_end_or_widen_a_filter() {
        assert_eq!(filter_value(r"CN=a*(b)\,OU=x"), r"CN=a\2a\28b\29\5c,OU=x");
        assert_eq!(filter_value("a\0b"), r"a\00b");
        assert_eq!(filter_value("café"), "café");
    }
}

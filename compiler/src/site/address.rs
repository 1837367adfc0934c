//! Addresses: hosts, the external address, registries, network ranges.
//!
//! Each refusal says which part is too much (a scheme, a path, a user, a port) or missing, because these values are
//! copied from browsers and from other tools.

use super::values::{Parse, Refusal, describe, subdomain};
use crate::diag::codes::site as code;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An IP address or a lower-case DNS name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostAddress {
    /// An IP address.
    Ip(IpAddr),
    /// A DNS name.
    Dns(String),
}

impl HostAddress {
    /// The IP address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            HostAddress::Ip(ip) => Some(*ip),
            HostAddress::Dns(_) => None,
        }
    }
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostAddress::Ip(ip) => ip.fmt(f),
            HostAddress::Dns(name) => f.write_str(name),
        }
    }
}

fn refuse<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code::ADDRESS, message, help))
}

impl Parse for HostAddress {
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str = "give an IP address or a DNS name alone";
        if let Ok(ip) = text.parse() {
            return Ok(HostAddress::Ip(ip));
        }
        if text.contains("://") {
            return refuse("has a scheme", HELP);
        }
        if let Some((_, _)) = text.split_once('@') {
            return refuse("has a user in it", format!("{HELP}; the user goes into `user`"));
        }
        if text.contains('/') {
            return refuse("has a path or a prefix length", HELP);
        }
        if text.starts_with('[') {
            return refuse("has brackets", "write an IPv6 address without them here");
        }
        if text.contains(':') {
            return refuse(
                "has a port, or is a damaged IPv6 address",
                format!("{HELP}; the port goes into `port`"),
            );
        }
        if text.ends_with('.') {
            return refuse("ends in a dot", "write the name without it; certificates never have it");
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        if !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) {
            return refuse("looks like an IPv4 address but is none", HELP);
        }
        subdomain(text).or_else(|why| refuse(why, HELP))?;
        Ok(HostAddress::Dns(text.to_owned()))
    }
}

/// A host with an optional port: what clients of the cluster connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The host.
    pub host: HostAddress,
    /// The port, where one is given.
    pub port: Option<u16>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostAddress::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            host => host.fmt(f)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Reads a port.
pub fn port(number: i64) -> Result<u16, Refusal> {
    match u16::try_from(number) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Refusal::new(code::PORT, "must be a port from 1 to 65535", "give the number of a TCP port")),
    }
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
fn authority(text: &str) -> Result<Endpoint, Refusal> {
    const HELP: &str = "write `host` or `host:port`; an IPv6 address goes into brackets, `[fd00::1]:443`";
    let (host, rest) = if let Some(rest) = text.strip_prefix('[') {
        let Some((host, rest)) = rest.split_once(']') else { return refuse("has no closing bracket", HELP) };
        let Ok(ip) = host.parse::<Ipv6Addr>() else {
            return refuse("has no IPv6 address in its brackets", HELP);
        };
        (HostAddress::Ip(IpAddr::V6(ip)), rest)
    } else if text.parse::<Ipv6Addr>().is_ok() || text.matches(':').count() > 1 {
        return refuse("is an IPv6 address without brackets", HELP);
    } else {
        let end = text.find(':').unwrap_or(text.len());
        let (host, rest) = text.split_at(end);
        (HostAddress::parse(host)?, rest)
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return refuse("goes on after its bracket", HELP),
        Some(digits) if digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(port(digits.parse().unwrap_or(0))?)
        }
        Some(_) => return Err(Refusal::new(code::PORT, "has a port that is no number", HELP)),
    };
    Ok(Endpoint { host, port })
}

impl Parse for Endpoint {
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str =
            "write `host` or `host:port`, for example `mke.example.com` or `mke.example.com:8443`";
        if let Some((scheme, _)) = text.split_once("://") {
            return refuse(format!("has a scheme (`{}`)", printable(scheme)), HELP);
        }
        if text.ends_with('/') && text.matches('/').count() == 1 {
            return refuse("ends in a slash", HELP);
        }
        if text.contains('/') {
            return refuse("has a path", HELP);
        }
        authority(text)
    }
}

/// A short text that is safe to repeat; anything else is left out.
fn printable(text: &str) -> String {
    if text.len() <= 16 && text.bytes().all(|b| b.is_ascii_graphic()) {
        text.to_owned()
    } else {
        "…".to_owned()
    }
}

/// A place in a registry: host, optional port, path without slashes at its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryAddress {
    /// Host and port.
    pub endpoint: Endpoint,
    /// Project path, for example `mke` or `team/mke`.
    pub path: String,
}

impl fmt::Display for RegistryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.endpoint, self.path)
    }
}

/// The image registry as the vendor writes it: `host[:port]/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRegistry(pub RegistryAddress);

/// The chart registry as the vendor writes it: `oci://host[:port]/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartRegistry(pub RegistryAddress);

impl fmt::Display for ImageRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ChartRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}", self.0)
    }
}

fn registry<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code::REGISTRY_URL, message, help))
}

impl Parse for ImageRegistry {
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str = "write `host[:port]/path`, for example `registry.example.com:5000/mke`";
        if text.starts_with("http://") {
            return registry(
                "uses http, which neither k0s nor MKE 4k pulls from",
                "serve the registry over HTTPS (its CA can be given as `ca_file`) and drop the scheme",
            );
        }
        if text.contains("://") {
            return registry("must not have a scheme", HELP);
        }
        in_registry(text, HELP).map(Self)
    }
}

impl Parse for ChartRegistry {
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str =
            "write `oci://host[:port]/path`, for example `oci://registry.example.com:5000/mke`";
        match text.strip_prefix("oci://") {
            Some(rest) => in_registry(rest, HELP).map(Self),
            None if text.starts_with("http://") => registry(
                "uses http, which neither k0s nor MKE 4k pulls from",
                "serve the registry over HTTPS (its CA can be given as `ca_file`) and write `oci://`",
            ),
            None => registry("must begin with `oci://`", HELP),
        }
    }
}

fn in_registry(text: &str, help: &str) -> Result<RegistryAddress, Refusal> {
    if text.ends_with('/') {
        return registry("must not end in a slash", help);
    }
    let Some((host, path)) = text.split_once('/') else {
        return registry("has no project path", help);
    };
    let endpoint = authority(host)?;
    // Docker's rule: a first part without dot and port is a name on Docker Hub, not a host.
    if endpoint.port.is_none()
        && matches!(&endpoint.host, HostAddress::Dns(n) if !n.contains('.') && n != "localhost")
    {
        return registry(
            "begins with a name without a dot, which image references read as a project on Docker Hub",
            "give the registry's full name, or its port",
        );
    }
    for part in path.split('/') {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if let Some(c) = part.chars().find(|c| c.is_ascii_uppercase()) {
            return registry(
                format!("has the upper-case letter `{c}` in its path; image references are lower-case"),
                "rename the project in the registry, or use another one",
            );
        }
        if let Some(c) = part.chars().find(|c| !inner(*c)) {
            return registry(format!("has {} in its path", describe(c)), help);
        }
        if part.is_empty() {
            return registry("has two slashes in a row", help);
        }
        if part.starts_with(['.', '_', '-']) || part.ends_with(['.', '_', '-']) || part.contains("..") {
            return registry("has a path part that no image reference may have", help);
        }
    }
    Ok(RegistryAddress { endpoint, path: path.to_owned() })
}

impl Parse for IpNet {
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str = "write a range such as `10.1.0.0/16`";
        let bad = |message: String, help: String| Err(Refusal::new(code::RANGE, message, help));
        match text.parse::<IpNet>() {
            Ok(net) if net.addr() != net.network() => {
                bad("has bits behind its prefix".to_owned(), format!("the network is `{}`", net.trunc()))
            }
            Ok(net) => Ok(net),
            Err(_) if text.parse::<IpAddr>().is_ok() => {
                bad("has no prefix length".to_owned(), HELP.to_owned())
            }
            Err(_) => bad("is no network range".to_owned(), HELP.to_owned()),
        }
    }
}

//! What the machine is called and what runs on it: names, operating system, kernel, architecture. No name is looked up
//! through the C library.

use nix::sys::utsname::uname;

use super::format::{Notes, Os};
use super::machine::Machine;

/// Names of a machine.
#[derive(Debug)]
pub struct Names {
    /// The kernel's host name.
    pub hostname: String,
    /// The fully qualified one.
    pub fqdn: Option<String>,
    /// The kernel's release.
    pub kernel: String,
    /// The architecture by its Go name.
    pub arch: String,
    /// The operating system.
    pub os: Option<Os>,
}

/// All names of `machine`.
pub fn names(machine: &Machine, notes: &mut Notes) -> Names {
    let kernel = notes.take("hostname", uname());
    let of = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let hostname = of(kernel.as_ref().map(|k| k.nodename()));
    if let Some(text) = notes.take("hostname", machine.text_if_there("/etc/hostname")).flatten() {
        let configured = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        if let Some(configured) = configured.filter(|name| *name != hostname) {
            notes.add(
                "hostname",
                format!("/etc/hostname says {configured}, which counts after the next boot"),
            );
        }
    }
    let hosts = notes.take("fqdn", machine.text_if_there("/etc/hosts")).flatten().unwrap_or_default();
    let os = os(machine).map_err(|why| notes.add("os", why)).ok();
    Names {
        fqdn: fqdn(&hostname, &hosts),
        kernel: of(kernel.as_ref().map(|k| k.release())),
        arch: go_arch(&of(kernel.as_ref().map(|k| k.machine()))),
        hostname,
        os,
    }
}

/// The host name itself where it has a dot, else a longer name beside it in `/etc/hosts`.
fn fqdn(hostname: &str, hosts: &str) -> Option<String> {
    if hostname.contains('.') {
        return Some(hostname.to_owned());
    }
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.map(|line| line.split_ascii_whitespace().skip(1).collect::<Vec<_>>()).find_map(|names| {
        let ours = names.contains(&hostname);
        let long =
            names.iter().find(|name| name.strip_prefix(hostname).is_some_and(|rest| rest.starts_with('.')));
        long.filter(|_| ours).map(|name| (*name).to_owned())
    })
}

fn go_arch(machine: &str) -> String {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
    .to_owned()
}

fn os(machine: &Machine) -> Result<Os, String> {
    let text = match machine.text_if_there("/etc/os-release").map_err(|why| why.to_string())? {
        Some(text) => text,
        None => machine.text("/usr/lib/os-release").map_err(|why| why.to_string())?,
    };
    let value = |key: &str| {
        let line = text.lines().rev().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
        // os-release(5) allows quotes; no ID or VERSION_ID needs an escape
        let value = line.trim().trim_matches(['"', '\'']);
        (!value.is_empty() && !value.chars().any(char::is_control)).then(|| value.to_owned())
    };
    let id = value("ID").ok_or("os-release has no ID")?;
    // rolling releases have none
    Ok(Os { id, version: value("VERSION_ID").unwrap_or_else(|| "rolling".to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_name_stands_beside_the_short_one() {
        let hosts = "127.0.0.1 localhost\n# 10.0.0.1 mgr1.wrong.example mgr1\n10.0.0.2 mgr11.example mgr11\n\
                     10.0.0.1\tmgr1.example.com mgr1 # here\n";
        for (hostname, long) in [
            ("mgr1", Some("mgr1.example.com")),
            ("mgr2", None),
            ("mgr1.other.org", Some("mgr1.other.org")),
            ("", None),
        ] {
            assert_eq!(fqdn(hostname, hosts).as_deref(), long, "{hostname}");
        }
    }
}

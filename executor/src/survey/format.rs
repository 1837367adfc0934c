//! The survey as JSON, format 1. Published as `docs/schemas/survey.schema.json`, where every field is explained; a test
//! holds what is made here against it.

use std::collections::BTreeMap;

use serde::Serialize;

/// Format of the file.
pub const VERSION: u32 = 1;

/// All facts of one machine.
#[derive(Debug, Serialize)]
pub struct Survey {
    /// [`VERSION`]
    pub version: u32,
    /// The kernel's host name.
    pub hostname: String,
    /// The fully qualified name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<String>,
    /// All network interfaces, also those without an address.
    pub interfaces: Vec<Interface>,
    /// Public keys.
    pub keys: Keys,
    /// From os-release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    /// The kernel's release.
    pub kernel: String,
    /// The architecture by its Go name.
    pub arch: String,
    /// Switches and states of the operating system.
    pub system: System,
    /// The container engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// Mounts of real file systems.
    pub mounts: Vec<Mount>,
    /// Sockets that wait for others.
    pub listening: Vec<Listening>,
    /// The product that is being left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mke: Option<Mke>,
    /// The product's containers.
    pub containers: Vec<Container>,
    /// Flags of components in their order.
    pub component_flags: BTreeMap<String, Vec<ComponentFlag>>,
    /// Digests of key files.
    pub key_digests: Vec<KeyDigest>,
    /// Images of the engine.
    pub images: Vec<Image>,
    /// What could not be seen, or is odd.
    pub notes: Vec<Note>,
}

/// A network interface.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<InterfaceAddress>,
}

/// An address of an interface.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct InterfaceAddress {
    /// Address and prefix length.
    pub address: String,
    /// How far it reaches.
    pub scope: Scope,
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everywhere.
    Global,
    /// On the link.
    Link,
    /// On this host.
    Host,
}

/// Public keys.
#[derive(Debug, Default, Serialize)]
pub struct Keys {
    /// The node's age recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_recipient: Option<String>,
    /// SHA-256 of the recipient's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_fingerprint: Option<String>,
    /// The ed25519 SSH host key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_host_ed25519: Option<String>,
    /// Its fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_host_fingerprint: Option<String>,
}

/// The operating system.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Os {
    /// ID.
    pub id: String,
    /// `VERSION_ID`
    pub version: String,
}

/// Switches and states of the operating system; what is unknown is left out.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct System {
    /// Version of control groups that containers use: 1 or 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup_version: Option<u8>,
    /// State of SELinux.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selinux: Option<Selinux>,
    /// Swap space in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<u64>,
    /// Whether the kernel holds its clock for synchronized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_synchronized: Option<bool>,
}

/// State of SELinux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Selinux {
    /// Refuses.
    Enforcing,
    /// Logs only.
    Permissive,
    /// Off, or not in the kernel.
    Disabled,
}

/// The container engine.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Engine {
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its data folder.
    pub data_root: String,
    /// Its storage driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_driver: Option<String>,
}

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// Where.
    pub target: String,
    /// What.
    pub source: String,
    /// The file system's type.
    pub fs_type: String,
    /// Options, comma-separated.
    pub options: String,
    /// Size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Free for root, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<u64>,
}

/// A socket that waits for others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Listening {
    /// The port.
    pub port: u16,
    /// tcp or udp.
    pub protocol: &'static str,
    /// The address; `0.0.0.0` and `::` are all of them.
    pub address: String,
}

/// The product that is being left.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Mke {
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The cluster's instance id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The node's role.
    pub role: Role,
}

/// A node's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Runs the control plane.
    Manager,
    /// Runs workloads only.
    Worker,
}

/// A container.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// The reference that it was made from.
    pub image: String,
    /// running, exited, ….
    pub state: String,
    /// always, unless-stopped, on-failure, no.
    pub restart_policy: String,
}

/// A flag of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComponentFlag {
    /// Without dashes.
    pub name: String,
    /// Its value; `true` for a bare switch.
    pub value: String,
}

/// The digest of a key file.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct KeyDigest {
    /// Volume and path in it.
    pub path: String,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// An image of the engine.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Image {
    /// Its reference.
    pub reference: String,
    /// Its digest, where it was pulled by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What could not be seen, or is odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The field that it is about, `engine.version` for example.
    pub fact: String,
    /// One line for people.
    pub text: String,
}

/// Notes, collected on the way.
#[derive(Debug, Default)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// Longest text of a note, in characters.
    const LENGTH: usize = 300;

    /// Adds a note. Whatever a file or a program had in it, the note is one line that a terminal shows as it is.
    pub fn add(&mut self, fact: &str, text: impl AsRef<str>) {
        let unseen = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        let text = text.as_ref().trim().chars().take(Self::LENGTH).map(|c| if unseen(c) { '?' } else { c });
        let note = Note { fact: fact.to_owned(), text: text.collect() };
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// What `result` holds; an error becomes a note about `fact`.
    pub fn take<T, E: std::fmt::Display>(&mut self, fact: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|why| self.add(fact, why.to_string())).ok()
    }

    /// All of them in their order.
    #[must_use]
    pub fn into_vec(self) -> Vec<Note> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_short_line_whatever_it_quotes() {
        let mut notes = Notes::default();
        notes.add("engine", format!("\u{1b}[2Jevil\r\n\u{202e}txt {}", "x".repeat(10_000)));
        let text = &notes.into_vec()[0].text;
        assert!(text.starts_with("?[2Jevil???txt xxx"), "{text}");
        assert_eq!(text.chars().count(), Notes::LENGTH);
    }
}

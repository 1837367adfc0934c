//! The keys of this node, and opening with them what the bundle lists.

use std::path::Path;

use airlift_bundle::archive::Bundle;
use airlift_bundle::digest::Sha256;
use airlift_bundle::plan::SecretName;
use airlift_bundle::sealed::{Address, entry};
use zeroize::Zeroizing;

use super::header::{self, Stanza};
use super::key_file::{AgeKey, FileKey, SshKey};
use super::primitives::{derive, is_mac};
use super::refused::Refused;
use super::secret::Secret;
use super::{payload, primitives};
use crate::disk::{Disk, Kind};
use crate::step::Fault;

/// The node's own key, made by `airlift-node survey`.
pub const AGE_KEY: &str = crate::survey::key::DEFAULT_PATH;
/// The SSH host key.
pub const SSH_KEY: &str = "/etc/ssh/ssh_host_ed25519_key";

/// Largest file: the largest envelope with its header and the tags of its chunks.
const LARGEST: usize = (16 << 20) + (64 << 10);
/// Largest key file; one has some 400 bytes.
const LARGEST_KEY: usize = 16 << 10;

/// The keys of a node; of one that can't be used, why.
pub struct Keys {
    /// Its own.
    pub age: Result<AgeKey, String>,
    /// That of its SSH server.
    pub ssh: Result<SshKey, String>,
}

impl Keys {
    /// The keys in the file system of a node.
    #[must_use]
    pub fn of(disk: &dyn Disk) -> Self {
        let none = || "it holds no age key".to_owned();
        Self {
            age: read(disk, AGE_KEY, 0o077).and_then(|text| AgeKey::parse(&text).ok_or_else(none)),
            // Red Hat's sshd has a group of its own for it
            ssh: read(disk, SSH_KEY, 0o037).and_then(|text| SshKey::parse(&text).map_err(str::to_owned)),
        }
    }

    /// Opens an age file.
    ///
    /// # Errors
    /// Why it does not open; nothing of it is given out then.
    pub fn open(&self, file: &[u8]) -> Result<Secret, Refused> {
        if file.len() > LARGEST {
            return Err(Refused::TooLarge);
        }
        let (header, rest) = header::read(file)?;
        let file_key = self.unwrap(&header.stanzas)?.ok_or(Refused::OtherKey)?;
        let mac_key = derive(&[], &*file_key, b"header")?;
        if !is_mac(&mac_key, header.covered, &header.mac) {
            return Err(Refused::Changed);
        }
        let (nonce, chunks) = rest
            .split_at_checked(payload::NONCE)
            .ok_or(Refused::Header("is followed by nothing that it could be about"))?;
        let key: primitives::Key = derive(nonce, &*file_key, b"payload")?;
        let plain = payload::open(&key, chunks)?;
        Ok(Secret::wiped(plain))
    }

    fn unwrap(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Refused> {
        for stanza in stanzas {
            let found = match (stanza, &self.age, &self.ssh) {
                (Stanza::X25519(wrapped), Ok(key), _) => key.unwrap(wrapped)?,
                (Stanza::SshEd25519(tag, wrapped), _, Ok(key)) => key.unwrap(*tag, wrapped)?,
                _ => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Which keys there are, for the message that none fits.
    fn known(&self) -> String {
        let age = match &self.age {
            Ok(key) => format!("is {}", key.recipient()),
            Err(why) => format!("can't be used: {why}"),
        };
        let ssh = match &self.ssh {
            Ok(key) => format!("is {}", key.fingerprint()),
            Err(why) => format!("can't be used: {why}"),
        };
        format!("{AGE_KEY} {age}; {SSH_KEY} {ssh}")
    }
}

/// The text of a key file that nobody else may read. The bits of `others` must not be set.
fn read(disk: &dyn Disk, path: &str, others: u32) -> Result<Zeroizing<String>, String> {
    let file = Path::new(path);
    let stat = disk.stat(file).map_err(|error| error.to_string())?.ok_or("it is not there")?;
    if stat.kind != Kind::File {
        return Err(format!("it is {}", stat.kind.as_str()));
    }
    if stat.owner.user != 0 {
        return Err("it belongs to another user than root".to_owned());
    }
    if stat.mode & others != 0 {
        return Err(format!("its mode is {:04o}: others may read it", stat.mode));
    }
    let size =
        usize::try_from(stat.size).ok().filter(|size| *size <= LARGEST_KEY).ok_or("it is too large")?;
    let mut bytes = Zeroizing::new(vec![0; size]);
    let count = disk.read_at(file, 0, &mut bytes).map_err(|error| error.to_string())?;
    bytes.truncate(count);
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err("it is not text".to_owned()),
    }
}

/// Opens the secret of this name, which the plan of a verified bundle must list, with the keys of this node.
///
/// # Errors
/// Why it does not open. Where it is sealed to another key: which keys the node has, and what to do.
pub fn open_listed(disk: &dyn Disk, bundle: &Bundle, name: &SecretName) -> Result<Secret, Fault> {
    let failed = |why: String| Fault::said(format!("open the secret {name}: {why}"));
    let manifest = bundle.manifest();
    let listed = manifest.plan.secrets.iter().find(|listed| listed.name == *name);
    let listed = listed.ok_or_else(|| failed("the plan does not list it".to_owned()))?;
    let file = bundle.content(&listed.entry).filter(|file| Sha256::of(file) == listed.sha256);
    let file = file.ok_or_else(|| failed(format!("{} is not in the bundle", listed.entry)))?;
    let address = Address { site: &manifest.site, node: &manifest.plan.node.name, name };
    let value = |envelope: &[u8]| {
        let value = address.unwrap(envelope).map_err(|error| failed(error.to_string()))?;
        Ok(Secret::new(value.as_bytes().to_vec()))
    };
    if entry(name, true).is_ok_and(|plain| listed.entry == plain) {
        return value(file);
    }
    let keys = Keys::of(disk);
    match keys.open(file) {
        Ok(envelope) => value(envelope.expose()),
        Err(Refused::OtherKey) => Err(failed(format!(
            "{} is sealed to none of this node's keys ({}); make a set for the keys that it has: airlift-node survey \
             here, then airlift secrets seal and airlift compile",
            listed.entry,
            keys.known()
        ))),
        Err(refused) => Err(failed(format!("{}: {refused}", listed.entry))),
    }
}

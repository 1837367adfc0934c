//! What a node's bundle holds of secrets: sealed files, the steps that put them in place, and what belongs to them in the
//! open. Nothing here can open a sealed file.

use super::bundle::{PackError, PutStep};
use crate::secrets::Sealed;
use crate::site::SiteFiles;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::codes::CodeHashes;
use airlift_bundle::name::EntryName;
use airlift_bundle::plan::{Content, NodeIdentity, Role, SealedSecret};
use airlift_bundle::sealed;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a node gets.
#[derive(Debug, Default)]
pub(super) struct NodeSecrets {
    /// The sealed files, sorted by name.
    pub listed: Vec<SealedSecret>,
    /// Files of the bundle: the sealed ones, certificates, hashes of codes.
    pub entries: BTreeMap<EntryName, Vec<u8>>,
    /// What is put in place because of them.
    pub puts: Vec<PutStep>,
}

impl NodeSecrets {
    /// Collects it for one node.
    pub(super) fn of(
        sealed: &Sealed,
        files: &SiteFiles,
        node: &NodeIdentity,
        data_dir: &str,
    ) -> Result<Self, PackError> {
        let mut own = Self::default();
        for file in sealed.files(&node.name) {
            let entry = sealed::entry(&file.name, file.plaintext)?;
            let (name, sha256) = (file.name.clone(), file.sha256);
            // Read again, since it is not held: it must still be what was looked at.
            let bytes = files.get(&file.label).and_then(|file| file.read().ok()).map(Cow::into_owned);
            let bytes = bytes.filter(|bytes| Sha256::of(bytes) == sha256);
            let bytes = bytes.ok_or_else(|| PackError::Changed(file.label.clone()))?;
            if let Some((path, mode)) = file.item.place(data_dir) {
                own.puts.push(PutStep { path, mode, content: Content::Secret(name.clone()) });
            }
            own.entries.insert(entry.clone(), bytes);
            own.listed.push(SealedSecret { name, entry, sha256 });
        }
        if node.role == Role::Leader {
            for (path, pem) in sealed.authorities() {
                let entry: EntryName = path.parse()?;
                let content = Content::File { entry: entry.clone(), sha256: Sha256::of(pem.as_bytes()) };
                own.puts.push(PutStep { path: format!("{data_dir}/{path}"), mode: 0o644, content });
                own.entries.insert(entry, pem.clone().into_bytes());
            }
        }
        own.puts.sort_by(|a, b| a.path.cmp(&b.path));
        own.entries.insert(CodeHashes::FILE.parse()?, sealed.hashes(node.role).to_vec());
        Ok(own)
    }

    /// How a document is placed: as it is, or with its slots filled.
    pub(super) fn content(&self, entry: EntryName, text: &[u8]) -> Result<Content, PackError> {
        let sha256 = Sha256::of(text);
        // Without sealed files a document goes out with its slots, for people to look at.
        if self.listed.is_empty() {
            return Ok(Content::File { entry, sha256 });
        }
        let slots = std::str::from_utf8(text).ok().map(sealed::slots).transpose()?.unwrap_or_default();
        Ok(match slots.is_empty() {
            true => Content::File { entry, sha256 },
            false => Content::Document { entry, sha256, secrets: slots },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use airlift_bundle::plan::SecretName;

    #[test]
    fn a_slot_that_is_a_part_of_a_longer_text_is_refused() {
        let name: SecretName = "registry/image-password".parse().unwrap();
        let (entry, slot) = (sealed::entry(&name, false).unwrap(), name.slot());
        let listed = SealedSecret { name: name.clone(), entry: entry.clone(), sha256: Sha256::of(b"") };
        let own = NodeSecrets { listed: vec![listed], ..NodeSecrets::default() };
        let content = |text: &str| own.content(entry.clone(), text.as_bytes());
        let Ok(Content::Document { secrets, .. }) = content(&format!("a = \"{slot}\"\n")) else {
            panic!("a slot that stands alone is taken")
        };
        assert_eq!(secrets, [name]);
        for bad in ["a = \"x SLOT\"\n", "a = \"SLOT@reg\"\n", "a: SLOT\n", "a: 'SLOT\"\n"] {
            let Err(PackError::Format(problems)) = content(&bad.replace("SLOT", &slot)) else {
                panic!("{bad:?} is taken")
            };
            let codes: Vec<&str> = problems.into_vec().iter().map(airlift_bundle::Error::code).collect();
            assert_eq!(codes, ["AB071"], "{bad:?}");
        }
    }
}

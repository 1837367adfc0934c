//! `sealed/public.json`: what belongs to the secrets and may be seen. A compile reads it in place of the store.

use super::codes::Hashes;
use airlift_bundle::digest::Sha256;
use airlift_bundle::json::{from_canonical_json, to_canonical_json};
use airlift_bundle::name::{NodeName, SiteName};
use airlift_bundle::plan::Role;
use airlift_bundle::signature::PublicKey;
use airlift_bundle::value::Format;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    /// Version of the format.
    pub format: Format,
    /// The site.
    pub site: SiteName,
    /// Digest of the MKE 3 configuration without its secrets: the exact digest that is sealed belongs to this text.
    pub configuration: Sha256,
    /// Where controllers and workers join.
    pub servers: Servers,
    /// Certificates of the authorities by their paths below k0s' data directory, PEM.
    pub authorities: BTreeMap<String, String>,
    /// The nodes.
    pub nodes: BTreeMap<NodeName, PublicNode>,
}

/// Where nodes join. It is inside their tokens, so it can't change without sealing anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Servers {
    /// `https://LEADER:9443`
    pub controllers: String,
    /// `https://EXTERNAL:6443`
    pub workers: String,
}

/// What belongs to one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicNode {
    /// Its part in the migration.
    pub role: Role,
    /// To whom its files are sealed: an age recipient or an SSH public key.
    pub recipient: String,
    /// Public half of its receipt key.
    pub receipt: PublicKey,
    /// Its sealed files by their paths below its folder, with their digests.
    pub files: BTreeMap<String, Sha256>,
    /// Hashes of its release codes.
    pub codes: Hashes,
}

impl Public {
    /// Its name in the folder of sealed files.
    pub const FILE: &'static str = "public.json";

    /// Its bytes.
    ///
    /// # Errors
    /// None that such a value gives.
    pub fn to_json(&self) -> Result<Vec<u8>, airlift_bundle::Error> {
        to_canonical_json(self)
    }

    /// Reads it; `label` names it in messages.
    ///
    /// # Errors
    /// It is not what [`Public::to_json`] writes.
    pub fn parse(label: &str, bytes: &[u8]) -> Result<Self, airlift_bundle::Error> {
        from_canonical_json(label, bytes)
    }
}

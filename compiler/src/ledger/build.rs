//! Joins accounts and documents.

use crate::document::{Leaf, Scalar};
use crate::origin::Origin;
use crate::translate::{Account, Accounts, Fate, Uses};
use serde::Serialize;

/// Version of the layout of `ledger.json`; a reader refuses a newer one.
const VERSION: u32 = 1;

/// `ledger.json` but for its values.
#[derive(Debug, Serialize)]
pub struct Ledger {
    /// Version of this layout.
    pub ledger: u32,
    /// The target release.
    pub contract: String,
    /// Every value of the MKE 3 file, in its order.
    pub keys: Vec<KeyEntry>,
    /// Every account, team, role, collection, grant and binding of MKE 3, where they are migrated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<KeyEntry>,
    /// Every scalar of every document, by document and path. A document that is the same on every node is there once, as
    /// `nodes/*/…`. They are too many to be held: see [`Translated::each_value`](crate::compile::Translated::each_value).
    values: [ValueEntry; 0],
}

/// A value of the MKE 3 file.
#[derive(Clone, Debug, Serialize)]
pub struct KeyEntry {
    /// `mke3.toml:cluster_config.pod_cidr`.
    pub key: String,
    /// Label of the file, where the key does not name it: accounts stand in several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in the file, from 1.
    pub column: usize,
    /// The value, secrets masked.
    pub value: String,
    /// Whether MKE 3 would do the same without it.
    pub default: bool,
    /// Its fate.
    pub fate: Fate,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The values that depend on it, `mke4.yaml:spec.network.providers[0].extraConfig.cidrV4`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
}

/// A scalar of a document.
#[derive(Clone, Debug, Serialize)]
pub struct ValueEntry {
    /// `mke4.yaml:spec.network.serviceCIDR`.
    pub value: String,
    /// What stands there; a secret is shown as its slot.
    pub is: serde_json::Value,
    /// What it depends on.
    pub from: Origin,
}

impl Ledger {
    /// The ledger of these accounts, without values; `uses` are those of all documents.
    pub fn new(contract: &str, accounts: &Accounts, uses: &Uses) -> Self {
        let keys = accounts.list.iter().map(|account| entry(&accounts.file, account, uses)).collect();
        let contract = contract.to_owned();
        Self { ledger: VERSION, contract, keys, access: Vec::new(), values: [] }
    }

    /// How many keys have each fate, fates without a key left out.
    pub fn count(&self) -> Vec<(Fate, usize)> {
        let of = |fate| self.keys.iter().filter(|k| k.fate == fate).count();
        Fate::ALL.into_iter().map(|fate| (fate, of(fate))).filter(|(_, n)| *n > 0).collect()
    }
}

fn entry(file: &str, account: &Account, uses: &Uses) -> KeyEntry {
    let mut to: Vec<String> = uses.of(&account.path).map(str::to_owned).collect();
    to.sort();
    to.dedup();
    KeyEntry {
        key: format!("{file}:{}", account.path),
        file: String::new(),
        line: account.at.0,
        column: account.at.1,
        value: account.shown.clone(),
        default: account.is_default,
        fate: account.fate,
        why: account.why.clone(),
        to,
    }
}

impl ValueEntry {
    /// The entry of the scalar at this place, `LABEL:PATH`.
    pub fn new(place: &str, leaf: &Leaf) -> Self {
        let is = match &leaf.scalar {
            Scalar::Null => serde_json::Value::Null,
            Scalar::Bool(value) => (*value).into(),
            Scalar::Int(value) => (*value).into(),
            other => other.text().into(),
        };
        Self { value: place.to_owned(), is, from: leaf.origin.clone() }
    }
}

//! Receipts: files in which a node tells the others what it has done.
//!
//! A receipt is two files, so that stock `minisign -Vm` checks it: `NODE.WORD.ATTEMPT.json`, canonical JSON, and the same
//! name with `.minisig`, signed with the node's receipt key. The public half of that key is in `plan.json`, so who holds
//! the plan can check every receipt of the site, and no node can speak for another.
//!
//! [`Receipt::open`] guarantees, in this order: the bytes are within the limit; the key that `plan.json` has for the node
//! signed exactly these bytes; only then are they parsed; plan id, site, node, word and attempt are those that were asked
//! for, and the node's role may say the word. Each refusal has its own code. No gate depends on a receipt's facts: they
//! are for reports, and a typed code carries none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::word::{Attempt, Word};
use crate::digest::Sha256;
use crate::error::Error;
use crate::json::{from_canonical_json, to_canonical_json};
use crate::limits::Limits;
use crate::name::{NodeName, SiteName, text_type};
use crate::plan::Plan;
use crate::signature::Signature;
use crate::signing::SigningKey;
use crate::value::{Format, PlanId};

text_type!(
    /// Name of a fact: lower-case letters, digits and hyphens, at most 40.
    FactName,
    "a fact's name",
    |text| {
        if text.is_empty() || text.len() > 40 {
            return Err("is empty or longer than 40 characters");
        }
        if !text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-') {
            return Err("has a character outside a-z 0-9 -");
        }
        Ok(())
    }
);

text_type!(
    /// A fact: printable ASCII, at most 400 characters, so that no receipt can drive a terminal.
    Fact,
    "a fact",
    |text| {
        if text.len() > 400 {
            return Err("is longer than 400 characters");
        }
        if !text.bytes().all(|c| c == b' ' || c.is_ascii_graphic()) {
            return Err("has a character that is not printable ASCII");
        }
        Ok(())
    }
);

/// One receipt. Who reads one from outside takes it from [`Receipt::open`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Version of the format.
    pub format: Format,
    /// The plan that the node follows.
    pub plan_id: PlanId,
    /// The site.
    pub site: SiteName,
    /// The node that says it.
    pub node: NodeName,
    /// What it says.
    #[serde(rename = "receipt")]
    pub word: Word,
    /// In which attempt.
    pub attempt: Attempt,
    /// Head of the node's journal when it said it.
    pub journal: Sha256,
    /// For reports: at most [`Receipt::MAX_FACTS`].
    pub facts: BTreeMap<FactName, Fact>,
}

/// Which receipt a gate asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The plan that this node follows, and its id.
    pub plan: (&'a Plan, PlanId),
    /// Whose receipt.
    pub node: &'a NodeName,
    /// Which word.
    pub word: Word,
    /// Of which attempt.
    pub attempt: Attempt,
}

/// A receipt as it lies on a medium: the two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    /// Content of `NODE.WORD.ATTEMPT.json`.
    pub json: Vec<u8>,
    /// Content of `NODE.WORD.ATTEMPT.json.minisig`.
    pub signature: Vec<u8>,
}

impl Receipt {
    /// How many facts a receipt has at most.
    pub const MAX_FACTS: usize = 40;

    /// Name of the file with the receipt of this word: `m1.up.1.json`.
    #[must_use]
    pub fn file_name(node: &NodeName, word: Word, attempt: Attempt) -> String {
        format!("{node}.{word}.{attempt}.json")
    }

    /// Name of the file with its signature.
    #[must_use]
    pub fn signature_name(node: &NodeName, word: Word, attempt: Attempt) -> String {
        format!("{}.minisig", Self::file_name(node, word, attempt))
    }

    /// Which receipt a file of this name would be; `None` for a name that no receipt has.
    #[must_use]
    pub fn parse_file_name(name: &str) -> Option<(NodeName, Word, Attempt)> {
        let mut parts = name.strip_suffix(".json")?.rsplitn(3, '.');
        let attempt = parts.next()?.parse().ok()?;
        let word = parts.next()?.parse().ok()?;
        Some((parts.next()?.parse().ok()?, word, attempt))
    }

    /// The two files, signed with the node's receipt key.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more facts than a receipt has.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedReceipt, Error> {
        self.check()?;
        let json = to_canonical_json(self)?;
        let comment = format!(
            "airlift receipt site {} node {} {} attempt {}",
            self.site, self.node, self.word, self.attempt
        );
        let signature = key.sign(&json, &comment).into_bytes();
        Ok(SignedReceipt { json, signature })
    }

    /// The receipt that was asked for, from its two files.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::ReceiptKey`], [`Error::SignatureForm`], [`Error::ReceiptSigner`],
    /// [`Error::BadSignature`], [`Error::Json`], [`Error::NotCanonical`], [`Error::ReceiptPlan`],
    /// [`Error::ReceiptSite`], [`Error::ReceiptNode`], [`Error::ReceiptWord`], [`Error::ReceiptAttempt`].
    pub fn open(signed: &SignedReceipt, asked: &Asked<'_>) -> Result<Self, Error> {
        let (plan, plan_id) = asked.plan;
        let file = Self::file_name(asked.node, asked.word, asked.attempt);
        let signature_file = Self::signature_name(asked.node, asked.word, asked.attempt);
        for (name, bytes) in [(&file, &signed.json), (&signature_file, &signed.signature)] {
            let (size, limit) = (bytes.len() as u64, Limits::FORMAT_1.small);
            if size > limit {
                return Err(Error::TooLarge { what: name.clone(), size, limit });
            }
        }
        let planned = plan.node(asked.node);
        let key = planned
            .and_then(|planned| planned.keys.receipt.as_ref())
            .ok_or_else(|| Error::ReceiptKey { node: asked.node.clone() })?;
        let signature = Signature::parse(&signature_file, &signed.signature)?;
        if signature.key() != key.id() {
            return Err(Error::ReceiptSigner { file, key: signature.key(), node: asked.node.clone() });
        }
        signature.verify(&file, &signed.json, [key], "this node's receipt key")?;

        let receipt: Self = from_canonical_json(&file, &signed.json)?;
        receipt.check()?;
        if receipt.node != *asked.node {
            return Err(Error::ReceiptNode { file, found: receipt.node, asked: asked.node.clone() });
        }
        if receipt.site != plan.site {
            return Err(Error::ReceiptSite { file, found: receipt.site, asked: plan.site.clone() });
        }
        if receipt.plan_id != plan_id {
            return Err(Error::ReceiptPlan { file, found: receipt.plan_id, asked: plan_id });
        }
        if receipt.word != asked.word {
            return Err(Error::ReceiptWord { file, found: receipt.word, asked: asked.word });
        }
        if receipt.attempt != asked.attempt {
            return Err(Error::ReceiptAttempt { file, found: receipt.attempt, asked: asked.attempt });
        }
        Ok(receipt)
    }

    fn check(&self) -> Result<(), Error> {
        if self.facts.len() > Self::MAX_FACTS {
            return Err(Error::TooLarge {
                what: "the number of facts in a receipt".to_owned(),
                size: self.facts.len() as u64,
                limit: Self::MAX_FACTS as u64,
            });
        }
        Ok(())
    }
}

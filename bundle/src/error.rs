//! Every way in which this crate refuses, in one table.
//!
//! A message is a lower-case fragment that reads well after "failed to". It names the thing it is about, and
//! [`Error::hint`] says what to do next. Codes are stable: a code is never given to another meaning. Text that
//! came out of a file is made printable before it goes into a message, so that a hostile set can't drive the
//! terminal of the one who checks it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::gate::word::{Attempt, Word};
use crate::name::{EntryName, NodeName, SiteName};
use crate::signature::KeyId;
use crate::trust::KeyRole;
use crate::value::PlanId;

/// One refusal. See [`Error::code`] for its stable name and [`Error::hint`] for the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not a value of the type that its place asks for.
    #[error("take {value:?} as {what}: it {why}")]
    Value {
        /// The type, with its article: "a node name".
        what: &'static str,
        /// The text, shortened.
        value: String,
        /// What is wrong with it, to be read after "it".
        why: &'static str,
    },
    /// A JSON document can't be read.
    #[error("parse {file}, line {line}, column {column}: {why}")]
    Json {
        /// Name of the document.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// The parser's words.
        why: String,
    },
    /// A JSON document says the right things in other bytes than the writer would.
    #[error("accept {file}: from offset {offset} on it differs from its canonical form")]
    NotCanonical {
        /// Name of the document.
        file: String,
        /// First byte that differs.
        offset: usize,
    },
    /// A value can't be written as JSON.
    #[error("write {what} as JSON: {why}")]
    Unwritable {
        /// The type's name.
        what: &'static str,
        /// The serializer's words.
        why: String,
    },
    /// Parts of one document, or two documents, contradict each other.
    #[error("accept {file}: {why}")]
    Contradiction {
        /// Name of the document.
        file: String,
        /// The contradiction.
        why: String,
    },
    /// A name occurs twice in one collection.
    #[error("hold {name} twice in one collection")]
    Twice {
        /// The name.
        name: String,
    },
    /// Two names differ only in case.
    #[error("keep {first} and {second} apart on a stick, because they differ only in case")]
    CaseCollision {
        /// The name that came first.
        first: String,
        /// The name that collides with it.
        second: String,
    },
    /// One name is a file and a directory above another file.
    #[error("hold {name} both as a file and as the directory of another file")]
    FileAndDirectory {
        /// The name.
        name: String,
    },
    /// A file can't be read.
    #[error("read {}: {source}", shown(path))]
    Read {
        /// Its path.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// Something other than a regular file lies where a file is expected.
    #[error("read {}: it is {kind}, not a regular file", shown(path))]
    NotAFile {
        /// Its path.
        path: PathBuf,
        /// What it is instead, with its article.
        kind: &'static str,
    },
    /// Something is larger than its limit.
    #[error("take {what}: {size} bytes are more than the limit of {limit}")]
    TooLarge {
        /// The thing.
        what: String,
        /// Its size, or the size that it declares, in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The outer layer is not the one zstd frame that the format asks for.
    #[error("unpack the bundle at offset {offset} of the file: {why}")]
    Frame {
        /// Offset in the compressed file.
        offset: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// The decompressor refused.
    #[error("decompress the bundle: {why}")]
    Decompress {
        /// Its words.
        why: String,
    },
    /// The compressor refused.
    #[error("compress the bundle: {why}")]
    Compress {
        /// Its words.
        why: String,
    },
    /// The archive is not what the writer makes of its manifest.
    #[error("accept the archive: at offset {offset}, in {part}, it differs from what its manifest makes")]
    Deviation {
        /// Offset in the uncompressed archive.
        offset: usize,
        /// Which part of the archive this is.
        part: String,
    },
    /// The archive ends too early or too late.
    #[error("accept the archive: it has {found} bytes where its manifest makes {expected}")]
    ArchiveLength {
        /// Bytes found.
        found: u64,
        /// Bytes that the manifest makes.
        expected: u64,
    },
    /// The content of one entry has another digest than the manifest says.
    #[error(
        "accept {name} at offset {offset} of the archive: its digest is {found}, the manifest says {expected}"
    )]
    EntryDigest {
        /// Name of the entry.
        name: String,
        /// Offset of its content.
        offset: usize,
        /// Digest of the content.
        found: Sha256,
        /// Digest in the manifest.
        expected: Sha256,
    },
    /// Manifest and contents handed to the writer don't agree.
    #[error("write the archive: {why}")]
    ManifestMismatch {
        /// The disagreement.
        why: String,
    },
    /// A public key file or line can't be read.
    #[error("read {file} as a minisign public key: {why}")]
    PublicKey {
        /// Name of the file.
        file: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A signature file can't be read.
    #[error("read {file} as a minisign signature: {why}")]
    SignatureForm {
        /// Name of the file.
        file: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The signature of a known key doesn't hold.
    #[error("verify {file} against {subject}: the signature of key {key} does not hold")]
    BadSignature {
        /// Name of the signature file.
        file: String,
        /// Name of the signed file.
        subject: String,
        /// The key that it claims.
        key: KeyId,
    },
    /// A signature is by a key that isn't trusted in the role that the place asks for.
    #[error("verify {file}: key {key} is not trusted as {role}")]
    UntrustedKey {
        /// Name of the signature file.
        file: String,
        /// The key that it claims.
        key: KeyId,
        /// The role that is asked for, with its article.
        role: &'static str,
    },
    /// Fewer approvals than the threshold.
    #[error("accept the set: it has {found} of {needed} approvals by trusted approvers")]
    TooFewApprovals {
        /// Valid approvals by different keys.
        found: usize,
        /// The threshold.
        needed: usize,
    },
    /// An approval's file name is not the id of its key.
    #[error("count {file}: it is signed by key {key} and must be named after it")]
    ApprovalName {
        /// Name of the signature file.
        file: String,
        /// The key in the signature.
        key: KeyId,
    },
    /// A line of the trust file can't be used.
    #[error("read line {line} of the trust file: {why}")]
    TrustLine {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The trust file as a whole can't be used.
    #[error("use the trust file: {why}")]
    Trust {
        /// What is wrong.
        why: String,
    },
    /// A key is trusted already, in this role or the other.
    #[error("trust key {key} once more: it is trusted as {role}")]
    KeyTwice {
        /// The key.
        key: KeyId,
        /// The role that it has.
        role: KeyRole,
    },
    /// More approvals are asked for than there are approvers.
    #[error("ask for {number} approvals: approvers trusted are {approvers}")]
    Threshold {
        /// Approvals asked for.
        number: usize,
        /// Approvers trusted.
        approvers: usize,
    },
    /// What came out of a sealed file is not the secret that belongs there, or a secret can't be sealed.
    #[error("take the secret {name}: it {why}")]
    Sealed {
        /// Its name.
        name: String,
        /// What is wrong with it, to be read after "it".
        why: &'static str,
    },
    /// A document has a slot that can't be filled.
    #[error("fill {slot}: it {why}")]
    Slot {
        /// The slot as it stands there.
        slot: String,
        /// What is wrong with it, to be read after "it".
        why: &'static str,
    },
    /// A key has another fingerprint than the one given.
    #[error("trust {file}: its fingerprint is not the given one\n    found {found}\n    given {given}")]
    Fingerprint {
        /// Name of the public key file.
        file: String,
        /// Fingerprint of the key in the file, in groups.
        found: String,
        /// Fingerprint that was given, in groups.
        given: String,
    },
    /// A file of the set is not there.
    #[error("find {path}, which the set needs")]
    Missing {
        /// Path below the set.
        path: String,
    },
    /// A blob that nodes need is not whole in the set; other problems name its files.
    #[error("give {nodes} the blob {name}: {path} is not whole in this set")]
    BlobNeeded {
        /// What the nodes' plans call it.
        name: EntryName,
        /// The nodes, for people.
        nodes: String,
        /// Where the blob lies in the set.
        path: String,
    },
    /// A file of the set has fewer bytes than set.json says.
    #[error("accept {path}: it has {found} of {expected} bytes")]
    Short {
        /// Path below the set.
        path: String,
        /// Bytes found.
        found: u64,
        /// Bytes that set.json names.
        expected: u64,
    },
    /// A file of the set has other content than set.json says.
    #[error("accept {path}: its content is not what {by} says")]
    Altered {
        /// Path below the set.
        path: String,
        /// The document that says so.
        by: &'static str,
    },
    /// A file lies in the set that nothing names.
    #[error("account for {path}, which set.json does not name")]
    Unexpected {
        /// Path below the set, made printable.
        path: String,
    },
    /// set.json does not list this bundle.
    #[error("accept {path}: set.json does not list it")]
    NotInSet {
        /// Path below the set.
        path: String,
    },
    /// A path is not of the form SET/nodes/NAME.tar.zst.
    #[error(
        "find the set of {}: a bundle is checked where it lies in its set, as SET/nodes/NAME.tar.zst",
        shown(path)
    )]
    NotInPlace {
        /// The path given.
        path: PathBuf,
    },
    /// A text is not a secret signing key. The message shows nothing of it.
    #[error("read a secret signing key: it is not a line that airlift secrets wrote")]
    SecretKey,
    /// plan.json has no receipt key for a node.
    #[error("check a receipt of {node}: plan.json has no receipt key for a node of that name")]
    ReceiptKey {
        /// The node.
        node: NodeName,
    },
    /// A receipt is signed by another key than the node's own.
    #[error("accept {file}: key {key} signed it, which is not the receipt key of {node}")]
    ReceiptSigner {
        /// Name of the receipt.
        file: String,
        /// The key that it claims.
        key: KeyId,
        /// The node.
        node: NodeName,
    },
    /// A receipt was given under another plan.
    #[error("accept {file}: it was given under plan {found}, this node follows plan {asked}")]
    ReceiptPlan {
        /// Name of the receipt.
        file: String,
        /// The plan in it.
        found: PlanId,
        /// The plan of this node.
        asked: PlanId,
    },
    /// A receipt is of another site.
    #[error("accept {file}: it is of site {found}, this node belongs to {asked}")]
    ReceiptSite {
        /// Name of the receipt.
        file: String,
        /// The site in it.
        found: SiteName,
        /// The site of this node.
        asked: SiteName,
    },
    /// A receipt is of another node.
    #[error("accept {file}: it is a receipt of {found}, and {asked} is asked")]
    ReceiptNode {
        /// Name of the receipt.
        file: String,
        /// The node in it.
        found: NodeName,
        /// The node that is asked.
        asked: NodeName,
    },
    /// A receipt says another word.
    #[error("accept {file}: it says {found}, and {asked} is asked")]
    ReceiptWord {
        /// Name of the receipt.
        file: String,
        /// The word in it.
        found: Word,
        /// The word that is asked for.
        asked: Word,
    },
    /// A receipt is of another attempt.
    #[error("accept {file}: it is of attempt {found}, and this is attempt {asked}")]
    ReceiptAttempt {
        /// Name of the receipt.
        file: String,
        /// The attempt in it.
        found: Attempt,
        /// The attempt that is asked for.
        asked: Attempt,
    },
    /// What was typed can't be a release code.
    #[error("read what was typed as a release code: {why}")]
    CodeForm {
        /// What is wrong.
        why: &'static str,
    },
    /// A release code doesn't pass its own check.
    #[error("read the release code: a character is wrong, or two have changed places")]
    CodeMistyped,
    /// A release code is well formed, and not the one that is asked for.
    #[error("take the release code as {word} of {emitter} in attempt {attempt}: it is another code")]
    CodeWrong {
        /// The node whose word is asked for.
        emitter: NodeName,
        /// The word.
        word: Word,
        /// The attempt.
        attempt: Attempt,
    },
    /// No gate of this node asks for the word.
    #[error("check a release code as {word} of {emitter} in attempt {attempt}: this node never needs it")]
    CodeUnknown {
        /// The node whose word it is.
        emitter: NodeName,
        /// The word.
        word: Word,
        /// The attempt.
        attempt: Attempt,
    },
    /// The table of a node's own codes can't be used.
    #[error("use the table of this node's own codes: {why}")]
    OwnCodes {
        /// What is wrong, without a word of the content.
        why: &'static str,
    },
}

impl Error {
    /// The stable code of this kind of refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "AB001",
            Self::Json { .. } => "AB002",
            Self::NotCanonical { .. } => "AB003",
            Self::Unwritable { .. } => "AB004",
            Self::Contradiction { .. } => "AB005",
            Self::Twice { .. } => "AB006",
            Self::CaseCollision { .. } => "AB007",
            Self::FileAndDirectory { .. } => "AB008",
            Self::Read { .. } => "AB010",
            Self::NotAFile { .. } => "AB011",
            Self::TooLarge { .. } => "AB012",
            Self::Frame { .. } => "AB020",
            Self::Decompress { .. } => "AB021",
            Self::Compress { .. } => "AB022",
            Self::Deviation { .. } => "AB023",
            Self::ArchiveLength { .. } => "AB024",
            Self::EntryDigest { .. } => "AB025",
            Self::ManifestMismatch { .. } => "AB026",
            Self::PublicKey { .. } => "AB030",
            Self::SignatureForm { .. } => "AB031",
            Self::BadSignature { .. } => "AB032",
            Self::UntrustedKey { .. } => "AB033",
            Self::TooFewApprovals { .. } => "AB034",
            Self::ApprovalName { .. } => "AB035",
            Self::TrustLine { .. } => "AB036",
            Self::Trust { .. } => "AB037",
            Self::Fingerprint { .. } => "AB038",
            Self::KeyTwice { .. } => "AB039",
            Self::Missing { .. } => "AB040",
            Self::Short { .. } => "AB041",
            Self::Altered { .. } => "AB042",
            Self::Unexpected { .. } => "AB043",
            Self::NotInSet { .. } => "AB044",
            Self::NotInPlace { .. } => "AB045",
            Self::Threshold { .. } => "AB046",
            Self::SecretKey => "AB047",
            Self::BlobNeeded { .. } => "AB048",
            Self::ReceiptKey { .. } => "AB050",
            Self::ReceiptPlan { .. } => "AB051",
            Self::ReceiptSite { .. } => "AB052",
            Self::ReceiptNode { .. } => "AB053",
            Self::ReceiptWord { .. } => "AB054",
            Self::ReceiptAttempt { .. } => "AB055",
            Self::ReceiptSigner { .. } => "AB056",
            Self::CodeForm { .. } => "AB060",
            Self::CodeMistyped => "AB061",
            Self::CodeWrong { .. } => "AB062",
            Self::CodeUnknown { .. } => "AB063",
            Self::OwnCodes { .. } => "AB065",
            Self::Sealed { .. } => "AB070",
            Self::Slot { .. } => "AB071",
        }
    }

    /// What to do next: one sentence, without a final full stop.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Value { .. } => "correct the value where it is written",
            Self::Json { .. } => {
                "if the file names a newer format, use a newer Airlift; else copy the set again from where it was made"
            }
            Self::NotCanonical { .. } => {
                "files of a set are not edited; copy the set again, or compile it again"
            }
            Self::Unwritable { .. } | Self::Compress { .. } | Self::ManifestMismatch { .. } => {
                "this is a defect of the program that makes the set; please report it"
            }
            Self::Contradiction { .. } => "the set was not made by one compile; compile it again",
            Self::Twice { .. } | Self::CaseCollision { .. } | Self::FileAndDirectory { .. } => {
                "give one of the two another name"
            }
            Self::Read { .. } => "check the path and the medium, then try again",
            Self::NotAFile { .. } => "copy the set again as plain files; it has no links and no devices",
            Self::TooLarge { .. } => "no set of format 1 is so large here; copy the set again",
            Self::Frame { .. }
            | Self::Decompress { .. }
            | Self::Deviation { .. }
            | Self::ArchiveLength { .. }
            | Self::EntryDigest { .. } => {
                "the bundle was damaged, or not made by Airlift; copy it again from where the set was made"
            }
            Self::PublicKey { .. } => {
                "use the .pub file that minisign wrote: a comment line and a line of 56 letters"
            }
            Self::SignatureForm { .. } => {
                "copy the signature again, or sign again with minisign -S, without -c"
            }
            Self::BadSignature { .. } => {
                "do not use this set; find out what changed on its way, and copy it again from where it was made"
            }
            Self::UntrustedKey { .. } => {
                "if the key is right: airlift-node trust add KEY.pub --role author --fingerprint 'AS ON PAPER'"
            }
            Self::TooFewApprovals { .. } => "have it approved by an approver whose key this machine trusts",
            Self::ApprovalName { .. } => {
                "name the file approvals/KEYID.minisig, with the id that minisign prints"
            }
            Self::TrustLine { .. } | Self::Trust { .. } => {
                "correct the trust file; airlift-node trust list shows what it holds"
            }
            Self::KeyTwice { .. } => {
                "one key has one role; airlift-node trust list shows which keys are trusted"
            }
            Self::Threshold { .. } => {
                "trust more approvers first: airlift-node trust add KEY.pub --role approver --fingerprint 'AS ON PAPER'"
            }
            Self::Fingerprint { .. } => {
                "do not trust this file; ask the key's owner for the fingerprint over another way, and compare again"
            }
            Self::Missing { .. } | Self::Short { .. } | Self::BlobNeeded { .. } => {
                "the copy is not complete; copy the set again"
            }
            Self::Altered { .. } => "do not use this set; copy it again from where it was made",
            Self::Unexpected { .. } => {
                "remove it from the set, or copy the set again into an empty directory"
            }
            Self::Sealed { .. } => {
                "seal the secrets again with `airlift secrets seal`, and compile a new set"
            }
            Self::Slot { .. } => "seal the secrets again with `airlift secrets seal`, and compile a new set",
            Self::NotInSet { .. } => "take the bundle from the set that belongs to this set.json",
            Self::NotInPlace { .. } => {
                "copy set.json, set.json.minisig, approvals/ and nodes/NAME.tar.zst with their directories"
            }
            Self::SecretKey | Self::OwnCodes { .. } => {
                "seal the secrets again with airlift secrets seal, and compile again"
            }
            Self::ReceiptKey { .. } => "compile with sealed secrets, so that every node has a receipt key",
            Self::ReceiptSigner { .. } => {
                "take the receipt from the node itself, and both nodes' bundles from the same set"
            }
            Self::ReceiptPlan { .. } => {
                "both nodes must have taken the same set; airlift-node receipt on the other gives it again"
            }
            Self::ReceiptSite { .. } => "take the receipt from a node of this site",
            Self::ReceiptNode { .. } | Self::ReceiptWord { .. } => {
                "receipts are not renamed; copy the file again from the node that gave it"
            }
            Self::ReceiptAttempt { .. } => {
                "airlift-node status on both nodes shows the attempt that each is in"
            }
            Self::CodeForm { .. } => {
                "a code looks like 7K3P-Q9XM-2DT4; case, blanks and hyphens don't matter"
            }
            Self::CodeMistyped => "read the code again where it is shown, and type it again",
            Self::CodeWrong { .. } => {
                "on the node that gives the word, airlift-node status shows the code; compare node, word and attempt"
            }
            Self::CodeUnknown { .. } => "airlift-node status shows which words this node waits for",
        }
    }

    /// A refusal of `value` as `what`, with the value shortened for the message.
    pub(crate) fn value(what: &'static str, value: &str, why: &'static str) -> Self {
        let mut shown: String = value.chars().take(80).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Self::Value { what, value: shown, why }
    }
}

/// All that is wrong with one thing: one refusal or more, in the order in which they were found.
#[derive(Debug)]
pub struct Problems(Vec<Error>);

impl Problems {
    /// `Ok` when nothing was found.
    ///
    /// # Errors
    /// The problems, when there are any.
    pub fn none(found: Vec<Error>) -> Result<(), Self> {
        if found.is_empty() { Ok(()) } else { Err(Self(found)) }
    }

    /// The problems in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Error> {
        self.0.iter()
    }

    /// The problems themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<Error> {
        self.0
    }
}

impl From<Error> for Problems {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// `path` for a message.
fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// `text` with everything that could drive a terminal or break a line written as an escape.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() || c == ' ' {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}

//! CA files: PEM, one or more certificates, nothing that must not be carried around.
//!
//! A file with a private key in it is refused without a line of it being shown. DER, PKCS#7 and PKCS#12 are refused
//! with the command that converts them. Byte order marks, CRLF and text around the blocks are read over; what goes
//! into documents is the certificates alone, written anew.

use super::values::{Date, SitePath};
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::origin::Tracked;
use crate::source::{self, Field, File, Place};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;
use x509_parser::prelude::{FromDer, X509Certificate};

const DAY: i64 = 86_400;
/// A CA that ends within this many days after the change window is worth a warning.
const SOON: i64 = 90;

/// A CA file that can be used.
#[derive(Clone, Debug)]
pub struct CaFile {
    /// Its label.
    pub label: String,
    /// Its certificates of CAs as PEM, each block with LF and 64 columns. Depends on the file alone.
    pub pem: Tracked<String>,
    /// What is in it, in order.
    pub certificates: Vec<Certificate>,
}

/// One certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Where its block begins.
    pub place: Place,
    /// Subject, for people.
    pub subject: String,
    /// Whether it is of a CA (basicConstraints).
    pub ca: bool,
    /// Begin of validity, seconds since 1970.
    pub not_before: i64,
    /// End of validity, seconds since 1970.
    pub not_after: i64,
    der: Vec<u8>,
}

/// Reads a CA file. `named` is the setting that names it.
pub(super) fn read(bytes: &[u8], named: &Field<SitePath>, findings: &mut Findings) -> Option<CaFile> {
    let label = named.value.as_str();
    if !contains(bytes, b"-----BEGIN ")
        && let Some(finding) = binary(bytes, label)
    {
        findings.push(finding.at(named.place.clone()));
        return None;
    }
    let file = source::decode(label, bytes, findings)?;
    let mut certificates = Vec::new();
    let mut failed = false;
    for block in blocks(&file) {
        if block.kind.contains("PRIVATE KEY") {
            // No place: its line could show the key.
            findings.push(
                Finding::new(code::PRIVATE_KEY, format!("{label} holds a private key (line {})", block.line))
                    .note("nothing of it was copied")
                    .help("remove the key from the file; if the file has been on a stick or a share, treat the key as stolen"),
            );
            return None;
        }
        match certificate(&block) {
            Ok(certificate) => certificates.push(certificate),
            Err((message, help)) => {
                failed = true;
                findings.push(Finding::new(code::CA_FORM, message).at(block.place.clone()).help(help));
            }
        }
    }
    if failed {
        return None;
    }
    if certificates.is_empty() {
        findings.push(
            Finding::new(code::CA_FORM, format!("{label} holds no certificate"))
                .at(file.place(0..file.text().find('\n').unwrap_or(file.text().len())))
                .help("give the registry's CA as PEM: it begins with `-----BEGIN CERTIFICATE-----`"),
        );
        return None;
    }
    let leaves: Vec<&Certificate> = certificates.iter().filter(|c| !c.ca).collect();
    if leaves.len() == certificates.len() {
        for leaf in leaves {
            findings.push(
                Finding::new(code::CA_NOT_CA, format!("{label}: `{}` is not a CA", leaf.subject))
                    .at(leaf.place.clone())
                    .note(
                        "its basicConstraints do not say CA:TRUE; it looks like the server's own certificate",
                    )
                    .help("give the certificate of the CA that signed it"),
            );
        }
        return None;
    }
    for leaf in leaves {
        findings.push(
            Finding::new(code::CA_LEAF, format!("{label}: `{}` is not a CA; it is left out", leaf.subject))
                .at(leaf.place.clone())
                .help("a CA file needs the CA alone, not the server's chain"),
        );
    }
    certificates.retain(|c| c.ca);
    let pem = certificates.iter().map(|c| pem(&c.der)).collect();
    let source = crate::origin::Source::new(label, "certificates");
    let origin = crate::origin::Origin::of(source).with(&crate::origin::Origin::of(named.source()));
    Some(CaFile { label: label.to_owned(), pem: Tracked::with_origin(pem, origin), certificates })
}

/// What is wrong with certificates on a day: the change window, or today.
pub fn expiry_findings(certificates: &[Certificate], day: Date, called: &str) -> Findings {
    let mut findings = Findings::new();
    let (begin, end) = (day.days() * DAY, (day.days() + 1) * DAY);
    for c in certificates {
        let expiry = |code, message: String| Finding::new(code, message).at(c.place.clone());
        if c.not_after < end {
            let ago = span(end - c.not_after);
            findings.push(
                expiry(
                    code::CA_EXPIRED,
                    match called {
                        "today" => format!(
                            "`{}` has been invalid for {ago}, by the clock of this machine",
                            c.subject
                        ),
                        _ => format!(
                            "`{}` will be invalid by {called} ({day}): it ends {ago} before",
                            c.subject
                        ),
                    },
                )
                .help("get the CA's new certificate, and renew what it signed"),
            );
        } else if c.not_before >= end {
            let later = span(c.not_before - begin);
            findings.push(
                expiry(code::CA_EXPIRED, format!("`{}` begins {later} after {called} ({day})", c.subject))
                    .help("look at the clock of the machine that made it, or move the change window"),
            );
        } else if c.not_after < begin + SOON * DAY {
            findings.push(
                expiry(
                    code::CA_EXPIRES_SOON,
                    format!("`{}` ends {} after {called} ({day})", c.subject, span(c.not_after - begin)),
                )
                .note(
                    "registries can't be changed in a running cluster of MKE 4k; only their certificates can",
                )
                .help("renew it before the migration"),
            );
        }
    }
    findings
}

fn span(seconds: i64) -> String {
    match seconds.max(0) / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// A PEM block: from its BEGIN line to its END line.
struct Block<'a> {
    kind: &'a str,
    body: &'a str,
    closed: bool,
    line: usize,
    place: Place,
}

fn blocks(file: &File) -> Vec<Block<'_>> {
    const BEGIN: &str = "-----BEGIN ";
    let text = file.text();
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(BEGIN)).map(|found| at + found) {
        let after = text.get(start + BEGIN.len()..).unwrap_or_default();
        let kind = after.split("-----").next().unwrap_or_default();
        let kind = kind.lines().next().unwrap_or_default();
        let head_end = (start + BEGIN.len() + kind.len() + 5).min(text.len());
        let rest = text.get(head_end..).unwrap_or_default();
        // A block that is not closed ends where the next one begins.
        let next = rest.find(BEGIN).unwrap_or(rest.len());
        let close = rest.find(&format!("-----END {kind}-----")).filter(|close| *close < next);
        blocks.push(Block {
            kind,
            body: rest.get(..close.unwrap_or(next)).unwrap_or_default(),
            closed: close.is_some(),
            line: file.line_column(start).0,
            place: file.place(start..head_end),
        });
        at = head_end + close.unwrap_or(next);
    }
    blocks
}

/// The certificate of a block, or what is wrong and the way out.
fn certificate(block: &Block<'_>) -> Result<Certificate, (&'static str, &'static str)> {
    match block.kind {
        "CERTIFICATE" | "X509 CERTIFICATE" => {}
        "PKCS7" | "CMS" => {
            let help = "convert it: `openssl pkcs7 -print_certs -in FILE -out NEW.pem`";
            return Err(("this is a PKCS#7 container", help));
        }
        "TRUSTED CERTIFICATE" => {
            let help = "convert it: `openssl x509 -in FILE -out NEW.pem`";
            return Err(("this is OpenSSL's own form of a certificate", help));
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            return Err(("this is a request, not a certificate", "give what the CA itself uses to sign"));
        }
        _ => return Err(("this block is no certificate", "keep the CA's certificates alone in the file")),
    }
    if !block.closed {
        return Err(("this certificate has no end line", "the file was cut off; copy it again"));
    }
    let base64: String = block.body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(base64).map_err(|_| {
        ("this certificate is not base64 inside", "the file is damaged; copy it again as binary")
    })?;
    let (rest, x509) = X509Certificate::from_der(&der).map_err(|_| {
        ("this certificate can't be read", "look at it: `openssl x509 -in FILE -noout -text`")
    })?;
    if !rest.is_empty() {
        return Err(("this certificate has more bytes after its end", "copy it again"));
    }
    let ca = x509.basic_constraints().ok().flatten().is_some_and(|extension| extension.value.ca);
    let subject: String =
        x509.subject().to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let subject = if subject.is_empty() { "a certificate without a name".to_owned() } else { subject };
    let (not_before, not_after) =
        (x509.validity().not_before.timestamp(), x509.validity().not_after.timestamp());
    Ok(Certificate { place: block.place.clone(), subject, ca, not_before, not_after, der })
}

/// What a file without any PEM block is.
fn binary(bytes: &[u8], label: &str) -> Option<Finding> {
    let bad = |what: &str, help: &str| {
        Some(
            Finding::new(code::CA_FORM, format!("{label} is {what}, not PEM"))
                .help(help.replace("FILE", label)),
        )
    };
    if !bytes.starts_with(&[0x30]) || bytes.len() < 16 {
        return None;
    }
    if X509Certificate::from_der(bytes).is_ok() {
        return bad("a DER certificate", "convert it: `openssl x509 -inform der -in FILE -out NEW.pem`");
    }
    // The object identifiers of signedData and of a PKCS#12's authenticated safe (both data types of RFC 2315).
    if contains(bytes, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02]) {
        return bad(
            "a PKCS#7 container",
            "convert it: `openssl pkcs7 -inform der -print_certs -in FILE -out NEW.pem`",
        );
    }
    if contains(bytes, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01]) {
        return bad(
            "a PKCS#12 container",
            "take the CA out: `openssl pkcs12 -in FILE -cacerts -nokeys -out NEW.pem`",
        );
    }
    bad("binary", "give the CA's certificate as PEM: it begins with `-----BEGIN CERTIFICATE-----`")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn pem(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII, so that any index is a boundary.
        let (line, tail) = rest.split_at(rest.len().min(64));
        let _ = writeln!(text, "{line}");
        rest = tail;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

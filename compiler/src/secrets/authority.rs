//! The certificate authorities that a k0s cluster stands on.
//!
//! File names and common names are k0s' own (k0s: `cmd/controller/certificates.go`, `pkg/component/controller/etcd.go`):
//! before 1.35.1 it renews only leaf certificates whose issuer has one of these names (k0s#6378). Each file holds one
//! certificate and nothing else, since k0s' signer refuses more. Keys are ECDSA on P-256 in PKCS #8, without a
//! passphrase, which k0s takes as it takes RSA. Valid for ten years as k0s' own; begins two days early, because clocks of
//! nodes may lag.

use super::secret::Secret;
use crate::site::values::Date;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose};

/// One authority.
#[derive(Debug)]
pub struct Authority {
    /// Its key's name as a secret and its path below k0s' data directory; the certificate ends in `.crt` instead.
    pub key: &'static str,
    /// Its subject.
    pub common_name: &'static str,
}

/// All of them.
pub const ALL: [Authority; 3] = [
    Authority { key: "pki/ca.key", common_name: "kubernetes-ca" },
    Authority { key: "pki/etcd/ca.key", common_name: "etcd-ca" },
    Authority { key: "pki/front-proxy-ca.key", common_name: "kubernetes-front-proxy-ca" },
];

/// Years that an authority is valid.
const YEARS: i32 = 10;

impl Authority {
    /// Makes key and certificate, both PEM: the certificate first.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn make(&self, today: Date) -> Result<(String, Secret), rcgen::Error> {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, self.common_name);
        params.distinguished_name = name;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let from = Date::from_days(today.days() - 2);
        // The last day of February has no anniversary in most years.
        params.not_before = rcgen::date_time_ymd(i32::from(from.year), from.month, from.day.min(28));
        params.not_after = rcgen::date_time_ymd(i32::from(from.year) + YEARS, from.month, from.day.min(28));
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok((certificate.pem(), Secret::new(key.serialize_pem())))
    }
}

/// The name of the certificate that belongs to this key.
pub fn certificate_of(key: &str) -> String {
    format!("{}.crt", key.strip_suffix(".key").unwrap_or(key))
}

//! What lets a node join the cluster: a bootstrap token, the kubeconfig around it, and the Secret that makes it valid.
//!
//! All of it is as `k0s token pre-shared` makes it (k0s: `pkg/token`), without a running cluster. Each node has a token of
//! its own, so one that leaks can be revoked alone. Written as JSON, which is YAML: no reader can take a token of
//! digits for a number.

use super::random;
use super::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::{Compression, GzBuilder};
use serde_json::json;
use std::io::{self, Write};
use zeroize::Zeroizing;

/// What the node becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joins {
    /// A controller, by k0s' own API on port 9443.
    Controller,
    /// A worker, by kube-apiserver on port 6443.
    Worker,
}

impl Joins {
    /// The port that the node talks to.
    pub fn port(self) -> u16 {
        match self {
            Joins::Controller => 9443,
            Joins::Worker => 6443,
        }
    }

    /// The user of the kubeconfig, which k0s takes for the kind of the token.
    fn user(self) -> &'static str {
        match self {
            Joins::Controller => "controller-bootstrap",
            Joins::Worker => "kubelet-bootstrap",
        }
    }
}

/// A new token: six characters, a dot, sixteen characters.
///
/// # Errors
/// The system gives no randomness.
pub fn token() -> io::Result<Secret> {
    Ok(Secret::new(format!("{}.{}", random::word(6)?, random::word(16)?)))
}

/// The content of the token file: base64 of gzip of a kubeconfig. `server` is `https://HOST:PORT`, `ca` the PEM of the
/// cluster's CA.
///
/// # Errors
/// None that a writer to memory gives.
pub fn kubeconfig(joins: Joins, token: &Secret, server: &str, ca: &str) -> io::Result<Secret> {
    let user = joins.user();
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "k0s",
            "cluster": { "server": server, "certificate-authority-data": BASE64.encode(ca) },
        }],
        "contexts": [{ "name": "k0s", "context": { "cluster": "k0s", "user": user } }],
        "current-context": "k0s",
        "preferences": {},
        "users": [{ "name": user, "user": { "token": token.expose() } }],
    });
    let text = Zeroizing::new(config.to_string());
    // No time and no file name: the same token makes the same bytes.
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes())?;
    Ok(Secret::new(BASE64.encode(Zeroizing::new(gzip.finish()?))))
}

/// The Secrets that make tokens valid, one document each, for a folder of k0s' manifests. The same on every controller: a
/// leader whose folder holds less would delete what it lacks.
///
/// A controller's Secret has the key of k0s 1.32 and that of 1.31; each ignores the other's. None expires: they go when
/// the manifests are removed at the end of the migration, which nobody can date beforehand.
pub fn manifests<'a>(tokens: impl IntoIterator<Item = (&'a str, Joins, &'a Secret)>) -> Secret {
    let mut text = String::new();
    for (node, joins, token) in tokens {
        let (id, secret) = token.expose().split_once('.').unwrap_or_default();
        let mut data = json!({
            "token-id": id,
            "token-secret": secret,
            "description": format!("Airlift: {node} joins"),
        });
        let usages: &[&str] = match joins {
            Joins::Controller => &["usage-bootstrap-controller-join", "usage-controller-join"],
            Joins::Worker => &["usage-bootstrap-authentication"],
        };
        for usage in usages {
            data[usage] = json!("true");
        }
        let document = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": format!("bootstrap-token-{id}"), "namespace": "kube-system" },
            "type": "bootstrap.kubernetes.io/token",
            "stringData": data,
        });
        text.push_str("---\n");
        text.push_str(&Zeroizing::new(document.to_string()));
        text.push('\n');
    }
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_join_token_is_what_k0s_reads() {
        let token = token().unwrap();
        assert_eq!(token.expose().len(), 23);
        let sealed = kubeconfig(Joins::Controller, &token, "https://10.0.0.1:9443", "PEM\n").unwrap();
        let again = kubeconfig(Joins::Controller, &token, "https://10.0.0.1:9443", "PEM\n").unwrap();
        assert!(sealed.same(&again), "the same token makes the same bytes");
        let gzip = BASE64.decode(sealed.expose()).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_string(&mut text).unwrap();
        let config: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(config["clusters"][0]["name"], "k0s");
        assert_eq!(config["clusters"][0]["cluster"]["server"], "https://10.0.0.1:9443");
        assert_eq!(config["clusters"][0]["cluster"]["certificate-authority-data"], BASE64.encode("PEM\n"));
        assert_eq!(config["contexts"].as_array().unwrap().len(), 1);
        assert_eq!(config["contexts"][0]["context"]["user"], "controller-bootstrap");
        assert_eq!(config["users"][0]["user"]["token"], token.expose());
    }

    #[test]
    fn a_token_of_digits_stays_text_and_every_node_has_its_secret() {
        let (digits, other) =
            (Secret::new("012345.0123456789012345".into()), Secret::new("1e1000.abcdefghijklmnop".into()));
        let text = manifests([("m2", Joins::Controller, &digits), ("w1", Joins::Worker, &other)]);
        let documents: Vec<serde_json::Value> =
            text.expose().split("---\n").skip(1).map(|d| serde_json::from_str(d).unwrap()).collect();
        assert_eq!(documents[0]["metadata"]["name"], "bootstrap-token-012345");
        assert_eq!(documents[0]["stringData"]["token-id"], "012345");
        assert_eq!(documents[0]["stringData"]["usage-controller-join"], "true");
        assert_eq!(documents[0]["stringData"]["usage-bootstrap-controller-join"], "true");
        assert_eq!(documents[1]["stringData"]["usage-bootstrap-authentication"], "true");
        assert_eq!(documents[1]["stringData"]["usage-controller-join"], serde_json::Value::Null);
    }
}

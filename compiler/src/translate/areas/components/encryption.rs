//! How Secrets are encrypted in etcd.
//!
//! Under MKE 4k a file on every manager says it, and mke4.yaml names the file. What is in the file is the operator's
//! where it is more than MKE's own key, so the path is asked for.

use super::super::flags::outweighed;
use super::super::flags::{Component, given};
use crate::diag::{Finding, codes::translate as code};
use crate::origin::Origin;
use crate::translate::{Ctx, Fate};

pub(super) const KEYS: &[&str] = &[PROVIDER, KMS, NAME, ENDPOINT, CACHE];
pub(super) const PROVIDER: &str = "cluster_config.secrets_encryption_provider";
pub(super) const KMS: &str = "cluster_config.kms_enabled";
const NAME: &str = "cluster_config.kms_name";
const ENDPOINT: &str = "cluster_config.kms_endpoint";
const CACHE: &str = "cluster_config.kms_cachesize";

const FIELD: &str = "apiServer.encryptionProvider";
const FLAG: &str = "encryption-provider-config";

pub(super) fn encryption(ctx: &mut Ctx<'_>) {
    if let Some(path) = given(ctx.mke3, Component::ApiServer, FLAG) {
        outweighed(ctx, PROVIDER, Component::ApiServer, FLAG);
        outweighed(ctx, KMS, Component::ApiServer, FLAG);
        ctx.idle(&[NAME, ENDPOINT, CACHE], "a custom flag names the file that holds it");
        return place_by_hand(ctx, KMS, &path.value);
    }
    let kms = ctx.mke3.bool(KMS);
    ctx.depends(FIELD, &kms.origin);
    ctx.fate(KMS, Fate::Merged, "it decides which file mke4.yaml names");
    if kms.value {
        ctx.idle(&[PROVIDER], "the KMS plugin encrypts Secrets");
        ctx.idle(
            &[NAME, ENDPOINT, CACHE],
            "it belongs into the EncryptionConfiguration that is placed by hand",
        );
        draft(ctx);
        let what = "Secrets are encrypted through a KMS plugin; mke4.yaml must name the EncryptionConfiguration that you \
                    place on every manager";
        return ask(ctx, KMS, what, &kms.origin);
    }
    ctx.idle(&[NAME, ENDPOINT, CACHE], "the KMS plugin is off");
    let provider = ctx.mke3.str(PROVIDER);
    ctx.depends(FIELD, &provider.origin);
    ctx.fate(PROVIDER, Fate::Merged, "it decides which file mke4.yaml names");
    if provider.value == "aesgcm" {
        let what = "Secrets are encrypted with AES-GCM; mke4.yaml must name the EncryptionConfiguration with MKE 3's key on \
                    every manager (/var/lib/k0s/encryption.cfg is the product's own)";
        ask(ctx, PROVIDER, what, &provider.because(&kms.origin).origin);
    }
}

/// Asks for the path. While it is open, the default stands, so the key has its output all the same.
fn ask(ctx: &mut Ctx<'_>, key: &str, what: &str, why: &Origin) {
    if let Some(path) = ctx.ask_text(key, what, None, absolute) {
        place_by_hand(ctx, key, &path.value);
        ctx.put(FIELD, path.because(why));
    }
}

fn absolute(path: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.starts_with('/')
        && path.len() > 1
        && path.chars().all(plain)
        && !path.split('/').any(|p| p == "..")
    {
        Ok(())
    } else {
        Err("it must be an absolute path of letters, digits and `._-`".to_owned())
    }
}

fn place_by_hand(ctx: &mut Ctx<'_>, key: &str, path: &str) {
    let finding = Finding::new(
        code::BY_HAND,
        format!("`{path}` must hold the EncryptionConfiguration on every manager"),
    )
    .at_opt(ctx.mke3_place(key))
    .note("MKE 3's own key must be among the providers, or the Secrets of the old cluster stay unreadable")
    .help("compare the key with MKE 3's before the migration begins");
    ctx.findings.push(finding);
}

/// What the file of a cluster with a KMS plugin may look like.
fn draft(ctx: &mut Ctx<'_>) {
    let (name, endpoint) = (ctx.mke3.str(NAME).value, ctx.mke3.str(ENDPOINT).value);
    let cache = match ctx.mke3.int(CACHE).value {
        0 => String::new(),
        size => format!("\n          cachesize: {size}"),
    };
    let draft = format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n  - resources: [secrets]\n    \
         providers:\n      - kms:\n          apiVersion: v1\n          name: {name}\n          endpoint: unix://{endpoint}{cache}\n      \
         - identity: {{}}"
    );
    let finding = Finding::new(code::BY_HAND, "the EncryptionConfiguration with the KMS plugin is made by hand")
        .at_opt(ctx.mke3_place(KMS))
        .note(format!("a draft, to which MKE 3's other providers are added:\n{draft}"))
        .note("Kubernetes has version 1 of the KMS protocol off since 1.29; a plugin of that age needs the feature gate KMSv1")
        .help("run the plugin on every manager, with its socket at the same path, before kube-apiserver starts there");
    ctx.findings.push(finding);
}

//! `auth.saml` and the proxy towards the identity provider.
//!
//! Writes no certificate by itself: what MKE 3 keeps is for fetching metadata, what Dex takes checks signatures.

use super::auth::callback;
use super::ldap::{attribute, dex_data};
use crate::diag::{Finding, codes::translate as code};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::code(
        &[
            "auth.samlEnabled",
            "auth.samlLoginText",
            "auth.saml.idpMetadataURL",
            "auth.saml.spHost",
            "auth.saml.rootCerts",
            "auth.saml.tlsSkipVerify",
            "auth.saml.allowLdapLogins",
        ],
        provider,
    ),
    Rule::code(PROXY, proxy),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[CERTS, "saml.usernameAttr", "saml.emailAttr", "saml.groupsAttr"];

const SWITCH: &str = "auth.samlEnabled";
const TEXT: &str = "auth.samlLoginText";
const METADATA: &str = "auth.saml.idpMetadataURL";
const OWN_HOST: &str = "auth.saml.spHost";
const CERTS: &str = "auth.saml.rootCerts";
const SKIP: &str = "auth.saml.tlsSkipVerify";
const WITH_LDAP: &str = "auth.saml.allowLdapLogins";
const PROXY: &[&str] = &[
    "auth.samlProxy.enabled",
    "auth.samlProxy.proxy_url",
    "auth.samlProxy.credentials.basic.user",
    "auth.samlProxy.credentials.basic.password",
];

fn provider(ctx: &mut Ctx<'_>) {
    let on = ctx.mke3.bool(SWITCH);
    let why = on.origin.clone();
    ctx.put("authentication.saml.enabled", on.clone());
    ctx.fate(SWITCH, Fate::Copied, "");
    if !on.value {
        let rest = [TEXT, METADATA, OWN_HOST, CERTS, SKIP, WITH_LDAP];
        return ctx.drop_all("`auth.saml`", &rest, "SAML is off", false);
    }
    ctx.drop(TEXT, "MKE 4k has no text of one's own on the login page", true);
    let metadata = ctx.mke3.str(METADATA);
    if metadata.value.is_empty() {
        ctx.fate(METADATA, Fate::Default, "");
        ctx.tell(
            SWITCH,
            code::BY_HAND,
            "SAML is on without `idpMetadataURL`: fill in `authentication.saml` by hand",
        );
    } else {
        ctx.put("authentication.saml.ssoMetadataURL", metadata.because(&why));
        ctx.fate(METADATA, Fate::Renamed, "");
    }
    for (name, ask) in ATTRIBUTES {
        let answer = ctx.ask_text(&format!("saml.{name}"), ask, None, |text| {
            match *name == "groupsAttr" && text == "none" {
                true => Ok(()),
                false => attribute(text),
            }
        });
        if let Some(answer) = answer.filter(|answer| answer.value != "none") {
            ctx.put(&format!("authentication.saml.{name}"), answer.because(&why));
        }
    }
    certificates(ctx);
    ctx.drop(SKIP, "Dex checks the certificate of the server that it fetches the metadata from", true);
    ctx.drop(WITH_LDAP, "SAML and LDAP stand side by side in Dex: the user chooses", false);
    redirect(ctx);
}

/// Asked because MKE 3's file doesn't hold them. What MKE 3 read (`fullname`, `member-of`) is known from hearsay only,
/// so nothing is proposed.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("usernameAttr", "which attribute of the SAML answer holds the name of the user"),
    ("emailAttr", "which attribute of the SAML answer holds the mail address; MKE 4k names the user by it"),
    ("groupsAttr", "which attribute of the SAML answer holds the groups (`none` where there is none)"),
];

fn certificates(ctx: &mut Ctx<'_>) {
    let certs = ctx.mke3.str(CERTS);
    if certs.value.is_empty() {
        return ctx.fate(CERTS, Fate::Default, "");
    }
    let answer = ctx.decide(&Question {
        key: CERTS,
        ask: "MKE 3 trusted these CAs when it fetched the metadata; Dex takes CAs only to check who signed the answers"
            .to_owned(),
        choices: &[
            Choice { name: "leave-out", effect: "the signing certificate comes with the metadata" },
            Choice { name: "ca-data", effect: "write them as `caData`: they sign the answers too" },
        ],
        proposal: None,
    });
    match answer {
        Some(answer) if answer.value == "ca-data" => {
            let why = ctx.mke3.bool(SWITCH).origin.with(&answer.origin);
            ctx.put("authentication.saml.caData", certs.map(|pem| dex_data(&pem)).because(&why));
            ctx.fate(CERTS, Fate::Converted, "");
        }
        Some(_) => ctx.fate(CERTS, Fate::Dropped, "Dex has no CA for fetching metadata"),
        None => ctx.undecided(CERTS),
    }
}

fn redirect(ctx: &mut Ctx<'_>) {
    let host = ctx.mke3.str(OWN_HOST).value;
    let plain = host.split_once("://").map_or(host.as_str(), |(_, rest)| rest).trim_end_matches('/');
    let same = ctx.site.external_address.as_ref().is_some_and(|address| address.value == plain);
    let mut finding = Finding::new(code::BY_HAND, "the SAML identity provider must learn MKE 4k's address")
        .at_opt(ctx.mke3_place(OWN_HOST).or_else(|| ctx.mke3_place(SWITCH)))
        .help(format!("register `{}` as its consumer service (ACS) before users log in", callback(ctx)));
    if !plain.is_empty() && !same {
        finding = finding
            .note(format!("it knows MKE 3 as `{host}`; MKE 4k takes its host from the external address"));
    }
    ctx.findings.push(finding);
    ctx.idle(&[OWN_HOST], "it follows from the external address");
}

fn proxy(ctx: &mut Ctx<'_>) {
    let on = ctx.mke3.bool(SWITCH).value && ctx.mke3.bool("auth.samlProxy.enabled").value;
    if on {
        ctx.drop_all("the SAML proxy", PROXY, "MKE 4k fetches the metadata directly", true);
    } else {
        ctx.drop_all("`auth.samlProxy`", PROXY, "the proxy is off", false);
    }
}

#[cfg(test)]
mod tests;

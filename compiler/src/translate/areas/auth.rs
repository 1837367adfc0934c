//! `auth` beside the identity providers: sessions, local users, what Dex doesn't have.
//!
//! Guarantees that local users are switched off only while some other way to log in is on.

use super::{ldap, oidc};
use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::drop(
        &["auth.default_new_user_role"],
        "MKE 4k gives a new user no role; grant what is needed with Kubernetes RBAC",
    ),
    Rule::code(&[LIFETIME, RENEWAL], sessions),
    Rule::drop(&["auth.sessions.per_user_limit"], "MKE 4k does not limit how many sessions a user holds"),
    Rule::obsolete(
        &["auth.sessions.store_token_per_session"],
        "it told MKE 3's web interface where the browser keeps the token",
    ),
    Rule::code(&[NO_PASSWORDS, FALLBACK], local_users),
    Rule::code(SCIM, scim),
    Rule::code(LOCK, account_lock),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[NO_PASSWORDS];

const LIFETIME: &str = "auth.sessions.lifetime_minutes";
const RENEWAL: &str = "auth.sessions.renewal_threshold_minutes";
const NO_PASSWORDS: &str = "auth.managedPasswordDisabled";
const FALLBACK: &str = "auth.managedPasswordFallbackUser";
const SAML: &str = "auth.samlEnabled";
const SCIM: &[&str] = &["auth.scimEnabled", "auth.scim.token", "auth.scim.orgName"];
const LOCK: &[&str] =
    &["auth.account_lock.enabled", "auth.account_lock.failureTrigger", "auth.account_lock.durationSeconds"];

/// Both ends of a session become lifetimes of tokens. Times that nobody chose stay unwritten: Dex has its own.
fn sessions(ctx: &mut Ctx<'_>) {
    let (lifetime, renewal) = (ctx.mke3.int(LIFETIME), ctx.mke3.int(RENEWAL));
    if lifetime.value <= 0 {
        return ctx.drop_all(
            "`auth.sessions`",
            &[LIFETIME, RENEWAL],
            "a token can't live for 0 minutes",
            true,
        );
    }
    let (own_lifetime, own_renewal) = (!ctx.mke3.is_default(LIFETIME), !ctx.mke3.is_default(RENEWAL));
    let minutes = lifetime.map(|n| format!("{n}m"));
    let end = match renewal.value {
        0 => "authentication.expiry.refreshTokens.absoluteLifetime",
        _ => "authentication.expiry.refreshTokens.validIfNotUsedFor",
    };
    if own_lifetime {
        ctx.put("authentication.expiry.idTokens", minutes.clone());
    }
    if own_renewal {
        ctx.put(end, minutes.because(&renewal.origin));
    }
    if own_lifetime || own_renewal {
        let place = ctx.mke3_place(if own_lifetime { LIFETIME } else { RENEWAL });
        ctx.findings.push(
            Finding::new(code::MEANING, "the times of `auth.sessions` become lifetimes of tokens")
                .at_opt(place)
                .note("MKE 3 could end a session at any time; an ID token of MKE 4k is good until it expires")
                .help("look at `spec.authentication.expiry`; short ID tokens with long refresh tokens are safer"),
        );
    }
    ctx.fate(
        LIFETIME,
        if own_lifetime {
            Fate::Converted
        } else if own_renewal {
            Fate::Merged
        } else {
            Fate::Default
        },
        "",
    );
    ctx.fate(RENEWAL, if own_renewal { Fate::Converted } else { Fate::Default }, "");
}

/// `managedPasswordDisabled`, turned round.
fn local_users(ctx: &mut Ctx<'_>) {
    const FIELD: &str = "authentication.localUsers";
    let disabled = ctx.mke3.bool(NO_PASSWORDS);
    if !ctx.contract.has(FIELD) || !disabled.value {
        ctx.no_field(NO_PASSWORDS, FIELD);
        return ctx.idle(&[FALLBACK], "all local users may log in with their passwords");
    }
    let ways = [ldap::switch(ctx), ctx.mke3.bool(SAML), oidc::switch(ctx)];
    let on: Vec<&Tracked<bool>> = ways.iter().filter(|way| way.value).collect();
    match on.as_slice() {
        [] => {
            let none_on = ways.iter().fold(disabled.origin, |origin, way| origin.with(&way.origin));
            match ctx.decide(&nobody_left()) {
                Some(keep) => {
                    ctx.put(FIELD, keep.map(|_| true).because(&none_on));
                    ctx.fate(NO_PASSWORDS, Fate::Converted, "");
                }
                None => ctx.undecided(NO_PASSWORDS),
            }
            ctx.idle(&[FALLBACK], "all local users may log in with their passwords");
        }
        ways => {
            // Of several ways none is needed for itself.
            let needed = if let [only] = ways { only.origin.clone() } else { Origin::default() };
            ctx.put(FIELD, disabled.map(|off| !off).because(&needed));
            ctx.fate(NO_PASSWORDS, Fate::Converted, "");
            let fallback = ctx.mke3.str(FALLBACK).value;
            let mut finding = Finding::new(
                code::MEANING,
                "no local user is left in MKE 4k, and no administrator is created",
            )
            .at_opt(ctx.mke3_place(NO_PASSWORDS))
            .help("make sure that an administrator comes in through the identity provider before MKE 3 is removed");
            if !fallback.is_empty() {
                finding = finding.note(format!("`{fallback}`, the fallback of MKE 3, can't log in either"));
            }
            ctx.findings.push(finding);
            ctx.idle(&[FALLBACK], "without local users there is no fallback");
        }
    }
}

fn nobody_left() -> Question<'static> {
    Question {
        key: NO_PASSWORDS,
        ask: "local users are to be switched off, but no other way to log in is on".to_owned(),
        choices: &[Choice {
            name: "keep-local-users",
            effect: "write `localUsers: true`; local users, administrators included, log in with their passwords",
        }],
        proposal: None,
    }
}

fn scim(ctx: &mut Ctx<'_>) {
    if ctx.mke3.bool("auth.scimEnabled").value {
        ctx.drop_all("SCIM", SCIM, "MKE 4k does not have it; accounts that it made become plain users", true);
    } else {
        ctx.drop_all("`auth.scim`", SCIM, "SCIM is off", false);
    }
}

fn account_lock(ctx: &mut Ctx<'_>) {
    if ctx.mke3.bool("auth.account_lock.enabled").value {
        ctx.drop_all("`auth.account_lock`", LOCK, "MKE 4k locks no account after failed logins", true);
    } else {
        ctx.drop_all("`auth.account_lock`", LOCK, "the lock is off", false);
    }
}

/// Where an identity provider sends people back to. The vendor's Okta tutorials print `/dex/login` for OIDC; Dex
/// itself listens on this path for every connector.
pub(super) fn callback(ctx: &Ctx<'_>) -> String {
    let address = ctx.site.external_address.as_ref().map_or("EXTERNAL_ADDRESS", |a| a.value.as_str());
    format!("https://{address}/dex/callback")
}

/// A binding of `cluster-admin` to groups of the identity provider. MKE 4k takes the names of groups from the claim
/// `groups`, without a prefix.
pub(super) fn cluster_admins(name: &str, groups: Vec<Tracked<String>>, why: &Origin) -> Tree {
    const API: &str = "rbac.authorization.k8s.io";
    let word = |text: &str| Tree::leaf(text, why);
    let mut binding = Tree::map();
    binding.set("apiVersion", word("rbac.authorization.k8s.io/v1"));
    binding.set("kind", word("ClusterRoleBinding"));
    binding.set("metadata.name", word(name));
    binding.set("roleRef.apiGroup", word(API));
    binding.set("roleRef.kind", word("ClusterRole"));
    binding.set("roleRef.name", word("cluster-admin"));
    for group in groups {
        let mut subject = Tree::map();
        subject.set("apiGroup", word(API));
        subject.set("kind", word("Group"));
        subject.set("name", group.because(why));
        binding.push("subjects", subject);
    }
    binding
}

#[cfg(test)]
mod tests;

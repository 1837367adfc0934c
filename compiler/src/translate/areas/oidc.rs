//! `auth.external_identity_provider`: an OIDC provider.
//!
//! MKE 3 has no switch for it: it is on where a client id and an address are set.

use super::auth::{callback, cluster_admins};
use crate::diag::{Finding, codes::translate as code};
use crate::document::{Scalar, Tree};
use crate::origin::{Origin, Source, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};

/// The rules.
pub const RULES: &[Rule] = &[Rule::code(KEYS, provider)];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[ISSUER, CLIENT_SECRET, CA, ADMINS];

const CLIENT: &str = "auth.external_identity_provider.clientId";
const CLIENT_SECRET: &str = "auth.external_identity_provider.clientSecret";
const ISSUER: &str = "auth.external_identity_provider.issuer";
const WELL_KNOWN: &str = "auth.external_identity_provider.wellKnownConfigUrl";
const CLAIM: &str = "auth.external_identity_provider.usernameClaim";
const CA: &str = "auth.external_identity_provider.caBundle";
const PROXIES: &[&str] =
    &["auth.external_identity_provider.httpProxy", "auth.external_identity_provider.httpsProxy"];
const SERVICE: &str = "auth.external_identity_provider.userServiceId";
const SIGN_IN: &[&str] = &[
    "auth.external_identity_provider.signInCriteria[].term",
    "auth.external_identity_provider.signInCriteria[].value",
    "auth.external_identity_provider.signInCriteria[].matchType",
];
const ADMINS: &str = "auth.external_identity_provider.adminRoleCriteria";
const KEYS: &[&str] = &[
    CLIENT,
    CLIENT_SECRET,
    ISSUER,
    WELL_KNOWN,
    CLAIM,
    CA,
    "auth.external_identity_provider.httpProxy",
    "auth.external_identity_provider.httpsProxy",
    SERVICE,
    "auth.external_identity_provider.signInCriteria[].term",
    "auth.external_identity_provider.signInCriteria[].value",
    "auth.external_identity_provider.signInCriteria[].matchType",
    "auth.external_identity_provider.adminRoleCriteria[].term",
    "auth.external_identity_provider.adminRoleCriteria[].value",
    "auth.external_identity_provider.adminRoleCriteria[].matchType",
];

/// The slot of a client secret that the file does not hold.
const SECRET_SLOT: &str = "mke4/oidc-client-secret";

/// What OpenID Connect Discovery puts behind the issuer.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Whether it is on. The origin names just the keys that could turn it by themselves.
pub(super) fn switch(ctx: &Ctx<'_>) -> Tracked<bool> {
    let (client, issuer, well_known) = (ctx.mke3.str(CLIENT), ctx.mke3.str(ISSUER), ctx.mke3.str(WELL_KNOWN));
    let (has_client, has_issuer, has_known) =
        (!client.value.is_empty(), !issuer.value.is_empty(), !well_known.value.is_empty());
    let addressed = has_issuer || has_known;
    let mut origin = Origin::default();
    if !has_client || addressed {
        origin.join(&client.origin);
    }
    // Of two addresses none decides alone; of none or one each does.
    if !(has_issuer && has_known) && (has_client || !addressed) {
        let decides = |has: bool| has || !addressed;
        if decides(has_issuer) {
            origin.join(&issuer.origin);
        }
        if decides(has_known) {
            origin.join(&well_known.origin);
        }
    }
    Tracked::with_origin(has_client && addressed, origin)
}

fn provider(ctx: &mut Ctx<'_>) {
    let on = switch(ctx);
    ctx.put("authentication.oidc.enabled", on.clone());
    if !on.value {
        return off(ctx, &on.origin);
    }
    let why = on.origin;
    address(ctx, &why);
    ctx.put("authentication.oidc.clientID", ctx.mke3.str(CLIENT).because(&why));
    ctx.fate(CLIENT, Fate::Renamed, "");
    client_secret(ctx, &why);
    user_names(ctx);
    private_ca(ctx);
    ctx.drop_all(
        "the proxy towards the OIDC provider",
        PROXIES,
        "MKE 4k reaches the provider directly",
        true,
    );
    ctx.idle(&[SERVICE], "it is an identifier inside MKE 3");
    let why_open = "who may log in is decided at the provider alone";
    ctx.drop_all("`signInCriteria`", SIGN_IN, why_open, true);
    administrators(ctx, &why);
    ctx.findings.push(
        Finding::new(code::BY_HAND, "the OIDC provider must learn MKE 4k's redirect address")
            .at_opt(ctx.mke3_place(CLIENT))
            .help(format!("register `{}` for the client before users log in", callback(ctx))),
    );
}

fn off(ctx: &mut Ctx<'_>, switch: &Origin) {
    for key in [CLIENT, ISSUER, WELL_KNOWN] {
        if switch.names(&Source::new(ctx.mke3.file().label(), key)) {
            ctx.fate(key, Fate::Merged, "without it OIDC is off");
        } else {
            ctx.idle(&[key], "OIDC is off");
        }
    }
    let rest: Vec<_> =
        KEYS.iter().copied().filter(|key| ![CLIENT, ISSUER, WELL_KNOWN].contains(key)).collect();
    ctx.drop_all(
        "`auth.external_identity_provider`",
        &rest,
        "OIDC is off, since a client id and an address are not both set",
        false,
    );
}

fn address(ctx: &mut Ctx<'_>, why: &Origin) {
    const FIELD: &str = "authentication.oidc.issuer";
    let (issuer, well_known) = (ctx.mke3.str(ISSUER), ctx.mke3.str(WELL_KNOWN));
    if !issuer.value.is_empty() {
        ctx.put(FIELD, issuer.because(why));
        ctx.fate(ISSUER, Fate::Copied, "");
        return ctx.idle(&[WELL_KNOWN], "Dex finds it below the issuer");
    }
    let found = well_known.value.strip_suffix(DISCOVERY).map(str::to_owned);
    let issuer = match found {
        Some(found) => Some(well_known.map(|_| found).because(&issuer.origin)),
        None => ctx.ask_text(
            ISSUER,
            &format!(
                "the issuer of the OIDC provider can't be told from `{}`; its discovery document names it as `issuer`",
                well_known.value
            ),
            None,
            |text| match text.starts_with("https://") {
                true => Ok(()),
                false => Err("an issuer begins with `https://`".to_owned()),
            },
        ),
    };
    match issuer {
        Some(issuer) => {
            ctx.put(FIELD, issuer.because(why));
            ctx.fate(ISSUER, Fate::Merged, "empty: taken from elsewhere");
            ctx.fate(WELL_KNOWN, Fate::Converted, "");
        }
        None => {
            ctx.undecided(ISSUER);
            ctx.undecided(WELL_KNOWN);
        }
    }
}

fn client_secret(ctx: &mut Ctx<'_>, why: &Origin) {
    const FIELD: &str = "authentication.oidc.clientSecret";
    if let Some(slot) = ctx.mke3.secret(CLIENT_SECRET) {
        ctx.put(FIELD, slot.map(|slot| Scalar::Secret(slot.name().to_owned())).because(why));
        return ctx.fate(CLIENT_SECRET, Fate::Copied, "");
    }
    let answer = ctx.decide(&Question {
        key: CLIENT_SECRET,
        ask: "the file does not hold the secret of the OIDC client".to_owned(),
        choices: &[
            Choice { name: "slot", effect: "leave a slot, and give the secret when secrets are sealed" },
            Choice { name: "none", effect: "leave it out: the client is a public one" },
        ],
        proposal: None,
    });
    let absent = ctx.origin_of(CLIENT_SECRET);
    match answer {
        Some(answer) if answer.value == "slot" => {
            let slot = answer.map(|_| Scalar::Secret(SECRET_SLOT.to_owned()));
            ctx.put(FIELD, slot.because(why).because(&absent));
            ctx.fate(CLIENT_SECRET, Fate::Merged, "absent: a slot takes its place");
        }
        Some(_) => ctx.fate(CLIENT_SECRET, Fate::Default, ""),
        None => ctx.undecided(CLIENT_SECRET),
    }
}

/// MKE 4k's API server takes the claim `email` (read from the vendor's chart for child clusters).
fn user_names(ctx: &mut Ctx<'_>) {
    let claim = ctx.mke3.str(CLAIM).value;
    if claim != "email" {
        ctx.findings.push(
            Finding::new(
                code::MEANING,
                format!("users of the OIDC provider get other names: MKE 3 took the claim `{claim}`, MKE 4k takes `email`"),
            )
            .at_opt(ctx.mke3_place(CLAIM).or_else(|| ctx.mke3_place(CLIENT)))
            .help("grants to single users must name their mail addresses; give a map of names with the access export"),
        );
    }
    ctx.idle(&[CLAIM], "MKE 4k always takes the claim `email`");
}

fn private_ca(ctx: &mut Ctx<'_>) {
    if !ctx.mke3.is_set(CA) {
        return ctx.fate(CA, Fate::Default, "");
    }
    let answer = ctx.decide(&Question {
        key: CA,
        ask: "the OIDC provider has a private CA, and MKE 4k has no field for it".to_owned(),
        choices: &[
            Choice { name: "public-ca", effect: "the provider's certificate comes from a public CA by now" },
            Choice {
                name: "by-hand",
                effect: "leave it out; somebody makes Dex trust the CA after the upgrade",
            },
        ],
        proposal: None,
    });
    match answer {
        Some(_) => ctx.fate(CA, Fate::Dropped, "no field takes it"),
        None => ctx.undecided(CA),
    }
}

/// Only groups can be bound: no other claim reaches MKE 4k's API server. Full power is given only by a person's word.
fn administrators(ctx: &mut Ctx<'_>, why: &Origin) {
    let rows = ctx.mke3.rows(ADMINS);
    let (groups, others): (Vec<_>, Vec<_>) = rows
        .iter()
        .partition(|row| row.str("term").value == "groups" && row.str("matchType").value == "must");
    let members = ["term", "value", "matchType"];
    for row in &others {
        let (term, value) = (row.str("term").value, row.str("value").value);
        ctx.findings.push(
            Finding::new(
                code::BY_HAND,
                format!(
                    "who has `{value}` in the claim `{term}` was an administrator; no binding can say that"
                ),
            )
            .at_opt(row.place("term"))
            .help("let the provider put administrators into a group, and bind `cluster-admin` to that group"),
        );
        members
            .iter()
            .for_each(|name| ctx.fate(&row.path_of(name), Fate::Dropped, "no binding can express it"));
    }
    if groups.is_empty() {
        return;
    }
    let names: Vec<_> = groups.iter().map(|row| format!("`{}`", row.str("value").value)).collect();
    let answer = ctx.decide(&Question {
        key: ADMINS,
        ask: format!(
            "members of {} at the OIDC provider were administrators; no page says whether MKE 4k takes groups from OIDC",
            names.join(", ")
        ),
        choices: &[
            Choice { name: "bind", effect: "write a ClusterRoleBinding of `cluster-admin` to these groups" },
            Choice { name: "by-hand", effect: "write none; somebody grants the rights after the upgrade" },
        ],
        proposal: None,
    });
    let fate = match &answer {
        Some(answer) if answer.value == "bind" => {
            let subject = |row: &&crate::mke3::Row<'_>| {
                row.str("value").because(&row.str("term").origin).because(&row.str("matchType").origin)
            };
            let subjects: Vec<_> = groups.iter().map(subject).collect();
            let why = why.clone().with(&answer.origin);
            let binding: Tree = cluster_admins("oidc-admins", subjects, &why);
            ctx.object("oidc-admins", binding);
            Fate::Moved
        }
        Some(_) => Fate::Dropped,
        None => Fate::DecisionNeeded,
    };
    for row in groups {
        members.iter().for_each(|name| ctx.fate(&row.path_of(name), fate, "a ClusterRoleBinding"));
    }
}

#[cfg(test)]
mod tests;

//! Admission plugins, and who may set privileged attributes of a pod.

use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question};

pub(super) const PLUGIN_KEYS: &[&str] = &[ALWAYS_PULL, RATE_LIMIT];
pub(super) const ALWAYS_PULL: &str = "cluster_config.k8s_always_pull_images_ac_enabled";
const RATE_LIMIT: &str = "cluster_config.k8s_event_rate_limit.event_rate_limit_ac_enabled";

const FIELD: &str = "apiServer.alwaysPullImages";
const ARGUMENT: &str = "enable-admission-plugins";

/// The argument outweighs both k0s' own plugin (NodeRestriction) and what the product adds for the fields, so once it
/// is written it must name them too. That `admission-control-config-file` still comes from the product then is
/// inferred.
pub(super) fn plugins(ctx: &mut Ctx<'_>) {
    let rate = ctx.mke3.bool(RATE_LIMIT);
    ctx.put("apiServer.eventRateLimit.enabled", rate.clone());
    ctx.fate(RATE_LIMIT, Fate::Renamed, "");

    let pull = ctx.mke3.bool(ALWAYS_PULL);
    let by_field = ctx.put(FIELD, pull.clone());
    let listed = ctx.doc.get("spec.apiServer.extraArgs").and_then(|args| args.text(ARGUMENT));
    let choice = if pull.value && !by_field { ask(ctx) } else { None };
    let (wanted, why) = match &choice {
        Some(choice) => (choice.value == "write", choice.origin.clone()),
        None => (pull.value && by_field, Origin::default()),
    };
    let needed = listed.is_some() || (wanted && !by_field);
    let fate = match (by_field, needed) {
        (true, _) => Fate::Renamed,
        (false, _) if pull.value && choice.is_none() => Fate::DecisionNeeded,
        (false, true) => Fate::Merged,
        (false, false) if pull.value => Fate::Dropped,
        (false, false) => Fate::Default,
    };
    ctx.fate(ALWAYS_PULL, fate, "");
    if !needed {
        return;
    }
    let listed = listed.unwrap_or(Tracked::with_origin(String::new(), Origin::default()));
    let mut names: Vec<&str> = listed.value.split(',').filter(|name| !name.is_empty()).collect();
    if !names.contains(&"NodeRestriction") {
        names.insert(0, "NodeRestriction");
    }
    for (name, on) in [("AlwaysPullImages", wanted), ("EventRateLimit", rate.value)] {
        if on && !names.contains(&name) {
            names.push(name);
        }
    }
    let value = Tracked::with_origin(names.join(","), listed.origin.clone())
        .because(&pull.origin)
        .because(&rate.origin)
        .because(&why);
    ctx.doc.set_key("spec.apiServer.extraArgs", ARGUMENT, value);
}

fn ask(ctx: &mut Ctx<'_>) -> Option<Tracked<&'static str>> {
    ctx.decide(&Question {
        key: ALWAYS_PULL,
        ask: format!("{} has no field for AlwaysPullImages, only an argument that replaces what k0s and MKE 4k write", ctx.contract.id),
        choices: &[
            Choice {
                name: "write",
                effect: "`enable-admission-plugins` names it beside the plugins that k0s and MKE 4k switch on themselves",
            },
            Choice { name: "drop", effect: "images that a node has are used without asking the registry" },
        ],
        proposal: Some("write"),
    })
}

/// Accounts and the attributes that they may set.
pub(super) struct Privileges {
    accounts: &'static str,
    pub(super) allowed: &'static str,
    name: fn(&str) -> Result<String, String>,
}

pub(super) const USERS: Privileges = Privileges {
    accounts: "cluster_config.priv_attributes_user_accounts",
    allowed: "cluster_config.priv_attributes_allowed_for_user_accounts",
    name: |name| Ok(name.to_owned()),
};

pub(super) const SERVICE_ACCOUNTS: Privileges = Privileges {
    accounts: "cluster_config.priv_attributes_service_accounts",
    allowed: "cluster_config.priv_attributes_allowed_for_service_accounts",
    name: service_account,
};

pub(super) const PRIVILEGE_KEYS: &[&str] =
    &[USERS.accounts, USERS.allowed, SERVICE_ACCOUNTS.accounts, SERVICE_ACCOUNTS.allowed];

/// How many attributes MKE 3 can allow; whoever has all of them is exempt there too.
const ALL_ATTRIBUTES: usize = 6;

fn service_account(name: &str) -> Result<String, String> {
    match name.split_once(':') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains(':') => {
            Ok(format!("system:serviceaccount:{namespace}:{name}"))
        }
        _ => Err(format!("`{name}` is not of the form `namespace:name`")),
    }
}

pub(super) fn privileges(ctx: &mut Ctx<'_>) {
    for privileges in [USERS, SERVICE_ACCOUNTS] {
        exempt(ctx, &privileges);
    }
}

fn exempt(ctx: &mut Ctx<'_>, privileges: &Privileges) {
    const FIELD: &str = "apiServer.ucpauthz.exemptUsers";
    let Privileges { accounts, allowed, name } = privileges;
    let both = [*accounts, *allowed];
    let granted = ctx.mke3.list(allowed);
    if granted.is_empty() || ctx.mke3.list(accounts).is_empty() {
        return ctx.idle(&both, "accounts and attributes count only together");
    }
    if !ctx.contract.has(FIELD) {
        let why = format!("{} has no field `{FIELD}`", ctx.contract.id);
        return ctx.drop_all("what privileged accounts may do", &both, &why, false);
    }
    let mut attributes: Vec<String> = granted.iter().map(|a| a.value.to_ascii_lowercase()).collect();
    attributes.sort();
    attributes.dedup();
    let mut why = ctx.origin_of(allowed);
    if attributes.len() < ALL_ATTRIBUTES {
        let answer = ctx.decide(&Question {
            key: allowed,
            ask: format!(
                "MKE 3 allows some accounts {}; MKE 4k exempts an account from every check or from none",
                granted.iter().map(|a| a.value.as_str()).collect::<Vec<_>>().join(", ")
            ),
            choices: &[
                Choice {
                    name: "all",
                    effect: "the accounts may set every privileged attribute and mount host paths",
                },
                Choice {
                    name: "none",
                    effect: "the accounts lose what they were allowed; their pods may be refused",
                },
            ],
            proposal: None,
        });
        match answer {
            None => return both.iter().for_each(|key| ctx.undecided(key)),
            Some(answer) if answer.value == "none" => {
                return ctx.idle(&both, "decided: no account is exempt");
            }
            Some(answer) => why.join(&answer.origin),
        }
    }
    let elements = ctx.mke3.list(accounts).into_iter();
    let split = |element: Tracked<String>| -> Vec<Tracked<String>> {
        let parts = element.value.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| Tracked::with_origin(part.to_owned(), element.origin.clone())).collect()
    };
    for account in elements.flat_map(split) {
        match name(&account.value) {
            Ok(name) => {
                ctx.doc.push(&format!("spec.{FIELD}"), Tree::from(account.map(|_| name).because(&why)))
            }
            Err(text) => {
                let place = account.origin.sources().next().and_then(|source| ctx.mke3_place(&source.path));
                let finding =
                    Finding::new(code::MEANING, format!("a privileged account is left out: {text}"));
                ctx.findings.push(finding.at_opt(place));
            }
        }
    }
    ctx.fate(accounts, Fate::Converted, "");
    ctx.fate(allowed, Fate::Merged, "");
}

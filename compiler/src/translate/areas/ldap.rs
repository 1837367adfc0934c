//! `auth.ldap`: the directory.
//!
//! Becomes one LDAP connector of Dex. No page gives the pairs of fields; they follow from what both sides say about
//! themselves. Nothing that weakens the connection is written without an operator's word, and every name from the
//! file is escaped before it becomes part of a filter.

mod connection;
mod groups;
mod names;
#[cfg(test)]
mod tests;
mod users;

use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};
use base64::Engine;
pub(super) use names::attribute;

/// The rules.
pub const RULES: &[Rule] = &[Rule::code(
    &[
        BACKEND,
        URL,
        PAGINATION,
        START_TLS,
        CERTS,
        SKIP_VERIFY,
        READER,
        PASSWORD,
        SCHEDULE,
        JIT,
        "auth.ldap.additional_domains[].domain",
        "auth.ldap.additional_domains[].server_url",
        "auth.ldap.additional_domains[].no_simple_pagination",
        "auth.ldap.additional_domains[].start_tls",
        "auth.ldap.additional_domains[].root_certs",
        "auth.ldap.additional_domains[].tls_skip_verify",
        "auth.ldap.additional_domains[].reader_dn",
        "auth.ldap.additional_domains[].reader_password",
        "auth.ldap.user_search_configs[].base_dn",
        "auth.ldap.user_search_configs[].scope_subtree",
        "auth.ldap.user_search_configs[].username_attr",
        "auth.ldap.user_search_configs[].full_name_attr",
        "auth.ldap.user_search_configs[].filter",
        "auth.ldap.user_search_configs[].match_group",
        "auth.ldap.user_search_configs[].match_group_dn",
        "auth.ldap.user_search_configs[].match_group_member_attr",
        "auth.ldap.user_search_configs[].match_group_iterate",
        ADMIN_SYNC,
        ADMIN_BY_GROUP,
        ADMIN_GROUP,
        ADMIN_MEMBER,
        "auth.ldap.admin_sync_opts.search_base_dn",
        "auth.ldap.admin_sync_opts.search_scope_subtree",
        "auth.ldap.admin_sync_opts.search_filter",
    ],
    directory,
)];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[
    BACKEND,
    URL,
    CERTS,
    SKIP_VERIFY,
    PASSWORD,
    DOMAINS,
    SEARCHES,
    MATCH_GROUP,
    "ldap.userSearch.emailAttr",
    "ldap.groupSearch.baseDN",
];

const BACKEND: &str = "auth.backend";
const TABLE: &str = "auth.ldap";
const URL: &str = "auth.ldap.server_url";
const PAGINATION: &str = "auth.ldap.no_simple_pagination";
const START_TLS: &str = "auth.ldap.start_tls";
const CERTS: &str = "auth.ldap.root_certs";
const SKIP_VERIFY: &str = "auth.ldap.tls_skip_verify";
const READER: &str = "auth.ldap.reader_dn";
const PASSWORD: &str = "auth.ldap.reader_password";
const SCHEDULE: &str = "auth.ldap.sync_schedule";
const JIT: &str = "auth.ldap.jit_user_provisioning";
const DOMAINS: &str = "auth.ldap.additional_domains";
const SEARCHES: &str = "auth.ldap.user_search_configs";
const MATCH_GROUP: &str = "auth.ldap.user_search_configs[].match_group";
const ADMIN_SYNC: &str = "auth.ldap.admin_sync_opts.enable_sync";
const ADMIN_BY_GROUP: &str = "auth.ldap.admin_sync_opts.select_group_members";
const ADMIN_GROUP: &str = "auth.ldap.admin_sync_opts.group_dn";
const ADMIN_MEMBER: &str = "auth.ldap.admin_sync_opts.group_member_attr";
const ADMIN_SEARCH: &[&str] = &[
    "auth.ldap.admin_sync_opts.search_base_dn",
    "auth.ldap.admin_sync_opts.search_scope_subtree",
    "auth.ldap.admin_sync_opts.search_filter",
];

/// Whether the directory becomes a connector: it is the back end, and the file says how to reach it.
pub(super) fn switch(ctx: &Ctx<'_>) -> Tracked<bool> {
    ctx.mke3.str(BACKEND).map(|backend| backend == "ldap" && ctx.mke3.has_table(TABLE))
}

/// What Dex reads into a field of bytes: base64 of the PEM text (Go's JSON form of `[]byte`).
pub(super) fn dex_data(pem: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(pem)
}

fn directory(ctx: &mut Ctx<'_>) {
    let backend = ctx.mke3.str(BACKEND);
    if backend.value != "ldap" {
        ctx.put("authentication.ldap.enabled", switch(ctx));
        ctx.fate(BACKEND, Fate::Converted, "");
        let rest: Vec<_> = RULES[0].keys.iter().copied().filter(|key| *key != BACKEND).collect();
        return ctx.drop_all("`auth.ldap`", &rest, "accounts are managed by MKE itself", false);
    }
    if !ctx.mke3.has_table(TABLE) {
        return without_table(ctx, &backend.origin);
    }
    ctx.put("authentication.ldap.enabled", switch(ctx));
    ctx.fate(BACKEND, Fate::Converted, "");
    let why = backend.origin;
    connection::server(ctx, &why);
    connection::reader(ctx, &why);
    ctx.drop_all(
        "the synchronisation of LDAP accounts",
        &[SCHEDULE, JIT],
        "Dex asks the directory at each login and keeps no accounts",
        true,
    );
    ctx.drop(PAGINATION, "Dex has no such option", true);
    users::search(ctx, &why);
    groups::search(ctx, &why);
    additional_domains(ctx);
}

fn without_table(ctx: &mut Ctx<'_>, why: &Origin) {
    let answer = ctx.decide(&Question {
        key: BACKEND,
        ask: "accounts live in LDAP, but the file does not say how to reach it, as is usual: read \
              `/enzi/v0/config/auth/ldap` of MKE 3 as an administrator and add what it says as `[auth.ldap]`"
            .to_owned(),
        choices: &[Choice {
            name: "without-ldap",
            effect: "leave LDAP off; its users can't log in until somebody sets it up in mke4.yaml",
        }],
        proposal: None,
    });
    match answer {
        Some(answer) => {
            ctx.put("authentication.ldap.enabled", answer.map(|_| false).because(why));
            ctx.fate(BACKEND, Fate::Converted, "");
        }
        None => ctx.undecided(BACKEND),
    }
    // Keys of a table that is not there have no value that could miss its fate.
}

fn additional_domains(ctx: &mut Ctx<'_>) {
    let rows = ctx.mke3.rows(DOMAINS);
    if rows.is_empty() {
        return;
    }
    let domains: Vec<_> = rows.iter().map(|row| format!("`{}`", row.str("domain").value)).collect();
    let keys: Vec<_> =
        RULES[0].keys.iter().copied().filter(|key| key.starts_with("auth.ldap.additional_domains")).collect();
    let answer = ctx.decide(&Question {
        key: DOMAINS,
        ask: format!(
            "mke4.yaml holds one LDAP server; users of {} can't log in any more",
            domains.join(", ")
        ),
        choices: &[Choice { name: "leave-out", effect: "these servers are lost" }],
        proposal: None,
    });
    match answer {
        Some(_) => ctx.idle(&keys, "mke4.yaml holds one LDAP server"),
        None => ctx.fates(&keys, Fate::DecisionNeeded, "an operator must choose in site.yaml"),
    }
}

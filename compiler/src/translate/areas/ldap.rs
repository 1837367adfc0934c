//! `auth.ldap`: the directory.
//!
//! Becomes one LDAP connector of Dex. No page gives the pairs of fields; they follow from what both sides say about
//! themselves. Nothing that weakens the connection is written without an operator's word, and every name from the
//! file is escaped before it becomes part of a filter.

mod names;
#[cfg(test)]
mod tests;

use super::auth::cluster_admins;
use crate::diag::{Finding, codes::translate as code};
use crate::document::{Scalar, Tree};
use crate::mke3::Row;
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};
use base64::Engine;
pub(super) use names::attribute;
use names::{Server, filter_value, first_rdn};

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

/// The slot of a reader's password that the file does not hold.
const PASSWORD_SLOT: &str = "mke4/ldap-reader-password";

/// Which attribute names a group in MKE 4k.
const GROUP_NAME: &str = "cn";

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
    server(ctx, &why);
    reader(ctx, &why);
    ctx.drop_all(
        "the synchronisation of LDAP accounts",
        &[SCHEDULE, JIT],
        "Dex asks the directory at each login and keeps no accounts",
        true,
    );
    ctx.drop(PAGINATION, "Dex has no such option", true);
    user_search(ctx, &why);
    groups(ctx, &why);
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

/// How the connection is protected.
#[derive(Clone, Copy, PartialEq)]
enum Tls {
    FromTheStart,
    Upgraded,
    Never,
}

fn server(ctx: &mut Ctx<'_>, why: &Origin) {
    let url = ctx.mke3.str(URL);
    let server = match Server::parse(&url.value) {
        Ok(server) => Some(url.map(|_| server)),
        Err(problem) => ctx
            .ask_text(
                URL,
                &format!("`server_url` can't be used as it is ({problem}); how is the directory reached"),
                None,
                |text| Server::parse(text).map(|_| ()),
            )
            .and_then(|text| {
                Server::parse(&text.value).ok().map(|server| text.map(|_| server).because(&url.origin))
            }),
    };
    let Some(server) = server else {
        return ctx.fates(
            &[URL, START_TLS, CERTS, SKIP_VERIFY],
            Fate::DecisionNeeded,
            "the server is not known",
        );
    };
    ctx.put("authentication.ldap.host", server.map_ref(Server::host).because(why));
    ctx.fate(URL, Fate::Converted, "");
    let start_tls = ctx.mke3.bool(START_TLS);
    let secure = server.map_ref(|server| server.tls);
    let tls = match (secure.value, start_tls.value) {
        (true, _) => secure.map(|_| Tls::FromTheStart),
        (false, on) => secure.map(|_| if on { Tls::Upgraded } else { Tls::Never }).because(&start_tls.origin),
    };
    match tls.value {
        Tls::FromTheStart => ctx.idle(&[START_TLS], "`ldaps` is protected from the start"),
        Tls::Upgraded => {
            ctx.put("authentication.ldap.startTLS", tls.map_ref(|_| true).because(why));
            ctx.fate(START_TLS, Fate::Copied, "");
            ctx.tell(
                START_TLS,
                code::MEANING,
                "`startTLS` is a field of Dex that MKE 4k does not document: test a login, or use `ldaps`",
            );
        }
        Tls::Never => {
            ctx.put("authentication.ldap.insecureNoSSL", tls.map_ref(|_| true).because(why));
            ctx.fate(START_TLS, Fate::Merged, "");
        }
    }
    trust(ctx, &tls, why);
}

fn trust(ctx: &mut Ctx<'_>, tls: &Tracked<Tls>, why: &Origin) {
    if tls.value == Tls::Never {
        return ctx.idle(&[CERTS, SKIP_VERIFY], "the connection is not encrypted");
    }
    let why = why.clone().with(&tls.origin);
    let certs = ctx.mke3.str(CERTS);
    if certs.value.is_empty() {
        ctx.fate(CERTS, Fate::Default, "");
    } else {
        let answer = ctx.decide(&Question {
            key: CERTS,
            ask: "the directory has a private CA; MKE 4k documents only `rootCA`, the path of a file in Dex's pod".to_owned(),
            choices: &[
                Choice { name: "inline", effect: "write `rootCAData`, which Dex knows but MKE 4k does not document" },
                Choice { name: "leave-out", effect: "logins fail until somebody mounts the CA and sets `rootCA`" },
            ],
            proposal: None,
        });
        match answer {
            Some(answer) if answer.value == "inline" => {
                let data = certs.map(|pem| dex_data(&pem)).because(&answer.origin);
                ctx.put("authentication.ldap.rootCAData", data.because(&why));
                ctx.fate(CERTS, Fate::Converted, "");
            }
            Some(_) => ctx.fate(CERTS, Fate::Dropped, "an operator left it out"),
            None => ctx.undecided(CERTS),
        }
    }
    let skip = ctx.mke3.bool(SKIP_VERIFY);
    if !skip.value {
        return ctx.fate(SKIP_VERIFY, Fate::Default, "");
    }
    let answer = ctx.decide(&Question {
        key: SKIP_VERIFY,
        ask: "MKE 3 did not check the certificate of the directory".to_owned(),
        choices: &[
            Choice {
                name: "verify",
                effect: "Dex checks it; logins fail if it is not from a CA that Dex trusts",
            },
            Choice {
                name: "skip",
                effect: "write `insecureSkipVerify`, which Dex knows but MKE 4k does not document",
            },
        ],
        proposal: None,
    });
    match answer {
        Some(answer) if answer.value == "skip" => {
            let value = skip.because(&answer.origin).because(&why);
            ctx.put("authentication.ldap.insecureSkipVerify", value);
            ctx.fate(SKIP_VERIFY, Fate::Renamed, "");
        }
        Some(_) => ctx.fate(SKIP_VERIFY, Fate::Dropped, "an operator wants the certificate checked"),
        None => ctx.undecided(SKIP_VERIFY),
    }
}

fn reader(ctx: &mut Ctx<'_>, why: &Origin) {
    let dn = ctx.mke3.str(READER);
    if dn.value.is_empty() {
        ctx.fate(READER, Fate::Default, "");
        return ctx.drop(PASSWORD, "without `reader_dn` the directory is read anonymously", false);
    }
    let why = why.clone().with(&dn.origin);
    ctx.put("authentication.ldap.bindDN", dn.because(&why));
    ctx.fate(READER, Fate::Renamed, "");
    if let Some(slot) = ctx.mke3.secret(PASSWORD) {
        let slot = slot.map(|slot| Scalar::Secret(slot.name().to_owned()));
        ctx.put("authentication.ldap.bindPW", slot.because(&why));
        return ctx.fate(PASSWORD, Fate::Renamed, "");
    }
    let answer = ctx.decide(&Question {
        key: PASSWORD,
        ask: "the file does not hold the password of the directory's reader, and MKE 3 never gives it back"
            .to_owned(),
        choices: &[
            Choice { name: "slot", effect: "leave a slot, and give the password when secrets are sealed" },
            Choice { name: "none", effect: "the reader needs no password" },
        ],
        proposal: None,
    });
    let absent = ctx.origin_of(PASSWORD);
    match answer {
        Some(answer) if answer.value == "slot" => {
            let slot = answer.map(|_| Scalar::Secret(PASSWORD_SLOT.to_owned())).because(&absent);
            ctx.put("authentication.ldap.bindPW", slot.because(&why));
            ctx.fate(PASSWORD, Fate::Merged, "absent: a slot takes its place");
        }
        Some(_) => ctx.fate(PASSWORD, Fate::Default, ""),
        None => ctx.undecided(PASSWORD),
    }
}

fn user_search(ctx: &mut Ctx<'_>, why: &Origin) {
    let rows = ctx.mke3.rows(SEARCHES);
    let all: Vec<String> = RULES[0]
        .keys
        .iter()
        .filter_map(|key| key.strip_prefix("auth.ldap.user_search_configs[]."))
        .map(str::to_owned)
        .collect();
    let chosen = match rows.as_slice() {
        [] => {
            let text = "LDAP has no `user_search_configs`: fill in `authentication.ldap.userSearch` by hand";
            return ctx.tell(URL, code::BY_HAND, text);
        }
        [_] => Tracked::with_origin(0, Origin::default()),
        rows => match choose_search(ctx, rows) {
            Some(chosen) => chosen,
            None => {
                for row in rows {
                    all.iter().for_each(|name| ctx.undecided(&row.path_of(name)));
                }
                return;
            }
        },
    };
    for (i, row) in rows.iter().enumerate() {
        if i == chosen.value {
            search(ctx, row, &why.clone().with(&chosen.origin));
        } else {
            let paths: Vec<String> = all.iter().map(|name| row.path_of(name)).collect();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let text = format!("`{}` (users below `{}`)", row.path(), row.str("base_dn").value);
            ctx.drop_all(&text, &paths, "one LDAP connector searches in one way", true);
        }
    }
}

fn choose_search(ctx: &mut Ctx<'_>, rows: &[Row<'_>]) -> Option<Tracked<usize>> {
    let bases: Vec<_> =
        rows.iter().enumerate().map(|(i, row)| format!("{i}: `{}`", row.str("base_dn").value)).collect();
    let ask = format!(
        "Dex searches users in one way, MKE 3 in {}; which one stays, by its number ({})",
        rows.len(),
        bases.join(", ")
    );
    let index = |text: &str| text.parse().ok().filter(|i: &usize| *i < rows.len());
    let check = |text: &str| match index(text) {
        Some(_) => Ok(()),
        None => Err(format!("it is no number from 0 to {}", rows.len() - 1)),
    };
    let answer = ctx.ask_text(SEARCHES, &ask, None, check)?;
    let chosen = index(&answer.value)?;
    Some(answer.map(|_| chosen))
}

fn search(ctx: &mut Ctx<'_>, row: &Row<'_>, why: &Origin) {
    let field = |name: &str| format!("authentication.ldap.userSearch.{name}");
    ctx.put(&field("baseDN"), row.str("base_dn").because(why));
    ctx.fate(&row.path_of("base_dn"), Fate::Renamed, "");

    let subtree = row.bool("scope_subtree");
    if subtree.value {
        ctx.fate(&row.path_of("scope_subtree"), Fate::Dropped, "Dex searches the subtree anyway");
    } else {
        ctx.put(&field("scope"), subtree.map(|_| "one").because(why));
        ctx.fate(&row.path_of("scope_subtree"), Fate::Converted, "a field of Dex, not documented for MKE 4k");
    }

    let login = row.str("username_attr").because(why);
    for name in ["username", "idAttr", "preferredUsernameAttr"] {
        ctx.put(&field(name), login.clone());
    }
    ctx.fate(&row.path_of("username_attr"), Fate::Split, "");
    ctx.put(&field("nameAttr"), row.str("full_name_attr").because(why));
    ctx.fate(&row.path_of("full_name_attr"), Fate::Renamed, "");

    let usual = Tracked::with_origin("mail".to_owned(), ctx.contract.origin());
    let ask = "which attribute holds the mail address; MKE 4k names a user by it, not by the login name";
    if let Some(mail) = ctx.ask_text("ldap.userSearch.emailAttr", ask, Some(usual), attribute) {
        ctx.put(&field("emailAttr"), mail.because(why));
    }
    search_filter(ctx, row, why);
}

/// The filter, and with it the group whose members alone may log in.
fn search_filter(ctx: &mut Ctx<'_>, row: &Row<'_>, why: &Origin) {
    let (filter, by_group, group) = (row.str("filter"), row.bool("match_group"), row.str("match_group_dn"));
    let own = if filter.value.is_empty() || filter.value.starts_with('(') {
        filter.value.clone()
    } else {
        format!("({})", filter.value)
    };
    let asked = by_group.value && !group.value.is_empty();
    let mut text = filter.clone().map(|_| own).because(&by_group.origin);
    if by_group.value {
        text = text.because(&group.origin);
    }
    let answer = if asked { ctx.decide(&member_of(&group.value)) } else { None };
    let undecided = asked && answer.is_none();
    if let Some(answer) = answer {
        text = text.because(&answer.origin);
        if answer.value == "member-of" {
            let member = format!("(memberOf={})", filter_value(&group.value));
            text = text.map(|own| if own.is_empty() { member } else { format!("(&{own}{member})") });
        }
    }
    let how = row.path_of("match_group_member_attr");
    let each = row.path_of("match_group_iterate");
    ctx.idle(&[&how, &each], "`memberOf` tells the direct members");
    let keys = ["filter", "match_group", "match_group_dn"].map(|name| row.path_of(name));
    if undecided {
        return keys.iter().for_each(|key| ctx.undecided(key));
    }
    let written = !text.value.is_empty();
    for (key, source) in keys.iter().zip([&filter.origin, &by_group.origin, &group.origin]) {
        if written && source.sources().all(|s| text.origin.names(s)) {
            ctx.fate(key, Fate::Merged, "the filter");
        } else {
            ctx.idle(&[key], "it does not narrow the search");
        }
    }
    if written {
        ctx.put("authentication.ldap.userSearch.filter", text.because(why));
    }
}

fn member_of(group: &str) -> Question<'static> {
    Question {
        key: MATCH_GROUP,
        ask: format!(
            "only members of `{group}` could log in, which Dex can ask only of the user's own entry"
        ),
        choices: &[
            Choice {
                name: "member-of",
                effect: "add `(memberOf=GROUP)` to the filter; the directory must keep that attribute",
            },
            Choice { name: "everybody", effect: "whoever the rest of the search finds may log in" },
        ],
        proposal: Some("member-of"),
    }
}

/// The admin group, where MKE 3 takes its members as administrators; depends on all keys that say so.
fn admin_group(ctx: &Ctx<'_>) -> Option<Tracked<String>> {
    let (sync, by_group, group) =
        (ctx.mke3.bool(ADMIN_SYNC), ctx.mke3.bool(ADMIN_BY_GROUP), ctx.mke3.str(ADMIN_GROUP));
    let on = sync.value && by_group.value && !group.value.is_empty();
    on.then(|| group.because(&sync.origin).because(&by_group.origin))
}

/// The group search, and the binding for the administrators, who must be found by it.
fn groups(ctx: &mut Ctx<'_>, why: &Origin) {
    let admins = admin_group(ctx);
    let nothing = || Tracked::with_origin(NO_GROUPS.to_owned(), ctx.contract.origin());
    let proposal = match &admins {
        Some(group) => group.map_ref(|dn| first_rdn(dn).map_or_else(|| dn.clone(), |rdn| rdn.parent)),
        None => nothing(),
    };
    let ask = "below which DN Dex looks for the groups of a user (`none`: users have no groups)";
    let base = ctx.ask_text("ldap.groupSearch.baseDN", ask, Some(proposal), |text| {
        match text == NO_GROUPS || first_rdn(text).is_some() {
            true => Ok(()),
            false => Err("it is no DN".to_owned()),
        }
    });
    let base = base.filter(|base| base.value != NO_GROUPS).map(|base| base.because(why));
    if let Some(base) = &base {
        let field = |name: &str| format!("authentication.ldap.groupSearch.{name}");
        let because = |text: &str| Tree::leaf(text, &base.origin);
        let member = match &admins {
            Some(group) => ctx.mke3.str(ADMIN_MEMBER).because(&group.origin),
            None => Tracked::with_origin("member".to_owned(), ctx.contract.origin()),
        };
        ctx.put(&field("baseDN"), base.clone());
        ctx.put(&field("nameAttr"), because(GROUP_NAME));
        ctx.put(&field("userMatchers[0].userAttr"), because("DN"));
        ctx.put(&field("userMatchers[0].groupAttr"), member.because(&base.origin));
    }
    administrators(ctx, admins, base, why);
}

/// The answer that leaves the group search out.
const NO_GROUPS: &str = "none";

fn administrators(
    ctx: &mut Ctx<'_>,
    admins: Option<Tracked<String>>,
    base: Option<Tracked<String>>,
    why: &Origin,
) {
    const KEYS: &[&str] = &[ADMIN_SYNC, ADMIN_BY_GROUP, ADMIN_GROUP, ADMIN_MEMBER];
    let by_search = ctx.mke3.bool(ADMIN_SYNC).value
        && !ctx.mke3.bool(ADMIN_BY_GROUP).value
        && ADMIN_SEARCH.iter().any(|key| ctx.mke3.is_set(key));
    if by_search {
        let keys = [KEYS, ADMIN_SEARCH].concat();
        let finding = Finding::new(
            code::BY_HAND,
            "a search found the administrators in the directory; no binding can say that",
        )
        .help("put them into a group, and bind `cluster-admin` to that group after the upgrade");
        return ctx.drop_as(&keys, "no binding can express a search", finding);
    }
    ctx.idle(ADMIN_SEARCH, "administrators are not found by search");
    let (Some(group), Some(base)) = (&admins, &base) else {
        if let Some(group) = &admins {
            let text = format!("nobody of `{}` is an administrator: MKE 4k sees no groups", group.value);
            ctx.tell(ADMIN_GROUP, code::BY_HAND, text);
        }
        return ctx.idle(KEYS, "no group search, or no admin group");
    };
    ctx.fates(&[ADMIN_SYNC, ADMIN_BY_GROUP], Fate::Merged, "they say whether the admin group counts");
    ctx.fate(ADMIN_MEMBER, Fate::Merged, "the group search");
    match first_rdn(&group.value).filter(|rdn| rdn.attribute.eq_ignore_ascii_case(GROUP_NAME)) {
        Some(rdn) => {
            let why = why.clone().with(&base.origin).with(&group.origin);
            let binding = cluster_admins("ldap-admins", vec![group.map_ref(|_| rdn.value.clone())], &why);
            ctx.object("ldap-admins", binding);
            ctx.fate(ADMIN_GROUP, Fate::Moved, "a ClusterRoleBinding");
            ctx.findings.push(
                Finding::new(
                    code::MEANING,
                    format!(
                        "every group `{}` below `{}` makes its members administrators",
                        rdn.value, base.value
                    ),
                )
                .at_opt(ctx.mke3_place(ADMIN_GROUP))
                .note("MKE 4k knows a group by its name alone, not by its DN, and asks for it at each login")
                .help(
                    "make sure that there is just one group of this name there; the binding is `ldap-admins`",
                ),
            );
        }
        None => {
            ctx.fate(ADMIN_GROUP, Fate::Merged, "the group search");
            let text = format!(
                "`{}` has no `{GROUP_NAME}` to bind `cluster-admin` to: bind it by hand",
                group.value
            );
            ctx.tell(ADMIN_GROUP, code::BY_HAND, text);
        }
    }
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

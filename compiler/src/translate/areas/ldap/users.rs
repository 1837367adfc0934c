//! How Dex finds a user.

use super::names::{attribute, filter_value};
use super::{MATCH_GROUP, RULES, SEARCHES, URL};
use crate::diag::codes::translate as code;
use crate::mke3::Row;
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question};

pub(super) fn search(ctx: &mut Ctx<'_>, why: &Origin) {
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
            one_search(ctx, row, &why.clone().with(&chosen.origin));
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

fn one_search(ctx: &mut Ctx<'_>, row: &Row<'_>, why: &Origin) {
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

//! How Dex finds the groups of a user, and who becomes an administrator by them.

use super::super::auth::cluster_admins;
use super::names::{Rdn, first_rdn};
use super::{ADMIN_BY_GROUP, ADMIN_GROUP, ADMIN_MEMBER, ADMIN_SEARCH, ADMIN_SYNC};
use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::origin::{Origin, Source, Tracked};
use crate::translate::{Ctx, Fate};

/// Which attribute names a group in MKE 4k.
const GROUP_NAME: &str = "cn";

/// The answer that leaves the group search out.
const NO_GROUPS: &str = "none";

/// The admin group, where MKE 3 takes its members as administrators; depends on all keys that say so.
fn admin_group(ctx: &Ctx<'_>) -> Option<Tracked<String>> {
    let (sync, by_group, group) =
        (ctx.mke3.bool(ADMIN_SYNC), ctx.mke3.bool(ADMIN_BY_GROUP), ctx.mke3.str(ADMIN_GROUP));
    let on = sync.value && by_group.value && !group.value.is_empty();
    on.then(|| group.because(&sync.origin).because(&by_group.origin))
}

/// The group search, and the binding for the administrators, who must be found by it.
pub(super) fn search(ctx: &mut Ctx<'_>, why: &Origin) {
    let admins = admin_group(ctx);
    let proposal = match &admins {
        Some(group) => group.map_ref(|dn| first_rdn(dn).map_or_else(|| dn.clone(), |rdn| rdn.parent)),
        None => Tracked::with_origin(NO_GROUPS.to_owned(), ctx.contract.origin()),
    };
    let ask =
        format!("below which DN Dex looks for the groups of a user (`{NO_GROUPS}`: users have no groups)");
    let base = ctx.ask_text("ldap.groupSearch.baseDN", &ask, Some(proposal), |text| {
        match text == NO_GROUPS || text.contains('=') {
            true => Ok(()),
            false => Err("it is no DN".to_owned()),
        }
    });
    let base = base.filter(|base| base.value != NO_GROUPS).map(|base| base.because(why));
    if let Some(base) = &base {
        let field = |name: &str| format!("authentication.ldap.groupSearch.{name}");
        let because = |text: &str| Tree::leaf(text, &base.origin);
        ctx.put(&field("baseDN"), base.clone());
        ctx.put(&field("nameAttr"), because(GROUP_NAME));
        ctx.put(&field("userMatchers[0].userAttr"), because("DN"));
        let member = ctx.mke3.str(ADMIN_MEMBER).because(&base.origin);
        ctx.put(&field("userMatchers[0].groupAttr"), member);
        ctx.fate(ADMIN_MEMBER, Fate::Merged, "the group search");
    } else {
        ctx.idle(&[ADMIN_MEMBER], "users have no groups");
    }
    administrators(ctx, admins.as_ref(), base.as_ref(), why);
}

fn administrators(
    ctx: &mut Ctx<'_>,
    admins: Option<&Tracked<String>>,
    base: Option<&Tracked<String>>,
    why: &Origin,
) {
    const KEYS: &[&str] = &[ADMIN_SYNC, ADMIN_BY_GROUP, ADMIN_GROUP];
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
    let Some(group) = admins else {
        return ctx.idle(KEYS, "administrators do not come from a group");
    };
    let Some(base) = base else {
        let text = format!("nobody of `{}` is an administrator: MKE 4k sees no groups", group.value);
        ctx.tell(ADMIN_GROUP, code::BY_HAND, text);
        return ctx.idle(KEYS, "users have no groups");
    };
    match first_rdn(&group.value).filter(|rdn| rdn.attribute.eq_ignore_ascii_case(GROUP_NAME)) {
        Some(rdn) => {
            bind(ctx, group, &rdn, base, why);
            ctx.fates(&[ADMIN_SYNC, ADMIN_BY_GROUP], Fate::Merged, "they say whether the admin group counts");
            ctx.fate(ADMIN_GROUP, Fate::Moved, "a ClusterRoleBinding");
        }
        None => {
            let text = format!(
                "`{}` has no `{GROUP_NAME}` to bind `cluster-admin` to: bind it by hand",
                group.value
            );
            ctx.tell(ADMIN_GROUP, code::BY_HAND, text);
            if base.origin.names(&Source::new(ctx.mke3.file().label(), ADMIN_GROUP)) {
                ctx.fates(KEYS, Fate::Merged, "the group search");
            } else {
                ctx.idle(KEYS, "no binding can name the group");
            }
        }
    }
}

fn bind(ctx: &mut Ctx<'_>, group: &Tracked<String>, rdn: &Rdn, base: &Tracked<String>, why: &Origin) {
    let why = why.clone().with(&base.origin).with(&group.origin);
    let binding = cluster_admins("ldap-admins", vec![group.map_ref(|_| rdn.value.clone())], &why);
    ctx.object("ldap-admins", binding);
    ctx.findings.push(
        Finding::new(
            code::MEANING,
            format!("every group `{}` below `{}` makes its members administrators", rdn.value, base.value),
        )
        .at_opt(ctx.mke3_place(ADMIN_GROUP))
        .note("MKE 4k knows a group by its name alone, not by its DN, and asks for it at each login")
        .help("make sure that there is just one group of this name there; the binding is `ldap-admins`"),
    );
}

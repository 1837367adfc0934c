//! What must hold for every organization, however odd its names.

use super::made_up::{MadeUp, binding, id, member, subject};
use super::support::{answers, export, run};
use crate::access::export::{Export, Subject};
use crate::access::{Body, Object, Options, Translation, labels};
use crate::document::{Leaf, Scalar, Tree};
use crate::site::rights::StockRole;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names that are near each other, odd, or someone else's.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c]{1,2}",
        2 => "[aA][-_. ]?[bB]",
        1 => "(dev|ops|ops-dev|Dev|dév|view|edit|none|viewonly|a/b|a-team|docker-datacenter)",
        1 => "[ -~]{1,8}",
        1 => "\\PC{1,6}",
        1 => "[a-b]{60,64}",
        1 => "[実験部]{1,2}",
    ]
}

fn names(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set(name(), count).prop_map(|set| set.into_iter().collect())
}

/// What a binding is for: a number stands for a user, organization or team of the made-up site.
#[derive(Clone, Debug)]
enum Whom {
    Id(usize),
    Name(usize),
    Org(usize),
    Team(usize, usize),
    Other(&'static str),
}

fn whom() -> impl Strategy<Value = Whom> {
    prop_oneof![
        (0..6_usize).prop_map(Whom::Id),
        (0..6_usize).prop_map(Whom::Name),
        (0..3_usize).prop_map(Whom::Org),
        (0..3_usize, 0..3_usize).prop_map(|(o, t)| Whom::Team(o, t)),
        proptest::sample::select(vec![
            "Group:system:authenticated",
            "Group:oidc:x",
            "Group:team:gone:gone",
            "User:system:kube-scheduler",
            "User:stranger",
            "User:https://login.corp.example#c",
            "User:ffffffff-0000-5000-8000-000000000000",
            "ServiceAccount:ci/runner",
        ])
        .prop_map(Whom::Other),
    ]
}

fn site() -> impl Strategy<Value = MadeUp> {
    let users = (names(1..6), proptest::collection::vec((any::<u8>(), any::<u8>()), 6));
    let teams = || {
        names(0..3).prop_flat_map(|names| {
            let count = names.len();
            (
                Just(names),
                proptest::collection::vec(subsequence((0..6).collect::<Vec<usize>>(), 0..=6), count),
            )
        })
    };
    let orgs = names(0..4).prop_flat_map(move |names| {
        let count = names.len();
        let members = proptest::collection::vec(subsequence((0..6).collect::<Vec<usize>>(), 0..=6), count);
        (Just(names), members, proptest::collection::vec(teams(), count))
    });
    let role = prop_oneof![
        Just("view".to_owned()),
        Just("edit".to_owned()),
        Just("admin".to_owned()),
        Just("cluster-admin".to_owned()),
        Just("dev-team".to_owned()),
        Just("ops-org".to_owned()),
        name().prop_filter("a path segment", |n| !n.contains(['/', '%']) && n != "." && n != ".."),
    ];
    let bindings = proptest::collection::vec(
        (any::<bool>(), role.clone(), proptest::collection::vec(whom(), 0..4)),
        0..6,
    );
    let foreign = proptest::collection::vec(role, 0..3);
    let roles = names(0..3);
    let grants = proptest::collection::vec((0..10_usize, 0..7_usize, 0..9_usize), 0..5);
    (users, orgs, bindings, foreign, roles, grants).prop_map(
        |(users, orgs, bindings, foreign, roles, grants)| {
            build(users, orgs, bindings, foreign, roles, grants)
        },
    )
}

type Orgs = (Vec<String>, Vec<Vec<usize>>, Vec<(Vec<String>, Vec<Vec<usize>>)>);

fn build(
    (names, flags): (Vec<String>, Vec<(u8, u8)>),
    (org_names, org_members, org_teams): Orgs,
    bindings: Vec<(bool, String, Vec<Whom>)>,
    foreign: Vec<String>,
    roles: Vec<String>,
    grants: Vec<(usize, usize, usize)>,
) -> MadeUp {
    let mut m = MadeUp::new();
    m.accounts[0]["name"] = "the-admin".into();
    let mut users = Vec::new();
    for (i, (name, (a, b))) in names.iter().zip(flags).enumerate() {
        let mut user = super::made_up::user(i + 1, name);
        user["isActive"] = (a % 4 != 0).into();
        user["isAdmin"] = (a % 7 == 0).into();
        user["isImported"] = (b % 3 == 0).into();
        user["onDemand"] = (b % 5 == 0).into();
        user["locked"] = (b % 2 == 0).into();
        m.accounts.push(user.clone());
        users.push(user);
    }
    let members =
        |list: &[usize]| -> Vec<Value> { list.iter().filter_map(|i| users.get(*i)).map(member).collect() };
    let mut subjects: Vec<String> = users.iter().map(|u| u["id"].as_str().unwrap().to_owned()).collect();
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (o, name) in
        org_names.iter().enumerate().filter(|(_, name)| !names.contains(*name) && *name != "the-admin")
    {
        let teams: Vec<(usize, &str, Vec<Value>)> = org_teams[o]
            .0
            .iter()
            .zip(&org_teams[o].1)
            .enumerate()
            .map(|(t, (team, list))| (o * 10 + t, team.as_str(), members(list)))
            .collect();
        m.org(o, name, &members(&org_members[o]), &teams);
        subjects.push(id(2, o));
        subjects.extend(teams.iter().map(|(t, ..)| id(3, *t)));
        let team_groups = teams.iter().map(|(_, team, _)| format!("Group:team:{name}:{team}")).collect();
        groups.push((format!("Group:org:{name}"), team_groups));
    }
    for name in foreign {
        if !m.cluster_roles.iter().any(|r| r["metadata"]["name"] == name.as_str()) {
            m.cluster_roles.push(json!({"metadata": {"name": name}, "rules": []}));
        }
    }
    for (i, (namespaced, role, list)) in bindings.into_iter().enumerate() {
        let list: Vec<Value> = list
            .iter()
            .filter_map(|whom| match whom {
                Whom::Id(i) => users.get(*i).map(|u| format!("User:{}", u["id"].as_str().unwrap())),
                Whom::Name(i) => names.get(*i).map(|n| format!("User:{n}")),
                Whom::Org(o) => groups.get(*o).map(|(g, _)| g.clone()),
                Whom::Team(o, t) => groups.get(*o).and_then(|(_, teams)| teams.get(*t).cloned()),
                Whom::Other(text) => Some((*text).to_owned()),
            })
            .map(|text| subject(&text))
            .collect();
        let name = if i == 0 { "dev-team".to_owned() } else { format!("b{i}") };
        m.bindings.push(binding(namespaced.then_some("payments"), &name, &role, list));
    }
    for (i, name) in roles.iter().enumerate() {
        m.roles.push(json!({"id": id(4, i), "name": name, "system_role": false, "operations": {}}));
    }
    subjects.extend([
        "authenticated".to_owned(),
        "system:serviceaccount:ci:runner".to_owned(),
        "gone".to_owned(),
    ]);
    let objects = ["swarm", "system", "shared", "private", "payments", "kubernetesnamespaces", "gone"];
    let mut role_ids: Vec<String> = m.roles.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect();
    role_ids.push("gone".to_owned());
    let triples: BTreeSet<(usize, usize, usize)> =
        grants.into_iter().map(|(s, o, r)| (s % subjects.len(), o, r % role_ids.len())).collect();
    for (s, o, r) in triples {
        m.grant(&subjects[s], objects[o], &role_ids[r]);
    }
    m
}

/// A right: where (`None` is everywhere) and which role.
type Right = (Option<String>, String);

/// The rights of somebody with this name and these groups, by bindings; aggregated roles of ours taken apart.
fn rights(
    bindings: &[(Option<String>, String, Vec<Subject>)],
    roles: &BTreeMap<String, BTreeSet<String>>,
    is: impl Fn(&Subject) -> bool,
) -> BTreeSet<Right> {
    let mut found = BTreeSet::new();
    for (namespace, role, subjects) in bindings {
        if subjects.iter().any(&is) {
            match roles.get(role) {
                Some(stock) => found.extend(stock.iter().map(|role| (namespace.clone(), role.clone()))),
                None => drop(found.insert((namespace.clone(), role.clone()))),
            }
        }
    }
    found
}

/// All bindings after the objects were applied, nothing deleted.
fn applied(export: &Export, objects: &[(String, Object)]) -> Vec<(Option<String>, String, Vec<Subject>)> {
    let mut all: BTreeMap<(Option<String>, String), (String, Vec<Subject>)> = export
        .kubernetes
        .bindings
        .iter()
        .map(|b| ((b.namespace.clone(), b.name.clone()), (b.role.name.clone(), b.subjects.clone())))
        .collect();
    for (_, object) in objects {
        if let Body::Binding(role, subjects) = &object.body {
            let key = (object.namespace.clone(), object.name.clone());
            if let Some((old, _)) = all.get(&key) {
                assert_eq!(*old, role.name, "an object of others is changed");
            }
            all.insert(key, (role.name.clone(), subjects.clone()));
        }
    }
    all.into_iter().map(|((namespace, _), (role, subjects))| (namespace, role, subjects)).collect()
}

/// What our ClusterRoles give: the stock roles that they collect.
fn our_roles(objects: &[(String, Object)]) -> BTreeMap<String, BTreeSet<String>> {
    let stock = |labels: &BTreeSet<(String, String)>| {
        let is = |role: &StockRole| labels.contains(&(labels::aggregate_to(role.name()), "true".to_owned()));
        StockRole::ALL.iter().filter(|role| is(role)).map(|role| role.name().to_owned()).collect()
    };
    objects
        .iter()
        .filter_map(|(_, object)| match &object.body {
            Body::Aggregated(labels) => Some((object.name.clone(), stock(labels))),
            Body::Empty => Some((object.name.clone(), BTreeSet::new())),
            _ => None,
        })
        .collect()
}

fn decided() -> Options {
    Options { answers: answers(&[("access.directory-users", "account-name")]), ..Options::default() }
}

fn is_object_name(name: &str) -> bool {
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name.starts_with(ok)
        && name.ends_with(ok)
        && name.chars().all(|c| ok(c) || c == '-' || c == '.')
}

fn is_label_value(value: &str) -> bool {
    value.len() <= 63 && (value == "true" || is_object_name(value))
}

fn tree_json(tree: &Tree) -> Value {
    match tree {
        Tree::Map(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), tree_json(v))).collect()),
        Tree::List(items) => items.iter().map(tree_json).collect(),
        Tree::Leaf(Leaf { scalar: Scalar::Bool(on), .. }) => (*on).into(),
        Tree::Leaf(leaf) => leaf.scalar.text().into(),
    }
}

fn shown(translation: &Translation) -> Vec<String> {
    let origins = translation.account.objects.iter().map(|value| format!("{value:?}"));
    translation.objects.iter().map(|(place, object)| format!("{place} {object:?}")).chain(origins).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_merges_and_names_are_valid(site in site()) {
        let export = export(&site.text());
        let (translation, findings) = run(&export, &decided());
        let faults: Vec<_> = findings.iter().filter(|f| f.code.id.starts_with("T0")).collect();
        prop_assert!(faults.is_empty(), "{faults:?}");
        let nodes = export.orgs.len() + export.orgs.iter().map(|o| o.teams.len()).sum::<usize>();
        let roles: Vec<&Object> = translation.objects.iter().map(|(_, o)| o)
            .filter(|o| matches!(o.body, Body::Aggregated(_))).collect();
        prop_assert_eq!(roles.len(), nodes);
        let ids: BTreeSet<&str> = roles.iter().map(|o| o.annotations[labels::MKE3_ID].as_str()).collect();
        prop_assert_eq!(ids.len(), nodes);
        let mut seen = BTreeSet::new();
        for (_, object) in &translation.objects {
            prop_assert!(seen.insert((object.kind(), object.namespace.clone(), object.name.clone())));
            if object.labels.contains_key(labels::KIND) {
                prop_assert!(is_object_name(&object.name), "{}", object.name);
                prop_assert!(object.labels.values().all(|v| is_label_value(v)), "{:?}", object.labels);
                prop_assert!(!export.kubernetes.cluster_roles.contains_key(&object.name), "{}", object.name);
            }
            if let Body::Aggregated(selectors) = &object.body {
                prop_assert!(!selectors.is_empty() && selectors.iter().all(|(_, v)| is_label_value(v)));
            }
        }
    }

    #[test]
    fn nobody_gains_a_right(site in site()) {
        let export = export(&site.text());
        let (translation, findings) = run(&export, &decided());
        let before: Vec<_> = export.kubernetes.bindings.iter()
            .map(|b| (b.namespace.clone(), b.role.name.clone(), b.subjects.clone())).collect();
        let after = applied(&export, &translation.objects);
        let ours = our_roles(&translation.objects);
        let mut pods = false;
        for user in &translation.report.users {
            let account = export.users.iter().find(|u| u.id == user.user_id).unwrap();
            let groups: BTreeSet<String> = export.orgs.iter().flat_map(|org| {
                let is = |members: &[crate::access::export::Member]| members.iter().any(|m| m.user == account.id);
                let teams = org.teams.iter().filter(move |team| is(&team.members));
                let own = is(&org.members) || org.teams.iter().any(|team| is(&team.members));
                teams.map(move |team| format!("team:{}:{}", org.name, team.name))
                    .chain(own.then(|| format!("org:{}", org.name)))
            }).chain(["system:authenticated".to_owned()]).collect();
            let had = rights(&before, &BTreeMap::new(), |subject| account.active && match subject {
                Subject::User(name) => *name == account.id,
                Subject::Group(name) => groups.contains(name),
                Subject::ServiceAccount(..) => false,
            });
            // A user who is left out could still have a login of that name.
            let login = user.subject_name.clone().unwrap_or_else(|| user.name.clone());
            let has = rights(&after, &ours, |subject| match subject {
                Subject::User(name) => *name == login,
                Subject::Group(name) => name == "system:authenticated",
                Subject::ServiceAccount(..) => false,
            });
            let all_may = rights(&before, &BTreeMap::new(), |s| *s == Subject::Group("system:authenticated".to_owned()));
            let gained: Vec<_> = has.iter().filter(|right| !had.contains(*right) && !all_may.contains(*right)).collect();
            let is_admin = account.admin && account.active;
            prop_assert!(gained.is_empty() || is_admin, "{login} gains {gained:?}; had {had:?}");
            // Nor does an active user lose one.
            if user.result == "carried" {
                let lost: Vec<_> = had.iter().filter(|right| !has.contains(*right)).collect();
                prop_assert!(lost.is_empty() || is_admin, "{login} loses {lost:?}; has {has:?}");
            }
            pods |= has.iter().any(|(_, role)| ["edit", "admin"].contains(&role.as_str()));
        }
        prop_assert!(!pods || findings.iter().any(|f| f.code.id == "R030"));
    }

    #[test]
    fn no_name_that_meant_nobody_is_bound_but_by_an_operators_word(site in site()) {
        let export = export(&site.text());
        let given = [
            ("access.directory-users", "account-name"),
            ("access.foreign-users", "drop"),
            ("access.foreign-groups", "drop"),
        ];
        let (translation, _) = run(&export, &Options { answers: answers(&given), ..Options::default() });
        let users: BTreeSet<&str> =
            translation.report.users.iter().filter_map(|user| user.subject_name.as_deref()).collect();
        let orgs: BTreeSet<&str> = export.orgs.iter().map(|org| org.name.as_str()).collect();
        for (_, _, subjects) in applied(&export, &translation.objects) {
            for subject in subjects {
                let meant = match &subject {
                    // Nobody logs in by an id, nor has a directory such groups: they wait for their deletion.
                    Subject::User(name) => name.starts_with("system:") || users.contains(name.as_str())
                        || name.len() == 36,
                    Subject::Group(name) => name.starts_with("system:") || name.starts_with("team:")
                        || name.strip_prefix("org:").is_some_and(|org| orgs.contains(org)),
                    Subject::ServiceAccount(..) => true,
                };
                prop_assert!(meant, "{subject:?}");
            }
        }
    }

    #[test]
    fn the_order_of_the_export_changes_nothing(site in site(), seed in any::<u64>()) {
        let mut turned = site.clone();
        let turn = |n: usize| if n == 0 { 0 } else { (seed % n as u64) as usize };
        turned.accounts.reverse();
        turned.roles.reverse();
        turned.collections.reverse();
        turned.cluster_roles.reverse();
        let (grants, bindings) = (turned.grants.len(), turned.bindings.len());
        turned.grants.rotate_left(turn(grants));
        turned.bindings.rotate_left(turn(bindings));
        for (_, answers) in &mut turned.orgs {
            for list in ["/members/0/members", "/teams/0/teams"] {
                answers.pointer_mut(list).unwrap().as_array_mut().unwrap().reverse();
            }
        }
        let (one, _) = run(&export(&site.text()), &decided());
        let (other, _) = run(&export(&turned.text()), &decided());
        prop_assert_eq!(shown(&one), shown(&other));
        prop_assert_eq!(one.report.items, other.report.items);
    }

    #[test]
    fn translating_a_translated_cluster_changes_nothing(site in site()) {
        let (first, _) = run(&export(&site.text()), &decided());
        let mut applied = site.clone();
        for (_, object) in &first.objects {
            let json = tree_json(&object.tree());
            let same = |other: &Value| {
                other["metadata"]["name"] == json["metadata"]["name"]
                    && other["metadata"].get("namespace") == json["metadata"].get("namespace")
            };
            match object.kind() {
                "ClusterRole" => applied.cluster_roles.push(json),
                "Password" => {}
                _ => {
                    applied.bindings.retain(|b| !same(b));
                    applied.bindings.push(json);
                }
            }
        }
        let (second, _) = run(&export(&applied.text()), &decided());
        let objects = |t: &Translation| t.files();
        prop_assert_eq!(objects(&first), objects(&second));
    }
}

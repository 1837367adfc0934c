//! One small export for each finding: it says so with the case in it, and does not without.

use super::made_up::{MadeUp, binding, id, member, subject};
use super::support::{answers, decisions, export, run, swarm_roles};
use crate::access::answers::Answers;
use crate::access::export::Subject;
use crate::access::hashes::Hashes;
use crate::access::mapping::Mapping;
use crate::access::writer::{ClusterRoles, Writer};
use crate::access::{Around, Body, Object, Options, Rights, translate};
use crate::diag::{Findings, Severity, codes, render};
use crate::site::SiteFile;
use crate::site::rights::StockRole;
use crate::source::File;
use serde_json::json;
use std::collections::BTreeSet;

/// A case: the code, what it is about, and how it comes about.
type Case = (&'static str, &'static str, fn(&mut MadeUp));

const CASES: &[Case] = &[
    ("R001", "user:CarolAnn", |m| drop(m.user(1, "CarolAnn"))),
    ("R001", "team:acme/On Call", |m| m.org(1, "acme", &[], &[(1, "On Call", vec![])])),
    ("R001", "org:a.b", |m| m.org(1, "a.b", &[], &[])),
    ("R002", "team:b/dev", |m| {
        m.org(1, "a", &[], &[(1, "dev", vec![])]);
        m.org(2, "b", &[], &[(2, "dev", vec![])]);
    }),
    ("R002", "org:a_b", |m| {
        m.org(1, "a.b", &[], &[]);
        m.org(2, "a_b", &[], &[]);
    }),
    ("R002", "team:acme/dev", |m| {
        m.cluster_roles.push(json!({"metadata": {"name": "dev-team"}, "rules": []}));
        m.org(1, "acme", &[], &[(1, "dev", vec![])]);
    }),
    ("R003", "user:erin", |m| {
        m.user(1, "erin");
        m.accounts[1]["isActive"] = false.into();
    }),
    ("R004", "user:dave", |m| {
        m.user(1, "dave");
        m.accounts[1]["locked"] = true.into();
    }),
    ("R005", "user:gina", |m| {
        m.user(1, "gina");
        m.accounts[1]["isImported"] = true.into();
    }),
    ("R005", "user:frank", |m| {
        m.user(1, "frank");
        m.accounts[1]["onDemand"] = true.into();
    }),
    ("R006", "user:bob", |m| drop(m.user(1, "bob"))),
    ("R007", "org:acme", |m| {
        m.org(1, "acme", &[], &[]);
        m.grant(&id(2, 1), "shared", "viewonly");
    }),
    ("R007", "role:builder", |m| {
        m.roles.push(json!({"id": id(4, 1), "name": "builder", "system_role": false, "operations": {}}));
    }),
    ("R008", "grant:bob/shared/viewonly", |m| {
        m.user(1, "bob");
        m.grant(&id(1, 1), "shared", "viewonly");
    }),
    ("R009", "collection:/Shared/prod", |m| {
        let constraint =
            json!([{"type": "node", "label_key": "tier", "label_value": "prod", "equality": true}]);
        m.collections.push(json!({"id": id(5, 1), "path": "/Shared/prod", "label_constraints": constraint}));
    }),
    ("R010", "grant:acme/swarm/fullcontrol", |m| {
        m.org(1, "acme", &[], &[]);
        m.grant(&id(2, 1), "swarm", "fullcontrol");
    }),
    ("R010", "grant:acme/system/viewonly", |m| {
        m.org(1, "acme", &[], &[]);
        m.grant(&id(2, 1), "system", "viewonly");
    }),
    ("R011", "team:acme/dev", |m| {
        m.org(1, "acme", &[], &[(1, "dev", vec![])]);
        m.orgs[0].1["teamDetails"][id(3, 1)]["memberSyncConfig"] =
            json!({"enableSync": true, "groupDN": "cn=dev"});
    }),
    ("R012", "team:acme/dev", |m| {
        m.org(1, "acme", &[], &[(1, "dev", vec![])]);
        m.orgs[0].1["teamDetails"][id(3, 1)]["kaasRoleConfig"] =
            json!({"enableIamRole": true, "roleName": "acme:dev"});
    }),
    ("R013", "grant:acme/shared/00000004-0000-5000-8000-000000000009", |m| {
        m.org(1, "acme", &[], &[]);
        m.grant(&id(2, 1), "shared", &id(4, 9));
    }),
    ("R013", "grant:acme/nothing/viewonly", |m| {
        m.org(1, "acme", &[], &[]);
        m.grant(&id(2, 1), "nothing", "viewonly");
    }),
    ("R013", "clusterrolebinding:ghost", |m| {
        m.bindings.push(binding(None, "ghost", "view", vec![subject("Group:team:acme:gone")]));
    }),
    ("R013", "clusterrolebinding:named", |m| {
        // MKE 3 knows bob by his id: this binding did nothing there, and must not begin to.
        m.user(1, "bob");
        m.bindings.push(binding(None, "named", "edit", vec![subject("User:Bob")]));
    }),
    ("R013", "org:acme", |m| {
        let ghost = super::made_up::user(9, "ghost");
        m.org(1, "acme", &[member(&ghost)], &[]);
    }),
    ("R014", "grant:authenticated/shared/scheduler", |m| m.grant("authenticated", "shared", "scheduler")),
    ("R015", "grant:acme/payments/viewonly", |m| {
        m.org(1, "acme", &[], &[]);
        m.grant(&id(2, 1), "payments", "viewonly");
    }),
    ("R015", "grant:system:serviceaccount:ci:runner/shared/viewonly", |m| {
        m.grant("system:serviceaccount:ci:runner", "shared", "viewonly");
    }),
    ("R016", "rolebinding:payments/bobs", |m| {
        m.user(1, "bob");
        m.bindings.push(binding(
            Some("payments"),
            "bobs",
            "view",
            vec![subject(&format!("User:{}", id(1, 1)))],
        ));
    }),
    ("R017", "org:acme", |m| m.org(1, "acme", &[], &[])),
    ("R020", "org:docker-datacenter", |m| m.org(1, "docker-datacenter", &[], &[])),
    ("R022", "org:acme", |m| {
        let bob = m.user(1, "bob");
        m.org(1, "acme", &[json!({"member": bob, "isAdmin": true})], &[]);
    }),
    ("R022", "org:acme", |m| {
        m.org(1, "acme", &[], &[]);
        m.orgs[0].1["adminMemberSyncConfig"] = json!({"enableSync": true});
    }),
    ("R023", "config:auth", |m| m.auth["default_new_user_role"] = "restrictedcontrol".into()),
    ("R025", "user:system:admin", |m| drop(m.user(1, "system:admin"))),
    ("R026", "users:admins", |m| m.accounts[0]["isActive"] = false.into()),
    ("R027", "rolebinding:gone/x", |m| m.bindings.push(binding(Some("gone"), "x", "view", vec![]))),
    ("R029", "collection:/Shared/Private/bob", |m| {
        m.collections.push(json!({"id": id(5, 1), "path": "/Shared/Private/bob", "label_constraints": []}));
    }),
    ("R030", "cluster", |m| {
        m.org(1, "acme", &[], &[]);
        m.bindings.push(binding(None, "x", "edit", vec![subject("Group:org:acme")]));
    }),
    ("R030", "cluster", |m| {
        // Whoever may change a workload decides what its pods are.
        let rules = json!([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}]);
        m.cluster_roles.push(json!({"metadata": {"name": "deployer"}, "rules": rules}));
        m.bindings.push(binding(
            Some("payments"),
            "x",
            "deployer",
            vec![subject("ServiceAccount:payments/ci")],
        ));
    }),
    ("R030", "cluster", |m| {
        // A container that is added to a pod is no less privileged than the pod's own.
        let rules =
            json!([{"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]}]);
        m.cluster_roles.push(json!({"metadata": {"name": "debugger"}, "rules": rules}));
        m.bindings.push(binding(None, "x", "debugger", vec![subject("Group:developers")]));
    }),
    ("R031", "clusterrolebinding:x", |m| {
        m.org(1, "acme", &[], &[]);
        m.bindings.push(binding(None, "x", "view", vec![subject("Group:org:acme")]));
    }),
    ("R032", "user:Bob", |m| {
        m.user(1, "bob");
        m.user(2, "Bob");
    }),
    ("R033", "clusterrolebinding:x", |m| {
        m.bindings.push(binding(None, "x", "view", vec![subject("Group:oidc:corp-admins")]));
    }),
    ("R033", "clusterrolebinding:x", |m| {
        m.bindings.push(binding(None, "x", "view", vec![subject("Group:developers")]));
    }),
    ("R037", "clusterrolebinding:x", |m| {
        // Nobody's id, so the name meant nobody; it will mean whoever logs in by it.
        m.bindings.push(binding(None, "x", "admin", vec![subject("User:dave@corp.example")]));
    }),
    ("R037", "rolebinding:payments/x", |m| {
        let name = "User:https://login.corp.example#dave";
        m.bindings.push(binding(Some("payments"), "x", "view", vec![subject(name)]));
    }),
    (
        "R038",
        "user:実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実験実",
        |m| {
            // 51 characters are 153 bytes.
            m.user(1, &("実験".repeat(25) + "実"));
        },
    ),
    ("R034", "user:gina", |m| {
        m.user(1, "gina");
        m.accounts[1]["otpEnabled"] = true.into();
    }),
    ("R036", "clusterrolebinding:ucp:x", |m| {
        m.bindings.push(binding(None, "ucp:x", "view", vec![subject("Group:a")]))
    }),
    ("R036", "clusterrole:privileged-psp-role", |m| {
        m.cluster_roles.push(json!({"metadata": {"name": "privileged-psp-role"}, "rules": []}));
    }),
];

fn has(made_up: &MadeUp, options: &Options, code: &str, subject: &str) -> bool {
    let (translation, findings) = run(&export(&made_up.text()), options);
    let faults: Vec<_> = findings.iter().filter(|f| f.code.id.starts_with("T00")).collect();
    assert!(faults.is_empty(), "{code}: {faults:?}");
    let noted = translation.report.items.iter().any(|item| item.code == code && item.subject == subject);
    assert!(!noted || findings.iter().any(|f| f.code.id == code), "{code} is in the report, but no finding");
    noted
}

#[test]
fn every_case_is_found_where_it_is_and_nowhere_else() {
    for (code, subject, make) in CASES {
        let mut made_up = MadeUp::new();
        assert!(!has(&made_up, &Options::default(), code, subject), "{code} without its case");
        make(&mut made_up);
        assert!(has(&made_up, &Options::default(), code, subject), "{code} {subject}");
    }
}

#[test]
fn every_code_of_rights_has_a_case() {
    // Always there, about reading, about mke3.toml, or about answers that few exports have: each has a test of its own.
    let elsewhere = ["R021", "R024", "R028", "R035"];
    let tested: BTreeSet<&str> = CASES.iter().map(|(code, ..)| *code).chain(elsewhere).collect();
    let all: BTreeSet<&str> =
        codes::access::ALL.iter().map(|c| c.id).filter(|id| id.starts_with('R')).collect();
    assert_eq!(tested, all);
}

#[test]
fn what_belongs_to_no_account_is_told_too() {
    let mut made_up = MadeUp::new();
    let (translation, _) = run(&export(&made_up.text()), &Options::default());
    assert!(translation.report.items.iter().any(|item| item.code == "R021"));
    made_up.accounts[0]["name"] = "root".into();
    let mut json = made_up.json();
    json["publicKeys"] = json!({id(1, 0): [{"accountPublicKeys": [{}, {}], "nextPageStart": ""}]});
    let around = Around { provisioning: vec![("SCIM", None)], ..Around::default() };
    let mut findings = Findings::new();
    let translation =
        translate(&export(&json.to_string()), &Options::default(), &around, &ClusterRoles, &mut findings);
    let item = |code| translation.report.items.iter().find(|item| item.code == code).unwrap();
    assert!(item("R028").detail.starts_with("2 client bundles"));
    assert_eq!(item("R035").subject, "config:SCIM");
}

#[test]
fn a_blocker_stops_and_a_decision_is_asked_for_once() {
    for (code, _, make) in CASES {
        let mut made_up = MadeUp::new();
        make(&mut made_up);
        let options = Options { answers: answers(&[("access.passwords", "reset")]), ..Options::default() };
        let (_, findings) = run(&export(&made_up.text()), &options);
        let known = codes::access::ALL.iter().find(|c| c.id == *code).unwrap();
        if known.severity.stops() && *code != "R006" {
            assert!(findings.stop(), "{code}");
            assert_eq!(findings.iter().filter(|f| f.code.id == *code).count(), 1, "{code}");
        }
    }
}

#[test]
fn an_answer_lets_its_point_through_and_changes_what_it_says() {
    let mut made_up = MadeUp::new();
    let gina = made_up.user(1, "gina");
    made_up.accounts[1]["isImported"] = true.into();
    made_up.org(1, "acme", &[], &[(1, "dev", vec![member(&gina)])]);
    made_up.orgs[0].1["teamDetails"][id(3, 1)]["memberSyncConfig"] = json!({"enableSync": true});
    made_up.bindings.push(binding(None, "old", "view", vec![subject("Group:oidc:x")]));
    let export = export(&made_up.text());
    let bound = |given: &[(&str, &str)]| -> Vec<String> {
        let options = Options { answers: answers(given), ..Options::default() };
        let (translation, _) = run(&export, &options);
        let all = translation.objects.iter().filter(|(_, o)| o.name == "dev-team" || o.name == "old");
        all.map(|(_, object)| object.summary()).filter(|s| s.contains("subjects")).collect()
    };
    assert_eq!(bound(&[]), ["dev-team to 1 subjects"]);
    assert_eq!(bound(&[("access.directory-users", "account-name")]), ["dev-team to 1 subjects"]);
    assert_eq!(bound(&[("access.directory-users", "leave-out")]), ["dev-team to 0 subjects"]);
    assert_eq!(bound(&[("access.synced-teams", "freeze")]), ["dev-team to 1 subjects"]);
    assert_eq!(bound(&[("access.synced-teams", "leave-out")]), ["dev-team to 0 subjects"]);
    let proposed = |given: &[(&str, &str)]| {
        let options = Options { answers: answers(given), ..Options::default() };
        run(&export, &options).0.report.delete_proposed
    };
    assert!(proposed(&[("access.foreign-groups", "keep")]).is_empty());
    assert_eq!(proposed(&[("access.foreign-groups", "drop")]), ["clusterrolebinding:old"]);
    assert!(proposed(&[("access.foreign-groups", "drop"), ("access.stale-bindings", "keep")]).is_empty());
}

#[test]
fn names_of_an_identity_provider_take_the_place_of_accounts() {
    let mut made_up = MadeUp::new();
    let gina = made_up.user(1, "gina");
    made_up.accounts[1]["isImported"] = true.into();
    made_up.org(1, "acme", &[], &[(1, "dev", vec![member(&gina)]), (2, "ops", vec![member(&gina)])]);
    made_up.orgs[0].1["teamDetails"][id(3, 1)]["memberSyncConfig"] = json!({"enableSync": true});
    let mut findings = Findings::new();
    let text = "users:\n  gina: gina@corp.example\nteams:\n  acme/dev: developers\n";
    let mapping = Mapping::read(&File::new("access/names.yaml", text), &mut findings);
    assert!(findings.is_empty());
    let (translation, findings) = run(&export(&made_up.text()), &Options { mapping, ..Options::default() });
    assert!(!findings.iter().any(|f| ["R005", "R011"].contains(&f.code.id)), "{findings:?}");
    let files = translation.files();
    let bindings = &files["rbac/bindings.yaml"];
    assert!(bindings.contains("kind: Group\n  name: developers"), "{bindings}");
    assert!(bindings.contains("kind: User\n  name: 'gina@corp.example'"), "{bindings}");
    assert!(!bindings.contains("name: gina\n"));
    // The group is there in the place of today's members, not beside them: it says who comes and who goes.
    let team = translation.objects.iter().find(|(place, _)| place.ends_with("ClusterRoleBinding/dev-team"));
    let Some((_, Object { body: Body::Binding(_, subjects), .. })) = team else { panic!("{team:?}") };
    assert_eq!(subjects, &[Subject::Group("developers".to_owned())]);
}

#[test]
fn a_dead_binding_of_others_does_not_come_alive_by_a_role_of_ours() {
    let mut made_up = MadeUp::new();
    let (bob, eve) = (made_up.user(1, "bob"), made_up.user(2, "eve"));
    made_up.org(1, "acme", &[member(&eve)], &[(1, "dev", vec![member(&bob)])]);
    // Their roles are not there, so they give nothing.
    made_up.bindings.push(binding(
        None,
        "left-over",
        "dev-team",
        vec![subject(&format!("User:{}", id(1, 2)))],
    ));
    made_up.bindings.push(binding(
        Some("payments"),
        "also",
        "acme-org",
        vec![subject("Group:team:acme:dev")],
    ));
    let (translation, _) = run(&export(&made_up.text()), &Options::default());
    let roles = translation.objects.iter().filter(|(_, object)| object.kind() == "ClusterRole");
    let names: Vec<&str> = roles.map(|(_, object)| object.name.as_str()).collect();
    assert!(names.contains(&"acme-dev-team"), "{names:?}");
    assert!(!names.contains(&"dev-team") && !names.contains(&"acme-org"), "{names:?}");
}

#[test]
fn a_hash_becomes_a_login_whose_secret_is_a_slot() {
    let mut made_up = MadeUp::new();
    made_up.user(1, "bob");
    let options = Options { hashes: hashes(&["bob", "nobody"]), ..Options::default() };
    let (translation, findings) = run(&export(&made_up.text()), &options);
    insta::assert_snapshot!(translation.files()["rbac/passwords.yaml"]);
    assert!(findings.iter().any(|f| f.code.id == "A013" && f.message.contains("nobody")));
    assert!(!format!("{translation:?}{findings:?}").contains(HASH));
    assert_eq!((translation.report.summary.passwords, translation.report.summary.passwords_to_reset), (1, 1));
}

#[test]
fn a_swarm_role_becomes_what_an_operator_says() {
    let mut made_up = MadeUp::new();
    let bob = made_up.user(1, "bob");
    made_up.org(1, "acme", &[member(&bob)], &[]);
    made_up.grant(&id(2, 1), "swarm", "fullcontrol");
    let options = Options {
        swarm_roles: swarm_roles(&[("fullcontrol", StockRole::Admin), ("none-such", StockRole::View)]),
        ..Options::default()
    };
    let (translation, findings) = run(&export(&made_up.text()), &options);
    let role = translation.objects.iter().find(|(place, _)| place.ends_with("ClusterRole/acme-org")).unwrap();
    assert_eq!(role.1.summary(), "collects rbac.authorization.k8s.io/aggregate-to-admin=true");
    let ids: BTreeSet<&str> = findings.iter().map(|f| f.code.id).collect();
    assert!(ids.contains("R030") && ids.contains("A014"), "{ids:?}");
    assert!(!ids.contains("R010") && !ids.contains("R007"), "{ids:?}");
}

#[test]
fn a_guard_that_will_not_be_there_is_no_answer() {
    let mut findings = Findings::new();
    let options = Options { answers: answers(&[("access.privileged-pods", "policy")]), ..Options::default() };
    let export = export(&MadeUp::new().text());
    translate(&export, &options, &Around::default(), &ClusterRoles, &mut findings);
    assert!(findings.iter().any(|f| f.code.id == "T205" && f.severity() == Severity::Error));
}

#[test]
fn wrong_decisions_are_told() {
    let mut findings = Findings::new();
    let given =
        decisions(&[("access.stale-bindings", "burn"), ("access.stale-binding", "delete"), ("other", "x")]);
    let answers = Answers::read(&given, &mut findings);
    answers.unused(|_| false, &mut findings);
    let unused = super::support::answers(&[("access.org-admins", "drop")]);
    unused.unused(|_| false, &mut findings);
    let said: Vec<String> = findings.iter().map(|f| render(f, false)).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn names_that_can_not_be_used_are_told() {
    let mut findings = Findings::new();
    let text = "users:\n  a: system:masters\n  b: ''\n  c: 7\n  nobody: x\nteams:\n  acme/gone: developers\nteam: {}\n";
    let mapping = Mapping::read(&File::new("access/names.yaml", text), &mut findings);
    let options = Options { mapping, ..Options::default() };
    let (_, found) = run(&export(&MadeUp::new().text()), &options);
    findings.extend(found.into_iter().filter(|f| f.code.id == "A010"));
    let said: Vec<String> = findings.iter().map(|f| render(f, false)).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_user_name_that_meant_nobody_is_kept_or_dropped_by_an_operators_word_alone() {
    let mut made_up = MadeUp::new();
    made_up.user(1, "bob");
    let (bob, dave) = (subject(&format!("User:{}", id(1, 1))), subject("User:dave@corp.example"));
    let system = subject("User:system:kube-scheduler");
    made_up.bindings.push(binding(None, "both", "view", vec![bob, dave.clone()]));
    made_up.bindings.push(binding(Some("payments"), "one", "admin", vec![dave]));
    made_up.bindings.push(binding(None, "theirs", "view", vec![system]));
    let export = export(&made_up.text());
    let bound = |given: &[(&str, &str)]| {
        let (translation, findings) =
            run(&export, &Options { answers: answers(given), ..Options::default() });
        let mut names = Vec::new();
        for (_, object) in &translation.objects {
            if let Body::Binding(_, subjects) = &object.body
                && object.name != "mke3-admins"
            {
                names.push(format!("{}: {subjects:?}", object.name));
            }
        }
        let asked = findings.iter().filter(|f| f.code.id == "R037").count();
        (names, asked, translation.report.delete_proposed)
    };
    let kept = r#"both: [User("bob"), User("dave@corp.example")]"#;
    assert_eq!(bound(&[]), (vec![kept.to_owned()], 1, vec![]));
    assert_eq!(bound(&[("access.foreign-users", "keep")]), (vec![kept.to_owned()], 0, vec![]));
    let dropped = vec![r#"both: [User("bob")]"#.to_owned(), "one: []".to_owned()];
    let stale = vec!["rolebinding:payments/one".to_owned()];
    assert_eq!(bound(&[("access.foreign-users", "drop")]), (dropped, 0, stale));
}

const HASH: &str = "$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

/// A file of hashes for these users.
fn hashes(names: &[&str]) -> Hashes {
    let bytes: Vec<u8> = names.iter().flat_map(|name| format!("{name}:{HASH}\n").into_bytes()).collect();
    let file = SiteFile { path: None, size: bytes.len() as u64, bytes: Some(bytes), mode: Some(0o600) };
    let mut findings = Findings::new();
    let hashes = Hashes::read("access/htpasswd", &file, &mut findings);
    assert!(findings.is_empty());
    hashes
}

#[test]
fn a_local_user_with_capitals_logs_in_and_is_bound_in_small_letters() {
    let mut made_up = MadeUp::new();
    let members: Vec<_> = ["CarolAnn", "ΝΊΚΟΣ", "Reset", "GinaLu"]
        .iter()
        .enumerate()
        .map(|(i, name)| member(&made_up.user(i + 1, name)))
        .collect();
    made_up.accounts[4]["isImported"] = true.into();
    made_up.org(1, "acme", &[], &[(1, "dev", members)]);
    let options = Options { hashes: hashes(&["CarolAnn", "ΝΊΚΟΣ"]), ..Options::default() };
    let (translation, findings) = run(&export(&made_up.text()), &options);
    let faults: Vec<_> = findings.iter().filter(|f| f.code.id.starts_with("T0")).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let of = |name: &str| translation.objects.iter().find(|(place, _)| place.ends_with(name)).unwrap();
    let (_, Object { body: Body::Binding(_, subjects), .. }) = of("ClusterRoleBinding/dev-team") else {
        panic!()
    };
    let names = ["GinaLu", "carolann", "reset", "νίκοσ"].map(|name| Subject::User(name.to_owned()));
    assert_eq!(subjects, &names);
    insta::assert_snapshot!(translation.files()["rbac/passwords.yaml"]);
    let said: Vec<&str> =
        translation.report.items.iter().filter(|i| i.code == "R001").map(|i| i.detail.as_ref()).collect();
    assert!(said.iter().any(|detail| detail.contains("logs in as `carolann`")), "{said:?}");
    // A hash is found by the account's name.
    assert!(translation.slots().any(|(_, user)| user == "CarolAnn"));
    let carol = translation.account.things.iter().find(|t| t.key == "access:user:CarolAnn").unwrap();
    assert_eq!(carol.fate, crate::translate::Fate::Renamed);
}

#[test]
fn a_name_that_kubernetes_keeps_for_itself_is_none_in_capitals_either() {
    let mut made_up = MadeUp::new();
    made_up.user(1, "System:masters");
    assert!(has(&made_up, &Options::default(), "R025", "user:System:masters"));
}

#[test]
fn a_local_user_whom_dex_can_not_hold_is_told_and_has_a_way_out() {
    let name = "é".repeat(100);
    let subject = format!("user:{name}");
    let with = |change: fn(&mut serde_json::Value)| {
        let mut made_up = MadeUp::new();
        made_up.user(1, &"é".repeat(100));
        change(&mut made_up.accounts[1]);
        made_up
    };
    let reset = || Options { answers: answers(&[("access.passwords", "reset")]), ..Options::default() };
    let local = with(|_| {});
    assert!(has(&local, &reset(), "R038", &subject));
    assert!(has(&local, &Options { hashes: hashes(&[&name]), ..Options::default() }, "R038", &subject));
    let (translation, findings) = run(&export(&local.text()), &reset());
    assert!(findings.stop());
    assert!(!translation.objects.iter().any(|(_, object)| object.kind() == "Password"));
    for made_up in [
        with(|account| account["isActive"] = false.into()),
        with(|account| account["isImported"] = true.into()),
        with(|account| account["name"] = "é".repeat(75).into()),
    ] {
        assert!(!has(&made_up, &reset(), "R038", &subject));
    }
    let mut findings = Findings::new();
    let text = format!("users:\n  {name}: eve@corp.example\n");
    let mapping = Mapping::read(&File::new("access/names.yaml", text), &mut findings);
    assert!(!has(&local, &Options { mapping, ..Options::default() }, "R038", &subject));
}

#[test]
fn a_group_of_the_directory_is_for_one_team_alone() {
    let mut made_up = MadeUp::new();
    made_up.org(1, "a", &[], &[(1, "b/c", vec![])]);
    made_up.org(2, "a/b", &[], &[(2, "c", vec![])]);
    let export = export(&made_up.text());
    let with = |text: String| {
        let mut findings = Findings::new();
        let mapping = Mapping::read(&File::new("access/names.yaml", text), &mut findings);
        assert!(findings.is_empty());
        let (translation, findings) = run(&export, &Options { mapping, ..Options::default() });
        let bound = translation.objects.iter().filter_map(|(_, object)| match &object.body {
            Body::Binding(_, subjects) if subjects.contains(&Subject::Group("devs".to_owned())) => {
                Some(object.annotations["mke3-migrate.example/mke3-id"].clone())
            }
            _ => None,
        });
        let said: Vec<String> =
            findings.iter().filter(|f| f.code.id == "A010").map(|f| render(f, false)).collect();
        (bound.collect::<BTreeSet<String>>(), said)
    };
    // Nor does a case leave open which of them it is about.
    let report = run(&export, &Options::default()).0.report;
    let empty = report.items.iter().filter(|i| i.code == "R017" && i.subject.starts_with("team:"));
    let empty: Vec<&str> = empty.map(|item| item.subject.as_str()).collect();
    assert_eq!(empty, [format!("team:{}/c", id(2, 2)).as_str(), "team:a/b/c"]);
    let (bound, said) = with("teams:\n  a/b/c: devs\n".to_owned());
    assert!(bound.is_empty(), "{bound:?}");
    insta::assert_snapshot!(said.join("\n\n"));
    // The team's object and its organization's.
    let (bound, said) = with(format!("teams:\n  {}/b/c: devs\n", id(2, 1)));
    assert_eq!((bound, said), (BTreeSet::from([id(2, 1), id(3, 1)]), vec![]));
    let (bound, said) = with(format!("teams:\n  {}/c: devs\n", id(2, 2)));
    assert_eq!((bound, said), (BTreeSet::from([id(2, 2), id(3, 2)]), vec![]));
    let (_, said) = with(format!("teams:\n  {0}/c: devs\n  {1}/b/c: devs\n", id(2, 2), id(2, 1)));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn one_team_has_one_line() {
    let mut made_up = MadeUp::new();
    made_up.org(1, "acme", &[], &[(1, "dev", vec![])]);
    let text = format!("teams:\n  acme/dev: devs\n  {}/dev: others\n", id(2, 1));
    let mapping = Mapping::read(&File::new("access/names.yaml", text), &mut Findings::new());
    let (_, findings) = run(&export(&made_up.text()), &Options { mapping, ..Options::default() });
    let said: Vec<&str> =
        findings.iter().filter(|f| f.code.id == "A010").map(|f| f.message.as_str()).collect();
    assert_eq!(said, ["`teams.acme/dev` is about a team that another line is about"]);
}

#[test]
fn no_part_of_a_large_binding_takes_a_name_of_others() {
    let mut made_up = MadeUp::new();
    let members: Vec<_> = (1..=4001).map(|i| member(&made_up.user(i, &format!("u{i:04}")))).collect();
    made_up.org(1, "ops", &members, &[]);
    for namespace in [None, Some("payments")] {
        made_up.bindings.push(binding(namespace, "large", "custom", vec![subject("Group:org:ops")]));
        for taken in ["large.2", "large.3", "ops-org.2"] {
            made_up.bindings.push(binding(namespace, taken, "view", vec![subject("ServiceAccount:ci/x")]));
        }
    }
    // In another namespace the name is free, and a role of this name is in no binding's way.
    made_up.bindings.push(binding(Some("default"), "large", "custom", vec![subject("Group:org:ops")]));
    made_up.cluster_roles.push(json!({"metadata": {"name": "custom"}, "rules": []}));
    let (translation, _) = run(&export(&made_up.text()), &Options::default());
    let parts: Vec<String> = translation
        .objects
        .iter()
        .filter(|(_, object)| object.name.contains('.') && object.kind() != "Password")
        .map(|(_, object)| object.reference())
        .collect();
    let expected = [
        "ClusterRoleBinding/large.4",
        "ClusterRoleBinding/ops-org.3",
        "RoleBinding/default/large.2",
        "RoleBinding/payments/large.4",
    ];
    assert_eq!(parts, expected);
}

/// A writer that takes a name of others.
struct Careless;

impl Writer for Careless {
    fn objects(&self, rights: Rights, findings: &mut Findings) -> Vec<Object> {
        let mut objects = ClusterRoles.objects(rights, findings);
        let own =
            objects.iter_mut().find(|object| object.name == "acme-org" && object.kind() != "ClusterRole");
        own.unwrap().name = "theirs".to_owned();
        objects
    }
}

#[test]
fn an_object_of_ours_under_a_name_of_others_is_a_fault() {
    let mut made_up = MadeUp::new();
    made_up.org(1, "acme", &[], &[]);
    let faults = |made_up: &MadeUp| {
        let mut findings = Findings::new();
        translate(
            &export(&made_up.text()),
            &Options::default(),
            &Around::default(),
            &Careless,
            &mut findings,
        );
        findings
            .iter()
            .filter(|f| f.code.id.starts_with("T00"))
            .map(|f| f.message.clone())
            .collect::<Vec<_>>()
    };
    assert!(faults(&made_up).is_empty());
    made_up.bindings.push(binding(None, "theirs", "view", vec![subject("ServiceAccount:ci/x")]));
    assert_eq!(
        faults(&made_up),
        ["`ClusterRoleBinding/theirs` is somebody else's, and would be overwritten"]
    );
}

#[test]
fn what_should_be_deleted_is_counted_as_it_is_listed() {
    let mut made_up = MadeUp::new();
    made_up.org(1, "acme", &[], &[]);
    made_up.bindings.push(binding(None, "a", "view", vec![subject("Group:org:acme")]));
    made_up.bindings.push(binding(None, "b", "view", vec![subject("Group:team:acme:gone")]));
    made_up.bindings.push(binding(None, "c", "view", vec![subject("User:admin")]));
    made_up.bindings.push(binding(None, "ucp:d", "view", vec![subject("Group:a")]));
    made_up.bindings.push(binding(None, "e", "view", vec![subject("ServiceAccount:ci/x")]));
    made_up.cluster_roles.push(json!({"metadata": {"name": "privileged-psp-role"}, "rules": []}));
    let export = export(&made_up.text());
    for (answer, listed, rewritten, untouched) in [("delete", 4, 0, 1), ("keep", 1, 1, 3)] {
        let options =
            Options { answers: answers(&[("access.stale-bindings", answer)]), ..Options::default() };
        let report = run(&export, &options).0.report;
        let bindings = &report.summary.bindings;
        assert_eq!(bindings.delete_proposed, listed, "{answer}");
        // MKE 3's own role is no binding.
        assert_eq!(report.delete_proposed.len(), listed + 1, "{answer}");
        assert_eq!((bindings.rewritten, bindings.untouched), (rewritten, untouched), "{answer}");
        assert_eq!(bindings.found, rewritten + listed + untouched, "{answer}");
    }
}

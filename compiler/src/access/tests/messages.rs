//! One small export for each finding: it says so with the case in it, and does not without.

use super::made_up::{MadeUp, binding, id, member, subject};
use super::support::{answers, decisions, export, run, swarm_roles};
use crate::access::answers::Answers;
use crate::access::export::Subject;
use crate::access::hashes::Hashes;
use crate::access::mapping::Mapping;
use crate::access::writer::ClusterRoles;
use crate::access::{Around, Body, Object, Options, translate};
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
    let hash = "$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    let bytes = format!("bob:{hash}\nnobody:{hash}\n").into_bytes();
    let file = SiteFile { path: None, size: bytes.len() as u64, bytes: Some(bytes), mode: Some(0o600) };
    let mut findings = Findings::new();
    let hashes = Hashes::read("access/htpasswd", &file, &mut findings);
    assert!(findings.is_empty());
    let (translation, findings) = run(&export(&made_up.text()), &Options { hashes, ..Options::default() });
    insta::assert_snapshot!(translation.files()["rbac/passwords.yaml"]);
    assert!(findings.iter().any(|f| f.code.id == "A013" && f.message.contains("nobody")));
    assert!(!format!("{translation:?}{findings:?}").contains(hash));
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

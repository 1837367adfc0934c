//! Bad exports: each says what is wrong, where, and what to do.

use crate::access::tests::made_up::{MadeUp, id, member};
use crate::access::tests::support::{export, fixture, reading};
use crate::diag::{Finding, Findings, render};
use crate::source::File;
use serde_json::{Value, json};

/// An organization with a team of one.
fn base() -> MadeUp {
    let mut made_up = MadeUp::new();
    let bob = made_up.user(1, "bob");
    made_up.org(1, "acme", &[member(&bob)], &[(1, "dev", vec![member(&bob)])]);
    made_up.grant(&id(2, 1), "shared", "viewonly");
    made_up
}

fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut json = base().json();
    change(&mut json);
    serde_json::to_string_pretty(&json).unwrap()
}

fn take(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key).unwrap();
}

fn again(list: &mut Value) {
    let first = list[0].clone();
    list.as_array_mut().unwrap().push(first);
}

/// What is wrong: its name, the code, and the text.
fn cases() -> Vec<(&'static str, &'static str, String)> {
    let team = || ("/teamDetails/".to_owned()) + &id(3, 1);
    let org = format!("/orgs/{}", id(2, 1));
    let at = move |json: &mut Value, path: &str, change: fn(&mut Value)| {
        change(json.pointer_mut(&format!("{org}{path}")).unwrap());
    };
    let whole = with(|_| {});
    let error = r#"{"errors":[{"code":"UNAUTHORIZED","message":"token expired"}]}"#;
    let reply = || serde_json::from_str::<Value>(error).unwrap();
    vec![
        ("cut off", "I010", whole[..whole.len() / 2].to_owned()),
        ("a web page", "A002", "<!DOCTYPE html>\n<html>".to_owned()),
        ("an error reply as a file", "A002", error.to_owned()),
        ("a list as a file", "A001", "[]".to_owned()),
        ("an error reply for a page", "A002", with(|j| j["accounts"][0] = reply())),
        ("an error reply for roles", "A002", with(|j| j["roles"] = reply())),
        (
            "an error reply for members",
            "A002",
            with(|j| at(j, &format!("{}/members/0", team()), |v| *v = json!({"message": "no"}))),
        ),
        (
            "kubectl's error",
            "A002",
            with(|j| j["kubernetes"]["rolebindings"] = json!({"kind": "Status", "message": "Forbidden"})),
        ),
        (
            "a user called like a slot",
            "I023",
            with(|j| j["accounts"][0]["accounts"][0]["name"] = "airlift-secret(pki/ca.key)".into()),
        ),
        (
            "a team called like a slot",
            "I023",
            with(|j| at(j, "/teams/0/teams/0/name", |v| *v = "a airlift-secret(pki/ca.key)".into())),
        ),
        ("a web page for a page", "A002", with(|j| j["accounts"][0] = "<html></html>".into())),
        (
            "kubectl's table",
            "A001",
            with(|j| j["kubernetes"]["clusterroles"] = json!({"kind": "Table", "rows": [], "items": []})),
        ),
        ("a page missing at the end", "R024", with(|j| j["accounts"][0]["nextPageStart"] = "m".into())),
        ("a page after the last", "R024", with(|j| again(&mut j["accounts"]))),
        ("no pages", "R024", with(|j| j["accounts"] = json!([]))),
        ("too few users", "R024", with(|j| j["accounts"][0]["usersCount"] = 3.into())),
        ("too few organizations", "R024", with(|j| j["accounts"][0]["orgsCount"] = 2.into())),
        ("too few teams", "R024", with(|j| j["accounts"][0]["accounts"][2]["teamsCount"] = 2.into())),
        ("too few members", "R024", with(|j| at(j, "/teams/0/teams/0", |v| v["membersCount"] = 2.into()))),
        ("no members of a team", "R024", with(|j| at(j, &team(), |v| take(v, "members")))),
        ("no answers about a team", "R024", with(|j| at(j, "/teamDetails", |v| *v = json!({})))),
        (
            "answers about an unknown team",
            "R024",
            with(|j| at(j, "/teamDetails", |v| v["x"] = json!({"members": []}))),
        ),
        ("no answers about an organization", "R024", with(|j| j["orgs"] = json!({}))),
        ("answers about an unknown organization", "R024", with(|j| j["orgs"]["x"] = json!({}))),
        ("no accounts", "R024", with(|j| take(j, "accounts"))),
        ("no organizations", "R024", with(|j| take(j, "orgs"))),
        ("no roles", "R024", with(|j| take(j, "roles"))),
        ("no grants", "R024", with(|j| take(j, "collectionGrants"))),
        ("no Kubernetes objects", "R024", with(|j| take(j, "kubernetes"))),
        ("no RoleBindings", "R024", with(|j| take(&mut j["kubernetes"], "rolebindings"))),
        ("what the collector lacked", "R024", with(|j| j["meta"]["missing"] = json!(["/roles: refused"]))),
        ("an account twice", "A003", with(|j| again(&mut j["accounts"][0]["accounts"]))),
        (
            "an account id twice but for its case",
            "A003",
            with(|j| {
                let accounts = &mut j["accounts"][0]["accounts"];
                again(accounts);
                let last = accounts.as_array().unwrap().len() - 1;
                accounts[0]["id"] = "0000000a-0000-5000-8000-000000000000".into();
                accounts[last]["id"] = "0000000A-0000-5000-8000-000000000000".into();
                accounts[last]["name"] = "another".into();
            }),
        ),
        ("a role twice", "A003", with(|j| again(&mut j["roles"]))),
        ("a collection twice", "A003", with(|j| again(&mut j["collections"]))),
        ("a grant twice", "A003", with(|j| again(&mut j["collectionGrants"]["grants"]))),
        ("a ClusterRole twice", "A003", with(|j| again(&mut j["kubernetes"]["clusterroles"]["items"]))),
        ("a member twice", "A003", with(|j| at(j, "/members/0/members", again))),
        (
            "two teams of one name",
            "A003",
            with(|j| {
                at(j, "/teams/0/teams", |v| {
                    again(v);
                    v[1]["id"] = "another".into();
                })
            }),
        ),
        ("a name that is a number", "I022", with(|j| j["accounts"][0]["accounts"][1]["name"] = 7.into())),
        ("an id that is none", "I023", with(|j| j["accounts"][0]["accounts"][1]["id"] = "../x".into())),
        ("an account without id", "I020", with(|j| take(&mut j["accounts"][0]["accounts"][1], "id"))),
        (
            "a binding without role",
            "I020",
            with(|j| j["kubernetes"]["clusterrolebindings"]["items"] = json!([{"metadata": {"name": "x"}}])),
        ),
        (
            "a subject of another world",
            "I023",
            with(|j| {
                j["kubernetes"]["clusterrolebindings"]["items"] = json!([
                    {"metadata": {"name": "x"}, "roleRef": {"kind": "ClusterRole", "name": "y"}, "subjects": [{"kind": "Robot", "name": "z"}]}
                ])
            }),
        ),
        (
            "an undo that was damaged",
            "I023",
            with(|j| {
                j["kubernetes"]["clusterrolebindings"]["items"] = json!([
                    {"metadata": {"name": "x", "annotations": {"mke3-migrate.example/original-subjects": "[{"}}, "roleRef": {"kind": "ClusterRole", "name": "y"}}
                ])
            }),
        ),
    ]
}

#[test]
fn a_bad_export_says_what_is_wrong_where_and_what_to_do() {
    assert!(reading(&with(|_| {})).is_empty());
    let mut text = String::new();
    for (name, code, case) in cases() {
        let findings = reading(&case);
        assert!(findings.stop(), "{name}");
        let shown: Vec<String> = findings.iter().map(|f| render(f, false)).collect();
        assert!(findings.iter().any(|f| f.code.id == code), "{name}: {}", shown.join("\n"));
        let wrong = |f: &&Finding| f.severity().stops() && (f.place.is_none() || f.help.is_none());
        assert!(!findings.iter().any(|f| wrong(&f)), "{name}: {}", shown.join("\n"));
        text.push_str(&format!("===== {name}\n"));
        for finding in findings.iter() {
            text.push_str(&(render(finding, false) + "\n"));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_member_that_nothing_reads_is_told_once() {
    let findings = reading(&with(|j| {
        j["accounts"][0]["accounts"][0]["shoeSize"] = 44.into();
        j["accounts"][0]["accounts"][1]["shoeSize"] = 41.into();
    }));
    assert_eq!(findings.iter().filter(|f| f.code.id == "A020").count(), 1);
    assert!(!findings.stop());
}

#[test]
fn an_export_in_several_files_is_the_same_export() {
    let text = fixture("hard/export.json");
    let json: Value = serde_json::from_str(&text).unwrap();
    let mut files: Vec<File> = Vec::new();
    for (key, value) in json.as_object().unwrap() {
        let parts: Vec<Value> = match (key.as_str(), value) {
            ("orgs" | "kubernetes", Value::Object(members)) => {
                members.iter().map(|(id, value)| json!({key.as_str(): {id.as_str(): value}})).collect()
            }
            _ => vec![json!({key.as_str(): value})],
        };
        for part in parts {
            files.push(File::new(format!("access/{key}-{}.json", files.len()), part.to_string()));
        }
    }
    let mut findings = Findings::new();
    let read = super::read(files, &mut findings);
    let names = |export: &crate::access::export::Export| {
        let orgs = export.orgs.iter().map(|o| (o.name.clone(), o.members.clone(), o.teams.len()));
        (orgs.collect::<Vec<_>>(), export.users.len(), export.kubernetes.bindings.len(), export.grants.len())
    };
    assert_eq!(names(&read.export.unwrap()), names(&export(&text)));
}

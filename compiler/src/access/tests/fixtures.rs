//! The two fixtures: the example of MKE 4's documentation, and one with everything that is hard.

use super::support::{answers, documents, export, fixture, run};
use crate::access::{Options, REPORT};
use crate::diag::{Severity, render};
use crate::ledger::{Ledger, explain};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_documentations_example_becomes_what_it_shows() {
    let export = export(&fixture("entire-company/export.json"));
    let (translation, _) = run(&export, &Options::default());
    let files = translation.files();
    let ours = documents(files.iter().filter(|(path, _)| **path != REPORT).map(|(_, text)| text.as_str()));
    let expected = fixture("entire-company/expected/manifests.yaml");
    assert_eq!(ours, documents([expected.as_str()]));

    let expected: serde_json::Value =
        serde_json::from_str(&fixture("entire-company/expected/report.json")).unwrap();
    let report = serde_json::to_value(&translation.report).unwrap();
    assert_eq!(report["users"], expected["users"]);
    let sorted = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_array().unwrap().iter().map(ToString::to_string).collect()
    };
    assert_eq!(sorted(&report["deleteProposed"]), sorted(&expected["deleteProposed"]));
    let items = |value: &serde_json::Value| -> Vec<(String, String, String)> {
        let text = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap().to_owned();
        let item = |i: &serde_json::Value| (text(i, "code"), text(i, "subject"), text(i, "severity"));
        let mut items: Vec<_> = value["items"].as_array().unwrap().iter().map(item).collect();
        items.sort();
        items
    };
    assert_eq!(items(&report), items(&expected));
    let (summary, wanted) = (&report["summary"], &expected["summary"]);
    for key in ["users", "aggregatedRoles", "swarmRolesReplicated", "reportItems"] {
        assert_eq!(summary[key], wanted[key], "{key}");
    }
    for key in ["organizations", "teams"] {
        assert_eq!(summary[key]["found"], wanted[key]["found"], "{key}");
    }
    for key in ["absorbedSubjects", "rewritten", "deleteProposed", "untouched"] {
        assert_eq!(summary["bindings"][key], wanted["bindings"][key], "{key}");
    }
}

#[test]
fn everything_of_the_hard_example_has_exactly_one_fate() {
    let export = export(&fixture("hard/export.json"));
    let (translation, findings) = run(&export, &Options::default());
    let faults: Vec<_> = findings.iter().filter(|f| f.code.id.starts_with('T')).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let things = &translation.account.things;
    let teams: usize = export.orgs.iter().map(|org| org.teams.len()).sum();
    let found = export.users.len()
        + export.orgs.len()
        + teams
        + export.roles.len()
        + export.collections.len()
        + export.grants.len()
        + export.kubernetes.bindings.len();
    assert_eq!(things.len(), found);
    let names: BTreeSet<&str> = things.iter().map(|thing| thing.key.as_str()).collect();
    assert_eq!(names.len(), found, "two things have one name");
    assert!(things.iter().all(|thing| thing.line > 0));

    let summary = &translation.report.summary;
    assert_eq!((summary.users.found, summary.users.carried), (14, 12));
    assert_eq!((summary.organizations.found, summary.teams.found, summary.aggregated_roles), (4, 11, 15));
    assert_eq!(summary.swarm_roles_replicated, 6);
    let bindings = &summary.bindings;
    assert_eq!((bindings.rewritten, bindings.delete_proposed, bindings.untouched), (6, 4, 3));
}

#[test]
fn a_user_can_be_asked_about_by_the_beginning_of_the_name() {
    let export = export(&fixture("hard/export.json"));
    let (translation, _) = run(&export, &Options::default());
    let mut ledger = Ledger::new("v4.1.5", &Default::default(), &Default::default());
    ledger.access = translation.account.things;
    let objects = translation.account.objects;
    let explain = |query: &str| explain(&ledger, &|each| objects.iter().cloned().for_each(each), query);
    for query in ["access:bob.smith", "access:user:bob.smith@corp.example", "access:bob.smith@corp.example"] {
        let answer = explain(query);
        assert_eq!(answer.keys[0].key, "access:user:bob.smith@corp.example", "{query}");
        assert!(
            answer.keys[0].to.iter().any(|to| to.ends_with("ClusterRoleBinding/acme-retail-dev-team")),
            "{query}"
        );
    }
    assert!(explain("access:bo").is_empty(), "half a word is no name");
    let answer = explain("rbac/bindings.yaml:RoleBinding/payments/retail-dev-edit");
    let from: BTreeSet<String> = answer.values[0].from.sources().map(ToString::to_string).collect();
    assert!(
        from.contains("access:rolebinding:payments/retail-dev-edit") && from.contains("access:user:alice")
    );
    insta::assert_snapshot!(explain("access:acme-retail").to_string());
}

#[test]
fn what_the_hard_example_becomes() {
    let export = export(&fixture("hard/export.json"));
    let (translation, findings) = run(&export, &Options::default());
    let objects: Vec<String> =
        translation.objects.iter().map(|(place, object)| format!("{place}: {}", object.summary())).collect();
    insta::assert_snapshot!("hard_objects", objects.join("\n"));
    let fates: Vec<String> = translation
        .account
        .things
        .iter()
        .map(|thing| {
            format!(
                "{}: {}{}{}",
                thing.key,
                thing.fate,
                if thing.why.is_empty() { "" } else { ": " },
                thing.why
            )
        })
        .collect();
    insta::assert_snapshot!("hard_fates", fates.join("\n"));
    let mut sorted = findings.clone();
    sorted.sort();
    let said: Vec<String> = sorted.iter().map(|finding| render(finding, false)).collect();
    insta::assert_snapshot!("hard_findings", said.join("\n\n"));
}

/// One answer for each open point of the hard example.
const ANSWERS: &[(&str, &str)] = &[
    ("access.directory-users", "account-name"),
    ("access.passwords", "reset"),
    ("access.wide-grants", "drop"),
    ("access.synced-teams", "freeze"),
    ("access.claim-teams", "leave-out"),
    ("access.namespace-grants", "drop"),
    ("access.org-admins", "drop"),
    ("access.privileged-pods", "policy"),
    ("access.stale-bindings", "delete"),
    ("access.foreign-groups", "drop"),
];

#[test]
fn decisions_let_the_hard_example_through() {
    let export = export(&fixture("hard/export.json"));
    let (_, open) = run(&export, &Options::default());
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in open.iter().filter(|f| f.severity() == Severity::Decision) {
        *asked.entry(finding.code.id).or_default() += 1;
    }
    assert_eq!(asked.len(), ANSWERS.len(), "{asked:?}");
    let options = Options { answers: answers(ANSWERS), ..Options::default() };
    let (translation, findings) = run(&export, &options);
    assert!(!findings.stop(), "{:?}", findings.iter().filter(|f| f.severity().stops()).collect::<Vec<_>>());
    let undecided =
        translation.account.things.iter().filter(|t| t.fate == crate::translate::Fate::DecisionNeeded);
    assert_eq!(undecided.count(), 0);
    let left = translation.objects.iter().find(|(_, object)| object.name == "external-admin");
    assert_eq!(left.map(|(_, object)| object.summary()).as_deref(), Some("admin to 0 subjects"), "at once");
    assert!(translation.report.delete_proposed.contains(&"clusterrolebinding:external-admin".to_owned()));
}

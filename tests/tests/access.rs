//! A site with accounts: from the export to the set, the bundles and the answers.
#![allow(clippy::disallowed_methods)]

use airlift_tests::{Bench, airlift, files, root};
use std::os::unix::fs::PermissionsExt;

const HASH: &str = "$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
const DECISIONS: &str = "decisions:\n  access.passwords: reset\n  access.privileged-pods: policy\n  access.stale-bindings: delete\n";

fn bench() -> Bench {
    let bench = Bench::new("examples/acme");
    std::fs::create_dir_all(bench.path("site/access")).expect("a folder");
    let export = root().join("tests/fixtures/access/entire-company/export.json");
    std::fs::copy(export, bench.path("site/access/export.json")).expect("a copy");
    bench
}

fn hash(bench: &Bench, hash: &str) {
    let path = bench.path("site/access/htpasswd");
    std::fs::write(&path, format!("bob:{hash}\n")).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
}

#[test]
fn what_needs_a_person_stops_a_compile_until_it_is_decided() {
    let bench = bench();
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 5, "{}", done.err);
    for code in ["R006", "R030", "R031"] {
        assert!(done.err.contains(&format!("decision needed[{code}]")), "{code}: {}", done.err);
    }
    assert!(!bench.path("set").exists());
    bench.edit("site.yaml", "decisions: {}\n", DECISIONS);
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
}

#[test]
fn rights_are_in_the_set_in_every_bundle_in_the_report_and_in_answers() {
    let bench = bench();
    bench.edit("site.yaml", "decisions: {}\n", DECISIONS);
    hash(&bench, HASH);
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let set = files(&bench.path("set"));
    for name in ["rbac/roles.yaml", "rbac/bindings.yaml", "rbac/passwords.yaml", "rbac/report.json"] {
        let text = set.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        for bundle in ["mgr1", "wrk1"] {
            let shown = airlift(&["inspect", &bench.text(&format!("set/nodes/{bundle}.tar.zst")), name]);
            assert_eq!(Some(shown.out), text, "{name} of {bundle}");
        }
    }
    let report = String::from_utf8_lossy(&set["report.txt"]).into_owned();
    assert!(report.contains("users: found 3, carried 3, skipped 0"), "{report}");
    assert!(report.contains("passwords: carried 1, to be set afterwards 2"), "{report}");
    let answer = airlift(&["explain", "access:bob", &bench.text("site")]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(
        answer.out.contains("-> rbac/bindings.yaml:ClusterRoleBinding/development-team"),
        "{}",
        answer.out
    );
    let answer = airlift(&["explain", "rbac/roles.yaml:ClusterRole/development-team", &bench.text("site")]);
    assert!(
        answer.out.contains("<- access:clusterrolebinding:entire-company-development-edit"),
        "{}",
        answer.out
    );
}

#[test]
fn no_hash_is_in_a_set_and_none_changes_its_plan() {
    let plan = |bench: &Bench, out: &str| {
        let done = bench.compile(out, &[]);
        assert_eq!(done.code, 0, "{}", done.err);
        std::fs::read_to_string(bench.path(out).join("plan.json")).expect("a plan")
    };
    let bench = bench();
    bench.edit("site.yaml", "decisions: {}\n", DECISIONS);
    hash(&bench, HASH);
    let first = plan(&bench, "one");
    assert!(first.contains("access/export.json") && first.contains("access/htpasswd"), "{first}");
    for (name, bytes) in files(&bench.path("one")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("N9qo8uLOickgx2"), "{name}");
    }
    hash(&bench, &HASH.replace("lhWy", "lhWz"));
    assert_eq!(plan(&bench, "one"), first);
    std::fs::write(bench.path("site/access/names.yaml"), "users: {}\n").expect("a file");
    let done = bench.compile("one", &[]);
    assert_ne!(done.code, 0, "another input under a used serial");
}

#[test]
fn a_user_who_is_exempt_from_the_guard_is_so_by_the_new_login() {
    let bench = bench();
    bench.edit("site.yaml", "decisions: {}\n", DECISIONS);
    let all = "\"hostIPC\", \"hostNetwork\", \"hostPID\", \"hostBindMounts\", \"privileged\", \"kernelCapabilities\"";
    let keys = format!(
        "[cluster_config]\n  priv_attributes_user_accounts = [\"bob\", \"Bill\"]\n  priv_attributes_allowed_for_user_accounts = [{all}]\n"
    );
    bench.edit("mke3.toml", "[cluster_config]\n", &keys);
    std::fs::write(bench.path("site/access/names.yaml"), "users:\n  bob: bob@corp.example\n")
        .expect("a file");
    let export = std::fs::read_to_string(bench.path("site/access/export.json")).expect("the export");
    let export = export.replace("\"name\": \"bill\"", "\"name\": \"Bill\"");
    std::fs::write(bench.path("site/access/export.json"), export).expect("a file");
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let mke4 = std::fs::read_to_string(bench.path("set/mke4.yaml")).expect("mke4.yaml");
    let at = mke4.find("exemptUsers:").expect("the list");
    let list: Vec<&str> = mke4[at..].lines().skip(1).take(2).map(str::trim).collect();
    assert_eq!(list, ["- 'bob@corp.example'", "- bill"]);
    let answer =
        airlift(&["explain", "mke4.yaml:spec.apiServer.ucpauthz.exemptUsers[0]", &bench.text("site")]);
    assert!(answer.out.contains("<- access/names.yaml:users.bob"), "{}", answer.out);
    // A local user logs in in small letters.
    let answer =
        airlift(&["explain", "mke4.yaml:spec.apiServer.ucpauthz.exemptUsers[1]", &bench.text("site")]);
    assert!(answer.out.contains("<- access:user:Bill"), "{}", answer.out);
}

#[test]
fn a_new_site_brings_its_collector() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("lab").to_string_lossy().into_owned();
    assert_eq!(airlift(&["init", &site]).code, 0);
    let script = std::fs::read(folder.path().join("lab/collect.sh")).expect("collect.sh");
    assert_eq!(script, std::fs::read(root().join("templates/collect.sh")).expect("the template"));
    let next = airlift(&["next", &site]);
    assert!(next.out.contains("access/ (useful)") && next.out.contains("collect.sh"), "{}", next.out);
}

//! The objects of a translation on a real kube-apiserver: accepted, and giving the rights that they should.
//!
//! `.ci/interop` builds the server and starts these tests; see tests/bed/kube_apiserver.sh.
#![allow(clippy::disallowed_methods)]

mod leader;

use airlift_node::journal::Before;
use airlift_node::step::Probe;
use airlift_tests::{Bench, Done, root};
use leader::{Leader, SECRET};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Time for the controller to fill aggregated roles in.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        // its ports are free when they are chosen, and may be taken when they are opened
        for _ in 0..3 {
            let server = Self { folder: tempfile::tempdir().expect("a folder") };
            if bed("start", server.folder.path()) {
                return server;
            }
        }
        panic!("the server does not start");
    }

    fn kubectl(&self, args: &[&str]) -> Done {
        let config = self.folder.path().join("kubeconfig");
        let output = Command::new("kubectl").arg("--kubeconfig").arg(config).args(args).output();
        output.expect("kubectl starts").into()
    }

    fn ok(&self, args: &[&str]) -> String {
        let done = self.kubectl(args);
        assert_eq!(done.code, 0, "kubectl {args:?}: {}", done.err);
        done.out
    }

    fn apply(&self, file: &Path) -> String {
        let file = file.to_string_lossy();
        self.ok(&["apply", "--server-side", "--field-manager=airlift", "--force-conflicts", "-f", &file])
    }

    fn leader(&self, bench: &Bench) -> Leader {
        Leader::new(&bench.path("set/nodes/mgr1.tar.zst"), &self.folder.path().join("kubeconfig"))
    }

    /// What is there of roles and bindings, without what every write changes.
    fn rbac(&self) -> serde_json::Value {
        let out = self.ok(&["get", "clusterroles,clusterrolebindings,rolebindings", "-A", "-o", "json"]);
        let mut list: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        for item in list["items"].as_array_mut().expect("a list") {
            let meta = item["metadata"].as_object_mut().expect("an object");
            for changing in ["resourceVersion", "managedFields", "uid", "creationTimestamp"] {
                meta.remove(changing);
            }
            if meta.get("annotations").is_some_and(|a| a.as_object().is_some_and(serde_json::Map::is_empty)) {
                meta.remove("annotations");
            }
        }
        list["items"].take()
    }

    fn can(&self, user: &str, verb: &str, what: &str) -> bool {
        self.kubectl(&["auth", "can-i", "--as", user, verb, what, "-A"]).code == 0
    }

    fn wait_for(&self, what: &str, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < PATIENCE, "{what}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What the cluster had before: the fixture's own objects.
    fn restore(&self, export: &Path) {
        let text = std::fs::read_to_string(export).expect("a fixture");
        let export: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for list in ["namespaces", "clusterroles", "roles", "clusterrolebindings", "rolebindings"] {
            let mut objects = export["kubernetes"][list].clone();
            // What every server makes by itself stays as it is.
            let own = |item: &serde_json::Value| {
                item["metadata"]["labels"].get("kubernetes.io/bootstrapping").is_none()
                    && !["default", "kube-system", "kube-public", "kube-node-lease"]
                        .contains(&item["metadata"]["name"].as_str().unwrap_or_default())
            };
            objects["items"].as_array_mut().expect("a list").retain(own);
            if objects["items"].as_array().is_some_and(Vec::is_empty) {
                continue;
            }
            let path = self.folder.path().join(format!("{list}.json"));
            std::fs::write(&path, objects.to_string()).expect("a file");
            self.ok(&["create", "-f", &path.to_string_lossy()]);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        bed("stop", self.folder.path());
    }
}

fn bed(verb: &str, folder: &Path) -> bool {
    let status =
        Command::new("sh").arg(root().join("tests/bed/kube_apiserver.sh")).arg(verb).arg(folder).status();
    status.expect("sh starts").success()
}

/// The folder rbac/ of a set whose site has these accounts.
fn compiled(case: &str, decisions: &str) -> (Bench, PathBuf) {
    let bench = Bench::new("examples/acme");
    let export = root().join("tests/fixtures/access").join(case).join("export.json");
    std::fs::create_dir_all(bench.path("site/access")).expect("a folder");
    std::fs::copy(export, bench.path("site/access/export.json")).expect("a copy");
    let hash = "$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    let htpasswd = bench.path("site/access/htpasswd");
    let alice = if case == "hard" { format!("alice:{hash}\n") } else { String::new() };
    std::fs::write(&htpasswd, format!("admin:{hash}\n{alice}")).expect("a file");
    std::fs::set_permissions(&htpasswd, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let site = bench.path("site/site.yaml");
    let text = std::fs::read_to_string(&site).expect("site.yaml");
    assert!(text.contains("decisions: {}\n"), "the example has decisions now");
    std::fs::write(&site, text.replace("decisions: {}\n", &format!("decisions:\n{decisions}")))
        .expect("site.yaml");
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let rbac = bench.path("set/rbac");
    (bench, rbac)
}

#[test]
#[ignore = "needs a kube-apiserver: .ci/interop"]
fn bob_may_view_and_edit_and_bill_may_view() {
    let server = Server::start();
    server.restore(&root().join("tests/fixtures/access/entire-company/export.json"));
    let (_bench, rbac) = compiled(
        "entire-company",
        "  access.passwords: reset\n  access.privileged-pods: accept\n  access.stale-bindings: delete\n",
    );
    for (user, what) in [("bob", "pods"), ("bill", "pods")] {
        assert!(!server.can(user, "list", what), "{user} has rights before anything was applied");
    }
    server.apply(&rbac.join("roles.yaml"));
    server.apply(&rbac.join("bindings.yaml"));
    server.wait_for("aggregated roles are filled in", || {
        ["entire-company-org", "development-team"]
            .iter()
            .all(|role| server.ok(&["get", "clusterrole", role, "-o", "jsonpath={.rules}"]).contains("pods"))
    });
    let table = [
        ("list", "pods", true, true),
        ("get", "deployments.apps", true, true),
        ("create", "pods", true, false),
        ("delete", "deployments.apps", true, false),
        ("get", "secrets", true, false),
        ("create", "rolebindings.rbac.authorization.k8s.io", false, false),
        ("list", "nodes", false, false),
        ("create", "clusterroles.rbac.authorization.k8s.io", false, false),
    ];
    server.wait_for("the authorizer has seen the rules", || server.can("bob", "create", "pods"));
    for (verb, what, bob, bill) in table {
        assert_eq!(server.can("bob", verb, what), bob, "bob {verb} {what}");
        assert_eq!(server.can("bill", verb, what), bill, "bill {verb} {what}");
    }
    assert!(server.can("admin", "create", "clusterroles.rbac.authorization.k8s.io"));
    assert!(!server.can("nobody", "list", "pods"));
    for (role, empty) in [("sales-team", true), ("production-team", true), ("development-team", false)] {
        let rules = server.ok(&["get", "clusterrole", role, "-o", "jsonpath={.rules}"]);
        assert_eq!(["", "[]", "null"].contains(&rules.as_str()), empty, "{role}: {rules}");
    }
    // Once more: nothing changes.
    let version = || {
        server.ok(&[
            "get",
            "clusterrolebinding",
            "development-team",
            "-o",
            "jsonpath={.metadata.resourceVersion}",
        ])
    };
    let before = version();
    server.apply(&rbac.join("bindings.yaml"));
    assert_eq!(before, version());
}

/// An answer to every open point of the hard example.
const ALL_DECIDED: &str = concat!(
    "  access.passwords: reset\n",
    "  access.directory-users: account-name\n",
    "  access.wide-grants: drop\n",
    "  access.synced-teams: freeze\n",
    "  access.claim-teams: freeze\n",
    "  access.namespace-grants: drop\n",
    "  access.org-admins: drop\n",
    "  access.privileged-pods: accept\n",
    "  access.stale-bindings: delete\n",
    "  access.foreign-groups: keep\n",
);

/// The part of Dex's own definition that an API server checks.
const DEX: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: passwords.dex.coreos.com}
spec:
  group: dex.coreos.com
  scope: Namespaced
  names: {kind: Password, plural: passwords, singular: password, listKind: PasswordList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: v1
kind: Namespace
metadata: {name: mke}
"#;

#[test]
#[ignore = "needs a kube-apiserver: .ci/interop"]
fn the_server_takes_every_object_of_the_hard_example() {
    let server = Server::start();
    server.restore(&root().join("tests/fixtures/access/hard/export.json"));
    let (_bench, rbac) = compiled("hard", ALL_DECIDED);
    let subjects = |binding: &str| {
        server.ok(&["get", "-n", "payments", "rolebinding", binding, "-o", "jsonpath={.subjects[*].name}"])
    };
    assert!(subjects("retail-dev-edit").contains("team:acme-retail:dev"));
    for file in ["roles.yaml", "bindings.yaml"] {
        server.apply(&rbac.join(file));
    }
    assert_eq!(subjects("retail-dev-edit"), "runner alice bob.smith@corp.example dave_o");
    let may = |user: &str, verb: &str, what: &str, namespace: &str| {
        server.kubectl(&["auth", "can-i", "--as", user, verb, what, "-n", namespace]).code == 0
    };
    server.wait_for("the authorizer has seen the bindings", || may("alice", "create", "pods", "payments"));
    assert!(!may("CarolAnn", "create", "rolebindings.rbac.authorization.k8s.io", "default"));
    assert!(may("CarolAnn", "create", "rolebindings.rbac.authorization.k8s.io", "payments"));
    assert!(
        may("zoë", "patch", "deployments.apps", "labs")
            && !may("zoë", "patch", "deployments.apps", "payments")
    );
    assert!(server.can("ivy", "create", "nodes") && !server.can("erin", "create", "pods"));
    // Members of the organization with `view`; everybody has it here by a binding of the cluster's own.
    let made = server.ok(&["get", "clusterroles", "-l", "mke3-migrate.example/kind", "-o", "name"]);
    assert_eq!(made.lines().count(), 15 + 6 + 1);
}

#[test]
#[ignore = "needs a kube-apiserver: .ci/interop"]
fn the_step_is_done_probed_and_undone() {
    let server = Server::start();
    server.restore(&root().join("tests/fixtures/access/hard/export.json"));
    let (bench, _) = compiled("hard", ALL_DECIDED);
    let leader = server.leader(&bench).on_busybox();
    let step = leader.step("apply-rbac");
    leader.place("/var/lib/airlift/rbac");
    let before = server.rbac();
    assert!(!leader.is_in_effect(step) && !leader.has_evidence(step));
    leader.apply(step);
    assert!(leader.is_in_effect(step) && leader.has_evidence(step));
    let applied = server.rbac();
    assert_ne!(applied, before);
    // Once more changes nothing, also where the executor does not see beforehand that it is in effect.
    assert_eq!(leader.begin(step), None);
    leader.act(step, &Before::Script {}).expect("again");
    assert_eq!(server.rbac(), applied);
    for change in [
        &["delete", "clusterrolebinding", "ops-org"][..],
        &["label", "clusterrole", "ops-org", "mke3-migrate.example/org-"],
        &["patch", "clusterrolebinding", "mke3-admins", "--type=merge", "-p", "{\"subjects\":[]}"],
    ] {
        server.ok(change);
        assert!(!leader.is_in_effect(step), "{change:?} is not seen");
        leader.act(step, &Before::Script {}).expect("it is mended");
        assert_eq!(server.rbac(), applied, "{change:?}");
    }
    leader.undo(step).expect("it is undone");
    assert_eq!(server.rbac(), before);
    leader.undo(step).expect("undoing twice is fine");
    assert_eq!(server.rbac(), before);
    // Nothing lies about: no cache, no temporary file.
    let mut names: Vec<String> = std::fs::read_dir(leader.below("/"))
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["at", "busybox", "count", "keep", "usr", "var"]);
    // Nobody there to ask: neither in effect nor not.
    bed("stop", server.folder.path());
    assert!(matches!(leader.probe(step), Probe::Unknown(_)));
    leader.undo(step).expect_err("nothing can be undone");
}

#[test]
#[ignore = "needs a kube-apiserver: .ci/interop"]
fn a_step_that_is_killed_at_any_call_goes_on_or_back() {
    let server = Server::start();
    server.restore(&root().join("tests/fixtures/access/hard/export.json"));
    let (bench, _) = compiled("hard", ALL_DECIDED);
    let leader = server.leader(&bench);
    let step = leader.step("apply-rbac");
    leader.place("/var/lib/airlift/rbac");
    let before = server.rbac();
    leader.apply(step);
    let applied = server.rbac();
    leader.undo(step).expect("it is undone");
    let mut points = [0, 0];
    for at in 1.. {
        let begun = leader.begin(step).expect("it is not in effect");
        leader.kill_at(at);
        let done = leader.act(step, &begun);
        leader.kill_at(0);
        // Killed in the probe that follows, it has done its work and said so.
        if leader.has_evidence(step) {
            assert!(at > 3, "{done:?}");
            leader.undo(step).expect("it is undone");
            break;
        }
        done.expect_err("it was killed");
        points[0] += 1;
        leader.go_on(step);
        assert_eq!(server.rbac(), applied, "killed at call {at}, then again");
        leader.undo(step).expect("it is undone");
        let begun = leader.begin(step).expect("it is not in effect");
        leader.kill_at(at);
        leader.act(step, &begun).expect_err("it was killed");
        leader.kill_at(0);
        leader.undo(step).expect("it is undone");
        assert_eq!(server.rbac(), before, "killed at call {at}, then undone");
    }
    for at in 1.. {
        leader.apply(step);
        leader.kill_at(at);
        let undone = leader.undo(step);
        leader.kill_at(0);
        // Only the probe after it was killed.
        let is_over = server.rbac() == before;
        leader.undo(step).expect("it is undone");
        assert_eq!(server.rbac(), before, "killed at call {at} of going back");
        if is_over {
            break;
        }
        undone.expect_err("it was killed");
        points[1] += 1;
    }
    println!("killed at {points:?} calls");
    assert!(points[0] >= 3 && points[1] >= 8, "killed at {points:?} calls");
}

#[test]
#[ignore = "needs a kube-apiserver: .ci/interop"]
fn logins_are_made_unless_they_are_there_and_only_ours_go_again() {
    let server = Server::start();
    let (bench, _) = compiled("hard", ALL_DECIDED);
    let leader = server.leader(&bench);
    let step = leader.step("make-logins");
    leader.place("/run/airlift/rbac");
    let file = leader.below("/run/airlift/rbac/passwords.yaml");
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let on_busybox = server.leader(&bench).on_busybox();
    on_busybox.place("/run/airlift/rbac");
    // Before the vendor's command there is no Dex.
    assert!(!leader.is_in_effect(step));
    let refused = leader.act(step, &Before::Script {}).expect_err("there is no Dex").to_string();
    assert!(refused.contains("run the vendor's command first"), "{refused}");
    leader.undo(step).expect("there is nothing to undo");
    let dex = server.folder.path().join("dex.yaml");
    std::fs::write(&dex, DEX).expect("a file");
    server.ok(&["apply", "-f", &dex.to_string_lossy()]);
    let get = |what: &str| {
        server.ok(&["get", "passwords", "-n", "mke", "-o", &format!("jsonpath={{.items[*].{what}}}")])
    };
    server.wait_for("Dex's definition is served", || server.kubectl(&["get", "passwords", "-A"]).code == 0);
    // A set without its secrets does no harm.
    let unsealed = server.leader(&bench).unsealed();
    unsealed.place("/run/airlift/rbac");
    let refused = unsealed.act(step, &Before::Script {}).expect_err("slots are no hashes").to_string();
    assert!(refused.contains("without its sealed secrets") && get("email").is_empty(), "{refused}");
    for killed in [0, 1, 2, 3] {
        let leader = if killed == 0 { &on_busybox } else { &leader };
        let begun = leader.begin(step).expect("it is not in effect");
        leader.kill_at(killed);
        let done = leader.act(step, &begun);
        leader.kill_at(0);
        assert_eq!(done.is_ok(), killed == 0);
        leader.go_on(step);
        assert_eq!(
            (get("email"), get("hash")),
            ("admin alice".to_owned(), [SECRET.trim_matches('"'); 2].join(" "))
        );
        leader.act(step, &begun).expect("once more is fine");
        leader.undo(step).expect("it is undone");
        assert!(!leader.is_in_effect(step) && get("email").is_empty());
    }
    // The vendor's command has made one: neither changed nor taken away, and the other is made.
    let text = std::fs::read_to_string(&file).expect("a file");
    let theirs = text
        .split("---\n")
        .find(|one| one.contains("email: admin"))
        .expect("the user")
        .replace("mke3-migrate.example/kind: login", "made-by: them")
        .replace("username: admin", "username: theirs");
    let path = server.folder.path().join("theirs.yaml");
    std::fs::write(&path, theirs).expect("a file");
    server.ok(&["create", "-f", &path.to_string_lossy()]);
    leader.apply(step);
    assert_eq!(get("username"), "theirs alice");
    leader.undo(step).expect("it is undone");
    assert_eq!(get("username"), "theirs");
    let forget = leader.step("forget-logins");
    assert!(!leader.is_in_effect(forget));
    leader.apply(forget);
    assert!(leader.is_in_effect(forget) && !file.exists());
}

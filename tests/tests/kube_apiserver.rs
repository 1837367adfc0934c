//! The objects of a translation on a real kube-apiserver: accepted, and giving the rights that they should.
//!
//! `.ci/interop` builds the server and starts these tests; see tests/bed/kube_apiserver.sh.
#![allow(clippy::disallowed_methods)]

use airlift_tests::{Bench, Done, root};
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
        let folder = tempfile::tempdir().expect("a folder");
        let server = Self { folder };
        assert!(bed("start", server.folder.path()), "the server does not start");
        server
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
    std::fs::write(&htpasswd, format!("admin:{hash}\n")).expect("a file");
    use std::os::unix::fs::PermissionsExt;
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

/// A k0s that knows its kubectl alone.
fn k0s(server: &Server) -> PathBuf {
    let path = server.folder.path().join("k0s");
    let config = server.folder.path().join("kubeconfig");
    let text = format!("#!/bin/sh\nshift\nexec kubectl --kubeconfig {} \"$@\"\n", config.display());
    std::fs::write(&path, text).expect("a file");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    path
}

#[test]
#[ignore = "needs a kube-apiserver: .ci/interop"]
fn the_step_is_done_probed_and_undone() {
    let server = Server::start();
    server.restore(&root().join("tests/fixtures/access/hard/export.json"));
    let (_bench, rbac) = compiled("hard", ALL_DECIDED);
    let k0s = k0s(&server);
    let script = |name: &str| -> Done {
        let path = root().join("templates/steps/rbac").join(name);
        let output = Command::new("sh").arg(path).env("K0S", &k0s).env("RBAC", &rbac).output();
        output.expect("sh starts").into()
    };
    // What is there of roles and bindings, without what every write changes.
    let state = || {
        let out = server.ok(&["get", "clusterroles,clusterrolebindings,rolebindings", "-A", "-o", "json"]);
        let mut list: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        for item in list["items"].as_array_mut().expect("a list") {
            let meta = item["metadata"].as_object_mut().expect("an object");
            meta.remove("resourceVersion");
            meta.remove("managedFields");
            if meta.get("annotations").is_some_and(|a| a.as_object().is_some_and(serde_json::Map::is_empty)) {
                meta.remove("annotations");
            }
        }
        list["items"].clone()
    };
    let before = state();
    assert_eq!(script("probe.sh").code, 11);
    let done = script("do.sh");
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(script("probe.sh").code, 10);
    // Once more changes nothing.
    let applied = state();
    assert_eq!(script("do.sh").code, 0);
    assert_eq!(state(), applied);
    server.ok(&["delete", "clusterrolebinding", "ops-org"]);
    assert_eq!(script("probe.sh").code, 11);
    let undone = script("undo.sh");
    assert_eq!(undone.code, 0, "{}", undone.err);
    assert_eq!(state(), before);
    assert_eq!(script("undo.sh").code, 0, "undoing twice is fine");
    assert_eq!(script("probe.sh").code, 11);
    // Nobody there to ask: neither in effect nor not.
    bed("stop", server.folder.path());
    assert_eq!(script("probe.sh").code, 1);
}

#[test]
#[ignore = "needs a kube-apiserver: .ci/interop"]
fn logins_are_made_unless_they_are_there_and_only_ours_go_again() {
    let server = Server::start();
    let dex = server.folder.path().join("dex.yaml");
    std::fs::write(&dex, DEX).expect("a file");
    server.ok(&["apply", "-f", &dex.to_string_lossy()]);
    let (_bench, rbac) = compiled("hard", ALL_DECIDED);
    let (k0s, logins) = (k0s(&server), rbac.join("passwords.yaml"));
    let script = |name: &str| -> i32 {
        let path = root().join("templates/steps/logins").join(name);
        let output = Command::new("sh").arg(path).env("K0S", &k0s).env("LOGINS", &logins).output();
        Done::from(output.expect("sh starts")).code
    };
    server.wait_for("Dex's definition is served", || script("probe.sh") == 11);
    let names = || server.ok(&["get", "passwords", "-n", "mke", "-o", "jsonpath={.items[*].email}"]);
    assert_eq!(script("do.sh"), 0);
    assert_eq!((script("probe.sh"), names().as_str()), (10, "admin"));
    assert_eq!(script("do.sh"), 0, "once more is fine");
    assert_eq!(script("undo.sh"), 0);
    assert_eq!((script("probe.sh"), names().as_str()), (11, ""));
    // The vendor's command has made the user: neither changed nor taken away.
    let theirs = server.folder.path().join("theirs.yaml");
    let text = std::fs::read_to_string(&logins)
        .expect("a file")
        .replace("mke3-migrate.example/kind: login", "made-by: them");
    std::fs::write(&theirs, text.replace("username: admin", "username: theirs")).expect("a file");
    server.ok(&["create", "-f", &theirs.to_string_lossy()]);
    assert_eq!((script("do.sh"), script("undo.sh")), (0, 0));
    let left = server.ok(&["get", "passwords", "-n", "mke", "-o", "jsonpath={.items[*].username}"]);
    assert_eq!(left, "theirs");
}

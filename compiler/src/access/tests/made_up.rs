//! Made-up exports, as MKE 3 and kubectl would answer.

use serde_json::{Value, json};

/// An id like MKE 3's, for the nth thing of a kind.
pub fn id(kind: u8, n: usize) -> String {
    format!("{kind:08x}-0000-5000-8000-{n:012x}")
}

/// A user's account.
pub fn user(n: usize, name: &str) -> Value {
    json!({"name": name, "id": id(1, n), "fullName": "", "isOrg": false, "isAdmin": false, "isActive": true})
}

/// An organization: number, name, members and teams.
pub fn org(
    n: usize,
    name: &str,
    members: &[Value],
    teams: &[(usize, &str, Vec<Value>)],
) -> (Value, (String, Value)) {
    let account = json!({
        "name": name, "id": id(2, n), "isOrg": true, "membersCount": members.len(), "teamsCount": teams.len(),
    });
    let listed: Vec<Value> = teams
        .iter()
        .map(|(t, team, members)| json!({"orgID": id(2, n), "name": team, "id": id(3, *t), "membersCount": members.len()}))
        .collect();
    let details: serde_json::Map<String, Value> = teams
        .iter()
        .map(|(t, _, members)| {
            let page = json!([{"members": members, "nextPageStart": ""}]);
            (id(3, *t), json!({"members": page, "memberSyncConfig": {"enableSync": false}}))
        })
        .collect();
    let answers = json!({
        "teams": [{"teams": listed, "nextPageStart": ""}],
        "members": [{"members": members, "nextPageStart": ""}],
        "teamDetails": details,
    });
    (account, (id(2, n), answers))
}

/// A membership.
pub fn member(account: &Value) -> Value {
    json!({"member": account, "isAdmin": false})
}

/// A ClusterRoleBinding, or a RoleBinding.
pub fn binding(namespace: Option<&str>, name: &str, role: &str, subjects: Vec<Value>) -> Value {
    let mut binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" },
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": subjects,
    });
    if let Some(namespace) = namespace {
        binding["metadata"]["namespace"] = namespace.into();
    }
    binding
}

/// A subject: `User:x`, `Group:x`, or `ServiceAccount:namespace/x`.
pub fn subject(text: &str) -> Value {
    match text.split_once(':') {
        Some(("ServiceAccount", rest)) => {
            let (namespace, name) = rest.split_once('/').unwrap();
            json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
        }
        Some((kind, name)) => json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}),
        None => panic!("{text}"),
    }
}

/// A stock role as every cluster has it.
fn stock(name: &str) -> Value {
    json!({
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        "aggregationRule": {"clusterRoleSelectors": [
            {"matchLabels": {format!("rbac.authorization.k8s.io/aggregate-to-{name}"): "true"}},
        ]},
        "rules": [],
    })
}

fn list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// A whole export.
#[derive(Clone, Debug)]
pub struct MadeUp {
    pub accounts: Vec<Value>,
    pub orgs: Vec<(String, Value)>,
    pub roles: Vec<Value>,
    pub collections: Vec<Value>,
    pub grants: Vec<Value>,
    pub namespaces: Vec<String>,
    pub cluster_roles: Vec<Value>,
    pub bindings: Vec<Value>,
    pub auth: Value,
}

impl MadeUp {
    /// One administrator, and nothing else that a new cluster would not have.
    pub fn new() -> Self {
        let built_in = ["none", "viewonly", "restrictedcontrol", "scheduler", "fullcontrol"];
        let mut admin = user(0, "admin");
        admin["isAdmin"] = true.into();
        Self {
            accounts: vec![admin],
            orgs: Vec::new(),
            roles: built_in
                .iter()
                .map(|role| json!({"id": role, "name": role, "system_role": true, "operations": {}}))
                .collect(),
            collections: [
                ("swarm", "/"),
                ("system", "/System"),
                ("shared", "/Shared"),
                ("private", "/Shared/Private"),
            ]
            .iter()
            .map(|(id, path)| json!({"id": id, "path": path, "name": id, "label_constraints": []}))
            .collect(),
            grants: Vec::new(),
            namespaces: vec!["default".to_owned(), "payments".to_owned()],
            cluster_roles: vec![stock("view"), stock("edit"), stock("admin")],
            bindings: Vec::new(),
            auth: json!({"backend": "managed"}),
        }
    }

    /// Adds an organization.
    pub fn org(&mut self, n: usize, name: &str, members: &[Value], teams: &[(usize, &str, Vec<Value>)]) {
        let (account, answers) = org(n, name, members, teams);
        self.accounts.push(account);
        self.orgs.push(answers);
    }

    /// Adds a user, who is returned.
    pub fn user(&mut self, n: usize, name: &str) -> Value {
        let user = user(n, name);
        self.accounts.push(user.clone());
        user
    }

    /// Adds a grant.
    pub fn grant(&mut self, subject: &str, object: &str, role: &str) {
        self.grants.push(json!({"subjectID": subject, "objectID": object, "roleID": role}));
    }

    /// The answers in one object.
    pub fn json(&self) -> Value {
        let orgs = self.accounts.iter().filter(|a| a["isOrg"] == true).count();
        let of = |namespaced: bool| -> Vec<Value> {
            let wanted = |b: &&Value| b["metadata"].get("namespace").is_some() == namespaced;
            self.bindings.iter().filter(wanted).cloned().collect()
        };
        json!({
            "meta": {},
            "accounts": [{
                "usersCount": self.accounts.len() - orgs, "orgsCount": orgs, "nextPageStart": "", "accounts": self.accounts,
            }],
            "orgs": self.orgs.iter().cloned().collect::<serde_json::Map<_, _>>(),
            "roles": self.roles,
            "collections": self.collections,
            "collectionGrants": {"grants": self.grants, "subjects": []},
            "kubernetes": {
                "namespaces": list(self.namespaces.iter().map(|n| json!({"metadata": {"name": n}})).collect()),
                "clusterroles": list(self.cluster_roles.clone()),
                "roles": list(Vec::new()),
                "clusterrolebindings": list(of(false)),
                "rolebindings": list(of(true)),
            },
            "authConfig": self.auth,
        })
    }

    /// The same as text, over several lines.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(&self.json()).unwrap()
    }
}

//! k0s.yaml and k0sctl.yaml against the JSON Schemas of their programs.

use super::fixture::{documents, file, mke4, site};
use airlift::contract;
use airlift::document::{Document, Leaf, Role, Scalar, Tree, node_documents};
use serde_json::{Value, json};

const K0S: &str = include_str!("../../../tests/schemas/k0s-clusterconfig.schema.json");
const K0SCTL: &str = include_str!("../../../tests/schemas/k0sctl.schema.json");

pub fn validator(schema: &str) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(&serde_json::from_str(schema).unwrap()).unwrap()
}

/// What the tree means, independent of its text.
pub fn json(tree: &Tree) -> Value {
    match tree {
        Tree::Map(members) => Value::Object(members.iter().map(|(k, t)| (k.clone(), json(t))).collect()),
        Tree::List(items) => items.iter().map(json).collect(),
        Tree::Leaf(Leaf { scalar, .. }) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => json!(value),
            Scalar::Int(value) => json!(value),
            other => json!(other.text()),
        },
    }
}

/// The text of a YAML document, read by an independent reader.
pub fn read_back(document: &Document) -> Value {
    serde_saphyr::from_str(&document.render().unwrap()).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, value: &Value, what: &str) {
    let errors: Vec<_> = schema.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

#[test]
fn k0s_and_k0sctl_accept_what_is_made_for_every_release() {
    let (k0s, k0sctl) = (validator(K0S), validator(K0SCTL));
    for contract in contract::all() {
        for (managers, workers) in [(3, 3), (1, 1), (1, 0)] {
            for external in [true, false] {
                let mut site = site(managers, workers);
                site.external_address = site.external_address.filter(|_| external);
                let docs = node_documents(&mke4(contract, &site), &site, contract).unwrap();
                let what = format!("{} {managers}+{workers} external {external}", contract.id);
                assert_valid(&k0sctl, &read_back(&docs.k0sctl), &what);
                for node in docs.nodes.iter().filter(|n| n.flags.role == Role::Controller) {
                    let config = &file(&docs, &node.name.value, "/etc/k0s/k0s.yaml").document;
                    assert_valid(&k0s, &read_back(config), &what);
                    let nllb = config.tree.get("spec.network.nodeLocalLoadBalancing");
                    assert_eq!(nllb.is_some(), !external, "{what}");
                }
            }
        }
    }
}

#[test]
fn the_bare_defaults_of_every_release_are_valid_too() {
    for contract in contract::all() {
        let mut site = site(1, 0);
        site.external_address = None;
        site.image_registry = None;
        let docs = node_documents(&contract.default_document(), &site, contract).unwrap();
        let config = &file(&docs, "mgr1", "/etc/k0s/k0s.yaml").document;
        assert_valid(&validator(K0S), &read_back(config), contract.id);
    }
}

#[test]
fn controllers_differ_in_two_addresses_alone() {
    for contract in contract::all() {
        let docs = documents(contract, 3, 3);
        let config = |node: &str| {
            let mut tree = file(&docs, node, "/etc/k0s/k0s.yaml").document.tree.as_ref().clone();
            let own = [tree.remove("spec.api.address"), tree.remove("spec.storage.etcd.peerAddress")];
            (own.map(|t| json(&t.unwrap())), tree)
        };
        let (own, shared) = config("mgr1");
        assert_eq!(own, [json!("10.0.0.11"), json!("10.0.0.11")]);
        for (node, address) in [("mgr2", "10.0.0.12"), ("mgr3", "10.0.0.13")] {
            let (own, other) = config(node);
            assert_eq!(own, [json!(address), json!(address)]);
            assert_eq!(shared, other, "{} {node}", contract.id);
        }
        assert_eq!(json(docs.k0sctl.tree.get("spec.k0s.config").unwrap()), json(&shared));
    }
}

#[test]
fn a_registry_with_a_path_gives_the_same_image_names_on_every_k0s() {
    for contract in contract::all() {
        let docs = documents(contract, 1, 0);
        let config = &file(&docs, "mgr1", "/etc/k0s/k0s.yaml").document.tree;
        let repository = config.text("spec.images.repository").map(|t| t.value);
        let proxy = config.text("spec.images.kubeproxy.image").map(|t| t.value);
        if contract.k0s.repository_path_twice {
            assert_eq!(
                (repository, proxy.as_deref()),
                (None, Some("registry.corp.example:5000/mke/k0sproject/kube-proxy"))
            );
        } else {
            assert_eq!((repository.as_deref(), proxy), (Some("registry.corp.example:5000/mke"), None));
        }
    }
}

//! Changing an input changes exactly the scalars whose origin names it.

use super::fixture::{mke4, site};
use airlift::contract::{self, Contract};
use airlift::document::{Document, Scalar, Tree, node_documents};
use airlift::origin::{Origin, Source};
use airlift::surroundings::Surroundings;
use std::collections::BTreeMap;

type Scalars = BTreeMap<String, (Scalar, Origin)>;

/// All scalars of all documents. A node counts by its place, not by its name, and its files by theirs.
fn scalars(mke4: &Tree, site: &Surroundings, contract: &'static Contract) -> Scalars {
    let docs = node_documents(mke4, site, contract).unwrap();
    let mut all = Scalars::new();
    let mut take = |what: String, document: &Document| {
        for (path, leaf) in document.tree.leaves() {
            all.insert(format!("{what}:{path}"), (leaf.scalar.clone(), leaf.origin.clone()));
        }
    };
    take("k0sctl.yaml".into(), &docs.k0sctl);
    for (i, node) in docs.nodes.iter().enumerate() {
        docs.files(node).iter().for_each(|file| take(format!("{i}{}", file.path), &file.document));
    }
    all
}

fn assert_law(before: &Scalars, after: &Scalars, source: &Source) {
    let mut changed = 0;
    for key in before.keys().chain(after.keys()) {
        let (old, new) = (before.get(key), after.get(key));
        let named = [old, new].into_iter().flatten().any(|(_, origin)| origin.names(source));
        let differs = old.map(|o| &o.0) != new.map(|n| &n.0);
        assert_eq!(differs, named, "{source} and {key}: {old:?} became {new:?}");
        changed += usize::from(differs);
    }
    assert!(changed > 0, "{source} changed nothing");
}

#[test]
fn every_scalar_has_an_origin() {
    for contract in contract::all() {
        let site = site(3, 3);
        for (key, (_, origin)) in scalars(&mke4(contract, &site), &site, contract) {
            assert!(!origin.is_empty(), "{} {key}", contract.id);
        }
    }
}

#[test]
fn a_changed_host_changes_what_names_it() {
    let contract = contract::by_id("v4.1.5").unwrap();
    let before = site(3, 3);
    let old = scalars(&mke4(contract, &before), &before, contract);
    for i in [0, 2, 4] {
        for field in ["hostname", "privateAddress", "address", "port", "user", "keyPath"] {
            let mut after = before.clone();
            let host = &mut after.hosts[i];
            match field {
                "hostname" => host.name.value = "other".into(),
                "privateAddress" => host.private_address.as_mut().unwrap().value = "10.9.9.9".into(),
                "address" => host.ssh.address.value = "192.0.2.99".into(),
                "port" => host.ssh.port.value = 2222,
                "user" => host.ssh.user.value = "other".into(),
                _ => host.ssh.key_path.as_mut().unwrap().value = "/other".into(),
            }
            let new = scalars(&mke4(contract, &after), &after, contract);
            assert_law(&old, &new, &Source::new("hosts.yaml", format!("hosts[{i}].{field}")));
        }
    }
}

#[test]
fn a_changed_value_of_mke4_changes_what_names_it() {
    for id in ["v4.0.0", "v4.1.2", "v4.1.5"] {
        let contract = contract::by_id(id).unwrap();
        let site = site(3, 3);
        let plain = mke4(contract, &site);
        for (path, value) in [
            ("spec.apiServer.requestTimeout", Scalar::from("2m")),
            ("spec.apiServer.encryptionProvider", "/other".into()),
            ("spec.apiServer.externalAddress", "other.example".into()),
            ("spec.apiServer.audit.enabled", false.into()),
            ("spec.apiServer.audit.level", "None".into()),
            ("spec.apiServer.audit.maxAge", 7_i64.into()),
            ("spec.apiServer.sans[0]", "other.example".into()),
            ("spec.apiServer.extraArgs.event-ttl", "9h".into()),
            ("spec.controllerManager.terminatedPodGCThreshold", 9_i64.into()),
            ("spec.etcd.storageQuota", "4GB".into()),
            ("spec.network.serviceCIDR", "10.5.0.0/16".into()),
            ("spec.network.nodePortRange", "30000-32767".into()),
            ("spec.network.kubeProxy.mode", "nftables".into()),
            ("spec.network.providers[0].extraConfig.cidrV4", "10.6.0.0/16".into()),
            ("spec.network.providers[0].extraConfig.clusterCIDRIPv4", "10.6.0.0/16".into()),
            ("spec.network.providers[0].extraConfig.mode", "ipip".into()),
            ("spec.kubelet.maxPods", 7_i64.into()),
            ("spec.kubelet.workerKubeReserved.cpu", "7m".into()),
            ("spec.kubelet.kubeletRootDir", "/other".into()),
            ("spec.kubelet.extraArgs.v", 9_i64.into()),
            ("spec.kubelet.customProfiles[0].values.maxPods", 9_i64.into()),
            ("spec.k8sProviderSpecs.dataDir", "/other/k0s".into()),
            ("spec.tracking.enabled", false.into()),
            ("spec.airgap.enabled", false.into()),
            ("spec.registries.imageRegistry.url", "other.example/else".into()),
        ] {
            let source = Source::new("changed", path);
            let Some(leaf) = plain.scalar(path).cloned() else { continue };
            let with = |scalar: Scalar| {
                let mut doc = plain.clone();
                doc.set(path, Tree::leaf(scalar, &Origin::of(source.clone())));
                scalars(&doc, &site, contract)
            };
            assert_law(&with(leaf.scalar), &with(value), &source);
        }
    }
}

#[test]
fn all_that_is_wrong_with_the_nodes_is_reported_at_once() {
    let contract = contract::by_id("v4.1.5").unwrap();
    let mut site = site(3, 3);
    site.hosts[0].manager.value = false;
    site.hosts[1].private_address = None;
    site.hosts[2].name.value = "Mgr 3".into();
    site.hosts[3].private_address.as_mut().unwrap().value = "docker0".into();
    site.hosts[5].private_address = site.hosts[4].private_address.clone();
    let findings = node_documents(&mke4(contract, &site), &site, contract).unwrap_err();
    let codes: Vec<_> = findings.iter().map(|f| f.code.id).collect();
    assert_eq!(codes, ["O002", "O003", "O002", "O001", "O001"]);
    assert!(findings.iter().all(|f| f.help.is_some()));
}

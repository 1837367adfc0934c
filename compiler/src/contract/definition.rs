//! The shape of a contract and the questions that it answers.

use super::{K0sImage, SourceVersion};
use crate::document::{Scalar, Tree};
use crate::origin::Origin;
use crate::source::{self, File, Node, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// One target release.
#[derive(Debug)]
pub struct Contract {
    /// Its name, which is also `spec.version`: `v4.1.5`.
    pub id: &'static str,
    /// When it came out, `YYYY-MM-DD`.
    pub released: &'static str,
    /// What it may be used for.
    pub allows: Use,
    /// Which MKE 3 it takes.
    pub sources: Sources,
    /// The k0s inside.
    pub k0s: K0s,
    /// The Kubernetes inside.
    pub kubernetes: Kubernetes,
    /// How Calico is configured.
    pub calico: Calico,
    /// Where MetalLB is switched on.
    pub metallb: MetalLb,
    /// `ingressController.enabled` must be true.
    pub ingress_always_on: bool,
    /// A cluster with `unmanaged_cni` is taken.
    pub takes_unmanaged_cni: bool,
    /// An upgrade from MKE 3 must name the Gateway API's node ports, or remove ingress-nginx.
    pub asks_gateway_ports: bool,
    /// Registries may have a CA of their own.
    pub registry_ca: bool,
    /// What `spec.k0rdent.enabled` must say after a migration, where the field must be written.
    pub k0rdent_off: bool,
    /// Paths below `spec` that its mke4.yaml knows, one a line, sorted.
    pub fields: &'static str,
    /// The mke4.yaml that its own tool prints, without hosts.
    pub defaults: &'static str,
    /// What a person should know before choosing it.
    pub remarks: &'static [&'static str],
}

/// What a contract may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Everything.
    Compile,
    /// `convert` and `check` only: too little is known for a migration.
    Convert,
}

/// Which MKE 3 versions a release takes: for each minor line the first patch release.
#[derive(Clone, Copy, Debug)]
pub struct Sources(pub &'static [(u32, u32)]);

impl Sources {
    /// Whether this version is among them.
    pub fn accept(&self, version: SourceVersion) -> bool {
        self.0.iter().any(|(minor, patch)| version.minor == *minor && version.patch >= *patch)
    }

    /// For people: `3.7.15 or later, 3.8.0 or later`.
    pub fn describe(&self) -> String {
        let lines: Vec<_> = self.0.iter().map(|(m, p)| format!("3.{m}.{p} or later of 3.{m}")).collect();
        lines.join(", ")
    }
}

/// A k0s release and what it can do.
#[derive(Clone, Copy, Debug)]
pub struct K0s {
    /// As its binary says it: `v1.32.11+k0s.0`.
    pub version: &'static str,
    /// Which controllers may find a CA in place before they join.
    pub seeded_ca: SeededCa,
    /// `--kubelet-root-dir` is an install flag (k0s 1.31.8 and later; for the 1.32 line inferred from release dates).
    pub kubelet_root_flag: bool,
    /// Which containerd configuration it reads.
    pub containerd: ContainerdConfig,
    /// An `images.repository` with a path is applied twice (k0s before 1.31.12; for the 1.32 line inferred from dates).
    pub repository_path_twice: bool,
    /// Its unit always has a line `Environment=""` (k0s up to 1.31.1).
    pub empty_environment_line: bool,
    /// The images that it runs by itself.
    pub images: &'static [K0sImage],
}

/// Which controllers may find a CA in place before they join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeededCa {
    /// Only the first: k0s before 1.31.5 ignores the join token of a controller that has a CA, and starts a new
    /// cluster (k0s#5149).
    LeaderOnly,
    /// All of them.
    AllControllers,
}

/// Which containerd configuration a k0s reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerdConfig {
    /// containerd 1.7, `version = 2` (k0s 1.31 to 1.35).
    V2,
    /// containerd 2, `version = 3` (k0s 1.36 and later).
    V3,
}

/// A Kubernetes minor release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kubernetes {
    /// 31 for 1.31.
    pub minor: u32,
}

/// How Calico is configured in `network.providers[].extraConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calico {
    /// k0s' own Calico: `clusterCIDRIPv4`, `mode`, `vxlanPort` … (4.0.x).
    K0s,
    /// The Tigera operator's chart: `cidrV4`, `linuxDataplane`, `loglevel` and `values.yaml` (4.1.0 and later).
    Operator {
        /// `values.yaml` must begin with the kubelet's root directory (4.1.1 and later).
        kubelet_root_line: bool,
        /// The Installation must select the control plane's nodes by their role label (4.2.0 and later).
        control_plane_selector: bool,
    },
}

/// Where MetalLB is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetalLb {
    /// An entry of `addons`.
    Addon,
    /// No field is known (4.1.0 to 4.1.2).
    Nowhere,
    /// `metallb.enabled`.
    Field,
}

impl Contract {
    /// Whether its mke4.yaml knows the field at this path below `spec`, list elements written without index
    /// (`hosts[].role`), the names of free maps left out.
    pub fn has(&self, path: &str) -> bool {
        static FIELDS: LazyLock<BTreeMap<&str, BTreeSet<&str>>> =
            LazyLock::new(|| super::all().iter().map(|c| (c.id, c.fields.lines().collect())).collect());
        FIELDS.get(self.id).is_some_and(|fields| fields.contains(path))
    }

    /// The origin of its constants.
    pub fn origin(&self) -> Origin {
        static ORIGINS: LazyLock<BTreeMap<&str, Origin>> =
            LazyLock::new(|| super::all().iter().map(|c| (c.id, Origin::contract(c.id))).collect());
        ORIGINS.get(self.id).cloned().unwrap_or_else(|| Origin::contract(self.id))
    }

    /// The document that its own tool prints, every scalar a constant of this contract, without hosts.
    pub fn default_document(&self) -> Tree {
        static DOCUMENTS: LazyLock<BTreeMap<&str, Tree>> =
            LazyLock::new(|| super::all().iter().map(|c| (c.id, c.read_defaults())).collect());
        DOCUMENTS.get(self.id).cloned().unwrap_or_default()
    }

    fn read_defaults(&self) -> Tree {
        let file = File::new(self.id, self.defaults);
        let mut findings = crate::diag::Findings::new();
        match source::yaml::parse(&file, &mut findings) {
            Some(node) => tree(&node, &self.origin()),
            None => unreachable!("the default document of {} is read by a test: {findings:?}", self.id),
        }
    }
}

fn tree(node: &Node, origin: &Origin) -> Tree {
    match &node.value {
        Value::Map(entries) => {
            Tree::Map(entries.iter().map(|e| (e.key.clone(), tree(&e.node, origin))).collect())
        }
        Value::List(items) => Tree::List(items.iter().map(|n| tree(n, origin)).collect()),
        Value::Null => Tree::leaf(Scalar::Null, origin),
        Value::Bool(value) => Tree::leaf(*value, origin),
        Value::Int(value) => Tree::leaf(*value, origin),
        Value::Float(value) => Tree::leaf(value.to_string(), origin),
        Value::Str(text) => Tree::leaf(text.as_str(), origin),
    }
}

/// The contract with this id, with or without the leading `v`.
pub fn by_id(id: &str) -> Option<&'static Contract> {
    let bare = |id: &str| id.strip_prefix('v').map(str::to_owned).unwrap_or_else(|| id.to_owned());
    super::all().iter().copied().find(|c| bare(c.id) == bare(id))
}

/// The newest contract that takes this source for this use.
pub fn default_for(version: SourceVersion, allows: Use) -> Option<&'static Contract> {
    let fits =
        |c: &&&Contract| c.sources.accept(version) && (allows == Use::Convert || c.allows == Use::Compile);
    super::all().iter().rev().find(fits).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_documents_hold_only_fields_that_their_contract_knows() {
        for contract in super::super::all() {
            let doc = contract.default_document();
            assert_eq!(doc.scalar("spec.version").map(|l| l.scalar.text()).as_deref(), Some(contract.id));
            let Some(spec) = doc.get("spec") else { panic!("{} has no spec", contract.id) };
            for (path, _) in spec.leaves() {
                let mut known = String::new();
                for seg in &path.0 {
                    match seg {
                        crate::document::Seg::Key(key) if known.is_empty() => known = key.clone(),
                        crate::document::Seg::Key(key) => known = format!("{known}.{key}"),
                        crate::document::Seg::Index(_) => known.push_str("[]"),
                    }
                }
                // Free maps end the list of fields at their own name.
                let prefixes: Vec<_> = known.match_indices('.').map(|(at, _)| &known[..at]).collect();
                let found = contract.has(&known) || prefixes.iter().rev().any(|p| contract.has(p));
                assert!(found, "{}: {known}", contract.id);
            }
        }
    }

    #[test]
    fn the_default_is_the_newest_that_takes_the_source() {
        let pick = |text: &str, allows| default_for(text.parse().unwrap(), allows).map(|c| c.id);
        assert_eq!(pick("3.7.20", Use::Compile), Some("v4.1.5"));
        assert_eq!(pick("3.8.0", Use::Compile), Some("v4.1.5"));
        assert_eq!(pick("3.7.14", Use::Compile), None);
        assert_eq!(pick("3.9.3", Use::Compile), None);
        assert_eq!(pick("3.9.3", Use::Convert), Some("v4.2.1"));
    }
}

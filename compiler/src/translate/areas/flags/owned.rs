//! Flags that k0s or MKE 4k sets itself: what a custom flag of the same name would break.
//!
//! k0s lets `extraArgs` outweigh nearly all that it passes, so such a flag does not fail, it takes effect: the API
//! server looks for MKE 3's certificates, the kubelet for MKE 3's socket. Here is what belongs to the installation: a flag
//! of the table is left out where it says what k0s says anyway, and is a finding otherwise. What k0s merely presets
//! (`--profiling`, `--v`, `--tls-min-version`, `--tls-cipher-suites`, `--bind-address` of the inner components) is not
//! here: to change that is what custom flags are for.
//!
//! From k0s v1.31.14: `pkg/component/controller/{apiserver,controllermanager,scheduler,kubeproxy}.go` and
//! `pkg/component/worker/kubelet.go`; what MKE 4k adds: mke4-config dossier, section 10.

use super::list::Component;

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// With another value the cluster does not work, or the value has no effect: never written.
    Firm,
    /// k0s has its own value, but another can be meant: a person decides.
    Open,
}

/// The value that is there without the flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// A path or an address that no flag of MKE 3 can say.
    Inner,
    /// This one.
    Text(&'static str),
    /// What this key of the TOML file says, which becomes a field.
    Key(&'static str),
}

/// What is known of a flag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned {
    names: &'static [&'static str],
    pub(super) hold: Hold,
    pub(super) own: Own,
    /// What the flag would break, or who decides instead.
    pub(super) why: &'static str,
}

const fn firm(names: &'static [&'static str], own: Own, why: &'static str) -> Owned {
    Owned { names, hold: Hold::Firm, own, why }
}

const fn open(names: &'static [&'static str], own: Own, why: &'static str) -> Owned {
    Owned { names, hold: Hold::Open, own, why }
}

use Own::{Inner, Key, Text};

const POD_CIDR: Own = Key("cluster_config.pod_cidr");
const SERVICE_CIDR: Own = Key("cluster_config.service_cluster_ip_range");

const API_SERVER: &[Owned] = &[
    firm(
        &["etcd-cafile", "etcd-certfile", "etcd-keyfile", "etcd-servers", "etcd-servers-overrides"],
        Inner,
        "k0s runs its own etcd and points the API server at it",
    ),
    firm(&["etcd-prefix"], Text("/registry"), "the cluster's data is carried over below `/registry`"),
    firm(&["storage-backend"], Text("etcd3"), "k0s runs etcd 3"),
    firm(
        &[
            "client-ca-file",
            "kubelet-certificate-authority",
            "kubelet-client-certificate",
            "kubelet-client-key",
            "proxy-client-cert-file",
            "proxy-client-key-file",
            "requestheader-client-ca-file",
            "service-account-key-file",
            "service-account-signing-key-file",
            "tls-cert-file",
            "tls-private-key-file",
        ],
        Inner,
        "k0s makes and renews these certificates and keys below its data directory",
    ),
    firm(
        &["requestheader-allowed-names"],
        Text("front-proxy-client"),
        "k0s' own certificate of the front proxy bears this name",
    ),
    firm(&["requestheader-extra-headers-prefix"], Text("X-Remote-Extra-"), "the front proxy of k0s sends it"),
    firm(&["requestheader-group-headers"], Text("X-Remote-Group"), "the front proxy of k0s sends it"),
    firm(&["requestheader-username-headers"], Text("X-Remote-User"), "the front proxy of k0s sends it"),
    firm(&["secure-port"], Text("6443"), "k0s, the load balancer and every kubeconfig use 6443"),
    firm(&["bind-address"], Text("0.0.0.0"), "k0s' own components reach the API server on localhost"),
    firm(&["advertise-address"], Inner, "each controller advertises its own address"),
    firm(&["endpoint-reconciler-type"], Inner, "k0s sets it last, by the external address"),
    firm(&["allow-privileged"], Text("true"), "the network's own pods are privileged"),
    firm(&["enable-bootstrap-token-auth"], Text("true"), "nodes join by bootstrap tokens"),
    firm(&["authorization-config"], Inner, "it excludes `--authorization-mode`, which k0s always sets"),
    firm(
        &[
            "authentication-config",
            "oidc-ca-file",
            "oidc-client-id",
            "oidc-groups-claim",
            "oidc-groups-prefix",
            "oidc-issuer-url",
            "oidc-required-claim",
            "oidc-signing-algs",
            "oidc-username-claim",
            "oidc-username-prefix",
        ],
        Inner,
        "MKE 4k sets `--authentication-config` for its own login, and the two exclude each other; an identity provider \
         is configured below `authentication`",
    ),
    firm(&["service-cluster-ip-range"], SERVICE_CIDR, "the service network of mke4.yaml decides"),
    open(
        &["authorization-mode"],
        Text("Node,RBAC"),
        "without Node and RBAC neither kubelets nor MKE 4k's roles work",
    ),
    open(&["anonymous-auth"], Text("true"), "MKE 4k's health checks come without a login"),
    open(
        &["service-account-issuer"],
        Text("https://kubernetes.default.svc"),
        "tokens that pods hold, and whoever checks them outside the cluster, name MKE 3's issuer",
    ),
    open(
        &["service-account-jwks-uri"],
        Text("https://kubernetes.default.svc/openid/v1/jwks"),
        "it must fit the issuer",
    ),
    open(
        &["api-audiences"],
        Text("https://kubernetes.default.svc"),
        "k0s lists the audiences of its own parts there, which the flag would replace",
    ),
    open(
        &["admission-control-config-file"],
        Inner,
        "MKE 4k writes such a file for the limit of events, which the flag would put aside",
    ),
];

const CONTROLLER_MANAGER: &[Owned] = &[
    firm(
        &[
            "authentication-kubeconfig",
            "authorization-kubeconfig",
            "client-ca-file",
            "cluster-signing-cert-file",
            "cluster-signing-key-file",
            "cluster-signing-kube-apiserver-client-cert-file",
            "cluster-signing-kube-apiserver-client-key-file",
            "cluster-signing-kubelet-client-cert-file",
            "cluster-signing-kubelet-client-key-file",
            "cluster-signing-kubelet-serving-cert-file",
            "cluster-signing-kubelet-serving-key-file",
            "cluster-signing-legacy-unknown-cert-file",
            "cluster-signing-legacy-unknown-key-file",
            "kubeconfig",
            "requestheader-client-ca-file",
            "root-ca-file",
            "service-account-private-key-file",
        ],
        Inner,
        "k0s makes and renews these certificates, keys and kubeconfigs below its data directory",
    ),
    firm(&["master"], Inner, "each controller talks to its own API server"),
    firm(&["cluster-cidr"], POD_CIDR, "the pod network of mke4.yaml decides"),
    firm(&["service-cluster-ip-range"], SERVICE_CIDR, "the service network of mke4.yaml decides"),
    firm(&["allocate-node-cidrs"], Text("true"), "k0s' networks take the ranges of nodes from it"),
    firm(&["leader-elect"], Text("true"), "without it every controller would act at once"),
    firm(
        &["use-service-account-credentials"],
        Text("true"),
        "k0s grants rights to each controller's account",
    ),
    open(
        &["controllers"],
        Text("*,bootstrapsigner,tokencleaner"),
        "k0s needs bootstrapsigner and tokencleaner for its join tokens",
    ),
];

const SCHEDULER: &[Owned] = &[
    firm(
        &["authentication-kubeconfig", "authorization-kubeconfig", "kubeconfig"],
        Inner,
        "k0s makes and renews the scheduler's kubeconfig below its data directory",
    ),
    firm(&["master"], Inner, "each controller talks to its own API server"),
    firm(&["leader-elect"], Text("true"), "without it every scheduler would act at once"),
    open(
        &["config"],
        Inner,
        "with it the scheduler takes its kubeconfig from that file alone, which must name k0s' own \
         (/var/lib/k0s/pki/scheduler.conf) on every controller",
    ),
];

const KUBELET: &[Owned] = &[
    firm(
        &["bootstrap-kubeconfig", "cert-dir", "client-ca-file", "config", "kubeconfig"],
        Inner,
        "k0s writes the kubelet's configuration, certificates and kubeconfig on each node",
    ),
    firm(
        &[
            "container-runtime",
            "container-runtime-endpoint",
            "containerd",
            "image-service-endpoint",
            "kubelet-cgroups",
            "runtime-cgroups",
        ],
        Inner,
        "the kubelet works with k0s' own containerd, no longer with MKE 3's runtime",
    ),
    firm(&["root-dir"], Text("/var/lib/kubelet"), "this release can't keep another kubelet root"),
    firm(&["hostname-override", "node-ip"], Inner, "it differs from node to node: Airlift sets it on each"),
    firm(&["register-node"], Text("true"), "a kubelet that registers nothing never becomes a node of k0s"),
    open(
        &["node-labels"],
        Inner,
        "k0s hands the labels of a node over by the same flag, MKE 4k's own among them, and this one would replace them; \
         nodes keep the labels that they have",
    ),
    open(&["cgroup-driver"], Text("cgroupfs"), "it must be the driver of k0s' containerd, or no pod starts"),
    open(&["cluster-dns"], Inner, "k0s knows the address of its CoreDNS, which depends on the service range"),
    open(&["cluster-domain"], Text("cluster.local"), "CoreDNS serves cluster.local"),
    open(&["rotate-certificates"], Text("true"), "the kubelet's certificate would end after a year"),
    open(
        &["rotate-server-certificates"],
        Text("true"),
        "the API server of k0s trusts the kubelet's certificate only when k0s' CA signed it",
    ),
    open(
        &["tls-cert-file", "tls-private-key-file"],
        Inner,
        "the API server of k0s trusts the kubelet's certificate only when k0s' CA signed it",
    ),
];

const PROXY: &[Owned] = &[
    firm(
        &["config", "kubeconfig", "master"],
        Inner,
        "k0s gives kube-proxy a configuration file and an address",
    ),
    firm(&["hostname-override"], Inner, "k0s gives each pod of kube-proxy the name of its node"),
    firm(&["cluster-cidr"], POD_CIDR, "the pod network of mke4.yaml decides"),
    firm(&["cleanup", "init-only", "write-config-to"], Text("false"), "kube-proxy would do that and end"),
];

/// What is known of this flag, where k0s or MKE 4k sets it.
pub(super) fn owned(component: Component, name: &str) -> Option<&'static Owned> {
    table(component).iter().find(|owned| owned.names.contains(&name))
}

fn table(component: Component) -> &'static [Owned] {
    match component {
        Component::ApiServer => API_SERVER,
        Component::ControllerManager => CONTROLLER_MANAGER,
        Component::Scheduler => SCHEDULER,
        Component::Kubelet => KUBELET,
        Component::Proxy => PROXY,
    }
}

/// Whether kube-proxy takes this flag beside a configuration file: it lets go of all others
/// (kubernetes: `cmd/kube-proxy/app/options.go`).
pub(super) fn heeded_by_proxy(name: &str) -> bool {
    matches!(name, "v" | "vmodule") || name.starts_with("log")
}

#[cfg(test)]
mod tests {
    use super::super::known::Verdict;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_flag_stands_once_and_some_release_knows_it() {
        for component in Component::ALL {
            let mut seen = BTreeSet::new();
            for name in table(component).iter().flat_map(|owned| owned.names) {
                assert!(seen.insert(name), "{name} stands twice for {}", component.name());
                let known = (31..=35)
                    .any(|minor| !matches!(component.known().look_up(name, minor), Verdict::Unknown(_)));
                assert!(known, "{} has no flag {name}", component.name());
            }
        }
    }
}

//! The images that each k0s release runs by itself, with the setting that names each of them in k0s.yaml.
//!
//! From k0s' source at the tag of the release: `pkg/constant/constant.go` for names and tags,
//! `pkg/apis/k0s/v1beta1/images.go` and `nllb.go` for the settings, `pkg/airgap/images.go` for the list.

/// An image of k0s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct K0sImage {
    /// Its setting below `spec` of k0s.yaml.
    pub setting: &'static str,
    /// Its name unless k0s.yaml says otherwise.
    pub name: &'static str,
    /// Its tag.
    pub tag: &'static str,
    /// When k0s runs it.
    pub runs: Runs,
}

/// When k0s runs an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// On every node.
    Always,
    /// Where this is the `network.provider`.
    Provider(&'static str),
    /// Unless this component is disabled.
    Component(&'static str),
    /// Where node-local load balancing is on.
    NodeLocalLoadBalancing,
    /// Where metrics of the control plane are scraped.
    MetricsScraper,
}

/// What differs between the releases.
struct Tags {
    konnectivity: &'static str,
    metrics: (&'static str, &'static str),
    pause: (&'static str, &'static str),
    kube_proxy: &'static str,
    coredns: &'static str,
    envoy: &'static str,
    calico: &'static str,
    kube_router: &'static str,
    cni_node: &'static str,
}

const METRICS: &str = "registry.k8s.io/metrics-server/metrics-server";
const PAUSE: &str = "registry.k8s.io/pause";

const fn images(tags: &Tags) -> [K0sImage; 12] {
    use Runs::{Always, Component, MetricsScraper, NodeLocalLoadBalancing, Provider};
    const fn of(setting: &'static str, name: &'static str, tag: &'static str, runs: Runs) -> K0sImage {
        K0sImage { setting, name, tag, runs }
    }
    let (calico, router) = (Provider("calico"), Provider("kuberouter"));
    let envoy = "network.nodeLocalLoadBalancing.envoyProxy.image";
    [
        of("images.calico.cni", "quay.io/k0sproject/calico-cni", tags.calico, calico),
        of(
            "images.calico.kubecontrollers",
            "quay.io/k0sproject/calico-kube-controllers",
            tags.calico,
            calico,
        ),
        of("images.calico.node", "quay.io/k0sproject/calico-node", tags.calico, calico),
        of("images.coredns", "quay.io/k0sproject/coredns", tags.coredns, Component("coredns")),
        of(
            "images.konnectivity",
            "quay.io/k0sproject/apiserver-network-proxy-agent",
            tags.konnectivity,
            Component("konnectivity-server"),
        ),
        of("images.kubeproxy", "quay.io/k0sproject/kube-proxy", tags.kube_proxy, Component("kube-proxy")),
        of("images.kuberouter.cni", "quay.io/k0sproject/kube-router", tags.kube_router, router),
        of("images.kuberouter.cniInstaller", "quay.io/k0sproject/cni-node", tags.cni_node, router),
        of("images.metricsserver", tags.metrics.0, tags.metrics.1, Component("metrics-server")),
        of("images.pause", tags.pause.0, tags.pause.1, Always),
        of("images.pushgateway", "quay.io/k0sproject/pushgateway-ttl", "1.4.0-k0s.0", MetricsScraper),
        of(envoy, "quay.io/k0sproject/envoy-distroless", tags.envoy, NodeLocalLoadBalancing),
    ]
}

/// v1.31.1+k0s.1
pub const V1_31_1: &[K0sImage] = &images(&Tags {
    konnectivity: "v0.30.3",
    metrics: (METRICS, "v0.7.2"),
    pause: (PAUSE, "3.9"),
    kube_proxy: "v1.31.1",
    coredns: "1.11.3",
    envoy: "v1.31.1",
    calico: "v3.28.2-0",
    kube_router: "v2.2.1-iptables1.8.9-0",
    cni_node: "1.3.0-k0s.0",
});

/// v1.32.3+k0s.0
pub const V1_32_3: &[K0sImage] = &images(&Tags {
    konnectivity: "v0.31.0",
    metrics: (METRICS, "v0.7.2"),
    pause: (PAUSE, "3.9"),
    kube_proxy: "v1.32.3",
    coredns: "1.12.0",
    envoy: "v1.31.5",
    calico: "v3.29.3-0",
    kube_router: "v2.4.1-iptables1.8.9-0",
    cni_node: "1.3.0-k0s.0",
});

/// v1.32.6+k0s.0
pub const V1_32_6: &[K0sImage] = &images(&Tags {
    konnectivity: "v0.31.0",
    metrics: (METRICS, "v0.7.2"),
    pause: (PAUSE, "3.9"),
    kube_proxy: "v1.32.6",
    coredns: "1.12.2",
    envoy: "v1.31.5",
    calico: "v3.29.4-0",
    kube_router: "v2.4.1-iptables1.8.9-0",
    cni_node: "1.3.0-k0s.0",
});

/// v1.32.11+k0s.0
pub const V1_32_11: &[K0sImage] = &images(&Tags {
    konnectivity: "v0.31.0",
    metrics: (METRICS, "v0.7.2"),
    pause: (PAUSE, "3.9"),
    kube_proxy: "v1.32.11",
    coredns: "1.12.4",
    envoy: "v1.31.10",
    calico: "v3.29.7-0",
    kube_router: "v2.4.1-iptables1.8.9-0",
    cni_node: "1.3.0-k0s.0",
});

/// v1.35.4+k0s.0
pub const V1_35_4: &[K0sImage] = &images(&Tags {
    konnectivity: "v0.34.0-k0s.2",
    metrics: ("quay.io/k0sproject/metrics-server", "v0.8.1-0"),
    pause: ("quay.io/k0sproject/pause", "3.10.1"),
    kube_proxy: "v1.35.4",
    coredns: "1.14.2-0",
    envoy: "v1.37.2",
    calico: "v3.31.4-2",
    kube_router: "v2.7.1-iptables1.8.11-0",
    cni_node: "1.8.0-k0s.0",
});

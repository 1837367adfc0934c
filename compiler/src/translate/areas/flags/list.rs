//! The flags of one component, as MKE 3 holds them.

use super::known::{self, Known};
use crate::mke3::Config;
use crate::origin::{Origin, Tracked};

/// A component of Kubernetes that takes flags of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// kube-apiserver
    ApiServer,
    /// kube-controller-manager
    ControllerManager,
    /// kube-scheduler
    Scheduler,
    /// kubelet
    Kubelet,
    /// kube-proxy
    Proxy,
}

impl Component {
    /// All of them.
    pub const ALL: [Component; 5] =
        [Self::ApiServer, Self::ControllerManager, Self::Scheduler, Self::Kubelet, Self::Proxy];

    /// The key with its flags.
    pub fn key(self) -> &'static str {
        match self {
            Self::ApiServer => "cluster_config.custom_kube_api_server_flags",
            Self::ControllerManager => "cluster_config.custom_kube_controller_manager_flags",
            Self::Scheduler => "cluster_config.custom_kube_scheduler_flags",
            Self::Kubelet => "cluster_config.custom_kubelet_flags",
            Self::Proxy => "cluster_config.custom_kube_proxy_flags",
        }
    }

    /// The field below `spec` that takes them.
    pub fn args(self) -> &'static str {
        match self {
            Self::ApiServer => "apiServer.extraArgs",
            Self::ControllerManager => "controllerManager.extraArgs",
            Self::Scheduler => "scheduler.extraArgs",
            Self::Kubelet => "kubelet.extraArgs",
            Self::Proxy => "network.kubeProxy.extraArgs",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
        }
    }

    /// The flags that its releases know.
    pub(super) fn known(self) -> Known {
        match self {
            Self::ApiServer => known::API_SERVER,
            Self::ControllerManager => known::CONTROLLER_MANAGER,
            Self::Scheduler => known::SCHEDULER,
            Self::Kubelet => known::KUBELET,
            Self::Proxy => known::PROXY,
        }
    }
}

/// One flag of a list.
#[derive(Clone, Debug)]
pub(super) struct Flag {
    /// Its name without dashes before it, `_` read as `-` as Kubernetes does.
    pub name: String,
    /// Its value; a flag without one means `true`.
    pub value: String,
    /// The element that holds it.
    pub origin: Origin,
    /// That element's path: `cluster_config.custom_kubelet_flags[0]`.
    pub path: String,
}

impl Flag {
    /// Its value with its origin.
    pub fn tracked(&self) -> Tracked<String> {
        Tracked::with_origin(self.value.clone(), self.origin.clone())
    }
}

/// The flags of a component in the order in which they stand.
pub(super) fn flags(mke3: &Config, component: Component) -> Vec<Flag> {
    let elements = mke3.list(component.key()).into_iter().enumerate();
    elements
        .map(|(i, element)| {
            let (name, value) = split(&element.value);
            Flag { name, value, origin: element.origin, path: format!("{}[{i}]", component.key()) }
        })
        .collect()
}

/// Name and value of a flag as it is written.
pub(super) fn split(text: &str) -> (String, String) {
    let text = text.trim().trim_start_matches('-');
    let (name, value) = text.split_once('=').unwrap_or((text, "true"));
    (name.replace('_', "-"), value.to_owned())
}

/// The value that the last flag of this name gives, where there is one. An area that writes a field of mke4.yaml asks
/// here first: a flag outweighs MKE's own setting, in MKE 3 as in MKE 4k.
pub fn given(mke3: &Config, component: Component, name: &str) -> Option<Tracked<String>> {
    flags(mke3, component).iter().rev().find(|flag| flag.name == name).map(Flag::tracked)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_flag_is_cut_at_its_first_equals_sign() {
        for (text, name, value) in [
            ("--event-ttl=2h0m0s", "event-ttl", "2h0m0s"),
            ("--kube-reserved=cpu=1,memory=2Gi", "kube-reserved", "cpu=1,memory=2Gi"),
            ("--profiling", "profiling", "true"),
            ("-v=4", "v", "4"),
            ("concurrent_rc_syncs=3", "concurrent-rc-syncs", "3"),
            ("--cloud-config=", "cloud-config", ""),
        ] {
            assert_eq!(split(text), (name.to_owned(), value.to_owned()), "{text}");
        }
    }
}

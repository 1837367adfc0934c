//! The lists of custom flags, and kubelet profiles.
//!
//! Flags become `extraArgs` of their component, one scalar each, whose origin is the element of the list. A flag that
//! a field of mke4.yaml owns goes to the field and outweighs MKE's own setting, as it did in MKE 3; the other areas
//! ask [`given`] before they write such a field. What the target's Kubernetes does not know is never written unless
//! the operator says so, because the component would not start; what k0s or MKE 4k sets itself is never written, or
//! where another value can be meant, by decision alone. A flag with a secret in it is refused: flags stand in the open.

mod convert;
mod known;
mod list;
mod outweigh;
mod owned;
mod profiles;
mod values;

pub use list::{Component, given};
pub(super) use outweigh::outweighed;

use crate::translate::Rule;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::code(
        &[
            "cluster_config.custom_kube_api_server_flags",
            "cluster_config.custom_kube_controller_manager_flags",
            "cluster_config.custom_kube_scheduler_flags",
            "cluster_config.custom_kubelet_flags",
            "cluster_config.custom_kube_proxy_flags",
        ],
        convert::convert,
    ),
    Rule::code(&["cluster_config.custom_kubelet_flags_profiles.<name>"], profiles::profiles),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[
    "cluster_config.custom_kube_api_server_flags",
    "cluster_config.custom_kube_controller_manager_flags",
    "cluster_config.custom_kube_scheduler_flags",
    "cluster_config.custom_kubelet_flags",
    "cluster_config.custom_kube_proxy_flags",
];

#[cfg(test)]
mod tests;

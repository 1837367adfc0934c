//! MKE 4.0.0: the first file format, Calico by k0s, add-ons by Blueprint.

use super::definition::{
    Calico, ContainerdConfig, Contract, K0s, Kubernetes, MetalLb, SeededCa, Sources, Use,
};
use super::k0s_images;

/// The contract.
pub const CONTRACT: Contract = Contract {
    id: "v4.0.0",
    released: "2024-11-20",
    allows: Use::Compile,
    sources: Sources(&[(7, 15), (8, 0)]),
    k0s: K0s {
        version: "v1.31.1+k0s.1",
        seeded_ca: SeededCa::LeaderOnly,
        kubelet_root_flag: false,
        containerd: ContainerdConfig::V2,
        repository_path_twice: true,
        empty_environment_line: true,
        images: k0s_images::V1_31_1,
    },
    kubernetes: Kubernetes { minor: 31 },
    calico: Calico::K0s,
    metallb: MetalLb::Addon,
    ingress_always_on: true,
    takes_unmanaged_cni: false,
    asks_gateway_ports: false,
    registry_ca: false,
    k0rdent_off: false,
    fields: include_str!("v4_0_0/fields.txt"),
    defaults: include_str!("v4_0_0/mke4.yaml"),
    remarks: &[
        "no offline bundle of images was published for this release",
        "its k0s 1.31.1 starts a new cluster on a joining controller that finds a CA in place",
    ],
};

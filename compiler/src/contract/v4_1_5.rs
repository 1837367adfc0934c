//! MKE 4.1.5: Gateway API beside NGINX, NodeLocalDNS, MetalLB as a field.

use super::definition::{
    Calico, ContainerdConfig, Contract, K0s, Kubernetes, MetalLb, SeededCa, Sources, Use,
};
use super::k0s_images;

/// The contract.
pub const CONTRACT: Contract = Contract {
    id: "v4.1.5",
    released: "2026-04-23",
    allows: Use::Compile,
    sources: Sources(&[(7, 15), (8, 0)]),
    k0s: K0s {
        version: "v1.32.11+k0s.0",
        seeded_ca: SeededCa::AllControllers,
        kubelet_root_flag: true,
        containerd: ContainerdConfig::V2,
        repository_path_twice: false,
        empty_environment_line: false,
        images: k0s_images::V1_32_11,
    },
    kubernetes: Kubernetes { minor: 32 },
    calico: Calico::Operator { kubelet_root_line: true, control_plane_selector: false },
    metallb: MetalLb::Field,
    ingress_always_on: false,
    takes_unmanaged_cni: true,
    asks_gateway_ports: true,
    registry_ca: true,
    k0rdent_off: true,
    fields: include_str!("v4_1_5/fields.txt"),
    defaults: include_str!("v4_1_5/mke4.yaml"),
    remarks: &[],
};

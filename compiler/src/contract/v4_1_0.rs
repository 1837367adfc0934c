//! MKE 4.1.0: registries and air gap, Calico by the Tigera operator.

use super::definition::{
    Calico, ContainerdConfig, Contract, K0s, Kubernetes, MetalLb, SeededCa, Sources, Use,
};
use super::k0s_images;

/// The contract.
pub const CONTRACT: Contract = Contract {
    id: "v4.1.0",
    released: "2025-05-02",
    allows: Use::Compile,
    sources: Sources(&[(7, 15), (8, 0)]),
    k0s: K0s {
        version: "v1.32.3+k0s.0",
        seeded_ca: SeededCa::AllControllers,
        kubelet_root_flag: false,
        containerd: ContainerdConfig::V2,
        repository_path_twice: true,
        empty_environment_line: false,
        images: k0s_images::V1_32_3,
    },
    kubernetes: Kubernetes { minor: 32 },
    calico: Calico::Operator { kubelet_root_line: false, control_plane_selector: false },
    metallb: MetalLb::Nowhere,
    ingress_always_on: true,
    takes_unmanaged_cni: false,
    asks_gateway_ports: false,
    registry_ca: false,
    k0rdent_off: false,
    fields: include_str!("v4_1_0/fields.txt"),
    defaults: include_str!("v4_1_0/mke4.yaml"),
    remarks: &["own TLS certificates and registries with a private CA are not available"],
};

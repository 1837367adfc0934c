//! MKE 4.2.1: takes MKE 3.9 only; half of its fields are known.

use super::definition::{
    Calico, ContainerdConfig, Contract, K0s, Kubernetes, MetalLb, SeededCa, Sources, Use,
};
use super::k0s_images;

/// The contract.
pub const CONTRACT: Contract = Contract {
    id: "v4.2.1",
    released: "2026-07-01",
    allows: Use::Convert,
    sources: Sources(&[(9, 0)]),
    k0s: K0s {
        version: "v1.35.4+k0s.0",
        seeded_ca: SeededCa::AllControllers,
        kubelet_root_flag: true,
        containerd: ContainerdConfig::V2,
        repository_path_twice: false,
        empty_environment_line: false,
        images: k0s_images::V1_35_4,
    },
    kubernetes: Kubernetes { minor: 35 },
    calico: Calico::Operator { kubelet_root_line: true, control_plane_selector: true },
    metallb: MetalLb::Field,
    ingress_always_on: false,
    takes_unmanaged_cni: true,
    asks_gateway_ports: true,
    registry_ca: true,
    k0rdent_off: true,
    fields: include_str!("v4_2_1/fields.txt"),
    defaults: include_str!("v4_2_1/mke4.yaml"),
    remarks: &["for convert and check only: too little is known of this release"],
};

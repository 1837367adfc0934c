//! Translation. T1xx are blockers, T2xx decisions, T3xx losses and changes of meaning.

super::codes! {
    NO_FATE = "T001", Error, "a key without a fate: a fault of Airlift";
    TWO_FATES = "T002", Error, "a key with more than one fate: a fault of Airlift";
    FATE_MISMATCH = "T003", Error, "a fate that contradicts the generated documents: a fault of Airlift";

    CALICO_ETCD = "T101", Blocker, "Calico keeps its data in etcd";
    IPVS = "T102", Blocker, "kube-proxy runs in IPVS mode";
    EBPF = "T103", Blocker, "Calico runs its eBPF data plane";
    UNMANAGED_CNI = "T104", Blocker, "the CNI is not managed by MKE";
    SWARM_ONLY = "T105", Blocker, "the cluster runs no Kubernetes";
    SOURCE_VERSION = "T106", Blocker, "the target release does not take this source version";
    EVEN_MANAGERS = "T107", Blocker, "the number of managers is even";
    NODE_LOCAL_DNS = "T108", Blocker, "NodeLocalDNS does not go with this network";
    KUBELET_ROOT = "T109", Blocker, "the target release can't keep this kubelet root";

    TARGET = "T110", Error, "the target release is unknown, or not for this use";

    DECISION_NEEDED = "T201", Decision, "a person must choose";
    PROPOSAL_TAKEN = "T202", Warning, "nobody chose, so the safe proposal was taken";
    DECISION_UNKNOWN = "T203", Error, "a decision about nothing that there is to decide";
    DECISION_UNUSED = "T204", Warning, "a decision that this translation did not ask for";
    DECISION_VALUE = "T205", Error, "a decision with an answer that is not on offer";

    DROPPED = "T301", Warning, "a setting without counterpart";
    DROPPED_QUIETLY = "T302", Note, "a setting that has no meaning any more";
    NO_FIELD = "T303", Warning, "the target release has no field for a setting";
    MEANING = "T304", Warning, "a setting means something else in MKE 4k";
    BY_HAND = "T305", Warning, "something to do by hand afterwards";
    FLAG_GONE = "T310", Error, "a flag that the target's Kubernetes no longer knows";
    FLAG_TWICE = "T311", Warning, "a flag stands more than once";
    FLAG_NOT_CONVERTED = "T312", Warning, "a profile flag without a kubelet field";
    FLAG_UNKNOWN = "T313", Error, "a flag that Kubernetes does not know";
    FLAG_DECIDED = "T314", Warning, "an unknown flag that was left out or kept by decision";
    FLAG_VALUE = "T315", Error, "a flag with a value that its place in mke4.yaml can't take";
    FLAG_OVERRIDES = "T316", Warning, "a flag that outweighs a setting";
    PROFILE = "T317", Error, "a kubelet profile that can't be carried over";
    FLAG_OWNED = "T318", Error, "a flag that k0s or MKE 4k must set itself";
    FLAG_CHOICE = "T319", Decision, "a flag that would outweigh what k0s or MKE 4k sets";
    NODE_PORT = "T320", Error, "a node port that can't be used";
    AUDIT_POLICY = "T321", Error, "an audit policy that kube-apiserver can't read";
    METALLB_POOL = "T322", Error, "an address pool that MetalLB can't take";
    CONFIG_KEY = "T323", Error, "a name that no ConfigMap takes as a key";
    FLAG_SECRET = "T324", Error, "a flag with a secret in it";
}

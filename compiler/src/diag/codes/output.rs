//! Documents, bundles, set.

super::codes! {
    NODES = "O001", Error, "the nodes can't form a cluster";
    NODE_ADDRESS = "O002", Error, "a node without a usable private address";
    NODE_NAME = "O003", Error, "a name that no Kubernetes node can have";
    VALUE = "O004", Error, "a value that k0s can't take";
    INSTALL_FLAG = "O005", Error, "an install flag that can't be carried";
    KUBELET_FLAG = "O006", Error, "a kubelet flag that can't be carried";
    PROFILE = "O007", Error, "a kubelet profile that can't be used";
    K0SCTL_QUOTES = "O008", Warning, "a kubelet flag that k0sctl would spoil";
}

//! Documents, bundles, set.

super::codes! {
    NODES = "O001", Error, "the nodes can't form a cluster";
    NODE_ADDRESS = "O002", Error, "a node without a usable private address";
    NODE_NAME = "O003", Error, "a name that no Kubernetes node can have";
    VALUE = "O004", Error, "a value that k0s can't take";
    INSTALL_FLAG = "O005", Error, "an install flag that can't be carried";
    KUBELET_FLAG = "O006", Error, "a kubelet flag that can't be carried";
    PROFILE = "O007", Error, "a kubelet profile that can't be used";
    CARRY_SOURCE = "O101", Error, "the set that is to be carried is not whole, or not signed";
    CARRY_TARGET = "O102", Error, "the target of a carry is no place for a set";
    CARRY_OCCUPIED = "O103", Error, "the target of a carry holds something else";
    CARRY_FILE_SYSTEM = "O104", Error, "a medium that can't hold the set";
    CARRY_ROOM = "O105", Error, "a medium with too little room";
    CARRY_WRITE = "O106", Error, "a medium that can't be written";
    CARRY_MEDIUM = "O107", Error, "a medium that gives back other bytes than it was given";
    REBUILT_OTHER = "O110", Error, "a file of a set is not what the compiler makes of the site";
    REBUILT_MISSING = "O111", Error, "a set lacks a file that the compiler makes of the site";
    REBUILT_SPARE = "O112", Error, "a set holds a file that the compiler does not make of the site";
    K0SCTL_QUOTES = "O008", Warning, "a kubelet flag that k0sctl would spoil";
}

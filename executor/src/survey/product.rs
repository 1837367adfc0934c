//! What `survey` looks at because of the product that is being left, MKE 3, as tables: a survey is made before there is
//! a bundle, which holds all other such knowledge. Nothing outside this module names a component, volume or label.

/// Names of the product's containers begin with this; the rest names the component.
pub const CONTAINER_PREFIX: &str = "ucp-";

/// Label of the product's containers with its version, and the containers to ask first. (MKE's own launcher, launchpad,
/// reads it from `ucp-proxy`, which every node has.)
pub const VERSION_LABEL: &str = "com.docker.ucp.version";
/// See [`VERSION_LABEL`].
pub const VERSION_CONTAINER: &str = "ucp-proxy";
/// Label with the cluster's instance id. (From general knowledge; never seen on a real node.)
pub const INSTANCE_LABEL: &str = "com.docker.ucp.InstanceID";

/// A volume that only managers have: the data of etcd. ("Manager nodes" of MKE's reference architecture.)
pub const MANAGER_VOLUME: &str = "ucp-kv";
/// A volume that every node has.
pub const NODE_VOLUME: &str = "ucp-node-certs";

/// Components whose flags are told; others can have secrets in their arguments. Their processes are found under the
/// same names, as a program's name or as the first argument of [`MANY_IN_ONE`].
pub const COMPONENTS: [&str; 6] =
    ["kubelet", "kube-proxy", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kv"];
/// A program that is any of them, told apart by its first argument.
pub const MANY_IN_ONE: &str = "hyperkube";
/// Words in the name of a flag whose value is held back unless it is a path.
pub const SECRET_WORDS: [&str; 4] = ["password", "passwd", "secret", "token"];

/// A key file that nodes are compared by. Only keys with 128 bits or more and public certificates may stand here: the
/// digest of anything shorter could be guessed back.
#[derive(Clone, Copy, Debug)]
pub struct KeyFile {
    /// The volume.
    pub volume: &'static str,
    /// The file in it.
    pub file: &'static str,
    /// Whether only managers have it.
    pub managers: bool,
}

/// The key files. (Names of the first two: inspected containers of UCP 3.0 and 3.1; never seen on 3.7 or 3.8, so a
/// survey that misses one says which names are there instead.)
pub const KEY_FILES: [KeyFile; 5] = [
    KeyFile { volume: NODE_VOLUME, file: "service_account_key.pem", managers: true },
    KeyFile { volume: NODE_VOLUME, file: "encryption.cfg", managers: true },
    KeyFile { volume: NODE_VOLUME, file: "ca.pem", managers: false },
    KeyFile { volume: "ucp-kv-certs", file: "ca.pem", managers: true },
    KeyFile { volume: "ucp-cluster-root-ca", file: "cert.pem", managers: true },
];

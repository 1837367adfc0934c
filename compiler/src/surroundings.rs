//! What a translation needs to know beside the TOML file.

use crate::contract::SourceVersion;
use crate::origin::Tracked;
use crate::source::Field;
use std::collections::BTreeMap;

/// Settings and nodes of the site, as far as mke4.yaml holds them. All of it may be absent: `airlift convert` works
/// on a bare TOML file.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Version of the MKE 3 cluster.
    pub source_version: Option<Tracked<SourceVersion>>,
    /// `decisions` of site.yaml by key.
    pub decisions: BTreeMap<String, Field<String>>,
    /// `host[:port]` of the load balancer.
    pub external_address: Option<Tracked<String>>,
    /// The site has no way out.
    pub airgap: Option<Tracked<bool>>,
    /// Images.
    pub image_registry: Option<Registry>,
    /// Charts, `oci://…`.
    pub chart_registry: Option<Registry>,
    /// Name of the slot that the licence takes, where there is a licence file.
    pub license: Option<Tracked<String>>,
    /// k0s' data directory.
    pub data_dir: Option<Tracked<String>>,
    /// Node port of the Gateway API for HTTP.
    pub gateway_http_port: Option<Tracked<u16>>,
    /// Node port of the Gateway API for HTTPS.
    pub gateway_https_port: Option<Tracked<u16>>,
    /// Drop NGINX after the upgrade.
    pub remove_ingress_nginx: Option<Tracked<bool>>,
    /// The nodes, leader first, then managers, then workers.
    pub hosts: Vec<HostEntry>,
}

/// A registry as mke4.yaml names it.
#[derive(Clone, Debug)]
pub struct Registry {
    /// `host[:port]/path`, with `oci://` for charts.
    pub url: Tracked<String>,
    /// PEM text of its CA.
    pub ca: Option<Tracked<String>>,
    /// The login that it asks for.
    pub login: Option<Login>,
}

/// A login.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user name.
    pub username: Tracked<String>,
    /// Name of the slot that the password takes.
    pub password: Tracked<String>,
}

/// A node as mke4.yaml and k0sctl.yaml name it.
#[derive(Clone, Debug)]
pub struct HostEntry {
    /// Its name in Kubernetes.
    pub name: Tracked<String>,
    /// Whether it is a manager.
    pub manager: Tracked<bool>,
    /// How `mkectl` reaches it.
    pub ssh: SshEntry,
    /// Its address inside the cluster.
    pub private_address: Option<Tracked<String>>,
    /// Or the interface that holds it.
    pub private_interface: Option<Tracked<String>>,
    /// Its kubelet profile.
    pub profile: Option<Tracked<String>>,
}

/// How a node is reached over SSH.
#[derive(Clone, Debug)]
pub struct SshEntry {
    /// Address or DNS name.
    pub address: Tracked<String>,
    /// Port.
    pub port: Tracked<u16>,
    /// User.
    pub user: Tracked<String>,
    /// Private key file on the machine with `mkectl`.
    pub key_path: Option<Tracked<String>>,
}

//! The flags that choose a site and override its settings, shared by several verbs.

use clap::Args;
use std::path::PathBuf;

/// A site directory and settings that outweigh its site.yaml.
#[derive(Clone, Debug, Args)]
pub struct SiteArgs {
    /// The site directory.
    #[arg(value_name = "SITE_DIR", default_value = ".", id = "dir")]
    pub dir: PathBuf,
    /// The settings.
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// Settings that outweigh site.yaml. The names are mkectl's where mkectl has one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingArgs {
    /// Target release, such as v4.1.5.
    #[arg(long, value_name = "RELEASE")]
    pub target: Option<String>,
    /// Version of the MKE 3 cluster, such as 3.8.7.
    #[arg(long, value_name = "VERSION")]
    pub mke3_version: Option<String>,
    /// Hosts file in mkectl's format.
    #[arg(long, value_name = "FILE")]
    pub hosts_path: Option<PathBuf>,
    /// Address of the load balancer, host[:port].
    #[arg(long, value_name = "HOST")]
    pub external_address: Option<String>,
    /// Registry of the images, host[:port]/path.
    #[arg(long, value_name = "REGISTRY")]
    pub image_registry: Option<String>,
    /// Registry of the charts, oci://host[:port]/path.
    #[arg(long, value_name = "REGISTRY")]
    pub chart_registry: Option<String>,
    /// CA of the image registry, PEM.
    #[arg(long, value_name = "FILE")]
    pub image_registry_ca_file: Option<PathBuf>,
    /// CA of the chart registry, PEM.
    #[arg(long, value_name = "FILE")]
    pub chart_registry_ca_file: Option<PathBuf>,
    /// The site has no way out.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub mke3_airgapped: Option<bool>,
    /// Data directory of k0s; ends in /k0s.
    #[arg(short = 'd', long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Let an unknown TOML key pass, with a reason. May be repeated.
    #[arg(long, value_name = "KEY=REASON")]
    pub allow: Vec<String>,
}

//! What is still missing in a site directory, for `airlift next`.

use super::files::SiteFiles;
use super::settings::{SITE_YAML, Settings};
use super::values::SitePath;
use super::{inventory::Inventory, nodes};
use serde::Serialize;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextStep {
    /// What is missing.
    pub what: String,
    /// Why it is wanted.
    pub why: &'static str,
    /// The command that makes it, or what to write.
    pub command: String,
    /// Whether a compile fails without it.
    pub needed: bool,
}

/// What is missing, what a compile needs first. Settings and inventory are those that could be read, if any.
pub fn missing(
    files: &SiteFiles,
    settings: Option<&Settings>,
    inventory: Option<&Inventory>,
) -> Vec<NextStep> {
    let mut steps = Vec::new();
    let mut add = |needed: bool, what: &str, why: &'static str, command: String| {
        steps.push(NextStep { what: what.to_owned(), why, command, needed });
    };
    let Some(settings) = settings else {
        let what = if files.get(SITE_YAML).is_some() { "a site.yaml without errors" } else { SITE_YAML };
        add(
            true,
            what,
            "all other inputs are found through it",
            "airlift init, then edit site.yaml".to_owned(),
        );
        return steps;
    };
    let paths = &settings.paths;
    let absent = |path: &SitePath| files.get(path.as_str()).is_none();
    if absent(&paths.mke3_toml.value) {
        add(
            true,
            paths.mke3_toml.value.as_str(),
            "it is the configuration that is translated",
            format!(
                "curl --cacert ca.pem -H 'Accept: application/toml' -K token.curl https://MKE/api/ucp/config-toml > {} (README.txt shows how to log in)",
                paths.mke3_toml.value
            ),
        );
    }
    if absent(&paths.hosts.value) {
        add(
            true,
            paths.hosts.value.as_str(),
            "it names every node of the cluster",
            "write it in mkectl's format; `airlift init` makes a sample".to_owned(),
        );
    }
    if settings.airgap.value {
        let registries = [
            (settings.image_registry.is_none(), "registries.image.url", "HOST[:PORT]/PATH"),
            (settings.chart_registry.is_none(), "registries.chart.url", "oci://HOST[:PORT]/PATH"),
        ];
        for (_, setting, form) in registries.into_iter().filter(|(missing, ..)| *missing) {
            add(
                true,
                setting,
                "nodes of an air-gapped site pull from there",
                format!("set it in site.yaml: {form}"),
            );
        }
    }
    for (path, what) in named(settings) {
        if absent(path) {
            add(true, path.as_str(), "site.yaml names it", what.to_owned());
        }
    }
    if settings.k0s_binary.is_none() {
        add(
            // Nodes without a way out can't fetch it.
            settings.airgap.value,
            "k0s.binary",
            "the set carries it to every node",
            "copy the k0s of the target release here and set its path in site.yaml".to_owned(),
        );
    }
    if settings.external_address.is_none() {
        add(
            false,
            "external_address",
            "mkectl wants a load balancer's address, and workers join through it",
            "set it in site.yaml".to_owned(),
        );
    }
    if absent(&paths.nodes.value) {
        add(
            false,
            paths.nodes.value.as_str(),
            "names, roles and private addresses come from it, and hosts.yaml is compared with it",
            nodes::COMMAND.to_owned(),
        );
    }
    if files.below(paths.access.value.as_str()).next().is_none() {
        add(
            false,
            &format!("{}/", paths.access.value),
            "accounts, teams and their rights come from it; without it nobody has any in MKE 4k",
            "MKE_URL=https://MKE MKE_CA=ca.pem sh collect.sh, on a machine that reaches MKE (it fetches mke3.toml and nodes.json too)".to_owned(),
        );
    }
    for node in inventory.iter().flat_map(|inventory| &inventory.nodes) {
        if node.age_recipient.is_none() && node.ssh_host_key.is_none() {
            add(
                false,
                &format!("a host key of {} in {}", node.name.value, paths.known_hosts.value),
                "secrets are sealed to a key of the node",
                format!(
                    "ssh-keyscan -t ed25519 -p {0} {1} >> {2}, and compare the fingerprint",
                    node.ssh.port.value, node.ssh.address.value, paths.known_hosts.value
                ),
            );
        }
    }
    if settings.change_window.is_none() {
        add(
            false,
            "change_window",
            "certificates are checked against that day",
            "set it in site.yaml: YYYY-MM-DD".to_owned(),
        );
    }
    // Stable: within both groups the order above stays.
    steps.sort_by_key(|step| !step.needed);
    steps
}

/// Files that site.yaml names, each with the way to get it.
fn named(settings: &Settings) -> Vec<(&SitePath, &'static str)> {
    let mut named = Vec::new();
    let image = settings.image_registry.iter().map(|r| (&r.ca_file, &r.credentials_file));
    let chart = settings.chart_registry.iter().map(|r| (&r.ca_file, &r.credentials_file));
    for (ca, credentials) in image.chain(chart) {
        named.extend(ca.iter().map(|f| (&f.value, "copy the registry's CA certificate here, as PEM")));
        named.extend(
            credentials.iter().map(|f| (&f.value, "write `username` and `password` into it; chmod 600")),
        );
    }
    named.extend(settings.k0s_binary.iter().map(|f| (&f.value, "copy the k0s of the target release here")));
    named.extend(settings.image_bundles.iter().map(|f| (&f.value, "copy the image bundle here")));
    named.extend(settings.license_file.iter().map(|f| (&f.value, "copy the license here")));
    named.sort();
    named.dedup_by_key(|(path, _)| *path);
    named
}

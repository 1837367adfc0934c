//! What the translation needs of a site, taken out of what was read.

use crate::contract::SourceVersion;
use crate::diag::Findings;
use crate::origin::Tracked;
use crate::site::values::Role;
use crate::site::{CaFile, NodeFacts, Parts, SiteFiles};
use crate::source::Field;
use crate::surroundings::{HostEntry, Registry, SshEntry, Surroundings};

/// The slot that the licence takes.
const LICENSE_SLOT: &str = "site/license";

/// Takes it out.
pub fn of(parts: &Parts, _files: &SiteFiles, _findings: &mut Findings) -> Surroundings {
    let Some(settings) = &parts.settings else { return Surroundings::default() };
    let registry =
        |url: Tracked<String>, ca: Option<&CaFile>| Registry { url, ca: ca.map(|c| c.pem.clone()) };
    let image = settings.image_registry.as_ref().map(|r| text(&r.url));
    let chart = settings.chart_registry.as_ref().map(|r| text(&r.url));
    Surroundings {
        source_version: Some(settings.mke3_version.clone().map(SourceVersion::from).tracked()),
        decisions: settings.decisions.iter().map(|(key, d)| (key.clone(), d.value.clone())).collect(),
        external_address: settings.external_address.as_ref().map(text),
        airgap: Some(settings.airgap.clone().tracked()),
        image_registry: image.map(|url| registry(url, parts.registries.image_ca.as_ref())),
        chart_registry: chart.map(|url| registry(url, parts.registries.chart_ca.as_ref())),
        license: settings.license_file.as_ref().map(|f| f.clone().map(|_| LICENSE_SLOT.to_owned()).tracked()),
        // A default has no place: nobody has settled where k0s lives.
        data_dir: (!settings.data_dir.place.span.is_empty()).then(|| text(&settings.data_dir)),
        gateway_http_port: settings.http_node_port.clone().map(Field::tracked),
        gateway_https_port: settings.https_node_port.clone().map(Field::tracked),
        remove_ingress_nginx: Some(settings.remove_ingress_nginx.clone().tracked()),
        hosts: parts.inventory.iter().flat_map(|inventory| &inventory.nodes).map(host).collect(),
    }
}

fn text<T: Clone + ToString>(field: &Field<T>) -> Tracked<String> {
    field.clone().map(|value| value.to_string()).tracked()
}

fn host(node: &NodeFacts) -> HostEntry {
    HostEntry {
        name: node.name.map_ref(ToString::to_string),
        manager: node.role.map_ref(|role| *role == Role::Manager),
        ssh: SshEntry {
            address: node.ssh.address.map_ref(ToString::to_string),
            port: node.ssh.port.clone(),
            user: node.ssh.user.map_ref(ToString::to_string),
            key_path: node.ssh.key_path.as_ref().map(|path| path.map_ref(ToString::to_string)),
        },
        private_address: Some(node.private_address.map_ref(ToString::to_string)),
        private_interface: node.private_interface.as_ref().map(|name| name.map_ref(ToString::to_string)),
        profile: node.profile.as_ref().map(|name| name.map_ref(ToString::to_string)),
    }
}

//! What the translation needs of a site, taken out of what was read.

use crate::contract::SourceVersion;
use crate::diag::Findings;
use crate::origin::{Origin, Source, Tracked};
use crate::secrets::policy::{CHART_PASSWORD, IMAGE_PASSWORD, LICENSE};
use crate::site::settings::RegistrySettings;
use crate::site::values::Role;
use crate::site::{Credentials, NodeFacts, Parts, SiteFiles};
use crate::source::Field;
use crate::surroundings::{HostEntry, Login, Registry, SshEntry, Surroundings};

/// Takes it out.
pub fn of(parts: &Parts, _files: &SiteFiles, _findings: &mut Findings) -> Surroundings {
    let Some(settings) = &parts.settings else { return Surroundings::default() };
    let found = &parts.registries;
    let image = settings.image_registry.as_ref().map(|registry| Registry {
        url: text(&registry.url),
        ca: found.image_ca.as_ref().map(|ca| ca.pem.clone()),
        login: login(registry, found.image_credentials.as_ref(), IMAGE_PASSWORD),
    });
    let chart = settings.chart_registry.as_ref().map(|registry| Registry {
        url: text(&registry.url),
        ca: found.chart_ca.as_ref().map(|ca| ca.pem.clone()),
        login: login(registry, found.chart_credentials.as_ref(), CHART_PASSWORD),
    });
    Surroundings {
        source_version: Some(settings.mke3_version.clone().map(SourceVersion::from).tracked()),
        decisions: settings.decisions.iter().map(|(key, d)| (key.clone(), d.value.clone())).collect(),
        external_address: settings.external_address.as_ref().map(text),
        airgap: Some(settings.airgap.clone().tracked()),
        image_registry: image,
        chart_registry: chart,
        license: settings.license_file.as_ref().map(|f| f.clone().map(|_| LICENSE.to_owned()).tracked()),
        // A default has no place: nobody has settled where k0s lives.
        data_dir: (!settings.data_dir.place.span.is_empty()).then(|| text(&settings.data_dir)),
        gateway_http_port: settings.http_node_port.clone().map(Field::tracked),
        gateway_https_port: settings.https_node_port.clone().map(Field::tracked),
        remove_ingress_nginx: Some(settings.remove_ingress_nginx.clone().tracked()),
        hosts: parts.inventory.iter().flat_map(|inventory| &inventory.nodes).map(host).collect(),
    }
}

/// What a registry asks for. Both exist because a file is named; the user name is what that file says.
fn login<T>(registry: &RegistrySettings<T>, found: Option<&Credentials>, slot: &str) -> Option<Login> {
    let named = registry.credentials_file.as_ref()?;
    let found = found?;
    let username = Tracked::new(found.username.clone(), Source::new(found.label.as_str(), "username"));
    Some(Login {
        username: username.because(&Origin::of(named.source())),
        password: Tracked::new(slot.to_owned(), named.source()),
    })
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

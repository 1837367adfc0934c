//! Which images k0s.yaml asks for, under the names that a pull or an import must know.

use crate::contract::{K0sImage, Runs};
use crate::document::{InstallFlags, Tree};
use std::collections::BTreeSet;

/// The full names of all images that k0s runs under this configuration and these flags of a controller.
pub fn wanted(config: &Tree, flags: &InstallFlags, images: &[K0sImage]) -> BTreeSet<String> {
    images.iter().filter(|image| runs(image.runs, config, flags)).map(|image| name(image, config)).collect()
}

fn runs(runs: Runs, config: &Tree, flags: &InstallFlags) -> bool {
    let on = |path: &str| config.switch(path).is_some_and(|on| on.value);
    match runs {
        Runs::Always => true,
        // kuberouter is k0s' own default
        Runs::Provider(provider) => {
            let chosen = config.text("spec.network.provider").map(|chosen| chosen.value);
            chosen.as_deref().unwrap_or("kuberouter") == provider
        }
        Runs::Component(component) => {
            let disabled = flags.flags.get("disable-components");
            let off = disabled.is_some_and(|list| list.value.split(',').any(|name| name == component));
            let off_by_itself = component == "kube-proxy" && on("spec.network.kubeProxy.disabled");
            !off && !off_by_itself
        }
        Runs::NodeLocalLoadBalancing => on("spec.network.nodeLocalLoadBalancing.enabled"),
        Runs::MetricsScraper => {
            flags.flags.get("enable-metrics-scraper").is_some_and(|flag| flag.value == "true")
        }
    }
}

/// k0s takes the name from the setting, else its own, and puts `images.repository` in the place of the registry.
fn name(image: &K0sImage, config: &Tree) -> String {
    let setting =
        |member: &str| config.text(&format!("spec.{}.{member}", image.setting)).map(|text| text.value);
    let name = setting("image").unwrap_or_else(|| image.name.to_owned());
    let tag = setting("version").unwrap_or_else(|| image.tag.to_owned());
    let name = match config.text("spec.images.repository").filter(|repository| !repository.value.is_empty()) {
        Some(repository) => in_repository(&repository.value, &name),
        None => name,
    };
    format!("{name}:{tag}")
}

/// As k0s does it (`overrideRepository` in `pkg/apis/k0s/v1beta1/images.go`).
fn in_repository(repository: &str, name: &str) -> String {
    if name.starts_with(repository) {
        return name.to_owned();
    }
    match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
            format!("{repository}/{rest}")
        }
        _ => format!("{repository}/{name}"),
    }
}

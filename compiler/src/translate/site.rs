//! What mke4.yaml takes from the site rather than from the TOML file: hosts, registries, addresses.

use super::Ctx;
use crate::diag::{Finding, codes::translate as code};
use crate::document::{Scalar, Tree};
use crate::surroundings::{HostEntry, Registry};

/// Writes it. Runs before the rules, which may refine what stands here.
pub(super) fn write(ctx: &mut Ctx<'_>) {
    source_version(ctx);
    ctx.doc.set("spec.hosts", Tree::List(ctx.site.hosts.iter().map(host).collect()));
    if let Some(address) = &ctx.site.external_address {
        ctx.put("apiServer.externalAddress", address.clone());
    }
    if let Some(airgap) = &ctx.site.airgap {
        ctx.put("airgap.enabled", airgap.clone());
    }
    registry(ctx, "imageRegistry", ctx.site.image_registry.as_ref());
    registry(ctx, "chartRegistry", ctx.site.chart_registry.as_ref());
    if let Some(license) = &ctx.site.license {
        ctx.put("license.token", license.clone().map(Scalar::Secret));
    }
    if let Some(dir) = &ctx.site.data_dir
        && !ctx.put("k8sProviderSpecs.dataDir", dir.clone())
        && dir.value != "/var/lib/k0s"
    {
        let text = format!(
            "{} has no setting for the data directory; `{}` can't be used",
            ctx.contract.id, dir.value
        );
        ctx.findings
            .push(Finding::new(code::NO_FIELD, text).help("leave `data_dir` out, or choose v4.1.2 or later"));
    }
    if ctx.contract.k0rdent_off {
        let off = Tree::leaf(false, &ctx.contract.origin());
        ctx.put("k0rdent.enabled", off);
    }
}

fn source_version(ctx: &mut Ctx<'_>) {
    let Some(version) = &ctx.site.source_version else { return };
    if !ctx.contract.sources.accept(version.value) {
        let mut finding = Finding::new(
            code::SOURCE_VERSION,
            format!(
                "MKE {} can't go to {}: it takes {}",
                version.value,
                ctx.contract.id,
                ctx.contract.sources.describe()
            ),
        );
        finding = match crate::contract::default_for(version.value, ctx.contract.allows) {
            Some(other) => finding.help(format!("choose `target: {}`, which takes it", other.id)),
            None => finding.help("upgrade MKE 3 first; `airlift contracts` shows what each release takes"),
        };
        ctx.findings.push(finding);
    }
}

fn host(entry: &HostEntry) -> Tree {
    let mut host = Tree::map();
    host.set("role", entry.manager.map_ref(|manager| if *manager { "controller+worker" } else { "worker" }));
    host.set("ssh.address", entry.ssh.address.clone());
    host.set("ssh.port", entry.ssh.port.clone());
    host.set("ssh.user", entry.ssh.user.clone());
    if let Some(path) = &entry.ssh.key_path {
        host.set("ssh.keyPath", path.clone());
    }
    match (&entry.private_interface, &entry.private_address) {
        (Some(interface), _) => host.set("privateInterface", interface.clone()),
        (None, Some(address)) => host.set("privateAddress", address.clone()),
        (None, None) => {}
    }
    host
}

fn registry(ctx: &mut Ctx<'_>, name: &str, registry: Option<&Registry>) {
    let Some(registry) = registry else { return };
    if !ctx.put(&format!("registries.{name}.url"), registry.url.clone()) {
        ctx.findings.push(
            Finding::new(
                code::NO_FIELD,
                format!(
                    "{} has no registry setting; `{}` is used for k0s alone",
                    ctx.contract.id, registry.url.value
                ),
            )
            .help("no offline bundle exists for this release; choose v4.1.0 or later for an air-gapped site"),
        );
    }
    if name == "chartRegistry"
        && registry.login.is_some()
        && !ctx.contract.has("registries.chartRegistry.credentialsSecretName")
    {
        ctx.findings.push(
            Finding::new(
                code::NO_FIELD,
                format!("{} has no setting for the login of the chart registry: it pulls charts without", ctx.contract.id),
            )
            .note("the leader gets the password sealed, for use by hand; the vendor's command takes one from v4.2.1 on")
            .help("let the registry give charts without a login, inside the cluster's networks alone if need be"),
        );
    }
    if let Some(ca) = &registry.ca
        && !ctx.put(&format!("registries.{name}.caData"), ca.clone())
    {
        ctx.findings.push(
            Finding::new(
                code::NO_FIELD,
                format!("{} has no field for the CA of a registry; its own pulls will fail", ctx.contract.id),
            )
            .help("choose v4.1.2 or later, or a registry with a public certificate"),
        );
    }
}

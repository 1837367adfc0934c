//! site.yaml, with flags laid over it.
//!
//! Every value is parsed into its type here and keeps its place; a value that is not given has its default, placed
//! at the head of the file under the path where it could be given. What depends on other inputs (does the leader
//! exist?) is checked where those are known; what depends on the target release is the contract's word.

use super::address::{ChartRegistry, Endpoint, ImageRegistry, RegistryAddress, port};
use super::overrides::{Flag, Overrides};
use super::rights::{self, SwarmRoles};
use super::values::{
    DataDir, Date, NodeName, Parse, ProfileName, Refusal, SiteName, SitePath, Version, Words, accept, only,
    parse,
};
use crate::diag::codes::{input, site as code};
use crate::diag::{Finding, Findings};
use crate::source::{Cursor, Entry, Field, File, Node, Place, Value, yaml};
use ipnet::IpNet;
use std::collections::BTreeMap;

/// The file's name.
pub const SITE_YAML: &str = "site.yaml";

/// All settings of a site.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `site`
    pub site: Field<SiteName>,
    /// `serial`, from 1.
    pub serial: Field<u64>,
    /// `mke3_version`
    pub mke3_version: Field<Version>,
    /// `target`, the release to go to; the newest contract that accepts the source where it is absent.
    pub target: Option<Field<Version>>,
    /// `leader`; the first manager of hosts.yaml where it is absent.
    pub leader: Option<Field<NodeName>>,
    /// `external_address`
    pub external_address: Option<Field<Endpoint>>,
    /// `airgap`, true where it is absent.
    pub airgap: Field<bool>,
    /// `registries.image`
    pub image_registry: Option<RegistrySettings<ImageRegistry>>,
    /// `registries.chart`
    pub chart_registry: Option<RegistrySettings<ChartRegistry>>,
    /// `k0s.binary`
    pub k0s_binary: Option<Field<SitePath>>,
    /// `k0s.image_bundles`
    pub image_bundles: Vec<Field<SitePath>>,
    /// `gateway.http_node_port`
    pub http_node_port: Option<Field<u16>>,
    /// `gateway.https_node_port`
    pub https_node_port: Option<Field<u16>>,
    /// `remove_ingress_nginx`, false where it is absent.
    pub remove_ingress_nginx: Field<bool>,
    /// `data_dir`, `/var/lib/k0s` where it is absent.
    pub data_dir: Field<DataDir>,
    /// `license_file`
    pub license_file: Option<Field<SitePath>>,
    /// `decisions`, by key. Which keys there are is known to the rooms that ask.
    pub decisions: BTreeMap<String, Decision>,
    /// `waivers`
    pub waivers: Vec<Waiver>,
    /// `allow`: TOML key to reason.
    pub allow: BTreeMap<String, Field<Words>>,
    /// `access.swarm_roles`: what Swarm roles become.
    pub swarm_roles: SwarmRoles,
    /// `kubelet_profiles`: host to profile.
    pub kubelet_profiles: BTreeMap<NodeName, Field<ProfileName>>,
    /// `paths`
    pub paths: Paths,
    /// `change_window`: the day on which certificates must be valid.
    pub change_window: Option<Field<Date>>,
    /// `node_network`: where every private address must lie.
    pub node_network: Option<Field<IpNet>>,
}

/// One registry.
#[derive(Clone, Debug)]
pub struct RegistrySettings<T> {
    /// `url`
    pub url: Field<T>,
    /// `ca_file`; whether it may be given is the contract's word (from 4.1.1).
    pub ca_file: Option<Field<SitePath>>,
    /// `credentials_file`
    pub credentials_file: Option<Field<SitePath>>,
}

/// The answer to a question that only an operator can answer.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The answer; true, false and numbers as text.
    pub value: Field<String>,
    /// Why.
    pub reason: Option<Field<Words>>,
    /// Where the key stands.
    pub key: Place,
}

/// A precheck that may fail.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The code of the check.
    pub code: Field<String>,
    /// On this node alone; on all where it is absent.
    pub host: Option<Field<NodeName>>,
    /// Why.
    pub reason: Field<Words>,
}

/// Where the other inputs lie, relative to the site directory.
#[derive(Clone, Debug)]
pub struct Paths {
    /// `paths.mke3_toml`
    pub mke3_toml: Field<SitePath>,
    /// `paths.hosts`
    pub hosts: Field<SitePath>,
    /// `paths.nodes`
    pub nodes: Field<SitePath>,
    /// `paths.survey`, a folder.
    pub survey: Field<SitePath>,
    /// `paths.known_hosts`
    pub known_hosts: Field<SitePath>,
    /// `paths.access`, a folder.
    pub access: Field<SitePath>,
    /// `paths.sealed`, a folder.
    pub sealed: Field<SitePath>,
}

/// What a reading of site.yaml gives.
#[derive(Debug)]
pub(super) struct Reading {
    /// The settings. Where not `complete`, name, serial or version are stand-ins that must not leave this room.
    pub settings: Settings,
    /// Whether all that is required was there and right.
    pub complete: bool,
}

impl Settings {
    /// Reads site.yaml. What is wrong goes to `findings`; `None` only where the file is no YAML table at all.
    pub(super) fn read(file: &File, overrides: &Overrides, findings: &mut Findings) -> Option<Reading> {
        let node = yaml::parse(file, findings)?;
        let cursor = Cursor::new(file, &node, "", findings)?;
        Some(Reader { head: file.place(0..0), overrides }.settings(cursor, findings))
    }

    /// Host and port of both registries, once each, with the field that names it.
    pub fn registry_addresses(&self) -> impl Iterator<Item = Field<RegistryAddress>> + '_ {
        let image = self.image_registry.as_ref().map(|r| r.url.clone().map(|url| url.0));
        let chart = self.chart_registry.as_ref().map(|r| r.url.clone().map(|url| url.0));
        image.into_iter().chain(chart)
    }
}

struct Reader<'a> {
    head: Place,
    overrides: &'a Overrides,
}

impl Reader<'_> {
    fn settings(&self, mut c: Cursor<'_>, findings: &mut Findings) -> Reading {
        let site = c.required_str("site", findings).and_then(|f| parse(f, findings));
        c.require("serial", findings);
        let serial = c.int("serial", findings).and_then(|f| accept(f, serial, findings));
        if self.overrides.field(Flag::Mke3Version).is_none() {
            c.require("mke3_version", findings);
        }
        let mke3_version: Option<Field<Version>> = self
            .text(&mut c, "mke3_version", Flag::Mke3Version, findings)
            .and_then(|f| accept(f, mke3, findings));
        let target =
            self.text(&mut c, "target", Flag::Target, findings).and_then(|f| accept(f, target, findings));
        let leader = c.str("leader", findings).and_then(|f| node_name(f, findings));
        let external_address = self
            .text(&mut c, "external_address", Flag::ExternalAddress, findings)
            .and_then(|f| parse(f, findings));
        let airgap = self.airgap(&mut c, findings);
        let registries = c.table("registries", findings);
        let (image_registry, chart_registry) = self.registries(registries, &airgap, findings);
        let (mut k0s_binary, mut image_bundles) = (None, Vec::new());
        if let Some(mut k0s) = c.table("k0s", findings) {
            k0s_binary = k0s.str("binary", findings).and_then(|f| parse(f, findings));
            image_bundles = k0s.strings("image_bundles", findings);
            k0s.finish(findings);
        }
        let image_bundles = image_bundles.into_iter().filter_map(|f| parse(f, findings)).collect();
        let (mut http_node_port, mut https_node_port) = (None, None);
        if let Some(mut gateway) = c.table("gateway", findings) {
            http_node_port =
                gateway.int("http_node_port", findings).and_then(|f| accept(f, |n: &i64| port(*n), findings));
            https_node_port = gateway
                .int("https_node_port", findings)
                .and_then(|f| accept(f, |n: &i64| port(*n), findings));
            gateway.finish(findings);
        }
        let remove_ingress_nginx = c
            .bool("remove_ingress_nginx", findings)
            .unwrap_or_else(|| self.default("remove_ingress_nginx", false));
        let data_dir = self
            .text(&mut c, "data_dir", Flag::DataDir, findings)
            .and_then(|f| parse(f, findings))
            .unwrap_or_else(|| self.default("data_dir", DataDir::default()));
        let license_file = c.str("license_file", findings).and_then(|f| parse(f, findings));
        let decisions = c.table("decisions", findings).map(|t| decisions(&t, findings)).unwrap_or_default();
        let waivers = waivers(&mut c, findings);
        let allow = c.table("allow", findings).map(|t| allow(&t, findings)).unwrap_or_default();
        let swarm_roles = c.table("access", findings).map(|t| rights::read(t, findings)).unwrap_or_default();
        let kubelet_profiles =
            c.table("kubelet_profiles", findings).map(|t| profiles(&t, findings)).unwrap_or_default();
        let table = c.table("paths", findings);
        let paths = self.paths(table, findings);
        let change_window = c.str("change_window", findings).and_then(|f| parse(f, findings));
        let node_network = c.str("node_network", findings).and_then(|f| parse(f, findings));
        c.finish(findings);

        let complete = site.is_some() && serial.is_some() && mke3_version.is_some();
        // `fixed` names are right by themselves; see `Reading` for why stand-ins are harmless.
        let stand_in = || self.default("site", SiteName::stand_in());
        let settings = Settings {
            site: site.unwrap_or_else(stand_in),
            serial: serial.unwrap_or_else(|| self.default("serial", 1)),
            mke3_version: mke3_version.unwrap_or_else(|| self.default("mke3_version", Version::new(3, 0, 0))),
            target,
            leader,
            external_address,
            airgap,
            image_registry,
            chart_registry,
            k0s_binary,
            image_bundles,
            http_node_port,
            https_node_port,
            remove_ingress_nginx,
            data_dir,
            license_file,
            decisions,
            waivers,
            allow,
            swarm_roles,
            kubelet_profiles,
            paths,
            change_window,
            node_network,
        };
        Reading { settings, complete }
    }

    /// A text of site.yaml, or of the flag that replaces it.
    fn text(
        &self,
        c: &mut Cursor<'_>,
        key: &'static str,
        flag: Flag,
        findings: &mut Findings,
    ) -> Option<Field<String>> {
        let from_file = c.str(key, findings);
        self.overrides.field(flag).or(from_file)
    }

    fn default<T>(&self, path: &str, value: T) -> Field<T> {
        Field { value, place: self.head.clone(), path: path.to_owned() }
    }

    fn airgap(&self, c: &mut Cursor<'_>, findings: &mut Findings) -> Field<bool> {
        let from_file = c.bool("airgap", findings);
        let from_flag = self.overrides.field(Flag::Mke3Airgapped).and_then(|field| {
            let read = |text: &str| match text {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => {
                    Err(Refusal::new(code::FLAG, "takes `true` or `false`", "write `--mke3-airgapped=true`"))
                }
            };
            accept(field, read, findings)
        });
        from_flag.or(from_file).unwrap_or_else(|| self.default("airgap", true))
    }

    #[allow(clippy::type_complexity)]
    fn registries(
        &self,
        table: Option<Cursor<'_>>,
        airgap: &Field<bool>,
        findings: &mut Findings,
    ) -> (Option<RegistrySettings<ImageRegistry>>, Option<RegistrySettings<ChartRegistry>>) {
        let (mut image, mut chart) = (None, None);
        if let Some(mut table) = table {
            image = table.table("image", findings);
            chart = table.table("chart", findings);
            table.finish(findings);
        }
        if airgap.value {
            let absent =
                |table: &Option<Cursor<'_>>, flag| table.is_none() && self.overrides.field(flag).is_none();
            missing_registries(
                airgap,
                absent(&image, Flag::ImageRegistry),
                absent(&chart, Flag::ChartRegistry),
                findings,
            );
        }
        let image = self.registry(image, Flag::ImageRegistry, Flag::ImageRegistryCaFile, findings);
        let chart = self.registry(chart, Flag::ChartRegistry, Flag::ChartRegistryCaFile, findings);
        (image, chart)
    }

    fn registry<T: Parse>(
        &self,
        table: Option<Cursor<'_>>,
        url_flag: Flag,
        ca_flag: Flag,
        findings: &mut Findings,
    ) -> Option<RegistrySettings<T>> {
        let mut url = self.overrides.field(url_flag);
        let mut ca_file = None;
        let mut credentials_file = None;
        if let Some(mut table) = table {
            if url.is_none() {
                table.require("url", findings);
            }
            let from_file = table.str("url", findings);
            url = url.or(from_file);
            ca_file = table.str("ca_file", findings).and_then(|f| parse(f, findings));
            credentials_file = table.str("credentials_file", findings).and_then(|f| parse(f, findings));
            table.finish(findings);
        }
        let ca_file = self.overrides.file(ca_flag).or(ca_file);
        if let (None, Some(ca)) = (&url, &ca_file)
            && self.overrides.field(ca_flag).is_some()
        {
            findings.push(
                ca.finding(code::FLAG, format!("`{}` is given without a registry", ca.path))
                    .help(format!("give `{}` too, or the registry in site.yaml", url_flag.name())),
            );
        }
        let url = parse(url?, findings)?;
        Some(RegistrySettings { url, ca_file, credentials_file })
    }

    fn paths(&self, table: Option<Cursor<'_>>, findings: &mut Findings) -> Paths {
        let mut table = table;
        let mut path = |key: &'static str, name: &'static str| {
            let given = table.as_mut().and_then(|t| t.str(key, findings)).and_then(|f| parse(f, findings));
            given.unwrap_or_else(|| self.default(&format!("paths.{key}"), SitePath::fixed(name)))
        };
        let mut paths = Paths {
            mke3_toml: path("mke3_toml", "mke3.toml"),
            hosts: path("hosts", "hosts.yaml"),
            nodes: path("nodes", "nodes.json"),
            survey: path("survey", "survey"),
            known_hosts: path("known_hosts", "known_hosts"),
            access: path("access", "access"),
            sealed: path("sealed", "sealed"),
        };
        if let Some(table) = table {
            table.finish(findings);
        }
        if let Some(hosts) = self.overrides.file(Flag::HostsPath) {
            paths.hosts = hosts;
        }
        paths
    }
}

fn missing_registries(airgap: &Field<bool>, image: bool, chart: bool, findings: &mut Findings) {
    let absent = match (image, chart) {
        (true, true) => "registries.image.url and registries.chart.url are",
        (true, false) => "registries.image.url is",
        (false, true) => "registries.chart.url is",
        (false, false) => return,
    };
    findings.push(
        airgap
            .finding(code::REGISTRY_MISSING, format!("an air-gapped site needs both registries; {absent} not set"))
            .help("set them as the vendor's bundle was uploaded, or `airgap: false` if nodes reach the internet"),
    );
}

fn serial(number: &i64) -> Result<u64, Refusal> {
    match u64::try_from(*number) {
        Ok(serial) if serial > 0 => Ok(serial),
        _ => Err(Refusal::new(
            input::VALUE,
            "must be 1 or more",
            "begin with 1 and add 1 for every set that goes to the nodes",
        )),
    }
}

fn mke3(text: &str) -> Result<Version, Refusal> {
    let version = Version::parse(text)?;
    if version.major == 3 {
        Ok(version)
    } else {
        Err(Refusal::new(
            code::VERSION,
            "is no version of MKE 3",
            "give what the login page or `docker inspect ucp-proxy` shows, for example `3.8.7`",
        ))
    }
}

fn target(text: &str) -> Result<Version, Refusal> {
    let known: Vec<_> = crate::contract::all().iter().map(|contract| contract.id).collect();
    let help = format!("give the release to go to, one of {}", known.join(", "));
    match Version::parse(text) {
        Ok(version) if version.major == 4 => Ok(version),
        Ok(_) => Err(Refusal::new(code::VERSION, "is no release of MKE 4", help)),
        Err(refusal) => Err(Refusal { help, ..refusal }),
    }
}

/// A name of a node; upper-case letters are lowered, as the kubelet does, with a warning.
pub(super) fn node_name(field: Field<String>, findings: &mut Findings) -> Option<Field<NodeName>> {
    parse(lower(field, findings), findings)
}

/// Lowers upper-case letters of a name, with a warning.
pub(super) fn lower(field: Field<String>, findings: &mut Findings) -> Field<String> {
    if !field.value.bytes().any(|b| b.is_ascii_uppercase()) {
        return field;
    }
    findings.push(
        field
            .finding(
                code::HOST_CASE,
                format!("`{}` has upper-case letters; it is read in lower case", field.path),
            )
            .note("Kubernetes and k0s know nodes by lower-case names only")
            .help("write it in lower case"),
    );
    field.map(|text| text.to_ascii_lowercase())
}

/// Identifiers that serve as keys: decisions and the dotted keys of TOML.
fn key_text(entry: &Entry, path: &str, place: &Place, findings: &mut Findings) -> Option<String> {
    let key = Field { value: entry.key.clone(), place: place.clone(), path: path.to_owned() };
    let read = |text: &str| {
        only(
            text,
            |c| c.is_ascii_alphanumeric() || "._-[]/".contains(c),
            "write the key as the message that asked for it did",
        )
        .map(|()| text.to_owned())
    };
    accept(key, read, findings).map(|f| f.value)
}

fn decisions(table: &Cursor<'_>, findings: &mut Findings) -> BTreeMap<String, Decision> {
    let mut decisions = BTreeMap::new();
    let file = table.place().file;
    for (entry, path) in table.entries() {
        let place = file.place(entry.key_span.clone());
        let Some(key) = key_text(entry, &path, &place, findings) else { continue };
        let (value, reason) = match &entry.node.value {
            Value::Map(_) => {
                let Some(mut c) = Cursor::new(&file, &entry.node, path.clone(), findings) else { continue };
                c.require("value", findings);
                let value = c.node("value").and_then(|f| scalar(&f, findings));
                let reason = c.str("reason", findings).and_then(|f| parse(f, findings));
                c.finish(findings);
                (value, reason)
            }
            _ => {
                let field = Field { value: &entry.node, place: file.place(entry.node.span.clone()), path };
                (scalar(&field, findings), None)
            }
        };
        if let Some(value) = value {
            decisions.insert(key, Decision { value, reason, key: place });
        }
    }
    decisions
}

fn scalar(field: &Field<&Node>, findings: &mut Findings) -> Option<Field<String>> {
    let text = match &field.value.value {
        Value::Str(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Bool(on) => on.to_string(),
        other => {
            findings.push(
                field
                    .finding(input::TYPE, format!("`{}` must be text, not {}", field.path, other.kind()))
                    .help("write `key: value`, or a table with `value` and `reason`"),
            );
            return None;
        }
    };
    parse::<Words>(field.clone().map(|_| text), findings).map(|f| f.map(|words| words.to_string()))
}

fn waivers(c: &mut Cursor<'_>, findings: &mut Findings) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    for item in c.list("waivers", findings) {
        let Some(mut c) = Cursor::new(&item.place.file, item.value, item.path.clone(), findings) else {
            continue;
        };
        let read = |text: &str| {
            only(
                text,
                |c| c.is_ascii_alphanumeric() || "-_.".contains(c),
                "give the code that the check printed",
            )
            .map(|()| text.to_owned())
        };
        let code = c.required_str("code", findings).and_then(|f| accept(f, read, findings));
        let host = c.str("host", findings).and_then(|f| node_name(f, findings));
        let reason = c.required_str("reason", findings).and_then(|f| parse(f, findings));
        c.finish(findings);
        if let (Some(code), Some(reason)) = (code, reason) {
            waivers.push(Waiver { code, host, reason });
        }
    }
    waivers
}

/// A table from keys to texts.
fn texts(table: &Cursor<'_>, findings: &mut Findings) -> Vec<(Field<String>, Field<String>)> {
    let file = table.place().file;
    let mut pairs = Vec::new();
    for (entry, path) in table.entries() {
        let key =
            Field { value: entry.key.clone(), place: file.place(entry.key_span.clone()), path: path.clone() };
        match &entry.node.value {
            Value::Str(text) => {
                let place = file.place(entry.node.span.clone());
                pairs.push((key, Field { value: text.clone(), place, path }));
            }
            other => findings.push(
                Finding::new(input::TYPE, format!("`{path}` must be text, not {}", other.kind()))
                    .at(key.place),
            ),
        }
    }
    pairs
}

fn allow(table: &Cursor<'_>, findings: &mut Findings) -> BTreeMap<String, Field<Words>> {
    let mut allow = BTreeMap::new();
    for (key, reason) in texts(table, findings) {
        let read = |text: &str| {
            only(text, |c| !c.is_control() && c != '`', "write the key as the message that named it did")
                .map(|()| text.to_owned())
        };
        let key = accept(key, read, findings);
        if let (Some(key), Some(reason)) = (key, parse(reason, findings)) {
            allow.insert(key.value, reason);
        }
    }
    allow
}

fn profiles(table: &Cursor<'_>, findings: &mut Findings) -> BTreeMap<NodeName, Field<ProfileName>> {
    let mut profiles = BTreeMap::new();
    for (host, profile) in texts(table, findings) {
        let host = node_name(host, findings);
        if let (Some(host), Some(profile)) = (host, parse(profile, findings)) {
            profiles.insert(host.value, profile);
        }
    }
    profiles
}

//! A whole site: every input read, checked and merged.

use super::certs::{self, CaFile};
use super::credentials::{self, Credentials};
use super::files::SiteFiles;
use super::hosts::Hosts;
use super::inventory::{Inventory, Sources, merge};
use super::known_hosts::KnownHosts;
use super::networks::{Range, fixed_ranges};
use super::nodes::Nodes;
use super::overrides::Overrides;
use super::settings::{RegistrySettings, SITE_YAML, Settings};
use super::survey::SurveyFile;
use super::values::{Date, SitePath};
use super::{hosts, known_hosts, nodes, survey};
use crate::diag::codes::site as code;
use crate::diag::{Finding, Findings};
use crate::source::{Field, File};

/// A site whose settings and inventory are complete. Findings may still stop a compile.
#[derive(Clone, Debug)]
pub struct Site {
    /// site.yaml and flags.
    pub settings: Settings,
    /// All nodes.
    pub inventory: Inventory,
    /// Both registries' files.
    pub registries: Registries,
    /// The MKE 3 configuration, decoded but not parsed.
    pub mke3_toml: File,
    /// Digest inputs: labels of all files that this room read, in order.
    pub read: Vec<String>,
}

/// What belongs to the registries besides their addresses.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    /// CA of the image registry.
    pub image_ca: Option<CaFile>,
    /// CA of the chart registry.
    pub chart_ca: Option<CaFile>,
    /// Credentials of the image registry.
    pub image_credentials: Option<Credentials>,
    /// Credentials of the chart registry.
    pub chart_credentials: Option<Credentials>,
}

/// What could be read of a site. Lets later rooms check their own inputs although others are wrong.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Complete settings, where name, serial and version were right.
    pub settings: Option<Settings>,
    /// The complete inventory.
    pub inventory: Option<Inventory>,
    /// Both registries' files.
    pub registries: Registries,
    /// The MKE 3 configuration.
    pub mke3_toml: Option<File>,
    /// Labels of all files that were read, in order.
    pub read: Vec<String>,
}

impl Site {
    /// Reads a site. All problems of all files go to `findings`; `None` comes with at least one that stops.
    pub fn read(files: &SiteFiles, overrides: &Overrides, findings: &mut Findings) -> Option<Self> {
        Parts::read(files, overrides, findings).whole()
    }

    /// What the set will not carry although no node can fetch it.
    pub fn absences(&self) -> Findings {
        let (airgap, mut findings) = (&self.settings.airgap, Findings::new());
        if airgap.value && self.settings.k0s_binary.is_none() {
            let written = !airgap.place.span.is_empty();
            findings.push(
                Finding::new(code::NO_K0S, "the site has no way out, and the set does not carry k0s")
                    .at_opt(written.then(|| airgap.place.clone()))
                    .note("no node can fetch the k0s binary by itself")
                    .help(
                        "copy the k0s of the target release into the site directory and name it as `k0s.binary` in \
                         site.yaml, or bring it to /usr/local/bin/k0s of every node in another way",
                    ),
            );
        }
        findings
    }

    /// Addresses outside of the cluster's own networks, to be checked against those with
    /// [`networks::overlaps`](super::networks::overlaps).
    pub fn fixed_ranges(&self) -> Vec<Range> {
        fixed_ranges(&self.settings, Some(&self.inventory))
    }

    /// What is wrong with the registries' CAs today. The clock is the caller's.
    pub fn expiry_findings(&self, today: Date) -> Findings {
        let mut findings = Findings::new();
        for ca in self.registries.cas() {
            findings.append(certs::expiry_findings(&ca.certificates, today, "today"));
        }
        findings
    }
}

impl Registries {
    /// Both CA files, once if they are the same file.
    pub fn cas(&self) -> impl Iterator<Item = &CaFile> {
        let image = self.image_ca.as_ref();
        let chart = self.chart_ca.as_ref().filter(|c| image.is_none_or(|i| i.label != c.label));
        image.into_iter().chain(chart)
    }
}

impl Parts {
    /// Reads all that is there.
    pub fn read(files: &SiteFiles, overrides: &Overrides, findings: &mut Findings) -> Self {
        let mut reader = Reader { files, read: Vec::new() };
        let mut parts = Self {
            settings: None,
            inventory: None,
            registries: Registries::default(),
            mke3_toml: None,
            read: Vec::new(),
        };
        let site_yaml = reader.required(SITE_YAML, None, "make one with `airlift init`", findings);
        let reading = site_yaml.and_then(|file| Settings::read(&file, overrides, findings));
        let Some(reading) = reading else {
            // Without paths there may be other files in the place of these.
            parts.read = reader.read;
            return parts;
        };
        let settings = reading.settings;
        reader.kinds(&settings, findings);
        parts.mke3_toml = reader.required(
            settings.paths.mke3_toml.value.as_str(),
            Some(&settings.paths.mke3_toml),
            "fetch it with `GET /api/ucp/config-toml` (`airlift next` shows the command)",
            findings,
        );
        let hosts = reader.hosts(&settings, findings);
        let nodes = reader.nodes(&settings, findings);
        let surveys = reader.surveys(&settings, findings);
        let known_hosts = reader.known_hosts(&settings, findings);
        if let Some(hosts) = &hosts {
            let sources = Sources {
                settings: &settings,
                hosts,
                nodes: nodes.as_ref(),
                surveys: &surveys,
                known_hosts: known_hosts.as_ref(),
            };
            parts.inventory = merge(&sources, findings);
        }
        parts.registries = reader.registries(&settings, findings);
        reader.present(&settings, findings);
        parts.settings = reading.complete.then_some(settings);
        parts.read = reader.read;
        parts.read.sort();
        parts.read.dedup();
        parts
    }

    /// Settings from elsewhere and the files that they name for the registries; no nodes.
    pub(super) fn registries_only(
        settings: Option<Settings>,
        files: &SiteFiles,
        findings: &mut Findings,
    ) -> Self {
        let mut reader = Reader { files, read: Vec::new() };
        let registries = settings.as_ref().map(|s| reader.registries(s, findings)).unwrap_or_default();
        Self { settings, inventory: None, registries, mke3_toml: None, read: reader.read }
    }

    /// The site, if nothing of it is missing.
    pub fn whole(self) -> Option<Site> {
        Some(Site {
            settings: self.settings?,
            inventory: self.inventory?,
            registries: self.registries,
            mke3_toml: self.mke3_toml?,
            read: self.read,
        })
    }
}

struct Reader<'a> {
    files: &'a SiteFiles,
    read: Vec<String>,
}

impl Reader<'_> {
    /// A folder in the place of a file, or a file in that of a folder, is a mistake and never just absent.
    fn kinds(&self, settings: &Settings, findings: &mut Findings) {
        let paths = &settings.paths;
        let mut wrong = |named: &Field<SitePath>, text: String, help: &str| {
            let finding = Finding::new(code::FILE_KIND, text).help(help);
            let written = !named.place.span.is_empty();
            findings.push(finding.at_opt(written.then(|| named.place.clone())));
        };
        let mut files: Vec<&Field<SitePath>> =
            vec![&paths.mke3_toml, &paths.hosts, &paths.nodes, &paths.known_hosts];
        let (image, chart) = (settings.image_registry.as_ref(), settings.chart_registry.as_ref());
        let registries = image
            .map(|r| (&r.ca_file, &r.credentials_file))
            .into_iter()
            .chain(chart.map(|r| (&r.ca_file, &r.credentials_file)));
        files.extend(registries.flat_map(|(ca, credentials)| ca.iter().chain(credentials)));
        files.extend(settings.k0s_binary.iter().chain(&settings.image_bundles).chain(&settings.license_file));
        let mut seen: Vec<&str> = Vec::new();
        for named in files.into_iter().filter(|named| self.files.is_folder(named.value.as_str())) {
            if seen.contains(&named.value.as_str()) {
                continue;
            }
            seen.push(named.value.as_str());
            let text = format!("{} is a folder, and should be a file", named.value);
            wrong(named, text, "put the file itself there");
        }
        for named in [&paths.survey, &paths.access, &paths.sealed] {
            if self.files.get(named.value.as_str()).is_some() {
                let text = format!("{} is a file, and should be a folder", named.value);
                wrong(named, text, "make a folder of that name and put the file into it");
            }
        }
    }

    /// A file that must be there.
    fn required(
        &mut self,
        label: &str,
        named: Option<&Field<SitePath>>,
        help: &str,
        findings: &mut Findings,
    ) -> Option<File> {
        if self.files.is_folder(label) {
            // `kinds` has told it.
            return None;
        }
        if self.files.get(label).is_none() {
            let mut finding = Finding::new(code::FILE_MISSING, format!("{label} is not there")).help(help);
            // A path that somebody wrote is shown; a default is not.
            if let Some(named) = named.filter(|f| !f.place.span.is_empty()) {
                finding = finding.at(named.place.clone());
            }
            findings.push(finding);
            return None;
        }
        self.text(label, findings)
    }

    /// A file that may be absent, but not if somebody wrote its path.
    fn optional(&mut self, named: &Field<SitePath>, findings: &mut Findings) -> Option<File> {
        let label = named.value.as_str();
        if named.place.span.is_empty() {
            self.text(label, findings)
        } else {
            self.required(label, Some(named), "correct the path, or leave it out", findings)
        }
    }

    fn text(&mut self, label: &str, findings: &mut Findings) -> Option<File> {
        self.files.get(label)?;
        self.read.push(label.to_owned());
        self.files.text(label, findings)
    }

    fn hosts(&mut self, settings: &Settings, findings: &mut Findings) -> Option<Hosts> {
        let path = &settings.paths.hosts;
        let help = "write mkectl's hosts file; `airlift init` makes a sample";
        let file = self.required(path.value.as_str(), Some(path), help, findings)?;
        hosts::read(&file, findings)
    }

    fn nodes(&mut self, settings: &Settings, findings: &mut Findings) -> Option<Nodes> {
        let file = self.optional(&settings.paths.nodes, findings)?;
        nodes::read(&file, findings)
    }

    fn surveys(&mut self, settings: &Settings, findings: &mut Findings) -> Vec<SurveyFile> {
        let files = self.files;
        let folder = settings.paths.survey.value.as_str();
        let labels = files.below(folder).filter(|label| label.ends_with(".json"));
        let mut surveys = Vec::new();
        for label in labels {
            let file = self.text(label, findings);
            surveys.extend(file.and_then(|file| survey::read(&file, findings)));
        }
        surveys
    }

    fn known_hosts(&mut self, settings: &Settings, findings: &mut Findings) -> Option<KnownHosts> {
        let file = self.optional(&settings.paths.known_hosts, findings)?;
        Some(known_hosts::KnownHosts::read(&file, findings))
    }

    fn registries(&mut self, settings: &Settings, findings: &mut Findings) -> Registries {
        let (image, chart) = (settings.image_registry.as_ref(), settings.chart_registry.as_ref());
        if let (Some(image), Some(chart)) = (image, chart)
            && image.url.value.0.path != chart.url.value.0.path
        {
            findings.push(
                chart
                    .url
                    .finding(
                        code::REGISTRY_PATHS,
                        format!(
                            "the chart registry's path `{}` is not the image registry's `{}`",
                            chart.url.value.0.path, image.url.value.0.path
                        ),
                    )
                    .also(image.url.place.clone(), "the image registry")
                    .help("upload images and charts below one path, and give that for both"),
            );
        }
        let image_ca = image.and_then(|r| self.ca(r, settings, true, findings));
        let same = |path: &Field<SitePath>| {
            image.and_then(|r| r.ca_file.as_ref()).is_some_and(|other| other.value == path.value)
        };
        // One file named twice is reported once.
        let repeated = chart.and_then(|r| r.ca_file.as_ref()).is_some_and(same);
        let chart_ca = chart.and_then(|r| self.ca(r, settings, !repeated, findings));
        Registries {
            image_ca,
            chart_ca,
            image_credentials: image.and_then(|r| self.credentials(r, &r.url.value.0, findings)),
            chart_credentials: chart.and_then(|r| self.credentials(r, &r.url.value.0, findings)),
        }
    }

    fn ca<T>(
        &mut self,
        registry: &RegistrySettings<T>,
        settings: &Settings,
        report: bool,
        findings: &mut Findings,
    ) -> Option<CaFile> {
        let named = registry.ca_file.as_ref()?;
        let mut found = Findings::new();
        let bytes = self.bytes(named, "copy the registry's CA certificate here, as PEM", &mut found);
        let ca = bytes.and_then(|bytes| certs::read(&bytes, named, &mut found));
        if let (Some(ca), Some(window)) = (&ca, &settings.change_window) {
            found.append(certs::expiry_findings(&ca.certificates, window.value, "the change window"));
        }
        if report {
            findings.append(found);
        }
        ca
    }

    fn credentials<T>(
        &mut self,
        registry: &RegistrySettings<T>,
        address: &super::address::RegistryAddress,
        findings: &mut Findings,
    ) -> Option<Credentials> {
        let named = registry.credentials_file.as_ref()?;
        self.bytes(named, "write the registry's `username` and `password` into it, mode 600", findings)?;
        credentials::read(self.files.get(named.value.as_str())?, named, address, findings)
    }

    /// The content of a file that a setting names.
    fn bytes(&mut self, named: &Field<SitePath>, help: &str, findings: &mut Findings) -> Option<Vec<u8>> {
        let label = named.value.as_str();
        let Some(bytes) = self.files.bytes(label) else {
            if !self.files.is_folder(label) {
                findings.push(missing(named, help));
            }
            return None;
        };
        self.read.push(label.to_owned());
        Some(bytes.to_vec())
    }

    /// Files that later rooms take as they are must at least be there.
    fn present(&mut self, settings: &Settings, findings: &mut Findings) {
        let named = settings.k0s_binary.iter().chain(&settings.image_bundles).chain(&settings.license_file);
        for named in named {
            match self.files.get(named.value.as_str()) {
                Some(file) if file.size > 0 => self.read.push(named.value.to_string()),
                Some(_) => findings.push(
                    named
                        .finding(crate::diag::codes::input::EMPTY, format!("{} is empty", named.value))
                        .help("copy it again, and compare its digest"),
                ),
                None if self.files.is_folder(named.value.as_str()) => {}
                None => findings.push(missing(named, "copy it into the site directory, or correct the path")),
            }
        }
    }
}

fn missing(named: &Field<SitePath>, help: &str) -> Finding {
    named.finding(code::FILE_MISSING, format!("{} is not there", named.value)).help(help)
}

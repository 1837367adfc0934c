//! Reads a site, or a bare TOML file, and chooses the contract.

use super::surroundings;
use crate::access::Access;
use crate::contract::{self, Contract, SourceVersion, Use};
use crate::diag::Findings;
use crate::diag::codes::translate as code;
use crate::mke3::Config;
use crate::site::settings::Settings;
use crate::site::{Flag, Overrides, Parts, Site, SiteFiles};
use crate::source::{decode, nearest};
use crate::surroundings::Surroundings;
use std::collections::BTreeMap;

/// What a run is given.
#[derive(Debug)]
pub struct Sources<'a> {
    /// All files.
    pub files: &'a SiteFiles,
    /// Flags that outweigh settings.
    pub overrides: &'a Overrides,
    /// Unknown TOML keys that may pass, with the reason, from the command line.
    pub allow: &'a BTreeMap<String, String>,
    /// For what the contract is needed.
    pub allows: Use,
}

/// Everything read.
#[derive(Debug)]
pub struct Inputs {
    /// The site, where it is whole. `None` for a bare TOML file.
    pub site: Option<Site>,
    /// The MKE 3 configuration.
    pub mke3: Config,
    /// Accounts and rights, where the site has an export of them.
    pub access: Option<Access>,
    /// What the translation needs of the site.
    pub surroundings: Surroundings,
    /// The target release.
    pub contract: &'static Contract,
    /// Whether nobody named the release, so that the newest was taken.
    pub contract_is_default: bool,
}

impl Inputs {
    /// Reads a site directory. `None` where too little could be read to go on; the findings say why.
    pub fn read(sources: &Sources<'_>, findings: &mut Findings) -> Option<Self> {
        let parts = Parts::read(sources.files, sources.overrides, findings);
        let mut allow = sources.allow.clone();
        if let Some(settings) = &parts.settings {
            let given = settings.allow.iter().map(|(key, why)| (key.clone(), why.value.to_string()));
            allow.extend(given);
        }
        let mke3 = parts.mke3_toml.as_ref().and_then(|file| Config::read(file, &allow, findings));
        let chosen = parts.settings.as_ref().and_then(|s| choose(s, sources.allows, findings));
        let surroundings = surroundings::of(&parts, sources.files, findings);
        let access = parts.settings.as_ref().and_then(|s| Access::read(s, sources.files, findings));
        let (contract, contract_is_default) = chosen?;
        Some(Self { site: parts.whole(), mke3: mke3?, access, surroundings, contract, contract_is_default })
    }

    /// Reads a bare TOML file; what else is known comes from flags.
    pub fn read_bare(
        label: &str,
        bytes: &[u8],
        sources: &Sources<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let parts = Parts::read_bare(sources.files, sources.overrides, findings);
        let mke3 =
            decode(label, bytes, findings).and_then(|file| Config::read(&file, sources.allow, findings));
        let chosen = parts.settings.as_ref().and_then(|s| choose(s, sources.allows, findings));
        let mut surroundings = surroundings::of(&parts, sources.files, findings);
        if !sources.overrides.has(Flag::Mke3Version) {
            surroundings.source_version = None;
        }
        let (contract, contract_is_default) = chosen?;
        Some(Self { site: None, mke3: mke3?, access: None, surroundings, contract, contract_is_default })
    }
}

/// The contract that is asked for, else the newest that takes the source.
fn choose(settings: &Settings, allows: Use, findings: &mut Findings) -> Option<(&'static Contract, bool)> {
    let version = SourceVersion::from(settings.mke3_version.value);
    match &settings.target {
        Some(target) => {
            let id = target.value.contract_id();
            let Some(contract) = contract::by_id(&id) else {
                let known: Vec<_> = contract::all().iter().map(|c| c.id).collect();
                let mut finding = target
                    .finding(code::TARGET, format!("no contract for {id} is known"))
                    .help(format!("known are {}; `airlift contracts` tells them apart", known.join(", ")));
                if let Some(near) = nearest(&id, known.iter().copied()) {
                    finding = finding.note(format!("the nearest is {near}"));
                }
                findings.push(finding);
                return None;
            };
            if allows == Use::Compile && contract.allows == Use::Convert {
                let text =
                    format!("{} is for `convert` and `check` only: too little is known of it", contract.id);
                findings.push(
                    target
                        .finding(code::TARGET, text)
                        .help("choose another release; `airlift contracts` shows which"),
                );
            }
            Some((contract, false))
        }
        None => match contract::default_for(version, allows) {
            Some(contract) => Some((contract, true)),
            None => {
                findings.push(
                    settings
                        .mke3_version
                        .finding(code::SOURCE_VERSION, format!("no release of MKE 4k takes MKE {version}"))
                        .note("MKE 4.0 and 4.1 take 3.7.15 or later and every 3.8; MKE 4.2 takes 3.9")
                        .help("upgrade MKE 3 first, or correct `mke3_version`"),
                );
                None
            }
        },
    }
}

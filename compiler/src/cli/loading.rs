//! From flags to inputs: what several verbs do before their own work.

use super::site_args::{SettingArgs, SiteArgs};
use crate::compile::{Inputs, Sources};
use crate::contract::Use;
use crate::diag::Findings;
use crate::site::{Flag, LIMIT, Overrides, SiteFiles};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::path::Path;

/// What was loaded.
pub struct Loaded {
    /// All that was read, where enough was.
    pub inputs: Option<Inputs>,
    /// What is wrong with it so far.
    pub findings: Findings,
    /// The files of the site directory.
    pub files: SiteFiles,
}

/// Reads the site directory and the files that flags name.
pub fn site(args: &SiteArgs, allows: Use) -> anyhow::Result<Loaded> {
    anyhow::ensure!(
        args.dir.is_dir(),
        "{} is no directory; `airlift init {0}` makes one",
        args.dir.display()
    );
    let mut findings = Findings::new();
    let files = SiteFiles::load(&args.dir, &mut findings);
    tracing::debug!(files = files.labels().count(), "read the site directory");
    load(files, findings, &args.settings, allows, None)
}

/// Reads a bare TOML file.
pub fn bare(toml: &Path, args: &SettingArgs, allows: Use) -> anyhow::Result<Loaded> {
    let about = std::fs::metadata(toml).with_context(|| format!("can't read {}", toml.display()))?;
    anyhow::ensure!(about.is_file() && about.len() <= LIMIT, "{} is no small plain file", toml.display());
    let bytes = std::fs::read(toml).with_context(|| format!("can't read {}", toml.display()))?;
    let label = toml.file_name().map_or_else(|| "mke3.toml".to_owned(), |n| n.to_string_lossy().into_owned());
    load(SiteFiles::new(), Findings::new(), args, allows, Some((label, bytes)))
}

fn load(
    mut files: SiteFiles,
    mut findings: Findings,
    args: &SettingArgs,
    allows: Use,
    toml: Option<(String, Vec<u8>)>,
) -> anyhow::Result<Loaded> {
    let overrides = overrides(args);
    let allow = allow(&args.allow)?;
    overrides.load(&mut files, &mut findings);
    let sources = Sources { files: &files, overrides: &overrides, allow: &allow, allows };
    let inputs = match toml {
        Some((label, bytes)) => Inputs::read_bare(&label, &bytes, &sources, &mut findings),
        None => Inputs::read(&sources, &mut findings),
    };
    Ok(Loaded { inputs, findings, files })
}

fn overrides(args: &SettingArgs) -> Overrides {
    let mut overrides = Overrides::new();
    let path = |p: &Option<std::path::PathBuf>| p.as_ref().map(|p| p.to_string_lossy().into_owned());
    overrides.set(Flag::Target, args.target.clone());
    overrides.set(Flag::Mke3Version, args.mke3_version.clone());
    overrides.set(Flag::HostsPath, path(&args.hosts_path));
    overrides.set(Flag::ExternalAddress, args.external_address.clone());
    overrides.set(Flag::ImageRegistry, args.image_registry.clone());
    overrides.set(Flag::ChartRegistry, args.chart_registry.clone());
    overrides.set(Flag::ImageRegistryCaFile, path(&args.image_registry_ca_file));
    overrides.set(Flag::ChartRegistryCaFile, path(&args.chart_registry_ca_file));
    overrides.set(Flag::Mke3Airgapped, args.mke3_airgapped.map(|on| on.to_string()));
    overrides.set(Flag::DataDir, args.data_dir.clone());
    overrides
}

fn allow(given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    given
        .iter()
        .map(|text| match text.split_once('=') {
            Some((key, reason)) if !key.trim().is_empty() && !reason.trim().is_empty() => {
                Ok((key.trim().to_owned(), reason.trim().to_owned()))
            }
            _ => {
                anyhow::bail!("--allow takes KEY=REASON, not `{text}`; the reason is recorded in the account")
            }
        })
        .collect()
}

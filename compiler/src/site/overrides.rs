//! Settings from the command line, under mkectl's names where mkectl has one.
//!
//! A flag replaces the value of site.yaml and is held to the same rules; its origin is `command line:--flag`.
//! A flag that names a file stands for that file's content: the content is read into the site's files under a
//! fixed label, so the path itself reaches nothing.

use super::files::SiteFiles;
use super::values::SitePath;
use crate::diag::Findings;
use crate::source::{Field, File};
use std::collections::BTreeMap;
use std::path::Path;

/// The `file` of origins and messages about flags.
pub const COMMAND_LINE: &str = "command line";

/// A flag that replaces a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// `--external-address`
    ExternalAddress,
    /// `--image-registry`
    ImageRegistry,
    /// `--chart-registry`
    ChartRegistry,
    /// `--image-registry-ca-file`
    ImageRegistryCaFile,
    /// `--chart-registry-ca-file`
    ChartRegistryCaFile,
    /// `--mke3-airgapped`, `true` or `false`
    Mke3Airgapped,
    /// `--hosts-path`
    HostsPath,
    /// `--data-dir`
    DataDir,
    /// `--target`
    Target,
    /// `--mke3-version`
    Mke3Version,
}

impl Flag {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Flag::ExternalAddress => "--external-address",
            Flag::ImageRegistry => "--image-registry",
            Flag::ChartRegistry => "--chart-registry",
            Flag::ImageRegistryCaFile => "--image-registry-ca-file",
            Flag::ChartRegistryCaFile => "--chart-registry-ca-file",
            Flag::Mke3Airgapped => "--mke3-airgapped",
            Flag::HostsPath => "--hosts-path",
            Flag::DataDir => "--data-dir",
            Flag::Target => "--target",
            Flag::Mke3Version => "--mke3-version",
        }
    }

    /// The label that stands for the file which the flag names, if it names one.
    pub fn file_label(self) -> Option<&'static str> {
        match self {
            Flag::ImageRegistryCaFile => Some("command-line/image-registry-ca.pem"),
            Flag::ChartRegistryCaFile => Some("command-line/chart-registry-ca.pem"),
            Flag::HostsPath => Some("command-line/hosts.yaml"),
            _ => None,
        }
    }
}

/// The flags that were given.
#[derive(Clone, Debug, Default)]
pub struct Overrides(BTreeMap<Flag, String>);

impl Overrides {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a flag; an absent one changes nothing.
    pub fn set(&mut self, flag: Flag, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.0.insert(flag, value.into());
        }
    }

    /// Reads the files that flags name.
    pub fn load(&self, files: &mut SiteFiles, findings: &mut Findings) {
        for (flag, value) in &self.0 {
            if let Some(label) = flag.file_label() {
                files.load_as(label, Path::new(value), findings);
            }
        }
    }

    /// A flag's value with a place to show.
    pub(super) fn field(&self, flag: Flag) -> Option<Field<String>> {
        let value = self.0.get(&flag)?;
        let shown = format!("{} {value}", flag.name());
        let span = flag.name().len() + 1..shown.len();
        let place = File::new(COMMAND_LINE, shown).place(span);
        Some(Field { value: value.clone(), place, path: flag.name().to_owned() })
    }

    /// The file that a flag names, by its label.
    pub(super) fn file(&self, flag: Flag) -> Option<Field<SitePath>> {
        let label = flag.file_label()?;
        Some(self.field(flag)?.map(|_| SitePath::fixed(label)))
    }
}

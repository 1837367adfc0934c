//! The folder `access/` of a site directory.

use super::account::ACCESS;
use super::answers::Answers;
use super::export::Export;
use super::hashes::{HTPASSWD, Hash, Hashes};
use super::mapping::{Mapping, NAMES};
use super::people;
use super::read;
use super::translate::{Around, Options, Translation, translate};
use super::writer::ClusterRoles;
use crate::diag::codes::access as code;
use crate::diag::{Finding, Findings};
use crate::origin::{Source, Tracked};
use crate::site::rights::SwarmRoles;
use crate::site::{Settings, SiteFiles};
use std::collections::BTreeMap;

/// What the folder holds.
#[derive(Debug)]
pub struct Access {
    export: Option<Export>,
    mapping: Mapping,
    hashes: Hashes,
    swarm_roles: SwarmRoles,
    /// Every file by label, without its secrets.
    blanked: BTreeMap<String, String>,
}

impl Access {
    /// Reads it. `None` where there is no such folder.
    pub fn read(settings: &Settings, files: &SiteFiles, findings: &mut Findings) -> Option<Self> {
        let folder = settings.paths.access.value.as_str();
        let labels: Vec<&str> = files.below(folder).collect();
        if labels.is_empty() {
            return None;
        }
        let mut access = Self {
            export: None,
            mapping: Mapping::default(),
            hashes: Hashes::default(),
            swarm_roles: settings.swarm_roles.clone(),
            blanked: BTreeMap::new(),
        };
        for label in &labels {
            let name = label.strip_prefix(folder).unwrap_or(label);
            if !name.ends_with(".json") && name != format!("/{NAMES}") && name != format!("/{HTPASSWD}") {
                let message = format!("{label} is not read");
                let help =
                    format!("access/ holds *.json of collect.sh, {NAMES} and {HTPASSWD}; take the file away");
                findings.push(Finding::new(code::UNREAD_FILE, message).help(help));
            }
        }
        let exports = labels.iter().filter(|label| label.ends_with(".json"));
        let exports: Vec<_> = exports.filter_map(|label| files.text(label, findings)).collect();
        let read = read::read(exports, findings);
        access.export = read.export;
        access.blanked = read.blanked.iter().map(|f| (f.label().to_owned(), f.text().to_owned())).collect();
        let label = format!("{folder}/{NAMES}");
        if let Some(file) = files.text(&label, findings) {
            access.mapping = Mapping::read(&file, findings);
            access.blanked.insert(label, file.text().to_owned());
        }
        let label = format!("{folder}/{HTPASSWD}");
        if let Some(file) = files.get(&label) {
            access.hashes = Hashes::read(&label, file, findings);
            access.blanked.insert(label, access.hashes.blanked());
        }
        Some(access)
    }

    /// Every file that was read, by label: its content with each secret replaced by its slot's name.
    pub fn blanked(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blanked.iter().map(|(label, text)| (label.as_str(), text.as_str()))
    }

    /// Translates what was read, where it could be.
    pub fn translate(
        &self,
        answers: Answers,
        around: &Around,
        findings: &mut Findings,
    ) -> Option<Translation> {
        let options = Options {
            swarm_roles: self.swarm_roles.clone(),
            mapping: self.mapping.clone(),
            hashes: self.hashes.clone(),
            answers,
        };
        Some(translate(self.export.as_ref()?, &options, around, &ClusterRoles, findings))
    }

    /// The login of an account where it is another than the account's name: by access/names.yaml, or in small letters.
    pub fn login(&self, account: &str) -> Option<Tracked<String>> {
        if let Some(field) = self.mapping.users.get(account) {
            return Some(field.clone().tracked());
        }
        let user = self.export.as_ref()?.users.iter().find(|user| user.name == account)?;
        let name = people::name(user);
        (name != user.name).then(|| Tracked::new(name, Source::new(ACCESS, people::subject(user))))
    }

    /// The secrets behind the slots of `rbac/passwords.yaml`, by user name.
    pub fn hash(&self, user: &str) -> Option<&Hash> {
        self.hashes.get(user)
    }
}

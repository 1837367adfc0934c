//! Which files there are, and how they come together.

use super::blank::blank;
use super::object::{COLLECT_AGAIN, Object, Reading, shown};
use super::{accounts, kubernetes, swarm};
use crate::access::export::{AuthConfig, Export};
use crate::diag::codes::access as code;
use crate::diag::{Finding, Findings};
use crate::source::File;
use std::collections::BTreeMap;

/// Members of an export.
const MEMBERS: &[&str] = &[
    "meta",
    "accounts",
    "orgs",
    "roles",
    "collections",
    "collectionGrants",
    "kubernetes",
    "authConfig",
    "ldapConfig",
    "publicKeys",
];

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The export. `None` comes with a finding that stops.
    pub export: Option<Export>,
    /// The files without their secrets. All places point into these.
    pub blanked: Vec<File>,
}

/// Reads the files of an export, in the order of their names.
pub fn read(files: impl IntoIterator<Item = File>, findings: &mut Findings) -> Read {
    let mut reading = Reading { findings: Findings::new(), unread: BTreeMap::new() };
    let mut parts = Parts::default();
    let mut blanked = Vec::new();
    for file in files {
        // One file's tree is gone before the next one's is made.
        let (file, readable) = parts.take(&file, &mut reading);
        parts.unreadable |= !readable;
        blanked.push(file);
    }
    // What a file lacks that could not be read is nothing to tell.
    let head = blanked.first().filter(|_| !parts.unreadable).map(|file| file.place(0..0));
    let (users, orgs, client_bundles) = parts.accounts.finish(head.as_ref(), &mut reading);
    let (roles, collections, grants) = parts.swarm.finish(head.as_ref(), &mut reading);
    let kubernetes = parts.kubernetes.finish(head.as_ref(), &mut reading);
    for ((what, key), place) in reading.unread {
        let message = format!("`{}` of {what} is not read", shown(&key));
        reading.findings.push(Finding::new(code::UNREAD, message).at(place));
    }
    let failed = reading.findings.stop();
    findings.append(reading.findings);
    let config = parts.config;
    let export = Export { users, orgs, roles, collections, grants, kubernetes, config, client_bundles };
    Read { export: (!failed).then_some(export), blanked }
}

#[derive(Default)]
struct Parts {
    accounts: accounts::Accounts,
    swarm: swarm::Swarm,
    kubernetes: kubernetes::Objects,
    config: AuthConfig,
    /// Whether nothing could be taken from some file.
    unreadable: bool,
}

impl Parts {
    /// Takes what a file holds. Returns it without secrets, and whether it was readable.
    fn take(&mut self, file: &File, reading: &mut Reading) -> (File, bool) {
        if let Some(finding) = wrong_kind(file) {
            reading.findings.push(finding);
            return (file.clone(), false);
        }
        let blanked = blank(file, &mut reading.findings);
        let (file, Some(tree)) = (blanked.file, blanked.tree) else { return (file.clone(), false) };
        let Some(top) = Object::new(&file, &tree, "an export", MEMBERS, reading) else {
            return (file, false);
        };
        top.keys_once(reading);
        if top.entries().iter().all(|e| !MEMBERS.contains(&e.key.as_str())) {
            let message = format!("{} holds no part of an export", file.label());
            let help = format!("an export has some of these members: {}", MEMBERS.join(", "));
            reading.findings.push(Finding::new(code::NOT_AN_EXPORT, message).at(file.place(0..1)).help(help));
            return (file, false);
        }
        self.accounts.take(&top, reading);
        self.swarm.take(&top, reading);
        self.kubernetes.take(&top, reading);
        self.settings(&top, reading);
        if let Some(meta) = top.object("meta", "the collector's own words", &[], reading) {
            for missing in meta.texts("missing", reading) {
                let message = format!("the collector could not get {}", shown(missing));
                reading.incomplete(meta.place_of("missing"), message);
            }
        }
        (file, true)
    }

    /// What the account store is set to. Only few members matter; what else there is says nothing about rights.
    fn settings(&mut self, top: &Object<'_>, reading: &mut Reading) {
        if let Some(auth) = top.object("authConfig", "the settings of accounts", &[], reading) {
            self.config.place = Some(auth.place());
            self.config.default_role = auth.text("default_new_user_role", reading);
            if self.config.default_role.is_empty() {
                self.config.default_role = auth.text("defaultNewUserRole", reading);
            }
        }
        if let Some(ldap) = top.object("ldapConfig", "the settings of LDAP", &[], reading)
            && let Some(admins) =
                ldap.object("adminSyncOpts", "LDAP's search for administrators", &[], reading)
        {
            self.config.admins_synced = admins.flag("enableSync", reading);
            self.config.place.get_or_insert(ldap.place());
        }
    }
}

fn wrong_kind(file: &File) -> Option<Finding> {
    let head = file.text().trim_start();
    let start = file.text().len() - head.len();
    let first = head.lines().next().unwrap_or_default().len();
    if head.starts_with('{') {
        return None;
    }
    let finding = if head.starts_with('<') {
        let message = format!("{} holds a web page instead of an export", file.label());
        Finding::new(code::ERROR_REPLY, message)
            .note("a proxy, a login page or another server may have answered")
    } else {
        let message = format!("{} is no export: it does not begin with an object", file.label());
        Finding::new(code::NOT_AN_EXPORT, message)
    };
    Some(finding.at(file.place(start..start + first)).help(COLLECT_AGAIN))
}

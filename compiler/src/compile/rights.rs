//! What the leader does with accounts and rights: roles and bindings in `adopt`, users of Dex in `settle`.
//!
//! ```text
//! prepare   place /var/lib/airlift/rbac/{roles,bindings}.yaml      must hold until adopt
//! adopt     apply-rbac      by server-side apply; undone from the annotated old subjects, or gone with k0s
//! settle    place /run/airlift/rbac/passwords.yaml, make-logins    hashes lie in memory, and a reboot takes them away
//! commit    forget-logins   removes that file
//! ```
//!
//! Scripts are constant text; what they must know comes as typed variables.

use super::bundle::{PackError, PutStep};
use super::secrets::NodeSecrets;
use crate::access::{BINDINGS, PASSWORDS, ROLES};
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::name::EntryName;
use airlift_bundle::plan::{
    Action, Completion, Content, Script, ScriptFile, ScriptUndo, Seconds, Step, Value, Variable,
};
use std::collections::{BTreeMap, BTreeSet};

/// Where the files lie on the leader; the executor's own directory, which only root can read.
const FOLDER: &str = "/var/lib/airlift/rbac";
/// Where the one with secrets lies.
const LOGINS: &str = "/run/airlift/rbac/passwords.yaml";
/// The binary that every node gets.
const K0S: &str = "/usr/local/bin/k0s";
/// 5,000 teams take two minutes on a small machine.
const SECONDS: Seconds = match Seconds::new(30 * 60) {
    Some(seconds) => seconds,
    None => unreachable!(), // evaluated by the compiler
};

/// A script of a step: its entry in the bundle, and its text.
struct Source(&'static str, &'static str);

macro_rules! source {
    ($name:literal) => {
        Source(
            concat!("scripts/", $name, ".sh"),
            include_str!(concat!("../../../templates/steps/", $name, ".sh")),
        )
    };
}

const RBAC_DO: Source = source!("rbac/do");
const RBAC_PROBE: Source = source!("rbac/probe");
const RBAC_UNDO: Source = source!("rbac/undo");
const LOGINS_DO: Source = source!("logins/do");
const LOGINS_PROBE: Source = source!("logins/probe");
const LOGINS_UNDO: Source = source!("logins/undo");
const FORGET_DO: Source = source!("forget-logins/do");
const FORGET_PROBE: Source = source!("forget-logins/probe");

/// The steps by stage, and the scripts that the bundle must hold for them.
#[derive(Debug, Default)]
pub(super) struct Rights {
    pub stages: BTreeMap<Stage, Vec<Step>>,
    pub scripts: BTreeMap<EntryName, Vec<u8>>,
}

impl Rights {
    /// Plans them. `texts` are the set's documents, which the bundle holds; without those of an export there is nothing
    /// to do.
    pub fn of(
        texts: &[(String, Vec<u8>)],
        own: &NodeSecrets,
        data_dir: &str,
        ids: &mut BTreeSet<String>,
    ) -> Result<Self, PackError> {
        let mut rights = Self::default();
        let text = |file: &str| texts.iter().find(|(path, _)| path == file).map(|(_, text)| text);
        let kubectl =
            [("PLAN_K0S", K0S.to_owned()), ("PLAN_KUBECONFIG", format!("{data_dir}/pki/admin.conf"))];
        let with = |name, path: &str| kubectl.iter().cloned().chain([(name, path.to_owned())]);
        for file in [ROLES, BINDINGS] {
            let Some(text) = text(file) else { continue };
            let path = format!("{FOLDER}/{}", file.trim_start_matches("rbac/"));
            // No slot is in these: what looks like one is a name.
            let content = Content::File { entry: file.parse()?, sha256: Sha256::of(text) };
            let put = PutStep { path, mode: 0o600, content };
            let step = Step { holds_until: Some(Stage::Adopt), ..put.step("root", ids)? };
            rights.add(Stage::Prepare, step);
        }
        if !rights.stages.is_empty() {
            let script =
                rights.script([&RBAC_DO, &RBAC_PROBE], Some(&RBAC_UNDO), with("PLAN_RBAC", FOLDER))?;
            rights.add(
                Stage::Adopt,
                step("apply-rbac", "apply roles and bindings of MKE 3's accounts", script)?,
            );
        }
        if let Some(text) = text(PASSWORDS) {
            let content = own.content(PASSWORDS.parse()?, text)?;
            let put = PutStep { path: LOGINS.to_owned(), mode: 0o600, content };
            rights.add(Stage::Settle, put.step("root", ids)?);
            let script = rights.script(
                [&LOGINS_DO, &LOGINS_PROBE],
                Some(&LOGINS_UNDO),
                with("PLAN_LOGINS", LOGINS),
            )?;
            rights.add(
                Stage::Settle,
                step("make-logins", "make local users with their old passwords", script)?,
            );
            let script = rights.script(
                [&FORGET_DO, &FORGET_PROBE],
                None,
                [("PLAN_LOGINS", LOGINS.to_owned())].into_iter(),
            )?;
            rights.add(Stage::Commit, step("forget-logins", "remove the file with password hashes", script)?);
        }
        Ok(rights)
    }

    fn add(&mut self, stage: Stage, step: Step) {
        self.stages.entry(stage).or_default().push(step);
    }

    /// A script step that can be taken back in k0s, or, without `undo`, not at all. None of these is atomic.
    fn script(
        &mut self,
        [run, probe]: [&Source; 2],
        undo: Option<&Source>,
        paths: impl Iterator<Item = (&'static str, String)>,
    ) -> Result<Script, PackError> {
        let variables =
            paths.map(|(name, path)| Ok(Variable { name: name.parse()?, value: Value::Path(path.parse()?) }));
        let mut variables = variables.collect::<Result<Vec<_>, PackError>>()?;
        variables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Script {
            r#do: self.file(run)?,
            probe: self.file(probe)?,
            completion: if undo.is_some() { Completion::Evidence } else { Completion::Atomic },
            undo: match undo {
                Some(undo) => ScriptUndo::InK0s(self.file(undo)?),
                None => ScriptUndo::None,
            },
            seconds: SECONDS,
            variables,
        })
    }

    fn file(&mut self, Source(entry, text): &Source) -> Result<ScriptFile, PackError> {
        let entry: EntryName = entry.parse()?;
        self.scripts.insert(entry.clone(), text.as_bytes().to_vec());
        Ok(ScriptFile { entry, sha256: Sha256::of(text.as_bytes()) })
    }
}

fn step(id: &str, title: &str, script: Script) -> Result<Step, PackError> {
    Ok(Step { id: id.parse()?, title: title.parse()?, action: Action::Script(script), holds_until: None })
}

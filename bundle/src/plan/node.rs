//! The plan of one node: what types alone can't hold is checked here, all of it in one go.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::script::{Check, PlannedLook, Recovery, Script, ScriptFile, ScriptUndo};
use super::site::NodeIdentity;
use super::step::{Action, Content, SecretName, Step};
use super::variable::{Value, Variable, VariableName};
use crate::digest::Sha256;
use crate::error::{Error, Problems};
use crate::gate::Stage;
use crate::gate::protocol::looks_through;
use crate::gate::word::Look;
use crate::json::to_canonical_json;
use crate::name::{AbsPath, EntryName};

/// What one node does. Part of its bundle's manifest; `plan.json` names its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodePlan {
    /// The machine that this is for, as in `plan.json`.
    pub node: NodeIdentity,
    /// Where the executor keeps what it needs to go back.
    pub keep_dir: AbsPath,
    /// The secrets that the node gets, sorted by name.
    pub secrets: Vec<SealedSecret>,
    /// What is looked at before anything is changed, in this order.
    pub checks: Vec<Check>,
    /// What is done, in the order of the stages. A stage without steps is left out; its gate still holds.
    pub stages: Vec<StagePlan>,
    /// How the node looks at what a gate asks of it, in the order of the looks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<PlannedLook>,
    /// What an operator can order beside the stages.
    pub recoveries: Vec<Recovery>,
    /// Clears away both stacks, by `commit --left-out`, and prints how the host joins as a new node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Recovery>,
}

/// A secret in a bundle: an age file that the node's own key opens, padded so that its length tells nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedSecret {
    /// Its name.
    pub name: SecretName,
    /// The entry of the bundle with the ciphertext.
    pub entry: EntryName,
    /// Digest of the ciphertext, as the manifest has it.
    pub sha256: Sha256,
}

/// The steps of one stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagePlan {
    /// The stage.
    pub stage: Stage,
    /// Its steps in the order in which they are done; they are undone in the opposite one.
    pub steps: Vec<Step>,
}

impl NodePlan {
    /// The digest that `plan.json` names: that of the canonical JSON of the node's plan alone.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which no plan made of these types gives.
    pub fn digest(&self) -> Result<Sha256, Error> {
        Ok(Sha256::of(&to_canonical_json(self)?))
    }

    /// The steps of a stage; none for a stage that the plan leaves out.
    #[must_use]
    pub fn steps(&self, stage: Stage) -> &[Step] {
        self.stages
            .iter()
            .find(|planned| planned.stage == stage)
            .map_or(&[], |planned| planned.steps.as_slice())
    }

    /// Every step with its stage, in order.
    pub fn all_steps(&self) -> impl Iterator<Item = (Stage, &Step)> {
        self.stages.iter().flat_map(|planned| planned.steps.iter().map(|step| (planned.stage, step)))
    }

    /// How the node looks for that, if the plan says it.
    #[must_use]
    pub fn look(&self, look: Look) -> Option<&PlannedLook> {
        self.looks.iter().find(|planned| planned.look == look)
    }

    /// The looks that the gates up to `stage`, and those on the way back from it, ask for and the plan does not declare.
    #[must_use]
    pub fn looks_missing(&self, stage: Stage) -> Vec<Look> {
        let asked = looks_through(self.node.role, stage);
        asked.into_iter().filter(|look| self.look(*look).is_none()).collect()
    }

    /// Digest of all that is done up to and including `stage`: two plans with the same one have done the same there.
    /// Checks, looks and recoveries leave nothing behind and don't count.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which no plan made of these types gives.
    pub fn digest_through(&self, stage: Stage) -> Result<Sha256, Error> {
        let mut through = self.clone();
        through.stages.retain(|planned| planned.stage <= stage);
        through.checks.clear();
        through.looks.clear();
        through.recoveries.clear();
        through.left_out = None;
        let used: BTreeSet<SecretName> = through.secrets_used().cloned().collect();
        through.secrets.retain(|secret| used.contains(&secret.name));
        through.digest()
    }

    /// The plan's contradictions; no plan for use has any.
    ///
    /// # Errors
    /// All of them.
    pub fn check(&self) -> Result<(), Problems> {
        Problems::none(self.contradictions("the node's plan"))
    }

    /// Every entry of the bundle that the plan names, with the digest that it expects.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&EntryName, Sha256)> {
        let secrets = self.secrets.iter().map(|secret| (&secret.entry, secret.sha256));
        let placed = self.all_steps().filter_map(|(_, step)| match &step.action {
            Action::Place {
                content: Content::File { entry, sha256 } | Content::Document { entry, sha256, .. },
                ..
            } => Some((entry, *sha256)),
            _ => None,
        });
        let scripts = self.script_files().map(|file| (&file.entry, file.sha256));
        secrets.chain(placed).chain(scripts)
    }

    /// Every blob that the plan names, with the digest that it expects.
    pub fn blobs(&self) -> impl Iterator<Item = (&EntryName, Sha256)> {
        self.all_steps().filter_map(|(_, step)| match &step.action {
            Action::Place { content: Content::Blob { name, sha256 }, .. } => Some((name, *sha256)),
            _ => None,
        })
    }

    fn script_files(&self) -> impl Iterator<Item = &ScriptFile> {
        let of_steps = self.all_steps().filter_map(|(_, step)| step.script()).flat_map(Script::files);
        let of_checks = self.checks.iter().map(|check| &check.script);
        let of_looks = self.looks.iter().map(|look| &look.script);
        let of_recoveries = self.ordered().map(|recovery| &recovery.script);
        of_steps.chain(of_checks).chain(of_looks).chain(of_recoveries)
    }

    /// What runs by operator's word alone.
    fn ordered(&self) -> impl Iterator<Item = &Recovery> {
        self.recoveries.iter().chain(&self.left_out)
    }

    /// Every list of variables, with the name of what they belong to.
    fn variables(&self) -> impl Iterator<Item = (&str, &[Variable])> {
        let of_checks = self.checks.iter().map(|check| (check.id.as_str(), check.variables.as_slice()));
        let of_looks = self.looks.iter().map(|look| (look.id(), look.variables.as_slice()));
        let of_steps = self.all_steps().filter_map(|(_, step)| {
            step.script().map(|script| (step.id.as_str(), script.variables.as_slice()))
        });
        let of_recoveries = self.ordered().map(|one| (one.id.as_str(), one.variables.as_slice()));
        of_checks.chain(of_looks).chain(of_steps).chain(of_recoveries)
    }

    fn secrets_used(&self) -> impl Iterator<Item = &SecretName> {
        let placed = self.all_steps().flat_map(|(_, step)| match &step.action {
            Action::Place { content: Content::Document { secrets, .. }, .. } => secrets.as_slice(),
            Action::Place { content: Content::Secret(name), .. } => std::slice::from_ref(name),
            _ => &[],
        });
        let given = self.variables().flat_map(|(_, variables)| variables).filter_map(|variable| {
            match &variable.value {
                Value::Secret(name) => Some(name),
                _ => None,
            }
        });
        placed.chain(given)
    }

    pub(crate) fn contradictions(&self, file: &str) -> Vec<Error> {
        let mut found = Vec::new();
        self.check_order(&mut found);
        self.check_names(&mut found);
        self.check_steps(&mut found);
        self.check_targets(&mut found);
        self.check_secrets(&mut found);
        self.check_variables(&mut found);
        self.check_looks(&mut found);
        found.into_iter().map(|why| Error::Contradiction { file: file.to_owned(), why }).collect()
    }

    fn check_order(&self, found: &mut Vec<String>) {
        if !self.stages.is_sorted_by(|a, b| a.stage < b.stage) {
            found.push("its stages are not in their order, each once".to_owned());
        }
        for planned in &self.stages {
            let StagePlan { stage, steps } = planned;
            if *stage == Stage::Check {
                found.push("it has steps in check, which changes nothing".to_owned());
            } else if !stage.is_for(self.node.role) {
                found.push(format!("a {} has no stage {stage}", self.node.role.as_str()));
            } else if steps.is_empty() {
                found.push(format!("its stage {stage} is listed without steps"));
            }
        }
    }

    fn check_names(&self, found: &mut Vec<String>) {
        let mut ids = BTreeSet::new();
        let of_checks = self.checks.iter().map(|check| &check.id);
        let of_steps = self.all_steps().map(|(_, step)| &step.id);
        let of_recoveries = self.ordered().map(|recovery| &recovery.id);
        for id in of_checks.chain(of_steps).chain(of_recoveries) {
            if !ids.insert(id) {
                found.push(format!("the name {id} stands for two things"));
            }
        }
    }

    fn check_steps(&self, found: &mut Vec<String>) {
        let mut copies = BTreeSet::new();
        for (stage, Step { id, action, holds_until, .. }) in self.all_steps() {
            if holds_until.is_some_and(|until| until <= stage) {
                found.push(format!("{id} of {stage} does not hold beyond its own stage"));
            }
            match action {
                Action::SetAside { path, aside } => {
                    if path.ancestors().next() != aside.ancestors().next() || path == aside {
                        found.push(format!(
                            "{id} sets {path} aside to {aside}, which is not another name beside it"
                        ));
                    }
                }
                Action::Copy { name, .. } => {
                    if !copies.insert(name) {
                        found.push(format!("{id} is a second copy of the name {name}"));
                    }
                }
                Action::Script(script) => {
                    if script.undo == ScriptUndo::None && stage != Stage::Commit {
                        found.push(format!("{id} of {stage} can't be undone, which only commit may"));
                    }
                    if matches!(script.undo, ScriptUndo::InK0s(_)) && stage <= Stage::Start {
                        found.push(format!(
                            "{id} of {stage} changes what is in k0s, which is there after start"
                        ));
                    }
                }
                Action::Place { .. } | Action::Reboot {} => {}
            }
        }
    }

    /// One path is placed once in a stage, and no placed file is the directory of another.
    fn check_targets(&self, found: &mut Vec<String>) {
        let mut targets: BTreeMap<&str, BTreeSet<Stage>> = BTreeMap::new();
        for (stage, step) in self.all_steps() {
            if let Action::Place { target, .. } = &step.action
                && !targets.entry(target.as_str()).or_default().insert(stage)
            {
                found.push(format!("two places of {stage} have the target {target}"));
            }
        }
        for (_, step) in self.all_steps() {
            if let Action::Place { target, .. } = &step.action
                && let Some(above) = target.ancestors().find(|above| targets.contains_key(above))
            {
                found.push(format!("{above} is a file and the directory of {target}"));
            }
        }
    }

    fn check_secrets(&self, found: &mut Vec<String>) {
        if !self.secrets.is_sorted_by(|a, b| a.name < b.name) {
            found.push("its secrets are not sorted by name, each once".to_owned());
        }
        let sealed: BTreeSet<&SecretName> = self.secrets.iter().map(|secret| &secret.name).collect();
        let mut missing: BTreeSet<&SecretName> = self.secrets_used().collect();
        missing.retain(|name| !sealed.contains(name));
        found.extend(
            missing.into_iter().map(|name| format!("it needs the secret {name}, which it does not list")),
        );
        for (_, step) in self.all_steps() {
            if let Action::Place { content: Content::Document { secrets, .. }, .. } = &step.action
                && (secrets.is_empty() || !secrets.is_sorted_by(|a, b| a < b))
            {
                found.push(format!("the secrets of {} are none, or not sorted, each once", step.id));
            }
        }
    }

    /// Who declares looks declares all that its stages lead to. A plan without any ends, on the node, before the first
    /// gate that asks for one.
    fn check_looks(&self, found: &mut Vec<String>) {
        if !self.looks.is_sorted_by(|a, b| a.look < b.look) {
            found.push("its looks are not in their order, each once".to_owned());
        }
        let Some(last) = self.stages.last().filter(|_| !self.looks.is_empty()) else { return };
        for look in self.looks_missing(last.stage) {
            found.push(format!(
                "its stage {} has a gate before it, or on the way back from it, that asks for the look {look}, which \
                 it does not declare",
                last.stage
            ));
        }
    }

    fn check_variables(&self, found: &mut Vec<String>) {
        for (id, variables) in self.variables() {
            let mut before: Option<&VariableName> = None;
            for Variable { name, .. } in variables {
                if before.is_some_and(|before| before >= name) {
                    found.push(format!("the variables of {id} are not sorted by name, each once"));
                    break;
                }
                before = Some(name);
            }
        }
    }
}

impl Script {
    /// The script files of a step.
    pub fn files(&self) -> impl Iterator<Item = &ScriptFile> {
        let undo = match &self.undo {
            ScriptUndo::Exact(file) | ScriptUndo::Restores(file) | ScriptUndo::InK0s(file) => Some(file),
            ScriptUndo::None => None,
        };
        [&self.r#do, &self.probe].into_iter().chain(undo)
    }
}

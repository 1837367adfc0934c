//! What a journal says.

use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Event;
use airlift_bundle::name::{AbsPath, NodeName, SiteName};
use airlift_bundle::plan::{Role, StepId};
use airlift_bundle::value::{PlanId, Serial};
use serde::{Deserialize, Serialize};

use crate::gate::Roster;

/// A record with the time at which it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Seconds since 1970 by the node's clock; for people, nothing depends on it.
    pub at: u64,
    /// What happened, or is about to.
    pub record: Record,
}

/// One thing that happened or is about to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Record {
    /// A verified set was taken; its bundle and blobs lie in the state directory.
    Accept(Accepted),
    /// A stage begins.
    Begin {
        /// The stage.
        stage: Stage,
    },
    /// A step was in effect already; it is not done, and will not be undone.
    Skip {
        /// The step.
        step: StepId,
    },
    /// A step is about to be done.
    Do {
        /// The step.
        step: StepId,
        /// The boot in which it begins.
        boot: String,
        /// What taking it back needs to know.
        before: Before,
    },
    /// The step under way is done and flushed.
    Done {
        /// The step.
        step: StepId,
    },
    /// A stage is done.
    End {
        /// The stage.
        stage: Stage,
    },
    /// The stage under way is given up and will be undone.
    Fail {
        /// The first cause, a fragment that reads well after "failed to".
        cause: String,
    },
    /// A step is about to be undone.
    Undo {
        /// The step.
        step: StepId,
    },
    /// The step is undone and flushed.
    Undone {
        /// The step.
        step: StepId,
    },
    /// All of a stage is undone.
    Cleared {
        /// The stage.
        stage: Stage,
    },
    /// The operator has ordered the way back.
    Rollback {},
    /// A finished stage is about to be undone, on the way back.
    Unwind {
        /// The stage.
        stage: Stage,
    },
    /// The node is as it was before the first stage.
    Returned {},
    /// What was kept for going back, and the set, are about to be removed: nothing needs them any more.
    Purge {},
    /// They are removed.
    Purged {},
    /// The machine runs in another boot than at the record before, or this is the first that is noted.
    Boot {
        /// The boot.
        id: String,
    },
    /// An operator had a recovery run.
    Recovery {
        /// Its name.
        name: StepId,
        /// The exit code of its script, none if it was killed; absent in the record before it runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended: Option<Option<i32>>,
    },
    /// Something in the protocol by which nodes wait for each other, beside what the records of stages say.
    Protocol {
        /// What happened.
        event: Event<NodeName>,
        /// The sentence that the operator typed, or how a word came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
}

/// A set that a node has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The site.
    pub site: SiteName,
    /// Number of the set within the site.
    pub serial: Serial,
    /// The plan.
    pub plan_id: PlanId,
    /// Digest of `set.json`.
    pub set: Sha256,
    /// Digest of the node's bundle.
    pub bundle: Sha256,
    /// The node.
    pub node: NodeName,
    /// Its part in the migration.
    pub role: Role,
    /// All nodes of the site.
    pub nodes: Roster,
}

/// What was there before a step; enough to take it back from any point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Before {
    /// Of `place`.
    #[serde(rename_all = "kebab-case")]
    Place {
        /// What the target was.
        target: Target,
        /// The directories above it that are not there, topmost first.
        missing: Vec<AbsPath>,
    },
    /// Of `set-aside`, of something that is there.
    SetAside {},
    /// Of `copy`.
    Copy {},
    /// Of `reboot`.
    Reboot {},
    /// Of a script.
    Script {},
}

/// What the target of a `place` was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Nothing.
    Absent,
    /// A file or a symbolic link, which is kept before it is replaced.
    Kept,
}

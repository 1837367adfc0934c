//! Plans: of a site ([`Plan`], `plan.json`) and of one node ([`NodePlan`], a part of its bundle's manifest).
//!
//! A node's plan is data. It names files of its bundle by digest, so that equal plans mean equal work, and all that a
//! script gets to know are variables whose types leave no room for a command, an option or a line break.
//!
//! What a plan can say:
//!
//! ```text
//! node       who it is for
//! keep_dir   where the executor keeps what it needs to go back
//! secrets    sealed files of the bundle, by the name of their slot
//! checks     scripts that only look: run by `check`, and again before `prepare`
//! stages     in the order of the protocol, each a list of steps
//!   step       id, title, what it does, how long it has to hold
//!     place      a file with content, owner, group, mode, label        undone exactly
//!     set-aside  a rename within one directory                         undone exactly
//!     copy       a file or tree into the keep dir                      undone exactly
//!     reboot     done when the boot id has changed                     nothing to undo
//!     script     do, probe, undo: constant text, typed variables       as it declares
//! looks      scripts by which the node looks at what a gate asks of it
//! recoveries scripts that run by operator's word alone
//! left_out   a script that clears away both stacks where the site went on without the node
//! ```
//!
//! Where a stage waits, and for whom, is not in the plan: [`crate::gate`] says it, the same for every site.
//!
//! # Versions
//!
//! Both documents refuse fields and kinds that they don't know, so an older reader never skips what a newer writer
//! meant. Within format 1 nothing is added, removed or given another meaning; whatever does so is format 2, and the
//! first field of each document says which it is.

mod node;
mod script;
mod site;
mod step;
mod variable;

pub use node::{NodePlan, SealedSecret, StagePlan};
pub use script::{
    Check, Completion, PlannedLook, Recovery, Script, ScriptFile, ScriptUndo, Seconds, Severity,
};
pub use site::{AgeRecipient, Input, NodeIdentity, NodeKeys, Plan, PlannedNode, Role, SshHostKey, Tool};
pub use step::{Action, Content, Line, SecretName, SelinuxLabel, Step, StepId, UndoClass};
pub use variable::{Network, Value, Variable, VariableName, Word};

//! The engine: takes a node through the stages of its plan, and back.
//!
//! What it guarantees:
//!
//! - Nothing on the node changes before a record in the journal has announced it ([`crate::journal`]).
//! - A failure or an operator's signal undoes the stage under way, last step first, and nothing else.
//! - After a crash at any instant [`Engine::apply`] and [`Engine::rollback`] go on; whatever stops them, the
//!   [`Outcome`] says where the node stands, and one thing to type.
//! - A finished stage is not touched again: nothing is written for it.
//! - No stage begins, no word is given, and nothing is undone on the way back before the gate of the protocol is open
//!   ([`crate::gate`]).

mod backward;
mod dry_run;
mod engine;
mod forward;
mod gates;
mod home;
mod notice;
mod outcome;
mod room;
mod staging;

pub use dry_run::{Forecast, StepForecast, dry_run};
pub use engine::{Engine, Papers, Watcher};
pub use forward::check;
pub use gates::Orders;
pub use home::Home;
pub use outcome::{Outcome, Progress};
pub use staging::{Admission, Incoming, Loaded, OpenBlob, Refused, admit, load, mend_set, stage_set};

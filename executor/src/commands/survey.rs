//! `airlift-node survey`: what this node is, and the key that secrets are sealed to.

use std::io::{self, Write as _};

use super::run::{Ending, Failure};
use crate::args::Survey;
use crate::event::Event;
use crate::exit::Exit;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::replace::replace;
use crate::survey::collect::{Collected, collect};
use crate::survey::machine::Machine;

pub(super) fn run(args: &Survey, output: &Output) -> Ending {
    let Collected { survey, key } = collect(&Machine::this(), &args.key, !args.no_key);
    let mut json = serde_json::to_vec_pretty(&survey).map_err(|error| Failure::Output(error.into()))?;
    json.push(b'\n');
    match &args.output {
        Some(file) => replace(file, &json, None).map_err(|error| Refusal::unwritable(file, &error))?,
        None => io::stdout().lock().write_all(&json).map_err(Failure::Output)?,
    }
    if let Some(key) = key {
        let (made, fingerprint) = (key.made, key.fingerprint());
        let event = Event::NodeKey { made, recipient: key.recipient, fingerprint };
        output.note(&event).map_err(Failure::Output)?;
    }
    let place = args.output.as_ref().map(|file| file.display().to_string());
    let event = Event::Surveyed { hostname: survey.hostname, output: place, notes: survey.notes };
    output.note(&event).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

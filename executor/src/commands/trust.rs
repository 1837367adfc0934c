//! `airlift-node trust add | list | threshold`: whose signatures this machine trusts.

use airlift_bundle::Error;
use airlift_bundle::trust::{KeyRole, TrustFile};

use super::run::{Ending, Failure};
use crate::args::{Trust, TrustAdd, TrustFileArg, TrustThreshold};
use crate::event::{Event, KeyShown};
use crate::exit::Exit;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::trust_store::{load, load_key, save};

pub(super) fn run(args: &Trust, output: &Output) -> Ending {
    match args {
        Trust::Add(args) => add(args, output),
        Trust::List(args) => list(args, output),
        Trust::Threshold(args) => threshold(args, output),
    }
}

fn add(args: &TrustAdd, output: &Output) -> Ending {
    let key = load_key(&args.public_key_file)?;
    if key.fingerprint() != args.fingerprint {
        return Err(Error::Fingerprint {
            file: args.public_key_file.display().to_string(),
            found: key.fingerprint().to_string(),
            given: args.fingerprint.to_string(),
        }
        .into());
    }
    let file = &args.file.trust;
    let mut trust = load(file)?.unwrap_or_default();
    let shown = KeyShown::new(args.role, &key);
    if trust.all().any(|known| known == (args.role, &key)) {
        output.result(&Event::AlreadyTrusted(shown)).map_err(Failure::Output)?;
        return Ok(Exit::NothingToDo);
    }
    trust.add(args.role, key)?;
    save(file, &trust)?;
    output.result(&Event::Trusted(shown)).map_err(Failure::Output)?;
    output.result(&approvals(&trust)).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

fn list(args: &TrustFileArg, output: &Output) -> Ending {
    let trust = load(&args.trust)?.ok_or_else(|| Refusal::no_trust(&args.trust))?;
    for (role, key) in trust.all() {
        output.result(&Event::Trusted(KeyShown::new(role, key))).map_err(Failure::Output)?;
    }
    output.result(&approvals(&trust)).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

fn threshold(args: &TrustThreshold, output: &Output) -> Ending {
    let file = &args.file.trust;
    let mut trust = load(file)?.ok_or_else(|| Refusal::no_trust(file))?;
    let exit = if trust.threshold() == args.number {
        Exit::NothingToDo
    } else {
        trust.set_threshold(args.number)?;
        save(file, &trust)?;
        Exit::Done
    };
    output.result(&approvals(&trust)).map_err(Failure::Output)?;
    Ok(exit)
}

fn approvals(trust: &TrustFile) -> Event {
    Event::Threshold { needed: trust.threshold(), approvers: trust.keys(KeyRole::Approver).count() }
}

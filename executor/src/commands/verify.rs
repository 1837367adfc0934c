//! `airlift-node verify SET_OR_BUNDLE`: is this what an author signed and enough approvers approved?

use std::path::Path;

use airlift_bundle::set::{SignedSet, verify_set};

use super::keys::{locate, trust};
use super::run::{Ending, Failure};
use crate::args::Verify;
use crate::event::{Event, Signed};
use crate::exit::Exit;
use crate::output::Output;
use crate::trust_store::DEFAULT_PATH;

pub(super) fn run(args: &Verify, output: &Output) -> Ending {
    let event = if args.path.is_dir() {
        let trust = trust(&args.keys, Path::new(DEFAULT_PATH), &args.path, output)?;
        Event::set_verified(verify_set(&args.path, &trust)?, &trust)
    } else {
        let (root, node) = locate(&args.path)?;
        let trust = trust(&args.keys, Path::new(DEFAULT_PATH), &root, output)?;
        let bundle = SignedSet::open(&root, &trust)?.bundle(&node)?.parse()?;
        Event::bundle_verified(bundle.bundle().manifest(), Signed::new(bundle.signers(), &trust))
    };
    output.result(&event).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

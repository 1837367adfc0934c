//! `airlift-node inspect BUNDLE [PATH]`: what is in a bundle.
//!
//! Where trust can be had the bundle is verified first. Where it can't, its content is shown all the same, under loud
//! words; but trust that was asked for by an option must hold.

use std::io::{self, Write as _};
use std::path::Path;

use airlift_bundle::archive::{self, Bundle};
use airlift_bundle::files::read_limited;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::Manifest;
use airlift_bundle::set::SignedSet;

use super::keys::{locate, trust};
use super::run::{Ending, Failure};
use crate::args::Inspect;
use crate::event::{Event, Signed, Unverified};
use crate::exit::Exit;
use crate::output::Output;
use crate::refusal::{Refusal, Refusals};
use crate::trust_store::DEFAULT_PATH;

pub(super) fn run(args: &Inspect, output: &Output) -> Ending {
    let (bundle, signed) = open(args, output)?;
    let Some(entry) = &args.entry else {
        output.result(&Event::bundle(bundle.manifest(), signed)).map_err(Failure::Output)?;
        return Ok(Exit::Done);
    };
    let content = if entry.as_str() == Manifest::FILE {
        bundle.manifest_json()
    } else {
        bundle.content(entry).ok_or_else(|| Refusal::no_entry(&args.bundle, entry.as_str()))?
    };
    if let Err(why) = &signed {
        write!(io::stderr(), "{}", Unverified(why)).map_err(Failure::Output)?;
    }
    io::stdout().lock().write_all(content).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

type Opened = (Bundle, Result<Signed, Vec<Refusal>>);

fn open(args: &Inspect, output: &Output) -> Result<Opened, Failure> {
    match verified(args, output) {
        Ok((bundle, signed)) => Ok((bundle, Ok(signed))),
        Err(Failure::Refused(Refusals(why)))
            if args.keys.trust.is_none() && args.keys.public_key.is_none() =>
        {
            let bytes = read_limited(&args.bundle, Limits::FORMAT_1.bundle)?;
            Ok((archive::read(&bytes, &Limits::FORMAT_1)?, Err(why)))
        }
        Err(failure) => Err(failure),
    }
}

fn verified(args: &Inspect, output: &Output) -> Result<(Bundle, Signed), Failure> {
    let (root, node) = locate(&args.bundle)?;
    let trust = trust(&args.keys, Path::new(DEFAULT_PATH), &root, output)?;
    let bundle = SignedSet::open(&root, &trust)?.bundle(&node)?.parse()?;
    let signed = Signed::new(bundle.signers(), &trust);
    Ok((bundle.into_bundle(), signed))
}

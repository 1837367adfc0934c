//! `airlift-node receipt`: the words that this node has given, as files and as codes; and those of others.
//!
//! Showing and copying read the state directory alone. `--to` writes each receipt beside its place, flushes it and only
//! then gives it its name, so a medium that is pulled out too early holds no half of one.

use super::node::{Brings, Node, run_engine};
use super::run::{Ending, Failure};
use crate::args::{Receipt, Words};
use crate::event::{Event, WordShown};
use crate::exit::Exit;
use crate::gate::give;
use crate::output::Output;
use crate::refusal::{Refusal, Refusals};
use crate::replace::replace;
use crate::run::Outcome;

pub(super) fn run(args: Receipt, output: &Output) -> Ending {
    let node = Node::open(&args.node)?;
    if !args.from.is_empty() || !args.code.is_empty() {
        let words = Words { receipts: args.from, code: args.code, ..Words::default() };
        let brings = Brings { words, only_words: true, ..Brings::default() };
        return run_engine(&node, brings, output, |_| Outcome::Listened);
    }
    let journal = node.journal()?.ok_or_else(Refusal::no_set)?;
    let failed = |error: crate::disk::DiskError| Refusals::from(Refusal::failed(&error));
    let given = give::list(&node.disk, &node.home, &journal).map_err(failed)?;
    let Some(to) = &args.to else {
        let words = given.iter().map(WordShown::from).collect();
        output.result(&Event::Words { words }).map_err(Failure::Output)?;
        return Ok(if given.is_empty() { Exit::NothingToDo } else { Exit::Done });
    };
    let mut files = Vec::new();
    for file in given.iter().filter_map(|given| given.file.as_ref()) {
        let signed = give::read(&node.disk, &node.home, file).map_err(failed)?;
        let signature = format!("{file}.minisig");
        for (name, bytes) in [(&signature, &signed.signature), (file, &signed.json)] {
            let path = to.join(name);
            replace(&path, bytes, None)
                .map_err(|error| Refusals::from(Refusal::not_copied(&path, &error)))?;
        }
        files.push(file.clone());
    }
    let nothing = files.is_empty();
    let to = to.display().to_string();
    output.result(&Event::Copied { to, files }).map_err(Failure::Output)?;
    Ok(if nothing { Exit::NothingToDo } else { Exit::Done })
}

//! The gate protocol, checked exhaustively: every interleaving of every node's moves on small sites, with machines that go
//! off and come back, failures, corrected sets, replays and operators' mistakes. It drives the very table and step
//! function that the executor uses.
#![allow(clippy::disallowed_types, reason = "hash maps: nothing here depends on their order")]

mod rules;
mod search;
mod world;

use airlift_bundle::gate::table::Table;

use search::search;
use world::Env;

fn holds(env: Env) {
    let found = search(env, Table::PROTOCOL, 60_000_000);
    println!(
        "{env}: {} states, {} moves, ends {:?}, replays refused {}",
        found.states, found.moves, found.ends, found.replays_refused
    );
    if let Some((violation, trace)) = &found.violation {
        panic!("{env}: {violation:?} after {} moves:\n  {}", trace.len(), trace.join("\n  "));
    }
}

#[test]
fn one_leader_alone() {
    holds(Env::of(1, 0).lag());
    holds(Env::of(1, 0).crashes(2).sets(1).attempts(2));
}

#[test]
fn one_and_one() {
    holds(Env::of(1, 1).lag());
    holds(Env::of(1, 1).crashes(1));
    holds(Env::of(1, 1).crashes(2).sets(1).attempts(2));
}

#[test]
fn three_and_none() {
    holds(Env::of(3, 0));
    holds(Env::of(3, 0).crashes(1));
}

#[test]
fn three_and_one() {
    holds(Env::of(3, 1));
    holds(Env::of(3, 1).crashes(1));
}

//! The gate protocol, checked exhaustively: every interleaving of every node's moves on small sites, with machines that go
//! off and come back, failures, corrected sets, replays and operators' mistakes. It drives the very table and step
//! function that the executor uses.
#![allow(clippy::disallowed_types, reason = "hash maps: nothing here depends on their order")]

mod mutations;
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
    holds(Env::of(1, 0).fine().lag());
    holds(Env::of(1, 0).fine().crashes(2).sets(1).attempts(2));
}

#[test]
fn one_and_one() {
    holds(Env::of(1, 1).fine().lag());
    holds(Env::of(1, 1).fine().crashes(1));
    holds(Env::of(1, 1).crashes(2).sets(1).attempts(2));
}

#[test]
fn three_and_none() {
    holds(Env::of(3, 0).fine().lag());
    holds(Env::of(3, 0).crashes(1));
    holds(Env::of(3, 0).crashes(2));
}

#[test]
fn three_and_none_mistakes() {
    holds(Env::of(3, 0).mistakes(1));
    holds(Env::of(3, 0).crashes(1).mistakes(1));
    holds(Env::of(3, 0).mistakes(2));
}

#[test]
fn three_and_none_again() {
    holds(Env::of(3, 0).attempts(2));
}

#[test]
fn three_and_one() {
    holds(Env::of(3, 1).fine());
    holds(Env::of(3, 1).crashes(1));
}

#[test]
fn three_and_two() {
    holds(Env::of(3, 2));
    holds(Env::of(3, 2).crashes(1));
}

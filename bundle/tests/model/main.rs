//! The gate protocol, checked exhaustively: every interleaving of every node's moves on small sites, with machines that go
//! off and come back, failures, corrected sets, replays and operators' mistakes. It drives the very table and step
//! function that the executor uses.
#![allow(clippy::disallowed_types, reason = "hash maps: nothing here depends on their order")]
#![allow(clippy::disallowed_methods, reason = "a variable of the environment asks for traces")]

mod mutations;
mod rules;
mod search;
mod world;

use std::collections::BTreeSet;

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
    holds(Env::of(1, 1).crashes(1).sets(1).attempts(2));
}

#[test]
fn three_managers() {
    holds(Env::of(3, 0).fine().lag());
    holds(Env::of(3, 0).crashes(1).sets(1));
    holds(Env::of(3, 0).attempts(2));
}

#[test]
fn three_managers_and_wrong_operators() {
    holds(Env::of(3, 0).mistakes(1));
    holds(Env::of(3, 0).crashes(1).unfenced());
}

#[test]
fn three_and_one() {
    holds(Env::of(3, 1).fine());
    holds(Env::of(3, 1).crashes(1));
}

#[test]
fn three_and_two() {
    holds(Env::of(3, 2));
}

#[test]
#[ignore = "millions of states"]
fn larger_bounds() {
    holds(Env::of(1, 1).crashes(2).sets(1).attempts(2));
    holds(Env::of(3, 0).crashes(1).attempts(2));
    holds(Env::of(3, 2).crashes(1));
}

#[test]
#[ignore = "millions of states"]
fn two_managers_off() {
    holds(Env::of(3, 0).crashes(2));
}

#[test]
#[ignore = "millions of states"]
fn wrong_operators_and_a_manager_off() {
    holds(Env::of(3, 0).mistakes(2));
    holds(Env::of(3, 0).crashes(1).mistakes(1));
}

/// What the model rests on: bringing words only when they are needed loses no behaviour.
#[test]
fn a_word_that_comes_early_changes_nothing() {
    let shapes = |env: Env| -> BTreeSet<Vec<_>> {
        let found = search(env, Table::PROTOCOL, 60_000_000);
        println!("{env}: {} states, replays refused {}", found.states, found.replays_refused);
        assert!(found.violation.is_none());
        let shape = |world| {
            let node = |place| {
                let state = found.model.state(world, place);
                (state.attempt(), state.position(), state.given().clone())
            };
            found.model.places().map(node).collect()
        };
        found.worlds.iter().map(shape).collect()
    };
    for env in [Env::of(1, 1), Env::of(1, 1).attempts(2)] {
        assert_eq!(shapes(env), shapes(env.eager()));
    }
}

//! Breadth-first search over all states of a site, then backwards from its ends.

use std::collections::hash_map::Entry;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Position;
use airlift_bundle::gate::table::Table;
use airlift_bundle::gate::word::Word;

use crate::rules::{self, End, Violation};
use crate::world::{Env, FastMap, Model, Next, World};

/// What a search found.
pub struct Found {
    pub states: usize,
    pub moves: usize,
    pub replays_refused: u64,
    /// The violation with the fewest moves, and those moves.
    pub violation: Option<(Violation, Vec<String>)>,
    /// Ends that were reached: k0s, MKE 3, documented.
    pub ends: [usize; 3],
    pub worlds: Vec<World>,
    pub model: Model,
}

/// Explores everything, or up to the first violation. `limit` bounds the states; meeting it is a failure of the test.
pub fn search(env: Env, table: Table, limit: usize) -> Found {
    let mut model = Model::new(env, table);
    let start = model.start();
    let mut ids: FastMap<World, u32> = FastMap::default();
    ids.insert(start, 0);
    let mut worlds = vec![start];
    let mut parents = vec![0_u32];
    let mut offsets = vec![0_usize];
    let mut benign: Vec<u32> = Vec::new();
    let mut next: Vec<Next> = Vec::new();
    let mut moves = 0;
    let mut at = 0;
    while at < worlds.len() {
        let world = worlds[at];
        model.successors(&world, &mut next);
        moves += next.len();
        for step in &next {
            let half = step.via.and_then(|half| rules::of_state(&model, &half));
            if let Some(violation) = half.or_else(|| rules::of_move(&model, &world, &step.to, step.by)) {
                let mut trace = trace(&mut model, &worlds, &parents, at);
                trace.push(model.describe(step.by));
                return done(model, worlds, moves, Some((violation, trace)));
            }
            let fresh = u32::try_from(worlds.len()).unwrap();
            let id = match ids.entry(step.to) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(place) => {
                    place.insert(fresh);
                    worlds.push(step.to);
                    parents.push(u32::try_from(at).unwrap());
                    if let Some(violation) = rules::of_state(&model, &step.to) {
                        let trace = trace(&mut model, &worlds, &parents, worlds.len() - 1);
                        return done(model, worlds, moves, Some((violation, trace)));
                    }
                    fresh
                }
            };
            if step.benign {
                benign.push(id);
            }
        }
        offsets.push(benign.len());
        at += 1;
        assert!(worlds.len() < limit, "{env}: more than {limit} states");
    }
    let violation = liveness(&model, &worlds, &offsets, &benign).map(|(violation, at)| {
        let trace = trace(&mut model, &worlds, &parents, at);
        (violation, trace)
    });
    done(model, worlds, moves, violation)
}

fn done(
    model: Model,
    worlds: Vec<World>,
    moves: usize,
    violation: Option<(Violation, Vec<String>)>,
) -> Found {
    let mut ends = [0; 3];
    for end in worlds.iter().filter_map(|world| rules::end(&model, world)) {
        ends[end as usize] += 1;
    }
    let replays_refused = model.replays_refused;
    Found { states: worlds.len(), moves, replays_refused, violation, ends, worlds, model }
}

/// From which states an end can be reached without a machine coming back: all must reach some end; those that may still
/// go forward, k0s; those that are not accepted, MKE 3 or a documented end.
fn liveness(
    model: &Model,
    worlds: &[World],
    offsets: &[usize],
    forward: &[u32],
) -> Option<(Violation, usize)> {
    let ends: Vec<Option<End>> = worlds.iter().map(|world| rules::end(model, world)).collect();
    let (back_offsets, back) = reversed(worlds.len(), offsets, forward);
    let reaches = |goal: &dyn Fn(usize) -> bool| {
        let mut reached = vec![false; worlds.len()];
        let mut open: Vec<u32> = Vec::new();
        for at in (0..worlds.len()).filter(|at| goal(*at)) {
            reached[at] = true;
            open.push(u32::try_from(at).unwrap());
        }
        while let Some(at) = open.pop() {
            for from in &back[back_offsets[at as usize]..back_offsets[at as usize + 1]] {
                if !std::mem::replace(&mut reached[*from as usize], true) {
                    open.push(*from);
                }
            }
        }
        reached
    };
    let last = model.env.attempts;
    let attempt = |at: usize| model.state(&worlds[at], 0).attempt().get();
    let any = reaches(&|at| ends[at].is_some());
    let k0s = reaches(&|at| ends[at] == Some(End::K0s));
    let mke3 = reaches(&|at| ends[at].is_some_and(|end| end != End::K0s));
    let again = reaches(&|at| attempt(at) == last);
    (0..worlds.len()).find_map(|at| {
        let world = &worlds[at];
        if !any[at] {
            Some((Violation::Stuck, at))
        } else if !k0s[at] && may_go_forward(model, world) {
            Some((Violation::NoWayForward, at))
        } else if !mke3[at] && may_go_back(model, world) {
            Some((Violation::NoWayBack, at))
        } else if !again[at] && may_try_again(model, world) {
            Some((Violation::NoSecondAttempt, at))
        } else {
            None
        }
    })
}

/// The leader has led the site back, and nobody was told of another hub.
fn may_try_again(model: &Model, world: &World) -> bool {
    let leader = model.state(world, 0);
    Model::is_on(world, 0)
        && leader.position() == Position::Returned
        && leader.given().contains(&Word::Back)
        && model.places().all(|place| model.state(world, place).hub() == leader.node())
}

fn reversed(count: usize, offsets: &[usize], forward: &[u32]) -> (Vec<usize>, Vec<u32>) {
    let mut back_offsets = vec![0_usize; count + 1];
    for to in forward {
        back_offsets[*to as usize + 1] += 1;
    }
    for at in 0..count {
        back_offsets[at + 1] += back_offsets[at];
    }
    let mut fill = back_offsets.clone();
    let mut back = vec![0_u32; forward.len()];
    for from in 0..count {
        for to in &forward[offsets[from]..offsets[from + 1]] {
            back[fill[*to as usize]] = u32::try_from(from).unwrap();
            fill[*to as usize] += 1;
        }
    }
    (back_offsets, back)
}

/// The leader is there with more than half of the managers, nobody has begun to go back, nobody was told of a new hub, and
/// no operator was wrong.
fn may_go_forward(model: &Model, world: &World) -> bool {
    let managers = model.env.managers;
    let on = (0..managers).filter(|place| Model::is_on(world, *place)).count();
    let attempt = model.state(world, 0).attempt();
    Model::is_on(world, 0)
        && 2 * on > managers
        && world.mistakes == model.env.mistakes
        && model.places().all(|place| {
            let state = model.state(world, place);
            let ahead = matches!(state.position(), Position::At(_) | Position::In(_))
                || attempt > state.attempt() && state.position() == Position::Returned;
            ahead && state.hub() == model.nodes[0] && (place == 0 || !model.is_lost(world, place))
        })
        && named_few(model, world)
}

/// Hosts that were off and are named count as off, even when they came back.
fn named_few(model: &Model, world: &World) -> bool {
    let managers = model.env.managers;
    let gone = (1..managers).filter(|place| {
        !Model::is_on(world, *place)
            || model.places().any(|other| model.state(world, other).goes_without(model.nodes[*place]))
    });
    2 * gone.count() < managers
}

/// Nobody was told that the site is accepted, and there is a manager to lead back.
fn may_go_back(model: &Model, world: &World) -> bool {
    let accepted = model.places().any(|place| {
        let state = model.state(world, place);
        state.given().contains(&Word::Accepted) || state.position() == Position::At(Stage::Settle)
    });
    !accepted
        && model.places().all(|place| !matches!(model.state(world, place).position(), Position::LeftOut))
}

/// The moves that lead to a state.
fn trace(model: &mut Model, worlds: &[World], parents: &[u32], mut at: usize) -> Vec<String> {
    let mut trace = Vec::new();
    let mut next = Vec::new();
    while at != 0 {
        let from = parents[at] as usize;
        model.successors(&worlds[from], &mut next);
        let by = next.iter().find(|step| step.to == worlds[at]).unwrap().by;
        trace.push(model.describe(by));
        at = from;
    }
    trace.reverse();
    trace
}

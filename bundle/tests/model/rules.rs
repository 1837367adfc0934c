//! What must hold in every state of a site and in every move: written from the migration's point of view, without a look
//! at the protocol's table.

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::{Event, Mke3, NodeState, Position};
use airlift_bundle::gate::word::{Say, Word};

use crate::world::{Model, Move, World, accepted, told, without};

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// MKE 3 and k0s both serve: each has an API up and a quorum of its own etcd.
    TwoControlPlanes,
    /// MKE 3 serves while a node that nobody named lost runs k0s.
    NodeOfTwo,
    /// The outage began without the operator's word, or before every manager is prepared.
    OutageTooEarly,
    /// MKE 3's API runs on a manager of this attempt after the etcd members were compared.
    WritesAfterComparison,
    /// A node stops MKE 3 while a manager's API still runs.
    StoppedUnderALiveApi,
    /// The leader takes its snapshot while another member answers, or while members differ.
    SnapshotTooEarly,
    /// k0s starts while a node still runs MKE 3.
    StartedBesideMke3,
    /// A manager joins before k0s is up, or out of order.
    JoinedOutOfOrder,
    /// Workers are let in before all managers are members.
    MembersNotComplete,
    /// A controller acts on the silence of a node that had no chance to start.
    SilenceActedOn,
    /// The site is accepted before every manager is clear, or without the operator's word.
    AcceptedTooEarly,
    /// MKE 3 is removed on a node of a site that is not accepted, without the operator's word, or that goes back.
    RemovedTooEarly,
    /// A node acts on the state of an earlier attempt.
    StaleState,
    /// A node that was told of a new hub goes on under the old one.
    TwoHubs,
    /// A failed stage can't be tried again in its attempt.
    FailureIsFinal,
    /// The leader is back at MKE 3, and can't open the next attempt.
    NoSecondAttempt,
    /// The next attempt is opened while a node has not come back.
    OpenedTooEarly,
    /// No end can be reached from here.
    Stuck,
    /// The site could go forward, and can't come to the end of it.
    NoWayForward,
    /// The site is not accepted, and can't go back.
    NoWayBack,
}

fn stage(state: &NodeState) -> Option<Stage> {
    match state.position() {
        Position::At(stage) | Position::In(stage) => Some(stage),
        _ => None,
    }
}

/// Whether MKE 3 serves: an API that runs, with a quorum of engines or an etcd that was recovered alone.
pub fn mke3_serves(model: &Model, world: &World) -> bool {
    let managers = model.env.managers;
    let on = |place: &usize| Model::is_on(world, *place);
    let engines = (0..managers).filter(on).filter(|place| model.known(world, *place).engine).count();
    (0..managers).filter(on).any(|place| {
        let known = model.known(world, place);
        let state = &known.state;
        let lost = (0..managers).filter(|other| state.has_lost(model.nodes[*other])).count();
        let recovered = state.given().contains(&Word::Back)
            && 2 * lost >= managers
            && matches!(state.position(), Position::Returning | Position::Returned);
        known.api && (engines > managers / 2 || recovered)
    })
}

/// Whether k0s serves: more than half of its etcd's members run. The leader is one; another manager is one from where it
/// may be until it left.
fn k0s_serves(model: &Model, world: &World) -> bool {
    let runs = |place: &usize| Model::is_on(world, *place) && model.known(world, *place).k0s;
    let member = |place: &usize| {
        *place == 0 || runs(place) || model.state(world, *place).given().contains(&Word::Joined)
    };
    let managers = || 0..model.env.managers;
    managers().filter(runs).count() > managers().filter(member).count() / 2
}

/// The first violation in a state.
pub fn of_state(model: &Model, world: &World) -> Option<Violation> {
    use Violation::*;
    let managers = model.env.managers;
    let leader = model.state(world, 0);
    let attempt = leader.attempt();
    let mke3 = mke3_serves(model, world);
    if mke3 && k0s_serves(model, world) {
        return Some(TwoControlPlanes);
    }
    let gone_back = model.places().any(|place| {
        let state = model.state(world, place);
        state.attempt() == attempt && state.given().contains(&Word::Back)
    });
    let leader_starts = leader.position() == Position::In(Stage::Start);
    let here = |place: usize| model.state(world, place).attempt() == attempt;
    let part = |place: usize| here(place) && !without(leader, model.nodes[place]);
    for place in model.places() {
        let known = model.known(world, place);
        let state = &known.state;
        let on = Model::is_on(world, place);
        let now = stage(state);
        let worker = place >= managers;
        let given = |word| state.given().contains(&word);
        if mke3 && on && known.k0s && !model.is_lost(world, place) {
            return Some(NodeOfTwo);
        }
        if state.position() == Position::In(Stage::Freeze) && here(place) && !told(leader, Say::OutageBegins)
        {
            return Some(OutageTooEarly);
        }
        if part(place) && !gone_back {
            if leader.given().contains(&Word::FrozenAll) && on && known.api {
                return Some(WritesAfterComparison);
            }
            if place > 0 && on && known.engine && leader.position() == Position::In(Stage::Stop) {
                return Some(SnapshotTooEarly);
            }
            let stopped = now >= Some(Stage::Stop) && state.position() != Position::In(Stage::Stop)
                || matches!(state.position(), Position::LeavingK0s | Position::Away(Mke3::Stopped));
            if leader_starts && !stopped {
                return Some(StartedBesideMke3);
            }
        }
        if state.position() == Position::In(Stage::Stop) && !gone_back && here(place) {
            let live =
                |other: &usize| part(*other) && Model::is_on(world, *other) && model.known(world, *other).api;
            if (0..managers).any(|other| live(&other)) {
                return Some(StoppedUnderALiveApi);
            }
            if place == 0 && world.lag {
                return Some(SnapshotTooEarly);
            }
        }
        if (1..managers).contains(&place) && state.position() == Position::In(Stage::Start) && here(place) {
            let before = (1..place).rfind(|other| !without(state, model.nodes[*other]));
            let ordered =
                before.is_none_or(|other| model.state(world, other).given().contains(&Word::Joined));
            if !leader.given().contains(&Word::Up) || !ordered {
                return Some(JoinedOutOfOrder);
            }
        }
        if worker
            && now >= Some(Stage::Start)
            && here(place)
            && !leader.given().contains(&Word::MembersComplete)
        {
            return Some(MembersNotComplete);
        }
        if model.protocol.acts_on_silence(state) && here(place) {
            let started = |other: usize| {
                let word = if other < managers { Word::Joined } else { Word::Started };
                !part(other) || model.state(world, other).given().contains(&word)
            };
            if !(1..model.nodes.len()).all(started) {
                return Some(SilenceActedOn);
            }
        }
        if now == Some(Stage::Commit) || matches!(state.position(), Position::LeavingOut) {
            let is_accepted = model.emitted(world, 0, Word::Accepted, state.attempt());
            let back = model.emitted(world, 0, Word::Back, state.attempt());
            let said = if now == Some(Stage::Commit) { Say::Commit } else { Say::LeaveOut };
            if !is_accepted || back || !told(state, said) {
                return Some(RemovedTooEarly);
            }
        }
        if now == Some(Stage::Settle) && !told(state, Say::VendorDone) {
            return Some(AcceptedTooEarly);
        }
        if now > Some(Stage::Prepare) && !given(Word::Prepared) {
            return Some(StaleState);
        }
    }
    None
}

/// The violation in a move.
pub fn of_move(model: &Model, from: &World, to: &World, by: Move) -> Option<Violation> {
    let Move::Node(place, event) = by else { return None };
    let leader = model.state(from, 0);
    let state = model.state(from, place);
    let managers = model.env.managers;
    let unnamed = |other: usize| !without(state, model.nodes[other]);
    let all_gave = |word| {
        (1..managers).all(|other| !unnamed(other) || model.emitted(from, other, word, state.attempt()))
    };
    let forward = match event {
        Event::Begin(stage) => stage != Stage::Commit,
        Event::Give(word) => word.is_forward() && word != Word::Committed,
        _ => false,
    };
    if forward && state.hub() != leader.node() {
        return Some(Violation::TwoHubs);
    }
    match event {
        Event::Give(Word::Go) if !all_gave(Word::Prepared) => Some(Violation::OutageTooEarly),
        Event::Give(Word::MembersComplete) => {
            let member = |other: usize| {
                let runs = model.known(from, other).k0s
                    && model.state(from, other).position() != Position::In(Stage::Start);
                !unnamed(other) || (Model::is_on(from, other) && runs)
            };
            (!(1..managers).all(member)).then_some(Violation::MembersNotComplete)
        }
        Event::Begin(Stage::Settle) if !all_gave(Word::Clear) => Some(Violation::AcceptedTooEarly),
        Event::Failed(_) if !matches!(model.state(to, place).position(), Position::At(_)) => {
            Some(Violation::FailureIsFinal)
        }
        Event::OpenAttempt => {
            let came_back = |other: usize| {
                state.has_lost(model.nodes[other])
                    || model.state(from, other).position() == Position::Returned
            };
            (!model.places().all(came_back)).then_some(Violation::OpenedTooEarly)
        }
        _ => None,
    }
}

/// The ends of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    K0s,
    Mke3,
    /// Held for good, with a page of the documentation to go on by.
    Documented,
}

/// Whether the site has come to an end.
pub fn end(model: &Model, world: &World) -> Option<End> {
    let on: Vec<usize> = model.places().filter(|place| Model::is_on(world, *place)).collect();
    let all = |right: &dyn Fn(Position) -> bool| {
        on.iter().all(|place| right(model.state(world, *place).position()))
    };
    let leader = model.state(world, 0);
    if leader.given().contains(&Word::Accepted)
        && all(&|position| matches!(position, Position::At(Stage::Commit) | Position::LeftOut))
    {
        return Some(End::K0s);
    }
    let rests = |position| {
        matches!(
            position,
            Position::At(Stage::Check | Stage::Prepare) | Position::Away(Mke3::Runs) | Position::Returned
        )
    };
    // A lost host that is accepted has no way back: it is installed anew (docs/revert.md).
    let anew =
        |place: usize| accepted(model.state(world, place), model.nodes[0]) && model.is_lost(world, place);
    let managers_off = (0..model.env.managers).filter(|place| !Model::is_on(world, *place)).count();
    let ended = |place: &usize| rests(model.state(world, *place).position()) || anew(*place);
    if on.iter().all(ended) && on.iter().any(|place| *place < model.env.managers && !anew(*place)) {
        return Some(End::Mke3);
    }
    // All managers are lost, or the only one: docs/revert.md.
    if managers_off == model.env.managers {
        return Some(End::Documented);
    }
    // The leader is lost after a manager gave `clear`, and half of the managers with it: the rest may not go back, because
    // `accepted` may be out.
    let clear = on.iter().any(|place| model.state(world, *place).given().contains(&Word::Clear));
    if clear && !Model::is_on(world, 0) && 2 * managers_off >= model.env.managers {
        return Some(End::Documented);
    }
    None
}

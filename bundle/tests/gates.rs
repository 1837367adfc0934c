//! The protocol on whole sites where nothing goes wrong: what people type, what nodes hold, what status says.

use std::collections::BTreeSet;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::protocol::{Gate, Missing, Protocol, Refusal};
use airlift_bundle::gate::site::{Node, Site};
use airlift_bundle::gate::state::{Event, NodeState, Position};
use airlift_bundle::gate::table::Act;
use airlift_bundle::gate::word::{Attempt, Word};
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::Role;

/// A site whose nodes bring each other every word by typed code, and count them.
struct Run {
    protocol: Protocol,
    states: Vec<NodeState>,
    typed: usize,
    words: BTreeSet<(Node, Node, Word)>,
}

impl Run {
    fn new(managers: usize, workers: usize) -> Self {
        let manager =
            |n| (format!("m{n}").parse().unwrap(), if n == 1 { Role::Leader } else { Role::Manager });
        let worker = |n| (format!("w{n}").parse().unwrap(), Role::Worker);
        let site = Site::new((1..=managers).map(manager).chain((1..=workers).map(worker)).collect()).unwrap();
        let protocol = Protocol::new(site);
        let states = protocol.site().nodes().map(|node| protocol.start(node)).collect();
        Self { protocol, states, typed: 0, words: BTreeSet::new() }
    }

    fn step(&mut self, at: usize, event: Event<Node>) {
        self.states[at] = self.protocol.step(&self.states[at], &event).unwrap();
    }

    /// Does what `wanted` lets be done, until nothing more can be.
    fn go(&mut self, wanted: impl Fn(&NodeState, Act) -> bool) {
        let mut before = Vec::new();
        while before != self.states {
            before.clone_from(&self.states);
            for at in 0..self.states.len() {
                for (act, gate) in self.protocol.acts(&self.states[at]) {
                    if wanted(&self.states[at], act) && self.have(at, &gate) {
                        self.act(at, act);
                        break;
                    }
                }
            }
        }
    }

    /// Types what the gate waits for, if all of it is there.
    fn have(&mut self, at: usize, gate: &Gate) -> bool {
        let Gate::Waiting(missing) = gate else { return *gate == Gate::Ready };
        let there = missing.iter().all(|missing| match missing {
            Missing::Word { from, word, .. } => self.states[from.place()].given().contains(word),
            Missing::Own(_) => false,
            Missing::Say(_) | Missing::Look(_) => true,
        });
        for missing in missing.iter().filter(|_| there) {
            match *missing {
                Missing::Word { from, word, .. } => {
                    self.typed += 1;
                    self.words.insert((self.states[at].node(), from, word));
                    let attempt = self.states[at].attempt();
                    self.step(at, Event::Heard { from, word, attempt });
                }
                Missing::Say(say) => self.step(at, Event::Say(say)),
                Missing::Look(look) => self.step(at, Event::Saw(look)),
                Missing::Own(_) => {}
            }
        }
        there
    }

    fn act(&mut self, at: usize, act: Act) {
        match act {
            Act::Begin(stage) => {
                self.step(at, Event::Begin(stage));
                self.step(at, Event::Done(stage));
            }
            Act::Give(word) => self.step(at, Event::Give(word)),
            Act::LeaveK0s => {
                self.step(at, Event::Rollback);
                if self.states[at].position() == Position::LeavingK0s {
                    self.step(at, Event::K0sAway);
                }
            }
            Act::BringBack => {
                self.step(at, Event::BringBack);
                self.step(at, Event::Mke3Back);
            }
            Act::OpenAttempt => self.step(at, Event::OpenAttempt),
            Act::Resume | Act::LeaveOut => {}
        }
    }

    fn forward(&mut self, last: Stage) {
        self.go(|_, act| match act {
            Act::Begin(stage) => stage <= last,
            Act::Give(word) => word.is_forward(),
            _ => false,
        });
    }

    fn back(&mut self) {
        self.go(|_, act| matches!(act, Act::LeaveK0s | Act::BringBack | Act::Give(Word::Back)));
    }
}

/// Managers, workers; codes typed forward, back from a started k0s, and to open the next attempt after that.
const TYPED: [(usize, usize, [usize; 3]); 4] =
    [(1, 0, [0, 0, 0]), (3, 3, [36, 10, 5]), (3, 50, [271, 104, 52]), (5, 3, [58, 14, 7])];

#[test]
fn people_type_so_many_codes() {
    for (managers, workers, figures) in TYPED {
        let mut run = Run::new(managers, workers);
        run.forward(Stage::Commit);
        assert!(run.states.iter().all(|state| state.position() == Position::At(Stage::Commit)));
        let forward = run.typed;
        let mut run = Run::new(managers, workers);
        run.forward(Stage::Start);
        let before = run.typed;
        run.back();
        assert!(run.states.iter().all(|state| state.position() == Position::Returned));
        let back = run.typed - before;
        run.go(|_, act| act == Act::OpenAttempt);
        assert_eq!(run.states[0].attempt().get(), 2);
        let again = run.typed - before - back;
        println!(
            "{managers}+{workers}: {forward} codes forward, {back} back, {again} more to open the next attempt"
        );
        assert_eq!([forward, back, again], figures, "{managers}+{workers}");
    }
}

#[test]
fn a_node_holds_the_hash_of_every_word_that_it_checks_and_its_emitter_has_the_code() {
    let mut run = Run::new(3, 2);
    run.forward(Stage::Commit);
    let mut back = Run::new(3, 2);
    back.forward(Stage::Start);
    back.back();
    back.go(|_, act| act == Act::OpenAttempt);
    for (node, from, word) in run.words.iter().chain(&back.words) {
        assert!(run.protocol.hashes(*node).contains(&(*from, *word)), "{node:?} {from:?} {word}");
        assert!(run.protocol.own_words(*from).contains(word));
    }
    let nodes: Vec<Node> = run.protocol.site().nodes().collect();
    let names = |node: Node, of: Node| -> Vec<&str> {
        run.protocol
            .hashes(node)
            .iter()
            .filter(|(from, _)| *from == of)
            .map(|(_, word)| word.as_str())
            .collect()
    };
    // A worker checks what its gates ask for, of every hub that there may be; of other workers nothing.
    assert_eq!(names(nodes[3], nodes[0]), ["prepared", "frozen-all", "members-complete", "accepted", "back"]);
    assert_eq!(names(nodes[3], nodes[1]), ["back"]);
    assert!(names(nodes[3], nodes[4]).is_empty());
    // Every manager can become hub, and checks everybody's `away`.
    assert_eq!(names(nodes[1], nodes[3]), ["away", "returned"]);
    assert!(run.protocol.own_words(nodes[1]).contains(&Word::Back));
    assert!(!run.protocol.own_words(nodes[3]).contains(&Word::Back));
    // The leader alone has nobody to say `away` to.
    assert!(!Run::new(1, 1).protocol.own_words(nodes[0]).contains(&Word::Away));
}

#[test]
fn what_is_refused_leaves_the_state_and_says_why() {
    let mut run = Run::new(3, 1);
    run.forward(Stage::Start);
    let [m1, m2, _, w1] = run.protocol.site().nodes().collect::<Vec<_>>()[..] else { panic!() };
    let refused = |at: usize, event| run.protocol.step(&run.states[at], &event).unwrap_err();
    let attempt = Attempt::FIRST;
    let second = Attempt::new(2).unwrap();
    assert_eq!(refused(1, Event::Heard { from: w1, word: Word::Back, attempt }), Refusal::NotItsWord);
    assert_eq!(refused(1, Event::Heard { from: m1, word: Word::Up, attempt: second }), Refusal::OtherAttempt);
    assert_eq!(refused(1, Event::Heard { from: m2, word: Word::Joined, attempt }), Refusal::NoSuchNode);
    assert_eq!(refused(1, Event::Hub(w1)), Refusal::NoHub);
    assert_eq!(refused(1, Event::Begin(Stage::Adopt)), Refusal::Waiting);
    assert_eq!(refused(3, Event::Begin(Stage::Adopt)), Refusal::NotForThisNode);
    assert_eq!(refused(0, Event::Give(Word::Up)), Refusal::NotForThisNode);
    assert_eq!(refused(0, Event::Give(Word::Go)), Refusal::Given);
    assert_eq!(refused(0, Event::Begin(Stage::Stop)), Refusal::OutOfOrder);
}

#[test]
fn events_come_back_from_a_journal() {
    let run = Run::new(1, 1);
    let site = run.protocol.site();
    let node = site.nodes().last().unwrap();
    let heard = Event::Heard { from: node, word: Word::Stopped, attempt: Attempt::FIRST };
    for (event, json) in [
        (heard, r#"{"heard":{"from":"w1","word":"stopped","attempt":1}}"#),
        (Event::Begin(Stage::Start), r#"{"begin":"start"}"#),
        (Event::K0sAway, r#""k0s-away""#),
    ] {
        let named: Event<NodeName> = event.named(site).unwrap();
        assert_eq!(serde_json::to_string(&named).unwrap(), json);
        assert_eq!(serde_json::from_str::<Event<NodeName>>(json).unwrap().at(site).unwrap(), event);
    }
    let stranger: Event<NodeName> = serde_json::from_str(r#"{"hub":"m9"}"#).unwrap();
    assert!(stranger.at(site).is_none());
}

#[test]
fn status_says_what_to_type() {
    let mut run = Run::new(3, 1);
    run.forward(Stage::Freeze);
    let said = |run: &Run, at: usize| run.protocol.status(&run.states[at]).to_string();
    assert_eq!(
        said(&run, 0),
        "m1, attempt 1: freeze is done\n\
         waits: begin stop, for\n  \
         stopped of m2: bring m2.stopped.1.json: airlift-node receipt --from DIR; or type the code that airlift-node \
         receipt shows there: airlift-node receipt --code m2 stopped CODE; if it is off or fenced: \
         airlift-node apply --left-behind m2\n  \
         stopped of m3: bring m3.stopped.1.json: airlift-node receipt --from DIR; or type the code that airlift-node \
         receipt shows there: airlift-node receipt --code m3 stopped CODE; if it is off or fenced: \
         airlift-node apply --left-behind m3\n\
         open: begin k0s away: airlift-node rollback\n"
    );
    let alone = Run::new(1, 1);
    assert!(said(&alone, 1).contains("open: begin prepare: airlift-node apply"));
}

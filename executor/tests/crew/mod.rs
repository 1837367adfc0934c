//! A site and the people who run it: words travel on a stick or are typed.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::protocol::{Gate, Missing};
use airlift_bundle::gate::state::Position;
use airlift_bundle::gate::word::{Look, Naming, Word};
use airlift_node::disk::Disk;
use airlift_node::gate::heard::{Brought, Found};
use airlift_node::gate::{NodeGate, Said, give};
use airlift_node::journal::Journal;
use airlift_node::run::{Engine, Home, Orders, Outcome};

use crate::model::Model;
use crate::world::{Bench, Draft, STATE, Site, draft, node, sentences, sites, type_in};

/// How words travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Stick,
    Codes,
}

/// One node with its machine.
pub struct Hand {
    pub disk: Model,
    pub site: Site,
    pub unseen: Vec<Look>,
    pub is_off: bool,
}

/// A site and the people who run it.
pub struct Crew {
    pub hands: Vec<Hand>,
    pub by: By,
    pub typed: usize,
}

impl Hand {
    pub fn journal(&self) -> Option<Journal<'_>> {
        Journal::open(&self.disk, &Home::at(Path::new(STATE)).journal()).unwrap()
    }

    pub fn gate(&self) -> NodeGate {
        self.journal().unwrap().state().gate.clone().unwrap()
    }

    pub fn position(&self) -> Option<Position> {
        self.journal().and_then(|journal| journal.state().position())
    }

    /// The receipts that it has given, and their codes.
    pub fn given(&self) -> Vec<(Found, String)> {
        let home = Home::at(Path::new(STATE));
        let Some(journal) = self.journal() else { return vec![] };
        let given = give::list(&self.disk, &home, &journal).unwrap();
        let found = |given: give::Given| {
            let file = given.file.unwrap_or_else(|| panic!("{} has no file", given.word));
            let signed = give::read(&self.disk, &home, &file).unwrap();
            let path = PathBuf::from("/stick").join(&file);
            let node = self.site.accepted.node.clone();
            (Found { path, node, word: given.word, attempt: given.attempt, signed }, given.code.unwrap())
        };
        given.into_iter().map(found).collect()
    }

    /// A command with these words; planned reboots happen.
    pub fn types(
        &self,
        brought: Brought,
        said: &[String],
        with_set: bool,
        work: &dyn Fn(&mut Engine<'_>) -> Outcome,
    ) -> Outcome {
        let mut bench = Bench::new(&self.disk);
        bench.unseen.clone_from(&self.unseen);
        let mut operator = Said(said.to_vec());
        let mut outcome = type_in(&bench, &self.site, &mut operator, brought, with_set, work).unwrap();
        while outcome == Outcome::Rebooting {
            self.reboot();
            outcome = type_in(&bench, &self.site, &mut operator, Brought::default(), false, work).unwrap();
        }
        outcome
    }

    pub fn reboot(&self) {
        let booted = self.disk.boot.get() + 1;
        self.disk.boot.set(booted);
        // what lies below /run is gone
        for name in self.disk.list(Path::new("/run")).unwrap() {
            airlift_node::disk::remove_tree(&self.disk, &Path::new("/run").join(name)).unwrap();
        }
    }
}

impl Crew {
    pub fn new(draft: Draft) -> Self {
        let by = if draft.codes { By::Codes } else { By::Stick };
        let hand = |site| Hand { disk: node(), site, unseen: vec![], is_off: false };
        Self { hands: sites(draft).into_iter().map(hand).collect(), by, typed: 0 }
    }

    pub fn of(managers: usize, workers: usize) -> Self {
        Self::new(draft(managers, workers))
    }

    pub fn with_codes(managers: usize, workers: usize) -> Self {
        Self::new(Draft { codes: true, ..draft(managers, workers) })
    }

    pub fn place(&self, name: &str) -> usize {
        self.hands.iter().position(|hand| hand.site.accepted.node.as_str() == name).unwrap()
    }

    pub fn hand(&self, name: &str) -> &Hand {
        &self.hands[self.place(name)]
    }

    /// What people bring to a node: by stick all that all others have given; by codes what it waits for.
    pub fn bring(&mut self, place: usize) -> Brought {
        let others = self.hands.iter().enumerate().filter(|(other, _)| *other != place);
        let given: Vec<(Found, String)> = others.flat_map(|(_, hand)| hand.given()).collect();
        let mut brought = Brought::default();
        if self.by == By::Stick {
            brought.found = given.into_iter().map(|(found, _)| found).collect();
            return brought;
        }
        let Some(journal) = self.hands[place].journal() else { return brought };
        let Some(gate) = &journal.state().gate else { return brought };
        let mut wanted = BTreeSet::new();
        for (_, gate) in gate.acts() {
            let Gate::Waiting(missing) = gate else { continue };
            wanted.extend(missing.into_iter().filter_map(|missing| match missing {
                Missing::Word { from, word, .. } => Some((from, word)),
                _ => None,
            }));
        }
        let site = gate.protocol().site();
        for (found, code) in given {
            let from = site.find(&found.node).unwrap();
            // whoever has returned is away; the leader's first word opens the next attempt
            let opens = found.attempt > gate.state().attempt()
                && found.word == Word::Prepared
                && from == site.leader();
            let same = if found.word == Word::Returned { Word::Away } else { found.word };
            if opens || wanted.contains(&(from, found.word)) || wanted.contains(&(from, same)) {
                self.typed += 1;
                brought.type_in(found.node.as_str(), found.word.as_str(), &code.to_lowercase()).unwrap();
            }
        }
        brought
    }

    /// Everybody types the same until nothing moves any more.
    pub fn all(&mut self, with_set: bool, work: &dyn Fn(&mut Engine<'_>) -> Outcome) {
        let mut before = Vec::new();
        loop {
            let now: Vec<_> =
                self.hands.iter().map(|hand| hand.journal().map(|journal| journal.head())).collect();
            if now == before {
                return;
            }
            before = now;
            for place in 0..self.hands.len() {
                if self.hands[place].is_off {
                    continue;
                }
                let brought = self.bring(place);
                let hand = &self.hands[place];
                let said = sentences(&hand.site, &Orders::default());
                let outcome = hand.types(brought, &said, with_set, work);
                assert!(
                    !matches!(outcome, Outcome::Stuck { .. } | Outcome::Undone { .. } | Outcome::Blocked(_)),
                    "{}: {outcome:?}",
                    hand.site.accepted.node
                );
            }
        }
    }

    pub fn forward(&mut self, until: Stage) {
        self.all(true, &|engine| engine.apply(until));
    }

    pub fn back(&mut self) {
        self.all(false, &|engine| engine.rollback());
    }

    pub fn commit(&mut self) {
        self.all(false, &|engine| engine.commit());
    }

    /// One node types something, with an operator who says all that belongs to it.
    pub fn one(&mut self, name: &str, orders: &Orders, work: &dyn Fn(&mut Engine<'_>) -> Outcome) -> Outcome {
        let place = self.place(name);
        let brought = self.bring(place);
        let hand = &self.hands[place];
        let said = sentences(&hand.site, orders);
        hand.types(brought, &said, false, &|engine| engine.order(orders).unwrap_or_else(|| work(engine)))
    }

    pub fn positions(&self) -> Vec<Position> {
        self.hands.iter().filter(|hand| !hand.is_off).filter_map(Hand::position).collect()
    }

    pub fn all_stand(&self, at: Position) {
        assert!(self.positions().iter().all(|position| *position == at), "{:?}", self.positions());
    }
}

pub fn of(naming: Naming, host: &str) -> Orders {
    Orders { named: vec![(host.parse().unwrap(), naming)], hub: None }
}

pub fn hub(host: &str) -> Orders {
    Orders { named: vec![], hub: Some(host.parse().unwrap()) }
}

pub fn apply(engine: &mut Engine<'_>) -> Outcome {
    engine.apply(Stage::Settle)
}

pub fn rollback(engine: &mut Engine<'_>) -> Outcome {
    engine.rollback()
}

pub fn head(hand: &Hand) -> Sha256 {
    hand.journal().unwrap().head()
}

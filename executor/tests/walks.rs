//! Random walks over whole sites that the engine drives, with machines that stop in the midst of anything: every state
//! that a node's journal passes through, and every end, must be one that the rules of the protocol's model allow.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the model's hash maps; a longer run is asked for"
)]
#![allow(dead_code, reason = "the model is shared with its own test")]

#[path = "world/mod.rs"]
mod bench;
mod model;
#[path = "../../bundle/tests/model/rules.rs"]
mod rules;
#[path = "../../bundle/tests/model/world.rs"]
mod world;

use std::path::{Path, PathBuf};

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::{NodeState, Position};
use airlift_bundle::gate::table::Table;
use airlift_bundle::gate::word::{Look, Naming, Word};
use airlift_node::disk::{read_all, remove_tree};
use airlift_node::gate::heard::{Brought, Found};
use airlift_node::gate::{Said, give};
use airlift_node::journal::{Journal, Line, State};
use airlift_node::run::{Engine, Home, Orders, Outcome};
use bench::{Bench, STATE, Site, draft, node, outside, sentences, sites, type_in};
use model::{Dice, Fault, Left, Model as Disk};
use world::{Env, Model, World};

struct Walk {
    model: Model,
    disks: Vec<Disk>,
    sites: Vec<Site>,
    world: World,
    /// How many records of each journal the rules have seen.
    seen: Vec<usize>,
    dice: Dice,
    trace: Vec<String>,
    stops: usize,
}

/// Every state that a journal went through, the oldest first.
fn states(disk: &Disk) -> Vec<NodeState> {
    let path = Home::at(Path::new(STATE)).journal();
    let Ok(bytes) = read_all(disk, &path, 1 << 22) else { return vec![] };
    let mut state = State::default();
    let mut states = Vec::new();
    let whole = bytes.split(|byte| *byte == b'\n').filter(|line| line.len() > 65 && !line.contains(&0));
    for line in whole {
        let line: Line = serde_json::from_slice(&line[65..]).unwrap();
        state.follow(&line).unwrap();
        states.push(state.gate.as_ref().unwrap().state().clone());
    }
    states
}

impl Walk {
    fn new(managers: usize, workers: usize, seed: u64) -> Self {
        let mut model = Model::new(Env::of(managers, workers).unfenced(), Table::PROTOCOL);
        let world = model.start();
        let sites = sites(draft(managers, workers));
        let disks = sites.iter().map(|_| node()).collect();
        let seen = vec![0; sites.len()];
        Self { model, disks, sites, world, seen, dice: Dice(seed), trace: vec![], stops: 0 }
    }

    fn fail(&self, why: &str) -> ! {
        panic!("{why}, after\n  {}", self.trace.join("\n  "))
    }

    /// Holds every state that the node went through since the last look against the rules.
    fn check(&mut self, place: usize) {
        let states = states(&self.disks[place]);
        // what was not flushed may be gone again
        let from = self.seen[place].min(states.len());
        let mut before = self.model.state(&self.world, place).clone();
        for state in states[from..].iter().chain(states.last()) {
            if state.attempt() > before.attempt() {
                let bits = before
                    .given()
                    .iter()
                    .map(|word| Word::ALL.iter().position(|other| other == word).unwrap());
                self.world.past[place] |= bits.fold(0, |bits, bit| bits | 1 << bit);
            }
            before = state.clone();
            self.world.nodes[place] = self.model.intern(state.clone());
            if let Some(violation) = rules::of_state(&self.model, &self.world) {
                self.fail(&format!("{violation:?}"));
            }
        }
        self.seen[place] = states.len();
    }

    fn state(&self, place: usize) -> NodeState {
        self.model.state(&self.world, place).clone()
    }

    fn given(&self) -> Vec<Found> {
        let home = Home::at(Path::new(STATE));
        let mut all = Vec::new();
        for (disk, site) in self.disks.iter().zip(&self.sites) {
            let Ok(Some(journal)) = Journal::open(disk, &home.journal()) else { continue };
            for given in give::list(disk, &home, &journal).unwrap() {
                // a stop may have come before the file
                let Some(file) = given.file else { continue };
                let Ok(signed) = give::read(disk, &home, &file) else { continue };
                let (path, node) = (PathBuf::from("/stick").join(&file), site.accepted.node.clone());
                all.push(Found { path, node, word: given.word, attempt: given.attempt, signed });
            }
        }
        all
    }

    /// A command on a node, which may be stopped in the midst of it.
    fn types(
        &mut self,
        place: usize,
        what: &str,
        orders: &Orders,
        work: &dyn Fn(&mut Engine<'_>) -> Outcome,
    ) -> Option<Outcome> {
        let stop = if self.dice.roll(5) == 0 { Some(1 + self.dice.roll(60)) } else { None };
        let mut found = self.given();
        found.retain(|_| self.dice.roll(10) > 0);
        let site = &self.sites[place];
        let disk = &self.disks[place];
        if let Some(at) = stop {
            disk.arm(at, Fault::StopAfter);
        }
        let mut bench = Bench::new(disk);
        let looks = Look::ALL.iter().filter(|look| !self.model.looks(&self.world, place, **look));
        bench.unseen = looks.copied().collect();
        let mut operator = Said(sentences(site, orders));
        let brought = Brought { found, ..Brought::default() };
        let with_set = what != "rollback";
        let run = type_in(&bench, site, &mut operator, brought, with_set, |engine| {
            engine.order(orders).unwrap_or_else(|| work(engine))
        });
        let fired = stop.is_some() && disk.fired();
        self.trace.push(format!(
            "{} types {what} {orders:?}: {run:?}{}",
            site.accepted.node,
            if fired { ", stopped" } else { "" }
        ));
        if fired {
            self.stops += 1;
            let left = [Left::Killed, Left::All, Left::Flushed, Left::Torn(self.dice.roll(1000) as u64)];
            let left = left[self.dice.roll(4)];
            self.disks[place] = self.disks[place].after(left);
            if left != Left::Killed {
                self.lose_run(place);
            }
        } else {
            let next = self.disks[place].clone();
            // disarmed
            next.arm(usize::MAX, Fault::Stop);
            self.disks[place] = next;
            if let Ok(Outcome::Rebooting) = &run {
                self.reboot(place);
            }
            match &run {
                Ok(Outcome::Stuck { .. } | Outcome::Undone { .. } | Outcome::Blocked(_)) | Err(_) => {
                    self.fail("no way on")
                }
                Ok(_) => {}
            }
        }
        self.check(place);
        run.ok().filter(|_| !fired)
    }

    fn lose_run(&self, place: usize) {
        let disk = &self.disks[place];
        for name in airlift_node::disk::Disk::list(disk, Path::new("/run")).unwrap_or_default() {
            remove_tree(disk, &Path::new("/run").join(name)).unwrap();
        }
    }

    fn reboot(&mut self, place: usize) {
        let booted = self.disks[place].boot.get() + 1;
        self.disks[place].boot.set(booted);
        self.lose_run(place);
    }

    fn is_on(&self, place: usize) -> bool {
        Model::is_on(&self.world, place)
    }

    fn apply(&mut self, place: usize, until: Stage, orders: &Orders) {
        self.types(place, "apply", orders, &|engine| {
            let opened = match engine.journal().state().position() {
                Some(Position::Returned) => engine.next_attempt(),
                _ => None,
            };
            opened.unwrap_or_else(|| engine.apply(until))
        });
    }

    fn rollback(&mut self, place: usize, orders: &Orders) {
        self.types(place, "rollback", orders, &|engine| engine.rollback());
    }

    /// Something that operators or bad luck do.
    fn step(&mut self) {
        let place = self.dice.roll(self.sites.len());
        let off = (0..self.sites.len()).find(|place| !self.is_on(*place));
        match self.dice.roll(24) {
            0 if off.is_none() => {
                self.trace.push(format!("{} goes off", self.sites[place].accepted.node));
                self.world.off |= 1 << place;
            }
            1 | 2 if off == Some(place) => {
                self.trace.push(format!("{} comes on", self.sites[place].accepted.node));
                self.world.off = 0;
                self.reboot(place);
            }
            _ if !self.is_on(place) => {}
            3 if off == Some(0) && self.model.env.managers > 2 => {
                // the next manager takes over, on every node
                let hub = Orders { named: vec![], hub: Some(self.sites[1].accepted.node.clone()) };
                for place in 1..self.sites.len() {
                    self.rollback(place, &hub);
                }
            }
            4..=7 if let Some(off) = off => {
                let naming = Naming::ALL[self.dice.roll(3)];
                let orders =
                    Orders { named: vec![(self.sites[off].accepted.node.clone(), naming)], hub: None };
                if naming == Naming::Lost {
                    self.rollback(place, &orders)
                } else if !self.fenced(place) {
                    self.apply(place, Stage::Settle, &orders)
                }
            }
            8 => self.rollback(place, &Orders::default()),
            9 => {
                self.types(place, "commit", &Orders::default(), &|engine| engine.commit());
            }
            10 => self.reboot(place),
            _ if self.fenced(place) => {}
            11 | 12 => {
                let until = Stage::ALL[1 + self.dice.roll(6)];
                self.apply(place, until, &Orders::default());
            }
            _ => self.apply(place, Stage::Settle, &Orders::default()),
        }
    }

    /// An operator who is right types no `apply` on a host that was named lost.
    fn fenced(&self, place: usize) -> bool {
        self.model.is_lost(&self.world, place) && !world::accepted(&self.state(place), self.model.nodes[0])
    }

    fn goes_forward(&self, place: usize) -> bool {
        matches!(self.state(place).position(), Position::At(_) | Position::In(_))
    }

    /// With all machines on and nothing going wrong, the site comes to an end.
    fn ends(&mut self) {
        for place in 0..self.sites.len() {
            if !self.is_on(place) {
                self.reboot(place);
            }
        }
        self.world.off = 0;
        self.trace.push("all are on".to_owned());
        let old: Vec<_> = self.sites.iter().map(|_| outside(&node(), true)).collect();
        let accepted = self.state(0).given().contains(&Word::Accepted);
        let hubs = (0..self.sites.len()).any(|place| self.state(place).hub() != self.model.nodes[0]);
        for _ in 0..40 {
            for place in 0..self.sites.len() {
                self.dice = Dice(self.dice.0 | 1);
                if !accepted {
                    self.rollback(place, &Orders::default());
                } else if world::without(&self.state(0), self.model.nodes[place]) || !self.goes_forward(place)
                {
                    // the site was accepted without it, or after it went away
                    self.types(place, "commit --left-out", &Orders::default(), &|engine| engine.leave_out());
                } else {
                    self.apply(place, Stage::Settle, &Orders::default());
                    self.types(place, "commit", &Orders::default(), &|engine| engine.commit());
                }
            }
        }
        for (place, old) in old.iter().enumerate() {
            let position = self.state(place).position();
            let ended = if accepted {
                matches!(position, Position::At(Stage::Commit) | Position::LeftOut)
            } else {
                let untouched = position == Position::At(Stage::Check);
                untouched || position == Position::Returned && outside(&self.disks[place], true) == *old
            };
            // a hub that was replaced, or a host that was lost, may leave the site held with a page of the documentation
            let held = hubs || (0..self.sites.len()).any(|host| self.model.is_lost(&self.world, host));
            if !ended && !held {
                self.fail(&format!("{} ends at {position:?}", self.sites[place].accepted.node));
            }
        }
    }
}

/// How many walks over each site; more with `AIRLIFT_WALKS`.
fn walks() -> u64 {
    std::env::var("AIRLIFT_WALKS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

#[test]
fn no_walk_leaves_what_the_model_allows() {
    let mut stops = 0;
    let (mut accepted, mut back) = (0, 0);
    for (managers, workers) in [(1, 0), (1, 1), (3, 1)] {
        for seed in 0..walks() {
            let mut walk = Walk::new(managers, workers, seed * 7919 + managers as u64);
            for _ in 0..60 {
                walk.step();
            }
            walk.ends();
            stops += walk.stops;
            if walk.state(0).given().contains(&Word::Accepted) { accepted += 1 } else { back += 1 }
        }
    }
    println!("{accepted} sites ended on k0s, {back} did not; {stops} runs were stopped in their midst");
    assert!(accepted > 0 && back > 0 && stops > 20);
}

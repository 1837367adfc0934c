//! The site as the model sees it: the states of all nodes, what is off, what was said in an earlier attempt; and all that
//! nodes, operators and bad luck can do next.
//!
//! Words travel when they are needed. A word that was given can be brought to any node at any later time, or never:
//! what was heard only opens gates (but for `accepted` and the first word of an attempt, which have moves of their own),
//! so hearing a word early adds no behaviour. `eager` brings every word at every time instead, to prove that on small
//! sites.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::protocol::{Gate, Missing, Protocol};
use airlift_bundle::gate::site::{Node, Site};
use airlift_bundle::gate::state::{Event, Mke3, NodeState, Position};
use airlift_bundle::gate::table::{Act, Table};
use airlift_bundle::gate::word::{Attempt, Look, Naming, Say, Word};
use airlift_bundle::plan::Role;

/// Most nodes of a modelled site.
pub const MAX: usize = 5;

/// One site and what can happen to it.
#[derive(Clone, Copy, Debug)]
pub struct Env {
    pub managers: usize,
    pub workers: usize,
    /// Machines that go off, in all, in one run. Each may come back at any time, or never.
    pub crashes: u8,
    /// Nodes that take a corrected set.
    pub sets: u8,
    /// Wrong things that operators say: a host named or replaced as hub that is on.
    pub mistakes: u8,
    /// Whether operators type `apply` on hosts that were named lost.
    pub unfenced: bool,
    pub attempts: u8,
    /// Whether looks at other machines see them. Else the network is cut: looks find silence, and operators are right.
    pub sees: bool,
    /// Whether an etcd member may lag behind while the site freezes.
    pub lag: bool,
    /// Whether words are brought before they are needed.
    pub eager: bool,
    /// Whether every stage and pass is seen half done. Else only `start` is, for whose half state others behave
    /// differently; of the rest the half state is checked, and not left standing.
    pub fine: bool,
}

impl Env {
    pub const fn of(managers: usize, workers: usize) -> Self {
        Self {
            managers,
            workers,
            crashes: 0,
            sets: 0,
            mistakes: 0,
            unfenced: false,
            attempts: 1,
            sees: false,
            lag: false,
            eager: false,
            fine: false,
        }
    }

    pub const fn crashes(self, crashes: u8) -> Self {
        Self { crashes, ..self }
    }

    pub const fn sets(self, sets: u8) -> Self {
        Self { sets, ..self }
    }

    pub const fn attempts(self, attempts: u8) -> Self {
        Self { attempts, ..self }
    }

    pub const fn mistakes(self, mistakes: u8) -> Self {
        Self { mistakes, ..self.unfenced() }
    }

    pub const fn unfenced(self) -> Self {
        Self { unfenced: true, sees: true, ..self }
    }

    pub const fn lag(self) -> Self {
        Self { lag: true, ..self }
    }

    pub const fn fine(self) -> Self {
        Self { fine: true, ..self }
    }

    pub const fn eager(self) -> Self {
        Self { eager: true, ..self }
    }
}

impl std::fmt::Display for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}", self.managers, self.workers)?;
        write!(f, " crashes {} mistakes {} sets {}", self.crashes, self.mistakes, self.sets)?;
        write!(f, " attempts {}", self.attempts)?;
        f.write_str(if self.unfenced { " unfenced" } else { "" })?;
        f.write_str(if self.fine { " fine" } else { "" })?;
        f.write_str(if self.eager { " eager" } else { "" })
    }
}

/// A state of the whole site. `nodes` are numbers of interned node states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub nodes: [u32; MAX],
    /// Machines that are off, one bit each.
    pub off: u8,
    /// Words given in attempt 1 by nodes that are in attempt 2, one bit each.
    pub past: [u16; MAX],
    pub crashes: u8,
    pub sets: u8,
    pub mistakes: u8,
    pub lag: bool,
}

/// A step of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Node(usize, Event<Node>),
    Off(usize),
    On(usize),
    CatchUp,
}

/// A step, and whether a site that wants to come to an end can count on it.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    pub to: World,
    /// The half-done state that the step passes through.
    pub via: Option<World>,
    pub by: Move,
    pub benign: bool,
}

/// What the rules ask of one node state, worked out once.
pub struct Known {
    pub state: NodeState,
    acts: Vec<(Act, Vec<Missing>)>,
    pub api: bool,
    pub engine: bool,
    pub k0s: bool,
}

/// Firefox's hash: fast, and good enough for what we put into it.
#[derive(Clone, Copy, Default)]
pub struct Fx(u64);

impl Hasher for Fx {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(n.into());
    }

    fn write_u16(&mut self, n: u16) {
        self.write_u64(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

pub type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<Fx>>;

/// The protocol on one site, with all node states that were met.
pub struct Model {
    pub env: Env,
    pub protocol: Protocol,
    pub nodes: Vec<Node>,
    known: Vec<Known>,
    ids: FastMap<NodeState, u32>,
    steps: FastMap<(u32, Event<Node>), Option<u32>>,
    /// Words of another attempt, or that their node never gives, that were tried and refused.
    pub replays_refused: u64,
}

impl Model {
    pub fn new(env: Env, table: Table) -> Self {
        let site = site(env.managers, env.workers);
        let nodes = site.nodes().collect();
        Self {
            env,
            protocol: Protocol::with_table(site, table),
            nodes,
            known: Vec::new(),
            ids: FastMap::default(),
            steps: FastMap::default(),
            replays_refused: 0,
        }
    }

    pub fn start(&mut self) -> World {
        let mut nodes = [0; MAX];
        for (place, node) in self.nodes.clone().into_iter().enumerate() {
            nodes[place] = self.intern(self.protocol.start(node));
        }
        let Env { crashes, sets, mistakes, lag, .. } = self.env;
        World { nodes, off: 0, past: [0; MAX], crashes, sets, mistakes, lag }
    }

    pub fn intern(&mut self, state: NodeState) -> u32 {
        if let Some(id) = self.ids.get(&state) {
            return *id;
        }
        let id = u32::try_from(self.known.len()).unwrap();
        let manager = self.protocol.site().role(state.node()).is_manager();
        use Position::{At, Away, In, LeavingK0s, Returned, Returning};
        let position = state.position();
        let api = matches!(
            position,
            At(Stage::Check | Stage::Prepare)
                | In(Stage::Prepare | Stage::Freeze)
                | Away(Mke3::Runs)
                | Returning
                | Returned
        );
        let engine = api || matches!(position, At(Stage::Freeze) | In(Stage::Stop) | Away(Mke3::Frozen));
        let k0s = match position {
            At(stage) | In(stage) => stage >= Stage::Start,
            LeavingK0s => true,
            _ => false,
        };
        let acts = self.protocol.acts(&state).into_iter().filter_map(|(act, gate)| match gate {
            Gate::Ready => Some((act, vec![])),
            Gate::Waiting(missing) => Some((act, missing)),
            Gate::Refused(_) => None,
        });
        self.known.push(Known {
            acts: acts.collect(),
            api: manager && api,
            engine: manager && engine,
            k0s: k0s && !state.is_paused(),
            state: state.clone(),
        });
        self.ids.insert(state, id);
        id
    }

    pub fn known(&self, world: &World, place: usize) -> &Known {
        &self.known[world.nodes[place] as usize]
    }

    pub fn state(&self, world: &World, place: usize) -> &NodeState {
        &self.known(world, place).state
    }

    pub fn places(&self) -> std::ops::Range<usize> {
        0..self.nodes.len()
    }

    pub fn is_on(world: &World, place: usize) -> bool {
        world.off >> place & 1 == 0
    }

    pub fn step(&mut self, id: u32, event: Event<Node>) -> Option<u32> {
        if let Some(to) = self.steps.get(&(id, event)) {
            return *to;
        }
        let to = self.protocol.step(&self.known[id as usize].state, &event).ok();
        let to = to.map(|state| self.intern(state));
        self.steps.insert((id, event), to);
        to
    }

    /// Whether the node at this place has ever given that word in that attempt.
    pub fn emitted(&self, world: &World, place: usize, word: Word, attempt: Attempt) -> bool {
        let state = self.state(world, place);
        match attempt.cmp(&state.attempt()) {
            std::cmp::Ordering::Equal => state.given().contains(&word),
            std::cmp::Ordering::Less => world.past[place] >> bit(word) & 1 == 1,
            std::cmp::Ordering::Greater => false,
        }
    }

    /// What a look finds.
    pub fn looks(&self, world: &World, place: usize, look: Look) -> bool {
        let others = || self.places().filter(|other| *other != place && Self::is_on(world, *other));
        let managers = || others().filter(|other| *other < self.env.managers);
        match look {
            Look::EtcdEqual => !world.lag,
            // etcd's own list: a member is on it before its node says that it has joined.
            Look::MembersShown => (1..self.env.managers).all(|other| {
                let named = self.state(world, place).goes_without(self.nodes[other]);
                named || (Self::is_on(world, other) && self.known(world, other).k0s)
            }),
            Look::Mke3Silent => !self.env.sees || managers().all(|other| !self.known(world, other).engine),
            Look::K0sSilent => !self.env.sees || managers().all(|other| !self.known(world, other).k0s),
        }
    }

    /// Whether somebody named that host lost, now or in an earlier attempt that it has not left.
    pub fn is_lost(&self, world: &World, place: usize) -> bool {
        let (host, attempt) = (self.nodes[place], self.state(world, place).attempt());
        self.places().any(|other| {
            let state = self.state(world, other);
            state.has_lost(host) || state.attempt() > attempt && other == 0
        })
    }

    pub fn successors(&mut self, world: &World, out: &mut Vec<Next>) {
        out.clear();
        for place in self.places() {
            if Self::is_on(world, place) {
                self.node_moves(world, place, out);
                if world.crashes > 0 {
                    let to = World { off: world.off | 1 << place, crashes: world.crashes - 1, ..*world };
                    out.push(Next { to, via: None, by: Move::Off(place), benign: false });
                }
            } else if let Some(id) = self.step(world.nodes[place], Event::Rebooted) {
                let mut to = World { off: world.off & !(1 << place), ..*world };
                to.nodes[place] = id;
                out.push(Next { to, via: None, by: Move::On(place), benign: false });
            }
        }
        if world.lag {
            out.push(Next { to: World { lag: false, ..*world }, via: None, by: Move::CatchUp, benign: true });
        }
    }

    fn node_moves(&mut self, world: &World, place: usize, out: &mut Vec<Next>) {
        let id = world.nodes[place];
        let state = self.state(world, place).clone();
        let fixed: &[Event<Node>] = match state.position() {
            Position::In(stage) if stage == Stage::Commit => &[Event::Done(stage)],
            Position::In(stage) => &[Event::Done(stage), Event::Failed(stage)],
            Position::LeavingK0s => &[Event::K0sAway],
            Position::Returning => &[Event::Mke3Back],
            Position::LeavingOut => &[Event::LeftOut],
            _ => &[],
        };
        // An operator who is right types no `apply` on a host that was named lost, but to end what was accepted.
        let fenced = !self.env.unfenced && self.is_lost(world, place) && !accepted(&state, self.nodes[0]);
        let waits = state.is_paused();
        for event in fixed {
            if !((waits || fenced) && matches!(event, Event::Done(_))) {
                self.push(world, place, id, *event, true, out);
            }
        }
        for n in 0..self.known(world, place).acts.len() {
            let (act, missing) = self.known(world, place).acts[n].clone();
            let apply = matches!(act, Act::Begin(_) | Act::Resume)
                || matches!(act, Act::Give(word) if word.is_forward());
            if !(fenced && apply) {
                self.try_act(world, place, act, &missing, out);
            }
            for missing in missing {
                let Missing::Word { from, instead: Some(naming), .. } = missing else { continue };
                self.push_said(world, place, from.place(), Event::Name { host: from, naming }, out);
            }
        }
        self.hub_moves(world, place, out);
        self.hear_what_closes_doors(world, place, &state, out);
        if world.sets > 0 {
            let to = World { sets: world.sets - 1, ..*world };
            self.push(&to, place, id, Event::SetTaken, false, out);
        }
        if self.env.eager {
            self.hear_everything(world, place, out);
        }
    }

    /// The next manager in the plan that is on takes over while the leader is off; once it has, it is named on every
    /// node. A mistaken operator names any manager at any time.
    fn hub_moves(&mut self, world: &World, place: usize, out: &mut Vec<Next>) {
        let hubs: Vec<usize> = self.places().map(|other| self.state(world, other).hub().place()).collect();
        let hub_off = hubs.iter().any(|hub| !Self::is_on(world, *hub));
        let next = (1..self.env.managers).find(|other| Self::is_on(world, *other));
        for hub in 1..self.env.managers {
            let event = Event::Hub(self.nodes[hub]);
            if Self::is_on(world, hub) && (hubs.contains(&hub) || hub_off && next == Some(hub)) {
                self.push_said(world, place, usize::MAX, event, out);
            } else if world.mistakes > 0 {
                self.push_said(world, place, 0, event, out);
            }
        }
    }

    /// Something that an operator says of a host: true while it is off (or of no host), else a mistake.
    fn push_said(&mut self, world: &World, place: usize, of: usize, event: Event<Node>, out: &mut Vec<Next>) {
        let mut id = world.nodes[place];
        if matches!(event, Event::Name { naming: Naming::Lost, .. }) {
            for from in self.nodes.clone() {
                // Whoever has returned is away.
                let heard = [Word::Away, Word::Returned].map(|word| self.hear(world, id, from, word));
                id = heard.into_iter().flatten().next().unwrap_or(id);
            }
        }
        if of == usize::MAX || !Self::is_on(world, of) {
            self.push(world, place, id, event, true, out);
        } else if world.mistakes > 0 {
            let to = World { mistakes: world.mistakes - 1, ..*world };
            self.push(&to, place, id, event, false, out);
        }
    }

    /// Takes the act if all that it waits for can be had now.
    fn try_act(&mut self, world: &World, place: usize, act: Act, missing: &[Missing], out: &mut Vec<Next>) {
        let mut id = world.nodes[place];
        for missing in missing {
            let next = match *missing {
                Missing::Own(_) => None,
                Missing::Say(say) => self.step(id, Event::Say(say)),
                Missing::Look(look) if self.looks(world, place, look) => self.step(id, Event::Saw(look)),
                Missing::Look(_) => None,
                Missing::Word { from, word, .. } => {
                    // Whoever has returned is away.
                    let same = [word, if word == Word::Away { Word::Returned } else { word }];
                    same.into_iter().find_map(|word| self.hear(world, id, from, word))
                }
            };
            let Some(next) = next else { return };
            id = next;
        }
        let event = match act {
            Act::Begin(stage) => Event::Begin(stage),
            Act::Give(word) => Event::Give(word),
            Act::LeaveK0s => Event::Rollback,
            Act::BringBack => Event::BringBack,
            Act::Resume => Event::Resume,
            Act::OpenAttempt => Event::OpenAttempt,
            Act::LeaveOut => Event::LeaveOut,
        };
        let attempt = self.state(world, place).attempt().get();
        if act != Act::OpenAttempt || attempt < self.env.attempts {
            self.push(world, place, id, event, true, out);
        }
    }

    /// Brings a word, of whichever attempt it was given in. The protocol refuses those of another attempt.
    fn hear(&mut self, world: &World, id: u32, from: Node, word: Word) -> Option<u32> {
        Attempt::all().take(self.env.attempts.into()).find_map(|attempt| {
            if !self.emitted(world, from.place(), word, attempt) {
                return None;
            }
            let heard = self.step(id, Event::Heard { from, word, attempt });
            self.replays_refused += u64::from(heard.is_none());
            heard
        })
    }

    /// `accepted`, which bars the way back, and the first word of the next attempt.
    fn hear_what_closes_doors(
        &mut self,
        world: &World,
        place: usize,
        state: &NodeState,
        out: &mut Vec<Next>,
    ) {
        let leader = self.nodes[0];
        let attempt = state.attempt();
        if self.emitted(world, 0, Word::Accepted, attempt) && !state.has_heard(leader, Word::Accepted) {
            let event = Event::Heard { from: leader, word: Word::Accepted, attempt };
            self.push(world, place, world.nodes[place], event, true, out);
        }
        let first = attempt.next().filter(|next| self.emitted(world, 0, Word::Prepared, *next));
        if let Some(next) = first {
            let event = Event::Heard { from: leader, word: Word::Prepared, attempt: next };
            self.push(world, place, world.nodes[place], event, true, out);
        }
    }

    fn hear_everything(&mut self, world: &World, place: usize, out: &mut Vec<Next>) {
        for other in self.places() {
            for word in Word::ALL {
                for attempt in Attempt::all().take(self.env.attempts.into()) {
                    if self.emitted(world, other, *word, attempt) {
                        let event = Event::Heard { from: self.nodes[other], word: *word, attempt };
                        self.push(world, place, world.nodes[place], event, true, out);
                    }
                }
            }
        }
    }

    /// A node's move, when the protocol takes it and it changes something.
    fn push(
        &mut self,
        world: &World,
        place: usize,
        id: u32,
        event: Event<Node>,
        benign: bool,
        out: &mut Vec<Next>,
    ) {
        let Some(to_id) = self.step(id, event) else { return };
        if to_id == world.nodes[place] {
            return;
        }
        let rest = match event {
            _ if self.env.fine => None,
            Event::Begin(stage) if stage != Stage::Start => Some(Event::Done(stage)),
            Event::Rollback => Some(Event::K0sAway),
            Event::BringBack => Some(Event::Mke3Back),
            Event::LeaveOut => Some(Event::LeftOut),
            _ => None,
        };
        let whole = rest.and_then(|rest| self.step(to_id, rest));
        let mut to = *world;
        to.nodes[place] = to_id;
        let via = whole.map(|whole| {
            let half = to;
            to.nodes[place] = whole;
            half
        });
        let before = self.state(world, place);
        if self.state(&to, place).attempt() > before.attempt() {
            to.past[place] |= before.given().iter().fold(0, |bits, word| bits | 1 << bit(*word));
        }
        out.push(Next { to, via, by: Move::Node(place, event), benign });
    }

    pub fn describe(&self, by: Move) -> String {
        let name = |place: usize| self.protocol.site().show(self.nodes[place]).to_string();
        match by {
            Move::Off(place) => format!("{} goes off", name(place)),
            Move::On(place) => format!("{} comes back on", name(place)),
            Move::CatchUp => "the lagging etcd member catches up".to_owned(),
            Move::Node(place, event) => {
                let event = event.named(self.protocol.site()).unwrap();
                format!("{}: {}", name(place), serde_json::to_string(&event).unwrap())
            }
        }
    }
}

fn bit(word: Word) -> usize {
    Word::ALL.iter().position(|other| *other == word).unwrap()
}

/// `m1` leads, `m2`… are the other managers, `w1`… the workers.
pub fn site(managers: usize, workers: usize) -> Site {
    let manager = |n| (format!("m{n}").parse().unwrap(), if n == 1 { Role::Leader } else { Role::Manager });
    let worker = |n| (format!("w{n}").parse().unwrap(), Role::Worker);
    Site::new((1..=managers).map(manager).chain((1..=workers).map(worker)).collect()).unwrap()
}

/// Whether the node knows that the site is accepted.
pub fn accepted(state: &NodeState, leader: Node) -> bool {
    state.given().contains(&Word::Accepted) || state.has_heard(leader, Word::Accepted)
}

/// Whether the operator has said that on the node.
pub fn told(state: &NodeState, say: Say) -> bool {
    state.was_told(say)
}

/// Whether the host is named in any way that lets the site go forward without it.
pub fn without(state: &NodeState, host: Node) -> bool {
    [Naming::LeftBehind, Naming::Without].iter().any(|naming| state.named().contains(&(host, *naming)))
}

//! What the verbs share that work on this node: its set, its lock, its journal, and the engine over them.

use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use airlift_bundle::Error;
use airlift_bundle::archive::Bundle;
use airlift_bundle::digest::Sha256;
use airlift_bundle::files::read_limited;
use airlift_bundle::gate::word::Say;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::Blob;
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{Content, NodeIdentity, Plan, ScriptFile, SecretName};
use airlift_bundle::set::SignedSet;
use nix::ifaddrs::getifaddrs;
use nix::sys::utsname::uname;
use nix::unistd::Uid;

use super::keys::trust;
use super::run::{Ending, Failure};
use super::status::standing;
use crate::args::{Keys, OnNode, Words};
use crate::disk::{Disk as _, Kind, Lock, RealDisk, ensure_dir};
use crate::event::Event;
use crate::exit::Exit;
use crate::gate::heard::{Brought, Sorted};
use crate::gate::{Roster, Terminal, sentence};
use crate::journal::{Accepted, Journal, JournalError, State};
use crate::machine::RealMachine;
use crate::output::Output;
use crate::refusal::{Refusal, Refusals};
use crate::run::{
    Admission, Engine, Home, Incoming, Loaded, Orders, Outcome, Progress, Watcher, admit, load, mend_set,
    stage_set,
};
use crate::sealed::Secret;
use crate::step::{Contents, Fault, Workshop};
use crate::trust_store;

/// The file system of the node and the executor's place in it.
pub(super) struct Node {
    pub(super) disk: RealDisk,
    pub(super) home: Home,
    /// Whom this machine trusts.
    trust: PathBuf,
}

/// A verified set, and the bundle in it that is for this machine.
pub(super) struct FoundSet {
    set: SignedSet,
    set_json: Vec<u8>,
    plan_json: Vec<u8>,
    plan: Plan,
    bytes: Vec<u8>,
    pub(super) bundle: Bundle,
}

impl Node {
    pub(super) fn open(args: &OnNode) -> Result<Self, Failure> {
        let disk = RealDisk::below(&args.root).map_err(failed)?;
        let trust = args.root.join(trust_store::DEFAULT_PATH.trim_start_matches('/'));
        let home = Home::at(Path::new(Home::PATH));
        if disk.stat(home.path()).map_err(failed)?.is_some_and(|stat| stat.kind == Kind::Link) {
            return Err(Refusal::linked_state(home.path()).into());
        }
        Ok(Self { disk, home, trust })
    }

    /// The journal, if there is one. Where it is gone or empty and what it speaks of is there, nobody knows the way back
    /// any more, and what it needs must not be tidied away.
    pub(super) fn journal(&self) -> Result<Option<Journal<'_>>, Failure> {
        let journal = Journal::open(&self.disk, &self.home.journal()).map_err(|error| match error {
            JournalError::Disk(error) => failed(error).into(),
            error => Failure::Ended(stuck(&error)),
        })?;
        if journal.as_ref().is_none_or(|journal| journal.records() == 0)
            && let Some(left) = self.home.left_by_work(&self.disk).map_err(failed)?
        {
            return Err(Failure::Ended(without_journal(&self.home, &left)));
        }
        Ok(journal)
    }

    /// Whether anything was ever kept here.
    fn is_there(&self) -> Result<bool, Failure> {
        Ok(self.disk.stat(self.home.path()).map_err(failed)?.is_some())
    }

    /// Keeps other executors out. `status` takes the lock for a moment, so that one look is not enough.
    fn lock(&self) -> Result<Lock, Failure> {
        for _ in 0..20 {
            if let Some(lock) = self.disk.lock(self.home.path()).map_err(failed)? {
                return Ok(lock);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Refusal::at_work(self.home.path()).into())
    }

    /// Whether an executor is at work.
    pub(super) fn is_at_work(&self) -> Result<bool, Failure> {
        Ok(self.is_there()? && self.disk.is_locked(self.home.path()).map_err(failed)?)
    }

    /// What lies in the state directory is believed, so nobody else may have put it there.
    pub(super) fn must_be_own(&self) -> Result<(), Failure> {
        let path = self.home.path();
        let Some(stat) = self.disk.stat(path).map_err(failed)? else { return Ok(()) };
        let why = if stat.kind != Kind::Dir {
            "it is no directory"
        } else if stat.owner.user != 0 && stat.owner.user != Uid::effective().as_raw() {
            "it belongs to another user"
        } else if stat.mode & 0o022 != 0 {
            "its group or others may write there"
        } else {
            return Ok(());
        };
        Err(Refusal::exposed_state(path, why).into())
    }

    /// The machine, with nothing of an earlier run at work on it.
    fn quiet_machine(&self, machine: RealMachine) -> Result<RealMachine, Failure> {
        let journal = self.disk.open_to_lock(&self.home.journal()).map_err(failed)?;
        let Some(journal) = journal else { return Ok(machine) };
        machine.guarded_by(journal).map_err(|_| Refusal::scripts_at_work().into())
    }
}

fn failed(error: impl Into<Fault>) -> Refusals {
    Refusal::failed(&error.into()).into()
}

fn stuck(error: &JournalError) -> Outcome {
    Outcome::Stuck {
        cause: error.to_string(),
        hint: "copy the state directory away and ask for help; nothing was changed".to_owned(),
    }
}

fn without_journal(home: &Home, left: &Path) -> Outcome {
    let (journal, state) = (home.journal().display().to_string(), home.path().display());
    let otherwise = if left.starts_with(home.receipts()) {
        format!("or where nothing of Airlift is under way on this node: move {state}/receipts away")
    } else {
        format!(
            "without it nothing here knows the way back: take the node back by hand, from {state}/old, {state}/copies \
             and .airlift-STEP.old beside what was replaced; then move all of that away, and leave age.key"
        )
    };
    Outcome::Stuck {
        cause: format!(
            "find out where this node stands: {journal} is gone or empty, and {} is there",
            left.display()
        ),
        hint: format!("put {journal} back; {otherwise}"),
    }
}

/// Opens a blob of a set.
type OpenBlob<'a> = dyn Fn(&Blob) -> io::Result<Box<dyn Read>> + 'a;

/// Verifies the set in `root` and finds the bundle of this machine in it.
pub(super) fn find_set(node: &Node, root: &Path, keys: &Keys, output: &Output) -> Result<FoundSet, Failure> {
    let own = node.trust.as_path();
    let is_own = |file: &Path| matches!((file.canonicalize(), own.canonicalize()), (Ok(a), Ok(b)) if a == b);
    let flag = match keys {
        Keys { public_key: Some(_), .. } => Some("--public-key"),
        Keys { trust: Some(file), .. } if !is_own(file) => Some("--trust"),
        _ => None,
    };
    if let Some(flag) = flag
        && own.symlink_metadata().is_ok()
    {
        return Err(Refusal::trust_is_there(flag, own).into());
    }
    let trust = trust(keys, own, root, output)?;
    let set = SignedSet::open(root, &trust)?;
    let node = find_node(&set)?;
    let verified = set.bundle(&node)?;
    let bytes = verified.as_bytes().to_vec();
    let bundle = verified.parse()?.into_bundle();
    must_be_this_machine(&bundle.manifest().plan.node)?;
    let plan_json = read_limited(&root.join(Plan::FILE), Limits::FORMAT_1.document)?;
    if Sha256::of(&plan_json) != set.index().plan_id.digest() {
        return Err(Error::Altered { path: Plan::FILE.to_owned(), by: "set.json" }.into());
    }
    let (plan, _) = Plan::parse(&plan_json)?;
    Ok(FoundSet { set_json: set.index().to_json()?, set, plan_json, plan, bytes, bundle })
}

fn hostname() -> Result<String, Refusal> {
    let names = uname().map_err(|errno| Refusal::failed(&format!("read the host name: {errno}")))?;
    Ok(names.nodename().to_string_lossy().to_lowercase())
}

/// The node of the set that has this machine's name; a short name stands for a long one that begins with it.
fn find_node(set: &SignedSet) -> Result<NodeName, Refusal> {
    let hostname = hostname()?;
    let nodes: Vec<NodeName> = set.index().files.iter().filter_map(|file| file.path.bundle_node()).collect();
    if let Some(exact) = nodes.iter().find(|node| node.as_str() == hostname) {
        return Ok(exact.clone());
    }
    let begins = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
    let near: Vec<&NodeName> = nodes
        .iter()
        .filter(|node| begins(node.as_str(), &hostname) || begins(&hostname, node.as_str()))
        .collect();
    match near.as_slice() {
        [one] => Ok((*one).clone()),
        _ => {
            let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
            Err(Refusal::other_node(format!(
                "it is called {hostname}, and the set is for {}",
                names.join(", ")
            )))
        }
    }
}

fn must_be_this_machine(node: &NodeIdentity) -> Result<(), Refusal> {
    let held: Vec<IpAddr> = getifaddrs()
        .map_err(|errno| Refusal::failed(&format!("read the addresses: {errno}")))?
        .filter_map(|entry| {
            let address = entry.address?;
            let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
        })
        .collect();
    let missing: Vec<String> =
        node.addresses.iter().filter(|address| !held.contains(address)).map(ToString::to_string).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal::other_node(format!(
        "{} should hold {}, and this machine doesn't",
        node.name,
        missing.join(", ")
    )))
}

impl FoundSet {
    fn accepted(&self) -> Accepted {
        let manifest = self.bundle.manifest();
        Accepted {
            site: manifest.site.clone(),
            serial: manifest.serial,
            plan_id: manifest.plan_id,
            set: Sha256::of(&self.set_json),
            bundle: Sha256::of(&self.bytes),
            node: manifest.plan.node.name.clone(),
            role: manifest.plan.node.role,
            nodes: Roster::of(&self.plan),
        }
    }

    /// The bundle where it lies.
    pub(super) fn on_medium<'a>(&self, node: &'a Node) -> Loaded<'a> {
        let set = self.set.clone();
        let open = move |sha256| Ok(Box::new(set.blob(sha256).map_err(io::Error::other)?) as Box<dyn Read>);
        Loaded::on_medium(&node.disk, &node.home, self.bundle.clone(), Box::new(open))
    }

    fn incoming<'a>(&'a self, open_blob: &'a OpenBlob<'a>) -> Incoming<'a> {
        let manifest = self.bundle.manifest();
        Incoming {
            accepted: self.accepted(),
            plan: &manifest.plan,
            set_json: &self.set_json,
            plan_json: &self.plan_json,
            bundle: &self.bytes,
            blobs: &manifest.blobs,
            open_blob,
        }
    }

    /// Asks whether a node in this state would take the set.
    pub(super) fn must_be_admitted(&self, node: &Node, state: &State) -> Result<(), Failure> {
        let current = load(&node.disk, &node.home, state);
        let current = current.as_ref().ok().and_then(Option::as_ref).map(Loaded::plan);
        let unread = |_: &Blob| -> io::Result<Box<dyn Read>> { Err(io::ErrorKind::Unsupported.into()) };
        let admitted = admit(state, current, &node.home, &self.incoming(&unread));
        admitted.map(drop).map_err(|refused| Refusal::not_admitted(&refused).into())
    }

    /// Asks whether the node takes the set, and copies it where it is new.
    fn take<'n>(
        &self,
        node: &'n Node,
        journal: Option<Journal<'n>>,
        machine: &RealMachine,
    ) -> Result<Journal<'n>, Failure> {
        let state = journal.as_ref().map(|journal| journal.state().clone()).unwrap_or_default();
        let current = load(&node.disk, &node.home, &state);
        let current = current.as_ref().ok().and_then(Option::as_ref).map(Loaded::plan);
        let open_blob = |blob: &Blob| -> io::Result<Box<dyn Read>> {
            Ok(Box::new(self.set.blob(blob.sha256).map_err(io::Error::other)?))
        };
        let incoming = self.incoming(&open_blob);
        match (admit(&state, current, &node.home, &incoming), journal) {
            (Ok(Admission::Known), Some(journal)) => {
                mend_set(&node.disk, &node.home, &state, &incoming, machine).map_err(failed)?;
                Ok(journal)
            }
            (Ok(_), journal) => {
                Ok(stage_set(&node.disk, &node.home, journal, &incoming, machine).map_err(failed)?)
            }
            (Err(refused), _) => Err(Refusal::not_admitted(&refused).into()),
        }
    }
}

/// Shows progress as it comes. What can't be shown doesn't stop the node's work.
pub(super) struct Shown<'a>(pub(super) &'a Output);

impl Watcher for Shown<'_> {
    fn see(&mut self, progress: Progress) {
        let _ = self.0.result(&Event::Progress(progress));
    }
}

/// What a verb brings to the engine.
#[derive(Default)]
pub(super) struct Brings<'a> {
    /// A set, if one is given.
    pub(super) set: Option<&'a FoundSet>,
    /// Words of others and of the operator.
    pub(super) words: Words,
    /// What is said of hosts.
    pub(super) orders: Orders,
    /// The operator's words that the verb may ask for.
    pub(super) says: &'static [Say],
    /// Whether the way back is ordered.
    pub(super) goes_back: bool,
    /// Whether a word that is refused decides how the run ends.
    pub(super) only_words: bool,
}

/// The words of others in files and on the command line. A code that can't be one is refused before anything is done.
fn brought(words: &Words) -> Result<Brought, Refusals> {
    let mut brought = Brought::default();
    let mut wrong = Vec::new();
    for typed in words.code.chunks(3) {
        let [host, word, code] = typed else { continue };
        if let Err(error) = brought.type_in(host, word, code) {
            wrong.push(Refusal::from(&error));
        }
    }
    if !wrong.is_empty() {
        return Err(Refusals(wrong));
    }
    brought.look_in(&words.receipts);
    Ok(brought)
}

/// Refuses a sentence that nothing asks for.
fn check_sentences(brings: &Brings<'_>, state: &State) -> Result<(), Refusals> {
    let accepted = brings.set.map(FoundSet::accepted).or_else(|| state.set.clone());
    let Some(Accepted { site, node, .. }) = accepted else { return Ok(()) };
    let known = sentence::all(&site, &node, brings.says, &brings.orders);
    let unknown = brings.words.say.iter().filter(|said| known.iter().all(|known| known != said.trim()));
    let wrong: Vec<Refusal> = unknown.map(|said| Refusal::other_sentence(said, &known)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Refusals(wrong)) }
}

/// Shows what was not taken of the words that were brought; whether some were refused.
fn show_sorted(sorted: &Sorted, output: &Output) -> bool {
    // the others were taken already, and the work goes on
    let note = |event: &Event| drop(output.note(event));
    for (what, why) in &sorted.skipped {
        note(&Event::PassedOver { what: what.clone(), why: why.clone() });
    }
    for error in &sorted.refused {
        note(&Event::Problem(Refusal::from(error)));
    }
    for (what, why) in &sorted.unfit {
        note(&Event::Problem(Refusal::unfit_word(what, why)));
    }
    !sorted.refused.is_empty() || !sorted.unfit.is_empty()
}

/// The machine, telling `output` what takes long.
pub(super) fn machine(output: &Output) -> Result<RealMachine, Failure> {
    let output = output.clone();
    let machine = RealMachine::new().map_err(failed)?;
    Ok(machine.with_pace(move |pace| {
        let _ = output.result(&Event::Progress(Progress::UnderWay(pace)));
    }))
}

/// Runs the engine on this node, under its lock.
pub(super) fn run_engine(
    node: &Node,
    brings: Brings<'_>,
    output: &Output,
    work: impl FnOnce(&mut Engine<'_>) -> Outcome,
) -> Ending {
    let brought = brought(&brings.words)?;
    let set = brings.set;
    let machine = machine(output)?;
    if !node.is_there()? {
        if set.is_none() {
            return Err(Refusal::no_set().into());
        }
        ensure_dir(&node.disk, node.home.path(), 0o700).map_err(failed)?;
    }
    let _lock = node.lock()?;
    node.must_be_own()?;
    // before anything is read of what a script may still be changing
    let machine = node.quiet_machine(machine)?;
    let mut journal = node.journal()?;
    let before = journal.as_ref().map(|journal| journal.state().clone()).unwrap_or_default();
    check_sentences(&brings, &before)?;
    if let Some(set) = set {
        journal = Some(set.take(node, journal, &machine)?);
    }
    let Some(journal) = journal else { return Err(Refusal::no_set().into()) };
    // the first set brings the journal along that scripts hold their lock on
    let machine = node.quiet_machine(machine)?;
    let loaded = load(&node.disk, &node.home, journal.state());
    let loaded = loaded.map_err(|fault| Refusal::staging_damaged(&fault))?;
    let contents: &dyn Contents = match &loaded {
        Some(loaded) => loaded,
        None => &NoSet,
    };
    let shop = Workshop { disk: &node.disk, machine: &machine, contents, keep: node.home.keep() };
    let mut operator = Terminal::of_process(brings.words.say, output.is_text(), &machine);
    if !brings.words.receipts.is_empty() {
        operator = operator.with_receipts();
    }
    let mut watcher = Shown(output);
    let papers = loaded.as_ref().and_then(Loaded::papers);
    let mut engine = Engine::new(shop, &node.home, journal, papers, &mut operator, &mut watcher);
    if brings.goes_back {
        engine = engine.bound_back();
    }
    let refused = match engine.hear(brought) {
        Ok(sorted) => show_sorted(&sorted, output),
        Err(outcome) => return Err(Failure::Ended(outcome)),
    };
    let mut outcome = engine.order(&brings.orders).unwrap_or_else(|| work(&mut engine));
    let (said, hint) = standing(engine.journal().state());
    if let Outcome::CutShort { then } = &mut outcome {
        *then = hint;
    } else if engine.journal().state().is_pending() {
        node.home.post(&node.disk, &said, &hint);
    }
    // the exit code speaks of the node, also where the words for it can't be written
    let _ = output.ended(&outcome);
    Ok(if refused && brings.only_words { Exit::Refused } else { outcome.exit() })
}

/// For a node that needs nothing of a set any more.
pub(super) struct NoSet;

impl NoSet {
    fn nothing<T>() -> Result<T, Fault> {
        Err(Fault::said("find the set that this node works with"))
    }
}

impl Contents for NoSet {
    fn open<'a>(&'a self, _: &Content) -> Result<Box<dyn Read + 'a>, Fault> {
        Self::nothing()
    }

    fn size(&self, _: &Content) -> Result<u64, Fault> {
        Self::nothing()
    }

    fn script(&self, _: &ScriptFile) -> Result<&[u8], Fault> {
        Self::nothing()
    }

    fn secret(&self, _: &SecretName) -> Result<Secret, Fault> {
        Self::nothing()
    }
}

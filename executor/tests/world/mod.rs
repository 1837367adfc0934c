//! A node of the model disk, a plan with every kind of step, and a machine whose scripts are small lists of changes,
//! made through the same seam, so that a stop can come between any two of them.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Position;
use airlift_bundle::gate::word::{Attempt, Look, Say};
use airlift_bundle::manifest::{Blob, Contents as Files};
use airlift_bundle::plan::{
    Action, Completion, Content, PlannedLook, Script, ScriptFile, ScriptUndo, Seconds, SecretName, Step,
};
use airlift_bundle::value::{Account, Mode};
use airlift_node::disk::{Disk, DiskError, Kind, Owner, Time, Times, ensure_dir, read_all, remove_file};
use airlift_node::gate::heard::Brought;
use airlift_node::gate::{Operator, Said, sentence};
use airlift_node::journal::{At, Journal};
use airlift_node::run::{
    Admission, Engine, Home, Incoming, Orders, Outcome, Progress, Watcher, admit, load, stage_set,
};
use airlift_node::sealed::Secret;
use airlift_node::step::{Contents, End, Fault, Interrupt, Job, Machine, Ran, Workshop};

use crate::model::Model;

pub mod site;
pub use site::{Draft, Site, sites};

pub const STATE: &str = "/var/lib/airlift";

/// A script of the plan: name, and what do, probe and undo are.
pub fn script(id: &str, completion: Completion, files: &mut Files, texts: [&str; 3]) -> Action {
    let mut file = |name: &str, text: &str| {
        let entry = format!("steps/{id}/{name}.sh");
        files.add(entry.parse().unwrap(), Mode::PROGRAM, text.as_bytes().to_vec()).unwrap();
        ScriptFile { entry: entry.parse().unwrap(), sha256: Sha256::of(text.as_bytes()) }
    };
    let [r#do, probe, undo] = texts;
    Action::Script(Script {
        r#do: file("do", r#do),
        probe: file("probe", probe),
        undo: ScriptUndo::Exact(file("undo", undo)),
        completion,
        seconds: Seconds::new(60).unwrap(),
        variables: vec![],
    })
}

pub fn step(id: &str, action: Action) -> Step {
    Step { id: id.parse().unwrap(), title: "a step".parse().unwrap(), action, holds_until: None }
}

pub fn place(id: &str, target: &str, content: Content, mode: Mode) -> Step {
    let action = Action::Place {
        target: target.parse().unwrap(),
        content,
        owner: "etcd".parse().unwrap(),
        group: Account::root(),
        mode,
        label: (id == "config").then(|| "system_u:object_r:etc_t:s0".parse().unwrap()),
    };
    step(id, action)
}

pub fn aside(id: &str, path: &str) -> Step {
    let action =
        Action::SetAside { path: path.parse().unwrap(), aside: format!("{path}.mke3").parse().unwrap() };
    step(id, action)
}

/// The file without which k0s does not start: a reboot takes it away.
pub const GO: &str = "/run/airlift/go";

pub const BLOB: &[u8] = b"a large payload, in this world a small one";

impl Site {
    /// The leader of a site with one worker, whose plan has every kind of step.
    pub fn new() -> Self {
        sites(draft(1, 1)).swap_remove(0)
    }

    /// A set of one node.
    pub fn with(serial: u64, files: Files, stages: Vec<(Stage, Vec<Step>)>, blobs: Vec<Blob>) -> Self {
        sites(Draft { serial, managers: 1, workers: 0, files, stages, blobs, codes: false, speaks: true })
            .swap_remove(0)
    }
}

/// A set whose nodes have every kind of step.
pub fn draft(managers: usize, workers: usize) -> Draft {
    let mut files = Files::new();
    let mut text = |name: &str, text: &str| {
        files.add(name.parse().unwrap(), Mode::PLAIN, text.as_bytes().to_vec()).unwrap();
        Content::File { entry: name.parse().unwrap(), sha256: Sha256::of(text.as_bytes()) }
    };
    let [fresh, changed, later, same, go] = [
        text("k0s/k0s.yaml", "kind: ClusterConfig\n"),
        text("hosts.toml", "server = \"registry\"\n"),
        text("hosts-later.toml", "server = \"k0s\"\n"),
        text("same", "as it was\n"),
        text("go", "k0s may run\n"),
    ];
    let blob = Blob { sha256: Sha256::of(BLOB), size: BLOB.len() as u64, name: "k0s".parse().unwrap() };
    let k0s = Content::Blob { name: blob.name.clone(), sha256: blob.sha256 };
    let careful = script(
        "engine",
        Completion::Evidence,
        &mut files,
        [
            "save /etc/docker/daemon.json\nwrite /etc/docker/daemon.json stopped\nwrite /etc/marker none\nevidence\n",
            "is /etc/docker/daemon.json stopped\nis /etc/marker none\n",
            "remove /etc/marker\nrestore /etc/docker/daemon.json\n",
        ],
    );
    let atomic = script(
        "marker",
        Completion::Atomic,
        &mut files,
        ["write /etc/owner k0s\n", "is /etc/owner k0s\n", "remove /etc/owner\n"],
    );
    let copy = Action::Copy { from: "/var/lib/mke".parse().unwrap(), name: "state/mke".parse().unwrap() };
    let stages = vec![
        (
            Stage::Prepare,
            vec![
                place("config", "/etc/k0s/conf.d/k0s.yaml", fresh, Mode::PRIVATE),
                place("beside", "/etc/k0s/same.toml", changed.clone(), Mode::PLAIN),
                place("registry", "/etc/docker/hosts.toml", changed, Mode::PLAIN),
                place("same", "/etc/same", same, Mode::PLAIN),
                place("binary", "/usr/local/bin/k0s", k0s, Mode::PROGRAM),
            ],
        ),
        (Stage::Freeze, vec![step("keys", copy), step("engine", careful)]),
        (
            Stage::Stop,
            vec![
                aside("kubelet", "/var/lib/kubelet"),
                aside("nothing", "/var/lib/nothing"),
                step("reboot", Action::Reboot {}),
                place("again", "/etc/docker/hosts.toml", later.clone(), Mode::PRIVATE),
            ],
        ),
        (
            Stage::Start,
            vec![
                place("link", "/etc/resolv.conf", later, Mode::PLAIN),
                place("go", GO, go, Mode::PLAIN),
                step("marker", atomic),
            ],
        ),
        (Stage::Adopt, vec![aside("tokens", "/etc/docker/also.toml")]),
        (Stage::Commit, vec![aside("old", "/var/lib/mke")]),
    ];
    Draft { serial: 7, managers, workers, files, stages, blobs: vec![blob], codes: false, speaks: true }
}

fn owned(user: u32, group: u32) -> Owner {
    Owner { user, group }
}

/// The node before the migration.
pub fn node() -> Model {
    let disk = Model::new();
    let dir = |path: &str| ensure_dir(&disk, Path::new(path), 0o755).unwrap();
    let file = |path: &str, text: &[u8], owner, mode| {
        let path = Path::new(path);
        disk.create(path).unwrap();
        disk.write_at(path, 0, text).unwrap();
        disk.set_owner(path, owner).unwrap();
        disk.set_mode(path, mode).unwrap();
        let time = Time { seconds: 77, nanoseconds: 5 };
        disk.set_times(path, Times { access: time, change: time }).unwrap();
    };
    for path in ["/etc/docker", "/usr/local/bin", "/var/lib/mke/member/snap", "/var/lib/kubelet/pods"] {
        dir(path);
    }
    file("/etc/passwd", b"root:x:0:0::/:/bin/sh\netcd:x:120:130::/:/bin/false\n", Owner::ROOT, 0o644);
    file("/etc/group", b"root:x:0:\n", Owner::ROOT, 0o644);
    file("/etc/docker/hosts.toml", b"server = \"old\"\n", owned(5, 6), 0o640);
    disk.set_xattr(Path::new("/etc/docker/hosts.toml"), "user.note".as_ref(), b"mine").unwrap();
    disk.hard_link(Path::new("/etc/docker/hosts.toml"), Path::new("/etc/docker/also.toml")).unwrap();
    file("/etc/docker/daemon.json", b"running", owned(0, 0), 0o600);
    file("/etc/same", b"as it was\n", owned(120, 0), 0o644);
    dir("/run");
    disk.make_link(Path::new("../run/resolv.conf"), Path::new("/etc/resolv.conf")).unwrap();
    file("/var/lib/mke/member/snap/db", b"pages", owned(8, 8), 0o600);
    disk.hard_link(Path::new("/var/lib/mke/member/snap/db"), Path::new("/var/lib/mke/db")).unwrap();
    disk.make_link(Path::new("member"), Path::new("/var/lib/mke/current")).unwrap();
    disk.set_xattr(Path::new("/var/lib/mke/member"), "user.x".as_ref(), b"y").unwrap();
    file("/var/lib/kubelet/pods/one", b"pod", Owner::ROOT, 0o600);
    disk.settle();
    disk
}

/// The machine around a model disk.
pub struct Bench<'a> {
    pub disk: &'a Model,
    pub rebooted: Cell<bool>,
    pub interrupt: Cell<Option<Interrupt>>,
    /// Looks that find it not so.
    pub unseen: Vec<Look>,
    /// How far what takes long has come.
    pub passed: RefCell<Vec<(String, u64, u64)>>,
}

impl<'a> Bench<'a> {
    pub fn new(disk: &'a Model) -> Self {
        Self {
            disk,
            rebooted: Cell::new(false),
            interrupt: Cell::new(None),
            unseen: vec![],
            passed: RefCell::default(),
        }
    }

    /// Copies a file for later, whole or not at all, as a careful script does.
    fn save(&self, from: &Path, keep: &Path) -> Result<(), DiskError> {
        if self.disk.stat(keep)?.is_some() {
            return Ok(());
        }
        let part = keep.with_added_extension("part");
        remove_file(self.disk, &part)?;
        airlift_node::disk::copy_tree(self.disk, from, &part, &|_| Ok::<_, DiskError>(()))?;
        self.disk.rename(&part, keep)?;
        self.disk.sync_dir(keep.parent().unwrap())
    }

    fn restore(&self, to: &Path, keep: &Path) -> Result<(), DiskError> {
        if self.disk.stat(keep)?.is_none() {
            return Ok(());
        }
        let part = to.with_added_extension("part");
        remove_file(self.disk, &part)?;
        airlift_node::disk::copy_tree(self.disk, keep, &part, &|_| Ok::<_, DiskError>(()))?;
        self.disk.rename(&part, to)
    }

    /// Writes in place, as scripts do: a stop can come after any part of it.
    fn write(&self, path: &Path, text: &str) -> Result<(), DiskError> {
        if self.disk.stat(path)?.is_none() {
            self.disk.create(path)?;
        }
        self.disk.set_size(path, 0)?;
        self.disk.write_at(path, 0, text.as_bytes())
    }

    fn line(&self, line: &str, job: &Job<'_>) -> Result<bool, DiskError> {
        let own = |name: &str| {
            let found = job.variables.iter().find(|(known, _)| known == name);
            PathBuf::from(&found.unwrap().1)
        };
        let keep = own("AIRLIFT_KEEP").join("saved");
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["save", path] => self.save(Path::new(path), &keep)?,
            ["restore", path] => self.restore(Path::new(path), &keep)?,
            ["write", path, text] => self.write(Path::new(path), text)?,
            ["remove", path] => remove_file(self.disk, Path::new(path))?,
            ["evidence"] => self.write(&own("AIRLIFT_EVIDENCE"), "done")?,
            ["is", path, text] => {
                let path = Path::new(path);
                return Ok(
                    self.disk.stat(path)?.is_some() && read_all(self.disk, path, 100)? == text.as_bytes()
                );
            }
            _ => panic!("no such line: {line}"),
        }
        Ok(true)
    }
}

impl Machine for Bench<'_> {
    fn boot_id(&self) -> Result<String, Fault> {
        Ok(self.disk.boot.get().to_string())
    }

    fn now(&self) -> u64 {
        1
    }

    fn reboot(&self) -> Result<(), Fault> {
        self.rebooted.set(true);
        Ok(())
    }

    fn run(&self, job: &Job<'_>) -> Result<Ran, Fault> {
        let text = std::str::from_utf8(job.text).unwrap();
        if job.phase == "look" {
            let seen = self.unseen.iter().all(|look| look.as_str() != job.step.as_str());
            let code = if seen { PlannedLook::SEEN } else { PlannedLook::NOT_SEEN };
            return Ok(Ran { end: End::Code(code), output: b"m2 answers".to_vec() });
        }
        let mut code = if job.phase == "probe" { Script::PROBE_IN_EFFECT } else { 0 };
        for line in text.lines() {
            match self.line(line, job) {
                Ok(true) => {}
                Ok(false) => code = Script::PROBE_NOT_IN_EFFECT,
                Err(_) => {
                    code = 1;
                    break;
                }
            }
        }
        Ok(Ran { end: End::Code(code), output: vec![] })
    }

    fn interrupt(&self) -> Option<Interrupt> {
        self.interrupt.take()
    }

    fn passed(&self, what: &str, bytes: u64, of: u64) {
        self.passed.borrow_mut().push((what.to_owned(), bytes, of));
    }
}

pub struct Quiet;

impl Watcher for Quiet {
    fn see(&mut self, _: Progress) {}
}

/// What an operator types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Apply,
    Rollback,
}

/// What one run gives: its outcome, or why it did not even begin.
pub type Run = Result<Outcome, String>;

/// Runs one command on the node, as the process would.
pub fn run(disk: &Model, site: &Site, until: Stage, typed: Typed) -> Run {
    run_on(&Bench::new(disk), site, until, typed)
}

/// The same, the words of all others being at hand and the operator saying what is asked; a node that is back enters
/// the next attempt.
pub fn run_on(bench: &Bench<'_>, site: &Site, until: Stage, typed: Typed) -> Run {
    let mut operator = Said(sentences(site, &Orders::default()));
    // those of the attempt that the node is in
    let journal = Journal::open(bench.disk, &Home::at(Path::new(STATE)).journal());
    let attempt =
        journal.ok().flatten().and_then(|journal| Some(journal.state().gate.as_ref()?.state().attempt()));
    let mut found = site.others.clone();
    found.retain(|found| found.attempt == attempt.unwrap_or(Attempt::FIRST));
    let brought = Brought { found, ..Brought::default() };
    type_in(bench, site, &mut operator, brought, typed == Typed::Apply, |engine| match typed {
        Typed::Rollback => engine.rollback(),
        Typed::Apply => {
            if engine.journal().state().position() == Some(Position::Returned)
                && engine.journal().state().set.is_some()
                && let Some(outcome) = engine.next_attempt()
            {
                return outcome;
            }
            match engine.apply(until.min(Stage::Settle)) {
                Outcome::Done(_) | Outcome::NothingToDo if until == Stage::Commit => engine.commit(),
                outcome => outcome,
            }
        }
    })
}

/// Everything that an operator of this node may be asked to say.
pub fn sentences(site: &Site, orders: &Orders) -> Vec<String> {
    sentence::all(&site.accepted.site, &site.accepted.node, Say::ALL, orders)
}

/// What the medium holds.
pub fn medium<R>(site: &Site, with: impl FnOnce(&Incoming<'_>) -> R) -> R {
    let open_blob = |_: &Blob| -> io::Result<Box<dyn Read>> { Ok(Box::new(BLOB)) };
    with(&Incoming {
        accepted: site.accepted.clone(),
        plan: &site.manifest.plan,
        set_json: b"set.json",
        plan_json: &site.plan_json,
        bundle: &site.bundle,
        blobs: &site.manifest.blobs,
        open_blob: &open_blob,
    })
}

/// A command with a set, where the node has none.
pub fn type_in(
    bench: &Bench<'_>,
    site: &Site,
    operator: &mut dyn Operator,
    brought: Brought,
    with_set: bool,
    work: impl FnOnce(&mut Engine<'_>) -> Outcome,
) -> Run {
    let disk = bench.disk;
    let home = Home::at(Path::new(STATE));
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut journal = Journal::open(disk, &home.journal()).map_err(|error| text(&error))?;
    let state = journal.as_ref().map(|journal| journal.state().clone()).unwrap_or_default();
    let mut loaded = load(disk, &home, &state).map_err(|error| text(&error))?;
    let is_free = matches!(state.at, At::Empty | At::Rest) && state.set.is_none();
    let is_other = matches!(state.at, At::Rest | At::Forward | At::Doing)
        && state.set.as_ref().is_some_and(|set| set.serial < site.accepted.serial);
    if with_set && (is_free || is_other) {
        let current = loaded.as_ref().map(|loaded| loaded.plan());
        journal = Some(medium(site, |incoming| match admit(&state, current, &home, incoming) {
            Ok(Admission::New) => {
                stage_set(disk, &home, journal, incoming, bench).map_err(|error| text(&error))
            }
            other => Err(format!("{other:?}")),
        })?);
        let state = journal.as_ref().unwrap().state().clone();
        loaded = load(disk, &home, &state).map_err(|error| text(&error))?;
    }
    let Some(journal) = journal else {
        home.purge(disk).map_err(|error| text(&error))?;
        return Ok(Outcome::NothingToDo);
    };
    let opened = loaded.as_ref().map(|loaded| Opened { inner: loaded, secrets: &site.secrets });
    let contents: &dyn Contents = match &opened {
        Some(opened) => opened,
        None => &Nothing,
    };
    let shop = Workshop { disk, machine: bench, contents, keep: home.keep() };
    let mut watcher = Quiet;
    let papers = loaded.as_ref().and_then(|loaded| loaded.papers());
    let mut engine = Engine::new(shop, &home, journal, papers, operator, &mut watcher);
    // a node that works with no set hears nobody
    if engine.journal().state().set.is_some() && papers.is_some() {
        match engine.hear(brought) {
            // words of other attempts are at hand too
            Ok(sorted) if sorted.refused.is_empty() => {}
            Ok(sorted) => return Err(format!("{sorted:?}")),
            Err(outcome) => return Ok(outcome),
        }
    }
    Ok(work(&mut engine))
}

/// A bundle whose sealed files are open.
pub struct Opened<'a> {
    pub inner: &'a dyn Contents,
    pub secrets: &'a BTreeMap<String, Vec<u8>>,
}

impl Contents for Opened<'_> {
    fn open<'a>(&'a self, content: &Content) -> Result<Box<dyn Read + 'a>, Fault> {
        match content {
            Content::Secret(name) => Ok(Box::new(io::Cursor::new(self.secret(name)?.expose().to_vec()))),
            other => self.inner.open(other),
        }
    }

    fn size(&self, content: &Content) -> Result<u64, Fault> {
        match content {
            Content::Secret(name) => Ok(self.secret(name)?.expose().len() as u64),
            other => self.inner.size(other),
        }
    }

    fn script(&self, file: &ScriptFile) -> Result<&[u8], Fault> {
        self.inner.script(file)
    }

    fn secret(&self, name: &SecretName) -> Result<Secret, Fault> {
        let found = self.secrets.get(name.as_str()).cloned();
        found.map(Secret::new).ok_or_else(|| Fault::said(format!("open {name}")))
    }
}

/// For a node that works with no set.
pub struct Nothing;

impl Contents for Nothing {
    fn open<'a>(&'a self, _: &Content) -> Result<Box<dyn Read + 'a>, Fault> {
        Err(Fault::said("open anything"))
    }

    fn size(&self, _: &Content) -> Result<u64, Fault> {
        Err(Fault::said("open anything"))
    }

    fn script(&self, _: &ScriptFile) -> Result<&[u8], Fault> {
        Err(Fault::said("open anything"))
    }

    fn secret(&self, _: &SecretName) -> Result<Secret, Fault> {
        Err(Fault::said("open anything"))
    }
}

/// How a series of commands ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// At the plan's end.
    Forward,
    /// Where it began.
    Back,
}

/// Types commands until the node is at an end, following what each run says; the next word comes from the last one.
pub fn drive(disk: &Model, site: &Site, until: Stage, typed: Typed) -> Result<Ended, String> {
    let mut typed = typed;
    let mut said = Vec::new();
    for _ in 0..12 {
        let outcome = run(disk, site, until, typed)?;
        said.push(format!("{typed:?}: {outcome:?}"));
        match &outcome {
            Outcome::Rebooting => {
                let booted = disk.boot.get() + 1;
                disk.boot.set(booted);
            }
            // words of an attempt that has only just begun were not heard yet
            Outcome::Waiting { .. }
                if said.len() < 2 || !said[said.len() - 2].ends_with(&format!("{outcome:?}")) => {}
            Outcome::Done(_) | Outcome::NothingToDo => {
                return Ok(match typed {
                    Typed::Apply => Ended::Forward,
                    Typed::Rollback => Ended::Back,
                });
            }
            // an instruction, where nothing failed
            Outcome::Refused(why) if why.iter().any(|why| why.contains(": airlift-node ")) => {
                typed = if why.iter().any(|why| why.contains("airlift-node rollback")) {
                    Typed::Rollback
                } else {
                    Typed::Apply
                };
            }
            Outcome::Held { hint, .. } => {
                typed = if hint.contains("airlift-node rollback") {
                    Typed::Rollback
                } else if hint.contains("airlift-node apply") || hint.contains("airlift-node commit") {
                    Typed::Apply
                } else if hint.contains("what was typed before") {
                    typed
                } else {
                    return Err(format!("no instruction: {said:#?}"));
                };
            }
            // the fault is over: what was asked for can be asked for again
            Outcome::Undone { .. } => {}
            Outcome::Blocked(_)
            | Outcome::Waiting { .. }
            | Outcome::Stuck { .. }
            | Outcome::Refused(_)
            | Outcome::Listened
            | Outcome::Checked
            | Outcome::Recovered { .. }
            | Outcome::CutShort { .. } => {
                return Err(format!("no way on: {said:#?}"));
            }
        }
    }
    Err(format!("no end: {said:#?}"))
}

/// The tree outside the state directory, and the copies in it, which are what a plan asks for.
pub fn outside(disk: &Model, with_times: bool) -> BTreeMap<PathBuf, String> {
    let mut tree = disk.tree(with_times);
    let is_copy = |path: &Path| path.parent().is_some_and(|dir| dir.starts_with(format!("{STATE}/copies")));
    // what lies below /run goes with each boot
    tree.retain(|path, _| (!path.starts_with(STATE) || is_copy(path)) && !path.starts_with("/run"));
    tree
}

/// The same without times and what logins show, which is no part of a plan.
pub fn without_notice(disk: &Model) -> BTreeMap<PathBuf, String> {
    let mut tree = outside(disk, false);
    tree.retain(|path, _| !path.starts_with("/etc/motd.d"));
    tree
}

/// The names in the state directory.
pub fn inside(disk: &Model) -> Vec<String> {
    match disk.stat(Path::new(STATE)).unwrap() {
        Some(stat) if stat.kind == Kind::Dir => {
            disk.list(Path::new(STATE)).unwrap().into_iter().map(|name| name.into_string().unwrap()).collect()
        }
        _ => vec![],
    }
}

//! The leader's plan on a root of its own: the steps of a compiled bundle, done by airlift-node's own code.
//!
//! Paths in variables, which name places on the leader, get the root in front. Slots get made-up secrets: opening sealed
//! files has its own tests.

use airlift_bundle::archive::{self, Bundle};
use airlift_bundle::limits::Limits;
use airlift_bundle::plan::{Action, Content, ScriptFile, SecretName, Step};
use airlift_bundle::sealed;
use airlift_node::disk::RealDisk;
use airlift_node::journal::Before;
use airlift_node::machine::{RealMachine, SCRIPT_PATH};
use airlift_node::sealed::Secret;
use airlift_node::step::{
    Contents, Fault, Interrupt, Job, Keep, Look, Machine, Probe, Ran, Workshop, act, is_done_after_all, look,
    make_ready, probe, undo,
};
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What stands for every secret.
pub const SECRET: &str = "\"JDJ5JDEyJG1hZGUtdXA=\"";

/// A leader.
pub struct Leader {
    root: TempDir,
    bundle: Bundle,
    disk: RealDisk,
    keep: Keep,
    fills: bool,
    busybox: bool,
}

impl Leader {
    /// One that has this bundle of a set, and whose kubectl has this configuration.
    pub fn new(bundle: &Path, kubeconfig: &Path) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let bytes = std::fs::read(bundle).expect("a bundle");
        let bundle = archive::read(&bytes, &Limits::FORMAT_1).expect("a right bundle");
        let disk = RealDisk::below(root.path()).expect("a root");
        let keep = Keep::at(Path::new("/keep"));
        let leader = Self { root, bundle, disk, keep, fills: true, busybox: false };
        for room in leader.keep.rooms() {
            std::fs::create_dir_all(leader.below(&room.to_string_lossy())).expect("a room");
        }
        let admin = leader.below("/var/lib/k0s/pki/admin.conf");
        std::fs::create_dir_all(admin.parent().expect("a folder")).expect("a folder");
        std::fs::copy(kubeconfig, admin).expect("a copy");
        leader.k0s();
        leader.kill_at(0);
        leader
    }

    /// The same, but slots stay slots, as where nothing was sealed.
    pub fn unsealed(mut self) -> Self {
        self.fills = false;
        self
    }

    /// The same, but scripts run by busybox and with its tools.
    pub fn on_busybox(mut self) -> Self {
        let tools = self.below("/busybox");
        std::fs::create_dir(&tools).expect("a folder");
        for tool in ["cat", "grep", "rm", "sh", "sleep"] {
            std::os::unix::fs::symlink("/usr/bin/busybox", tools.join(tool)).expect("a link");
        }
        self.busybox = true;
        self
    }

    /// A path of the leader's.
    pub fn below(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    /// A k0s that knows its kubectl alone. At a given call it kills the script that called it: at once, or, where what it
    /// was told has a file, when half of that is done.
    fn k0s(&self) {
        let text = include_str!("k0s.sh").replace("@ROOT@", &self.root.path().to_string_lossy());
        let path = self.below("/usr/local/bin/k0s");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    }

    /// Counts calls of k0s from now on, and kills at this one; 0 kills at none. Gives how many there were before.
    pub fn kill_at(&self, call: usize) -> usize {
        let before = std::fs::read_to_string(self.root.path().join("count")).unwrap_or_default();
        std::fs::write(self.root.path().join("count"), "0").expect("a file");
        std::fs::write(self.root.path().join("at"), call.to_string()).expect("a file");
        before.trim().parse().unwrap_or(0)
    }

    /// A step of the plan.
    pub fn step(&self, id: &str) -> &Step {
        let mut steps = self.bundle.manifest().plan.all_steps();
        steps.find(|(_, step)| step.id.as_str() == id).unwrap_or_else(|| panic!("the plan has no {id}")).1
    }

    /// Puts all files in place that go to this folder.
    pub fn place(&self, folder: &str) {
        let plan = &self.bundle.manifest().plan;
        let placed = plan.all_steps().map(|(_, step)| step).filter(
            |step| matches!(&step.action, Action::Place { target, .. } if target.as_str().starts_with(folder)),
        );
        let mut count = 0;
        for step in placed {
            let before = self.begin(step).expect("it is not there yet");
            self.act(step, &before).expect("it is put in place");
            count += 1;
        }
        assert!(count > 0, "nothing goes to {folder}");
    }

    fn with<T>(&self, work: impl FnOnce(&Workshop<'_>) -> T) -> T {
        let real = RealMachine::new().expect("signals");
        let tools = self.below("/busybox");
        let machine = match self.busybox {
            true => {
                let real = real.with_path(&format!("{}:{SCRIPT_PATH}", tools.display()));
                Below { real, root: self.root.path(), shell: Some(tools.join("sh")) }
            }
            false => Below { real, root: self.root.path(), shell: None },
        };
        work(&Workshop { disk: &self.disk, machine: &machine, contents: self, keep: &self.keep })
    }

    pub fn probe(&self, step: &Step) -> Probe {
        self.with(|shop| probe(shop, step)).expect("a probe")
    }

    pub fn is_in_effect(&self, step: &Step) -> bool {
        match self.probe(step) {
            Probe::InEffect => true,
            Probe::NotInEffect(_) => false,
            Probe::Unknown(seen) => panic!("unknown: {seen}"),
        }
    }

    /// What the executor does before it writes that it begins; `None` where the step is in effect.
    pub fn begin(&self, step: &Step) -> Option<Before> {
        match self.with(|shop| look(shop, step)).expect("a look") {
            Look::InEffect => None,
            Look::Ready(before) => {
                self.with(|shop| make_ready(shop, step)).expect("a room");
                Some(before)
            }
        }
    }

    pub fn act(&self, step: &Step, before: &Before) -> Result<(), Fault> {
        self.with(|shop| act(shop, step, before)).map(drop)
    }

    pub fn undo(&self, step: &Step) -> Result<(), Fault> {
        self.with(|shop| undo(shop, step, &Before::Script {}))
    }

    /// Begins and does it.
    pub fn apply(&self, step: &Step) {
        if let Some(before) = self.begin(step) {
            self.act(step, &before).unwrap_or_else(|fault| panic!("{fault}"));
        }
    }

    /// What `apply` does with a step that it finds begun.
    pub fn go_on(&self, step: &Step) {
        if !self.with(|shop| is_done_after_all(shop, step, true)).expect("a look") {
            self.undo(step).unwrap_or_else(|fault| panic!("{fault}"));
            self.apply(step);
        }
    }

    /// Whether the step left its evidence.
    pub fn has_evidence(&self, step: &Step) -> bool {
        self.below(&format!("/keep/evidence/{}", step.id)).exists()
    }
}

impl Contents for Leader {
    fn open<'a>(&'a self, content: &Content) -> Result<Box<dyn Read + 'a>, Fault> {
        let (Content::File { entry, .. } | Content::Document { entry, .. }) = content else {
            return Err(Fault::said("open what is no file"));
        };
        let text = self.bundle.content(entry).ok_or_else(|| Fault::said("find the entry"))?;
        if !self.fills {
            return Ok(Box::new(text));
        }
        let text = std::str::from_utf8(text).map_err(|e| Fault::said(e.to_string()))?;
        let text = sealed::fill(text, |_| Some(SECRET)).map_err(|e| Fault::said(e.to_string()))?;
        Ok(Box::new(Cursor::new(text.into_bytes())))
    }

    fn size(&self, _: &Content) -> Result<u64, Fault> {
        Ok(0)
    }

    fn script(&self, file: &ScriptFile) -> Result<&[u8], Fault> {
        self.bundle.content(&file.entry).ok_or_else(|| Fault::said("find the script"))
    }

    fn secret(&self, name: &SecretName) -> Result<Secret, Fault> {
        Err(Fault::said(format!("open {name}, which no script asks for")))
    }
}

/// This machine, but paths are below the root.
struct Below<'a> {
    real: RealMachine,
    root: &'a Path,
    /// What runs scripts, where it is not `/bin/sh`.
    shell: Option<PathBuf>,
}

impl Machine for Below<'_> {
    fn boot_id(&self) -> Result<String, Fault> {
        self.real.boot_id()
    }

    fn now(&self) -> u64 {
        self.real.now()
    }

    fn reboot(&self) -> Result<(), Fault> {
        Err(Fault::said("reboot in a test"))
    }

    fn run(&self, job: &Job<'_>) -> Result<Ran, Fault> {
        let below = |(name, value): &(String, String)| match value.strip_prefix('/') {
            Some(rest) => (name.clone(), self.root.join(rest).to_string_lossy().into_owned()),
            None => (name.clone(), value.clone()),
        };
        let variables = job.variables.iter().map(below).collect();
        let job = Job { variables, secrets: Vec::new(), ..*job };
        let Some(shell) = &self.shell else { return self.real.run(&job) };
        let script = self.root.join("script");
        std::fs::write(&script, job.text).expect("a file");
        let text = format!("exec {} {}\n", shell.display(), script.display());
        let ran = self.real.run(&Job { text: text.as_bytes(), ..job });
        std::fs::remove_file(script).expect("the file");
        ran
    }

    fn interrupt(&self) -> Option<Interrupt> {
        None
    }
}

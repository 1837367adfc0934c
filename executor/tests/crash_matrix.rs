//! The machine stops at every operation of apply, of rollback, and of recovery from either; what was not flushed is
//! kept, dropped or torn. Then the node goes forward, or back, and is at the plan's end or byte for byte where it began.

mod model;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use airlift_bundle::gate::Stage;
use model::{Dice, Fault, Left, Model, Skip};
use rustix::io::Errno;
use world::{Ended, Site, Typed, drive, inside, node, outside, run};

const LEFT: [Left; 7] =
    [Left::Killed, Left::All, Left::Flushed, Left::Names, Left::Content, Left::Torn(1), Left::Torn(2)];

struct Matrix {
    site: Site,
    old: BTreeMap<PathBuf, String>,
    new: BTreeMap<PathBuf, String>,
    until: Stage,
    points: usize,
    survivors: usize,
    failures: Vec<String>,
    dice: Dice,
}

/// The plan's end state. What logins show is no part of it: a disk that fails there, and there alone, stops nothing.
fn at_the_end_of(disk: &Model) -> BTreeMap<PathBuf, String> {
    let mut tree = outside(disk, false);
    tree.retain(|path, _| !path.starts_with("/etc/motd.d"));
    tree
}

impl Matrix {
    fn new(until: Stage) -> Self {
        let site = Site::new();
        let start = node();
        let old = outside(&start, true);
        assert_eq!(drive(&start, &site, until, Typed::Apply), Ok(Ended::Forward));
        let new = at_the_end_of(&start);
        assert_ne!(old, outside(&start, true));
        let seed = 20_260_101;
        println!("seed {seed}");
        Self { site, old, new, until, points: 0, survivors: 0, failures: vec![], dice: Dice(seed) }
    }

    /// Whether the node is where it should be, also after losing all that is not flushed.
    fn check(&self, disk: &Model, ended: Ended) -> Result<(), String> {
        for left in [Left::Killed, Left::Flushed, Left::Torn(3)] {
            let disk = disk.after(left);
            let (found, wanted) = match ended {
                Ended::Forward => (at_the_end_of(&disk), &self.new),
                Ended::Back => (outside(&disk, true), &self.old),
            };
            if found != *wanted {
                return Err(format!("{ended:?}, then {left:?}: {}", difference(wanted, &found)));
            }
            let names = inside(&disk);
            if ended == Ended::Back && names.iter().any(|name| !name.starts_with("journal")) {
                return Err(format!("{ended:?} leaves {names:?}"));
            }
        }
        Ok(())
    }

    /// One point: the node as the stop left it must come to an end either way.
    fn survive(&mut self, stopped: &Model, name: &str) {
        for typed in [Typed::Apply, Typed::Rollback] {
            self.points += 1;
            let disk = stopped.clone();
            let survived =
                drive(&disk, &self.site, self.until, typed).and_then(|ended| self.check(&disk, ended));
            match survived {
                Ok(()) => self.survivors += 1,
                Err(why) => self.failures.push(format!("{name}, then {typed:?}: {why}")),
            }
        }
    }

    /// Stops at every operation of `typed` on `start`, and in samples at operations of the recovery from that.
    fn run(&mut self, start: &Model, typed: Typed, samples: usize) {
        let counted = start.clone();
        counted.arm(usize::MAX, Fault::Stop);
        let _ = run(&counted, &self.site, self.until, typed);
        for at in 1..=counted.count() {
            for fault in [Fault::Stop, Fault::StopAfter] {
                let disk = start.clone();
                disk.arm(at, fault);
                let _ = run(&disk, &self.site, self.until, typed);
                assert!(disk.fired(), "operation {at} was not reached");
                for left in LEFT {
                    let left = self.vary(left);
                    let stopped = disk.after(left);
                    let name = format!("{typed:?} {fault:?} {at} {left:?}");
                    self.survive(&stopped, &name);
                    for _ in 0..samples {
                        self.stop_recovery(&stopped, &name);
                    }
                }
            }
        }
    }

    /// Other seeds at each point.
    fn vary(&mut self, left: Left) -> Left {
        match left {
            Left::Torn(_) => Left::Torn(self.dice.roll(1 << 30) as u64),
            other => other,
        }
    }

    fn stop_recovery(&mut self, stopped: &Model, name: &str) {
        let typed = [Typed::Apply, Typed::Rollback][self.dice.roll(2)];
        let counted = stopped.clone();
        counted.arm(usize::MAX, Fault::Stop);
        let _ = run(&counted, &self.site, self.until, typed);
        if counted.count() == 0 {
            return;
        }
        let at = 1 + self.dice.roll(counted.count());
        let disk = stopped.clone();
        disk.arm(at, Fault::Stop);
        let _ = run(&disk, &self.site, self.until, typed);
        assert!(disk.fired(), "operation {at} of the recovery was not reached");
        let left = LEFT[self.dice.roll(LEFT.len())];
        let left = self.vary(left);
        self.survive(&disk.after(left), &format!("{name}, {typed:?} Stop {at} {left:?}"));
    }

    /// Operations fail instead of stopping the machine.
    fn run_errors(&mut self, start: &Model, typed: Typed) {
        let counted = start.clone();
        counted.arm(usize::MAX, Fault::Stop);
        let _ = run(&counted, &self.site, self.until, typed);
        let faults =
            [Fault::Error(Errno::IO), Fault::ErrorAfter(Errno::IO), Fault::Error(Errno::NOSPC), Fault::Full];
        for at in 1..=counted.count() {
            for fault in faults {
                let disk = start.clone();
                disk.arm(at, fault);
                let outcome = run(&disk, &self.site, self.until, typed);
                assert!(disk.fired(), "operation {at} was not reached");
                for left in [Left::Killed, Left::Flushed, Left::Torn(0)] {
                    let left = self.vary(left);
                    let name = format!("{typed:?} {fault:?} {at} {left:?} ({outcome:?})");
                    self.survive(&disk.after(left), &name);
                }
            }
        }
    }

    fn report(self, name: &str) -> usize {
        println!("{name}: {} points, {} survivors", self.points, self.survivors);
        for failure in self.failures.iter().take(5) {
            println!("{failure}");
        }
        assert_eq!(self.points, self.survivors, "{} points were not survived", self.failures.len());
        self.points
    }
}

fn difference(wanted: &BTreeMap<PathBuf, String>, found: &BTreeMap<PathBuf, String>) -> String {
    let mut lines = String::new();
    for (path, text) in wanted {
        match found.get(path) {
            Some(other) if other == text => {}
            other => lines.push_str(&format!("\n  {}: wanted {text}\n    found {other:?}", path.display())),
        }
    }
    for (path, text) in found {
        if !wanted.contains_key(path) {
            lines.push_str(&format!("\n  {}: not wanted: {text}", path.display()));
        }
    }
    lines
}

/// The node after all stages up to `until`.
fn at_the_end(matrix: &Matrix) -> Model {
    let disk = node();
    assert_eq!(drive(&disk, &matrix.site, matrix.until, Typed::Apply), Ok(Ended::Forward));
    disk.settle();
    disk
}

/// The node after the planned reboot.
fn after_reboot(matrix: &Matrix) -> Model {
    let disk = node();
    assert_eq!(
        run(&disk, &matrix.site, matrix.until, Typed::Apply),
        Ok(airlift_node::run::Outcome::Rebooting)
    );
    disk.settle();
    let booted = disk.boot.get() + 1;
    disk.boot.set(booted);
    disk
}

/// How many stops of the recovery are tried for each stop; all the more with `AIRLIFT_CRASH_SAMPLES`.
#[allow(clippy::disallowed_methods, reason = "a longer run is asked for by the environment")]
fn samples() -> usize {
    std::env::var_os("AIRLIFT_CRASH_SAMPLES").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(1)
}

#[test]
fn a_stop_anywhere_in_apply_is_survived() {
    let mut matrix = Matrix::new(Stage::Settle);
    let (start, later) = (node(), after_reboot(&matrix));
    matrix.run(&start, Typed::Apply, samples());
    matrix.run(&later, Typed::Apply, samples());
    assert!(matrix.report("apply") >= 10_000);
}

#[test]
fn a_stop_anywhere_in_rollback_is_survived() {
    let mut matrix = Matrix::new(Stage::Settle);
    let (end, middle) = (at_the_end(&matrix), after_reboot(&matrix));
    matrix.run(&end, Typed::Rollback, samples());
    matrix.run(&middle, Typed::Rollback, samples());
    assert!(matrix.report("rollback") >= 4_000);
}

#[test]
fn a_failing_disk_is_survived() {
    let mut matrix = Matrix::new(Stage::Settle);
    let (start, later, end) = (node(), after_reboot(&matrix), at_the_end(&matrix));
    matrix.run_errors(&start, Typed::Apply);
    matrix.run_errors(&later, Typed::Apply);
    matrix.run_errors(&end, Typed::Rollback);
    assert!(matrix.report("failing disk") >= 4_000);
}

/// The flushes without which a power cut would do harm.
const FLUSHES: [(&str, Skip); 11] = [
    ("the journal", |path| path.ends_with("var/lib/airlift/journal")),
    ("the state directory", |path| path.ends_with("var/lib/airlift")),
    ("what a place has written", |path| path.to_string_lossy().contains("/.airlift-")),
    ("the directory of a placed file", |path| path.ends_with("etc/docker")),
    ("a made directory", |path| path.ends_with("etc/k0s/conf.d")),
    ("the directory of a made one", |path| path.ends_with("etc")),
    ("what was kept", |path| path.ends_with("airlift/old")),
    ("what was set aside", |path| path.ends_with("var/lib")),
    // its first name in the order of the copy; member/snap/db is linked to it
    ("a copied file", |path| path.starts_with("/var/lib/airlift") && path.ends_with("db")),
    ("the name of a copy", |path| path.ends_with("copies/state")),
    ("what a script has done", |path| path == Path::new("/")),
];

#[test]
fn a_missing_flush_of_any_kind_is_seen() {
    let mut unseen = vec![];
    for (name, skipped) in FLUSHES {
        let mut matrix = Matrix::new(Stage::Settle);
        let (start, later, end) = (node(), after_reboot(&matrix), at_the_end(&matrix));
        for (disk, typed) in [(&start, Typed::Apply), (&later, Typed::Apply), (&end, Typed::Rollback)] {
            disk.skipped.set(Some(skipped));
            let counted = disk.clone();
            counted.arm(usize::MAX, Fault::Stop);
            let _ = run(&counted, &matrix.site, matrix.until, typed);
            for at in 1..=counted.count() {
                if !matrix.failures.is_empty() {
                    break;
                }
                let stopped = disk.clone();
                stopped.arm(at, Fault::StopAfter);
                let _ = run(&stopped, &matrix.site, matrix.until, typed);
                for left in [Left::Flushed, Left::Names, Left::Content, Left::Torn(at as u64)] {
                    matrix.survive(&stopped.after(left), &format!("{typed:?} {at} {left:?}"));
                }
            }
        }
        match matrix.failures.first() {
            Some(failure) => println!("{name}: {}", failure.lines().take(3).collect::<String>()),
            None => unseen.push(name),
        }
    }
    assert!(unseen.is_empty(), "nothing went wrong without flushing {unseen:?}");
}

//! The real binary on real files, killed or failed at system calls by strace, and cut off from its disk.
//!
//! Needs root and strace. `AIRLIFT_FAULTS=all` tries every call instead of a sample; `AIRLIFT_POWER_CUTS` says how often
//! the power is cut, `AIRLIFT_SEED` from which seed.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and ask the environment")]

mod real;
mod signed;
#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use real::{Bench, NODE, old_or_new, old_tree, text, tree, without_notice};

/// The system calls by which the binary changes something, by their names in a trace.
const CALLS: [&str; 8] =
    ["pwrite64", "fsync", "renameat", "renameat2", "unlinkat", "mkdirat", "openat", "linkat"];

#[test]
fn a_fault_in_any_system_call_leaves_old_or_new_and_a_way_on() {
    let bench = Bench::new();
    let all = std::env::var("AIRLIFT_FAULTS").is_ok_and(|asked| asked == "all");
    let (start, end) = (bench.root(), bench.root());
    let old = tree(start.path(), false);
    assert_eq!(bench.run("apply", end.path()).status.code(), Some(4));
    let new = tree(end.path(), false);
    let (mut points, mut survivors) = (0, 0);
    for verb in ["apply", "rollback"] {
        for call in CALLS {
            let root = bench.root();
            if verb == "rollback" {
                bench.run("apply", root.path());
            }
            bench.traced(&["-e", &format!("trace={call}")], verb, root.path());
            let count = bench.trace().lines().filter(|line| line.contains(&format!(" {call}("))).count();
            let faults: &[&str] = if call == "pwrite64" {
                &["signal=KILL", "error=EIO", "error=ENOSPC", "retval=3"]
            } else {
                &["signal=KILL", "error=EIO", "error=ENOSPC"]
            };
            let step = if all { 1 } else { count.div_ceil(if call == "openat" { 4 } else { 3 }).max(1) };
            for (n, fault) in faults.iter().enumerate() {
                for at in (1 + n % step.max(1)..=count).step_by(step) {
                    points += 1;
                    let root = bench.root();
                    let begun = tree(root.path(), true);
                    if verb == "rollback" {
                        bench.run("apply", root.path());
                    }
                    let (inject, name) =
                        (format!("inject={call}:{fault}:when={at}"), format!("{verb} {call} {fault} {at}"));
                    let traced =
                        bench.traced(&["-e", &format!("trace={call}"), "-e", &inject], verb, root.path());
                    let trace = bench.trace();
                    assert!(
                        trace.contains("INJECTED") || trace.contains("killed by SIGKILL"),
                        "{name} did not fire: {trace}"
                    );
                    old_or_new(&tree(root.path(), false), &old, &new);
                    let typed = if points % 2 == 0 { "apply" } else { "rollback" };
                    let mut last = if typed == "apply" {
                        bench.apply(root.path())
                    } else {
                        bench.run(typed, root.path())
                    };
                    if typed == "apply" && matches!(last.status.code(), Some(5 | 7 | 8)) {
                        // on its way back already: the hint says so
                        let hint = text(&last).contains("airlift-node rollback");
                        assert!(hint, "{name}: {}", text(&last));
                        bench.run("rollback", root.path());
                        last = bench.apply(root.path());
                    }
                    if typed == "rollback" && last.status.code() == Some(7) {
                        // it brought the undoing of a failed stage to its end; the way back is another order
                        last = bench.run("rollback", root.path());
                    }
                    let shown = format!("{name}: {}\nthen {typed}: {}", text(&traced), text(&last));
                    if typed == "apply" {
                        assert_eq!(last.status.code(), Some(4), "{shown}");
                        assert_eq!(
                            without_notice(tree(root.path(), false)),
                            without_notice(new.clone()),
                            "{shown}"
                        );
                    } else {
                        // nothing to take back where the fault came before the first set was taken
                        assert!(matches!(last.status.code(), Some(0 | 3 | 5)), "{shown}");
                        assert_eq!(tree(root.path(), true), begun, "{shown}");
                    }
                    survivors += 1;
                }
            }
        }
    }
    println!("{points} points, {survivors} survivors");
    assert!(points >= 60);
}

/// A file system of its own that can be cut off.
struct Loop {
    image: PathBuf,
    mount: PathBuf,
}

impl Loop {
    fn new(below: &Path) -> Option<Self> {
        let (image, mount) = (below.join("image"), below.join("mount"));
        fs::create_dir(&mount).unwrap();
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image).status().ok()?.success();
        let this = Self { image, mount };
        (made && this.mount()).then_some(this)
    }

    fn mount(&self) -> bool {
        let mounted = Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.mount).output();
        mounted.is_ok_and(|output| output.status.success())
    }

    fn unmount(&self) -> bool {
        Command::new("umount").arg(&self.mount).status().is_ok_and(|status| status.success())
    }

    /// FS_IOC_SHUTDOWN without flushing the log: what was not flushed is gone.
    /// Gives a process that does so after so many milliseconds, once it gets a line.
    fn cutter(&self, milliseconds: u64) -> Child {
        let cut = "import fcntl, os, struct, sys, time\n\
                   fd = os.open(sys.argv[1], os.O_RDONLY)\n\
                   print('ready', flush=True)\n\
                   sys.stdin.readline()\n\
                   time.sleep(int(sys.argv[2]) / 1000)\n\
                   fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))\n";
        let mut command = Command::new("python3");
        command.args(["-c", cut]).arg(&self.mount).arg(milliseconds.to_string());
        let mut cutter = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(cutter.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        cutter
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.unmount();
    }
}

#[test]
fn a_power_cut_on_a_real_file_system_is_survived() {
    let cycles: usize =
        std::env::var("AIRLIFT_POWER_CUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let bench = Bench::new();
    let Some(disk) = Loop::new(bench.directory.path()) else {
        println!(
            "NOT RUN: this machine can't mount an ext4 image; the power cut on a real file system was not tried"
        );
        return;
    };
    let mut seed = u64::from(std::process::id()) * 0x9e37_79b9;
    if let Some(given) = std::env::var("AIRLIFT_SEED").ok().and_then(|text| text.parse().ok()) {
        seed = given;
    }
    println!("seed {seed}");
    let root = disk.mount.join("node");
    let (mut survivors, mut cut_midway) = (0, 0);
    let reference = bench.root();
    bench.run("apply", reference.path());
    let new = tree(reference.path(), false);
    // how long a run takes on this file system, in milliseconds
    let mut usual = 1;
    for cycle in 0..=cycles {
        let _ = fs::remove_dir_all(&root);
        fs::create_dir(&root).unwrap();
        old_tree(&root);
        let (old, begun) = (tree(&root, false), tree(&root, true));
        let verb = if cycle % 2 == 0 { "apply" } else { "rollback" };
        if verb == "rollback" {
            bench.run("apply", &root);
        }
        Command::new("sync").status().unwrap();
        if cycle == 0 {
            let start = Instant::now();
            bench.run("apply", &root);
            usual = start.elapsed().as_millis() as u64 + 1;
            continue;
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut cutter = disk.cutter((seed >> 33) % usual);
        let mut command = Command::new(NODE);
        command.args(bench.arguments(verb, &root)).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        cutter.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        assert!(cutter.wait().unwrap().success());
        let _ = process.kill();
        // 0 and 4 are the codes of a run that was through before the cut
        cut_midway += usize::from(!matches!(process.wait().unwrap().code(), Some(0 | 4)));
        assert!(disk.unmount() && disk.mount(), "the image can't be mounted again");
        old_or_new(&tree(&root, false), &old, &new);
        if (seed >> 40) % 2 == 0 {
            let mut last = bench.apply(&root);
            if matches!(last.status.code(), Some(5 | 8)) {
                bench.run("rollback", &root);
                last = bench.apply(&root);
            }
            assert_eq!(last.status.code(), Some(4), "cycle {cycle}: {}", text(&last));
            assert_eq!(without_notice(tree(&root, false)), without_notice(new.clone()), "cycle {cycle}");
        } else {
            let last = bench.run("rollback", &root);
            assert!(matches!(last.status.code(), Some(0 | 3 | 5)), "cycle {cycle}: {}", text(&last));
            assert_eq!(tree(&root, true), begun, "cycle {cycle}: {}", text(&last));
        }
        survivors += 1;
    }
    println!("{cycles} power cuts, {cut_midway} of them midway, {survivors} survivors");
    assert!(cut_midway * 4 >= cycles, "most cuts came too late");
}

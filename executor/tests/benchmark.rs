//! What the executor costs, each figure against the same work done bare, in one run. `tests/bench-node.sh` runs it.
//!
//! `AIRLIFT_NODE` is a release build; `BLOB_MIB` (default 1024) the size of the blob.
#![allow(clippy::disallowed_methods, reason = "a benchmark needs a clock and its orders")]

mod signed;
#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use airlift_bundle::digest::Sha256;
use airlift_bundle::manifest::Blob;
use support::place_at;

const STEPS: u32 = 200;

struct Bench {
    directory: tempfile::TempDir,
    node: String,
}

impl Bench {
    fn new(steps: u32, blobs: &[(Blob, Vec<u8>)]) -> Self {
        let node = std::env::var("AIRLIFT_NODE").expect("AIRLIFT_NODE names a release build of airlift-node");
        let steps = (0..steps).map(|n| place_at(&format!("step-{n}"), &format!("/etc/k0s/{n}"))).collect();
        Self { directory: signed::set(steps, blobs), node }
    }

    fn root(&self) -> tempfile::TempDir {
        let root = tempfile::tempdir_in(self.directory.path()).unwrap();
        fs::create_dir_all(root.path().join("etc/k0s")).unwrap();
        fs::create_dir_all(root.path().join("var/lib")).unwrap();
        fs::write(root.path().join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
        fs::write(root.path().join("etc/group"), "root:x:0:\n").unwrap();
        root
    }

    fn command(&self, root: &Path, wrapped: &[&str]) -> Command {
        let words = [wrapped, &[&self.node, "apply", "--stage", "prepare", "--root"]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(root).arg("--trust").arg(self.directory.path().join("trust"));
        command.arg(self.directory.path().join("set"));
        command
    }

    fn apply(&self, root: &Path) -> Duration {
        let start = Instant::now();
        let output = self.command(root, &[]).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
        start.elapsed()
    }

    /// From the start of the process to the line that says that the stage begins.
    fn to_first_step(&self, root: &Path) -> Duration {
        let start = Instant::now();
        let mut child = self.command(root, &[]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let begins = lines.any(|line| line.unwrap().contains("prepare: begins"));
        let elapsed = start.elapsed();
        lines.for_each(drop);
        assert!(begins && child.wait().unwrap().success());
        elapsed
    }

    /// How often a run of `apply` flushes.
    fn flushes(&self, root: &Path) -> usize {
        let trace = self.directory.path().join("trace");
        let strace =
            ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,sync,syncfs", "-o", trace.to_str().unwrap()];
        assert!(self.command(root, &strace).output().expect("strace").status.success());
        fs::read_to_string(&trace).unwrap().lines().filter(|line| line.contains("sync(")).count()
    }
}

/// The middle one of these.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn median_of(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    median((0..runs).map(|_| run()).collect())
}

fn tool(line: &str) -> Duration {
    let start = Instant::now();
    assert!(Command::new("sh").args(["-c", line]).stdout(Stdio::null()).status().unwrap().success());
    start.elapsed()
}

/// As many flushes of small files beside each other as a step makes, and nothing else.
fn bare_flushes(dir: &Path, count: usize) -> Duration {
    let directory = File::open(dir).unwrap();
    let start = Instant::now();
    for n in 0..count {
        // a step flushes files and directories in turn
        if n % 2 == 0 {
            let mut file = File::create(dir.join(format!("bare-{n}"))).unwrap();
            file.write_all(b"kind: ClusterConfig\n").unwrap();
            file.sync_all().unwrap();
        } else {
            directory.sync_all().unwrap();
        }
    }
    start.elapsed()
}

fn row(what: &str, time: Duration, ratio: Option<(f64, &str)>) {
    let ratio = ratio.map(|(ratio, to)| format!("{ratio:.2} x {to}")).unwrap_or_default();
    println!("{what:<44} {:>10.2} ms   {ratio}", time.as_secs_f64() * 1000.0);
}

#[test]
#[ignore = "a benchmark; tests/bench-node.sh"]
fn figures() {
    let bench = Bench::new(STEPS, &[]);
    let version = median_of(15, || tool(&format!("{} --version", bench.node)));
    row("airlift-node --version", version, None);

    let first = median_of(5, || bench.to_first_step(bench.root().path()));
    row("start to first step, set staged", first, None);

    let one = Bench::new(1, &[]);
    let all = median_of(5, || bench.apply(bench.root().path()));
    let alone = median_of(5, || one.apply(one.root().path()));
    let step = all.saturating_sub(alone) / (STEPS - 1);
    let flushes =
        (bench.flushes(bench.root().path()) - one.flushes(one.root().path())) / (STEPS as usize - 1);
    let bare = median_of(5, || bare_flushes(bench.root().path(), flushes * STEPS as usize)) / STEPS;
    let step_ratio = step.as_secs_f64() / bare.as_secs_f64();
    row(&format!("a step, bare ({flushes} flushes)"), bare, None);
    row("a step", step, Some((step_ratio, "its bare flushes")));

    let root = bench.root();
    bench.apply(root.path());
    let nothing = median_of(9, || bench.apply(root.path()));
    row(&format!("apply of a finished set of {STEPS} steps"), nothing, None);

    let mib: usize = std::env::var("BLOB_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(1024);
    let mut bytes = vec![0; mib << 20];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    let blob = Blob { sha256: Sha256::of(&bytes), size: bytes.len() as u64, name: "large".parse().unwrap() };
    let large = Bench::new(1, &[(blob.clone(), bytes)]);
    let file = large.directory.path().join("set").join(blob.set_path());
    let (file, copy) = (file.display(), large.directory.path().join("copy"));
    let copy = copy.display();
    let sum = median_of(3, || tool(&format!("sha256sum {file}")));
    row(&format!("sha256sum of {mib} MiB"), sum, None);
    let plain = median_of(3, || tool(&format!("cp {file} {copy} && sync {copy} && rm {copy}")));
    row("cp and sync of it", plain, None);
    let staged = median_of(3, || large.apply(large.root().path())).saturating_sub(alone);
    let (both, slower) = (sum + plain, sum.max(plain));
    let ratio = staged.as_secs_f64() / both.as_secs_f64();
    row("staging of it", staged, Some((ratio, "both")));
    row("", staged, Some((staged.as_secs_f64() / slower.as_secs_f64(), "the slower one")));

    // where flushes cost nothing, a ratio to them says nothing
    let milliseconds = step.as_secs_f64() * 1000.0;
    let of_step = match bare > Duration::from_micros(250) {
        true => (step_ratio, 2.0, "a step against its bare flushes"),
        false => (milliseconds, 0.5, "milliseconds of a step on a disk whose flushes cost nothing"),
    };
    let aims = [
        of_step,
        (ratio, 1.15, "staging against sha256sum and cp"),
        (first.as_secs_f64(), 0.5, "seconds to the first step"),
        (nothing.as_secs_f64(), 0.25, "seconds of an apply with nothing to do"),
    ];
    let missed: Vec<_> = aims.iter().filter(|(found, aim, _)| found > aim).collect();
    missed.iter().for_each(|(found, aim, what)| println!("MISSED: {what}: {found:.2}, aim {aim}"));
    assert!(missed.is_empty() || std::env::var_os("STRICT").is_none(), "an aim was missed");
}

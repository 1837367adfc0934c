//! The real binary on real files: killed or failed at system calls by strace, cut off from its disk, and watched.
//!
//! Needs root and strace. `AIRLIFT_FAULTS=all` tries every call instead of a sample.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and ask the environment")]

mod signed;
#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use airlift_bundle::digest::Sha256;
use airlift_bundle::manifest::Blob;
use airlift_bundle::plan::{Action, Content, Step};
use signed::hostname;
use support::{Key, place_at};

const NODE: &str = env!("CARGO_BIN_EXE_airlift-node");

/// A signed set for this machine, and a root directory for it to work on.
struct Bench {
    directory: tempfile::TempDir,
}

/// Files below `root` that stand for a node before the migration.
fn old_tree(root: &Path) {
    for dir in ["etc/k0s", "var/lib/mke/member", "var/lib/kubelet"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
    fs::write(root.join("etc/k0s/k0s.yaml"), "old\n").unwrap();
    fs::hard_link(root.join("etc/k0s/k0s.yaml"), root.join("etc/k0s/also")).unwrap();
    fs::write(root.join("var/lib/mke/member/db"), "pages").unwrap();
    symlink("member", root.join("var/lib/mke/current")).unwrap();
    fs::write(root.join("var/lib/kubelet/pod"), "pod").unwrap();
}

fn steps() -> Vec<Step> {
    let step = |id: &str, action| Step {
        id: id.parse().unwrap(),
        title: "a step".parse().unwrap(),
        action,
        holds_until: None,
    };
    let copy = Action::Copy { from: "/var/lib/mke".parse().unwrap(), name: "mke".parse().unwrap() };
    let aside = Action::SetAside {
        path: "/var/lib/kubelet".parse().unwrap(),
        aside: "/var/lib/kubelet.mke3".parse().unwrap(),
    };
    vec![
        place_at("over", "/etc/k0s/k0s.yaml"),
        place_at("fresh", "/etc/new/dir/k0s.yaml"),
        step("copy", copy),
        step("aside", aside),
    ]
}

impl Bench {
    fn new() -> Self {
        Self::of(steps(), &[])
    }

    /// A set with these steps in `prepare`, and these blobs beside the usual one.
    fn of(steps: Vec<Step>, blobs: &[(Blob, Vec<u8>)]) -> Self {
        Self { directory: signed::set(steps, blobs) }
    }

    /// A bench whose set has a large blob, which `prepare` puts in place after copying a large file.
    fn with_large_files() -> Self {
        let blob: Vec<u8> = (0..LARGE / 8).flat_map(|n| (n as u64).to_le_bytes()).collect();
        let listed =
            Blob { sha256: Sha256::of(&blob), size: blob.len() as u64, name: "large".parse().unwrap() };
        let content = Content::Blob { name: listed.name.clone(), sha256: listed.sha256 };
        let mut large = place_at("large", "/usr/large");
        if let Action::Place { content: placed, .. } = &mut large.action {
            *placed = content;
        }
        let copy = Action::Copy { from: "/var/lib/large".parse().unwrap(), name: "large".parse().unwrap() };
        let copy = Step { id: "copy".parse().unwrap(), action: copy, ..large.clone() };
        Self::of(vec![copy, large], &[(listed, blob)])
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// The arguments of a verb on the root directory `root`.
    fn arguments(&self, verb: &str, root: &Path) -> Vec<String> {
        let root = root.to_str().unwrap().to_owned();
        let mut arguments = vec![verb.to_owned(), "--root".to_owned(), root];
        if matches!(verb, "apply" | "check") {
            let trust = self.path("trust").to_str().unwrap().to_owned();
            arguments.extend(["--trust".to_owned(), trust, self.path("set").to_str().unwrap().to_owned()]);
        }
        arguments
    }

    fn run(&self, verb: &str, root: &Path) -> Output {
        Command::new(NODE).args(self.arguments(verb, root)).output().unwrap()
    }

    fn traced(&self, options: &[&str], verb: &str, root: &Path) -> Output {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(self.path("trace")).args(options).arg(NODE);
        command.args(self.arguments(verb, root)).output().expect("this test needs strace")
    }

    fn trace(&self) -> String {
        fs::read_to_string(self.path("trace")).unwrap()
    }

    /// A fresh node.
    fn root(&self) -> tempfile::TempDir {
        let root = tempfile::tempdir_in(self.directory.path()).unwrap();
        old_tree(root.path());
        root
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Everything below `root` outside the state directory, with what could have changed of it.
fn tree(root: &Path, with_times: bool) -> BTreeMap<PathBuf, String> {
    let mut shown = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(root).unwrap().to_owned();
            if below.starts_with("var/lib/airlift") || below.starts_with("lost+found") {
                continue;
            }
            let data = path.symlink_metadata().unwrap();
            let body = if data.is_dir() {
                open.push(path.clone());
                "dir".to_owned()
            } else if data.is_symlink() {
                format!("link {:?}", fs::read_link(&path).unwrap())
            } else {
                let time = if with_times { data.mtime_nsec() } else { 0 };
                format!("{:?} {} names {time}", fs::read(&path).unwrap(), data.nlink())
            };
            shown.insert(below, format!("{:o} {}:{} {body}", data.mode(), data.uid(), data.gid()));
        }
    }
    shown
}

/// The tree without what logins show while something is pending.
fn without_notice(mut tree: BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, String> {
    tree.retain(|path, _| !path.starts_with("etc/motd.d"));
    tree
}

/// No path is between old and new.
fn old_or_new(
    found: &BTreeMap<PathBuf, String>,
    old: &BTreeMap<PathBuf, String>,
    new: &BTreeMap<PathBuf, String>,
) {
    for (path, text) in found {
        // what logins show goes with the run
        if path.starts_with("etc/motd.d") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy();
        let temporary = name.starts_with(".airlift-");
        // a file's second name is gone and back while its other name is replaced
        let kept = text.contains(" names ") && old.get(path).is_some_and(|old| same_but_names(old, text));
        let is_dir = text.ends_with(" dir");
        assert!(
            temporary || kept || is_dir || old.get(path) == Some(text) || new.get(path) == Some(text),
            "{} is between old and new: {text}",
            path.display()
        );
    }
}

fn same_but_names(a: &str, b: &str) -> bool {
    let cut = |text: &str| text.split(']').next().unwrap_or_default().to_owned();
    cut(a) == cut(b)
}

#[test]
fn a_prepared_node_comes_back_to_the_byte() {
    let bench = Bench::new();
    let root = bench.root();
    let old = tree(root.path(), true);
    let applied = bench.run("apply", root.path());
    assert_eq!(applied.status.code(), Some(4), "{}", text(&applied));
    let new = tree(root.path(), true);
    assert_eq!(fs::read(root.path().join("etc/k0s/k0s.yaml")).unwrap(), support::K0S_YAML);
    assert!(root.path().join("var/lib/airlift/copies/mke/member/db").exists());
    assert!(root.path().join("var/lib/kubelet.mke3/pod").exists());
    // once more: not a byte and not a time differs
    let journal = root.path().join("var/lib/airlift/journal");
    let before = (fs::read(&journal).unwrap(), journal.metadata().unwrap().mtime_nsec());
    assert_eq!(bench.run("apply", root.path()).status.code(), Some(4));
    assert_eq!((fs::read(&journal).unwrap(), journal.metadata().unwrap().mtime_nsec()), before);
    assert_eq!(tree(root.path(), true), new);
    let status = bench.run("status", root.path());
    assert!(text(&status).contains("this node stands after prepare"), "{}", text(&status));
    let back = bench.run("rollback", root.path());
    assert_eq!(back.status.code(), Some(0), "{}", text(&back));
    assert_eq!(tree(root.path(), true), old);
    let left: Vec<_> = fs::read_dir(root.path().join("var/lib/airlift"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["journal"]);
    assert_eq!(bench.run("rollback", root.path()).status.code(), Some(3));
}

/// Bytes of a large file.
const LARGE: usize = 32 << 20;

#[test]
fn a_signal_in_a_long_copy_ends_it_at_once_and_nothing_is_left_of_it() {
    let bench = Bench::with_large_files();
    let fresh = || {
        let root = bench.root();
        fs::create_dir(root.path().join("usr")).unwrap();
        fs::write(root.path().join("var/lib/large"), vec![7; LARGE]).unwrap();
        root
    };
    // where the writes of each part begin
    let root = fresh();
    let traced = bench.traced(&["-y", "-e", "trace=pwrite64"], "apply", root.path());
    assert_eq!(traced.status.code(), Some(4), "{}", text(&traced));
    let trace = bench.trace();
    let first = |part: &str| {
        1 + trace.lines().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}"))
    };
    let parts = [
        ("staging", first("/blobs/"), 5, "copy the blob|interrupted by SIG"),
        ("copy", first("/parts/copy"), 7, "go on: interrupted by SIG"),
        ("place", first("/.airlift-large"), 7, "go on: interrupted by SIG"),
    ];
    for (part, begins, code, words) in parts {
        for signal in ["TERM", "INT"] {
            let root = fresh();
            let old = tree(root.path(), true);
            let inject = format!("inject=pwrite64:signal={signal}:when={}", begins + 5);
            let ran = bench.traced(&["-y", "-e", "trace=pwrite64", "-e", &inject], "apply", root.path());
            let shown = text(&ran);
            assert_eq!(ran.status.code(), Some(code), "{part}: {shown}");
            assert!(words.split('|').any(|words| shown.contains(words)), "{part}: {shown}");
            let trace = bench.trace();
            let large = |line: &&str| {
                line.contains("/blobs/") || line.contains("/copy") || line.contains("/.airlift-")
            };
            let after: Vec<&str> = trace.lines().skip(begins + 5).filter(large).collect();
            assert!(after.len() <= 1, "{part}: it went on: {after:?}");
            let left = without_notice(tree(root.path(), true));
            assert_eq!(left.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>(), "{part}");
            assert!(left == old, "{part}");
            let state = root.path().join("var/lib/airlift");
            let there = |name: &str| fs::read_dir(state.join(name)).map_or(0, |entries| entries.count());
            assert_eq!((there("parts"), there("copies"), there("old")), (0, 0, 0), "{part}");
            let unfinished = |entry: fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".new");
            assert!(
                !fs::read_dir(state.join("blobs")).unwrap().any(|entry| unfinished(entry.unwrap())),
                "{part}"
            );
            // and the next try goes through
            let again = bench.run("apply", root.path());
            assert_eq!(again.status.code(), Some(4), "{part}: {}", text(&again));
            assert_eq!(fs::metadata(root.path().join("usr/large")).unwrap().len(), LARGE as u64);
        }
    }
}

#[test]
fn a_login_reads_what_status_says() {
    let bench = Bench::new();
    let root = bench.root();
    assert_eq!(bench.run("apply", root.path()).status.code(), Some(4));
    let shown = fs::read_to_string(root.path().join("etc/motd.d/airlift")).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    let status = text(&bench.run("status", root.path()));
    for line in [lines[0].strip_prefix("Airlift: ").unwrap(), lines[1]] {
        assert!(status.contains(line), "{line:?} is not in {status}");
    }
    assert_eq!(bench.run("rollback", root.path()).status.code(), Some(0));
    assert!(!root.path().join("etc/motd.d").exists());
}

#[test]
fn a_second_executor_is_kept_out() {
    let bench = Bench::new();
    let root = bench.root();
    assert_eq!(bench.run("apply", root.path()).status.code(), Some(4));
    let disk = airlift_node::disk::RealDisk::below(root.path()).unwrap();
    let lock = disk.lock(Path::new("/var/lib/airlift")).unwrap().unwrap();
    for verb in ["apply", "rollback"] {
        let refused = bench.run(verb, root.path());
        assert_eq!(refused.status.code(), Some(5));
        assert!(text(&refused).contains("AN022"), "{}", text(&refused));
    }
    assert_eq!(bench.run("status", root.path()).status.code(), Some(0));
    drop(lock);
    assert_eq!(bench.run("rollback", root.path()).status.code(), Some(0));
}

#[test]
fn no_link_on_the_way_is_followed() {
    let bench = Bench::new();
    let root = bench.root();
    fs::rename(root.path().join("etc/k0s"), root.path().join("etc/elsewhere")).unwrap();
    symlink("elsewhere", root.path().join("etc/k0s")).unwrap();
    let old = tree(root.path(), true);
    let refused = bench.run("apply", root.path());
    assert_ne!(refused.status.code(), Some(4), "{}", text(&refused));
    assert!(text(&refused).contains("/etc/k0s is a symbolic link to elsewhere"), "{}", text(&refused));
    assert_eq!(without_notice(tree(root.path(), true)), old);
}

/// Calls that change nothing but what the process has for itself.
const CHANGING: &str = "trace=creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,\
unlinkat,rmdir,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,truncate,ftruncate,fallocate,setxattr,lsetxattr,\
fsetxattr,removexattr,lremovexattr,fremovexattr,utime,utimes,utimensat,futimesat,mknod,mknodat,pwrite64,pwritev,\
pwritev2,fsync,fdatasync,sync,syncfs,open,openat,openat2";

#[test]
fn verbs_that_only_look_change_nothing() {
    let bench = Bench::new();
    let (fresh, applied) = (bench.root(), bench.root());
    assert_eq!(bench.run("apply", applied.path()).status.code(), Some(4));
    for root in [fresh.path(), applied.path()] {
        for (verb, more) in [("check", None), ("status", None), ("apply", Some("--dry-run"))] {
            let before = tree(root, true);
            let mut command = Command::new("strace");
            command.args(["-f", "-qq", "-e", CHANGING, "-o"]).arg(bench.path("trace")).arg(NODE);
            let ran = command.args(bench.arguments(verb, root)).args(more).output().unwrap();
            assert!(matches!(ran.status.code(), Some(0 | 3)), "{verb}: {}", text(&ran));
            for line in bench.trace().lines() {
                let reads = line.contains("O_RDONLY") || line.contains("O_PATH");
                let opens = line.contains(" open");
                let tolerated = line.contains("/dev/null")
                    || line.contains(" = -1 ")
                    || line.contains("+++")
                    || line.contains("---");
                assert!(tolerated || (opens && reads && !line.contains("O_CREAT")), "{verb} did: {line}");
            }
            assert_eq!(tree(root, true), before);
        }
    }
}

#[test]
fn verbs_that_only_look_work_on_a_root_that_nobody_can_write() {
    let bench = Bench::new();
    let (fresh, applied) = (bench.root(), bench.root());
    assert_eq!(bench.run("apply", applied.path()).status.code(), Some(4));
    let (set, trust) = (bench.path("set"), bench.path("trust"));
    let (set, trust) = (set.to_str().unwrap(), trust.to_str().unwrap());
    // the whole machine, the set and the state directory among it, is mounted read-only, in a namespace of its own
    const LOCKED: &str = "mount --make-rprivate / && mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && \
                          ! touch \"$1/x\" 2>/dev/null && shift && exec \"$@\"";
    let run = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", LOCKED, "sh"]).arg(bench.directory.path()).arg(NODE);
        command.args(arguments).output().expect("this test needs unshare, and root")
    };
    for (root, stands) in [(fresh.path(), "this node has taken no set"), (applied.path(), "after prepare")] {
        let root_text = root.to_str().unwrap();
        let before = tree(root, true);
        let verbs: [(&[&str], &str); 8] = [
            (&["verify", "--trust", trust, set], "plan"),
            (&["inspect", "--trust", trust, &format!("{set}/nodes/{}.tar.zst", hostname())], "plan"),
            (&["trust", "list", "--trust", trust], "author"),
            (&["check", "--root", root_text, "--trust", trust, set], "all is done"),
            (&["status", "--root", root_text], stands),
            (&["apply", "--dry-run", "--root", root_text, "--trust", trust, set], "over"),
            (&["survey", "--no-key", "--key", &format!("{root_text}/no.key")], "\"hostname\""),
            (&["--format", "json", "status", "--root", root_text], "standing"),
        ];
        for (arguments, words) in verbs {
            let ran = run(arguments);
            let shown = text(&ran);
            assert!(matches!(ran.status.code(), Some(0 | 3)), "{arguments:?}: {shown}");
            assert!(shown.contains(words), "{arguments:?}: {shown}");
            assert_eq!(tree(root, true), before, "{arguments:?}");
        }
    }
    // and a verb that writes says so, and leaves what is there
    let root = fresh.path().to_str().unwrap();
    let refused = run(&["apply", "--root", root, "--trust", trust, set]);
    assert!(text(&refused).contains("Read-only file system"), "{}", text(&refused));
}

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
                    let mut last = bench.run(typed, root.path());
                    if typed == "apply" && matches!(last.status.code(), Some(7 | 8)) {
                        // on its way back already: the hint says so
                        let hint = text(&last).contains("airlift-node rollback");
                        assert!(hint, "{name}: {}", text(&last));
                        bench.run("rollback", root.path());
                        last = bench.run("apply", root.path());
                    }
                    let shown = format!("{name}: {}\nthen {typed}: {}", text(&traced), text(&last));
                    if typed == "apply" {
                        assert_eq!(last.status.code(), Some(4), "{shown}");
                        assert_eq!(tree(root.path(), false), new, "{shown}");
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

/// Another key is another author: the binary takes no set that the trust file does not vouch for.
#[test]
fn a_set_of_a_stranger_is_refused_before_anything_is_written() {
    let bench = Bench::new();
    let root = bench.root();
    let before = tree(root.path(), true);
    let stranger = airlift_bundle::trust::TrustFile::in_author(Key::new().public());
    fs::write(bench.path("trust"), stranger.to_string()).unwrap();
    assert_eq!(bench.run("apply", root.path()).status.code(), Some(5));
    assert_eq!(tree(root.path(), true), before);
    assert!(!root.path().join("var/lib/airlift").exists());
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
            let mut last = bench.run("apply", &root);
            if last.status.code() == Some(8) {
                bench.run("rollback", &root);
                last = bench.run("apply", &root);
            }
            assert_eq!(last.status.code(), Some(4), "cycle {cycle}: {}", text(&last));
            assert_eq!(tree(&root, false), new, "cycle {cycle}");
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

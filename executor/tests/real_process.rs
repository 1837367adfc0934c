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
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use age::secrecy::ExposeSecret as _;
use airlift_bundle::archive;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::codes::OwnCodes;
use airlift_bundle::gate::protocol::Protocol;
use airlift_bundle::gate::receipt::{Asked, Receipt, SignedReceipt};
use airlift_bundle::gate::word::{Attempt, Look, Word};
use airlift_bundle::manifest::{Blob, Manifest};
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{
    Action, Content, NodeIdentity, NodeKeys, NodePlan, Plan, PlannedLook, PlannedNode, Role, ScriptFile,
    SealedSecret, Seconds, SecretName, StagePlan, Step,
};
use airlift_bundle::sealed::{Address, Room};
use airlift_bundle::signing::SigningKey;
use airlift_bundle::value::{Format, Mode, PlanId};
use signed::hostname;
use support::{Key, Site, contents, place_at};

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

    /// `apply`, also where the node is back and has to begin the next attempt.
    fn apply(&self, root: &Path) -> Output {
        let output = self.run("apply", root);
        if !text(&output).contains("--next-attempt") {
            return output;
        }
        let arguments = [self.arguments("apply", root), vec!["--next-attempt".to_owned()]].concat();
        Command::new(NODE).args(arguments).output().unwrap()
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
    assert!(text(&status).contains("attempt 1: prepare is done"), "{}", text(&status));
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
    for (root, stands) in [(fresh.path(), "this node has taken no set"), (applied.path(), "prepare is done")]
    {
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
                    let mut last = if typed == "apply" {
                        bench.apply(root.path())
                    } else {
                        bench.run(typed, root.path())
                    };
                    if typed == "apply" && matches!(last.status.code(), Some(7 | 8)) {
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
            let mut last = bench.apply(&root);
            if last.status.code() == Some(8) {
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

/// A site of this machine and a worker `w1`, whose words the test signs. Its secrets are sealed for real.
struct Speaking {
    bench: Bench,
    root: tempfile::TempDir,
    plan: Plan,
    plan_id: PlanId,
}

fn receipt_key(place: u8) -> SigningKey {
    SigningKey::from_seed([place; 8], [place; 32])
}

impl Speaking {
    fn new() -> Self {
        let mut site = Site::new();
        let name: NodeName = hostname().parse().unwrap();
        let node = NodeIdentity { name: name.clone(), role: Role::Leader, addresses: vec![] };
        let identity = age::x25519::Identity::generate();
        let mut files = contents();
        let mut secrets = Vec::new();
        let protocol = Protocol::new(
            airlift_bundle::gate::site::Site::new(vec![
                (name.clone(), Role::Leader),
                ("w1".parse().unwrap(), Role::Worker),
            ])
            .unwrap(),
        );
        let words = protocol.own_words(protocol.site().leader());
        let mut random = 0;
        let codes = OwnCodes::generate(site.plan.site.clone(), name.clone(), words, || {
            random += 1;
            [random; 7]
        });
        let codes = String::from_utf8(codes.to_secret_json().unwrap()).unwrap();
        for (secret, value, room) in [
            ("receipt/codes", codes, Room::Medium),
            ("receipt/key", receipt_key(1).to_secret_line(), Room::Small),
        ] {
            let secret: SecretName = secret.parse().unwrap();
            let address = Address { site: &site.plan.site, node: &name, name: &secret };
            let envelope = address.wrap(&value, room).unwrap();
            let recipient: &dyn age::Recipient = &identity.to_public();
            let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient)).unwrap();
            let mut sealed = Vec::new();
            let mut writer = encryptor.wrap_output(&mut sealed).unwrap();
            writer.write_all(&envelope).unwrap();
            writer.finish().unwrap();
            let entry = airlift_bundle::sealed::entry(&secret, false).unwrap();
            secrets.push(SealedSecret { name: secret, entry: entry.clone(), sha256: Sha256::of(&sealed) });
            files.add(entry, Mode::PRIVATE, sealed).unwrap();
        }
        let look = b"echo looked; exit 10\n";
        let script = ScriptFile { entry: "look.sh".parse().unwrap(), sha256: Sha256::of(look) };
        files.add(script.entry.clone(), Mode::PROGRAM, look.to_vec()).unwrap();
        let plan = NodePlan {
            secrets,
            stages: vec![StagePlan { stage: Stage::Prepare, steps: steps() }],
            looks: Look::ALL
                .iter()
                .map(|look| PlannedLook {
                    look: *look,
                    script: script.clone(),
                    seconds: Seconds::new(10).unwrap(),
                    variables: vec![],
                })
                .collect(),
            ..support::node_plan(node.clone(), vec![])
        };
        let keys = |place| NodeKeys { receipt: Some(receipt_key(place).public()), ..NodeKeys::default() };
        let worker = NodeIdentity { name: "w1".parse().unwrap(), role: Role::Worker, addresses: vec![] };
        site.plan.nodes = vec![
            PlannedNode { node, keys: keys(1), plan: plan.digest().unwrap() },
            PlannedNode { node: worker, keys: keys(2), plan: Sha256::of(b"the worker's plan") },
        ];
        let (plan_json, plan_id) = site.plan.to_json().unwrap();
        let manifest =
            Manifest { plan_id, plan, blobs: vec![], files: files.entries(), ..site.manifests[0].clone() };
        let bundle = archive::write(&manifest, &files).unwrap();
        let set =
            BTreeMap::from([("plan.json".to_owned(), plan_json), (name.bundle_path().to_string(), bundle)]);
        let set = site.sign(plan_id, set).into_iter().map(|(path, bytes)| (format!("set/{path}"), bytes));
        let bench = Bench { directory: support::on_disk(&set.collect()) };
        fs::write(bench.path("trust"), site.trust(0).to_string()).unwrap();
        let root = bench.root();
        fs::create_dir_all(root.path().join("var/lib/airlift")).unwrap();
        let key = root.path().join("var/lib/airlift/age.key");
        fs::write(&key, format!("{}\n", identity.to_string().expose_secret())).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(bench.path("stick")).unwrap();
        Self { bench, root, plan: site.plan, plan_id }
    }

    fn types(&self, verb: &str, more: &[&str]) -> (i32, String) {
        let mut arguments = self.bench.arguments(verb, self.root.path());
        if self.root.path().join("var/lib/airlift/journal").exists() {
            // the set is not named again
            arguments.truncate(3);
        }
        let output = Command::new(NODE).args(arguments).args(more).stdin(Stdio::null()).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    }

    fn stick(&self) -> String {
        self.bench.path("stick").to_str().unwrap().to_owned()
    }

    /// A word of the worker, on the stick.
    fn says(&self, word: Word) {
        let node: NodeName = "w1".parse().unwrap();
        let receipt = Receipt {
            format: Format,
            plan_id: self.plan_id,
            site: self.plan.site.clone(),
            node: node.clone(),
            word,
            attempt: Attempt::FIRST,
            journal: Sha256::of(b"its journal"),
            facts: BTreeMap::new(),
        };
        let signed = receipt.sign(&receipt_key(2)).unwrap();
        let path = self.bench.path("stick").join(Receipt::file_name(&node, word, Attempt::FIRST));
        fs::write(path.with_added_extension("minisig"), signed.signature).unwrap();
        fs::write(path, signed.json).unwrap();
    }
}

/// An event has the form that the published schema says.
fn is_published(event: &serde_json::Value) {
    let path = format!("{}/../docs/schemas/event.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(schema.is_valid(event), "{event}");
    for (field, wrong) in [("schema", 2), ("event", 0), ("next", 0), ("attempt", 10), ("exit", -1)] {
        let mut other = event.clone();
        if let Some(value) = other.get_mut(field) {
            *value = wrong.into();
            assert!(!schema.is_valid(&other), "{field}: {event}");
        }
    }
}

#[test]
fn a_leader_and_its_worker_come_to_the_end_through_the_real_binary() {
    let site = Speaking::new();
    let (code, said) = site.types("apply", &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("--say 'the outage of acme begins'"), "{said}");
    let (code, said) = site.types("apply", &["--say", "the outage of Acme begins"]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("AN026") && said.contains("'the outage of acme begins'"), "{said}");
    let (code, said) = site.types("apply", &["--say", "the outage of acme begins"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("stopped of w1: bring w1.stopped.1.json"), "{said}");

    // its own words, as codes and as files that others take
    let name = site.plan.nodes[0].node.name.clone();
    let (_, events) = site.types("receipt", &["--format", "json"]);
    for event in events.trim_start_matches("exit status: 0").lines() {
        is_published(&serde_json::from_str(event).unwrap());
    }
    let (code, said) = site.types("receipt", &[]);
    assert_eq!(code, 0, "{said}");
    let shown = |word: &str| said.contains(&format!("file {name}.{word}.1.json"));
    assert!(["prepared", "go", "frozen", "frozen-all", "stopped"].iter().all(|word| shown(word)), "{said}");
    assert_eq!(site.types("receipt", &["--to", &site.stick()]).0, 0);
    for word in [Word::Prepared, Word::Go, Word::Frozen, Word::FrozenAll, Word::Stopped] {
        let read = |name: String| fs::read(site.bench.path("stick").join(name)).unwrap();
        let signed = SignedReceipt {
            json: read(Receipt::file_name(&name, word, Attempt::FIRST)),
            signature: read(Receipt::signature_name(&name, word, Attempt::FIRST)),
        };
        let asked = Asked { plan: (&site.plan, site.plan_id), node: &name, word, attempt: Attempt::FIRST };
        let receipt = Receipt::open(&signed, &asked).unwrap();
        assert_eq!(word == Word::Stopped, receipt.facts.contains_key(&"stop-ended".parse().unwrap()));
        let said = receipt.facts.get(&"said-1".parse().unwrap()).map(ToString::to_string);
        assert_eq!(said.as_deref(), (word > Word::Prepared).then_some("the outage of acme begins"));
    }

    // a stick with a good word, a bad one, and things that are none of our business
    site.says(Word::Stopped);
    site.says(Word::Away);
    let bad = site.bench.path("stick/w1.away.1.json");
    let mut bytes = fs::read(&bad).unwrap();
    bytes[40] ^= 1;
    fs::write(&bad, bytes).unwrap();
    fs::write(site.bench.path("stick/Thumbs.db"), "x").unwrap();
    let (code, said) = site.types("receipt", &["--from", &site.stick()]);
    assert_eq!(code, 5, "{said}");
    for words in ["heard stopped of w1", "w1.away.1.json", "passed over", "Thumbs.db is no receipt"] {
        assert!(said.contains(words.split(" is no").next().unwrap()), "{words}: {said}");
    }
    fs::remove_file(&bad).unwrap();
    let (code, said) = site.types("receipt", &["--code", "w1", "started", "0000-0000-0001"]);
    assert!(code == 5 && said.contains("AB061"), "{said}");

    let (code, said) = site.types("apply", &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("started of w1"), "{said}");
    let (code, said) = site.types("apply", &["--without", "w1"]);
    assert!(code == 5 && said.contains("--say 'go on without w1'"), "{said}");
    let (code, said) = site.types("status", &["--format", "json"]);
    let events: Vec<serde_json::Value> = said
        .trim_start_matches("exit status: 0")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    events.iter().for_each(is_published);
    let standing = &events[0];
    assert_eq!((code, &standing["attempt"], &standing["schema"]), (0, &1.into(), &1.into()), "{said}");
    assert_eq!(standing["next"][0]["act"], "begin adopt", "{standing}");
    assert!(standing["given"].as_array().unwrap().contains(&"members-complete".into()), "{standing}");

    site.says(Word::Started);
    let stick = site.stick();
    let (code, said) =
        site.types("apply", &["--receipts", &stick, "--say", "the vendor command has run on acme"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = site.types("rollback", &[]);
    assert!(code == 5 && said.contains("the site is accepted"), "{said}");
    assert_eq!(site.types("commit", &[]).0, 4);
    let (code, said) = site.types("commit", &["--say", &format!("no way back on {name}")]);
    assert_eq!(code, 0, "{said}");
    let mut left: Vec<_> = fs::read_dir(site.root.path().join("var/lib/airlift"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["journal", "receipts"]);
    let (code, said) = site.types("receipt", &[]);
    assert!(code == 0 && said.contains("committed"), "{said}");
    assert_eq!(site.types("commit", &[]).0, 3);
}

#[test]
fn a_question_at_a_terminal_ends_with_ctrl_c() {
    let site = Speaking::new();
    let mut arguments = vec![NODE.to_owned()];
    arguments.extend(site.bench.arguments("apply", site.root.path()));
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let mut terminal = Command::new("script")
        .args(["-q", "-e", "-f", "-c", &format!("exec {}", quoted.join(" ")), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs `script`, of bsdutils");
    let mut shown = BufReader::new(terminal.stdout.take().unwrap()).lines().map(Result::unwrap);
    let question = "to say so, type: the outage of acme begins";
    assert!(shown.any(|line| line.trim_end() == question), "it was not asked");
    // what Ctrl-C sends
    terminal.stdin.as_mut().unwrap().write_all(&[3]).unwrap();
    assert_eq!(terminal.wait().unwrap().code(), Some(4));
    let rest: String = shown.collect();
    assert!(rest.contains("waiting for your word that the outage begins"), "{rest}");
}

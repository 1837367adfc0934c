//! The real binary on real files: to the byte there and back, by itself, past links and signals, watched by strace.
//!
//! Needs root and strace.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and ask the environment")]

mod real;
mod signed;
#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use real::{Bench, LARGE, NODE, text, tree, without_notice};
use signed::hostname;
use support::Key;

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
        for signal in ["TERM", "INT", "QUIT"] {
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
fn a_journal_that_is_gone_or_empty_is_missed_before_what_it_speaks_of_is_tidied_away() {
    let bench = Bench::new();
    let root = bench.root();
    let old = tree(root.path(), true);
    assert_eq!(bench.run("apply", root.path()).status.code(), Some(4));
    let new = tree(root.path(), true);
    let journal = root.path().join("var/lib/airlift/journal");
    let whole = fs::read(&journal).unwrap();
    for damaged in [None, Some(&b""[..]), Some(b"abc")] {
        match damaged {
            None => fs::remove_file(&journal).unwrap(),
            Some(bytes) => fs::write(&journal, bytes).unwrap(),
        }
        for verb in ["status", "apply", "check", "rollback", "commit"] {
            let ran = bench.run(verb, root.path());
            let shown = text(&ran);
            // a check of a set looks at nothing of that
            assert!(ran.status.code() == Some(9) || verb == "check", "{verb}: {shown}");
            let names_it = shown.contains("journal is gone or empty")
                && shown.contains("put /var/lib/airlift/journal back");
            assert!(names_it || verb == "check", "{verb}: {shown}");
        }
        assert_eq!(tree(root.path(), true), new);
    }
    fs::write(&journal, whole).unwrap();
    assert_eq!(bench.run("rollback", root.path()).status.code(), Some(0));
    assert_eq!(tree(root.path(), true), old);
}

#[test]
fn nothing_is_run_from_a_state_directory_that_others_may_write_or_that_is_a_link() {
    let bench = Bench::new();
    let root = bench.root();
    assert_eq!(bench.run("apply", root.path()).status.code(), Some(4));
    let state = root.path().join("var/lib/airlift");
    let verbs = |code: &str| {
        for (verb, more) in
            [("apply", None), ("apply", Some("--dry-run")), ("check", None), ("rollback", None)]
        {
            let arguments =
                [bench.arguments(verb, root.path()), more.map(str::to_owned).into_iter().collect()];
            let ran = Command::new(NODE).args(arguments.concat()).output().unwrap();
            assert_eq!(ran.status.code(), Some(5), "{verb}: {}", text(&ran));
            assert!(text(&ran).contains(code), "{verb}: {}", text(&ran));
        }
    };
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
    verbs("AN028");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let elsewhere = root.path().join("elsewhere");
    fs::rename(&state, &elsewhere).unwrap();
    symlink(&elsewhere, &state).unwrap();
    verbs("AN032");
    assert!(text(&bench.run("status", root.path())).contains("none bind 0 0"));
}

/// An access list that lets the user 1234 do everything, as its extended attribute holds it.
fn access_list() -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, may, id) in
        [(1, 7, u32::MAX), (2, 7, 1234), (4, 5, u32::MAX), (0x10, 7, u32::MAX), (0x20, 5, u32::MAX)]
    {
        bytes.extend([u16::to_le_bytes(tag), u16::to_le_bytes(may)].concat());
        bytes.extend(u32::to_le_bytes(id));
    }
    bytes
}

#[test]
fn a_directory_s_access_list_lets_nobody_into_what_is_placed_or_copied_there() {
    const ACCESS: &str = "system.posix_acl_access";
    const INHERITED: &str = "system.posix_acl_default";
    let set = |path: &Path, name| {
        rustix::fs::setxattr(path, name, &access_list(), rustix::fs::XattrFlags::empty()).unwrap();
    };
    let has = |path: &Path| rustix::fs::getxattr(path, ACCESS, &mut [0; 100]).is_ok();
    let bench = Bench::new();
    let root = bench.root();
    let target = root.path().join("etc/k0s/k0s.yaml");
    set(target.parent().unwrap(), INHERITED);
    fs::write(target.with_extension("theirs"), "").unwrap();
    assert!(has(&target.with_extension("theirs")), "nothing is inherited here");
    let old = tree(root.path(), true);
    assert_eq!(bench.run("apply", root.path()).status.code(), Some(4));
    assert!(!has(&target));
    assert_eq!(bench.run("rollback", root.path()).status.code(), Some(0));
    assert_eq!(tree(root.path(), true), old);
    // a copy has what its source has, and no more
    let disk = airlift_node::disk::RealDisk::below(root.path()).unwrap();
    for (is_listed, name) in [(false, "one"), (true, "other")] {
        let source = root.path().join("etc/group");
        if is_listed {
            set(&source, ACCESS);
        }
        let copy = Path::new("/etc/k0s").join(name);
        let go_on = |_| Ok::<_, airlift_node::disk::DiskError>(());
        airlift_node::disk::copy_tree(&disk, Path::new("/etc/group"), &copy, &go_on).unwrap();
        assert_eq!(has(&root.path().join(copy.strip_prefix("/").unwrap())), is_listed);
    }
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
            (&["check", "--root", root_text, "--trust", trust, set], "nothing was changed"),
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

//! An executor that is at work while something else happens: it is killed, gets signals, is asked for its state; and what
//! it must not begin with.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and ask the environment")]

mod signed;
#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use airlift_bundle::digest::Sha256;
use airlift_bundle::manifest::Blob;
use airlift_bundle::plan::{Action, Completion, Content, Script, ScriptFile, ScriptUndo, Seconds, Step};
use airlift_bundle::value::Mode;
use support::{contents, place_at};

const NODE: &str = env!("CARGO_BIN_EXE_airlift-node");

/// A signed set for this machine, a node to work on, and a directory in which scripts and test talk to each other.
struct Bench {
    directory: tempfile::TempDir,
    root: tempfile::TempDir,
    talk: tempfile::TempDir,
}

impl Bench {
    /// A node with one step, whose scripts these are; `$T` in them is where they talk.
    fn with_script(r#do: &str, undo: &str) -> Self {
        let talk = tempfile::tempdir().unwrap();
        let mut files = contents();
        let mut file = |name: &str, text: &str| {
            let text = format!("T='{}'\n{text}\n", talk.path().display()).into_bytes();
            let entry = format!("steps/slow/{name}.sh").parse().unwrap();
            let file = ScriptFile { entry, sha256: Sha256::of(&text) };
            files.add(file.entry.clone(), Mode::PROGRAM, text).unwrap();
            file
        };
        let script = Script {
            r#do: file("do", r#do),
            probe: file("probe", "exit 11"),
            undo: ScriptUndo::Exact(file("undo", undo)),
            completion: Completion::Evidence,
            seconds: Seconds::new(600).unwrap(),
            variables: vec![],
        };
        let action = Action::Script(script);
        let step =
            Step { id: "slow".parse().unwrap(), title: "a step".parse().unwrap(), action, holds_until: None };
        Self::on(signed::set_with(vec![step], &[], &files), talk)
    }

    fn on(directory: tempfile::TempDir, talk: tempfile::TempDir) -> Self {
        let root = tempfile::tempdir_in(directory.path()).unwrap();
        fs::create_dir_all(root.path().join("etc/k0s")).unwrap();
        fs::create_dir_all(root.path().join("usr")).unwrap();
        fs::write(root.path().join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
        fs::write(root.path().join("etc/group"), "root:x:0:\n").unwrap();
        Self { directory, root, talk }
    }

    fn state(&self) -> PathBuf {
        self.root.path().join("var/lib/airlift")
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(NODE);
        command.arg(verb).arg("--root").arg(self.root.path()).stdin(Stdio::null());
        command
    }

    fn apply(&self) -> Command {
        let mut command = self.command("apply");
        command.arg("--trust").arg(self.directory.path().join("trust"));
        command.arg(self.directory.path().join("set"));
        command
    }

    fn starts(&self) -> Child {
        self.apply().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What a script has written, once it has.
    fn told(&self, name: &str) -> String {
        let path = self.talk.path().join(name);
        for _ in 0..3000 {
            match fs::read_to_string(&path) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => sleep(Duration::from_millis(20)),
            }
        }
        panic!("{name} was never told");
    }

    fn tell(&self, name: &str) {
        fs::write(self.talk.path().join(name), "\n").unwrap();
    }
}

fn text(output: &Output) -> String {
    let (out, talk) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}{out}{talk}", output.status)
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", "kill -s $0 $1", name, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Whether a process is at work: nobody may be left to collect one that was killed.
fn lives(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn no_script_of_a_killed_executor_works_beside_its_own_undo() {
    for verb in ["rollback", "apply"] {
        let bench = Bench::with_script(
            // deaf to all that can be ignored, with a child of its own
            "trap '' TERM INT HUP\nmkdir \"$T/once\" || exit 0\nsleep 1000 &\necho $$ $! >\"$T/began\"\nwait",
            "for process in $(cat \"$T/began\"); do\n  state=$(sed 's/.*) //' /proc/$process/stat 2>/dev/null)\n  \
             case $state in ''|Z*) ;; *) echo \"$process\" >>\"$T/beside\" ;; esac\ndone\n:",
        );
        let mut run = bench.starts();
        let began = bench.told("began");
        let processes: Vec<&str> = began.split_whitespace().collect();
        assert!(processes.len() == 2 && processes.iter().all(|process| lives(process)));
        run.kill().unwrap();
        run.wait().unwrap();
        assert!(processes.iter().all(|process| lives(process)), "nothing to end");
        let after = bench.command(verb).output().unwrap();
        // `apply` does the step once more, whose probe is never content
        assert_eq!(after.status.code(), Some(if verb == "rollback" { 0 } else { 7 }), "{}", text(&after));
        assert!(!processes.iter().any(|process| lives(process)), "{verb}: {}", text(&after));
        assert!(!bench.talk.path().join("beside").exists(), "{verb}: a script worked beside its undo");
    }
}

#[test]
fn what_a_script_has_left_running_on_purpose_is_left() {
    let bench = Bench::with_script(
        "sleep 1000 >/dev/null 2>&1 &\necho $! >\"$T/daemon\"\nfor i in 1 2 3; do :; done\nexit 1",
        ":",
    );
    assert_eq!(bench.apply().output().unwrap().status.code(), Some(7));
    let daemon = bench.told("daemon").trim().to_owned();
    assert!(lives(&daemon));
    assert_eq!(bench.command("rollback").output().unwrap().status.code(), Some(0));
    assert!(lives(&daemon));
    signal(daemon.parse().unwrap(), "KILL");
}

#[test]
fn what_has_left_the_scripts_group_ends_with_it_when_it_is_stopped() {
    let bench = Bench::with_script(
        "setsid sleep 1000 &\nfar=$!\ntimeout 500 sleep 1000 &\necho $far $! >\"$T/began\"\nwait",
        "for process in $(cat \"$T/began\"); do\n  state=$(sed 's/.*) //' /proc/$process/stat 2>/dev/null)\n  \
         case $state in ''|Z*) ;; *) echo \"$process\" >>\"$T/beside\" ;; esac\ndone\n:",
    );
    let run = bench.starts();
    let began = bench.told("began");
    let processes: Vec<&str> = began.split_whitespace().collect();
    assert!(processes.len() == 2 && processes.iter().all(|process| lives(process)));
    signal(run.id(), "INT");
    let ended = run.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(7), "{}", text(&ended));
    assert!(!processes.iter().any(|process| lives(process)), "{}", text(&ended));
    assert!(!bench.talk.path().join("beside").exists(), "a script worked beside its undo");
}

#[test]
fn scripts_hear_signals_whatever_shell_they_run_in() {
    let bench = Bench::with_script(
        "trap 'echo >\"$T/heard\"; exit 1' TERM\necho >\"$T/doing\"\nwhile :; do sleep 0.05; done",
        ":",
    );
    let run = bench.starts();
    bench.told("doing");
    signal(run.id(), "TERM");
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(7));
    bench.told("heard");
    // and a mask is what a shell may inherit: none is left
    let bench = Bench::with_script("grep ^SigBlk: /proc/self/status >\"$T/mask\"; exit 1", ":");
    bench.apply().output().unwrap();
    assert_eq!(bench.told("mask").split_whitespace().last(), Some("0000000000000000"));
}

#[test]
fn no_core_is_written_that_could_hold_a_secret() {
    let bench = Bench::with_script("ulimit -c >\"$T/limit\"\necho >\"$T/doing\"\nsleep 1000", ":");
    let apply = bench.apply();
    let mut unlimited = Command::new("sh");
    unlimited
        .args(["-c", "ulimit -S -c \"$(ulimit -H -c)\" && cd \"$0\" && exec \"$@\""])
        .arg(bench.talk.path())
        .arg(NODE);
    let mut run = unlimited.args(apply.get_args()).stdout(Stdio::null()).spawn().unwrap();
    bench.told("doing");
    assert_eq!(bench.told("limit").trim(), "0");
    signal(run.id(), "ABRT");
    assert!(!run.wait().unwrap().success());
    let mut left: Vec<_> =
        fs::read_dir(bench.talk.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["doing", "limit"]);
    // ends the script as well
    assert_eq!(bench.command("rollback").output().unwrap().status.code(), Some(0));
}

#[test]
fn who_may_not_look_is_told_so_and_nothing_about_the_node() {
    let bench = Bench::with_script("exit 1", ":");
    bench.apply().output().unwrap();
    let program = bench.talk.path().join("airlift-node");
    // by another process: a file that this one writes is busy as long as any of its children has it open
    assert!(Command::new("cp").arg(NODE).arg(&program).status().unwrap().success());
    for dir in [bench.talk.path(), bench.directory.path(), bench.root.path()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut status = Command::new(&program);
    std::os::unix::process::CommandExt::uid(&mut status, 65534);
    let status = status.arg("status").arg("--root").arg(bench.root.path()).output().unwrap();
    let said = text(&status);
    assert_eq!(status.status.code(), Some(5), "{said}");
    assert!(said.contains("Permission denied") && said.contains("sudo") && !said.contains("stuck"), "{said}");
}

#[test]
fn a_second_signal_does_not_stop_what_the_first_has_begun_to_undo() {
    let bench = Bench::with_script(
        "echo >\"$T/doing\"; sleep 1000",
        "echo >\"$T/undoing\"\nwhile [ ! -e \"$T/go\" ]; do sleep 0.02; done\necho >\"$T/undone\"",
    );
    let run = bench.starts();
    bench.told("doing");
    let status = text(&bench.command("status").output().unwrap());
    assert!(status.contains("airlift-node is at work on this node: prepare, in its step slow"), "{status}");
    signal(run.id(), "INT");
    bench.told("undoing");
    signal(run.id(), "INT");
    signal(run.id(), "TERM");
    bench.tell("go");
    let ended = run.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(7), "{}", text(&ended));
    assert!(
        text(&ended).contains("the first cause: failed to go on: interrupted by SIGINT"),
        "{}",
        text(&ended)
    );
    bench.told("undone");
    let status = text(&bench.command("status").output().unwrap());
    assert!(!status.contains("at work") && status.contains("to go on: airlift-node apply"), "{status}");
}

/// Process 1 of a world of its own starts the executor in a group, and ends it with its script once that is at work.
/// The stand-in for `systemctl` answers `state`.
fn ended_by_process_1(bench: &Bench, state: &str) -> Output {
    const PROCESS_1: &str = r#"mount -t tmpfs none /usr/local/sbin
printf '#!/bin/sh\necho %s\n' "$STATE" >/usr/local/sbin/systemctl
chmod 755 /usr/local/sbin/systemctl
"$@" & run=$!
while [ ! -s "$T/doing" ]; do sleep 0.02; done
read -r script <"$T/doing"
kill -s TERM "$script" "$run"
wait "$run"
"#;
    let apply = bench.apply();
    Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", PROCESS_1, "sh"])
        .arg(apply.get_program())
        .args(apply.get_args())
        .env("STATE", state)
        .env("T", bench.talk.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn only_a_machine_that_shuts_down_makes_a_power_cut_of_sigterm() {
    let undone = |bench: &Bench| bench.talk.path().join("undone").exists();
    for (state, is_up) in [("running", true), ("degraded", true), ("stopping", false), ("''", false)] {
        let bench = Bench::with_script("echo $$ >\"$T/doing\"; sleep 1000", "echo >\"$T/undone\"");
        let ended = ended_by_process_1(&bench, state);
        let said = text(&ended);
        if is_up {
            assert_eq!(ended.status.code(), Some(7), "{state}: {said}");
            assert!(said.contains("interrupted by SIGTERM") && undone(&bench), "{state}: {said}");
        } else {
            assert!(said.contains("stopped as in a power cut") && !undone(&bench), "{state}: {said}");
            assert_eq!(bench.command("rollback").output().unwrap().status.code(), Some(0));
            assert!(undone(&bench));
        }
    }
}

#[test]
fn a_run_that_nobody_watches_ends_as_it_would_have_and_says_so_by_its_exit_code() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let unread = || std::io::pipe().unwrap().1;
    for format in ["text", "json"] {
        let bench = Bench::with_script("exit 1", "echo >\"$T/undone\"");
        let mut apply = bench.apply();
        let code = apply.args(["--format", format]).stdout(full()).stderr(full()).status().unwrap().code();
        assert_eq!(code, Some(7));
        bench.told("undone");
        let mut apply = bench.apply();
        let code =
            apply.args(["--format", format]).stdout(unread()).stderr(unread()).status().unwrap().code();
        assert_eq!(code, Some(7));
        let mut back = bench.command("rollback");
        assert_eq!(
            back.args(["--format", format]).stdout(full()).stderr(full()).status().unwrap().code(),
            Some(0)
        );
        let mut status = bench.command("status");
        assert_eq!(status.stdout(full()).status().unwrap().code(), Some(5), "an answer that nobody read");
    }
}

#[test]
fn a_machine_that_knows_whom_it_trusts_takes_no_key_from_the_command_line() {
    let bench = Bench::with_script("exit 1", ":");
    let key = bench.directory.path().join("author.pub");
    let trust = fs::read_to_string(bench.directory.path().join("trust")).unwrap();
    let author = trust.lines().find_map(|line| line.strip_prefix("author ")).unwrap();
    fs::write(&key, format!("untrusted comment: an author\n{author}\n")).unwrap();
    let with_key = |verb: &str| {
        let set = bench.directory.path().join("set");
        bench.command(verb).arg("--public-key").arg(&key).arg(set).output().unwrap()
    };
    assert_eq!(with_key("check").status.code(), Some(0), "{}", text(&with_key("check")));
    fs::create_dir_all(bench.root.path().join("etc/airlift")).unwrap();
    fs::write(bench.root.path().join("etc/airlift/trust"), trust).unwrap();
    for verb in ["check", "apply"] {
        let refused = with_key(verb);
        assert_eq!(refused.status.code(), Some(5));
        assert!(text(&refused).contains("take --public-key: this machine has"), "{}", text(&refused));
    }
    // nor a file of keys that came with the set, or from anywhere else
    let refused = bench.apply().output().unwrap();
    assert_eq!(refused.status.code(), Some(5));
    assert!(text(&refused).contains("take --trust: this machine has"), "{}", text(&refused));
    assert!(!bench.state().exists());
}

#[test]
fn a_state_directory_that_others_may_change_is_not_believed() {
    let bench = Bench::with_script("exit 1", ":");
    fs::create_dir_all(bench.state()).unwrap();
    for (mode, words) in [(0o777, "others may write there"), (0o720, "others may write there")] {
        fs::set_permissions(bench.state(), fs::Permissions::from_mode(mode)).unwrap();
        let refused = bench.apply().output().unwrap();
        assert_eq!(refused.status.code(), Some(5));
        let said = text(&refused);
        assert!(said.contains("AN028") && said.contains(words) && said.contains("chmod 700"), "{said}");
        assert_eq!(fs::read_dir(bench.state()).unwrap().count(), 0);
    }
    std::os::unix::fs::chown(bench.state(), Some(7), None).unwrap();
    fs::set_permissions(bench.state(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(text(&bench.apply().output().unwrap()).contains("it belongs to another user"));
    std::os::unix::fs::chown(bench.state(), Some(0), None).unwrap();
    assert_eq!(bench.apply().output().unwrap().status.code(), Some(7));
}

#[test]
fn what_a_killed_copy_left_does_not_stand_in_the_way_of_the_next() {
    const MIB: usize = 1 << 20;
    let blob: Vec<u8> = (0..12 * MIB / 8).flat_map(|n| (n as u64).to_le_bytes()).collect();
    let listed = Blob { sha256: Sha256::of(&blob), size: blob.len() as u64, name: "large".parse().unwrap() };
    let mut large = place_at("large", "/usr/large");
    if let Action::Place { content, .. } = &mut large.action {
        *content = Content::Blob { name: listed.name.clone(), sha256: listed.sha256 };
    }
    let bench = Bench::on(signed::set(vec![large], &[(listed.clone(), blob)]), tempfile::tempdir().unwrap());
    fs::create_dir_all(bench.state()).unwrap();
    fs::set_permissions(bench.state(), fs::Permissions::from_mode(0o700)).unwrap();
    let mounted = Mounted::tmpfs(&bench.state(), "20m");
    let part = bench.state().join(format!("blobs/{}.new", listed.sha256));
    fs::create_dir(bench.state().join("blobs")).unwrap();
    fs::write(&part, vec![1; 11 * MIB]).unwrap();
    let ran = bench.apply().output().unwrap();
    assert_eq!(ran.status.code(), Some(4), "{}", text(&ran));
    assert!(!part.exists());
    // a damaged bundle is mended by the command that the message names
    let set = fs::read_dir(bench.state().join("sets")).unwrap().next().unwrap().unwrap().path();
    fs::write(set.join("bundle.tar.zst"), "x").unwrap();
    let refused = text(&bench.command("rollback").output().unwrap());
    assert!(refused.contains("AN029") && refused.contains("airlift-node apply SET"), "{refused}");
    assert_eq!(bench.apply().output().unwrap().status.code(), Some(4));
    assert_eq!(bench.command("rollback").output().unwrap().status.code(), Some(0));
    drop(mounted);
}

/// A file system that goes with the test.
struct Mounted(PathBuf);

impl Mounted {
    fn tmpfs(at: &Path, size: &str) -> Self {
        let options = format!("size={size},mode=0700");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(at).status();
        assert!(mount.unwrap().success(), "this test needs root, and leave to mount");
        Self(at.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

//! Scripts as real processes: what they get, how they are ended, and that a kill at any of their commands is survived.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and ask the environment")]

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use airlift_bundle::archive;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Position;
use airlift_bundle::manifest::{Blob, Contents as Files, Manifest};
use airlift_bundle::plan::{
    Action, Completion, Content, NodeIdentity, NodeKeys, NodePlan, Plan, PlannedNode, Role, Script,
    ScriptFile, ScriptUndo, Seconds, SecretName, StagePlan, Step, Tool, Value, Variable,
};
use airlift_bundle::value::{Format, Mode, Serial};
use airlift_node::disk::RealDisk;
use airlift_node::gate::{Roster, Said};
use airlift_node::journal::{Accepted, Before, Journal};
use airlift_node::machine::{RealMachine, SCRIPT_PATH};
use airlift_node::run::{Engine, Home, Incoming, Outcome, Progress, Watcher, load, stage_set};
use airlift_node::sealed::Secret;
use airlift_node::step::{
    Contents, End, Fault, Job, LOG_LIMIT, Machine, Ran, Workshop, act, is_done_after_all, make_ready, probe,
    undo,
};

fn run(text: &str, seconds: u32) -> Ran {
    let machine = RealMachine::new().unwrap();
    let step = "step".parse().unwrap();
    let variables = vec![("PLAN_A".to_owned(), "one two".to_owned())];
    let secrets = vec![("PLAN_SECRET".to_owned(), airlift_node::sealed::Secret::new(b"hush".to_vec()))];
    machine
        .run(&Job {
            step: &step,
            phase: "do",
            text: text.as_bytes(),
            variables,
            secrets,
            seconds,
            heeds_operator: true,
        })
        .unwrap()
}

fn output(ran: &Ran) -> String {
    String::from_utf8(ran.output.clone()).unwrap()
}

#[test]
fn a_script_gets_what_is_declared_and_nothing_else() {
    let ran = run("pwd\nprintf '%s|' $PLAN_A; echo\ncat\necho err >&2\nenv | sort\n", 10);
    assert_eq!(ran.end, End::Code(0));
    let text = output(&ran);
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("PLAN_SECRET=")).collect();
    // shells' own
    lines.retain(|line| !["_=", "OLDPWD", "SHLVL="].iter().any(|own| line.starts_with(own)));
    let path = format!("PATH={SCRIPT_PATH}");
    let expected =
        ["/", "one|two|", "err", "AIRLIFT_PHASE=do", "AIRLIFT_STEP=step", &path, "PLAN_A=one two", "PWD=/"];
    assert_eq!(lines, expected);
}

#[test]
fn a_secret_is_a_file_that_is_gone_with_the_script() {
    let ran = run(
        "cat \"$PLAN_SECRET\"; echo; echo \"$PLAN_SECRET\"; echo x > \"$PLAN_SECRET\" || echo sealed\n",
        10,
    );
    let text = output(&ran);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "hush");
    assert!(lines[1].starts_with("/proc/self/fd/") && lines.last() == Some(&"sealed"), "{text}");
}

#[test]
fn a_script_that_takes_too_long_is_killed_with_all_that_it_started() {
    let start = Instant::now();
    let ran = run("sleep 77 & echo $!; sleep 77", 1);
    assert_eq!(ran.end, End::TimeOut);
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    let child = output(&ran).lines().next().unwrap().to_owned();
    std::thread::sleep(Duration::from_millis(200));
    let state = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(" Z "), "{state}");
    assert!(ran.seen(1).starts_with("it did not end in 1 seconds"));
}

#[test]
fn a_process_left_behind_does_not_hold_the_step() {
    let start = Instant::now();
    assert_eq!(run("sleep 5 & echo done", 60).end, End::Code(0));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn of_much_output_the_last_part_is_kept() {
    let ran = run("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 7", 60);
    assert_eq!(ran.end, End::Code(7));
    assert!(ran.output.len() <= airlift_node::step::LOG_LIMIT);
    assert_eq!(ran.seen(60), "it ended with code 7 and said: line 19997 | line 19998 | line 19999");
    assert_eq!(run("kill -9 $$", 9).end, End::Signal(9));
    assert_eq!(run("printf '\\033[2J\\n'; exit 1", 9).seen(9), "it ended with code 1 and said: [2J");
}

/// Scripts and one secret, for a step outside of any bundle.
struct Loose(Vec<(ScriptFile, &'static str)>);

const SECRET: &str = "one line of a secret\nanother line of it\n";

impl Contents for Loose {
    fn open<'a>(&'a self, _: &Content) -> Result<Box<dyn Read + 'a>, Fault> {
        Err(Fault::said("open anything"))
    }

    fn size(&self, _: &Content) -> Result<u64, Fault> {
        Ok(0)
    }

    fn script(&self, file: &ScriptFile) -> Result<&[u8], Fault> {
        Ok(self.0.iter().find(|(known, _)| known == file).unwrap().1.as_bytes())
    }

    fn secret(&self, _: &SecretName) -> Result<Secret, Fault> {
        Ok(Secret::new(SECRET.as_bytes().to_vec()))
    }
}

#[test]
fn what_a_script_said_is_kept_without_its_secrets_and_the_failure_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut texts = Vec::new();
    let mut file = |name: &str, text: &'static str| {
        let file = ScriptFile { entry: name.parse().unwrap(), sha256: Sha256::of(text.as_bytes()) };
        texts.push((file.clone(), text));
        file
    };
    let talk = "i=0; while [ $i -lt 5000 ]; do echo a line of talk; i=$((i+1)); done\nset -x\ncat \"$PLAN_SECRET\"\n\
                read -r line <\"$PLAN_SECRET\"; : \"$line\"; exit 3\n";
    let script = Script {
        r#do: file("do.sh", talk),
        probe: file("probe.sh", "echo looked; exit 11\n"),
        undo: ScriptUndo::Exact(file("undo.sh", "echo undone; exit 0\n")),
        completion: Completion::Atomic,
        seconds: Seconds::new(60).unwrap(),
        variables: vec![Variable {
            name: "PLAN_SECRET".parse().unwrap(),
            value: Value::Secret("a/secret".parse().unwrap()),
        }],
    };
    let step = Step {
        id: "talks".parse().unwrap(),
        title: "a script".parse().unwrap(),
        action: Action::Script(script),
        holds_until: None,
    };
    let (disk, machine) = (RealDisk::below(dir.path()).unwrap(), RealMachine::new().unwrap());
    let home = Home::at(Path::new("/state"));
    fs::create_dir(dir.path().join("state")).unwrap();
    home.make_ready(&disk).unwrap();
    let shop = Workshop { disk: &disk, machine: &machine, contents: &Loose(texts), keep: home.keep() };
    make_ready(&shop, &step).unwrap();
    let why = act(&shop, &step, &Before::Script {}).unwrap_err().to_string();
    assert!(why.starts_with("do talks: it ended with code 3 and said: "), "{why}");
    assert!(why.ends_with("(more in /state/logs/talks.do)"), "{why}");
    undo(&shop, &step, &Before::Script {}).unwrap();
    let log = |name: &str| fs::read_to_string(dir.path().join("state/logs").join(name)).unwrap();
    let said = log("talks.do");
    assert!(said.len() <= LOG_LIMIT && said.starts_with("a line of talk\n"), "{} bytes", said.len());
    assert!(said.contains("[secret PLAN_SECRET]"), "{said}");
    for text in [&said, &why] {
        assert!(SECRET.lines().all(|line| !text.contains(line)), "{text}");
    }
    assert_eq!(log("talks.undo"), "undone\n");
    let mode = fs::metadata(dir.path().join("state/logs/talks.do")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let names: Vec<_> = fs::read_dir(dir.path().join("state/logs")).unwrap().collect();
    assert_eq!(names.len(), 2, "a probe writes nothing");
}

#[test]
fn a_script_is_believed_as_far_as_its_probe_agrees() {
    // do, probe, undo; what doing it, undoing it and looking at it say
    let unknown = "is unknown: the probe's word: it ended with code 5";
    let cases = [
        ("exit 0", "exit 10", "exit 0", "done", "its probe says that it is in effect", "InEffect"),
        ("exit 0", "exit 11", "exit 0", "its probe says that it is not in effect", "done", "NotInEffect"),
        ("exit 1", "exit 10", "exit 1", "it ended with code 1", "it ended with code 1", "InEffect"),
        ("exit 0", "exit 5", "exit 0", unknown, "but then: it ended with code 5", "Unknown"),
        ("exit 0", "kill -9 $$", "exit 0", "killed by signal 9", "killed by signal 9", "Unknown"),
    ];
    for completion in [Completion::Atomic, Completion::Evidence] {
        for (r#do, probed, undone, does, undoes, looks) in cases {
            let dir = tempfile::tempdir().unwrap();
            let mut texts = Vec::new();
            let mut file = |name: &str, text: &'static str| {
                let file = ScriptFile { entry: name.parse().unwrap(), sha256: Sha256::of(name.as_bytes()) };
                texts.push((file.clone(), text));
                file
            };
            let script = Script {
                r#do: file("do.sh", r#do),
                probe: file("probe.sh", probed),
                undo: ScriptUndo::Exact(file("undo.sh", undone)),
                completion,
                seconds: Seconds::new(60).unwrap(),
                variables: vec![],
            };
            let (id, title) = ("asked".parse().unwrap(), "a script".parse().unwrap());
            let step = Step { id, title, action: Action::Script(script), holds_until: None };
            let (disk, machine) = (RealDisk::below(dir.path()).unwrap(), RealMachine::new().unwrap());
            let home = Home::at(Path::new("/state"));
            fs::create_dir(dir.path().join("state")).unwrap();
            home.make_ready(&disk).unwrap();
            let shop =
                Workshop { disk: &disk, machine: &machine, contents: &Loose(texts), keep: home.keep() };
            let (room, evidence) =
                (dir.path().join("state/scripts/asked"), dir.path().join("state/evidence/asked"));
            fs::create_dir_all(room.join("old")).unwrap();
            fs::write(&evidence, "of an earlier try").unwrap();
            make_ready(&shop, &step).unwrap();
            assert!(
                !evidence.exists() && fs::read_dir(&room).unwrap().next().is_none(),
                "left for the next try"
            );
            let said =
                |result: Result<(), Fault>| result.map_or_else(|why| why.to_string(), |()| "done".to_owned());
            let acted = said(act(&shop, &step, &Before::Script {}).map(drop));
            assert!(acted.contains(does), "{acted}");
            let back = said(undo(&shop, &step, &Before::Script {}));
            assert!(back.contains(undoes), "{back}");
            assert!(format!("{:?}", probe(&shop, &step).unwrap()).starts_with(looks));
            // begun before: done after all only in effect, with evidence, and in the boot that left it
            let after_all = |same_boot| is_done_after_all(&shop, &step, same_boot).unwrap();
            let (in_effect, atomic) = (looks == "InEffect", completion == Completion::Atomic);
            assert_eq!((after_all(true), after_all(false)), (in_effect && atomic, in_effect && atomic));
            fs::write(&evidence, "done").unwrap();
            assert_eq!((after_all(true), after_all(false)), (in_effect, in_effect && atomic));
        }
    }
}

/// A step that saves a file, changes it, and makes a directory, with stock commands alone.
const DO: &str = "set -eu\n\
    cp -p \"$PLAN_DIR/etc/conf\" \"$AIRLIFT_KEEP/conf.part\"\n\
    sync\n\
    mv \"$AIRLIFT_KEEP/conf.part\" \"$AIRLIFT_KEEP/conf\"\n\
    sync\n\
    mkdir -p \"$PLAN_DIR/made\"\n\
    touch \"$PLAN_DIR/made/one\"\n\
    cp /dev/null \"$PLAN_DIR/etc/conf\"\n\
    echo new >>\"$PLAN_DIR/etc/conf\"\n\
    touch \"$PLAN_DIR/made/two\"\n\
    sync\n\
    touch \"$AIRLIFT_EVIDENCE\"\n";
const PROBE: &str =
    "grep -q new \"$PLAN_DIR/etc/conf\" && [ -e \"$PLAN_DIR/made/two\" ] && exit 10\nexit 11\n";
const UNDO: &str = "set -eu\n\
    rm -rf \"$PLAN_DIR/made\"\n\
    if [ -e \"$AIRLIFT_KEEP/conf\" ]; then\n\
      cp -p \"$AIRLIFT_KEEP/conf\" \"$PLAN_DIR/etc/conf.part\"\n\
      mv \"$PLAN_DIR/etc/conf.part\" \"$PLAN_DIR/etc/conf\"\n\
    fi\n";

struct Set {
    manifest: Manifest,
    bundle: Vec<u8>,
    plan_json: Vec<u8>,
    nodes: Roster,
}

fn set(dir: &Path) -> Set {
    let mut files = Files::new();
    let mut file = |name: &str, text: &str| {
        files.add(name.parse().unwrap(), Mode::PROGRAM, text.as_bytes().to_vec()).unwrap();
        ScriptFile { entry: name.parse().unwrap(), sha256: Sha256::of(text.as_bytes()) }
    };
    let script = Script {
        r#do: file("do.sh", DO),
        probe: file("probe.sh", PROBE),
        undo: ScriptUndo::Exact(file("undo.sh", UNDO)),
        completion: Completion::Evidence,
        seconds: Seconds::new(60).unwrap(),
        variables: vec![Variable {
            name: "PLAN_DIR".parse().unwrap(),
            value: Value::Path(dir.to_str().unwrap().parse().unwrap()),
        }],
    };
    let step = Step {
        id: "script".parse().unwrap(),
        title: "a script".parse().unwrap(),
        action: Action::Script(script),
        holds_until: None,
    };
    let plan = NodePlan {
        node: NodeIdentity { name: "m1".parse().unwrap(), role: Role::Leader, addresses: vec![] },
        keep_dir: dir.join("state").to_str().unwrap().parse().unwrap(),
        secrets: vec![],
        checks: vec![],
        stages: vec![StagePlan { stage: Stage::Prepare, steps: vec![step] }],
        looks: vec![],
        recoveries: vec![],
        left_out: None,
    };
    let site = Plan {
        format: Format,
        site: "acme".parse().unwrap(),
        serial: Serial::new(1).unwrap(),
        contract: "v4.1.5".parse().unwrap(),
        tool: Tool { name: "airlift".parse().unwrap(), version: "0.1.0".parse().unwrap() },
        inputs: vec![],
        nodes: vec![PlannedNode {
            node: plan.node.clone(),
            keys: NodeKeys::default(),
            plan: plan.digest().unwrap(),
        }],
    };
    let (plan_json, plan_id) = site.to_json().unwrap();
    let manifest = Manifest {
        format: Format,
        plan_id,
        site: site.site.clone(),
        serial: site.serial,
        plan,
        files: files.entries(),
        blobs: vec![],
    };
    let bundle = archive::write(&manifest, &files).unwrap();
    Set { manifest, bundle, plan_json, nodes: Roster::of(&site) }
}

struct Quiet;

impl Watcher for Quiet {
    fn see(&mut self, _: Progress) {}
}

/// What `airlift-node` does, on a directory of the real disk and with stand-ins for commands.
fn apply_or_roll_back(dir: &Path, typed: &str) -> Outcome {
    let disk = RealDisk::below(Path::new("/")).unwrap();
    let home = Home::at(&dir.join("state"));
    let set = set(dir);
    let machine =
        RealMachine::new().unwrap().with_path(&format!("{}:/usr/bin:/bin", dir.join("shim").display()));
    let mut journal = Journal::open(&disk, &home.journal()).unwrap();
    let is_free = journal.as_ref().is_none_or(|journal| journal.state().set.is_none());
    if is_free && typed == "apply" {
        let open_blob = |_: &Blob| -> io::Result<Box<dyn Read>> { Err(io::Error::other("no blobs")) };
        let manifest = &set.manifest;
        let incoming = Incoming {
            accepted: Accepted {
                site: manifest.site.clone(),
                serial: manifest.serial,
                plan_id: manifest.plan_id,
                set: Sha256::of(b"set"),
                bundle: Sha256::of(&set.bundle),
                node: manifest.plan.node.name.clone(),
                role: manifest.plan.node.role,
                nodes: set.nodes.clone(),
            },
            plan: &manifest.plan,
            set_json: b"set",
            plan_json: &set.plan_json,
            bundle: &set.bundle,
            blobs: &[],
            open_blob: &open_blob,
        };
        journal = Some(stage_set(&disk, &home, journal, &incoming, &machine).unwrap());
    }
    let Some(journal) = journal else { return Outcome::NothingToDo };
    let Some(loaded) = load(&disk, &home, journal.state()).unwrap() else { return Outcome::NothingToDo };
    let contents: &dyn Contents = &loaded;
    let shop = Workshop { disk: &disk, machine: &machine, contents, keep: home.keep() };
    let (mut operator, mut watcher) = (Said::default(), Quiet);
    let mut engine = Engine::new(shop, &home, journal, loaded.papers(), &mut operator, &mut watcher);
    let returned = engine.journal().state().position() == Some(Position::Returned);
    match typed {
        "rollback" => engine.rollback(),
        _ if returned => engine.next_attempt().unwrap_or_else(|| engine.apply(Stage::Prepare)),
        _ => engine.apply(Stage::Prepare),
    }
}

/// Not a test of its own: the process that the next test kills.
#[test]
#[ignore = "started by a_kill_at_any_command_is_survived"]
fn the_process_to_kill() {
    let (Ok(dir), Ok(typed)) = (std::env::var("AIRLIFT_TEST_DIR"), std::env::var("AIRLIFT_TEST_TYPED"))
    else {
        return;
    };
    let dir = PathBuf::from(dir);
    fs::write(dir.join("pid"), std::process::id().to_string()).unwrap();
    fs::write(dir.join("count"), "0").unwrap();
    println!("outcome {:?}", apply_or_roll_back(&dir, &typed));
}

fn start(dir: &Path, typed: &str, kill_at: usize) -> String {
    fs::write(dir.join("at"), kill_at.to_string()).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_process_to_kill", "--ignored", "--nocapture"])
        .env("AIRLIFT_TEST_DIR", dir)
        .env("AIRLIFT_TEST_TYPED", typed)
        .output()
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Stand-ins that count, and at a given number kill the executor and the script.
fn shims(dir: &Path) {
    let shim = dir.join("shim");
    fs::create_dir_all(&shim).unwrap();
    for command in ["cp", "mv", "rm", "mkdir", "touch", "sync", "grep"] {
        let text = format!(
            "#!/bin/sh\nn=$(($(/bin/cat {0}/count) + 1))\necho $n >{0}/count\n\
             if [ $n = $(/bin/cat {0}/at) ]; then kill -9 $(/bin/cat {0}/pid) $PPID; exit 1; fi\n\
             exec /bin/{command} \"$@\"\n",
            dir.display()
        );
        let path = shim.join(command);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn fresh() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    shims(dir.path());
    fs::create_dir(dir.path().join("etc")).unwrap();
    fs::write(dir.path().join("etc/conf"), "old\n").unwrap();
    dir
}

fn is_old(dir: &Path) -> bool {
    fs::read(dir.join("etc/conf")).unwrap() == b"old\n"
        && !dir.join("made").exists()
        && fs::read_dir(dir.join("etc")).unwrap().count() == 1
}

fn is_new(dir: &Path) -> bool {
    fs::read(dir.join("etc/conf")).unwrap() == b"new\n" && dir.join("made/two").exists()
}

#[test]
fn a_kill_at_any_command_is_survived() {
    let (mut points, mut survivors) = (0, 0);
    for first in ["apply", "rollback"] {
        for at in 1.. {
            let mut fired = false;
            for then in ["apply", "rollback"] {
                let dir = fresh();
                let dir = dir.path();
                if first == "rollback" {
                    start(dir, "apply", 0);
                    assert!(is_new(dir));
                }
                let said = start(dir, first, at);
                fired = !said.contains("outcome");
                if !fired {
                    break;
                }
                points += 1;
                let said = start(dir, then, 0);
                let said = if then == "apply" && said.contains("airlift-node rollback") {
                    format!("{said}{}{}", start(dir, "rollback", 0), start(dir, "apply", 0))
                } else {
                    said
                };
                let ended = if then == "apply" { is_new(dir) } else { is_old(dir) };
                assert!(ended, "{first} killed at command {at}, then {then}: {said}");
                survivors += 1;
            }
            if !fired {
                break;
            }
        }
    }
    println!("{points} points, {survivors} survivors");
    assert!(points >= 25, "{points}");
}

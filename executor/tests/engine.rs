//! What the engine promises where nothing crashes: idempotence, undo on failure and on signals, gates, corrected sets.

mod model;
mod world;

use std::io::{self, Read};
use std::path::Path;

use airlift_bundle::gate::Stage;
use airlift_bundle::manifest::{Blob, Contents as Files};
use airlift_bundle::plan::{Action, Content, Step};
use airlift_bundle::value::{Account, Mode};
use airlift_node::disk::{Disk, ensure_dir, put_file, read_all, remove_tree};
use airlift_node::journal::{At, Journal, JournalError, Record, Standing};
use airlift_node::run::{Forecast, Home, Incoming, Outcome, Refused, admit, dry_run, load};
use airlift_node::sealed::AGE_KEY;
use airlift_node::step::{Interrupt, Look, Workshop, look};
use model::{Fault, Left, Model};
use world::{BLOB, Bench, Ended, STATE, Site, Typed, drive, node, outside, run, run_on};

fn done(disk: &Model, site: &Site, until: Stage) {
    assert_eq!(drive(disk, site, until, Typed::Apply), Ok(Ended::Forward));
}

fn journal(disk: &Model) -> Journal<'_> {
    Journal::open(disk, &Home::at(Path::new(STATE)).journal()).unwrap().unwrap()
}

#[test]
fn done_is_what_the_plan_says() {
    let (disk, site) = (node(), Site::new());
    done(&disk, &site, Stage::Settle);
    let tree = disk.tree(false);
    let shown = |path: &str| tree.get(Path::new(path)).cloned().unwrap_or_default();
    assert_eq!(
        shown("/etc/k0s/conf.d/k0s.yaml"),
        "0600 120:0 {\"security.selinux\": [115, 121, 115, 116, 101, 109, 95, 117, 58, 111, 98, 106, 101, 99, 116, \
         95, 114, 58, 101, 116, 99, 95, 116, 58, 115, 48]} file 20 \"kind: ClusterConfig\\n\" 0"
    );
    assert_eq!(shown("/etc/k0s"), "0755 0:0 {} dir");
    assert_eq!(shown("/etc/docker/hosts.toml"), "0600 120:0 {} file 15 \"server = \\\"k0s\\\"\\n\" 0");
    assert_eq!(
        shown("/usr/local/bin/k0s"),
        format!("0755 120:0 {{}} file {} {:?} 0", BLOB.len(), "a large payload, in this world a small one")
    );
    assert_eq!(shown("/etc/resolv.conf"), "0644 120:0 {} file 15 \"server = \\\"k0s\\\"\\n\" 0");
    assert_eq!(shown("/etc/docker/daemon.json"), "0600 0:0 {} file 7 \"stopped\" 0");
    assert_eq!(shown("/var/lib/kubelet"), "");
    assert!(shown("/var/lib/kubelet.mke3/pods/one").contains("pod"));
    let copy = |path: &str| shown(&format!("{STATE}/copies/state/mke{path}"));
    assert_eq!(copy("/member"), "0755 0:0 {\"user.x\": [121]} dir");
    assert_eq!(copy("/current"), "0777 0:0 {} link member");
    assert!(copy("/db").ends_with(
        "= [\"/var/lib/airlift/copies/state/mke/db\", \"/var/lib/airlift/copies/state/mke/member/snap/db\"]"
    ));
}

#[test]
fn a_second_apply_changes_nothing() {
    let (disk, site) = (node(), Site::new());
    for until in [Stage::Prepare, Stage::Freeze, Stage::Settle, Stage::Commit] {
        done(&disk, &site, until);
        disk.settle();
        let before = disk.tree(true);
        let armed = disk.clone();
        armed.arm(1, Fault::Stop);
        let again = run(&armed, &site, until, Typed::Apply).unwrap();
        assert!(matches!(again, Outcome::Waiting { .. } | Outcome::NothingToDo), "{again:?}");
        assert!(!armed.fired(), "something was written");
        assert_eq!(armed.tree(true), before);
    }
}

#[test]
fn every_step_done_twice_changes_nothing_the_second_time() {
    let (disk, site) = (node(), Site::new());
    done(&disk, &site, Stage::Settle);
    let (tree, files) = (outside(&disk, true), disk.tree(true));
    let home = Home::at(Path::new(STATE));
    // each by itself: it is in effect, and looking writes nothing
    {
        let bench = Bench::new(&disk);
        let loaded = load(&disk, &home, journal(&disk).state()).unwrap().unwrap();
        let shop = Workshop { disk: &disk, machine: &bench, contents: &loaded, keep: home.keep() };
        let mut kinds = std::collections::BTreeSet::new();
        for (stage, step) in loaded.plan().all_steps() {
            // what a later step has replaced is not in effect any more, by the plan itself
            let is_replaced = ["registry"].contains(&step.id.as_str());
            if stage == Stage::Commit || is_replaced || matches!(step.action, Action::Reboot {}) {
                continue;
            }
            assert_eq!(look(&shop, step), Ok(Look::InEffect), "{}", step.id);
            kinds.insert(step.action.to_string().split(' ').next().unwrap().to_owned());
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["copy", "place", "run", "set"]);
    }
    assert_eq!(disk.tree(true), files);
    // all of them for a node that has lost its state: everything is skipped but the replaced file, the copy and the reboot
    remove_tree(&disk, Path::new(STATE)).unwrap();
    ensure_dir(&disk, Path::new(STATE), 0o700).unwrap();
    done(&disk, &site, Stage::Stop);
    let state = journal(&disk).state().clone();
    let begun: Vec<&str> = state
        .steps
        .iter()
        .filter(|begun| begun.standing != Standing::Skipped)
        .map(|begun| begun.step.as_str())
        .collect();
    assert_eq!(begun, ["registry", "keys", "reboot", "again"]);
    let changed: Vec<_> = outside(&disk, true).into_iter().filter(|(path, now)| tree[path] != *now).collect();
    let paths: Vec<_> = changed.iter().map(|(path, _)| path.to_str().unwrap()).collect();
    assert_eq!(
        paths,
        ["/etc/docker/also.toml.mke3", "/etc/docker/hosts.toml"],
        "one lost its name in the state directory; the other's content is the same, its time is new"
    );
}

#[test]
fn a_login_says_that_something_is_pending_until_nothing_is() {
    let motd = Path::new("/etc/motd.d/airlift");
    for has_folder in [false, true] {
        let (disk, site) = (node(), Site::new());
        if has_folder {
            ensure_dir(&disk, Path::new("/etc/motd.d"), 0o755).unwrap();
            put_file(&disk, Path::new("/etc/motd.d/theirs"), 0o644, b"theirs").unwrap();
        }
        let old = disk.tree(false);
        let shown = || read_all(&disk, motd, 1000).unwrap();
        done(&disk, &site, Stage::Freeze);
        assert!(shown().starts_with(b"Airlift is at work on this node, or was interrupted.\n"));
        let home = Home::at(Path::new(STATE));
        home.post(&disk, "said\nin two", "hint");
        assert_eq!(shown(), b"Airlift: said | in two\nhint\n");
        let before = disk.tree(true);
        home.post(&disk, "said\nin two", "hint");
        assert_eq!(disk.tree(true), before, "written though it is there");
        done(&disk, &site, Stage::Adopt);
        assert!(shown().starts_with(b"Airlift is at work"));
        for typed in [Typed::Rollback, Typed::Apply] {
            let until = if typed == Typed::Rollback { Stage::Adopt } else { Stage::Commit };
            drive(&disk, &site, until, typed).unwrap();
            assert_eq!(disk.stat(motd).unwrap(), None, "{typed:?}");
            assert_eq!(disk.stat(motd.parent().unwrap()).unwrap().is_some(), has_folder, "{typed:?}");
            if typed == Typed::Rollback {
                let mut left = disk.tree(false);
                left.retain(|path, _| !path.starts_with(STATE));
                assert_eq!(left, old);
            }
        }
    }
    // somebody else's idea of that name is left alone
    let (disk, site) = (node(), Site::new());
    disk.make_link(Path::new("/run/motd.d"), Path::new("/etc/motd.d")).unwrap();
    done(&disk, &site, Stage::Prepare);
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
    assert!(disk.stat(Path::new("/etc/motd.d")).unwrap().is_some());
}

#[test]
fn a_second_rollback_changes_nothing() {
    let (disk, site) = (node(), Site::new());
    let old = outside(&disk, true);
    done(&disk, &site, Stage::Start);
    assert_eq!(drive(&disk, &site, Stage::Start, Typed::Rollback), Ok(Ended::Back));
    assert_eq!(outside(&disk, true), old);
    let before = disk.tree(true);
    assert_eq!(run(&disk, &site, Stage::Start, Typed::Rollback), Ok(Outcome::NothingToDo));
    assert_eq!(disk.tree(true), before);
}

#[test]
fn a_node_goes_forward_and_back_any_number_of_times() {
    let (disk, site) = (node(), Site::new());
    let old = outside(&disk, true);
    for until in [Stage::Prepare, Stage::Adopt, Stage::Stop, Stage::Adopt] {
        done(&disk, &site, until);
        assert_eq!(drive(&disk, &site, until, Typed::Rollback), Ok(Ended::Back));
        assert_eq!(outside(&disk, true), old);
    }
}

/// The node's own key, as a survey makes it.
fn with_key(disk: Model) -> Model {
    ensure_dir(&disk, Path::new(STATE), 0o700).unwrap();
    put_file(&disk, Path::new(AGE_KEY), 0o600, b"AGE-SECRET-KEY-1").unwrap();
    disk
}

#[test]
fn the_nodes_key_outlives_a_way_back_and_ends_with_commit() {
    let (disk, site) = (with_key(node()), Site::new());
    done(&disk, &site, Stage::Adopt);
    assert_eq!(drive(&disk, &site, Stage::Adopt, Typed::Rollback), Ok(Ended::Back));
    assert_eq!(world::inside(&disk), ["age.key", "journal", "receipts"]);
    done(&disk, &site, Stage::Commit);
    assert_eq!(world::inside(&disk), ["journal", "receipts"]);
}

#[test]
fn after_commit_nothing_is_kept_and_there_is_no_way_back() {
    let (disk, site) = (node(), Site::new());
    done(&disk, &site, Stage::Commit);
    assert_eq!(world::inside(&disk), ["journal", "receipts"]);
    assert_eq!(journal(&disk).state().at, At::Committed);
    assert!(matches!(run(&disk, &site, Stage::Commit, Typed::Rollback), Ok(Outcome::Refused(_))));
}

#[test]
fn a_stop_anywhere_in_commit_leads_forward() {
    let site = Site::new();
    let start = with_key(node());
    done(&start, &site, Stage::Settle);
    start.settle();
    let (counted, end) = (start.clone(), start.clone());
    counted.arm(usize::MAX, Fault::Stop);
    run(&counted, &site, Stage::Commit, Typed::Apply).unwrap();
    done(&end, &site, Stage::Commit);
    for at in 1..=counted.count() {
        for left in
            [Left::Killed, Left::All, Left::Flushed, Left::Names, Left::Content, Left::Torn(at as u64)]
        {
            let disk = start.clone();
            disk.arm(at, Fault::StopAfter);
            let _ = run(&disk, &site, Stage::Commit, Typed::Apply);
            assert!(disk.fired());
            let disk = disk.after(left);
            done(&disk, &site, Stage::Commit);
            let disk = disk.after(Left::Flushed);
            assert_eq!(outside(&disk, false), outside(&end, false), "{at} {left:?}");
            assert_eq!(world::inside(&disk), ["journal", "receipts"], "{at} {left:?}");
        }
    }
}

#[test]
fn a_signal_undoes_the_stage_under_way_and_nothing_else() {
    let (disk, site) = (node(), Site::new());
    done(&disk, &site, Stage::Prepare);
    let prepared = outside(&disk, true);
    let bench = Bench::new(&disk);
    bench.interrupt.set(Some(Interrupt::Signal("SIGTERM")));
    let Ok(Outcome::Undone { stage, cause }) = run_on(&bench, &site, Stage::Settle, Typed::Apply) else {
        panic!("not undone")
    };
    assert_eq!((stage, cause.as_str()), (Stage::Freeze, "go on: interrupted by SIGTERM"));
    assert_eq!(outside(&disk, true), prepared);
    done(&disk, &site, Stage::Settle);
}

#[test]
fn a_shutdown_of_the_machine_stops_at_once_like_a_power_cut() {
    let (disk, site) = (node(), Site::new());
    done(&disk, &site, Stage::Prepare);
    let bench = Bench::new(&disk);
    bench.interrupt.set(Some(Interrupt::PowerDown));
    let ended = run_on(&bench, &site, Stage::Settle, Typed::Apply);
    assert!(matches!(ended, Ok(Outcome::CutShort { .. })), "{ended:?}");
    assert_eq!(journal(&disk).state().at, At::Forward);
    done(&disk, &site, Stage::Settle);
}

fn place(id: &str, target: &str, files: &mut Files, text: &str) -> Step {
    let entry = format!("{id}.txt");
    files.add(entry.parse().unwrap(), Mode::PLAIN, text.as_bytes().to_vec()).unwrap();
    Step {
        id: id.parse().unwrap(),
        title: "a file".parse().unwrap(),
        action: Action::Place {
            target: target.parse().unwrap(),
            content: Content::File {
                entry: entry.parse().unwrap(),
                sha256: airlift_bundle::digest::Sha256::of(text.as_bytes()),
            },
            owner: Account::root(),
            group: Account::root(),
            mode: Mode::PLAIN,
            label: None,
        },
        holds_until: None,
    }
}

/// A set with these placed files in `prepare`, and one more in `freeze`.
fn set(serial: u64, prepare: &[(&str, &str)], freeze: &str) -> Site {
    let mut files = Files::new();
    let steps = prepare
        .iter()
        .enumerate()
        .map(|(n, (target, text))| place(&format!("file-{n}"), target, &mut files, text))
        .collect();
    let last = place("last", "/etc/last", &mut files, freeze);
    Site::with(serial, files, vec![(Stage::Prepare, steps), (Stage::Freeze, vec![last])], vec![])
}

#[test]
fn a_failed_step_is_undone_first_and_the_first_cause_is_told() {
    let disk = node();
    let old = outside(&disk, true);
    let site = set(1, &[("/etc/one", "1"), ("/etc/docker", "a directory is there")], "x");
    let Ok(Outcome::Undone { stage, cause }) = run(&disk, &site, Stage::Settle, Typed::Apply) else {
        panic!("not undone")
    };
    assert_eq!((stage, cause.as_str()), (Stage::Prepare, "place /etc/docker: a directory is there"));
    let mut left = outside(&disk, true);
    left.retain(|path, _| !path.starts_with("/etc/motd.d"));
    assert_eq!(left, old);
    assert_eq!(journal(&disk).state().cause.as_deref(), Some(cause.as_str()));
}

#[test]
fn what_must_hold_is_looked_at_before_each_stage() {
    let disk = node();
    let mut site = set(1, &[("/etc/one", "1")], "x");
    let mut stages = site.manifest.plan.stages.clone();
    stages[0].steps[0].holds_until = Some(Stage::Freeze);
    let mut files = Files::new();
    for (name, text) in [("file-0.txt", "1"), ("last.txt", "x")] {
        files.add(name.parse().unwrap(), Mode::PLAIN, text.as_bytes().to_vec()).unwrap();
    }
    site = Site::with(
        1,
        files,
        stages.into_iter().map(|planned| (planned.stage, planned.steps)).collect(),
        vec![],
    );
    done(&disk, &site, Stage::Prepare);
    disk.set_mode(Path::new("/etc/one"), 0o600).unwrap();
    let Ok(Outcome::Blocked(found)) = run(&disk, &site, Stage::Settle, Typed::Apply) else {
        panic!("not blocked")
    };
    assert_eq!(
        found,
        [
            "file-0 (a file), which must hold before freeze, is no longer in effect: its mode is 0600, not 0644"
        ]
    );
    disk.set_mode(Path::new("/etc/one"), 0o644).unwrap();
    done(&disk, &site, Stage::Settle);
}

#[test]
fn somebody_elses_file_in_a_made_directory_survives_the_way_back() {
    let disk = node();
    let site = set(1, &[("/etc/made/deep/one", "1")], "x");
    done(&disk, &site, Stage::Prepare);
    ensure_dir(&disk, Path::new("/etc/made/theirs"), 0o700).unwrap();
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
    assert!(disk.stat(Path::new("/etc/made/theirs")).unwrap().is_some());
    assert!(disk.stat(Path::new("/etc/made/deep")).unwrap().is_none());
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let disk = node();
    let site = set(1, &[("/etc/docker/hosts.toml", "server = \"new\"\n"), ("/usr/local/bin", "x")], "x");
    let first = set(1, &[("/etc/same", "as it was\n")], "x");
    done(&disk, &first, Stage::Prepare);
    let home = Home::at(Path::new(STATE));
    let journal = journal(&disk);
    let loaded = load(&disk, &home, journal.state()).unwrap().unwrap();
    let machine = Bench::new(&disk);
    disk.arm(1, Fault::Stop);
    let shop = Workshop { disk: &disk, machine: &machine, contents: &loaded, keep: home.keep() };
    let known = dry_run(&shop, loaded.plan(), journal.state(), None).unwrap();
    assert_eq!(known[0].forecast, Forecast::NoChange);
    let Forecast::WillChange { diff } = &known[1].forecast else { panic!("{:?}", known[1]) };
    assert_eq!(diff[1..], ["@ line 1", "+x"]);
    let bundle =
        airlift_bundle::archive::read(&site.bundle, &airlift_bundle::limits::Limits::FORMAT_1).unwrap();
    let other = node();
    other.arm(1, Fault::Stop);
    let fresh = airlift_node::run::Loaded::on_medium(
        &other,
        &home,
        bundle,
        Box::new(|_| Err(std::io::ErrorKind::NotFound.into())),
    );
    let machine = Bench::new(&other);
    let shop = Workshop { disk: &other, machine: &machine, contents: &fresh, keep: home.keep() };
    let unknown = dry_run(&shop, fresh.plan(), &Default::default(), Some(Stage::Prepare)).unwrap();
    let Forecast::WillChange { diff } = &unknown[0].forecast else { panic!("{:?}", unknown[0]) };
    assert_eq!(diff[1..], ["@ line 1", "-server = \"old\"", "+server = \"new\""]);
    assert_eq!(
        unknown[1].forecast,
        Forecast::Blocked { why: "place /usr/local/bin: a directory is there".to_owned() }
    );
    assert!(!disk.fired() && !other.fired());
}

/// What the node with this journal says to a set.
fn ask(disk: &Model, site: &Site) -> Result<airlift_node::run::Admission, Refused> {
    let home = Home::at(Path::new(STATE));
    let journal = journal(disk);
    let loaded = load(disk, &home, journal.state()).unwrap();
    let open_blob = |_: &Blob| -> io::Result<Box<dyn Read>> { Ok(Box::new(BLOB)) };
    let incoming = Incoming {
        accepted: site.accepted.clone(),
        plan: &site.manifest.plan,
        set_json: b"",
        plan_json: &site.plan_json,
        bundle: &site.bundle,
        blobs: &[],
        open_blob: &open_blob,
    };
    admit(journal.state(), loaded.as_ref().map(|loaded| loaded.plan()), &home, &incoming)
}

#[test]
fn a_corrected_set_is_taken_only_where_it_agrees_with_what_is_done() {
    use airlift_node::run::Admission;
    let disk = node();
    let site = set(5, &[("/etc/one", "1")], "x");
    done(&disk, &site, Stage::Prepare);
    assert_eq!(ask(&disk, &site), Ok(Admission::Known));
    assert_eq!(ask(&disk, &set(6, &[("/etc/one", "1")], "corrected")), Ok(Admission::New));
    assert_eq!(
        ask(&disk, &set(6, &[("/etc/one", "2")], "x")),
        Err(Refused::Differs { through: Stage::Prepare })
    );
    let Err(Refused::Older { latest }) = ask(&disk, &set(4, &[("/etc/one", "1")], "x")) else {
        panic!("taken")
    };
    assert_eq!(latest.get(), 5);
    let mut other = set(5, &[("/etc/one", "1")], "x");
    other.accepted.set = airlift_bundle::digest::Sha256::of(b"another set.json");
    assert_eq!(ask(&disk, &other), Err(Refused::OtherUnderSerial));
    // and the ratchet outlives the way back
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
    assert!(matches!(ask(&disk, &set(4, &[("/etc/one", "2")], "x")), Err(Refused::Older { .. })));
    assert_eq!(ask(&disk, &other), Err(Refused::OtherUnderSerial));
    assert_eq!(ask(&disk, &set(6, &[("/etc/one", "2")], "x")), Ok(Admission::New));
}

#[test]
fn a_changed_journal_is_stuck_and_a_torn_one_is_not() {
    let (disk, site) = (node(), Site::new());
    done(&disk, &site, Stage::Freeze);
    let path = Home::at(Path::new(STATE)).journal();
    let bytes = read_all(&disk, &path, 1 << 20).unwrap();
    let text: Vec<u8> = bytes.iter().copied().take_while(|byte| *byte != 0).collect();
    let records = text.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(journal(&disk).records(), records);
    let open = |disk: &Model| Journal::open(disk, &path).map(|journal| journal.unwrap().records());
    // any byte of any record but those of the last, which may be torn, and then has zeros in it
    for at in (0..text.len()).step_by(7) {
        let disk = disk.clone();
        disk.write_at(&path, at as u64, &[text[at] ^ 1]).unwrap();
        assert!(matches!(open(&disk), Err(JournalError::Stuck { .. })), "byte {at}");
    }
    let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in last..text.len() {
        let disk = disk.clone();
        disk.write_at(&path, cut as u64, &vec![0; text.len() - cut]).unwrap();
        assert_eq!(open(&disk), Ok(records - 1), "cut at {cut}");
    }
    // a record out of the middle is gone
    let disk = disk.clone();
    let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    disk.write_at(&path, 0, &[&text[first..], &vec![0; first][..]].concat()).unwrap();
    assert!(matches!(open(&disk), Err(JournalError::Stuck { record: 1, .. })));
}

#[test]
fn a_record_out_of_order_is_not_written() {
    let (disk, site) = (node(), Site::new());
    done(&disk, &site, Stage::Prepare);
    let mut journal = journal(&disk);
    let head = journal.head();
    for wrong in [
        Record::Returned {},
        Record::Purge {},
        Record::Begin { stage: Stage::Prepare },
        Record::Done { step: "config".parse().unwrap() },
        Record::End { stage: Stage::Freeze },
        // its gate is not open
        Record::Begin { stage: Stage::Freeze },
    ] {
        assert!(matches!(journal.append(&wrong.clone().at(1)), Err(JournalError::Misplaced(_))), "{wrong:?}");
    }
    assert_eq!(journal.head(), head);
    journal.append(&Record::Rollback {}.at(1)).unwrap();
    assert_ne!(journal.head(), head);
}

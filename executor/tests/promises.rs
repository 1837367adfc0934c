//! Promises that each need one look: a stop anywhere, once; damage in state directory and set; room; what is never
//! replaced. Quick, so that whoever changes the engine can ask often; the crash matrix asks everything.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod model;
mod world;

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use airlift_bundle::gate::Stage;
use airlift_bundle::manifest::Blob;
use airlift_bundle::plan::Action;
use airlift_node::disk::{Disk, DiskError, RealDisk, copy_tree, put_file, read_all};
use airlift_node::journal::{At, Before, Journal, JournalError, Record};
use airlift_node::run::{Forecast, Home, Incoming, Outcome, dry_run, load, stage_set};
use airlift_node::step::{Interrupt, Workshop, act, probe};
use model::{Fault, Left, Model};
use world::{BLOB, Bench, Ended, STATE, Site, Typed, drive, node, outside, run, without_notice};

fn home() -> Home {
    Home::at(Path::new(STATE))
}

fn prepared() -> (Model, Site) {
    let (disk, site) = (node(), Site::new());
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
    (disk, site)
}

#[test]
fn one_stop_anywhere_leads_on_or_back() {
    let site = Site::new();
    let start = node();
    let old = outside(&start, true);
    let (counted, end) = (start.clone(), start.clone());
    counted.arm(usize::MAX, Fault::Stop);
    run(&counted, &site, Stage::Stop, Typed::Apply).unwrap();
    assert_eq!(drive(&end, &site, Stage::Stop, Typed::Apply), Ok(Ended::Forward));
    let new = without_notice(&end);
    // what each placed file may hold at any instant
    let content = |disk: &Model, target: &str| read_all(disk, Path::new(target), 1 << 20).ok();
    let prepared = start.clone();
    assert_eq!(drive(&prepared, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
    let placed = site.manifest.plan.all_steps().filter_map(|(_, step)| match &step.action {
        Action::Place { target, .. } => Some(target.as_str()),
        _ => None,
    });
    let contents: Vec<(&str, [Option<Vec<u8>>; 3])> =
        placed.map(|target| (target, [&start, &prepared, &end].map(|disk| content(disk, target)))).collect();
    let mut points = 0;
    for at in 1..=counted.count() {
        for left in
            [Left::Killed, Left::All, Left::Flushed, Left::Names, Left::Content, Left::Torn(at as u64)]
        {
            let disk = start.clone();
            disk.arm(at, Fault::StopAfter);
            let _ = run(&disk, &site, Stage::Stop, Typed::Apply);
            assert!(disk.fired());
            let disk = disk.after(left);
            for (target, allowed) in &contents {
                assert!(
                    allowed.contains(&content(&disk, target)),
                    "{at} {left:?}: {target} is between old and new"
                );
            }
            let back = disk.clone();
            assert_eq!(drive(&disk, &site, Stage::Stop, Typed::Apply), Ok(Ended::Forward), "{at} {left:?}");
            assert_eq!(without_notice(&disk.after(Left::Flushed)), new, "{at} {left:?}");
            assert_eq!(drive(&back, &site, Stage::Stop, Typed::Rollback), Ok(Ended::Back), "{at} {left:?}");
            assert_eq!(outside(&back.after(Left::Flushed), true), old, "{at} {left:?}");
            points += 2;
        }
    }
    println!("{points} points");
    assert!(points > 1000);
}

#[test]
fn a_record_that_is_damaged_while_others_follow_it_is_not_taken_for_a_torn_one() {
    let (disk, _) = prepared();
    let path = home().journal();
    let bytes = read_all(&disk, &path, 1 << 20).unwrap();
    let text: Vec<u8> = bytes.iter().copied().take_while(|byte| *byte != 0).collect();
    let last = text[..text.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    // but for the end of the last but one: without it the two are one, and torn
    for at in (0..last - 1).step_by(11) {
        let disk = disk.clone();
        disk.write_at(&path, at as u64, &[0]).unwrap();
        assert!(matches!(Journal::open(&disk, &path), Err(JournalError::Stuck { .. })), "byte {at}");
    }
    // what is torn is wiped before a shorter record takes its place, so that no part of it stands behind that
    let disk = disk.clone();
    let torn = [b"x".repeat(900), vec![0; 9], b"y".repeat(900)].concat();
    disk.write_at(&path, text.len() as u64, &torn).unwrap();
    let mut journal = Journal::open(&disk, &path).unwrap().unwrap();
    let records = journal.records();
    journal.append(&Record::Rollback {}.at(1)).unwrap();
    let again = Journal::open(&disk, &path).unwrap().unwrap();
    assert_eq!(again.records(), records + 1);
    let after = read_all(&disk, &path, 1 << 20).unwrap();
    assert!(!after.contains(&b'\0') || after.iter().rposition(|byte| *byte != 0).unwrap() < text.len() + 900);
}

#[test]
fn a_record_that_was_written_and_not_flushed_is_flushed_before_anything_follows_from_it() {
    let (start, site) = prepared();
    let counted = start.clone();
    counted.arm(usize::MAX, Fault::Stop);
    run(&counted, &site, Stage::Stop, Typed::Apply).unwrap();
    let records = |disk: &Model| Journal::open(disk, &home().journal()).unwrap().unwrap().records();
    let (mut settled, mut flushed) = (0, 0);
    for at in 1..=counted.count() {
        let disk = start.clone();
        disk.arm(at, Fault::Stop);
        let _ = run(&disk, &site, Stage::Stop, Typed::Apply);
        let disk = disk.after(Left::Killed);
        let written = records(&disk);
        if records(&disk.after(Left::Flushed)) == written {
            continue;
        }
        for settles in [true, false] {
            let disk = disk.clone();
            let mut journal = Journal::open(&disk, &home().journal()).unwrap().unwrap();
            if settles && matches!(journal.state().at, At::Rest) {
                // nothing is under way that it announced
                continue;
            }
            if settles { journal.settle() } else { journal.flush() }.unwrap();
            *if settles { &mut settled } else { &mut flushed } += 1;
            assert_eq!(records(&disk.after(Left::Flushed)), written, "{at}");
        }
    }
    assert!(settled > 3 && flushed > settled, "{settled} settled, {flushed} flushed");
}

#[test]
fn the_journal_always_has_room_for_the_way_back() {
    let (disk, _) = prepared();
    let path = home().journal();
    let mut journal = Journal::open(&disk, &path).unwrap().unwrap();
    let record = Record::Recovery { name: "again".parse().unwrap(), ended: None };
    for _ in 0..1500 {
        journal.append(&record.clone().at(1)).unwrap();
        let bytes = read_all(&disk, &path, 1 << 30).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
        let room = disk.stat(&path).unwrap().unwrap().size - used;
        assert!(room >= Journal::SPARE, "{room} bytes are left");
    }
}

#[test]
fn the_reserve_is_there_while_a_stage_runs_and_given_up_on_the_way_back() {
    let (disk, site) = prepared();
    let reserve = home().path().join("reserve");
    let size = |disk: &Model| disk.stat(&reserve).unwrap().map(|stat| stat.size);
    assert_eq!(size(&disk), Some(Home::RESERVE));
    // a step of the next stage fails: its undo has the room
    let failing = disk.clone();
    failing.unlink(Path::new("/etc/docker/daemon.json")).unwrap();
    assert!(matches!(run(&failing, &site, Stage::Freeze, Typed::Apply), Ok(Outcome::Undone { .. })));
    assert_eq!(size(&failing), None);
}

#[test]
fn content_that_differs_and_has_the_same_size_is_seen() {
    let (disk, site) = prepared();
    let config = Path::new("/etc/k0s/conf.d/k0s.yaml");
    let text = read_all(&disk, config, 1000).unwrap();
    let mut other = text.clone();
    *other.last_mut().unwrap() ^= 1;
    let (owner, mode) = disk.stat(config).unwrap().map(|stat| (stat.owner, stat.mode)).unwrap();
    put_file(&disk, config, mode, &other).unwrap();
    disk.set_owner(config, owner).unwrap();
    disk.set_xattr(config, "security.selinux".as_ref(), b"system_u:object_r:etc_t:s0").unwrap();
    let (bench, home) = (Bench::new(&disk), home());
    let journal = Journal::open(&disk, &home.journal()).unwrap().unwrap();
    let loaded = load(&disk, &home, journal.state()).unwrap().unwrap();
    let shop = Workshop { disk: &disk, machine: &bench, contents: &loaded, keep: home.keep() };
    let step = &site.manifest.plan.steps(Stage::Prepare)[0];
    assert_eq!(format!("{:?}", probe(&shop, step).unwrap()), "NotInEffect(\"its content differs\")");
}

#[test]
fn what_was_changed_in_the_state_directory_is_not_relied_on() {
    let (disk, site) = prepared();
    let bundle = home().set(site.accepted.plan_id).join("bundle.tar.zst");
    let mut bytes = read_all(&disk, &bundle, 1 << 20).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    put_file(&disk, &bundle, 0o600, &bytes).unwrap();
    let refused = run(&disk, &site, Stage::Freeze, Typed::Apply).unwrap_err();
    assert!(refused.contains("it is not what the journal says"), "{refused}");
}

#[test]
fn a_blob_that_is_not_what_the_manifest_says_is_not_staged() {
    let site = Site::new();
    for (bytes, words) in [
        (&b"a large payload, in this world a smalL one"[..], "it is not what the manifest says"),
        (&BLOB[1..], "it is not what the manifest says"),
        (b"", "it is not what the manifest says"),
        (b"a large payload, in this world a small one and more", "it is longer than the manifest says"),
    ] {
        let disk = node();
        let bytes = bytes.to_vec();
        let open_blob =
            |_: &Blob| -> io::Result<Box<dyn Read>> { Ok(Box::new(io::Cursor::new(bytes.clone()))) };
        let incoming = Incoming {
            accepted: site.accepted.clone(),
            plan: &site.manifest.plan,
            set_json: b"set.json",
            plan_json: b"plan.json",
            bundle: &site.bundle,
            blobs: &site.manifest.blobs,
            open_blob: &open_blob,
        };
        let Err(refused) = stage_set(&disk, &home(), None, &incoming, &Bench::new(&disk)) else {
            panic!("it is staged")
        };
        assert!(refused.to_string().contains(words), "{refused}");
        assert_eq!(disk.list(&home().blobs()).unwrap(), Vec::<std::ffi::OsString>::new());
        let journal = Journal::open(&disk, &home().journal()).unwrap().unwrap();
        assert_eq!((journal.records(), journal.state().set.is_some()), (0, false));
    }
}

#[test]
fn a_file_that_changes_while_it_is_copied_is_refused() {
    let disk = node();
    let from = Path::new("/var/lib/mke/member/snap/db");
    put_file(&disk, from, 0o600, &vec![1; 3 << 20]).unwrap();
    let asked = Cell::new(0);
    let change = |at: usize, bytes: &'static [u8], offset: u64| {
        let disk = disk.clone();
        asked.set(0);
        copy_tree::<DiskError>(&disk, from, Path::new("/var/lib/copy"), &|_| {
            asked.set(asked.get() + 1);
            if asked.get() == at { disk.write_at(from, offset, bytes) } else { Ok(()) }
        })
        .map_err(|error| error.to_string())
    };
    assert!(change(usize::MAX, b"", 0).is_ok());
    for (bytes, offset) in [(&b"x"[..], 0), (b"x", 2 << 20), (b"longer", 3 << 20)] {
        let refused = change(3, bytes, offset).unwrap_err();
        assert!(refused.contains("it changed while it was copied"), "{refused}");
    }
}

#[test]
fn a_copy_does_not_cross_to_another_file_system() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("from/inner");
    std::fs::create_dir_all(&inner).unwrap();
    let mount = |program: &str, words: &[&str]| {
        let status = Command::new(program).args(words).arg(&inner).status().unwrap();
        assert!(status.success(), "this test needs root, and leave to mount");
    };
    mount("mount", &["-t", "tmpfs", "none"]);
    let disk = RealDisk::below(dir.path()).unwrap();
    let copied = copy_tree::<DiskError>(&disk, Path::new("/from"), Path::new("/to"), &|_| Ok(()));
    mount("umount", &[]);
    let refused = copied.unwrap_err().to_string();
    assert!(refused.contains("/from/inner (another file system)"), "{refused}");
    assert!(!dir.path().join("to").exists());
}

#[test]
fn a_stage_that_has_no_room_is_blocked_before_it_begins() {
    let (disk, site) = prepared();
    let (free, db) = (disk.free(Path::new("/var")).unwrap(), Path::new("/var/lib/mke/db"));
    disk.set_size(db, free).unwrap();
    let before = outside(&disk, true);
    let Ok(Outcome::Blocked(found)) = run(&disk, &site, Stage::Freeze, Typed::Apply) else {
        panic!("not blocked")
    };
    assert!(found[0].contains("bytes free, and") && found[0].ends_with("make room"), "{found:?}");
    // words were given before: they open the gate
    assert_eq!(outside(&disk, true), before);
}

#[test]
fn set_aside_replaces_nothing_even_what_came_after_the_look() {
    let (disk, site) = prepared();
    let mut steps = site.manifest.plan.all_steps().map(|(_, step)| step);
    let step = steps.find(|step| matches!(step.action, Action::SetAside { .. })).unwrap();
    disk.make_dir(Path::new("/var/lib/kubelet.mke3")).unwrap();
    let (bench, home) = (Bench::new(&disk), home());
    let shop = Workshop { disk: &disk, machine: &bench, contents: &world::Nothing, keep: home.keep() };
    assert!(act(&shop, step, &Before::SetAside {}).is_err());
    assert!(disk.stat(Path::new("/var/lib/kubelet/pods/one")).unwrap().is_some());
}

#[test]
fn a_dry_run_opens_no_secret_and_says_so() {
    let (disk, site) = prepared();
    let mut plan = site.manifest.plan.clone();
    for step in &mut plan.stages[0].steps {
        if let Action::Place { content, .. } = &mut step.action {
            *content = airlift_bundle::plan::Content::Secret("a/secret".parse().unwrap());
        }
    }
    let (bench, home) = (Bench::new(&disk), home());
    let shop = Workshop { disk: &disk, machine: &bench, contents: &world::Nothing, keep: home.keep() };
    let state = airlift_node::journal::State::default();
    for step in dry_run(&shop, &plan, &state, Some(Stage::Prepare)).unwrap() {
        let why = "it holds secrets, which a dry run does not open".to_owned();
        assert_eq!(step.forecast, Forecast::CannotKnow { why });
    }
}

#[test]
fn ctrl_c_ends_a_dry_run() {
    let (disk, site) = prepared();
    let (bench, home) = (Bench::new(&disk), home());
    bench.interrupt.set(Some(Interrupt::Signal("SIGINT")));
    let journal = Journal::open(&disk, &home.journal()).unwrap().unwrap();
    let loaded = load(&disk, &home, journal.state()).unwrap().unwrap();
    let shop = Workshop { disk: &disk, machine: &bench, contents: &loaded, keep: home.keep() };
    let state = airlift_node::journal::State::default();
    let ended = dry_run(&shop, &site.manifest.plan, &state, None);
    assert!(matches!(ended, Err(airlift_node::step::Fault::Interrupted(_))), "{ended:?}");
}

#[test]
fn what_takes_long_tells_how_far_it_is() {
    let (disk, site) = (world::node(), Site::new());
    let bench = Bench::new(&disk);
    let outcome = world::run_on(&bench, &site, Stage::Freeze, Typed::Apply);
    assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}");
    let passed = bench.passed.borrow();
    // the blob as it is taken, looked at, and placed; and the copy of a tree
    for (what, times) in [("k0s", 2), ("/usr/local/bin/k0s", 1), ("/var/lib/mke", 1)] {
        let told: Vec<_> = passed.iter().filter(|(told, ..)| told == what).collect();
        assert!(told.len() >= times, "{what}: {passed:?}");
        let (_, done, of) = told.last().unwrap();
        assert!(*done > 0 && done <= of, "{what}: {told:?}");
    }
}

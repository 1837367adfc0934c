//! What steps keep, and what they leave beside their targets: on other file systems, after somebody has tidied up, after
//! a reboot, and at the end, when nothing of it may be left.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod crew;
mod model;
mod world;

use std::path::{Path, PathBuf};

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Position;
use airlift_bundle::gate::word::Naming;
use airlift_bundle::plan::Content;
use airlift_bundle::value::Mode;
use airlift_node::disk::{Disk, Owner, ensure_dir, put_file, read_all, remove_file, remove_tree};
use airlift_node::gate::Said;
use airlift_node::gate::heard::Brought;
use airlift_node::run::{Engine, Orders, Outcome};
use crew::{Crew, apply, of};
use model::{Fault, Left, Model};
use world::{
    Bench, Draft, Ended, GO, STATE, Site, Typed, draft, drive, node, outside, place, run, sentences, type_in,
    without_notice,
};

fn types(disk: &Model, site: &Site, work: impl FnOnce(&mut Engine<'_>) -> Outcome) -> Outcome {
    let mut operator = Said(sentences(site, &Orders::default()));
    type_in(&Bench::new(disk), site, &mut operator, Brought::default(), false, work).unwrap()
}

/// Whatever lies beside a target under a name of ours.
fn beside_targets(disk: &Model) -> Vec<PathBuf> {
    let is_ours =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".airlift-"));
    disk.tree(false).into_keys().filter(is_ours).collect()
}

/// A node whose state directory is a file system of its own.
fn mounted() -> Model {
    let disk = node();
    disk.mounted.set(Some(STATE));
    disk
}

#[test]
fn a_file_on_another_file_system_is_kept_beside_its_place_and_comes_back_as_it_was() {
    let (disk, site) = (mounted(), Site::new());
    let (old, target) = (outside(&disk, true), Path::new("/etc/docker/hosts.toml"));
    let before = disk.stat(target).unwrap().unwrap();
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
    let kept = Path::new("/etc/docker/.airlift-registry.old");
    assert_eq!(beside_targets(&disk), [kept]);
    assert_eq!(disk.stat(kept).unwrap().unwrap().inode, before.inode);
    // going back takes no room, wherever that would have to be
    disk.arm(1, Fault::Full);
    types(&disk, &site, |engine| engine.rollback());
    assert_eq!(disk.stat(target).unwrap().unwrap().inode, before.inode);
    let disk = disk.after(Left::Killed);
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
    assert_eq!(outside(&disk, true), old);
}

#[test]
fn a_stop_anywhere_leads_on_or_back_where_the_state_directory_is_a_file_system_of_its_own() {
    let (start, site) = (mounted(), Site::new());
    let old = outside(&start, true);
    let (counted, end) = (start.clone(), start.clone());
    counted.arm(usize::MAX, Fault::Stop);
    run(&counted, &site, Stage::Prepare, Typed::Apply).unwrap();
    assert_eq!(drive(&end, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
    let new = without_notice(&end);
    let mut points = 0;
    for at in 1..=counted.count() {
        for left in
            [Left::Killed, Left::All, Left::Flushed, Left::Names, Left::Content, Left::Torn(at as u64)]
        {
            let disk = start.clone();
            disk.arm(at, Fault::StopAfter);
            let _ = run(&disk, &site, Stage::Prepare, Typed::Apply);
            assert!(disk.fired());
            let disk = disk.after(left);
            let back = disk.clone();
            assert_eq!(
                drive(&disk, &site, Stage::Prepare, Typed::Apply),
                Ok(Ended::Forward),
                "{at} {left:?}"
            );
            assert_eq!(without_notice(&disk.after(Left::Flushed)), new, "{at} {left:?}");
            assert_eq!(
                drive(&back, &site, Stage::Prepare, Typed::Rollback),
                Ok(Ended::Back),
                "{at} {left:?}"
            );
            assert_eq!(outside(&back.after(Left::Flushed), true), old, "{at} {left:?}");
            points += 2;
        }
    }
    println!("{points} points");
    assert!(points > 500);
}

#[test]
fn at_the_end_nothing_of_the_old_is_left_beside_its_place() {
    let (start, site) = (mounted(), Site::new());
    assert_eq!(drive(&start, &site, Stage::Settle, Typed::Apply), Ok(Ended::Forward));
    assert!(beside_targets(&start).len() > 1);
    let counted = start.clone();
    counted.arm(usize::MAX, Fault::Stop);
    types(&counted, &site, |engine| engine.commit());
    for at in 1..=counted.count() {
        for left in [Left::Killed, Left::Flushed] {
            let disk = start.clone();
            disk.arm(at, Fault::StopAfter);
            let mut operator = Said(sentences(&site, &Orders::default()));
            let bench = Bench::new(&disk);
            let _ =
                type_in(&bench, &site, &mut operator, Brought::default(), false, |engine| engine.commit());
            let disk = disk.after(left);
            assert_eq!(drive(&disk, &site, Stage::Commit, Typed::Apply), Ok(Ended::Forward), "{at} {left:?}");
            assert_eq!(beside_targets(&disk.after(Left::Flushed)), Vec::<PathBuf>::new(), "{at} {left:?}");
        }
    }
}

#[test]
fn what_was_kept_and_is_gone_is_missed_and_not_taken_for_put_back() {
    let target = Path::new("/etc/docker/hosts.toml");
    for (mount, kept) in
        [(None, "/var/lib/airlift/old/registry"), (Some(STATE), "/etc/docker/.airlift-registry.old")]
    {
        for is_edited in [false, true] {
            let (disk, site) = (node(), Site::new());
            disk.mounted.set(mount);
            let was = read_all(&disk, target, 1000).unwrap();
            assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
            remove_file(&disk, Path::new(kept)).unwrap();
            if is_edited {
                put_file(&disk, target, 0o600, b"edited").unwrap();
            }
            let before = disk.tree(false);
            for _ in 0..2 {
                let outcome = types(&disk, &site, |engine| engine.rollback());
                let Outcome::Held { cause, hint } = &outcome else { panic!("{outcome:?}") };
                assert!(cause.contains("put /etc/docker/hosts.toml back") && cause.contains(kept), "{cause}");
                assert!(hint.contains("airlift-node rollback"), "{hint}");
            }
            assert_eq!(disk.tree(false)[target], before[target]);
            put_file(&disk, Path::new(kept), 0o644, &was).unwrap();
            assert_eq!(types(&disk, &site, |engine| engine.rollback()), Outcome::Done(None));
            assert_eq!(read_all(&disk, target, 1000).unwrap(), was);
        }
    }
    let (disk, site) = (node(), Site::new());
    assert_eq!(drive(&disk, &site, Stage::Stop, Typed::Apply), Ok(Ended::Forward));
    let aside = Path::new("/var/lib/kubelet.mke3");
    let away = Path::new("/var/lib/away");
    disk.rename(aside, away).unwrap();
    let outcome = types(&disk, &site, |engine| engine.rollback());
    let Outcome::Held { cause, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(cause.contains("/var/lib/kubelet.mke3, which is what was there, is gone"), "{cause}");
    disk.rename(away, aside).unwrap();
    assert_eq!(drive(&disk, &site, Stage::Stop, Typed::Rollback), Ok(Ended::Back));
}

#[test]
fn what_an_earlier_migration_left_beside_a_target_is_never_taken_for_its_old_file() {
    let target = Path::new("/etc/docker/hosts.toml");
    for mount in [None, Some(STATE)] {
        for stale in ["/var/lib/airlift/old/registry", "/etc/docker/.airlift-registry.old"] {
            let (disk, site) = (node(), Site::new());
            disk.mounted.set(mount);
            let was = disk.tree(true)[target].clone();
            ensure_dir(&disk, Path::new(stale).parent().unwrap(), 0o755).unwrap();
            put_file(&disk, Path::new(stale), 0o644, b"stale").unwrap();
            let outcome = run(&disk, &site, Stage::Prepare, Typed::Apply).unwrap();
            let Outcome::Undone { cause, .. } = &outcome else { panic!("{outcome:?}") };
            assert!(cause.contains(stale) && cause.contains("move it away"), "{cause}");
            assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
            assert_eq!(disk.tree(true)[target], was);
            if stale.starts_with("/etc") {
                assert_eq!(read_all(&disk, Path::new(stale), 100).unwrap(), b"stale");
            }
        }
    }
}

#[test]
fn what_runs_with_its_owners_rights_is_not_kept_where_anybody_runs_it() {
    let (disk, site) = (mounted(), Site::new());
    let target = Path::new("/etc/docker/hosts.toml");
    disk.set_mode(target, 0o4755).unwrap();
    let old = outside(&disk, true);
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
    assert_eq!(beside_targets(&disk), Vec::<PathBuf>::new());
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
    // a copy is another file: the other name of the old one stays with that
    let shown = |tree: &std::collections::BTreeMap<PathBuf, String>| {
        tree[target].split(" = ").next().map(str::to_owned)
    };
    assert_eq!(shown(&outside(&disk, true)), shown(&old));
}

#[test]
fn a_host_that_is_left_out_keeps_no_secret_that_was_on_its_way() {
    const SECRET: &str = "/etc/k0s/token";
    let secret = Content::Secret("receipt/key".parse().unwrap());
    let mut draft = draft(1, 1);
    let stop = draft.stages.iter_mut().find(|(stage, _)| *stage == Stage::Start).unwrap();
    stop.1.push(place("token", SECRET, secret, Mode::PRIVATE));
    let mut crew = Crew::new(Draft { ..draft });
    crew.forward(Stage::Stop);
    crew.hands[1].is_off = true;
    crew.forward(Stage::Settle);
    crew.one("m1", &of(Naming::Without, "w1"), &apply);
    assert_eq!(crew.hands[0].position(), Some(Position::At(Stage::Settle)));
    crew.hands[1].is_off = false;
    let brought = crew.bring(1);
    let start = &crew.hands[1];
    start.types(brought, &[], false, &|_| Outcome::Listened);
    // killed where the secret lies beside its place, whole
    let beside = Path::new("/etc/k0s/.airlift-token");
    let is_there = |disk: &Model| disk.stat(beside).unwrap().is_some_and(|stat| stat.size > 0);
    let killed = (1..).map(|at| {
        let disk = start.disk.clone();
        disk.arm(at, Fault::Stop);
        let mut operator = Said(vec![]);
        let bench = Bench::new(&disk);
        let _ = type_in(&bench, &start.site, &mut operator, Brought::default(), false, apply);
        assert!(disk.fired(), "it never lay there");
        disk.after(Left::Killed)
    });
    let disk = killed.into_iter().find(is_there).unwrap();
    let said = |words: &str| {
        let mut operator = Said(vec![words.to_owned()]);
        let bench = Bench::new(&disk);
        type_in(&bench, &start.site, &mut operator, Brought::default(), false, |engine| engine.leave_out())
            .unwrap()
    };
    // the sentence of another act is none
    let outcome = said("no way back on w1");
    let Outcome::Waiting { needs, hint } = &outcome else { panic!("{outcome:?}") };
    assert!(
        needs[0].contains("MKE 3 and k0s are both removed") && hint.contains("commit --left-out"),
        "{outcome:?}"
    );
    assert!(is_there(&disk));
    assert_eq!(said("both stacks go from w1"), Outcome::Done(None));
    assert_eq!(beside_targets(&disk.after(Left::Flushed)), Vec::<PathBuf>::new());
}

#[test]
fn a_reboot_takes_directories_below_run_too_also_those_that_others_had_made() {
    let dir = Path::new(GO).parent().unwrap();
    // nothing; a directory; another file; the very file, so that the step was skipped
    for (has_dir, owner) in [(false, None), (true, None), (true, Some(0)), (true, Some(120))] {
        let (disk, site) = (node(), Site::new());
        let old = outside(&disk, true);
        if has_dir {
            disk.make_dir(dir).unwrap();
        }
        if let Some(user) = owner {
            put_file(&disk, Path::new(GO), 0o644, b"k0s may run\n").unwrap();
            disk.set_owner(Path::new(GO), Owner { user, group: 0 }).unwrap();
        }
        for mount in [None, Some("/run")] {
            let disk = disk.clone();
            disk.mounted.set(mount);
            assert_eq!(drive(&disk, &site, Stage::Start, Typed::Apply), Ok(Ended::Forward));
            disk.boot.set(disk.boot.get() + 1);
            remove_tree(&disk, dir).unwrap();
            let again = drive(&disk, &site, Stage::Adopt, Typed::Apply);
            assert_eq!(again, Ok(Ended::Forward), "{has_dir} {owner:?} {mount:?}");
            assert_eq!(read_all(&disk, Path::new(GO), 100).unwrap(), b"k0s may run\n");
            assert_eq!(drive(&disk, &site, Stage::Adopt, Typed::Rollback), Ok(Ended::Back));
            assert_eq!(outside(&disk, true), old);
            // what was there before us is there; else nothing: k0s must not run
            let is_there = disk.stat(Path::new(GO)).unwrap().is_some();
            assert!(!is_there || owner.is_some(), "{has_dir} {owner:?} {mount:?}");
        }
    }
}

#[test]
fn every_node_whose_last_stage_is_done_awaits_commit() {
    let mut crew = Crew::of(3, 1);
    let waiting = |crew: &Crew| {
        crew.hands.iter().filter(|hand| hand.journal().unwrap().state().awaits_commit()).count()
    };
    crew.forward(Stage::Stop);
    assert_eq!(waiting(&crew), 0);
    crew.forward(Stage::Settle);
    assert_eq!(waiting(&crew), 4, "{:?}", crew.positions());
    crew.commit();
    assert_eq!(waiting(&crew), 0);
}

#[test]
fn words_that_are_brought_to_who_has_returned_stop_no_way_back_and_lead_not_on() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Stop);
    crew.back();
    let found = crew.hand("w1").site.others.clone();
    let hears = |goes_back: bool| {
        crew.hand("w1").types(Brought::default(), &[], false, &|engine| {
            let first = if goes_back { engine.rollback() } else { Outcome::Listened };
            let heard = engine.hear(Brought { found: found.clone(), ..Brought::default() });
            heard.map_or_else(|refused| refused, |_| first)
        })
    };
    assert_eq!(hears(true), Outcome::NothingToDo);
    let outcome = hears(false);
    let Outcome::Refused(why) = &outcome else { panic!("{outcome:?}") };
    assert!(why[0].contains("airlift-node apply SET"), "{why:?}");
}

#[test]
fn who_has_committed_has_nothing_to_clear_away() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Settle);
    crew.commit();
    let outcome = crew.one("w1", &Orders::default(), &|engine| engine.leave_out());
    let Outcome::Refused(why) = &outcome else { panic!("{outcome:?}") };
    assert!(why[0].contains("commit has begun or is done"), "{why:?}");
}

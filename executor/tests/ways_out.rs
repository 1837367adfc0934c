//! Trouble beside the plan, and the way out of it: a key that is gone, a full disk, a damaged state directory, a reboot
//! at the wrong time. Each ends where the operator wanted to be, by the commands that the messages name.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod model;
mod world;

use std::path::Path;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Position;
use airlift_bundle::plan::{Action, Completion, Content, ScriptUndo};
use airlift_bundle::value::Mode;
use airlift_node::disk::{Disk, put_file, read_all, remove_tree};
use airlift_node::gate::Said;
use airlift_node::gate::heard::Brought;
use airlift_node::journal::{At, Journal, Record, Standing};
use airlift_node::run::{Engine, Home, Orders, Outcome, mend_set};
use model::{Fault, Left, Model};
use world::{
    BLOB, Bench, Draft, Ended, GO, STATE, Site, Typed, aside, draft, drive, medium, node, outside, place,
    run, script, sentences, sites, step, type_in,
};

fn home() -> Home {
    Home::at(Path::new(STATE))
}

fn journal(disk: &Model) -> Journal<'_> {
    Journal::open(disk, &home().journal()).unwrap().unwrap()
}

fn at_end_of(stage: Stage) -> (Model, Site) {
    let (disk, site) = (node(), Site::new());
    assert_eq!(drive(&disk, &site, stage, Typed::Apply), Ok(Ended::Forward));
    (disk, site)
}

/// One more command, the words of others having been heard before.
fn types(disk: &Model, site: &Site, work: impl FnOnce(&mut Engine<'_>) -> Outcome) -> Outcome {
    let mut operator = Said(sentences(site, &Orders::default()));
    type_in(&Bench::new(disk), site, &mut operator, Brought::default(), false, work).unwrap()
}

fn flip(disk: &Model, path: &Path) {
    let mut bytes = read_all(disk, path, 1 << 20).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    put_file(disk, path, 0o600, &bytes).unwrap();
}

#[test]
fn a_node_whose_receipt_key_is_gone_comes_back_without_a_word() {
    let old = outside(&node(), true);
    let (disk, mut site) = at_end_of(Stage::Stop);
    site.secrets.clear();
    assert_eq!(drive(&disk, &site, Stage::Stop, Typed::Rollback), Ok(Ended::Back));
    assert_eq!(outside(&disk, true), old);
    // forward it is held: others wait for its words
    let (disk, mut site) = at_end_of(Stage::Check);
    site.secrets.clear();
    assert!(matches!(run(&disk, &site, Stage::Prepare, Typed::Apply), Ok(Outcome::Blocked(_))));
    let (disk, site) = at_end_of(Stage::Prepare);
    remove_tree(&disk, &home().receipts()).unwrap();
    let keyless = Site { secrets: Default::default(), ..site.clone() };
    let outcome = run(&disk, &keyless, Stage::Freeze, Typed::Apply).unwrap();
    let Outcome::Held { cause, hint } = &outcome else { panic!("{outcome:?}") };
    assert!(
        cause.contains("write this node's receipts") && hint.contains("what was typed before"),
        "{cause}"
    );
    assert_eq!(drive(&disk, &site, Stage::Freeze, Typed::Apply), Ok(Ended::Forward));
}

#[test]
fn commit_ends_without_its_last_word_where_that_can_not_be_written() {
    for (has_key, is_full) in [(false, false), (false, true), (true, true)] {
        let (disk, mut site) = at_end_of(Stage::Settle);
        if !has_key {
            site.secrets.clear();
        }
        if is_full {
            disk.arm(1, Fault::Full);
        }
        let outcome = types(&disk, &site, |engine| engine.commit());
        assert!(matches!(outcome, Outcome::Done(_)), "{has_key} {is_full}: {outcome:?}");
        assert_eq!(journal(&disk).state().at, At::Committed);
    }
}

#[test]
fn a_failed_stage_that_is_undone_later_leaves_the_node_in_its_attempt() {
    let (start, site) = at_end_of(Stage::Prepare);
    let failing = start.clone();
    failing.unlink(Path::new("/etc/docker/daemon.json")).unwrap();
    let counted = failing.clone();
    counted.arm(usize::MAX, Fault::Stop);
    assert!(matches!(run(&counted, &site, Stage::Freeze, Typed::Apply), Ok(Outcome::Undone { .. })));
    let mut points = 0;
    for at in 1..=counted.count() {
        let disk = failing.clone();
        disk.arm(at, Fault::StopAfter);
        let _ = run(&disk, &site, Stage::Freeze, Typed::Apply);
        let disk = disk.after(Left::Killed);
        if !journal(&disk).state().at.is_failing() {
            continue;
        }
        points += 1;
        let outcome = run(&disk, &site, Stage::Freeze, Typed::Rollback).unwrap();
        let Outcome::Undone { stage: Stage::Freeze, cause } = outcome else { panic!("{at}: {outcome:?}") };
        assert!(cause.contains("engine"), "{cause}");
        let journal = journal(&disk);
        assert_eq!(journal.state().at, At::Rest, "{at}");
        assert_eq!(journal.state().position(), Some(Position::At(Stage::Prepare)), "{at}");
    }
    assert!(points > 3, "{points} points");
}

#[test]
fn on_a_full_disk_the_spare_room_is_for_the_way_back() {
    let old = outside(&node(), true);
    let (disk, site) = at_end_of(Stage::Prepare);
    // the journal is about to grow
    let record = Record::Recovery { name: "again".parse().unwrap(), ended: None };
    let mut open = journal(&disk);
    let size = || disk.stat(&home().journal()).unwrap().unwrap().size;
    let before = size();
    while size() == before {
        open.append(&record.clone().at(1)).unwrap();
    }
    let bytes = read_all(&disk, &home().journal(), 1 << 30).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    // just before it did
    disk.set_size(&home().journal(), used + Journal::SPARE).unwrap();
    let file = |disk: &Model| disk.stat(&home().journal()).unwrap().unwrap().size;
    {
        let disk = disk.clone();
        disk.arm(1, Fault::Full);
        let forward = Record::Accept(site.accepted.clone()).at(1);
        assert!(journal(&disk).append(&forward).is_err());
        let mut open = journal(&disk);
        let before = open.records();
        while open.append(&record.clone().at(1)).is_ok() {}
        let taken = open.records() - before;
        assert!(taken > 100, "{taken}");
        // down to the last byte, and no further
        assert_eq!((file(&disk), journal(&disk).records()), (used + Journal::SPARE, before + taken));
    }
    disk.arm(1, Fault::Full);
    assert!(!matches!(run(&disk, &site, Stage::Stop, Typed::Apply), Ok(Outcome::Done(_))));
    assert_eq!(journal(&disk).state().position(), Some(Position::At(Stage::Prepare)));
    let outcome = run(&disk, &site, Stage::Prepare, Typed::Rollback).unwrap();
    // MKE 3 is back; what is left is to tell the others, while the key is there
    let Outcome::Held { hint, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(hint.contains("what was typed before"), "{hint}");
    assert_eq!(journal(&disk).state().at, At::Returned);
    let disk = disk.after(Left::Killed);
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
    assert_eq!(outside(&disk, true), old);
}

#[test]
fn a_blob_that_was_changed_in_the_state_directory_is_not_put_in_place() {
    let (disk, site) = at_end_of(Stage::Check);
    let (blob, k0s) = (home().blob(site.manifest.blobs[0].sha256), Path::new("/usr/local/bin/k0s"));
    let words = "is not what the manifest says any more; `airlift-node apply SET`";
    // before the stage begins that is in its way, and nothing has been changed
    let start = disk.clone();
    flip(&disk, &blob);
    let outcome = run(&disk, &site, Stage::Prepare, Typed::Apply).unwrap();
    let Outcome::Blocked(found) = outcome else { panic!("{outcome:?}") };
    assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
    assert_eq!(journal(&disk).state().at, At::Rest);
    // in the midst of the stage it is seen as it is placed
    let mut seen = 0;
    for at in 1.. {
        let disk = start.clone();
        disk.arm(at, Fault::StopAfter);
        let _ = run(&disk, &site, Stage::Prepare, Typed::Apply);
        if !disk.fired() {
            break;
        }
        let disk = disk.after(Left::Killed);
        if journal(&disk).state().at != At::Forward || disk.stat(k0s).unwrap().is_some() {
            continue;
        }
        flip(&disk, &blob);
        let outcome = run(&disk, &site, Stage::Prepare, Typed::Apply).unwrap();
        let Outcome::Undone { cause, .. } = outcome else { panic!("{outcome:?}") };
        assert!(cause.contains(words), "{cause}");
        assert!(disk.stat(k0s).unwrap().is_none());
        seen += 1;
    }
    assert!(seen > 0);
    let state = journal(&disk).state().clone();
    medium(&site, |set| mend_set(&disk, &home(), &state, set, &Bench::new(&disk))).unwrap();
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
    assert_eq!(read_all(&disk, Path::new("/usr/local/bin/k0s"), 1 << 20).unwrap(), BLOB);
}

#[test]
fn the_set_that_a_node_works_with_is_copied_again_where_it_is_damaged() {
    let (start, site) = at_end_of(Stage::Prepare);
    let set = home().set(site.accepted.plan_id);
    let (bundle, plan) = (set.join("bundle.tar.zst"), set.join("plan.json"));
    let damage: [&dyn Fn(&Model); 4] = [
        &|disk| flip(disk, &bundle),
        &|disk| disk.unlink(&bundle).unwrap(),
        &|disk| flip(disk, &plan),
        &|disk| remove_tree(disk, &set).unwrap(),
    ];
    for damage in damage {
        let disk = start.clone();
        damage(&disk);
        assert!(run(&disk, &site, Stage::Stop, Typed::Apply).is_err());
        let state = journal(&disk).state().clone();
        medium(&site, |set| mend_set(&disk, &home(), &state, set, &Bench::new(&disk))).unwrap();
        assert_eq!(drive(&disk, &site, Stage::Stop, Typed::Apply), Ok(Ended::Forward));
    }
    // and not a byte is written where nothing is
    let disk = start.clone();
    let (before, state) = (disk.tree(true), journal(&disk).state().clone());
    medium(&site, |set| mend_set(&disk, &home(), &state, set, &Bench::new(&disk))).unwrap();
    assert_eq!(disk.tree(true), before);
}

#[test]
fn commit_waits_for_the_stages_before_it_on_a_rebooted_controller_too() {
    let (disk, site) = at_end_of(Stage::Start);
    for _ in 0..2 {
        let outcome = types(&disk, &site, |engine| engine.commit());
        assert_eq!(outcome, Outcome::Refused(vec!["commit: the stages before it are not done".to_owned()]));
        assert_eq!(journal(&disk).state().position(), Some(Position::At(Stage::Start)));
        disk.boot.set(disk.boot.get() + 1);
    }
    assert_eq!(drive(&disk, &site, Stage::Settle, Typed::Apply), Ok(Ended::Forward));
    disk.boot.set(disk.boot.get() + 1);
    assert!(matches!(types(&disk, &site, |engine| engine.commit()), Outcome::Done(_)));
}

#[test]
fn what_a_reboot_took_from_run_is_made_again_beside_what_others_made_there() {
    let (disk, site) = at_end_of(Stage::Start);
    disk.boot.set(disk.boot.get() + 1);
    let dir = Path::new(GO).parent().unwrap();
    remove_tree(&disk, dir).unwrap();
    disk.make_dir(dir).unwrap();
    put_file(&disk, &dir.join("somebody's"), 0o644, b"x").unwrap();
    assert_eq!(drive(&disk, &site, Stage::Settle, Typed::Apply), Ok(Ended::Forward));
    assert_eq!(read_all(&disk, Path::new(GO), 100).unwrap(), b"k0s may run\n");
}

#[test]
fn a_recovery_may_be_run_wherever_something_is_under_way() {
    let (start, site) = (node(), Site::new());
    let counted = start.clone();
    counted.arm(usize::MAX, Fault::Stop);
    run(&counted, &site, Stage::Freeze, Typed::Apply).unwrap();
    let mend = "mend".parse().unwrap();
    let mut stood = Vec::new();
    for at in 1..=counted.count() {
        let disk = start.clone();
        disk.arm(at, Fault::StopAfter);
        let _ = run(&disk, &site, Stage::Freeze, Typed::Apply);
        let disk = disk.after(Left::Killed);
        let Ok(Some(open)) = Journal::open(&disk, &home().journal()) else { continue };
        let place = open.state().at;
        if stood.contains(&place) || place == At::Empty {
            continue;
        }
        stood.push(place);
        let outcome = types(&disk, &site, |engine| engine.recover(&mend));
        assert!(matches!(outcome, Outcome::Recovered { .. }), "{place:?}: {outcome:?}");
        assert_eq!(read_all(&disk, Path::new("/etc/mended"), 100).unwrap(), b"yes");
        assert_eq!(journal(&disk).state().at, place);
    }
    assert_eq!(stood, [At::Rest, At::Forward, At::Doing]);
    // where nothing is, that is an answer and no damage
    let (disk, site) = at_end_of(Stage::Settle);
    assert!(matches!(types(&disk, &site, |engine| engine.commit()), Outcome::Done(_)));
    let outcome = types(&disk, &site, |engine| engine.recover(&mend));
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

fn stage(draft: &mut Draft, stage: Stage) -> &mut Vec<airlift_bundle::plan::Step> {
    let at = draft.stages.iter().position(|(known, _)| *known >= stage).unwrap_or(draft.stages.len());
    if draft.stages.get(at).is_none_or(|(known, _)| *known != stage) {
        draft.stages.insert(at, (stage, vec![]));
    }
    &mut draft.stages[at].1
}

#[test]
fn commit_brings_no_secret_back_that_it_has_removed() {
    const LOGINS: &str = "/run/airlift/logins";
    let mut draft = draft(1, 1);
    let secret = Content::Secret("receipt/key".parse().unwrap());
    stage(&mut draft, Stage::Settle).push(place("logins", LOGINS, secret, Mode::PRIVATE));
    let [fresh] = [Content::File {
        entry: "same".parse().unwrap(),
        sha256: airlift_bundle::digest::Sha256::of(b"as it was\n"),
    }];
    *stage(&mut draft, Stage::Commit) =
        vec![aside("forget", LOGINS), place("blocked", "/etc/blocked", fresh, Mode::PLAIN)];
    let (disk, site) = (node(), sites(draft).swap_remove(0));
    assert_eq!(drive(&disk, &site, Stage::Settle, Typed::Apply), Ok(Ended::Forward));
    let logins = || disk.stat(Path::new(LOGINS)).unwrap();
    assert!(logins().is_some());
    disk.make_dir(Path::new("/etc/blocked")).unwrap();
    for _ in 0..2 {
        let outcome = types(&disk, &site, |engine| engine.commit());
        let Outcome::Held { hint, .. } = &outcome else { panic!("{outcome:?}") };
        assert!(hint.contains("airlift-node commit"), "{hint}");
        assert!(logins().is_none());
    }
    // what commit itself needs is there again after a reboot
    disk.boot.set(disk.boot.get() + 1);
    remove_tree(&disk, Path::new(GO).parent().unwrap()).unwrap();
    types(&disk, &site, |engine| engine.commit());
    assert!(logins().is_none() && disk.stat(Path::new(GO)).unwrap().is_some());
    disk.remove_dir(Path::new("/etc/blocked")).unwrap();
    assert!(matches!(types(&disk, &site, |engine| engine.commit()), Outcome::Done(_)));
    assert!(logins().is_none());
}

/// A node after `adopt`, where a step has changed what is in k0s' data; without that directory k0s does not answer.
fn with_rights() -> (Model, Site) {
    let mut draft = draft(1, 1);
    let Action::Script(mut rights) = script(
        "rights",
        Completion::Evidence,
        &mut draft.files,
        [
            "write /var/lib/k0s/rights given\nevidence\n",
            "is /var/lib/k0s/rights given\n",
            "write /var/lib/k0s/asked yes\nremove /var/lib/k0s/rights\n",
        ],
    ) else {
        panic!("no script")
    };
    let ScriptUndo::Exact(undo) = rights.undo else { panic!("no undo") };
    rights.undo = ScriptUndo::InK0s(undo);
    let adopt = stage(&mut draft, Stage::Adopt);
    adopt.insert(0, step("rights", Action::Script(rights)));
    let disk = node();
    disk.make_dir(Path::new("/var/lib/k0s")).unwrap();
    (disk, sites(draft).swap_remove(0))
}

#[test]
fn a_k0s_that_does_not_answer_is_not_in_the_way_back() {
    let old = outside(&node(), true);
    for k0s_answers in [true, false] {
        let (disk, site) = with_rights();
        assert_eq!(drive(&disk, &site, Stage::Adopt, Typed::Apply), Ok(Ended::Forward));
        let k0s = Path::new("/var/lib/k0s");
        disk.boot.set(disk.boot.get() + 1);
        if !k0s_answers {
            remove_tree(&disk, k0s).unwrap();
        }
        assert_eq!(drive(&disk, &site, Stage::Adopt, Typed::Rollback), Ok(Ended::Back), "{k0s_answers}");
        if k0s_answers {
            assert!(disk.stat(&k0s.join("rights")).unwrap().is_some(), "it goes with k0s' data, untouched");
            remove_tree(&disk, k0s).unwrap();
        }
        assert_eq!(outside(&disk, true), old);
    }
}

#[test]
fn a_failed_adopt_is_undone_in_k0s_or_left_there_by_the_operators_word() {
    let old = outside(&node(), true);
    let k0s = Path::new("/var/lib/k0s");
    // in the way of a later step
    let fails = |disk: &Model, site: &Site| {
        assert_eq!(drive(disk, site, Stage::Start, Typed::Apply), Ok(Ended::Forward));
        disk.make_dir(Path::new("/etc/docker/also.toml.mke3")).unwrap();
    };
    let (disk, site) = with_rights();
    fails(&disk, &site);
    let outcome = run(&disk, &site, Stage::Adopt, Typed::Apply).unwrap();
    assert!(matches!(outcome, Outcome::Undone { stage: Stage::Adopt, .. }), "{outcome:?}");
    assert!(disk.stat(&k0s.join("rights")).unwrap().is_none());
    // killed in the midst of it; then k0s is gone
    let (start, site) = with_rights();
    fails(&start, &site);
    let mut left = 0;
    for at in 1.. {
        let disk = start.clone();
        disk.arm(at, Fault::StopAfter);
        let _ = run(&disk, &site, Stage::Adopt, Typed::Apply);
        if !disk.fired() {
            break;
        }
        let disk = disk.after(Left::Killed);
        if disk.stat(&k0s.join("rights")).unwrap().is_none() || !journal(&disk).state().at.is_failing() {
            continue;
        }
        remove_tree(&disk, k0s).unwrap();
        let outcome = run(&disk, &site, Stage::Adopt, Typed::Apply).unwrap();
        let Outcome::Held { hint, .. } = &outcome else { panic!("{at}: {outcome:?}") };
        assert!(hint.contains("airlift-node rollback"), "{hint}");
        let outcome = run(&disk, &site, Stage::Adopt, Typed::Rollback).unwrap();
        assert!(matches!(outcome, Outcome::Undone { stage: Stage::Adopt, .. }), "{at}: {outcome:?}");
        assert_eq!(journal(&disk).state().position(), Some(Position::At(Stage::Start)));
        disk.remove_dir(Path::new("/etc/docker/also.toml.mke3")).unwrap();
        {
            // k0s answers again, and has what was left in it: that goes before the step is done anew
            let disk = disk.clone();
            disk.make_dir(k0s).unwrap();
            put_file(&disk, &k0s.join("rights"), 0o644, b"given").unwrap();
            assert_eq!(drive(&disk, &site, Stage::Adopt, Typed::Apply), Ok(Ended::Forward));
            assert_eq!(read_all(&disk, &k0s.join("asked"), 10).unwrap(), b"yes");
            let journal = journal(&disk);
            let standing = journal.state().standing(&"rights".parse().unwrap());
            assert!(matches!(standing, Some(Standing::Done { .. })), "{standing:?}");
        }
        assert_eq!(drive(&disk, &site, Stage::Adopt, Typed::Rollback), Ok(Ended::Back));
        assert_eq!(outside(&disk, true), old);
        left += 1;
    }
    assert!(left > 0);
}

#[test]
fn a_target_that_can_not_be_replaced_stays_as_it_is_and_is_not_in_the_way_back() {
    let disk = node();
    let target = Path::new("/etc/docker/hosts.toml");
    let outside = || {
        let mut tree = outside(&disk, true);
        tree.retain(|path, _| !path.starts_with("/etc/motd.d"));
        tree
    };
    let old = outside();
    disk.immutable.set(disk.stat(target).unwrap().map(|stat| stat.inode));
    let site = Site::new();
    let outcome = run(&disk, &site, Stage::Prepare, Typed::Apply).unwrap();
    let Outcome::Undone { stage: Stage::Prepare, cause } = &outcome else { panic!("{outcome:?}") };
    assert!(cause.contains("rename to /etc/docker/hosts.toml"), "{cause}");
    assert_eq!(outside(), old);
    assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Rollback), Ok(Ended::Back));
    assert_eq!(outside(), old);
}

#[test]
fn what_the_disk_does_not_give_back_of_a_set_is_copied_again() {
    let (start, site) = at_end_of(Stage::Check);
    let set = home().set(site.accepted.plan_id);
    for path in [set.join("bundle.tar.zst"), set.join("set.json"), home().blob(site.manifest.blobs[0].sha256)]
    {
        let disk = start.clone();
        disk.unreadable.set(disk.stat(&path).unwrap().map(|stat| stat.inode));
        assert!(read_all(&disk, &path, 1 << 20).is_err());
        let state = journal(&disk).state().clone();
        medium(&site, |set| mend_set(&disk, &home(), &state, set, &Bench::new(&disk))).unwrap();
        assert!(read_all(&disk, &path, 1 << 20).is_ok());
        assert_eq!(drive(&disk, &site, Stage::Prepare, Typed::Apply), Ok(Ended::Forward));
    }
}

#[test]
fn a_node_that_is_back_says_that_there_is_nothing_under_way() {
    let (disk, site) = at_end_of(Stage::Freeze);
    assert_eq!(drive(&disk, &site, Stage::Freeze, Typed::Rollback), Ok(Ended::Back));
    let mend = "mend".parse().unwrap();
    let typed: [&dyn Fn(&mut Engine<'_>) -> Outcome; 3] =
        [&|engine| engine.recover(&mend), &|engine| engine.leave_out(), &|engine| engine.commit()];
    for typed in typed {
        let outcome = types(&disk, &site, typed);
        let Outcome::Refused(why) = &outcome else { panic!("{outcome:?}") };
        assert!(why[0].contains("this node has nothing under way"), "{why:?}");
    }
    // nor is there anything to write after a reboot
    let before = journal(&disk).head();
    disk.boot.set(disk.boot.get() + 1);
    assert_eq!(types(&disk, &site, |engine| engine.apply(Stage::Settle)), Outcome::NothingToDo);
    assert_eq!(journal(&disk).head(), before);
}

//! The receipts that a node writes: made once, made anew where they are gone, there when everything else is gone.

mod crew;
mod model;
mod world;

use std::path::Path;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::receipt::{Asked, Receipt, SignedReceipt};
use airlift_bundle::gate::word::{Attempt, Look, Word};
use airlift_node::disk::{Disk, read_all, remove_file};
use airlift_node::gate::Said;
use airlift_node::gate::heard::Brought;
use airlift_node::journal::At;
use airlift_node::run::{Engine, Home, Orders, Outcome};
use crew::{Crew, Hand, apply, head};
use model::{Fault, Left, Model};
use world::{Bench, Draft, STATE, draft, sentences, sites, type_in};

#[test]
fn receipts_that_are_gone_are_made_anew_and_a_corrected_set_gets_its_own() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Prepare);
    let hand = &mut crew.hands[1];
    let file = Path::new(STATE).join("receipts/w1.prepared.1.json");
    for gone in ["w1.prepared.1.json", "w1.prepared.1.json.minisig", "w1.prepared.1.code"] {
        remove_file(&hand.disk, &Path::new(STATE).join("receipts").join(gone)).unwrap();
        hand.types(Brought::default(), &[], false, &apply);
        assert_eq!(hand.given().len(), 1);
    }
    // a corrected set, equal as far as the node stands
    let old = read_all(&hand.disk, &file, 1 << 16).unwrap();
    let mut corrected = Draft { serial: 8, ..draft(1, 1) };
    corrected.stages.retain(|(stage, _)| *stage != Stage::Adopt);
    hand.site = sites(corrected).swap_remove(1);
    hand.types(Brought::default(), &[], true, &apply);
    let new = read_all(&hand.disk, &file, 1 << 16).unwrap();
    assert_ne!(old, new);
    let signature = read_all(&hand.disk, &file.with_added_extension("minisig"), 1 << 16).unwrap();
    let node = "w1".parse().unwrap();
    let (word, attempt) = (Word::Prepared, Attempt::FIRST);
    let asked = Asked { plan: (&hand.site.plan, hand.site.accepted.plan_id), node: &node, word, attempt };
    Receipt::open(&SignedReceipt { json: new, signature }, &asked).unwrap();
}

#[test]
fn a_receipt_tells_when_and_by_whose_word_and_is_made_once() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Stop);
    let hand = crew.hand("m1");
    let receipts = hand.given();
    let (stopped, _) = receipts.iter().find(|(found, _)| found.word == Word::Stopped).unwrap();
    let json = String::from_utf8(stopped.signed.json.clone()).unwrap();
    for fact in [
        r#""said-1": "the outage of acme begins""#,
        r#""serial": "7""#,
        r#""boot-id": ""#,
        r#""freeze-began": "1""#,
        r#""freeze-ended": "1""#,
    ] {
        assert!(json.contains(fact), "{fact}: {json}");
    }
    let (before, at) = (hand.disk.tree(true), head(hand));
    hand.types(Brought::default(), &[], false, &|engine| engine.apply(Stage::Stop));
    assert_eq!(head(hand), at);
    assert_eq!(hand.disk.tree(true), before, "what is there is not made anew");
}

/// What is left of a node that waits for nobody, after a command that was killed at every point of its work and typed
/// again.
fn killed_anywhere(start: &Hand, work: &dyn Fn(&mut Engine<'_>) -> Outcome) -> Vec<Hand> {
    let types = |disk: &Model| {
        let mut operator = Said(sentences(&start.site, &Orders::default()));
        type_in(&Bench::new(disk), &start.site, &mut operator, Brought::default(), false, work)
    };
    let counted = start.disk.clone();
    counted.arm(usize::MAX, Fault::Stop);
    types(&counted).unwrap();
    let at_each = (1..=counted.count()).map(|at| {
        let disk = start.disk.clone();
        disk.arm(at, Fault::StopAfter);
        let _ = types(&disk);
        assert!(disk.fired());
        let disk = disk.after(Left::Killed);
        types(&disk).unwrap();
        Hand { disk, site: start.site.clone(), unseen: vec![], is_off: false }
    });
    at_each.collect()
}

#[test]
fn the_last_receipt_outlives_a_power_cut_though_its_writer_was_killed() {
    let mut crew = Crew::of(1, 0);
    crew.forward(Stage::Settle);
    let ends = killed_anywhere(&crew.hands[0], &|engine| engine.commit());
    assert!(ends.len() > 20, "{}", ends.len());
    for (at, end) in ends.into_iter().enumerate() {
        let cut = Hand { disk: end.disk.after(Left::Flushed), ..end };
        assert_eq!(cut.journal().unwrap().state().at, At::Committed, "{at}");
        // each has its files
        let given: Vec<Word> = cut.given().into_iter().map(|(found, _)| found.word).collect();
        assert!(given.contains(&Word::Committed), "{at}: {given:?}");
    }
}

#[test]
fn a_look_that_found_it_so_is_noted_once() {
    let mut crew = Crew::of(1, 0);
    crew.forward(Stage::Freeze);
    let journal = |hand: &Hand| {
        let bytes = read_all(&hand.disk, &Home::at(Path::new(STATE)).journal(), 1 << 20).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let noted = format!(r#"{{"saw":"{}"}}"#, Look::EtcdEqual);
    for hand in killed_anywhere(&crew.hands[0], &|engine| engine.apply(Stage::Stop)) {
        assert_eq!(journal(&hand).matches(&noted).count(), 1);
    }
}

#[test]
fn a_node_without_a_receipt_key_that_waits_for_nobody_comes_to_its_end_and_writes_none() {
    let mut crew = Crew::new(Draft { speaks: false, ..draft(1, 0) });
    crew.forward(Stage::Settle);
    crew.commit();
    assert_eq!(crew.hands[0].journal().unwrap().state().at, At::Committed);
    assert_eq!(crew.hands[0].disk.stat(&Path::new(STATE).join("receipts")).unwrap(), None);
}

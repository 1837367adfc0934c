//! Whole sites in one process: every node has a disk and a state of its own, words travel on a stick or are typed.

mod crew;
mod model;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::protocol::{Gate, Protocol};
use airlift_bundle::gate::receipt::{Asked, Receipt};
use airlift_bundle::gate::site::Site as Nodes;
use airlift_bundle::gate::state::{Event, NodeState, Position};
use airlift_bundle::gate::table::Act;
use airlift_bundle::gate::word::{Attempt, Look, Naming, Say, Word};
use airlift_node::args::Cli;
use airlift_node::disk::{Disk, read_all};
use airlift_node::gate::NodeGate;
use airlift_node::gate::heard::{Brought, Found, sort};
use airlift_node::journal::{At, Journal, JournalError, Line, Record};
use airlift_node::run::{Home, Orders, Outcome};
use clap::Parser as _;
use crew::{Crew, Hand, apply, head, hub, of, rollback};
use model::Left;
use world::site::{names, receipt};
use world::{GO, STATE, outside, sentences};

/// To the end, and everything that is promised there.
fn goes_to_its_end(mut crew: Crew) -> usize {
    crew.forward(Stage::Settle);
    assert_eq!(crew.hands[0].position(), Some(Position::At(Stage::Settle)));
    crew.commit();
    crew.all_stand(Position::At(Stage::Commit));
    for hand in &crew.hands {
        assert_eq!(world::inside(&hand.disk), ["journal", "receipts"]);
        assert_eq!(hand.journal().unwrap().state().at, At::Committed);
        let given = hand.given();
        let words: BTreeSet<Word> = given.iter().map(|(found, _)| found.word).collect();
        assert!(words.contains(&Word::Prepared) && words.contains(&Word::Committed), "{words:?}");
        assert_eq!(words, *hand.gate().state().given());
        for (found, _) in given {
            let Found { node, word, attempt, signed, .. } = &found;
            let plan = (&hand.site.plan, hand.site.accepted.plan_id);
            let receipt =
                Receipt::open(signed, &Asked { plan, node, word: *word, attempt: *attempt }).unwrap();
            assert!(receipt.facts.keys().any(|name| name.as_str() == "boot-id"), "{:?}", receipt.facts);
        }
    }
    crew.typed
}

#[test]
fn a_site_comes_to_its_end_by_receipts() {
    for (managers, workers) in [(1, 0), (1, 1), (3, 2)] {
        goes_to_its_end(Crew::of(managers, workers));
    }
}

#[test]
fn a_site_comes_to_its_end_by_typed_codes_alone() {
    assert_eq!(goes_to_its_end(Crew::with_codes(1, 1)), 5);
    let typed = goes_to_its_end(Crew::with_codes(3, 2));
    println!("3+2: {typed} codes forward");
}

fn comes_back_from(mut crew: Crew, until: Stage) -> Crew {
    let old: Vec<_> = crew.hands.iter().map(|hand| outside(&hand.disk, true)).collect();
    crew.forward(until);
    crew.back();
    crew.all_stand(Position::Returned);
    for (hand, old) in crew.hands.iter().zip(old) {
        assert_eq!(outside(&hand.disk, true), old, "{until}: {}", hand.site.accepted.node);
        assert_eq!(world::inside(&hand.disk), ["journal", "receipts"]);
        assert!(hand.given().iter().any(|(found, _)| found.word == Word::Returned));
    }
    crew
}

const BEFORE_ACCEPTED: [Stage; 5] = [Stage::Prepare, Stage::Freeze, Stage::Stop, Stage::Start, Stage::Adopt];

#[test]
fn a_site_comes_back_from_every_stage() {
    for (managers, workers) in [(1, 0), (1, 1), (3, 2)] {
        for until in BEFORE_ACCEPTED {
            comes_back_from(Crew::of(managers, workers), until);
        }
    }
}

#[test]
fn a_second_attempt_begins_where_the_first_was_taken_back() {
    for mut crew in [
        comes_back_from(Crew::of(1, 0), Stage::Start),
        comes_back_from(Crew::of(3, 2), Stage::Start),
        comes_back_from(Crew::with_codes(1, 1), Stage::Adopt),
    ] {
        // the set is gone from the nodes, so it is named once more
        let leader = crew.place("m1");
        let Outcome::Refused(_) = crew
            .one("m1", &Orders::default(), &|engine| engine.next_attempt().unwrap_or(Outcome::NothingToDo))
        else {
            panic!("opened without a set")
        };
        let brought = crew.bring(leader);
        let hand = &crew.hands[leader];
        let waits = hand.types(brought, &[], true, &apply);
        assert!(matches!(waits, Outcome::Waiting { .. }), "{waits:?}");
        let brought = crew.bring(leader);
        let hand = &crew.hands[leader];
        let outcome = hand.types(brought, &[], true, &|engine| {
            engine.next_attempt().unwrap_or_else(|| engine.apply(Stage::Prepare))
        });
        assert_eq!(outcome, Outcome::Done(Some(Stage::Prepare)));
        assert_eq!(hand.gate().state().attempt().get(), 2);
        crew.forward(Stage::Settle);
        crew.commit();
        crew.all_stand(Position::At(Stage::Commit));
        assert!(crew.hands.iter().all(|hand| hand.gate().state().attempt().get() == 2));
    }
}

#[test]
fn words_of_the_last_attempt_say_nothing_in_the_next() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Start);
    let old: Vec<Found> = crew.hands[1].given().into_iter().map(|(found, _)| found).collect();
    crew.back();
    let brought = crew.bring(0);
    crew.hands[0].types(brought, &[], true, &|engine| {
        engine.next_attempt().unwrap_or_else(|| engine.apply(Stage::Prepare))
    });
    let hand = &crew.hands[0];
    let site = (&hand.site.plan, hand.site.accepted.plan_id);
    let sorted = sort(&hand.gate(), site, Ok(None), Brought { found: old, ..Brought::default() });
    assert!(sorted.taken.is_empty() && sorted.refused.is_empty(), "{sorted:?}");
    assert!(sorted.skipped.iter().any(|(_, why)| why.contains("of another attempt")), "{sorted:?}");
}

#[test]
fn a_dead_manager_is_left_behind_and_clears_itself_away_later() {
    let mut crew = Crew::of(3, 2);
    let [other, dead] = ["m2", "m3"].map(|name| crew.place(name));
    crew.forward(Stage::Prepare);
    crew.hands[other].is_off = true;
    crew.hands[dead].is_off = true;
    crew.forward(Stage::Settle);
    assert_eq!(crew.hands[0].position(), Some(Position::At(Stage::Freeze)));
    assert!(matches!(crew.one("m1", &of(Naming::Without, "m3"), &apply), Outcome::Refused(_)));
    crew.one("m1", &of(Naming::LeftBehind, "m3"), &apply);
    let Outcome::Refused(why) = crew.one("m1", &of(Naming::LeftBehind, "m2"), &apply) else {
        panic!("half of the managers")
    };
    assert!(why[0].contains("half or more of the managers"), "{why:?}");
    crew.hands[other].is_off = false;
    crew.forward(Stage::Settle);
    assert_eq!(crew.hands[0].position(), Some(Position::At(Stage::Settle)), "{:?}", crew.positions());
    crew.commit();
    // it comes on again, hears `accepted`, and has one end
    crew.hands[dead].is_off = false;
    let out = crew.one("m3", &Orders::default(), &|engine| engine.leave_out());
    assert_eq!(out, Outcome::Done(None));
    assert_eq!(crew.hand("m3").position(), Some(Position::LeftOut));
    assert_eq!(world::inside(&crew.hand("m3").disk), ["journal", "receipts"]);
    assert!(outside(&crew.hand("m3").disk, false).contains_key(Path::new("/etc/left")));
    let again = crew.one("m3", &Orders::default(), &|engine| engine.leave_out());
    assert_eq!(again, Outcome::NothingToDo);
}

#[test]
fn the_site_goes_on_without_a_dead_worker_and_back_though_one_is_lost() {
    let mut crew = Crew::of(1, 2);
    let dead = crew.place("w2");
    crew.forward(Stage::Stop);
    crew.hands[dead].is_off = true;
    crew.forward(Stage::Settle);
    assert_eq!(crew.hands[0].position(), Some(Position::At(Stage::Start)));
    crew.one("m1", &of(Naming::Without, "w2"), &apply);
    assert_eq!(crew.hands[0].position(), Some(Position::At(Stage::Settle)));

    let mut crew = Crew::of(1, 2);
    crew.forward(Stage::Adopt);
    crew.hands[dead].is_off = true;
    crew.back();
    assert_eq!(crew.hands[0].position(), Some(Position::At(Stage::Adopt)));
    crew.one("m1", &of(Naming::Lost, "w2"), &rollback);
    crew.back();
    crew.all_stand(Position::Returned);
    // and when it is there again, it comes back too
    crew.hands[dead].is_off = false;
    crew.back();
    crew.all_stand(Position::Returned);
}

#[test]
fn the_next_manager_takes_the_site_back_when_the_leader_is_lost() {
    let mut crew = Crew::of(3, 1);
    let old: Vec<_> = crew.hands.iter().map(|hand| outside(&hand.disk, true)).collect();
    crew.forward(Stage::Start);
    crew.hands[0].is_off = true;
    crew.back();
    for name in ["m2", "m3", "w1"] {
        crew.one(name, &hub("m2"), &rollback);
    }
    // forward is barred for good
    let barred = crew.one("m3", &Orders::default(), &apply);
    assert!(matches!(barred, Outcome::Refused(_)), "{barred:?}");
    crew.back();
    assert!(matches!(crew.hand("m3").position(), Some(Position::Away(_))));
    crew.one("m2", &of(Naming::Lost, "m1"), &rollback);
    crew.back();
    crew.all_stand(Position::Returned);
    for (hand, old) in crew.hands.iter().zip(old).skip(1) {
        assert_eq!(outside(&hand.disk, true), old);
    }
}

#[test]
fn after_a_reboot_a_controller_waits_for_apply_and_then_has_what_the_reboot_took() {
    let mut crew = Crew::of(3, 0);
    crew.forward(Stage::Start);
    let hand = crew.hand("m2");
    assert!(hand.disk.stat(Path::new(GO)).unwrap().is_some());
    hand.reboot();
    let place = crew.place("m2");
    crew.hands[place].unseen = vec![Look::Mke3Silent];
    let waits = crew.one("m2", &Orders::default(), &apply);
    let Outcome::Waiting { needs, .. } = &waits else { panic!("{waits:?}") };
    assert!(
        needs[0].contains("no other manager answers as MKE 3") && needs[0].contains("m2 answers"),
        "{needs:?}"
    );
    assert!(crew.hand("m2").gate().state().is_paused());
    assert!(crew.hand("m2").disk.stat(Path::new(GO)).unwrap().is_none());
    crew.hands[place].unseen.clear();
    crew.one("m2", &Orders::default(), &apply);
    assert!(!crew.hand("m2").gate().state().is_paused());
    assert!(crew.hand("m2").disk.stat(Path::new(GO)).unwrap().is_some());
    // a reboot in the midst of it, and the way back instead
    crew.hand("m3").reboot();
    crew.back();
    crew.all_stand(Position::Returned);
}

#[test]
fn a_look_that_finds_otherwise_opens_nothing_and_is_taken_anew_each_time() {
    let mut crew = Crew::of(1, 0);
    crew.hands[0].unseen = vec![Look::EtcdEqual];
    crew.forward(Stage::Settle);
    crew.all_stand(Position::At(Stage::Freeze));
    crew.hands[0].unseen = vec![Look::Mke3Silent];
    crew.forward(Stage::Settle);
    crew.all_stand(Position::At(Stage::Stop));
    crew.hands[0].unseen = vec![Look::K0sSilent];
    crew.forward(Stage::Adopt);
    crew.back();
    assert!(matches!(crew.positions()[..], [Position::Away(_)]));
    crew.hands[0].unseen.clear();
    crew.back();
    crew.all_stand(Position::Returned);
}

/// What was written in the journal, if anything.
#[test]
fn a_wrong_sentence_changes_nothing() {
    let mut crew = Crew::of(3, 0);
    crew.forward(Stage::Prepare);
    let (hand, before) = (&crew.hands[0], head(&crew.hands[0]));
    for said in [vec![], vec!["yes".to_owned()], vec!["the outage of other begins".to_owned()]] {
        let brought = Brought { found: hand.site.others.clone(), ..Brought::default() };
        let first = hand.types(brought, &said, false, &apply);
        let Outcome::Waiting { needs, hint } = first else { panic!("{first:?}") };
        assert!(needs[0].ends_with("the outage of acme begins"), "{needs:?}");
        assert!(hint.contains("--say 'the outage of acme begins'"), "{hint}");
    }
    let heard = head(hand);
    assert_ne!(before, heard);
    let hand = crew.hand("m2");
    let before = head(hand);
    for orders in [hub("m3"), hub("m9"), of(Naming::Lost, "m1"), of(Naming::LeftBehind, "m9")] {
        let outcome = hand.types(Brought::default(), &["m3 takes acme".to_owned()], false, &|engine| {
            engine.order(&orders).unwrap_or(Outcome::Done(None))
        });
        assert!(matches!(outcome, Outcome::Refused(_)), "{orders:?}: {outcome:?}");
        assert_eq!(head(hand), before);
    }
    let said = sentences(&hand.site, &hub("m3"));
    let outcome = hand.types(Brought::default(), &said, false, &|engine| {
        engine.order(&hub("m3")).unwrap_or(Outcome::Done(None))
    });
    assert_eq!(outcome, Outcome::Done(None));
    let journal = hand.journal().unwrap();
    assert_eq!(journal.state().said, ["m3 takes acme back"]);
}

#[test]
fn altered_foreign_and_replayed_words_are_all_refused_in_one_run_and_the_good_one_is_taken() {
    let mut crew = Crew::with_codes(1, 2);
    crew.forward(Stage::Stop);
    let hand = &crew.hands[0];
    let (plan, plan_id) = (&hand.site.plan, hand.site.accepted.plan_id);
    let [first, second] = [1, 2].map(|n| Attempt::new(n).unwrap());
    let other_set = airlift_bundle::value::PlanId::of(b"another plan");
    let good = receipt(plan, plan_id, 1, Word::Started, first);
    let named = |mut found: Found, node: &str| {
        found.node = node.parse().unwrap();
        found
    };
    let alter = |mut found: Found| {
        let at = found.signed.json.len() / 2;
        found.signed.json[at] ^= 1;
        found
    };
    let cut = |mut found: Found| {
        found.signed.signature.truncate(20);
        found
    };
    let as_word = |mut found: Found, word| {
        found.word = word;
        found
    };
    let bad = vec![
        alter(receipt(plan, plan_id, 1, Word::Away, first)),
        cut(receipt(plan, plan_id, 2, Word::Away, first)),
        // signed by another node
        named(receipt(plan, plan_id, 1, Word::Started, first), "w2"),
        // another word, another plan
        as_word(receipt(plan, plan_id, 1, Word::Stopped, first), Word::Returned),
        receipt(plan, other_set, 2, Word::Returned, first),
    ];
    let later = receipt(plan, plan_id, 1, Word::Started, second);
    let stray = named(receipt(plan, plan_id, 1, Word::Started, first), "w9");
    let before = head(hand);
    let mut brought =
        Brought { found: [bad.clone(), vec![later, stray, good]].concat(), ..Brought::default() };
    brought.type_in("w2", "started", "0000-0000-0000").unwrap();
    let hashes = airlift_bundle::gate::codes::CodeHashes::FILE.parse().unwrap();
    let bundle =
        airlift_bundle::archive::read(&hand.site.bundle, &airlift_bundle::limits::Limits::FORMAT_1).unwrap();
    let codes = airlift_bundle::gate::codes::CodeHashes::parse(bundle.content(&hashes).unwrap());
    let sorted = sort(&hand.gate(), (plan, plan_id), codes.map(Some), brought);
    let refused: Vec<&str> = sorted.refused.iter().map(|error| error.code()).collect();
    assert_eq!(refused.len(), bad.len() + 1, "{:?}", sorted.refused);
    assert_eq!(sorted.unfit.len(), 1, "{:?}", sorted.unfit);
    assert!(sorted.skipped.iter().any(|(what, _)| what.contains("w1.started")), "{:?}", sorted.skipped);
    assert_eq!(sorted.taken.len(), 1, "{:?}", sorted.taken);
    assert_eq!(head(hand), before, "sorting writes nothing");
    // a table of codes that can't be read is in nobody's way who types none
    let unreadable = Err(airlift_bundle::error::Error::CodeMistyped);
    assert!(sort(&hand.gate(), (plan, plan_id), unreadable, Brought::default()).refused.is_empty());
    // the right code in the place of another word or node
    let (_, code) =
        crew.hand("w1").given().into_iter().find(|(found, _)| found.word == Word::Stopped).unwrap();
    for (node, word) in [("w2", "stopped"), ("w1", "started"), ("w1", "prepared")] {
        let mut brought = Brought::default();
        brought.type_in(node, word, &code).unwrap();
        let codes = airlift_bundle::gate::codes::CodeHashes::parse(bundle.content(&hashes).unwrap());
        let hand = crew.hand("m1");
        let sorted = sort(&hand.gate(), (plan, plan_id), codes.map(Some), brought);
        assert_eq!((sorted.taken.len(), sorted.refused.len()), (0, 1), "{node} {word}");
    }
    assert_eq!(Brought::default().type_in("w1", "started", "0000-0000-0001").unwrap_err().code(), "AB061");
}

#[test]
fn two_nodes_stand_alike_only_in_the_same_site_and_place() {
    let (mut crew, other) = (Crew::of(1, 1), Crew::of(1, 2));
    let stand = |crew: &Crew, name: &str| {
        let hand = crew.hand(name);
        NodeGate::take(None, &hand.site.accepted).unwrap()
    };
    assert!(stand(&crew, "m1").leads() && !stand(&crew, "w1").leads());
    assert_eq!(stand(&crew, "w1").leader(), "m1");
    assert_eq!(stand(&crew, "m1"), stand(&crew, "m1"));
    assert_ne!(stand(&crew, "m1"), stand(&crew, "w1"));
    assert_ne!(stand(&crew, "m1"), stand(&other, "m1"));
    crew.forward(Stage::Prepare);
    assert_ne!(crew.hand("m1").gate(), stand(&crew, "m1"));
}

#[test]
fn a_record_that_the_protocol_refuses_is_not_written_and_not_read() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Prepare);
    let hand = &crew.hands[0];
    let path = Home::at(Path::new(STATE)).journal();
    let protocol = |event: Event| Record::Protocol { event, note: None };
    let from = |name: &str| name.parse().unwrap();
    for wrong in [
        protocol(Event::Give(Word::Up)),
        protocol(Event::Give(Word::Go)),
        protocol(Event::Done(Stage::Freeze)),
        protocol(Event::Rebooted),
        protocol(Event::Heard { from: from("w9"), word: Word::Stopped, attempt: Attempt::FIRST }),
        protocol(Event::Heard { from: from("w1"), word: Word::Up, attempt: Attempt::FIRST }),
        protocol(Event::K0sAway),
        protocol(Event::LeaveOut),
        Record::Begin { stage: Stage::Freeze },
        Record::Returned {},
        Record::Purge {},
    ] {
        let mut journal = hand.journal().unwrap();
        let head = journal.head();
        let line: Line = wrong.clone().at(1);
        assert!(matches!(journal.append(&line), Err(JournalError::Misplaced(_))), "{wrong:?}");
        assert_eq!(journal.head(), head);
        // the same by somebody who knows how to write a journal
        let disk = hand.disk.clone();
        let bytes = read_all(&disk, &path, 1 << 20).unwrap();
        let end = bytes.iter().position(|byte| *byte == 0).unwrap();
        let json = serde_json::to_vec(&line).unwrap();
        let digest = Sha256::of(&[head.to_string().as_bytes(), b" ", &json].concat());
        let record = [digest.to_string().as_bytes(), b" ", &json, b"\n"].concat();
        disk.write_at(&path, end as u64, &record).unwrap();
        let Err(JournalError::Stuck { why, .. }) = Journal::open(&disk, &path) else {
            panic!("{wrong:?} is read")
        };
        assert!(why.contains("out of order"), "{why}");
    }
}

/// Every command in a text that status prints, with what an operator puts in.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for part in text.split("airlift-node ").skip(1) {
        let end = part.find([':', ';', ',', '\n', ')']).unwrap_or(part.len());
        let words: Vec<String> = part[..end].split(' ').map(str::to_owned).collect();
        // words of the sentence after the command are in no command
        let stop = words
            .iter()
            .position(|word| ["asks", "looks", "shows", "goes", "receipt shows"].contains(&word.as_str()));
        let words = &words[..stop.unwrap_or(words.len())];
        found.push([vec!["airlift-node".to_owned()], words.to_vec()].concat());
    }
    found
}

/// Every state that one node can come to on a small site, as far as its own events and others' words take it.
fn states(managers: usize, workers: usize, place: usize) -> (Protocol, Vec<NodeState>) {
    let protocol = Protocol::new(Nodes::new(names(managers, workers)).unwrap());
    let nodes: Vec<_> = protocol.site().nodes().collect();
    let mut events =
        vec![Event::Rollback, Event::K0sAway, Event::BringBack, Event::Mke3Back, Event::OpenAttempt];
    events.extend([Event::Rebooted, Event::Resume, Event::LeaveOut, Event::LeftOut]);
    events.extend(Stage::ALL.into_iter().flat_map(|stage| [Event::Begin(stage), Event::Done(stage)]));
    events.extend([Event::Give(Word::Go), Event::Give(Word::FrozenAll), Event::Give(Word::MembersComplete)]);
    events.push(Event::Give(Word::Back));
    events.extend(Say::ALL.iter().map(|say| Event::Say(*say)));
    events.extend(Look::ALL.iter().map(|look| Event::Saw(*look)));
    events.extend(nodes.iter().map(|node| Event::Hub(*node)));
    for from in &nodes {
        events.extend(Naming::ALL.iter().map(|naming| Event::Name { host: *from, naming: *naming }));
        let words = protocol.own_words(*from);
        let heard = |word| Event::Heard { from: *from, word, attempt: Attempt::FIRST };
        events.extend(words.into_iter().map(heard));
    }
    let mut seen: BTreeMap<String, NodeState> = BTreeMap::new();
    let mut open = vec![protocol.start(nodes[place])];
    while let Some(state) = open.pop() {
        // what status says depends on the state; states that it says the same of are one
        let said = protocol.status(&state).to_string();
        if seen.contains_key(&said) || state.attempt().get() > 2 || seen.len() > 3000 {
            continue;
        }
        seen.insert(said, state.clone());
        open.extend(events.iter().filter_map(|event| protocol.step(&state, event).ok()));
    }
    (protocol, seen.into_values().collect())
}

#[test]
fn every_command_that_status_prints_is_there() {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    for (managers, workers, place) in
        [(1, 0, 0), (1, 1, 0), (1, 1, 1), (3, 1, 0), (3, 1, 1), (3, 1, 2), (3, 1, 3)]
    {
        let (protocol, states) = states(managers, workers, place);
        count += states.len();
        for state in states {
            let status = protocol.status(&state);
            let offers = |act: Act| status.next.iter().any(|next| next.act == act);
            assert!(!offers(Act::LeaveOut) || !offers(Act::Begin(Stage::Commit)), "two ends:\n{status}");
            let text = status.to_string();
            for command in commands(&text) {
                let parsed = Cli::try_parse_from(&command);
                assert!(parsed.is_ok(), "{command:?} in\n{text}{}", parsed.unwrap_err());
                *known.entry(command[1..].join(" ")).or_default() += 1;
            }
        }
    }
    println!("{count} situations, {} commands: {:?}", known.len(), known.keys());
    for wanted in [
        "apply",
        "apply SET --next-attempt",
        "apply --left-behind m2",
        "apply --without m2",
        "rollback",
        "rollback --lost m2",
        "rollback --hub m2",
        "commit",
        "commit --left-out",
        "receipt --from DIR",
        "receipt --code m2 joined CODE",
    ] {
        assert!(known.contains_key(wanted), "{wanted} was never printed: {:?}", known.keys());
    }
    let (protocol, states) = states(1, 1, 0);
    assert!(states.iter().any(|state| matches!(protocol.gate(state, Act::OpenAttempt), Gate::Ready)));
}

#[test]
fn a_power_cut_is_a_reboot_for_the_protocol() {
    let mut crew = Crew::of(1, 0);
    crew.forward(Stage::Adopt);
    let hand = &crew.hands[0];
    let cut =
        Hand { disk: hand.disk.after(Left::All), site: hand.site.clone(), unseen: vec![], is_off: false };
    let outcome = cut.types(Brought::default(), &[], false, &apply);
    assert!(matches!(outcome, Outcome::Waiting { .. }), "{outcome:?}");
    let text = String::from_utf8_lossy(
        &read_all(&cut.disk, &Home::at(Path::new(STATE)).journal(), 1 << 20).unwrap(),
    )
    .into_owned();
    assert!(text.contains("\"resume\"") && text.contains("\"mke3-silent\""), "{text}");
}

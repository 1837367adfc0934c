//! What an operator is asked for, and what becomes of the answers.

mod crew;
mod model;
mod world;

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Position;
use airlift_bundle::gate::word::{Attempt, Naming, Word};
use airlift_bundle::name::NodeName;
use airlift_node::gate::heard::Brought;
use airlift_node::gate::{Operator, Said};
use airlift_node::journal::At;
use airlift_node::run::{Engine, Orders, Outcome};
use crew::{Crew, Hand, apply, head, hub, of, rollback};
use world::{Bench, sentences, type_in};

/// Somebody at a terminal with a list of what to type, one line for each question about a code.
struct Typist {
    said: Said,
    lines: Vec<String>,
    heard: Vec<String>,
}

impl Operator for Typist {
    fn ask(&mut self, about: &str, sentence: &str) -> Option<String> {
        self.heard.push(about.to_owned());
        self.said.ask(about, sentence).or_else(|| self.said.0.first().cloned())
    }

    fn code(&mut self, host: &NodeName, word: Word, trouble: Option<&str>) -> Option<String> {
        self.heard.push(format!("{word} of {host}: {}", trouble.unwrap_or("-")));
        (!self.lines.is_empty()).then(|| self.lines.remove(0))
    }
}

#[test]
fn codes_are_asked_for_one_after_the_other_until_they_are_right_or_somebody_has_none() {
    let mut crew = Crew::with_codes(1, 2);
    crew.forward(Stage::Freeze);
    let hand = |crew: &Crew, name: &str| crew.place(name);
    let said = sentences(&crew.hand("m1").site, &Orders::default());
    let type_at = |crew: &Crew, name: &str, lines: &[&str]| {
        let bench = Bench::new(&crew.hand(name).disk);
        let lines = lines.iter().map(|&line| line.to_owned()).collect();
        let mut typist = Typist { said: Said(said.clone()), lines, heard: vec![] };
        let site = &crew.hand(name).site;
        let outcome = type_in(&bench, site, &mut typist, Brought::default(), false, |engine| {
            engine.apply(Stage::Start)
        });
        (outcome.unwrap(), typist.heard)
    };
    // everybody stops; the leader is told last
    for name in ["m1", "w1", "w2"] {
        let brought = crew.bring(hand(&crew, name));
        crew.hand(name).types(brought, &said, false, &|engine| engine.apply(Stage::Stop));
    }
    let code = |crew: &Crew, name: &str, word: Word| {
        let given = crew.hand(name).given();
        given.into_iter().find(|(found, _)| found.word == word).unwrap().1
    };
    let [first, second] = ["w1", "w2"].map(|name| code(&crew, name, Word::Stopped));
    let before = head(crew.hand("m1"));
    let (outcome, heard) = type_at(&crew, "m1", &[]);
    assert!(matches!(outcome, Outcome::Waiting { .. }), "{outcome:?}");
    assert_eq!(heard, ["stopped of w1: -"]);
    assert_eq!(head(crew.hand("m1")), before);
    let (outcome, heard) = type_at(&crew, "m1", &["no code", &second, &first]);
    assert!(matches!(outcome, Outcome::Waiting { .. }), "{outcome:?}");
    insta::assert_snapshot!(heard.join("\n"));
    assert!(matches!(crew.hand("m1").position(), Some(Position::At(Stage::Stop))));
    let Outcome::Waiting { needs, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(needs.iter().all(|need| !need.contains("stopped of w1")), "{needs:?}");
    // what is known already may be typed again
    let mut again = Brought::default();
    again.type_in("w1", "stopped", &first).unwrap();
    let bench = Bench::new(&crew.hand("m1").disk);
    let mut silent = Said(vec![]);
    let outcome = type_in(&bench, &crew.hand("m1").site, &mut silent, Brought::default(), false, |engine| {
        let sorted = engine.hear(again).unwrap();
        assert!(
            sorted.refused.is_empty() && sorted.unfit.is_empty() && sorted.taken.is_empty(),
            "{sorted:?}"
        );
        Outcome::Listened
    });
    assert_eq!(outcome, Ok(Outcome::Listened));
    let (_, heard) = type_at(&crew, "m1", &[&second]);
    assert_eq!(heard[0], "stopped of w2: -");
    assert!(matches!(crew.hand("m1").position(), Some(Position::At(Stage::Start))), "{heard:?}");
}

/// What a node says and asks, where this is typed for every sentence.
fn asked(hand: &Hand, typed: &str, work: &dyn Fn(&mut Engine<'_>) -> Outcome) -> (Outcome, Vec<String>) {
    let bench = Bench::new(&hand.disk);
    let mut typist = Typist { said: Said(vec![typed.to_owned()]), lines: vec![], heard: vec![] };
    let outcome = type_in(&bench, &hand.site, &mut typist, Brought::default(), false, work).unwrap();
    (outcome, typist.heard)
}

#[test]
fn a_sentence_is_asked_for_once_the_words_of_others_are_there_and_taken_word_for_word() {
    let mut crew = Crew::of(2, 0);
    let prepares = |crew: &Crew, name: &str| {
        crew.hand(name).types(Brought::default(), &[], true, &|engine| engine.apply(Stage::Prepare))
    };
    prepares(&crew, "m1");
    let hand = crew.hand("m1");
    assert_eq!(hand.position(), Some(Position::At(Stage::Prepare)));
    let (outcome, heard) = asked(hand, "the outage of acme begins", &apply);
    let Outcome::Waiting { needs, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(needs.iter().any(|need| need.starts_with("prepared of m2")), "{needs:?}");
    assert_eq!(heard, Vec::<String>::new());
    prepares(&crew, "m2");
    let brought = crew.bring(0);
    crew.hand("m1").types(brought, &[], false, &apply);
    let hand = crew.hand("m1");
    let before = head(hand);
    for wrong in ["the outage of acme begin", "no way back on m1", ""] {
        let (outcome, heard) = asked(hand, wrong, &apply);
        let Outcome::Waiting { needs, hint } = &outcome else { panic!("{outcome:?}") };
        assert_eq!(heard, ["your word that the outage begins"]);
        assert!(needs[0].ends_with("the outage of acme begins"), "{needs:?}");
        assert!(hint.starts_with("airlift-node apply asks"), "{hint}");
        assert_eq!(head(hand), before);
    }
    asked(hand, " the outage of acme begins ", &apply);
    assert_eq!(hand.journal().unwrap().state().said, ["the outage of acme begins"]);
}

#[test]
fn commit_asks_for_its_own_sentence() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Settle);
    let hand = crew.hand("m1");
    let (outcome, heard) = asked(hand, "yes", &|engine| engine.commit());
    let Outcome::Waiting { hint, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(heard, ["your word that MKE 3 is removed here, from where there is no way back"]);
    assert!(hint.starts_with("airlift-node commit asks"), "{hint}");
    let (outcome, _) = asked(hand, "no way back on m1", &|engine| engine.commit());
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    // where all is done nobody is listened to
    let found = hand.site.others.clone();
    let mut silent = Said(vec![]);
    let bench = Bench::new(&hand.disk);
    let heard = type_in(&bench, &hand.site, &mut silent, Brought::default(), false, |engine| {
        let sorted = engine.hear(Brought { found, ..Brought::default() }).unwrap();
        assert!(
            sorted.refused.is_empty() && sorted.unfit.is_empty() && sorted.taken.is_empty(),
            "{sorted:?}"
        );
        Outcome::Listened
    });
    assert_eq!(heard, Ok(Outcome::Listened));
}

#[test]
fn what_was_said_of_a_host_is_not_asked_for_again() {
    let mut crew = Crew::of(3, 1);
    crew.forward(Stage::Prepare);
    crew.hands[2].is_off = true;
    crew.forward(Stage::Freeze);
    let order = |crew: &Crew, name: &str, orders: &Orders, said: &[String]| {
        crew.hand(name).types(Brought::default(), said, false, &|engine| {
            engine.order(orders).unwrap_or(Outcome::Listened)
        })
    };
    for (name, orders) in [("m1", of(Naming::LeftBehind, "m3")), ("m2", hub("m2"))] {
        let said = sentences(&crew.hand(name).site, &orders);
        assert!(matches!(order(&crew, name, &orders, &[]), Outcome::Refused(_)));
        assert_eq!(order(&crew, name, &orders, &said), Outcome::Listened);
        let before = head(crew.hand(name));
        assert_eq!(order(&crew, name, &orders, &[]), Outcome::Listened, "{orders:?}");
        assert_eq!(head(crew.hand(name)), before);
    }
    // of another host it is
    assert!(matches!(order(&crew, "m1", &of(Naming::LeftBehind, "w1"), &[]), Outcome::Refused(_)));
    assert!(matches!(order(&crew, "m3", &hub("m2"), &[]), Outcome::Refused(_)));
}

#[test]
fn the_next_attempt_is_the_leaders_to_open_and_once_at_a_time() {
    let mut crew = Crew::of(1, 1);
    let attempt = |crew: &Crew, name: &str| crew.hand(name).gate().state().attempt();
    let next = |engine: &mut Engine<'_>| engine.next_attempt().unwrap_or(Outcome::Listened);
    crew.forward(Stage::Freeze);
    // it has not come back from the first
    let outcome = crew.one("m1", &Orders::default(), &next);
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!(crew.one("w1", &Orders::default(), &next), Outcome::Listened);
    for number in [2, 3] {
        crew.back();
        crew.all_stand(Position::Returned);
        // the set is gone: it is taken anew
        for hand in &crew.hands {
            hand.types(Brought::default(), &[], true, &|_| Outcome::Listened);
        }
        assert_eq!(crew.one("w1", &Orders::default(), &next), Outcome::Listened);
        for _ in 0..2 {
            assert_eq!(crew.one("m1", &Orders::default(), &next), Outcome::Listened);
            assert_eq!(attempt(&crew, "m1"), Attempt::new(number).unwrap());
        }
        assert!(crew.hand("m1").journal().unwrap().state().at == At::Rest);
        crew.forward(Stage::Freeze);
        assert_eq!(attempt(&crew, "w1"), Attempt::new(number).unwrap());
    }
}

#[test]
fn a_prepared_node_enters_the_next_attempt_and_prepares_once_more() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Prepare);
    crew.one("m1", &Orders::default(), &rollback);
    // the set is gone from the leader: it is taken anew
    crew.hand("m1").types(Brought::default(), &[], true, &|_| Outcome::Listened);
    let open =
        |engine: &mut Engine<'_>| engine.next_attempt().unwrap_or_else(|| engine.apply(Stage::Prepare));
    let outcome = crew.one("m1", &of(Naming::Lost, "w1"), &open);
    assert_eq!(outcome, Outcome::Done(Some(Stage::Prepare)));
    let outcome = crew.one("w1", &Orders::default(), &|engine| engine.apply(Stage::Prepare));
    assert_eq!(outcome, Outcome::Done(Some(Stage::Prepare)));
    let hand = crew.hand("w1");
    assert_eq!(hand.gate().state().attempt(), Attempt::new(2).unwrap());
    assert_eq!(hand.journal().unwrap().state().finished, [Stage::Prepare]);
    assert!(hand.given().iter().any(|(found, _)| found.attempt == Attempt::new(2).unwrap()));
    crew.forward(Stage::Freeze);
    crew.back();
    crew.all_stand(Position::Returned);
}

#[test]
fn who_has_heard_that_the_site_goes_back_is_told_why_it_does_not_go_on() {
    let mut crew = Crew::of(1, 1);
    crew.forward(Stage::Stop);
    crew.one("m1", &Orders::default(), &rollback);
    let outcome = crew.one("w1", &Orders::default(), &apply);
    let Outcome::Refused(why) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(why[0], "begin start: the site goes back in this attempt; airlift-node rollback");
    assert_eq!(crew.hand("w1").position(), Some(Position::At(Stage::Stop)));
}

//! Every event has the form that is published: all its fields, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::word::{Look, Word};
use airlift_bundle::plan::{NodeIdentity, NodePlan, Role, Severity};
use airlift_bundle::value::{PlanId, Serial};
use airlift_node::event::{Event, KeyShown, NextShown, SCHEMA, Signed, WordShown};
use airlift_node::exit::Exit;
use airlift_node::refusal::Refusal;
use airlift_node::run::{Forecast, Progress, StepForecast};
use airlift_node::step::{Pace, Sight};
use airlift_node::survey::format::Note;
use serde_json::{Value, json};

/// The text of a name, a line, a digest; what it is to be says where it goes.
fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// One of every kind. A kind that is added stops this from being compiled until it has a line here.
fn progress() -> Vec<Progress> {
    let (stage, cause, why, seconds) =
        (Stage::Stop, String::from("start it"), String::from("k0s is gone"), 3);
    let (step, title) = (|| text("etcd"), || text("Copy etcd's data"));
    let checked = |waived| Progress::Checked {
        check: text("disk"),
        title: text("Is there room?"),
        severity: Severity::Blocker,
        said: "no".to_owned(),
        waived,
    };
    let looked = |sight| Progress::Looked { look: Look::EtcdEqual, sight };
    let first = checked(None);
    match first {
        Progress::Checked { .. }
        | Progress::StageBegins { .. }
        | Progress::StepBegins { .. }
        | Progress::UnderWay(_)
        | Progress::StepDone { .. }
        | Progress::StepSkipped { .. }
        | Progress::StepRetried { .. }
        | Progress::StageDone { .. }
        | Progress::StageFails { .. }
        | Progress::StepUndone { .. }
        | Progress::StepLeft { .. }
        | Progress::StageUndone { .. }
        | Progress::StepRenewed { .. }
        | Progress::Given { .. }
        | Progress::NotGiven { .. }
        | Progress::Heard { .. }
        | Progress::Looked { .. }
        | Progress::K0sAway {}
        | Progress::LeftOut { .. } => {}
    }
    vec![
        first,
        checked(Some(text("The board knows."))),
        Progress::StageBegins { stage },
        Progress::StepBegins { stage, step: step(), title: title() },
        Progress::UnderWay(Pace::copying("k0s", 1, 2)),
        Progress::UnderWay(Pace::running("k0s", 1, 2)),
        Progress::StepDone { stage, step: step(), title: title(), seconds },
        Progress::StepSkipped { stage, step: step(), title: title() },
        Progress::StepRetried { step: step() },
        Progress::StageDone { stage, seconds },
        Progress::StageFails { stage, cause: cause.clone() },
        Progress::StepUndone { step: step() },
        Progress::StepLeft { step: step(), why },
        Progress::StageUndone { stage },
        Progress::StepRenewed { step: step() },
        Progress::Given { word: Word::Prepared },
        Progress::NotGiven { cause },
        Progress::Heard { from: text("m1"), word: Word::FrozenAll },
        looked(Sight::Seen),
        looked(Sight::NotSeen("3 of 5".to_owned())),
        looked(Sight::Unknown("no answer".to_owned())),
        Progress::K0sAway {},
        Progress::LeftOut { said: "k0sctl apply".to_owned() },
    ]
}

fn forecasts() -> Vec<Event> {
    let why = || "it is not there".to_owned();
    let first = Forecast::NoChange;
    match first {
        Forecast::NoChange
        | Forecast::WillChange { .. }
        | Forecast::CannotKnow { .. }
        | Forecast::Blocked { .. } => {}
    }
    let all = [
        first,
        Forecast::WillChange { diff: vec![why()] },
        Forecast::CannotKnow { why: why() },
        Forecast::Blocked { why: why() },
    ];
    let of_step = |forecast| StepForecast {
        stage: Stage::Prepare,
        step: text("etcd"),
        title: text("Copy etcd's data"),
        forecast,
    };
    all.into_iter().map(of_step).map(Event::Forecast).collect()
}

/// One of every kind, as [`progress`].
fn events() -> Vec<Event> {
    let key = || "0123456789ABCDEF".to_owned();
    let signed = || Signed { author: key(), approvers: vec![key()], needed: 1, uncounted: vec![key()] };
    let shown = || KeyShown { role: "author", key: key(), fingerprint: "0123 4567".to_owned() };
    let refusal = || Refusal::no_trust(Path::new("/etc/airlift/trust"));
    let plan_id = || PlanId::of(b"a plan");
    let serial = || Serial::new(7).unwrap();
    let node = || NodeIdentity {
        name: text("m1"),
        role: Role::Leader,
        addresses: vec!["192.0.2.1".parse().unwrap()],
    };
    let plan: NodePlan = serde_json::from_value(json!({
        "node": {"name": "m1", "role": "leader", "addresses": ["192.0.2.1"]}, "keep_dir": "/var/lib/airlift",
        "secrets": [], "checks": [], "stages": [], "recoveries": [],
    }))
    .unwrap();
    let bundle = |signed, unverified| Event::Bundle {
        signed,
        unverified,
        site: text("acme"),
        serial: serial(),
        plan_id: plan_id(),
        plan: Box::new(plan.clone()),
        files: Vec::new(),
        blobs: Vec::new(),
    };
    let standing = |is_in_a_site: bool| Event::Standing {
        site: is_in_a_site.then(|| text("acme")),
        serial: is_in_a_site.then(serial),
        plan_id: is_in_a_site.then(plan_id),
        finished: vec![Stage::Prepare],
        stage: is_in_a_site.then_some(Stage::Freeze),
        said: "it stands".to_owned(),
        hint: "airlift-node apply".to_owned(),
        head: is_in_a_site.then(|| Sha256::of(b"a record")),
        attempt: is_in_a_site.then_some(1),
        given: vec![Word::Prepared],
        next: vec![NextShown {
            act: "freeze".to_owned(),
            command: "airlift-node apply".to_owned(),
            missing: vec!["go of m1".to_owned()],
        }],
    };
    let word = |more: Option<&str>| WordShown {
        word: Word::Up,
        attempt: 9,
        file: more.map(str::to_owned),
        code: more.map(str::to_owned),
    };
    let first = Event::end(Exit::Stuck);
    match first {
        Event::SetVerified { .. }
        | Event::BundleVerified { .. }
        | Event::Bundle { .. }
        | Event::NodeKey { .. }
        | Event::Surveyed { .. }
        | Event::LoneKey(_)
        | Event::Threshold { .. }
        | Event::Trusted(_)
        | Event::AlreadyTrusted(_)
        | Event::Problem(_)
        | Event::Progress(_)
        | Event::Forecast(_)
        | Event::Ended { .. }
        | Event::PassedOver { .. }
        | Event::Words { .. }
        | Event::Copied { .. }
        | Event::Standing { .. }
        | Event::End { .. } => {}
    }
    let mut all = vec![
        first,
        Event::SetVerified {
            site: text("acme"),
            serial: serial(),
            contract: text("mke4k-4.1.2"),
            plan_id: plan_id(),
            nodes: vec![text("m1")],
            files: 2,
            bytes: 3,
            signed: signed(),
        },
        Event::BundleVerified {
            site: text("acme"),
            serial: serial(),
            plan_id: plan_id(),
            node: node(),
            signed: signed(),
        },
        bundle(Some(signed()), Vec::new()),
        bundle(None, vec![refusal()]),
        Event::NodeKey { made: true, recipient: "age1abc".to_owned(), fingerprint: "0123".to_owned() },
        Event::LoneKey(shown()),
        Event::Threshold { needed: 1, approvers: 2 },
        Event::Trusted(shown()),
        Event::AlreadyTrusted(shown()),
        Event::Problem(refusal()),
        Event::PassedOver { what: "notes.txt".to_owned(), why: "it is none".to_owned() },
        Event::Words { words: vec![word(None), word(Some("x"))] },
        Event::Copied { to: "/mnt".to_owned(), files: vec!["m1.up.1.json".to_owned()] },
        standing(true),
        standing(false),
    ];
    for more in [None, Some("x".to_owned())] {
        let notes = vec![Note { fact: "engine.version".to_owned(), text: "odd".to_owned() }];
        all.push(Event::Surveyed { hostname: "m1".to_owned(), output: more.clone(), notes });
        all.push(Event::Ended { said: vec!["it failed".to_owned()], hint: more });
    }
    all.extend(forecasts());
    all.extend(progress().into_iter().map(Event::Progress));
    all
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/event.schema.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The fields that the schema has for each value of `field`.
fn published(cases: &Value, field: &str) -> BTreeMap<String, BTreeSet<String>> {
    let cases = cases["allOf"].as_array().unwrap().iter().map(|case| {
        let name = case["if"]["properties"][field]["const"].as_str().unwrap();
        let fields = case["then"]["properties"].as_object().map(|fields| fields.keys().cloned().collect());
        (name.to_owned(), fields.unwrap_or_default())
    });
    cases.collect()
}

#[test]
fn every_event_has_the_published_fields_and_no_others() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let is_progress = |case: &&Value| case["if"]["properties"]["event"]["const"] == "progress";
    let of_progress = schema["allOf"].as_array().unwrap().iter().find(is_progress).unwrap();
    let forms = [published(&schema, "event"), published(&of_progress["then"], "progress")];
    let mut seen = [BTreeMap::new(), BTreeMap::new()];
    for event in events() {
        let Value::Object(mut line) = serde_json::to_value(&event).unwrap() else { panic!("{event:?}") };
        line.insert("schema".to_owned(), SCHEMA.into());
        let whole = Value::Object(line.clone());
        if let Err(why) = validator.validate(&whole) {
            panic!("{why}: {whole}");
        }
        for field in line.keys() {
            let mut other = line.clone();
            other.insert(field.clone(), json!(-1));
            assert!(!validator.is_valid(&Value::Object(other)), "{field} may be anything: {whole}");
        }
        line.remove("schema");
        let name = line.remove("event").unwrap().as_str().unwrap().to_owned();
        let of_progress = line.remove("progress").map(|name| name.as_str().unwrap().to_owned());
        let (seen, name) = match of_progress {
            Some(progress) => (&mut seen[1], progress),
            None => (&mut seen[0], name),
        };
        seen.entry(name).or_insert_with(BTreeSet::new).extend(line.keys().cloned());
    }
    seen[0].insert("progress".to_owned(), BTreeSet::from(["progress".to_owned()]));
    assert_eq!(seen, forms);
}

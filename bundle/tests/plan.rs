//! What a node's plan can't say, one line of the table each, and what it says when it is whole.

mod support;

use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::word::Look;
use airlift_bundle::json::{from_canonical_json, to_canonical_json};
use airlift_bundle::manifest::Manifest;
use airlift_bundle::plan::{
    Action, Check, Completion, Content, NodePlan, PlannedLook, Recovery, Role, Script, ScriptFile,
    ScriptUndo, SealedSecret, Seconds, StagePlan, Step, UndoClass, Value, Variable,
};

fn file(entry: &str) -> ScriptFile {
    ScriptFile { entry: entry.parse().unwrap(), sha256: Sha256::of(entry.as_bytes()) }
}

fn variable(name: &str, value: Value) -> Variable {
    Variable { name: name.parse().unwrap(), value }
}

fn step(id: &str, action: Action) -> Step {
    Step { id: id.parse().unwrap(), title: "a title".parse().unwrap(), action, holds_until: None }
}

fn script(undo: ScriptUndo) -> Action {
    Action::Script(Script {
        r#do: file("steps/x/do.sh"),
        probe: file("steps/x/probe.sh"),
        undo,
        completion: Completion::Evidence,
        seconds: Seconds::new(60).unwrap(),
        variables: vec![
            variable("PLAN_LEADER", Value::Address([10, 0, 0, 1].into())),
            variable("PLAN_TOKEN", Value::Secret("k0s/join-token".parse().unwrap())),
        ],
    })
}

fn set_aside(path: &str, aside: &str) -> Action {
    Action::SetAside { path: path.parse().unwrap(), aside: aside.parse().unwrap() }
}

fn planned_look(look: Look) -> PlannedLook {
    PlannedLook {
        look,
        script: file("looks/look.sh"),
        seconds: Seconds::new(30).unwrap(),
        variables: vec![variable("PLAN_PEER", Value::Address([10, 0, 0, 2].into()))],
    }
}

fn recovery(id: &str) -> Recovery {
    Recovery {
        id: id.parse().unwrap(),
        title: "k0s's etcd has lost its quorum".parse().unwrap(),
        script: file("recoveries/quorum.sh"),
        seconds: Seconds::new(600).unwrap(),
        variables: vec![],
    }
}

/// A plan with something of everything.
fn whole() -> NodePlan {
    let mut place = support::place();
    place.holds_until = Some(Stage::Start);
    let mut document = support::place_at("document", "/etc/k0s/other.yaml");
    if let Action::Place { content, .. } = &mut document.action {
        *content = Content::Document {
            entry: "k0s/other.yaml".parse().unwrap(),
            sha256: Sha256::of(b""),
            secrets: vec!["k0s/join-token".parse().unwrap()],
        };
    }
    let check = |id: &str| Check {
        id: id.parse().unwrap(),
        title: "enough room below /var/lib".parse().unwrap(),
        script: file("checks/room.sh"),
        seconds: Seconds::new(10).unwrap(),
        variables: vec![],
        waived: None,
    };
    NodePlan {
        node: support::identity("m1", Role::Leader, 1),
        keep_dir: "/var/lib/airlift".parse().unwrap(),
        secrets: vec![SealedSecret {
            name: "k0s/join-token".parse().unwrap(),
            entry: "sealed/k0s/join-token.age".parse().unwrap(),
            sha256: Sha256::of(b"ciphertext"),
        }],
        checks: vec![check("room")],
        stages: vec![
            StagePlan { stage: Stage::Prepare, steps: vec![place, document] },
            StagePlan {
                stage: Stage::Stop,
                steps: vec![
                    step("aside", set_aside("/var/lib/kubelet", "/var/lib/kubelet.mke3")),
                    step("restart", Action::Reboot {}),
                    step("engine", script(ScriptUndo::Restores(file("steps/x/undo.sh")))),
                ],
            },
            StagePlan { stage: Stage::Commit, steps: vec![step("gone", script(ScriptUndo::None))] },
        ],
        looks: Look::ALL.iter().map(|look| planned_look(*look)).collect(),
        recoveries: vec![recovery("quorum")],
        left_out: Some(recovery("left-out")),
    }
}

#[test]
fn a_whole_plan_is_read_back_as_it_was() {
    let plan = whole();
    plan.check().unwrap();
    let bytes = to_canonical_json(&plan).unwrap();
    assert_eq!(from_canonical_json::<NodePlan>("plan", &bytes).unwrap(), plan);
}

#[test]
fn a_step_says_how_well_it_can_be_taken_back() {
    let plan = whole();
    let classes: Vec<_> = plan.all_steps().map(|(_, step)| (step.id.as_str(), step.undo_class())).collect();
    let expected = [
        ("k0s-config", UndoClass::Exact),
        ("document", UndoClass::Exact),
        ("aside", UndoClass::Exact),
        ("restart", UndoClass::Exact),
        ("engine", UndoClass::Restores),
        ("gone", UndoClass::None),
    ];
    assert_eq!(classes, expected);
}

#[test]
fn a_step_may_change_what_is_in_k0s_once_that_is_there() {
    let mut plan = whole();
    let rights = step("rights", script(ScriptUndo::InK0s(file("steps/x/undo.sh"))));
    assert!(rights.is_in_k0s() && !plan.all_steps().any(|(_, step)| step.is_in_k0s()));
    assert_eq!(rights.undo_class(), UndoClass::Restores);
    plan.stages.insert(2, StagePlan { stage: Stage::Adopt, steps: vec![rights] });
    plan.check().unwrap();
}

#[test]
fn a_contradiction_is_refused_and_named() {
    type Change = fn(&mut NodePlan);
    let table: [(Change, &str); 26] = [
        (|p| p.stages.swap(0, 1), "its stages are not in their order"),
        (|p| p.stages[1].stage = Stage::Prepare, "its stages are not in their order"),
        (|p| p.stages[0].stage = Stage::Check, "it has steps in check"),
        (|p| p.node.role = Role::Worker, ""),
        (
            |p| {
                p.node.role = Role::Worker;
                p.stages[1].stage = Stage::Freeze;
            },
            "a worker has no stage freeze",
        ),
        (|p| p.stages[1].steps.clear(), "its stage stop is listed without steps"),
        (|p| p.stages[1].steps[0].id = "k0s-config".parse().unwrap(), "k0s-config stands for two things"),
        (|p| p.checks[0].id = "quorum".parse().unwrap(), "quorum stands for two things"),
        (|p| p.stages[1].steps[0].holds_until = Some(Stage::Stop), "does not hold beyond its own stage"),
        (|p| p.stages[1].steps[0].action = set_aside("/a/b", "/c/b"), "not another name beside it"),
        (|p| p.stages[1].steps[0].action = set_aside("/a/b", "/a/b"), "not another name beside it"),
        (|p| p.stages[1].steps[2].action = script(ScriptUndo::None), "which only commit may"),
        (
            |p| p.stages[1].steps[2].action = script(ScriptUndo::InK0s(file("steps/x/undo.sh"))),
            "engine of stop changes what is in k0s, which is there after start",
        ),
        (|p| p.stages[0].steps[1] = support::place_at("again", "/etc/k0s/k0s.yaml"), "two places of prepare"),
        (
            |p| p.stages[0].steps[1] = support::place_at("below", "/etc/k0s/k0s.yaml/x"),
            "is a file and the directory of",
        ),
        (
            |p| {
                let copy =
                    Action::Copy { from: "/etc/docker".parse().unwrap(), name: "docker".parse().unwrap() };
                p.stages[1].steps.push(step("one", copy.clone()));
                p.stages[1].steps.push(step("two", copy));
            },
            "two is a second copy of the name docker",
        ),
        (|p| p.secrets.clear(), "it needs the secret k0s/join-token, which it does not list"),
        (|p| p.looks.swap(0, 1), "its looks are not in their order"),
        (|p| p.looks.push(planned_look(Look::K0sSilent)), "its looks are not in their order"),
        (
            |p| p.looks.truncate(3),
            "its stage commit has a gate before it, or on the way back from it, that asks for the look k0s-silent",
        ),
        (|p| p.looks.clear(), ""),
        (|p| p.looks[0].variables.push(variable("PLAN_A", Value::Flag(true))), "variables of etcd-equal"),
        (|p| p.secrets.push(p.secrets[0].clone()), "its secrets are not sorted by name, each once"),
        (
            |p| {
                if let Action::Place { content: Content::Document { secrets, .. }, .. } =
                    &mut p.stages[0].steps[1].action
                {
                    secrets.clear();
                }
            },
            "the secrets of document are none",
        ),
        (
            |p| {
                p.checks[0].variables =
                    vec![variable("PLAN_B", Value::Flag(true)), variable("PLAN_A", Value::Flag(true))]
            },
            "the variables of room are not sorted",
        ),
        (
            |p| {
                p.checks[0].variables =
                    vec![variable("PLAN_A", Value::Flag(true)), variable("PLAN_A", Value::Flag(true))]
            },
            "the variables of room are not sorted",
        ),
    ];
    for (number, (change, expected)) in table.into_iter().enumerate() {
        let mut plan = whole();
        change(&mut plan);
        match plan.check() {
            Ok(()) => assert_eq!(expected, "", "row {number} was accepted"),
            Err(problems) => {
                assert!(!expected.is_empty(), "row {number}: {problems}");
                assert!(problems.to_string().contains(expected), "row {number}: {problems}");
            }
        }
    }
}

#[test]
fn a_path_can_be_placed_again_in_a_later_stage() {
    let mut plan = whole();
    plan.stages[1].steps.push(support::place_at("switch", "/etc/k0s/k0s.yaml"));
    plan.check().unwrap();
}

/// By the protocol's table: each role looks at what its own gates ask, as far as its plan goes.
#[test]
fn a_plan_declares_the_looks_of_its_gates_and_no_others() {
    use Look::{EtcdEqual, K0sSilent, MembersShown, Mke3Silent};
    let rows: [(Role, Stage, &[Look]); 8] = [
        (Role::Leader, Stage::Prepare, &[]),
        (Role::Leader, Stage::Freeze, &[K0sSilent]),
        (Role::Leader, Stage::Stop, &[EtcdEqual, K0sSilent]),
        (Role::Leader, Stage::Start, &[EtcdEqual, Mke3Silent, K0sSilent]),
        (Role::Leader, Stage::Commit, &[EtcdEqual, MembersShown, Mke3Silent, K0sSilent]),
        (Role::Manager, Stage::Commit, &[Mke3Silent, K0sSilent]),
        (Role::Worker, Stage::Prepare, &[]),
        (Role::Worker, Stage::Commit, &[K0sSilent]),
    ];
    for (role, stage, looks) in rows {
        let mut plan = whole();
        plan.node.role = role;
        plan.looks.clear();
        assert_eq!(plan.looks_missing(stage), looks, "{role:?} {stage}");
    }
}

#[test]
fn what_comes_later_does_not_count_for_what_is_done() {
    let plan = whole();
    let through = |plan: &NodePlan, stage| plan.digest_through(stage).unwrap();
    let mut corrected = plan.clone();
    corrected.stages[1].steps.pop();
    corrected.recoveries.clear();
    corrected.looks.clear();
    corrected.left_out = None;
    corrected.checks.clear();
    assert_eq!(through(&plan, Stage::Freeze), through(&corrected, Stage::Freeze));
    assert_ne!(through(&plan, Stage::Stop), through(&corrected, Stage::Stop));
    let mut other_secret = plan.clone();
    other_secret.secrets[0].sha256 = Sha256::of(b"sealed again");
    assert_ne!(through(&plan, Stage::Prepare), through(&other_secret, Stage::Prepare));
}

#[test]
fn what_a_newer_writer_may_say_is_refused() {
    let bytes = String::from_utf8(to_canonical_json(&whole()).unwrap()).unwrap();
    for (from, to) in [
        ("\"reboot\"", "\"power-off\""),
        ("\"completion\": \"evidence\"", "\"completion\": \"perhaps\""),
        ("\"seconds\": 60", "\"seconds\": 0"),
        ("\"seconds\": 60", "\"seconds\": 86401"),
        ("\"address\"", "\"command\""),
        ("\"keep_dir\"", "\"more\": 1,\n  \"keep_dir\""),
        ("\"stage\": \"stop\"", "\"stage\": \"pause\""),
    ] {
        assert!(bytes.contains(from), "{from}");
        let changed = bytes.replacen(from, to, 1);
        assert!(from_canonical_json::<NodePlan>("plan", changed.as_bytes()).is_err(), "{to}");
    }
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = format!("{}/../docs/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn the_published_schemas_take_what_the_writer_writes() {
    let manifest = Manifest { plan: whole(), ..support::manifest(&support::contents()) };
    schema("manifest").validate(&serde_json::to_value(&manifest).unwrap()).unwrap();
    let files = support::Site::new().files();
    for name in ["plan", "set"] {
        let document = serde_json::from_slice(&files[&format!("{name}.json")]).unwrap();
        schema(name).validate(&document).unwrap();
    }
}

/// Every scalar of a manifest is changed in turn to something of another form: the schema must refuse what the parser
/// refuses by form.
#[test]
fn the_published_schema_refuses_what_the_reader_refuses() {
    fn leaves(value: &serde_json::Value, path: String, out: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                map.iter().for_each(|(key, value)| leaves(value, format!("{path}/{key}"), out));
            }
            serde_json::Value::Array(list) => {
                list.iter().enumerate().for_each(|(n, value)| leaves(value, format!("{path}/{n}"), out));
            }
            _ => out.push(path),
        }
    }
    let schema = schema("manifest");
    let manifest = Manifest { plan: whole(), ..support::manifest(&support::contents()) };
    let good = serde_json::to_value(&manifest).unwrap();
    let mut paths = Vec::new();
    leaves(&good, String::new(), &mut paths);
    assert!(paths.len() > 60);
    let mut refused = 0;
    for path in paths {
        for bad in [
            serde_json::json!("-a\n\u{1}"),
            serde_json::json!(-1),
            serde_json::json!(null),
            serde_json::json!([]),
        ] {
            let mut changed = good.clone();
            *changed.pointer_mut(&path).unwrap() = bad.clone();
            // `null` for what may be left out is read, but is not what the writer writes
            let read = serde_json::from_value::<Manifest>(changed.clone())
                .is_ok_and(|read| serde_json::to_value(&read).unwrap() == changed);
            assert_eq!(schema.is_valid(&changed), read, "{path} = {bad}");
            refused += usize::from(!read);
        }
    }
    assert!(refused > 200, "{refused}");
}

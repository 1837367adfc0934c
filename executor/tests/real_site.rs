//! A leader that the real binary runs, and a worker whose words the test signs: from the first command to the last.
//!
//! Needs root, and `script` of bsdutils.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file and ask the environment")]

mod real;
mod signed;
#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use age::secrecy::ExposeSecret as _;
use airlift_bundle::archive;
use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::Stage;
use airlift_bundle::gate::codes::OwnCodes;
use airlift_bundle::gate::protocol::Protocol;
use airlift_bundle::gate::receipt::{Asked, Receipt, SignedReceipt};
use airlift_bundle::gate::word::{Attempt, Look, Word};
use airlift_bundle::manifest::Manifest;
use airlift_bundle::name::NodeName;
use airlift_bundle::plan::{
    NodeIdentity, NodeKeys, NodePlan, Plan, PlannedLook, PlannedNode, Role, ScriptFile, SealedSecret,
    Seconds, SecretName, StagePlan,
};
use airlift_bundle::sealed::{Address, Room};
use airlift_bundle::signing::SigningKey;
use airlift_bundle::value::{Format, Mode, PlanId};
use real::{Bench, NODE, steps, text};
use signed::hostname;
use support::{Site, contents};

/// A site of this machine and a worker `w1`, whose words the test signs. Its secrets are sealed for real.
struct Speaking {
    bench: Bench,
    root: tempfile::TempDir,
    plan: Plan,
    plan_id: PlanId,
}

fn receipt_key(place: u8) -> SigningKey {
    SigningKey::from_seed([place; 8], [place; 32])
}

impl Speaking {
    fn new() -> Self {
        let mut site = Site::new();
        let name: NodeName = hostname().parse().unwrap();
        let node = NodeIdentity { name: name.clone(), role: Role::Leader, addresses: vec![] };
        let identity = age::x25519::Identity::generate();
        let mut files = contents();
        let mut secrets = Vec::new();
        let protocol = Protocol::new(
            airlift_bundle::gate::site::Site::new(vec![
                (name.clone(), Role::Leader),
                ("w1".parse().unwrap(), Role::Worker),
            ])
            .unwrap(),
        );
        let words = protocol.own_words(protocol.site().leader());
        let mut random = 0;
        let codes = OwnCodes::generate(site.plan.site.clone(), name.clone(), words, || {
            random += 1;
            [random; 7]
        });
        let codes = String::from_utf8(codes.to_secret_json().unwrap()).unwrap();
        for (secret, value, room) in [
            ("receipt/codes", codes, Room::Medium),
            ("receipt/key", receipt_key(1).to_secret_line(), Room::Small),
        ] {
            let secret: SecretName = secret.parse().unwrap();
            let address = Address { site: &site.plan.site, node: &name, name: &secret };
            let envelope = address.wrap(&value, room).unwrap();
            let recipient: &dyn age::Recipient = &identity.to_public();
            let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient)).unwrap();
            let mut sealed = Vec::new();
            let mut writer = encryptor.wrap_output(&mut sealed).unwrap();
            writer.write_all(&envelope).unwrap();
            writer.finish().unwrap();
            let entry = airlift_bundle::sealed::entry(&secret, false).unwrap();
            secrets.push(SealedSecret { name: secret, entry: entry.clone(), sha256: Sha256::of(&sealed) });
            files.add(entry, Mode::PRIVATE, sealed).unwrap();
        }
        let look = b"echo looked; exit 10\n";
        let script = ScriptFile { entry: "look.sh".parse().unwrap(), sha256: Sha256::of(look) };
        files.add(script.entry.clone(), Mode::PROGRAM, look.to_vec()).unwrap();
        let plan = NodePlan {
            secrets,
            stages: vec![StagePlan { stage: Stage::Prepare, steps: steps() }],
            looks: Look::ALL
                .iter()
                .map(|look| PlannedLook {
                    look: *look,
                    script: script.clone(),
                    seconds: Seconds::new(10).unwrap(),
                    variables: vec![],
                })
                .collect(),
            ..support::node_plan(node.clone(), vec![])
        };
        let keys = |place| NodeKeys { receipt: Some(receipt_key(place).public()), ..NodeKeys::default() };
        let worker = NodeIdentity { name: "w1".parse().unwrap(), role: Role::Worker, addresses: vec![] };
        site.plan.nodes = vec![
            PlannedNode { node, keys: keys(1), plan: plan.digest().unwrap() },
            PlannedNode { node: worker, keys: keys(2), plan: Sha256::of(b"the worker's plan") },
        ];
        let (plan_json, plan_id) = site.plan.to_json().unwrap();
        let manifest =
            Manifest { plan_id, plan, blobs: vec![], files: files.entries(), ..site.manifests[0].clone() };
        let bundle = archive::write(&manifest, &files).unwrap();
        let set =
            BTreeMap::from([("plan.json".to_owned(), plan_json), (name.bundle_path().to_string(), bundle)]);
        let set = site.sign(plan_id, set).into_iter().map(|(path, bytes)| (format!("set/{path}"), bytes));
        let bench = Bench { directory: support::on_disk(&set.collect()) };
        fs::write(bench.path("trust"), site.trust(0).to_string()).unwrap();
        let root = bench.root();
        fs::create_dir_all(root.path().join("var/lib/airlift")).unwrap();
        let key = root.path().join("var/lib/airlift/age.key");
        fs::write(&key, format!("{}\n", identity.to_string().expose_secret())).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(bench.path("stick")).unwrap();
        Self { bench, root, plan: site.plan, plan_id }
    }

    fn types(&self, verb: &str, more: &[&str]) -> (i32, String) {
        let mut arguments = self.bench.arguments(verb, self.root.path());
        if self.root.path().join("var/lib/airlift/journal").exists() {
            // the set is not named again
            arguments.truncate(3);
        }
        let output = Command::new(NODE).args(arguments).args(more).stdin(Stdio::null()).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    }

    fn stick(&self) -> String {
        self.bench.path("stick").to_str().unwrap().to_owned()
    }

    /// A word of the worker, on the stick.
    fn says(&self, word: Word) {
        let node: NodeName = "w1".parse().unwrap();
        let receipt = Receipt {
            format: Format,
            plan_id: self.plan_id,
            site: self.plan.site.clone(),
            node: node.clone(),
            word,
            attempt: Attempt::FIRST,
            journal: Sha256::of(b"its journal"),
            facts: BTreeMap::new(),
        };
        let signed = receipt.sign(&receipt_key(2)).unwrap();
        let path = self.bench.path("stick").join(Receipt::file_name(&node, word, Attempt::FIRST));
        fs::write(path.with_added_extension("minisig"), signed.signature).unwrap();
        fs::write(path, signed.json).unwrap();
    }
}

/// An event has the form that the published schema says.
fn is_published(event: &serde_json::Value) {
    let path = format!("{}/../docs/schemas/event.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(schema.is_valid(event), "{event}");
    for (field, wrong) in [("schema", 2), ("event", 0), ("next", 0), ("attempt", 10), ("exit", -1)] {
        let mut other = event.clone();
        if let Some(value) = other.get_mut(field) {
            *value = wrong.into();
            assert!(!schema.is_valid(&other), "{field}: {event}");
        }
    }
}

#[test]
fn a_leader_and_its_worker_come_to_the_end_through_the_real_binary() {
    let site = Speaking::new();
    let (code, said) = site.types("apply", &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("--say 'the outage of acme begins'"), "{said}");
    let (code, said) = site.types("apply", &["--say", "the outage of Acme begins"]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("AN026") && said.contains("'the outage of acme begins'"), "{said}");
    let (code, said) = site.types("apply", &["--say", "the outage of acme begins"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("stopped of w1: bring w1.stopped.1.json"), "{said}");

    // its own words, as codes and as files that others take
    let name = site.plan.nodes[0].node.name.clone();
    let (_, events) = site.types("receipt", &["--format", "json"]);
    for event in events.trim_start_matches("exit status: 0").lines() {
        is_published(&serde_json::from_str(event).unwrap());
    }
    let (code, said) = site.types("receipt", &[]);
    assert_eq!(code, 0, "{said}");
    let shown = |word: &str| said.contains(&format!("file {name}.{word}.1.json"));
    assert!(["prepared", "go", "frozen", "frozen-all", "stopped"].iter().all(|word| shown(word)), "{said}");
    assert_eq!(site.types("receipt", &["--to", &site.stick()]).0, 0);
    for word in [Word::Prepared, Word::Go, Word::Frozen, Word::FrozenAll, Word::Stopped] {
        let read = |name: String| fs::read(site.bench.path("stick").join(name)).unwrap();
        let signed = SignedReceipt {
            json: read(Receipt::file_name(&name, word, Attempt::FIRST)),
            signature: read(Receipt::signature_name(&name, word, Attempt::FIRST)),
        };
        let asked = Asked { plan: (&site.plan, site.plan_id), node: &name, word, attempt: Attempt::FIRST };
        let receipt = Receipt::open(&signed, &asked).unwrap();
        assert_eq!(word == Word::Stopped, receipt.facts.contains_key(&"stop-ended".parse().unwrap()));
        let said = receipt.facts.get(&"said-1".parse().unwrap()).map(ToString::to_string);
        assert_eq!(said.as_deref(), (word > Word::Prepared).then_some("the outage of acme begins"));
    }

    // a stick with a good word, a bad one, and things that are none of our business
    site.says(Word::Stopped);
    site.says(Word::Away);
    let bad = site.bench.path("stick/w1.away.1.json");
    let mut bytes = fs::read(&bad).unwrap();
    bytes[40] ^= 1;
    fs::write(&bad, bytes).unwrap();
    fs::write(site.bench.path("stick/Thumbs.db"), "x").unwrap();
    let (code, said) = site.types("receipt", &["--from", &site.stick()]);
    assert_eq!(code, 5, "{said}");
    for words in ["heard stopped of w1", "w1.away.1.json", "passed over", "Thumbs.db is no receipt"] {
        assert!(said.contains(words.split(" is no").next().unwrap()), "{words}: {said}");
    }
    fs::remove_file(&bad).unwrap();
    let (code, said) = site.types("receipt", &["--code", "w1", "started", "0000-0000-0001"]);
    assert!(code == 5 && said.contains("AB061"), "{said}");

    let (code, said) = site.types("apply", &[]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("started of w1"), "{said}");
    let (code, said) = site.types("apply", &["--without", "w1"]);
    assert!(code == 5 && said.contains("--say 'go on without w1'"), "{said}");
    let (code, said) = site.types("status", &["--format", "json"]);
    let events: Vec<serde_json::Value> = said
        .trim_start_matches("exit status: 0")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    events.iter().for_each(is_published);
    let standing = &events[0];
    assert_eq!((code, &standing["attempt"], &standing["schema"]), (0, &1.into(), &1.into()), "{said}");
    assert_eq!(standing["next"][0]["act"], "begin adopt", "{standing}");
    assert!(standing["given"].as_array().unwrap().contains(&"members-complete".into()), "{standing}");

    site.says(Word::Started);
    let stick = site.stick();
    let (code, said) =
        site.types("apply", &["--receipts", &stick, "--say", "the vendor command has run on acme"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = site.types("rollback", &[]);
    assert!(code == 5 && said.contains("the site is accepted"), "{said}");
    assert_eq!(site.types("commit", &[]).0, 4);
    let (code, said) = site.types("commit", &["--say", &format!("no way back on {name}")]);
    assert_eq!(code, 0, "{said}");
    let mut left: Vec<_> = fs::read_dir(site.root.path().join("var/lib/airlift"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["journal", "receipts"]);
    let (code, said) = site.types("receipt", &[]);
    assert!(code == 0 && said.contains("committed"), "{said}");
    assert_eq!(site.types("commit", &[]).0, 3);
}

/// `apply` with these words after it, typed at a terminal; what they redirect is none of it.
fn at_a_terminal(site: &Speaking, more: &str) -> Child {
    let mut arguments = vec![NODE.to_owned()];
    arguments.extend(site.bench.arguments("apply", site.root.path()));
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    Command::new("script")
        .args(["-q", "-e", "-f", "-c", &format!("exec {} {more}", quoted.join(" ")), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs `script`, of bsdutils")
}

#[test]
fn a_question_at_a_terminal_ends_with_ctrl_c() {
    let site = Speaking::new();
    let mut terminal = at_a_terminal(&site, "");
    let mut shown = BufReader::new(terminal.stdout.take().unwrap()).lines().map(Result::unwrap);
    let question = "to say so, type: the outage of acme begins";
    assert!(shown.any(|line| line.trim_end() == question), "it was not asked");
    // what Ctrl-C sends
    terminal.stdin.as_mut().unwrap().write_all(&[3]).unwrap();
    assert_eq!(terminal.wait().unwrap().code(), Some(4));
    let rest: String = shown.collect();
    assert!(rest.contains("waiting for your word that the outage begins"), "{rest}");
}

#[test]
fn nobody_is_asked_who_can_not_see_the_question_or_answer_it() {
    let site = Speaking::new();
    let elsewhere = site.bench.path("elsewhere");
    for more in [
        format!("2>'{}'", elsewhere.display()),
        "</dev/null".to_owned(),
        "--format json".to_owned(),
        format!("--format json 2>'{}'", elsewhere.display()),
    ] {
        let mut terminal = at_a_terminal(&site, &more);
        // would it ask, it would wait for a line for ever: its terminal stays open
        let line = terminal.stdin.take().unwrap();
        let mut shown = String::new();
        let deadline = Instant::now() + Duration::from_secs(30);
        while terminal.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline || terminal.kill().is_err(), "it asks: {more}");
            sleep(Duration::from_millis(20));
        }
        terminal.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
        drop(line);
        assert_eq!(terminal.wait().unwrap().code(), Some(4), "{more}: {shown}");
        assert!(!shown.contains("to say so, type"), "{more}: {shown}");
    }
}

//! Receipts: what a node says reaches the others unchanged, and nobody else can say it.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod support;

use std::fs;

use airlift_bundle::digest::Sha256;
use airlift_bundle::error::Error;
use airlift_bundle::gate::receipt::{Asked, Receipt, SignedReceipt};
use airlift_bundle::gate::word::{Attempt, Word};
use airlift_bundle::plan::{NodeIdentity, NodeKeys, Plan, PlannedNode, Role, Tool};
use airlift_bundle::signing::SigningKey;
use airlift_bundle::value::{Format, PlanId, Serial};

struct Site {
    plan: Plan,
    id: PlanId,
    m1: SigningKey,
    m2: SigningKey,
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed([n; 8], [n; 32])
}

fn site(name: &str, serial: u64) -> Site {
    let node = |n: u8, name: &str, role| PlannedNode {
        node: NodeIdentity { name: name.parse().unwrap(), role, addresses: vec![[10, 0, 0, n].into()] },
        keys: NodeKeys { receipt: Some(key(n).public()), ..NodeKeys::default() },
        plan: Sha256::of(&[n]),
    };
    let keyless = PlannedNode { keys: NodeKeys::default(), ..node(3, "w1", Role::Worker) };
    let plan = Plan {
        format: Format,
        site: name.parse().unwrap(),
        serial: Serial::new(serial).unwrap(),
        contract: "v4.1.5".parse().unwrap(),
        tool: Tool { name: "airlift".parse().unwrap(), version: "0.1.0".parse().unwrap() },
        inputs: vec![],
        nodes: vec![node(1, "m1", Role::Leader), node(2, "m2", Role::Manager), keyless],
    };
    let (_, id) = plan.to_json().unwrap();
    Site { plan, id, m1: key(1), m2: key(2) }
}

impl Site {
    /// m1's `up` of attempt 1.
    fn receipt(&self) -> Receipt {
        let fact = |name: &str, text: &str| (name.parse().unwrap(), text.parse().unwrap());
        Receipt {
            format: Format,
            plan_id: self.id,
            site: self.plan.site.clone(),
            node: "m1".parse().unwrap(),
            word: Word::Up,
            attempt: Attempt::FIRST,
            journal: Sha256::of(b"journal"),
            facts: [fact("etcd-revision", "4711"), fact("members", "m1 m2")].into(),
        }
    }

    fn open(&self, signed: &SignedReceipt) -> Result<Receipt, Error> {
        let node = "m1".parse().unwrap();
        let asked =
            Asked { plan: (&self.plan, self.id), node: &node, word: Word::Up, attempt: Attempt::FIRST };
        Receipt::open(signed, &asked)
    }
}

#[test]
fn a_receipt_comes_back_as_it_was_given_and_is_the_same_every_time() {
    let site = site("acme", 1);
    let signed = site.receipt().sign(&site.m1).unwrap();
    assert_eq!(signed, site.receipt().sign(&site.m1).unwrap());
    assert_eq!(site.open(&signed).unwrap(), site.receipt());
    let (node, word, attempt) = Receipt::parse_file_name("m1.example.com.members-complete.3.json").unwrap();
    assert_eq!((node.as_str(), word, attempt.get()), ("m1.example.com", Word::MembersComplete, 3));
    for no in
        ["m1.up.json", "up.1.json", "m1.up.0.json", "m1.up.1.json.minisig", "m1.down.1.json", ".up.1.json"]
    {
        assert!(Receipt::parse_file_name(no).is_none(), "{no}");
    }
}

#[test]
fn every_changed_bit_and_every_shortened_file_is_refused() {
    let site = site("acme", 1);
    let signed = site.receipt().sign(&site.m1).unwrap();
    let refused = |changed: &SignedReceipt, what: &str, at: usize| {
        assert!(site.open(changed).is_err(), "{what} at {at}");
    };
    for at in 0..signed.json.len() {
        for bit in 0..8 {
            let mut changed = signed.clone();
            changed.json[at] ^= 1 << bit;
            refused(&changed, "json", at);
        }
        refused(&SignedReceipt { json: signed.json[..at].to_vec(), ..signed.clone() }, "short json", at);
    }
    for at in 0..signed.signature.len() {
        for bit in 0..8 {
            let mut changed = signed.clone();
            changed.signature[at] ^= 1 << bit;
            refused(&changed, "signature", at);
        }
        refused(
            &SignedReceipt { signature: signed.signature[..at].to_vec(), ..signed.clone() },
            "short signature",
            at,
        );
    }
    let longer = |bytes: &[u8]| [bytes, b"\n"].concat();
    refused(&SignedReceipt { json: longer(&signed.json), ..signed.clone() }, "longer json", 0);
    refused(&SignedReceipt { signature: longer(&signed.signature), ..signed.clone() }, "longer signature", 0);
}

/// Each forgery, by a node that has its own key and every receipt that was ever given, and the code of its refusal.
#[test]
fn each_forgery_has_its_own_refusal() {
    let here = site("acme", 1);
    let later = site("acme", 2);
    let other = site("other", 1);
    let code = |signed: SignedReceipt| here.open(&signed).unwrap_err().code();
    let by_m1 = |receipt: Receipt| receipt.sign(&here.m1).unwrap();
    let receipt = || here.receipt();

    // m2 speaks for m1, with m2's key.
    assert_eq!(code(receipt().sign(&here.m2).unwrap()), "AB056");
    // … and claims that its key is m1's.
    let claimed = SigningKey::from_seed([1; 8], [2; 32]);
    assert_eq!(code(receipt().sign(&claimed).unwrap()), "AB032");
    // m2's own receipt, handed over under m1's name.
    let of_m2 = Receipt { node: "m2".parse().unwrap(), ..receipt() };
    assert_eq!(code(of_m2.sign(&here.m2).unwrap()), "AB056");
    // One key for two nodes would be a broken plan; the name in the receipt still counts.
    assert_eq!(code(by_m1(of_m2)), "AB053");
    // Replays: what m1 itself gave, elsewhere and at another time.
    assert_eq!(code(by_m1(later.receipt())), "AB051");
    assert_eq!(code(by_m1(other.receipt())), "AB052");
    assert_eq!(code(by_m1(Receipt { site: "other".parse().unwrap(), ..receipt() })), "AB052");
    assert_eq!(code(by_m1(Receipt { word: Word::Go, ..receipt() })), "AB054");
    assert_eq!(code(by_m1(Receipt { attempt: Attempt::new(2).unwrap(), ..receipt() })), "AB055");
    // The signature of one receipt on another.
    let signature = by_m1(Receipt { word: Word::Go, ..receipt() }).signature;
    assert_eq!(code(SignedReceipt { signature, ..by_m1(receipt()) }), "AB032");
    // What is signed and no receipt: verified first, and refused by the parser then.
    let signed =
        |json: &[u8]| SignedReceipt { json: json.to_vec(), signature: here.m1.sign(json, "").into_bytes() };
    assert_eq!(code(signed(b"{}")), "AB002");
    let compact = serde_json::to_vec(&receipt()).unwrap();
    assert_eq!(code(signed(&compact)), "AB003");
    // Without a signature nothing is parsed.
    assert_eq!(code(SignedReceipt { json: b"{}".to_vec(), signature: vec![] }), "AB031");
    assert_eq!(code(SignedReceipt { json: vec![b' '; 65_537], ..by_m1(receipt()) }), "AB012");
}

#[test]
fn a_node_without_a_receipt_key_is_not_believed() {
    let site = site("acme", 1);
    let receipt = Receipt { node: "w1".parse().unwrap(), ..site.receipt() };
    let signed = receipt.sign(&key(3)).unwrap();
    for name in ["w1", "nobody"] {
        let node = name.parse().unwrap();
        let asked =
            Asked { plan: (&site.plan, site.id), node: &node, word: Word::Up, attempt: Attempt::FIRST };
        assert_eq!(Receipt::open(&signed, &asked).unwrap_err().code(), "AB050");
    }
}

#[test]
fn facts_are_few_short_and_printable() {
    let site = site("acme", 1);
    let mut receipt = site.receipt();
    for n in 0..=Receipt::MAX_FACTS {
        receipt.facts.insert(format!("fact-{n}").parse().unwrap(), "x".parse().unwrap());
    }
    assert_eq!(receipt.sign(&site.m1).unwrap_err().code(), "AB012");
    use airlift_bundle::gate::receipt::{Fact, FactName};
    assert!("\u{1b}[2J".parse::<Fact>().is_err());
    assert!("x".repeat(401).parse::<Fact>().is_err());
    assert!("Upper".parse::<FactName>().is_err());
}

#[test]
fn minisign_accepts_a_receipt() {
    let site = site("acme", 1);
    let signed = site.receipt().sign(&site.m1).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("m1.up.1.json"), &signed.json).unwrap();
    fs::write(path("m1.up.1.json.minisig"), &signed.signature).unwrap();
    let public = site.m1.public().to_string();
    let said = support::run(directory.path(), "minisign", &["-V", "-m", "m1.up.1.json", "-P", &public]);
    assert!(said.contains("airlift receipt site acme node m1 up attempt 1"), "{said}");
}

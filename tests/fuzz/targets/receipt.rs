//! A receipt whose signature is right, around any bytes.
#![no_main]

use airlift_bundle::digest::Sha256;
use airlift_bundle::gate::receipt::{Asked, Receipt, SignedReceipt};
use airlift_bundle::gate::word::{Attempt, Word};
use airlift_bundle::json::to_canonical_json;
use airlift_bundle::plan::{NodeIdentity, NodeKeys, Plan, PlannedNode, Role, Tool};
use airlift_bundle::signing::SigningKey;
use airlift_bundle::value::{Format, Serial};

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    let key = SigningKey::from_seed([1; 8], [1; 32]);
    let node = NodeIdentity { name: "m1".parse().unwrap(), role: Role::Leader, addresses: vec![[10, 0, 0, 1].into()] };
    let keys = NodeKeys { receipt: Some(key.public()), ..NodeKeys::default() };
    let plan = Plan {
        format: Format,
        site: "acme".parse().unwrap(),
        serial: Serial::new(1).unwrap(),
        contract: "v4.1.5".parse().unwrap(),
        tool: Tool { name: "airlift".parse().unwrap(), version: "0".parse().unwrap() },
        inputs: vec![],
        nodes: vec![PlannedNode { node, keys, plan: Sha256::of(b"") }],
    };
    let (_, id) = plan.to_json().unwrap();
    let signature = key.sign(json, "receipt").into_bytes();
    let asked =
        Asked { plan: (&plan, id), node: &"m1".parse().unwrap(), word: Word::Up, attempt: Attempt::FIRST };
    match Receipt::open(&SignedReceipt { json: json.to_vec(), signature }, &asked) {
        Ok(receipt) => assert_eq!(to_canonical_json(&receipt).unwrap(), json),
        Err(error) => airlift_fuzz::printable(&error.to_string()),
    }
    if let Ok(name) = std::str::from_utf8(json)
        && let Some((node, word, attempt)) = Receipt::parse_file_name(name)
    {
        assert_eq!(Receipt::file_name(&node, word, attempt), name);
    }
});

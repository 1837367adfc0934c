//! Every entry of the table, taken out: the model must find what goes wrong without it. The counterexample is the shortest
//! one on the site that finds it.

use airlift_bundle::gate::table::{Entry, Promise, Table};

use crate::search::search;
use crate::world::Env;

/// Sites to try, the cheapest first.
const SITES: [Env; 9] = [
    Env::of(1, 1).fine().lag(),
    Env::of(1, 1).crashes(1),
    Env::of(1, 1).attempts(2),
    Env::of(3, 1),
    Env::of(3, 0).attempts(2),
    Env::of(3, 0).crashes(1),
    Env::of(3, 0).crashes(1).unfenced(),
    Env::of(3, 0).mistakes(2),
    Env::of(3, 0).crashes(1).attempts(2),
];

/// Sites for what takes two managers that are off, or a wrong operator beside one.
const LARGE_SITES: [Env; 3] =
    [Env::of(3, 0).crashes(1).mistakes(1), Env::of(3, 0).crashes(2), Env::of(3, 0).crashes(2).unfenced()];

/// Whether only the large sites show what the entry prevents.
fn is_large(entry: &Entry) -> bool {
    let text = entry.to_string();
    matches!(entry, Entry::Promise(Promise::NoMinorityHubAfterClear | Promise::MajorityGoesForward))
        || text.starts_with("other manager, let k0s run after a reboot")
        || text.starts_with("new hub, begin MKE 3 back: its own look")
        || text.starts_with("any but the hub, begin MKE 3 back: its own look")
}

fn prevents(entry: Entry, sites: &[Env]) -> bool {
    let found = sites.iter().find_map(|env| {
        let (violation, trace) = search(*env, Table::without(entry), 60_000_000).violation?;
        Some((env, violation, trace))
    });
    let Some((env, violation, trace)) = found else {
        println!("| {entry} | nothing |");
        return false;
    };
    println!("| {entry} | {violation:?} | {} | {env} |", trace.len());
    if std::env::var("AIRLIFT_MODEL_TRACES").is_ok() {
        println!("    {}", trace.join("\n    "));
    }
    true
}

#[test]
fn every_entry_prevents_something() {
    let entries = Entry::all().into_iter().filter(|entry| !is_large(entry));
    let idle: Vec<String> =
        entries.filter(|entry| !prevents(*entry, &SITES)).map(|entry| entry.to_string()).collect();
    assert!(idle.is_empty(), "taken out, these change nothing: {idle:#?}");
}

#[test]
#[ignore = "millions of states"]
fn every_entry_that_takes_a_large_site_prevents_something() {
    let entries: Vec<Entry> = Entry::all().into_iter().filter(is_large).collect();
    assert_eq!(entries.len(), 5);
    for entry in entries {
        assert!(prevents(entry, &LARGE_SITES), "{entry}");
    }
}

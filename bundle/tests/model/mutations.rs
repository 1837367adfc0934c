//! Every entry of the table, taken out: the model must find what goes wrong without it.

use airlift_bundle::gate::table::{Entry, Table};

use crate::search::search;
use crate::world::Env;

/// Sites to try, the cheapest first.
const SITES: [Env; 9] = [
    Env::of(1, 1).fine().lag(),
    Env::of(3, 1),
    Env::of(3, 0).attempts(2),
    Env::of(3, 0).crashes(1),
    Env::of(3, 0).crashes(1).unfenced(),
    Env::of(3, 0).mistakes(2),
    Env::of(3, 0).crashes(1).attempts(2),
    Env::of(3, 1).crashes(1),
    Env::of(3, 0).crashes(2),
];

#[test]
fn every_entry_prevents_something() {
    let skip: usize = std::env::var("SKIP").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for entry in Entry::all().into_iter().skip(skip) {
        let mut line = String::new();
        for env in SITES {
            let found = search(env, Table::without(entry), 60_000_000);
            if let Some((violation, trace)) = found.violation {
                line = format!("{violation:?} after {} ({env}), {} states", trace.len(), found.states);
                break;
            }
        }
        println!("| {entry} | {line}");
    }
}

//! How long a large site takes: `cargo test --release -p airlift --lib access::tests::large -- --ignored --nocapture`.
#![allow(clippy::disallowed_methods)]

use super::made_up::{MadeUp, binding, id, member, subject};
use super::support::answers;
use crate::access::writer::ClusterRoles;
use crate::access::{Around, Options, read, translate};
use crate::diag::{Findings, render};
use crate::source::File;
use serde_json::Value;
use std::time::Duration;

/// Users for each team and organization; 5,000 teams and 50,000 grants to 100,000 users.
fn site(users: usize) -> MadeUp {
    let (teams, grants, in_org) = (users / 20, users / 2, 1000.min(users));
    let mut m = MadeUp::new();
    let people: Vec<Value> = (1..=users).map(|i| m.user(i, &format!("user.{i:06}@corp.example"))).collect();
    let of = |range: std::ops::Range<usize>| -> Vec<Value> { people[range].iter().map(member).collect() };
    let orgs = users.div_ceil(in_org);
    for o in 0..orgs {
        let first = o * in_org;
        let list: Vec<(usize, String, Vec<Value>)> = (0..teams / orgs)
            .map(|t| {
                (
                    o * (teams / orgs) + t,
                    format!("Team {o} / {t}"),
                    of(first + t * 20..(first + t * 20 + 20).min(users)),
                )
            })
            .collect();
        let list: Vec<(usize, &str, Vec<Value>)> =
            list.iter().map(|(n, name, m)| (*n, name.as_str(), m.clone())).collect();
        m.org(o, &format!("org-{o}"), &of(first..(first + in_org).min(users)), &list);
        m.bindings.push(binding(
            None,
            &format!("edit-{o}"),
            "edit",
            vec![subject(&format!("Group:org:org-{o}"))],
        ));
    }
    for g in 0..orgs.max(grants / 50) {
        let path = format!("/Shared/c{g}");
        m.collections.push(serde_json::json!({"id": id(5, g), "path": path, "label_constraints": []}));
    }
    for g in 0..grants {
        m.grant(&id(3, g % teams), &id(5, g / teams), ["viewonly", "restrictedcontrol", "scheduler"][g % 3]);
    }
    m
}

/// The most memory that this process has had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) / 1024
}

/// The processor's time that this process has had: what others do at the same time says nothing about us.
fn spent() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets come the third field and so on; 14 and 15 are user and system time in ticks of 10 ms.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    Duration::from_millis(fields.map(|ticks| ticks.parse::<u64>().unwrap_or(0) * 10).sum())
}

fn measure(users: usize) -> Duration {
    let text = site(users).json().to_string();
    let before = peak();
    let (mut findings, start) = (Findings::new(), spent());
    let size = text.len() >> 20;
    let read = read::read([File::new("access/export.json", text)], &mut findings);
    let export = read.export.expect("an export");
    let reading = spent() - start;
    let options = Options { answers: answers(&[("access.passwords", "reset")]), ..Options::default() };
    let translation = translate(&export, &options, &Around::default(), &ClusterRoles, &mut findings);
    let translating = spent() - start - reading;
    let bytes: usize = translation.files().values().map(String::len).sum();
    // Every finding shows its line, and MKE 3 sends all in one.
    let said: usize = findings.iter().map(|finding| render(finding, false).len()).sum();
    assert!(said < 100_000, "{said} bytes of messages");
    let whole = spent() - start;
    println!(
        "{users} users, {} things, {size} MiB of export: read {reading:.1?}, translated {translating:.1?}, with {} MiB of files and all messages {whole:.1?}; memory {before} -> {} MiB",
        translation.account.things.len(),
        bytes >> 20,
        peak()
    );
    whole
}

#[test]
#[ignore = "takes a minute; .ci/long"]
fn time_grows_with_the_site_and_no_faster() {
    measure(1000);
    let small = measure(25_000);
    let large = measure(100_000);
    assert!(large < small * 8, "four times the site takes {large:?} instead of {small:?}");
}

//! How long a large site takes: `cargo test --release -p airlift --lib access::tests::large -- --ignored --nocapture`.
#![allow(clippy::disallowed_methods)]

use super::made_up::{MadeUp, binding, id, member, subject};
use super::support::answers;
use crate::access::writer::ClusterRoles;
use crate::access::{Around, Options, read, translate};
use crate::diag::{Findings, render};
use crate::source::File;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
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

/// Writes the export as one file, or as collect.sh does: one for each organization.
fn write(users: usize, folder: &Path, in_parts: bool) {
    let mut whole = site(users).json();
    let put = |name: &str, value: &Value| std::fs::write(folder.join(name), value.to_string()).unwrap();
    if in_parts {
        let Value::Object(orgs) = whole["orgs"].take() else { panic!("no organizations") };
        whole.as_object_mut().unwrap().remove("orgs");
        for (id, org) in orgs {
            put(&format!("org-{id}.json"), &serde_json::json!({"orgs": {id: org}}));
        }
    }
    put("accounts.json", &whole);
}

/// Not a test of its own: a process that does nothing else, so that its memory is the translation's.
#[test]
#[ignore = "started by time_and_memory_grow_with_the_site_and_no_faster"]
fn the_process_to_measure() {
    let Ok(folder) = std::env::var("AIRLIFT_TEST_DIR") else { return };
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let texts = names.iter().map(|path| (path, std::fs::read_to_string(path).unwrap()));
    let files: Vec<File> = texts.map(|(path, text)| File::new(path.to_string_lossy(), text)).collect();
    let size: usize = files.iter().map(|file| file.text().len()).sum();
    let (mut findings, start, before) = (Findings::new(), spent(), peak());
    let read = read::read(files, &mut findings);
    let export = read.export.expect("an export");
    let (reading, after_reading) = (spent() - start, peak());
    let options = Options { answers: answers(&[("access.passwords", "reset")]), ..Options::default() };
    let translation = translate(&export, &options, &Around::default(), &ClusterRoles, &mut findings);
    let bytes: usize = translation.files().values().map(String::len).sum();
    // Every finding shows its line, and MKE 3 sends all in one.
    let said: usize = findings.iter().map(|finding| render(finding, false).len()).sum();
    assert!(said < 100_000, "{said} bytes of messages");
    println!(
        "{} things, {} MiB of export, {} MiB of files: reading {reading:.1?}, all {:.1?}; memory {before} -> {after_reading} -> {} MiB",
        translation.account.things.len(),
        size >> 20,
        bytes >> 20,
        spent() - start,
        peak()
    );
    println!("measured {} {}", (spent() - start).as_millis(), peak());
}

/// Milliseconds and MiB.
fn measure(users: usize, in_parts: bool) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    write(users, folder.path(), in_parts);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "access::tests::large::the_process_to_measure", "--ignored", "--nocapture"])
        .env("AIRLIFT_TEST_DIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find(|line| line.contains(" things, ")).unwrap_or_else(|| panic!("{said}"));
    println!("{users} users, {}: {line}", if in_parts { "in parts" } else { "in one file" });
    let numbers = said.lines().find_map(|line| line.strip_prefix("measured ")).unwrap();
    let (time, memory) = numbers.split_once(' ').unwrap();
    (time.parse().unwrap(), memory.parse().unwrap())
}

#[test]
#[ignore = "takes a minute; .ci/long"]
fn time_and_memory_grow_with_the_site_and_no_faster() {
    for in_parts in [true, false] {
        let small = measure(10_000, in_parts);
        measure(50_000, in_parts);
        let large = measure(100_000, in_parts);
        // Ten times the site. Sorting makes it a little more than ten times the time.
        assert!(large.0 < small.0 * 16, "{small:?} {large:?} milliseconds and MiB");
        assert!(large.1 < small.1 * 12, "{small:?} {large:?} milliseconds and MiB");
    }
}

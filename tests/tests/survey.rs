//! From a node to the compiler: what `airlift-node survey` prints is what `airlift check` reads, and stock age opens
//! what is sealed to the node.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

use std::fs;
use std::path::Path;

use airlift_tests::{Bench, Done, airlift, binary, plain, root, stock};

fn survey(folder: &Path, args: &[&str]) -> Done {
    plain(&binary("airlift-node")).arg("survey").args(args).current_dir(folder).output().unwrap().into()
}

#[test]
fn the_compiler_reads_what_a_node_says() {
    let bench = Bench::new("examples/acme");
    let before = airlift(&["check", &bench.text("site")]);
    fs::create_dir(bench.path("site/survey")).unwrap();
    let made = root().join("tests/fixtures/survey/manager.json");
    fs::copy(made, bench.path("site/survey/mgr1.json")).unwrap();
    let after = airlift(&["check", &bench.text("site")]);
    assert_eq!((after.code, &after.out), (before.code, &before.out), "{}", after.err);
    // what it could not see is told, and nothing else is
    let told: Vec<&str> = after.err.split("\n\n").filter(|part| part.contains("survey/mgr1.json")).collect();
    assert!(matches!(told[..], [note] if note.starts_with("note[S062]")), "{}", after.err);
    // what the survey says counts: another name in it is a finding there
    let text = fs::read_to_string(bench.path("site/survey/mgr1.json")).unwrap();
    assert!(text.contains("\"value\": \"mgr1\""));
    fs::write(
        bench.path("site/survey/mgr1.json"),
        text.replace("\"value\": \"mgr1\"", "\"value\": \"another\""),
    )
    .unwrap();
    let other = airlift(&["check", &bench.text("site")]);
    assert!(other.err.contains("survey/mgr1.json"), "{}", other.err);
}

#[test]
fn a_survey_of_this_machine_has_the_form_that_the_compiler_wants() {
    let bench = Bench::new("examples/acme");
    let folder = tempfile::tempdir().unwrap();
    let done = survey(folder.path(), &["--key", "age.key"]);
    assert_eq!(done.code, 0, "{}", done.err);
    fs::create_dir(bench.path("site/survey")).unwrap();
    fs::write(bench.path("site/survey/this.json"), &done.out).unwrap();
    let check = airlift(&["check", &bench.text("site")]);
    // this machine is no node of the site, which is the only thing to say about it
    let errors: Vec<&str> = check.err.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(errors, ["error[S052]: survey/this.json is of a machine that is not in hosts.yaml"]);
    assert!(!check.err.contains("its format is in"), "{}", check.err);
}

#[test]
fn stock_age_seals_to_the_node_and_opens_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let done = survey(at, &["--key", "age.key"]);
    let facts: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let recipient = facts["keys"]["age_recipient"].as_str().unwrap();
    fs::write(at.join("plain"), "a token\n").unwrap();
    let sealed = stock(at, "age", &["-r", recipient, "-o", "sealed", "plain"]);
    assert_eq!(sealed.code, 0, "{}", sealed.err);
    let opened = stock(at, "age", &["-d", "-i", "age.key", "sealed"]);
    assert_eq!((opened.code, opened.out.as_str()), (0, "a token\n"), "{}", opened.err);
    let public = stock(at, "age-keygen", &["-y", "age.key"]);
    assert_eq!(public.out.trim(), recipient);
}

/// The run is killed at every call that changes something, and the next run must have one whole key; a key that was
/// there, or that was told, stays.
#[test]
fn a_kill_at_any_moment_leaves_a_whole_key_or_none() {
    let mut fired = 0;
    for call in ["mkdir", "write", "fsync", "linkat", "link", "unlink"] {
        for when in 1..=4 {
            let folder = tempfile::tempdir().unwrap();
            let at = folder.path();
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let node = binary("airlift-node").to_string_lossy().into_owned();
            let args = ["-o", "trace", "-e", &inject, &node, "survey", "--key", "lib/airlift/age.key"];
            let killed = stock(at, "strace", &args);
            if killed.code == 0 {
                break;
            }
            assert!(
                fs::read_to_string(at.join("trace")).unwrap().contains("killed by SIGKILL"),
                "{}",
                killed.err
            );
            fired += 1;
            let left = fs::read(at.join("lib/airlift/age.key")).ok();
            let next = survey(at, &["--key", "lib/airlift/age.key"]);
            assert_eq!(next.code, 0, "{}", next.err);
            let facts: serde_json::Value = serde_json::from_str(&next.out).unwrap();
            let recipient = facts["keys"]["age_recipient"].as_str().unwrap();
            assert!(
                killed.out.is_empty() || killed.out.contains(recipient),
                "{call} {when}: another key was told"
            );
            let key = fs::read(at.join("lib/airlift/age.key")).unwrap();
            assert!(left.is_none_or(|left| left == key), "{call} {when}: the key was overwritten");
            let public = stock(at, "age-keygen", &["-y", "lib/airlift/age.key"]);
            assert_eq!(public.out.trim(), recipient);
            let names: Vec<_> =
                fs::read_dir(at.join("lib/airlift")).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(names, ["age.key"], "{call} {when}");
        }
    }
    println!("killed at {fired} calls");
    assert!(fired >= 10, "only {fired}");
}

#[test]
fn without_the_key_no_call_changes_anything() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let node = binary("airlift-node").to_string_lossy().into_owned();
    let changes = "mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,truncate,\
                   ftruncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,mknod,mknodat,utimensat,setxattr,\
                   fsetxattr,mount,fallocate,creat";
    let calls = format!("trace=open,openat,getrandom,{changes}");
    let trace = |args: &[&str]| {
        let strace = ["-f", "-o", "trace", "-e", &calls, &node, "survey", "--key", "age.key"];
        let done = stock(at, "strace", &[&strace, args].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        let trace = fs::read_to_string(at.join("trace")).unwrap();
        let opened = |line: &&str| ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| line.contains(flag));
        let named = |line: &&str| changes.split(',').any(|call| line.contains(&format!(" {}(", call.trim())));
        let changing =
            trace.lines().filter(|line| named(line) || (opened(line) && !line.contains("\"/dev/null\"")));
        let changing: Vec<String> = changing.map(str::to_owned).collect();
        (changing, trace)
    };
    let (changing, _) = trace(&["--no-key"]);
    assert_eq!(changing, [""; 0]);
    let (changing, trace) = trace(&[]);
    assert!(
        changing.iter().any(|line| line.contains("link")),
        "the trace shows what it should: {changing:?}"
    );
    assert!(changing.iter().all(|line| line.contains("age.key")), "{changing:?}");
    assert!(
        trace.lines().any(|line| line.contains("getrandom(") && line.ends_with(", 32, 0) = 32")),
        "{trace}"
    );
}

//! `rebuild --check`: anyone with the site directory can prove what a set is, without its key or a secret.
#![allow(clippy::disallowed_methods)] // the tests' own files may be half written

use airlift_tests::payload::{self, IMAGES, K0S};
use airlift_tests::{Bench, Done, airlift, answer, binary, copy, files};
use std::process::Command;

fn bench() -> Bench {
    let bench = Bench::new("examples/acme");
    payload::add(
        &bench.path("site"),
        &payload::k0s(K0S, 2_500_000),
        &payload::images(&IMAGES, "linux/amd64", 50_000),
    );
    bench.edit("mke3.toml", "example-reader-password", "Canary-77ab-Pass");
    payload::write(&bench.path("site/registry/login.yaml"), b"username: robot\npassword: Canary-88cd-Pass\n");
    let close =
        Command::new("chmod").args(["600", &bench.text("site/registry/login.yaml")]).status().unwrap();
    assert!(close.success());
    bench.edit("site.yaml", "  chart:\n", "    credentials_file: registry/login.yaml\n  chart:\n");
    let done = bench.compile("set", &["--chunk-size", "1048576"]);
    assert_eq!(done.code, 0, "{}", done.err);
    bench
}

fn rebuild(bench: &Bench, more: &[&str]) -> Done {
    let (set, site) = (bench.text("set"), bench.text("site"));
    let mut args = vec!["rebuild", "--check", &set, &site, "--chunk-size", "1048576"];
    args.extend(more);
    airlift(&args)
}

#[test]
fn elsewhere_by_another_user_at_another_time_without_key_and_secrets_it_is_the_same_set() {
    let bench = bench();
    let mke4 = String::from_utf8(files(&bench.path("set"))["mke4.yaml"].clone()).unwrap();
    let slot =
        mke4.lines().find(|l| l.contains("bindPW")).and_then(|l| l.split('\'').nth(1)).unwrap().to_owned();
    bench.edit("mke3.toml", "Canary-77ab-Pass", &slot);
    bench.edit("registry/login.yaml", "Canary-88cd-Pass", "airlift-secret(registry/login.yaml)");
    let other = tempfile::tempdir().unwrap();
    copy(&bench.path("site"), &other.path().join("a place/site"));
    copy(&bench.path("set"), &other.path().join("set"));
    std::fs::remove_file(other.path().join("a place/site/issued.json")).unwrap();
    std::fs::copy(bench.path("author.pub"), other.path().join("author.pub")).unwrap();
    std::fs::copy(binary("airlift"), other.path().join("airlift")).unwrap();
    let script = "chown -R nobody . && chmod 600 'a place/site/registry/login.yaml' && umask 0077 && \
        exec setpriv --reuid=nobody --regid=nogroup --clear-groups faketime '2029-03-04 05:06:07' \
        ./airlift rebuild --check set 'a place/site' --chunk-size 1048576 --public-key author.pub";
    let before = files(other.path());
    let done: Done = Command::new("sh")
        .args(["-c", script])
        .current_dir(other.path())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", other.path())
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Kiritimati")
        .output()
        .unwrap()
        .into();
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("its signatures hold"), "{}", done.out);
    assert!(before == files(other.path()), "something was written");
}

#[test]
fn a_changed_byte_in_any_file_of_the_set_is_found_and_named() {
    let bench = bench();
    let key = bench.text("author.pub");
    let good = rebuild(&bench, &["--public-key", &key]);
    assert_eq!(good.code, 0, "{}", good.err);
    let all = files(&bench.path("set"));
    assert!(all.len() > 20, "{:?}", all.keys());
    for (name, bytes) in &all {
        let path = bench.path("set").join(name);
        let mut changed = bytes.clone();
        let at = bytes.len() / 2;
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let found = rebuild(&bench, &["--public-key", &key]);
        assert_eq!(found.code, 6, "{name}: {}{}", found.out, found.err);
        assert!(found.err.contains(name.as_str()), "{name} is not named: {}", found.err);
        if !name.ends_with(".minisig") {
            assert!(
                found.err.contains(&format!("{name} differs from byte {at} on")),
                "{name}: {}",
                found.err
            );
            // Without any key too.
            assert_eq!(rebuild(&bench, &[]).code, 6, "{name}");
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(rebuild(&bench, &["--public-key", &key]).code, 0);
}

#[test]
fn missing_and_surplus_files_and_another_input_are_named() {
    let bench = bench();
    std::fs::remove_file(bench.path("set/nodes/wrk1.tar.zst")).unwrap();
    std::fs::write(bench.path("set/notes.txt"), "x").unwrap();
    let found = rebuild(&bench, &["--format", "json"]);
    assert_eq!(found.code, 6, "{}", found.err);
    let answer = answer(&found, "rebuild");
    for (code, words) in [("O111", "nodes/wrk1.tar.zst is not in the set"), ("O112", "notes.txt")] {
        let mut problems = answer["problems"].as_array().unwrap().iter();
        let named =
            |p: &serde_json::Value| p["code"] == code && p["message"].as_str().unwrap().contains(words);
        assert!(problems.any(named), "{code}: {}", found.out);
    }
    // What the compiler makes of the site has an id, whatever lies there.
    assert!(answer["result"]["plan_id"].is_string() && answer["result"]["signatures_checked"] == false);

    let bench = self::bench();
    bench.edit("mke3.toml", "kubelet_max_pods = 150", "kubelet_max_pods = 151");
    let found = rebuild(&bench, &[]);
    assert_eq!(found.code, 6, "{}", found.err);
    assert!(found.err.contains("first at `spec.kubelet.maxPods`"), "{}", found.err);
    assert!(found.err.contains("its entry "), "{}", found.err);
    // The next reader must see what to do about it, once.
    assert_eq!(found.err.matches("hint:").count(), 1, "{}", found.err);
}

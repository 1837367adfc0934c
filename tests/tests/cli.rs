//! How a person meets the compiler: first steps, wrong inputs, exit codes, nothing half written.

use airlift_tests::{Bench, Done, airlift, answer, files, node, root};

#[test]
fn a_new_site_goes_from_init_to_check() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("lab").to_string_lossy().into_owned();
    let made = airlift(&["init", &site]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.out.contains("site.yaml"), "{}", made.out);
    let again = airlift(&["init", &site]);
    assert_eq!(again.code, 3);
    assert!(again.err.contains("not empty"), "{}", again.err);

    let next = airlift(&["next", &site]);
    assert_eq!(next.code, 0, "{}", next.err);
    assert!(next.out.contains("mke3.toml (needed)") && next.out.contains("config-toml"), "{}", next.out);

    let toml = root().join("tests/fixtures/mke3/small.toml");
    std::fs::copy(toml, folder.path().join("lab/mke3.toml")).unwrap();
    let check = airlift(&["check", &site, "--mke3-airgapped=false", "--external-address", "mke.lab.example"]);
    assert!(matches!(check.code, 0 | 3 | 5), "{}", check.err);
    assert!(check.out.contains("Supported ("), "{}{}", check.out, check.err);
}

#[test]
fn the_example_compiles_for_every_contract_that_takes_its_source() {
    for (serial, contract) in ["v4.0.0", "v4.1.0", "v4.1.2", "v4.1.5"].into_iter().enumerate() {
        let bench = Bench::new("examples/acme");
        bench.edit("site.yaml", "serial: 1", &format!("serial: {}", serial + 1));
        if matches!(contract, "v4.0.0" | "v4.1.0") {
            // These releases know no CA of a registry.
            bench.edit("site.yaml", "    ca_file: registry/ca.pem\n", "");
            bench.edit("site.yaml", "    ca_file: registry/ca.pem\n", "");
        }
        let done = bench.compile("set", &["--target", contract]);
        assert_eq!(done.code, 0, "{contract}: {}", done.err);
        let set = files(&bench.path("set"));
        for name in [
            "plan.json",
            "set.json",
            "set.json.minisig",
            "SHA256SUMS",
            "mke4.yaml",
            "k0sctl.yaml",
            "ledger.json",
        ] {
            assert!(set.contains_key(name), "{contract}: no {name}");
        }
        let key = bench.text("author.pub");
        let checked = node(&["verify", &bench.text("set"), "--public-key", &key]);
        assert_eq!(checked.code, 0, "{}", checked.err);
        let checked = airlift(&["verify", &bench.text("set"), "--public-key", &key]);
        assert_eq!(checked.code, 0, "{}", checked.err);
    }
}

#[test]
fn a_release_that_does_not_take_the_source_is_refused_by_name() {
    for (target, code, words) in [
        ("v4.2.1", 3, "too little is known of it"),
        ("v4.9.9", 3, "no contract for v4.9.9"),
        ("latest", 3, "latest"),
    ] {
        let bench = Bench::new("examples/acme");
        let done = bench.compile("set", &["--target", target]);
        assert!(done.code == code || done.code == 4, "{target}: {} {}", done.code, done.err);
        assert!(done.err.contains(words), "{target}: {}", done.err);
        assert!(!bench.path("set").exists());
    }
    let bench = Bench::new("examples/acme");
    let done = bench.compile("set", &["--mke3-version", "3.7.14"]);
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(done.err.contains("3.7.15"), "{}", done.err);
}

#[test]
fn every_blocker_of_an_unsupported_cluster_comes_in_one_run_with_its_place() {
    let toml = root().join("tests/fixtures/mke3/unsupported.toml").to_string_lossy().into_owned();
    let done = airlift(&["check", "--mke3-config-path", &toml]);
    assert_ne!(done.code, 0);
    assert!(
        done.err.contains(
            "unsupported configuration for mke4 upgrade: mke3 cluster is using etcdv3 and not kdd backend for calico"
        ),
        "{}",
        done.err
    );
    let blockers: Vec<&str> = done.err.lines().filter(|line| line.starts_with("blocker")).collect();
    assert!(blockers.len() >= 5, "{blockers:?}");
    for (code, key) in [
        ("T101", "calico_kdd"),
        ("T102", "kube_proxy_mode"),
        ("T103", "calico_ebpf_enabled"),
        ("T105", "swarm_only"),
    ] {
        assert!(blockers.iter().any(|line| line.contains(code)), "no {code}: {blockers:?}");
        let text = std::fs::read_to_string(&toml).unwrap();
        let line = text.lines().position(|l| l.trim_start().starts_with(&format!("{key} ="))).unwrap() + 1;
        assert!(done.err.contains(&format!("unsupported.toml:{line}:")), "{key} is not shown at line {line}");
    }
    for line in done.err.lines().filter(|l| l.trim_start().starts_with("--> ")) {
        let place: Vec<&str> = line.rsplit("--> ").next().unwrap_or_default().rsplit(':').collect();
        assert!(
            place.len() >= 3 && place[0].parse::<u32>().is_ok() && place[1].parse::<u32>().is_ok(),
            "{line}"
        );
    }
}

#[test]
fn no_secret_of_an_input_is_in_the_clear_anywhere() {
    let bench = Bench::new("examples/acme");
    let secret = "Canary-5f2c-Pass";
    bench.edit("mke3.toml", "example-reader-password", secret);
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let explained = airlift(&["explain", "mke3.toml:auth.ldap", &bench.text("site")]);
    let checked = airlift(&["check", &bench.text("site"), "--format", "json"]);
    for text in [&done.out, &done.err, &explained.out, &explained.err, &checked.out, &checked.err] {
        assert!(!text.contains(secret));
    }
    for (name, bytes) in files(&bench.path("set")) {
        let bytes = if name.ends_with(".zst") {
            let path = bench.path("set").join(&name).to_string_lossy().into_owned();
            airlift_tests::stock(&bench.path("set"), "zstd", &["-dc", &path]).out.into_bytes()
        } else {
            bytes
        };
        assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{name}");
    }
    // And it is there, as a slot.
    let mke4 = String::from_utf8(files(&bench.path("set"))["mke4.yaml"].clone()).unwrap();
    assert!(mke4.contains("bindPW: 'airlift-secret("), "{mke4}");
}

#[test]
fn a_blanked_site_gives_the_same_set() {
    let bench = Bench::new("examples/acme");
    assert_eq!(bench.compile("with", &[]).code, 0);
    let mke4 = String::from_utf8(files(&bench.path("with"))["mke4.yaml"].clone()).unwrap();
    let line = mke4.lines().find(|l| l.contains("bindPW")).unwrap();
    let slot = line.split('\'').nth(1).unwrap();
    bench.edit("mke3.toml", "example-reader-password", slot);
    let done = bench.compile("without", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(files(&bench.path("with")), files(&bench.path("without")));
}

#[test]
fn a_serial_is_used_once() {
    let bench = Bench::new("examples/acme");
    assert_eq!(bench.compile("set", &[]).code, 0);
    let before = files(&bench.path("set"));
    let same = bench.compile("set", &[]);
    assert_eq!(same.code, 0, "{}", same.err);
    assert!(same.err.contains("there already"), "{}", same.err);
    bench.edit("mke3.toml", "kubelet_max_pods = 150", "kubelet_max_pods = 151");
    for more in [&[][..], &["--force"]] {
        for out in ["set", "elsewhere"] {
            let refused = bench.compile(out, more);
            assert_eq!(refused.code, 3, "{}", refused.err);
            assert!(refused.err.contains("raise `serial`"), "{}", refused.err);
        }
    }
    assert!(!bench.path("elsewhere").exists());
    assert_eq!(before, files(&bench.path("set")));
    bench.edit("site.yaml", "serial: 1", "serial: 2");
    assert_eq!(bench.compile("set", &[]).code, 1, "a set that stands there is not replaced unasked");
    assert_eq!(bench.compile("set", &["--force"]).code, 0);
}

#[test]
fn wrong_inputs_write_nothing_and_name_the_place() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("mke3.toml", "kubelet_max_pods = 150", "kubelet_max_podz = 150", "kubelet_max_pods"),
        ("mke3.toml", "kubelet_max_pods = 150", "kubelet_max_pods = \"150\"", "mke3.toml:"),
        (
            "mke3.toml",
            "kubelet_max_pods = 150",
            "kubelet_max_pods = 150\n  kubelet_max_pods = 151",
            "duplicate key",
        ),
        ("mke3.toml", "pod_cidr = \"172.24.0.0/16\"", "pod_cidr = \"10.96.0.0/16\"", "overlap"),
        (
            "mke3.toml",
            "pod_cidr = \"172.24.0.0/16\"",
            "pod_cidr = \"10.20.0.0/16\"",
            "overlaps the pod network",
        ),
        (
            "site.yaml",
            "url: registry.acme.example:5000/mke",
            "url: https://registry.acme.example:5000/mke",
            "https://",
        ),
        (
            "site.yaml",
            "url: oci://registry.acme.example:5000/mke",
            "url: registry.acme.example:5000/mke",
            "oci://",
        ),
        (
            "site.yaml",
            "url: registry.acme.example:5000/mke",
            "url: registry.acme.example:5000/mke/",
            "site.yaml:",
        ),
        (
            "site.yaml",
            "external_address: mke.acme.example",
            "external_address: 10.20.1.11",
            "is that of the node",
        ),
        (
            "site.yaml",
            "external_address: mke.acme.example",
            "external_adress: mke.acme.example",
            "external_address",
        ),
        ("hosts.yaml", "hostname: mgr2", "hostname: mgr1", "mgr1"),
        ("hosts.yaml", "role: manager", "role: worker", "odd number"),
        ("hosts.yaml", "privateAddress: 10.20.1.12", "privateAddress: 10.20.1.11", "10.20.1.11"),
        ("site.yaml", "decisions: {}", "decisions: {no.such.question: yes}", "site.yaml:"),
    ];
    for (file, from, to, words) in cases {
        let bench = Bench::new("examples/acme");
        bench.edit(file, from, to);
        let done = bench.compile("set", &[]);
        assert!(matches!(done.code, 3 | 4), "{to}: {} {}", done.code, done.err);
        assert!(done.err.contains(words), "{to}: {}", done.err);
        assert!(done.err.contains(&format!("{file}:")), "{to}: {}", done.err);
        assert!(!bench.path("set").exists() && !bench.path("site/issued.json").exists(), "{to}");
    }
}

#[test]
fn all_problems_of_all_files_come_in_one_run() {
    let bench = Bench::new("examples/acme");
    bench.edit("mke3.toml", "kubelet_max_pods = 150", "kubelet_max_podz = 150");
    bench.edit("site.yaml", "url: oci://registry", "url: registry");
    bench.edit("hosts.yaml", "privateAddress: 10.20.1.22", "privateAddress: nowhere");
    let done = bench.compile("set", &["--key", "/nonexistent"]);
    let done = if done.code == 2 { bench.compile("set", &[]) } else { done };
    for file in ["mke3.toml:", "site.yaml:", "hosts.yaml:"] {
        assert!(done.err.contains(file), "{file}: {}", done.err);
    }
}

#[test]
fn explain_answers_in_both_directions() {
    let bench = Bench::new("examples/acme");
    let site = bench.text("site");
    let key = airlift(&["explain", "mke3.toml:cluster_config.pod_cidr", &site]);
    assert_eq!(key.code, 0, "{}", key.err);
    assert!(key.out.contains("-> mke4.yaml:spec.network.providers[0].extraConfig.cidrV4"), "{}", key.out);
    let value = airlift(&["explain", "mke4.yaml:spec.network.serviceCIDR", &site]);
    assert!(value.out.contains("<- mke3.toml:cluster_config.service_cluster_ip_range"), "{}", value.out);
    let unknown = airlift(&["explain", "mke3.toml:cluster_config.pod_cidrs", &site]);
    assert_ne!(unknown.code, 0);
    assert!(unknown.err.contains("pod_cidr"), "{}", unknown.err);
}

#[test]
fn convert_writes_mke4_yaml_and_nothing_else_to_standard_output() {
    let toml = root().join("tests/fixtures/mke3/small.toml").to_string_lossy().into_owned();
    let done = airlift(&["convert", &toml, "--external-address", "mke.example", "--target", "v4.1.2"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.starts_with("apiVersion: mke.mirantis.com/v1alpha1\n"), "{}", done.out);
    assert!(done.out.contains("externalAddress: mke.example"), "{}", done.out);
}

#[test]
fn a_key_file_that_others_can_read_signs_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new("examples/acme");
    std::fs::set_permissions(bench.path("author.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("can be read by others") && done.err.contains("chmod 600"), "{}", done.err);
    assert!(!bench.path("set").exists());
}

#[test]
fn help_and_manual_know_every_verb_and_exit_code() {
    let help = airlift(&["--help"]);
    for verb in [
        "init",
        "next",
        "compile",
        "secrets",
        "check",
        "convert",
        "explain",
        "contracts",
        "keys",
        "keygen",
        "verify",
        "carry",
        "rebuild",
        "inspect",
        "completions",
        "man",
    ] {
        assert!(help.out.contains(&format!("  {verb} ")), "--help lacks {verb}");
        let page = airlift(&[verb, "--help"]);
        assert_eq!(page.code, 0, "{verb}");
    }
    let manual = airlift(&["man"]);
    assert!(manual.out.contains("EXIT STATUS"), "{}", manual.out);
    for shell in ["bash", "zsh", "fish"] {
        assert!(airlift(&["completions", shell]).out.contains("airlift"));
    }
}

#[test]
fn keys_lists_every_key_with_its_fate() {
    let done = airlift(&["keys", "--format", "json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let rows = answer(&done, "keys")["result"].as_array().unwrap().clone();
    assert!(rows.len() >= 300, "{}", rows.len());
    let fates = [
        "copied",
        "renamed",
        "converted",
        "split",
        "merged",
        "moved",
        "default",
        "dropped",
        "decision-needed",
        "blocked",
    ];
    for row in rows {
        assert!(row["fate"].as_str().is_some_and(|fate| fates.contains(&fate)), "{row}");
    }
}

#[test]
fn every_verb_answers_programs_in_one_shape_whether_it_works_or_not() {
    let bench = Bench::new("examples/acme");
    assert_eq!(bench.compile("set", &[]).code, 0);
    let [site, set, key, public, bundle] =
        ["site", "set", "author.key", "author.pub", "set/nodes/mgr1.tar.zst"].map(|name| bench.text(name));
    let [fresh, stem, missing, copy] = ["fresh", "other", "missing", "copy"].map(|name| bench.text(name));
    let (small, bad) =
        (root().join("tests/fixtures/mke3/small.toml"), root().join("tests/fixtures/mke3/unsupported.toml"));
    let [small, bad] = [small, bad].map(|path| path.to_string_lossy().into_owned());
    let external = ["--external-address", "mke.example"];
    for (verb, args, code) in [
        ("init", vec![fresh.as_str()], 0),
        ("init", vec![site.as_str()], 3),
        ("next", vec![site.as_str()], 0),
        ("next", vec![missing.as_str()], 1),
        ("compile", vec![site.as_str(), "--key", &key, "--out", &set], 0),
        ("compile", vec![site.as_str(), "--key", &key, "--out", &set, "--target", "v4.9.9"], 3),
        ("compile", vec![site.as_str(), "--key", &missing, "--out", &set], 1),
        ("compile", vec![missing.as_str(), "--key", &key], 1),
        ("check", vec![site.as_str()], 0),
        ("check", vec!["--mke3-config-path", &bad], 3),
        ("check", vec!["--mke3-config-path", &missing], 1),
        ("convert", [&[small.as_str()], &external[..]].concat(), 0),
        ("convert", vec![bad.as_str()], 3),
        ("explain", vec!["mke3.toml:cluster_config.pod_cidr", &site], 0),
        ("explain", vec!["mke3.toml:cluster_config.pod_cidrs", &site], 3),
        ("contracts", vec![], 0),
        ("keys", vec!["pod_cidr"], 0),
        ("keys", vec!["--target", "v9"], 2),
        ("keygen", vec!["--no-password", &stem], 0),
        ("keygen", vec!["--no-password", &stem], 1),
        ("keygen", vec![&missing], 2),
        ("verify", vec![set.as_str(), "--public-key", &public], 0),
        ("verify", vec![set.as_str(), "--public-key", &key], 2),
        ("verify", vec![site.as_str(), "--public-key", &public], 2),
        ("carry", vec![set.as_str(), &copy, "--public-key", &public], 0),
        ("carry", vec![site.as_str(), &copy], 6),
        ("carry", vec![set.as_str(), &public], 1),
        ("rebuild", vec!["--check", &set, &site, "--public-key", &public], 0),
        ("rebuild", vec!["--check", &set, &site, "--target", "v4.9.9"], 3),
        ("rebuild", vec!["--check", &missing, &site], 1),
        ("inspect", vec![bundle.as_str()], 0),
        ("inspect", vec![public.as_str()], 6),
    ] {
        let done = airlift(&[&[verb], args.as_slice(), &["--format", "json"]].concat());
        let answer = answer(&done, verb);
        assert_eq!(done.code == 0, code == 0, "{verb} {args:?}: {} {}", done.code, done.err);
        // What was found is a result even where it stops a compile.
        assert!(code != 0 || !answer["result"].is_null(), "{verb} {args:?}");
        assert!(
            code == 0 || answer["result"].is_null() || matches!(verb, "explain" | "check"),
            "{verb} {args:?}"
        );
        let told = |field: &str| !answer[field].as_array().unwrap().is_empty();
        assert!(code == 0 || told("findings") || told("problems"), "{verb} {args:?} fails without a word");
    }
    // Findings stand there whichever way it ends.
    let done = airlift(&["check", "--mke3-config-path", &bad, "--format", "json"]);
    let answer = answer(&done, "check");
    assert!(
        answer["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["code"] == "T101" && f["place"]["line"].is_u64())
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is a test's own")]
fn what_is_no_set_and_no_public_key_is_called_by_its_name() {
    let bench = Bench::new("examples/acme");
    assert_eq!(bench.compile("set", &[]).code, 0);
    let [site, set, key, public] = ["site", "set", "author.key", "author.pub"].map(|name| bench.text(name));
    for (set, key, words) in [
        (&set, &key, "is a secret key"),
        (&site, &public, "is a site directory"),
        (&public, &public, "is a file, not a set"),
    ] {
        let done = airlift(&["verify", set, "--public-key", key]);
        assert!(done.code == 2 && done.err.contains(words) && done.err.contains("hint: "), "{}", done.err);
    }
    let signature = bench.path("set/set.json.minisig");
    let text = std::fs::read_to_string(&signature).unwrap();
    std::fs::write(&signature, text.replace('\n', "\r\n")).unwrap();
    let done = airlift(&["verify", &set, "--public-key", &public]);
    assert!(done.code == 6 && done.err.contains("CRLF"), "{}", done.err);
}

#[test]
fn an_error_tells_its_cause_once() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("missing/author").to_string_lossy().into_owned();
    let done = airlift(&["keygen", "--no-password", &stem]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert_eq!(done.err.matches("No such file or directory").count(), 1, "{}", done.err);
}

/// `airlift` at a terminal.
fn at_terminal(args: &[&str], answers: &[&str]) -> Done {
    let program = airlift_tests::binary("airlift").to_string_lossy().into_owned();
    let line: Vec<&str> = std::iter::once(program.as_str()).chain(args.iter().copied()).collect();
    airlift_tests::at_terminal(&line, answers)
}

#[test]
fn at_a_terminal_a_password_is_asked_for_and_not_shown() {
    let bench = Bench::new("examples/acme");
    let [stem, key, site, set] = ["typed", "typed.key", "site", "typed-set"].map(|name| bench.text(name));
    let differ = at_terminal(&["keygen", &stem], &["first one", "other one"]);
    assert!(differ.code == 1 && differ.out.contains("differ"), "{}", differ.out);
    assert!(!bench.path("typed.key").exists());
    let made = at_terminal(&["keygen", &stem], &["correct horse", "correct horse"]);
    assert!(made.code == 0 && made.out.contains("fingerprint"), "{}", made.out);
    let compile = ["compile", &site, "--key", &key, "--out", &set];
    let wrong = at_terminal(&compile, &["wrong horse"]);
    assert!(wrong.code == 3 && wrong.out.contains("does not open"), "{}", wrong.out);
    let done = at_terminal(&compile, &["correct horse"]);
    assert!(done.code == 0 && bench.path("typed-set/set.json").exists(), "{}", done.out);
    for shown in [&made, &wrong, &done] {
        assert!(!shown.out.contains("horse"), "{}", shown.out);
    }
    // Nobody to ask: the message says how to give it.
    let done = airlift(&compile);
    assert!(done.code == 3 && done.err.contains("--key-password-file"), "{}", done.err);
}

#[test]
fn small_and_enterprise_sites_compile() {
    for name in ["small", "enterprise"] {
        let bench = Bench::new(&format!("tests/fixtures/sites/{name}"));
        let toml = root().join(format!("tests/fixtures/mke3/{name}.toml"));
        std::fs::copy(toml, bench.path("site/mke3.toml")).unwrap();
        let done = bench.compile("set", &[]);
        assert_eq!(done.code, 0, "{name}: {}", done.err);
        let checked = airlift(&["verify", &bench.text("set"), "--public-key", &bench.text("author.pub")]);
        assert_eq!(checked.code, 0, "{}", checked.err);
    }
}

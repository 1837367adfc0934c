//! Secrets from beginning to end: made, kept, sealed, compiled. None is in the clear anywhere, each opens where it should.
#![allow(clippy::disallowed_methods)]

use airlift_tests::canary::Detector;
use airlift_tests::vault::{PASSPHRASE, Vault, parts_of, small, unpacked};
use airlift_tests::{Done, answer, binary, files, root, stock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[test]
fn no_secret_is_in_the_clear_in_anything_that_airlift_writes() {
    let canary = |name: &str| format!("Canary\"{name}'\\7 ä%/+&");
    let enterprise = ["ctl-1", "ctl-2", "ctl-3", "ctl-4", "ctl-5", "gpu-1", "batch-1"];
    let vault = Vault::new(
        "tests/fixtures/sites/enterprise",
        Some("tests/fixtures/mke3/enterprise.toml"),
        &enterprise,
    );
    // A canary in every input that holds a secret.
    let toml = |text: &str| serde_json::to_string(text).unwrap();
    let mut canaries: BTreeMap<&str, String> = BTreeMap::new();
    for (key, from) in [
        ("backup_passphrase", "\"fixture-backup-passphrase\""),
        ("emea_password", "\"fixture-emea-password\""),
        ("proxy_password", "\"fixture-proxy-password\""),
        ("scim_token", "token = \"\""),
    ] {
        let text = canary(key);
        let to = if from.starts_with('t') { format!("token = {}", toml(&text)) } else { toml(&text) };
        vault.edit("mke3.toml", from, &to);
        canaries.insert(key, text);
    }
    // One in a URL, which can't hold every character.
    vault.edit("mke3.toml", "http://proxy.prod", "http://mke:Canary-in-URL-5f2c@proxy.prod");
    canaries.insert("proxy_url", "Canary-in-URL-5f2c".to_owned());
    vault.edit("mke3.toml", "reader_password = \"fixture-reader-password\"\n", "");
    vault.edit(
        "site.yaml",
        "decisions:\n",
        "license_file: license.lic\ndecisions:\n  auth.ldap.reader_password: slot\n",
    );
    for (name, registry) in [
        ("image", "    ca_file: registry/ca.pem\n  chart"),
        ("chart", "    ca_file: registry/ca.pem\ngateway"),
    ] {
        let file = format!("    credentials_file: {name}-login\n    ca_file");
        vault.edit("site.yaml", registry, &registry.replacen("    ca_file", &file, 1));
        canaries.insert(if name == "image" { "image_login" } else { "chart_login" }, canary(name));
    }
    let yaml = format!("username: puller\npassword: {}\n", toml(&canaries["image_login"]));
    vault.private("site/image-login", &yaml);
    let docker = BASE64.encode(format!("charter:{}", canaries["chart_login"]));
    vault.private(
        "site/chart-login",
        &format!("{{\"auths\": {{\"registry.prod.example.com\": {{\"auth\": \"{docker}\"}}}}}}"),
    );
    canaries.insert("license", canary("license"));
    vault.private("site/license.lic", &canaries["license"]);
    canaries.insert("given", canary("given"));
    vault.private("given/value", &canaries["given"]);
    canaries.insert("passphrase", PASSPHRASE.to_owned());
    let exact = stock(&vault.path("site"), "sha256sum", &["mke3.toml"]).out[..64].to_owned();
    canaries.insert("exact digest", exact);
    vault.private("site/mke3.toml", &fs::read_to_string(vault.path("site/mke3.toml")).unwrap());

    // Everything that can be asked, as talkative as can be.
    let (site, loud) = (vault.text("site"), ["-l", "trace"]);
    let given = format!("mke4/ldap-reader-password={}", vault.text("given/value"));
    let set = vault.text("set");
    let mut said = vec![
        ("next before", vault.airlift(&["next", &site, "-l", "trace"])),
        ("new", vault.secrets("new", &["--secret", &given, "-l", "trace"])),
        ("new again", vault.secrets("new", &loud)),
        ("renew", vault.secrets("new", &["--renew", "join/gpu-1", "--renew", "pki/ca.key", "-l", "trace"])),
        ("new JSON", vault.secrets("new", &["--format", "json", "-l", "trace"])),
        ("seal", vault.secrets("seal", &loud)),
        ("seal JSON", vault.secrets("seal", &["--format", "json", "-l", "trace"])),
        ("show", vault.secrets("show", &loud)),
        ("show JSON", vault.secrets("show", &["--format", "json", "-l", "trace"])),
        ("check", vault.airlift(&["check", &site, "-l", "trace"])),
        ("check JSON", vault.airlift(&["check", &site, "--format", "json"])),
        ("compile", vault.compile("set", &loud)),
        ("compile JSON", vault.compile("set-json", &["--format", "json", "-l", "trace"])),
        ("next after", vault.airlift(&["next", &site, "--format", "json"])),
        ("explain", vault.airlift(&["explain", "mke3.toml:auth", &site, "-l", "trace"])),
        ("verify", vault.airlift(&["verify", &set, "--public-key", &vault.text("given/author.pub")])),
        ("inspect", vault.airlift(&["inspect", &format!("{set}/nodes/ctl-1.tar.zst")])),
        ("inspect", vault.airlift(&["inspect", &format!("{set}/nodes/ctl-1.tar.zst"), "mke4.yaml"])),
    ];
    for (what, done) in &said {
        assert_eq!(done.code, 0, "{what}: {}", done.err);
    }
    vault.private("given/wrong", "some other passphrase\n");
    let wrong = vault.airlift(&[
        "secrets",
        "show",
        &site,
        "--passphrase-file",
        &vault.text("given/wrong"),
        "-l",
        "trace",
    ]);
    assert_eq!(wrong.code, 3, "{}", wrong.err);
    assert!(wrong.err.contains("hint: ") && wrong.err.contains("airlift secrets destroy"), "{}", wrong.err);
    said.push(("wrong passphrase", wrong));

    // What to look for: the canaries, and everything that was sealed, in whole and in parts.
    let mut detector = Detector::default();
    for (name, text) in &canaries {
        detector.watch(name, text.as_bytes());
    }
    let opened = vault.opened();
    assert!(opened.len() > 35, "{} sealed files", opened.len());
    let mut parts = 0;
    for (name, value) in &opened {
        for (part, bytes) in parts_of(name, value) {
            detector.watch(&format!("{name}, {part}"), &bytes);
            parts += 1;
        }
    }
    assert!(parts > 800, "{parts}");
    // All of the inputs' secrets arrived where they belong.
    let scalar = |name: &str| opened[&format!("ctl-1/{name}")].clone();
    let yaml_text = |text: &str| -> String { serde_json::from_str(text).unwrap() };
    assert_eq!(yaml_text(&scalar("mke4/ldap-reader-password")), canaries["given"]);
    assert_eq!(yaml_text(&scalar("site/license")), canaries["license"]);
    assert_eq!(yaml_text(&scalar("registry/chart-password")), canaries["chart_login"]);
    assert_eq!(yaml_text(&opened["gpu-1/registry/image-password"]), canaries["image_login"]);
    assert_eq!(scalar("drift/mke3.toml"), canaries["exact digest"]);

    // Look everywhere: what was said, sets, bundles, sealed files, the store, folders for temporary files.
    let secret_inputs = ["site/mke3.toml", "site/image-login", "site/chart-login", "site/license.lic"];
    let mut looked = 0;
    for (what, done) in &said {
        for (stream, text) in [("output", &done.out), ("talk", &done.err)] {
            assert_eq!(detector.find(text.as_bytes()), Vec::<&str>::new(), "{what}, {stream}");
        }
    }
    for (name, bytes) in files(vault.folder.path()) {
        if secret_inputs.contains(&name.as_str()) || name.starts_with("keys/") || name.starts_with("given/") {
            continue;
        }
        looked += 1;
        assert_eq!(detector.find(&bytes), Vec::<&str>::new(), "{name}");
        if name.ends_with(".tar.zst") {
            let bytes = unpacked(vault.folder.path(), &name);
            assert_eq!(detector.find(&bytes), Vec::<&str>::new(), "{name}, unpacked");
        }
    }
    assert!(looked > 80, "{looked}");
    assert_eq!(
        fs::read_dir(vault.path("tmp")).unwrap().count(),
        0,
        "nothing is left in the temporary folder"
    );

    // The detector is awake: it finds the same secrets where they are allowed to be, and where they leak on purpose.
    for (name, canary) in
        [("mke3.toml", "backup_passphrase"), ("image-login", "image_login"), ("chart-login", "chart_login")]
    {
        let bytes = fs::read(vault.path("site").join(name)).unwrap();
        assert!(detector.find(&bytes).iter().any(|found| found.starts_with(canary)), "{name}");
    }
    assert_eq!(vault.secrets("seal", &["--plaintext-secrets"]).code, 0);
    let refused = vault.compile("leak", &[]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("S110"), "{}", refused.err);
    vault.edit("site.yaml", "serial: 12", "serial: 13");
    let leak = vault.compile("leak", &["--plaintext-secrets"]);
    assert_eq!(leak.code, 0, "{}", leak.err);
    assert!(leak.err.contains("IN THE CLEAR"), "{}", leak.err);
    let found = |name: &str| detector.find(&unpacked(&vault.path("leak"), name)).join("; ");
    assert!(
        found("nodes/gpu-1.tar.zst").starts_with("batch-1/registry/image-password"),
        "{}",
        found("nodes/gpu-1.tar.zst")
    );
    assert!(found("nodes/ctl-1.tar.zst").contains("chart"), "{}", found("nodes/ctl-1.tar.zst"));
    for unsealed in ["pki", "join", "receipt", "mke3", "mke4", "license"] {
        assert!(!found("nodes/ctl-1.tar.zst").contains(unsealed), "{}", found("nodes/ctl-1.tar.zst"));
    }
    let report = fs::read_to_string(vault.path("leak/report.txt")).unwrap();
    assert!(report.contains("IN THE CLEAR"), "the report says it too");
}

#[test]
fn stock_age_opens_what_was_sealed_with_the_nodes_own_keys_and_no_others() {
    let vault = small().made_and_sealed();
    let opened = vault.opened();
    let names: Vec<&str> = opened.keys().map(String::as_str).collect();
    // lab1 has an age key, lab2 an SSH host key; `opened` used both.
    assert_eq!(
        names,
        [
            "lab1/drift/mke3.toml",
            "lab1/join/tokens.yaml",
            "lab1/pki/ca.key",
            "lab1/pki/etcd/ca.key",
            "lab1/pki/front-proxy-ca.key",
            "lab1/receipt/codes",
            "lab1/receipt/key",
            "lab2/join/token",
            "lab2/receipt/codes",
            "lab2/receipt/key",
        ]
    );
    for (key, file) in [("lab2", "lab1/pki/ca.key.age"), ("lab1", "lab2/join/token.age")] {
        let file = vault.text(&format!("site/sealed/{file}"));
        let done =
            stock(vault.folder.path(), "age", &["-d", "-i", &vault.text(&format!("keys/{key}")), &file]);
        assert_ne!(done.code, 0, "{key} opens {file}");
    }
    // As docs/secrets.md says for an emergency.
    let command = format!(
        "age -d -i {} {} | {{ read -r _ _ _ _ n; head -c \"$n\"; }}",
        vault.text("keys/lab1"),
        vault.text("site/sealed/lab1/pki/ca.key.age")
    );
    let done = stock(vault.folder.path(), "bash", &["-c", &command]);
    assert_eq!(done.out, opened["lab1/pki/ca.key"]);
    // The bundles carry the very same files.
    assert_eq!(vault.compile("set", &[]).code, 0);
    for node in ["lab1", "lab2"] {
        let archive = unpacked(&vault.path("set"), &format!("nodes/{node}.tar.zst"));
        for (name, bytes) in files(&vault.path("site/sealed").join(node)) {
            assert!(archive.windows(bytes.len()).any(|w| w == bytes), "{node}: {name}");
        }
        let other = if node == "lab1" { "lab2" } else { "lab1" };
        let stranger = fs::read(vault.path("site/sealed").join(other).join("receipt/key.age")).unwrap();
        assert!(!archive.windows(stranger.len()).any(|w| w == stranger), "{node} has a file of {other}");
    }
}

#[test]
fn stock_openssl_and_kubectl_accept_authorities_and_join_tokens() {
    let vault = small().made_and_sealed();
    let opened = vault.opened();
    let work = vault.path("home");
    let public: serde_json::Value =
        serde_json::from_slice(&fs::read(vault.path("site/sealed/public.json")).unwrap()).unwrap();
    for (path, subject) in [
        ("pki/ca", "kubernetes-ca"),
        ("pki/etcd/ca", "etcd-ca"),
        ("pki/front-proxy-ca", "kubernetes-front-proxy-ca"),
    ] {
        let pem = public["authorities"][format!("{path}.crt")].as_str().unwrap();
        assert_eq!(
            pem.matches("-----BEGIN").count(),
            1,
            "k0s' signer takes one certificate and nothing else"
        );
        fs::write(work.join("ca.crt"), pem).unwrap();
        fs::write(work.join("ca.key"), &opened[&format!("lab1/{path}.key")]).unwrap();
        let shown = stock(
            &work,
            "openssl",
            &["x509", "-in", "ca.crt", "-noout", "-subject", "-issuer", "-ext", "basicConstraints,keyUsage"],
        );
        assert!(
            shown.out.contains(&format!("subject=CN = {subject}"))
                || shown.out.contains(&format!("subject=CN={subject}")),
            "{}",
            shown.out
        );
        assert!(shown.out.contains("CA:TRUE") && shown.out.contains("Certificate Sign"), "{}", shown.out);
        let nine_years = (9 * 365 * 24 * 3600).to_string();
        assert_eq!(
            stock(&work, "openssl", &["x509", "-in", "ca.crt", "-noout", "-checkend", &nine_years]).code,
            0
        );
        // The key signs what the certificate vouches for, and a node whose clock lags a day takes it.
        for args in [
            "req -newkey rsa:2048 -nodes -keyout leaf.key -subj /O=system:masters/CN=kubernetes-admin -out leaf.csr",
            "x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -days 365 -out leaf.crt",
            "verify -CAfile ca.crt ca.crt",
        ] {
            let done = stock(&work, "openssl", &args.split(' ').collect::<Vec<_>>());
            assert_eq!(done.code, 0, "{args}: {}{}", done.out, done.err);
        }
        let day_ago = stock(&work, "date", &["-d", "1 day ago", "+%s"]).out.trim().to_owned();
        let verify = ["verify", "-attime", &day_ago, "-CAfile", "ca.crt", "ca.crt"];
        assert_eq!(stock(&work, "openssl", &verify).code, 0);
        assert_eq!(stock(&work, "openssl", &["verify", "-CAfile", "ca.crt", "leaf.crt"]).code, 0);
    }
    // A join token is a kubeconfig in base64 of gzip.
    fs::write(work.join("token"), &opened["lab2/join/token"]).unwrap();
    let unpack = stock(&work, "bash", &["-c", "base64 -d token | gzip -dc > kubeconfig"]);
    assert_eq!(unpack.code, 0, "{}", unpack.err);
    let server =
        "{.clusters[?(@.name=='k0s')].cluster.server} {.contexts[*].context.user} {.users[*].user.token}";
    let read = stock(
        &work,
        "kubectl",
        &["--kubeconfig", "kubeconfig", "config", "view", "--raw", "-o", &format!("jsonpath={server}")],
    );
    let words: Vec<&str> = read.out.split(' ').collect();
    assert_eq!(
        words[..2],
        ["https://mke.lab.example.com:6443", "kubelet-bootstrap"],
        "{} {}",
        read.out,
        read.err
    );
    let (id, secret) = words[2].split_once('.').unwrap();
    let manifests = &opened["lab1/join/tokens.yaml"];
    fs::write(work.join("tokens.yaml"), manifests).unwrap();
    let read = "import yaml,json; d=list(yaml.safe_load_all(open('tokens.yaml'))); print(json.dumps([x['stringData'] for x in d]))";
    let read = stock(&work, "python3", &["-c", read]);
    let data: serde_json::Value = serde_json::from_str(&read.out).unwrap();
    assert_eq!(data[0]["token-id"], id);
    assert_eq!(data[0]["token-secret"], secret);
    assert_eq!(data[0]["usage-bootstrap-authentication"], "true");
}

#[test]
fn lengths_in_the_open_do_not_depend_on_secrets() {
    let sizes = |password: &str| -> BTreeMap<String, usize> {
        let nodes = ["mgr1", "mgr2", "mgr3", "wrk1", "wrk2", "wrk3"];
        let vault = Vault::new("examples/acme", None, &nodes);
        vault.edit("mke3.toml", "example-reader-password", password);
        vault.edit(
            "site.yaml",
            "    ca_file: registry/ca.pem\n  chart",
            "    ca_file: registry/ca.pem\n    credentials_file: login\n  chart",
        );
        vault.private("site/login", &format!("username: puller\npassword: {password}\n"));
        let vault = vault.made_and_sealed();
        assert_eq!(vault.opened()["mgr1/mke3/auth.ldap.reader_password"], format!("\"{password}\""));
        let sealed = files(&vault.path("site/sealed"));
        let age = sealed.into_iter().filter(|(name, _)| name.ends_with(".age"));
        // Above the line of dashes is age's own header, to which it adds random grease.
        let payload = |bytes: Vec<u8>| {
            let at = bytes.windows(5).position(|w| w == b"\n--- ").unwrap();
            let end = bytes[at + 1..].iter().position(|b| *b == b'\n').unwrap();
            bytes.len() - (at + end + 2)
        };
        let mut sizes: BTreeMap<String, usize> = age.map(|(name, bytes)| (name, payload(bytes))).collect();
        assert_eq!(vault.compile("set", &[]).code, 0);
        for name in ["mke4.yaml", "report.txt", "ledger.json", "k0sctl.yaml"] {
            sizes.insert(name.to_owned(), fs::read(vault.path("set").join(name)).unwrap().len());
        }
        sizes
    };
    let short = sizes("k7%2fdpw");
    assert!(short.len() > 25);
    assert_eq!(short, sizes(&"a-much-longer-password-".repeat(150)));
}

#[test]
fn a_second_run_keeps_what_is_right_and_seals_anew_what_is_not() {
    let vault = small().made_and_sealed();
    let before = files(&vault.path("site/sealed"));
    let store = fs::read(vault.store()).unwrap();
    let again = vault.secrets("new", &[]);
    assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
    assert!(again.err.contains("nothing was written"), "{}", again.err);
    assert_eq!(fs::read(vault.store()).unwrap(), store, "a store that did not change is not written");
    let sealed = vault.secrets("seal", &[]);
    assert!(sealed.out.contains("0 files sealed, 10 kept"), "{}", sealed.out);
    assert_eq!(files(&vault.path("site/sealed")), before, "the plan would change for nothing");
    let plan = |out: &str| {
        let done = vault.compile(out, &[]);
        assert_eq!(done.code, 0, "{}", done.err);
        fs::read(vault.path(out).join("plan.json")).unwrap()
    };
    let first = plan("one");
    assert_eq!(first, plan("two"));

    // Another key for one node: compile and next say so, and seal writes that node's files alone.
    vault.new_key("lab2", false);
    let stale = vault.compile("three", &[]);
    assert_eq!(stale.code, 3);
    assert!(
        stale.err.contains("S106") && stale.err.contains("lab2 are sealed to another key"),
        "{}",
        stale.err
    );
    let next = vault.airlift(&["next", &vault.text("site")]);
    assert!(next.out.contains("airlift secrets seal") && next.out.contains("needed"), "{}", next.out);
    let sealed = vault.secrets("seal", &[]);
    assert!(sealed.out.contains("3 files sealed, 7 kept"), "{}", sealed.out);
    vault.opened();
    vault.edit("site.yaml", "serial: 1", "serial: 2");
    assert_ne!(first, plan("four"));

    // A file that was touched, taken away, added; a list that was edited.
    let file = vault.path("site/sealed/lab2/receipt/key.age");
    let good = fs::read(&file).unwrap();
    let mut bad = good.clone();
    bad[200] ^= 1;
    for (bytes, code) in [(Some(bad), "S106"), (None, "S107")] {
        match bytes {
            Some(bytes) => fs::write(&file, bytes).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        let done = vault.compile("five", &[]);
        assert!(done.code == 3 && done.err.contains(code), "{code}: {}", done.err);
    }
    assert!(vault.secrets("seal", &[]).out.contains("1 files sealed, 9 kept"));
    fs::create_dir(vault.path("site/sealed/lab9")).unwrap();
    fs::write(vault.path("site/sealed/lab9/pki.age"), "x").unwrap();
    assert!(vault.compile("five", &[]).err.contains("S108"));
    assert!(vault.secrets("seal", &[]).out.contains("10 kept, 1 removed"));
    assert!(!vault.path("site/sealed/lab9").exists());
    vault.edit("sealed/public.json", "https://", "http://");
    assert_eq!(vault.compile("five", &[]).code, 3);
    // Where nodes join is inside their tokens.
    assert_eq!(vault.secrets("seal", &[]).code, 0);
    vault.edit("site.yaml", "mke.lab.example.com", "other.lab.example.com");
    assert!(vault.compile("five", &[]).err.contains("join tokens lead to"));
    assert!(vault.secrets("seal", &[]).out.contains("1 files sealed"));
    assert!(!vault.compile("five", &[]).err.contains("S106"));
}

#[test]
fn a_compile_needs_neither_store_nor_secrets() {
    let vault = small();
    // A password that is in the file where the secrets are made, and a slot where the set is compiled.
    let toml = fs::read_to_string(vault.path("site/mke3.toml")).unwrap();
    assert!(toml.contains("    token = \"\""), "{toml}");
    let with = toml.replace("    token = \"\"", "    token = \"some-secret-token\"");
    fs::write(vault.path("site/mke3.toml"), &with).unwrap();
    let vault = vault.made_and_sealed();
    assert_eq!(vault.compile("one", &[]).code, 0);
    let destroyed = vault.airlift(&["secrets", "destroy", &vault.text("site"), "--yes"]);
    assert_eq!(destroyed.code, 0, "{}", destroyed.err);
    fs::write(
        vault.path("site/mke3.toml"),
        with.replace("some-secret-token", "airlift-secret(mke3/auth.scim.token)"),
    )
    .unwrap();
    let _ = fs::remove_file(vault.path("site/issued.json"));
    let two = vault.compile("two", &[]);
    assert_eq!(two.code, 0, "{}", two.err);
    assert_eq!(files(&vault.path("one")), files(&vault.path("two")), "the same set, byte for byte");
    // Another text is another matter: the exact digest was sealed for the old one.
    vault.edit("mke3.toml", "    token = \"airlift", "    # moved\n    token = \"airlift");
    assert!(vault.compile("three", &[]).err.contains("changed since its exact digest was sealed"));
}

#[test]
fn a_site_without_sealed_files_is_compiled_with_a_warning_and_next_names_the_way() {
    let vault = small();
    let done = vault.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("warning[S100]"), "{}", done.err);
    let next = vault.airlift(&["next", &vault.text("site")]);
    assert!(
        next.out.contains("airlift secrets new") && next.out.contains("sealed/ (useful)"),
        "{}",
        next.out
    );
}

#[test]
fn a_node_without_a_key_is_named_with_the_way_to_one() {
    let vault = small();
    fs::remove_file(vault.path("site/known_hosts")).unwrap();
    assert_eq!(vault.secrets("new", &[]).code, 0);
    let done = vault.secrets("seal", &[]);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("S101") && done.err.contains("no key of lab2 is known"), "{}", done.err);
    assert!(done.err.contains("ssh-keyscan -t ed25519 -p 22 10.1.0.21"), "{}", done.err);
    assert!(!vault.path("site/sealed").exists(), "nothing half sealed");
}

#[test]
fn passphrases_and_stores_are_private_and_never_arguments() {
    let vault = small();
    let site = vault.text("site");
    fs::set_permissions(vault.path("given/passphrase"), Permissions::from_mode(0o640)).unwrap();
    let open = vault.secrets("new", &[]);
    assert!(open.code != 0 && open.err.contains("can be read by others"), "{}", open.err);
    fs::set_permissions(vault.path("given/passphrase"), Permissions::from_mode(0o600)).unwrap();
    vault.private("given/short", "too short\n");
    let short = vault.airlift(&["secrets", "new", &site, "--passphrase-file", &vault.text("given/short")]);
    assert!(short.code == 3 && short.err.contains("shorter than 12"), "{}", short.err);
    assert!(!vault.path("home/.local/share/airlift/small.secrets.age").exists());
    // Without file, variable and terminal there is no passphrase, and it says what to do.
    let none = Command::new("setsid")
        .arg("-w")
        .arg(binary("airlift"))
        .args(["secrets", "new", &site])
        .env("HOME", vault.path("home"))
        .env_remove("AIRLIFT_STORE_PASSPHRASE")
        .output()
        .unwrap();
    let none = Done::from(none);
    assert!(none.code != 0 && none.err.contains("--passphrase-file"), "{}", none.err);
    let from_env = vault
        .command()
        .args(["secrets", "new", &site, "--work-factor", "1"])
        .env("AIRLIFT_STORE_PASSPHRASE", PASSPHRASE)
        .output()
        .unwrap();
    assert!(from_env.status.success(), "{}", String::from_utf8_lossy(&from_env.stderr));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&vault.store()), 0o600);
    assert_eq!(mode(vault.store().parent().unwrap()), 0o700);
    fs::set_permissions(vault.store(), Permissions::from_mode(0o644)).unwrap();
    let shown = vault.secrets("show", &[]);
    assert!(shown.code == 3 && shown.err.contains("chmod 600"), "{}", shown.err);
    let help = vault.airlift(&["secrets", "new", "--help"]).out;
    assert!(!help.contains("--passphrase <") && !help.contains("--passphrase="), "{help}");
}

#[test]
fn a_passphrase_is_asked_for_twice_and_not_shown() {
    let vault = small();
    let home = format!("HOME={}", vault.text("home"));
    let (program, site) = (binary("airlift").to_string_lossy().into_owned(), vault.text("site"));
    let line = ["/usr/bin/env", &home, &program, "secrets", "new", &site, "--work-factor", "1"];
    for (second, code) in [("another one, mistyped", 3), (PASSPHRASE, 0)] {
        let done = airlift_tests::at_terminal(&line, &[PASSPHRASE, second]);
        assert_eq!(done.code, code, "{}{}", done.out, done.err);
        assert!(done.out.contains("(not shown)") && done.out.contains("The same again"), "{}", done.out);
        assert!(!done.out.contains("canary") && !done.out.contains("mistyped"), "{}", done.out);
    }
    assert_eq!(vault.secrets("show", &[]).code, 0, "the passphrase that was typed opens the store");
}

#[test]
fn every_verb_of_secrets_answers_programs() {
    let vault = small();
    let json = ["--format", "json"];
    let gone = answer(&vault.secrets("show", &json), "secrets show");
    assert!(gone["problems"][0]["message"].as_str().unwrap().contains("is not there"), "{gone}");
    let new = answer(&vault.secrets("new", &json), "secrets new");
    let added = new["result"]["added"].as_array().unwrap();
    assert!(added.iter().any(|name| name == "join/lab2"), "{new}");
    let seal = answer(&vault.secrets("seal", &json), "secrets seal");
    let sealed = seal["result"]["sealed"].as_array().unwrap();
    assert!(sealed.iter().any(|file| file == "sealed/lab1/pki/ca.key.age"), "{seal}");
    let show = answer(&vault.secrets("show", &json), "secrets show");
    assert_eq!(show["result"]["secrets"].as_array().unwrap().len(), added.len());
    fs::remove_file(vault.path("site/known_hosts")).unwrap();
    let unsealed = answer(&vault.secrets("seal", &json), "secrets seal");
    assert!(unsealed["findings"].as_array().unwrap().iter().any(|f| f["code"] == "S101"), "{unsealed}");
    let site = vault.text("site");
    for (yes, code) in [(&[][..], 2), (&["--yes"][..], 0)] {
        let args = [&["secrets", "destroy", &site, "--format", "json"][..], yes].concat();
        let output = vault.command().args(args).stdin(std::process::Stdio::null()).output().unwrap();
        assert_eq!(answer(&output.into(), "secrets destroy")["exit_code"], code);
    }
}

#[test]
fn destroying_asks_and_leaves_nothing() {
    let vault = small().made_and_sealed();
    let (site, store) = (vault.text("site"), vault.store());
    let mut asked = vault.command();
    let refused = Done::from(
        asked.args(["secrets", "destroy", &site]).stdin(std::process::Stdio::null()).output().unwrap(),
    );
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("destroy small"), "{}", refused.err);
    assert!(store.exists());
    let command = format!("echo 'destroy small' | {} secrets destroy {site}", binary("airlift").display());
    let done = Done::from(
        Command::new("sh").args(["-c", &command]).env("HOME", vault.path("home")).output().unwrap(),
    );
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(fs::read_dir(store.parent().unwrap()).unwrap().count(), 0, "store and lock are gone");
    assert!(done.err.contains("copy-on-write"), "{}", done.err);
    let gone = vault.secrets("show", &[]);
    assert!(gone.code == 3 && gone.err.contains("is not there"), "{}", gone.err);
}

/// `airlift secrets destroy` of a site, with something to read.
fn destroy(vault: &Vault, more: &[&str], typed: &str) -> Done {
    vault.private("given/typed", &format!("{typed}\n"));
    let typed = fs::File::open(vault.path("given/typed")).unwrap();
    let site = vault.text("site");
    vault.command().args(["secrets", "destroy", &site]).args(more).stdin(typed).output().unwrap().into()
}

#[test]
fn destroy_takes_nothing_but_the_store_of_this_site() {
    let vault = small().made_and_sealed();
    let other = small();
    other.edit("site.yaml", "site: small", "site: other");
    let other = other.made_and_sealed();
    let (store, theirs) = (vault.store(), other.store());
    let (named, theirs_named) = (store.to_str().unwrap(), theirs.to_str().unwrap());
    let refused = |done: Done, code: i32, words: &[&str]| {
        assert_eq!(done.code, code, "{}{}", done.out, done.err);
        words.iter().for_each(|word| assert!(done.err.contains(word), "no {word:?} in {}", done.err));
        assert!(!done.err.contains("every secret of small") || done.err.contains(named), "{}", done.err);
    };
    // Files of other kinds, whatever is said or typed.
    vault.private("given/precious", "years of work\n");
    let sealed = fs::read(vault.path("site/sealed/lab1/pki/ca.key.age")).unwrap();
    fs::write(vault.path("given/sealed"), &sealed).unwrap();
    for file in ["given/precious", "given/sealed"] {
        let (path, before) = (vault.text(file), fs::read(vault.path(file)).unwrap());
        for (yes, typed) in [(&["--yes"][..], ""), (&[], "destroy small"), (&[], &format!("destroy {path}"))]
        {
            let done = destroy(&vault, &[&["--store", &path], yes].concat(), typed);
            refused(done, 3, &["no store of Airlift", "nothing was destroyed"]);
            assert_eq!(fs::read(vault.path(file)).unwrap(), before);
        }
    }
    // Another site's store, as AIRLIFT_STORE names it to whoever forgot it.
    for (yes, typed) in [(&["--yes"][..], ""), (&[], "destroy small")] {
        let done = destroy(&vault, &[&["--store", theirs_named], yes].concat(), typed);
        refused(done, 3, &["is the store of the site other, not of small"]);
    }
    // Nothing beside it says whose it is: a copy, an older Airlift's, or another file in its place. Then the passphrase
    // tells, or the operator by typing which file.
    let lock = |store: &Path| {
        store.with_file_name(format!(".{}.lock", store.file_name().unwrap().to_str().unwrap()))
    };
    fs::copy(&theirs, vault.path("given/copy")).unwrap();
    let copy = vault.text("given/copy");
    let passphrase = ["--passphrase-file", &vault.text("given/passphrase")];
    refused(destroy(&vault, &["--store", &copy, "--yes"], ""), 2, &["--passphrase-file"]);
    refused(destroy(&vault, &["--store", &copy], "destroy small"), 2, &["nothing was destroyed", &copy]);
    let opened = destroy(&vault, &[&["--store", &copy, "--yes"], &passphrase[..]].concat(), "");
    refused(opened, 3, &["is the store of the site other, not of small"]);
    fs::remove_file(lock(&store)).unwrap();
    refused(destroy(&vault, &["--yes"], ""), 2, &["--passphrase-file"]);
    vault.private("given/wrong", "some other passphrase\n");
    let wrong = ["--yes", "--passphrase-file", &vault.text("given/wrong")];
    refused(destroy(&vault, &wrong, ""), 3, &["does not open", "type"]);
    assert_eq!(vault.secrets("show", &[]).code, 0);
    refused(
        destroy(&other, &["--store", named, "--yes"], ""),
        3,
        &["is the store of the site small, not of other"],
    );
    fs::rename(&theirs, &store).unwrap();
    refused(destroy(&vault, &["--yes"], ""), 2, &["--passphrase-file"]);
    // The ways out: the passphrase, else the path.
    let args = ["--store", &copy, "--passphrase-file", &vault.text("given/wrong")];
    let done = destroy(&vault, &args, &format!("destroy {copy}"));
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!vault.path("given/copy").exists());
    fs::rename(&store, &theirs).unwrap();
    fs::remove_file(lock(&theirs)).unwrap();
    let done = destroy(&other, &[&["--yes"], &passphrase[..]].concat(), "");
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!theirs.exists() && !lock(&theirs).exists());
}

#[test]
fn old_secrets_are_not_sealed_beside_what_follows_the_new_inputs() {
    let vault = Vault::new("examples/acme", None, &["mgr1", "mgr2", "mgr3", "wrk1", "wrk2", "wrk3"]);
    vault.edit(
        "site.yaml",
        "    ca_file: registry/ca.pem\n  chart",
        "    ca_file: registry/ca.pem\n    credentials_file: login\n  chart",
    );
    let login =
        |password: &str| vault.private("site/login", &format!("username: puller\npassword: {password}\n"));
    login("first-password");
    assert_eq!(vault.secrets("new", &[]).code, 0);
    assert_eq!(vault.secrets("seal", &[]).code, 0);
    let (sealed, opened) = (files(&vault.path("site/sealed")), vault.opened());
    login("second-password");
    vault.edit("mke3.toml", "example-reader-password", "rotated-reader-password");
    let refused = vault.secrets("seal", &[]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    let names = ["mke3/auth.ldap.reader_password", "registry/image-password"];
    for name in names {
        assert!(
            refused.err.contains("S111") && refused.err.contains(&format!("--renew {name}")),
            "{}",
            refused.err
        );
    }
    assert_eq!(files(&vault.path("site/sealed")), sealed, "nothing half sealed");
    // Whoever blanks the file then gets the old secrets with the old digest, which the leader will find wanting.
    assert_eq!(vault.secrets("new", &[]).code, 0);
    login("first-password");
    let toml = fs::read_to_string(vault.path("site/mke3.toml")).unwrap();
    vault.edit("mke3.toml", "rotated-reader-password", "airlift-secret(mke3/auth.ldap.reader_password)");
    assert_eq!(vault.secrets("seal", &[]).code, 0);
    assert_eq!(vault.opened()["mgr1/drift/mke3.toml"], opened["mgr1/drift/mke3.toml"]);
    fs::write(vault.path("site/mke3.toml"), toml).unwrap();
    login("second-password");
    // The way out that it names.
    let renewed = vault.secrets("new", &["--renew", names[0], "--renew", names[1]]);
    assert_eq!(renewed.code, 0, "{}", renewed.err);
    assert_eq!(vault.secrets("seal", &[]).code, 0);
    let now = vault.opened();
    assert_eq!(now["wrk1/registry/image-password"], "\"second-password\"");
    assert_eq!(now["mgr1/mke3/auth.ldap.reader_password"], "\"rotated-reader-password\"");
    let exact = stock(&vault.path("site"), "sha256sum", &["mke3.toml"]).out[..64].to_owned();
    assert_eq!(now["mgr1/drift/mke3.toml"], exact);
}

#[test]
fn a_second_process_is_kept_out_and_a_killed_one_leaves_a_whole_store() {
    let vault = small();
    assert_eq!(vault.secrets("new", &[]).code, 0);
    let store = vault.store();
    let lock = store.with_file_name(format!(".{}.lock", store.file_name().unwrap().to_string_lossy()));
    // `cat` ends when its input is closed, and `flock` with it.
    let mut holder = Command::new("flock")
        .arg("-o")
        .arg(&lock)
        .arg("cat")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let waited = |wanted: i32| {
        let tries = std::iter::repeat_with(|| {
            std::thread::sleep(Duration::from_millis(20));
            vault.secrets("show", &[])
        });
        tries.take(500).find(|done| done.code == wanted).expect("the lock is taken or given back")
    };
    let busy = waited(3);
    assert!(busy.err.contains("another airlift is at work"), "{}", busy.err);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    waited(0);

    let (site, passphrase) = (vault.text("site"), vault.text("given/passphrase"));
    let renew = [
        "secrets",
        "new",
        &site,
        "--passphrase-file",
        &passphrase,
        "--work-factor",
        "1",
        "--renew",
        "receipt/lab1",
    ];
    let start = std::time::Instant::now();
    assert_eq!(vault.airlift(&renew).code, 0);
    let mut usual = start.elapsed();
    let mut killed = 0;
    for n in 0.. {
        if n >= 40 && killed > 10 {
            break;
        }
        assert!(n < 400, "only {killed} runs were killed in mid-way");
        let mut run = vault.command().args(renew).spawn().unwrap();
        std::thread::sleep(usual * (n % 40) / 40);
        let _ = run.kill();
        if run.wait().unwrap().success() {
            // the machine is faster than it was
            usual = usual * 9 / 10;
        } else {
            killed += 1;
        }
        let shown = vault.secrets("show", &[]);
        assert_eq!(shown.code, 0, "after kill {n}: {}", shown.err);
    }
    assert_eq!(vault.secrets("new", &[]).code, 0);
    let left: Vec<_> =
        fs::read_dir(store.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.len() <= 3, "{left:?}");
}

#[test]
fn password_hashes_of_accounts_are_sealed_to_the_leader_alone() {
    const HASH: &str = "$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    let vault = small();
    fs::create_dir(vault.path("site/access")).unwrap();
    fs::copy(
        root().join("tests/fixtures/access/entire-company/export.json"),
        vault.path("site/access/export.json"),
    )
    .unwrap();
    vault.private("site/access/htpasswd", &format!("bob:{HASH}\n"));
    let decisions = "decisions:\n  access.passwords: reset\n  access.privileged-pods: accept\n  access.stale-bindings: delete\n";
    let site = fs::read_to_string(vault.path("site/site.yaml")).unwrap();
    assert!(!site.contains("decisions:"), "the fixture has decisions now");
    fs::write(vault.path("site/site.yaml"), site + decisions).unwrap();
    let steps = |set: &str, node: &str| -> BTreeMap<String, serde_json::Value> {
        let shown = airlift_tests::airlift(&[
            "inspect",
            &vault.text(&format!("{set}/nodes/{node}.tar.zst")),
            "manifest.json",
        ]);
        let manifest: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
        let stages = manifest["plan"]["stages"].as_array().unwrap().clone();
        let named = |stage: &serde_json::Value| {
            let word = stage["stage"].as_str().unwrap().to_owned();
            let steps = stage["steps"].as_array().unwrap().clone();
            steps.into_iter().map(move |step| (format!("{word} {}", step["id"].as_str().unwrap()), step))
        };
        stages.iter().flat_map(named).collect()
    };
    let passwords = "settle place-run-airlift-rbac-passwords-yaml";
    // Nothing sealed: the plan is there to be looked at, and says so.
    let done = vault.compile("unsealed", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("warning[S100]"), "{}", done.err);
    let plan = steps("unsealed", "lab1");
    for id in [
        "prepare place-var-lib-airlift-rbac-roles-yaml",
        "prepare place-var-lib-airlift-rbac-bindings-yaml",
        "adopt apply-rbac",
        passwords,
        "settle make-logins",
        "commit forget-logins",
    ] {
        assert!(plan.contains_key(id), "{id}: {:?}", plan.keys());
    }
    assert!(plan[passwords]["action"]["place"]["content"]["file"].is_object(), "{}", plan[passwords]);
    assert!(steps("unsealed", "lab2").keys().all(|id| id.starts_with("prepare ") && !id.contains("rbac")));
    let _ = fs::remove_file(vault.path("site/issued.json"));

    let made = vault.secrets("new", &[]);
    assert_eq!(made.code, 0, "{}", made.err);
    let slot = made.out.lines().find_map(|line| line.split(' ').find(|w| w.starts_with("access/password/")));
    let slot = slot.unwrap_or_else(|| panic!("{}", made.out)).to_owned();
    assert!(vault.secrets("show", &[]).out.contains(&slot));
    let sealed = vault.secrets("seal", &[]);
    assert_eq!(sealed.code, 0, "{}", sealed.err);
    let opened = vault.opened();
    let field = format!("\"{}\"", BASE64.encode(HASH));
    assert_eq!(opened.get(&format!("lab1/{slot}")), Some(&field));
    assert!(!opened.contains_key(&format!("lab2/{slot}")));
    let done = vault.compile("one", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let report = fs::read_to_string(vault.path("one/report.txt")).unwrap();
    assert!(report.contains("\nlab1  leader  10.") && report.contains("\nlab2  worker  10."), "{report}");
    let (_, report) = report.split_once("What is done, stage by stage").unwrap();
    let (stages, _) = report.split_once("What became of").unwrap();
    insta::assert_snapshot!(stages);
    let plan = steps("one", "lab1");
    assert_eq!(
        plan[passwords]["action"]["place"]["content"]["document"]["secrets"],
        serde_json::json!([slot]),
        "{}",
        plan[passwords]
    );
    // A new password is told and not taken unasked; a user who comes to it is missed.
    vault.private("site/access/htpasswd", &format!("bob:{}\n", HASH.replace("lhWy", "lhWz")));
    let again = vault.secrets("new", &[]);
    assert!(again.err.contains(&format!("--renew {slot}")), "{}", again.err);
    vault.private("site/access/htpasswd", &format!("bob:{HASH}\nbill:{HASH}\n"));
    let stopped = vault.compile("two", &[]);
    assert_ne!(stopped.code, 0);
    assert!(
        stopped.err.contains("access/password/") && stopped.err.contains("is not there"),
        "{}",
        stopped.err
    );
    // The site without its hashes is enough for the same set.
    vault.private("site/access/htpasswd", "bob:airlift-secret(access/htpasswd)\n");
    let _ = fs::remove_file(vault.path("site/issued.json"));
    let done = vault.compile("blanked", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(files(&vault.path("one")), files(&vault.path("blanked")));
}

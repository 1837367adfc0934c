//! What stock tools say to a set: a person without Airlift can check everything.

#![allow(clippy::disallowed_methods)] // the test's own files may be half written

use airlift_tests::{Bench, stock};

#[test]
fn stock_tools_accept_the_example_set() {
    let bench = Bench::new("examples/acme");
    let done = bench.compile("set", &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let set = bench.path("set");
    let key = bench.text("author.pub");

    let sums = stock(&set, "sha256sum", &["-c", "--strict", "SHA256SUMS"]);
    assert_eq!(sums.code, 0, "{}", sums.err);
    assert!(sums.out.contains("set.json: OK") && sums.out.contains("nodes/wrk3.tar.zst: OK"), "{}", sums.out);

    for file in ["set.json", "nodes/mgr1.tar.zst", "nodes/wrk3.tar.zst"] {
        let checked = stock(&set, "minisign", &["-Vm", file, "-p", &key]);
        assert_eq!(checked.code, 0, "{file}: {}", checked.err);
    }
    for node in ["mgr1", "mgr2", "mgr3", "wrk1", "wrk2", "wrk3"] {
        let file = format!("nodes/{node}.tar.zst");
        assert_eq!(stock(&set, "zstd", &["-tq", &file]).code, 0);
        let listed = stock(&set, "tar", &["--zstd", "-tf", &file]);
        assert_eq!(listed.code, 0, "{}", listed.err);
        assert!(listed.out.starts_with("manifest.json\n"), "{}", listed.out);
        assert!(listed.out.contains("mke4.yaml"), "{}", listed.out);
    }
}

#[test]
fn stock_tools_refuse_a_changed_set() {
    let bench = Bench::new("examples/acme");
    assert_eq!(bench.compile("set", &[]).code, 0);
    let path = bench.path("set").join("mke4.yaml");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let sums = stock(&bench.path("set"), "sha256sum", &["-c", "SHA256SUMS"]);
    assert_ne!(sums.code, 0);
    assert!(sums.out.contains("mke4.yaml: FAILED"), "{}", sums.out);
}

#[test]
fn a_key_of_stock_minisign_with_a_password_signs_too() {
    let bench = Bench::new("examples/acme");
    let (secret, public) = (bench.text("stock.key"), bench.text("stock.pub"));
    // minisign asks twice on standard input when it has no terminal.
    let make = format!("printf 'pass word\\npass word\\n' | minisign -G -f -s {secret} -p {public}");
    let made = stock(&bench.path("site"), "sh", &["-c", &make]);
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    std::fs::write(bench.path("password"), "pass word\n").unwrap();
    stock(&bench.path("site"), "chmod", &["600", &bench.text("password"), &secret]);
    let (site, out, password) = (bench.text("site"), bench.text("set"), bench.text("password"));
    let args = ["compile", &site, "--key", &secret, "--out", &out, "--key-password-file", &password];
    let done = airlift_tests::airlift(&args);
    assert_eq!(done.code, 0, "{}", done.err);
    let checked = stock(&bench.path("set"), "minisign", &["-Vm", "set.json", "-p", &public]);
    assert_eq!(checked.code, 0, "{}", checked.err);

    std::fs::write(bench.path("password"), "wrong\n").unwrap();
    let args =
        ["compile", &site, "--key", &secret, "--out", &bench.text("x"), "--key-password-file", &password];
    let done = airlift_tests::airlift(&args);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("password does not open"), "{}", done.err);
    assert!(!bench.path("x").exists());
}

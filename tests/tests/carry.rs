//! `carry`, as a process: killed and repeated, on a folder; and on a real medium.
#![allow(clippy::disallowed_methods)] // the tests' own files may be half written

use airlift_tests::payload::{self, IMAGES, K0S};
use airlift_tests::{Bench, airlift, answer, binary, files, node, plain, stock};
use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

fn bench() -> Bench {
    let bench = Bench::new("examples/acme");
    payload::add(
        &bench.path("site"),
        &payload::k0s(K0S, 6_000_000),
        &payload::images(&IMAGES, "linux/amd64", 1_000_000),
    );
    let done = bench.compile("set", &["--chunk-size", "2000000"]);
    assert_eq!(done.code, 0, "{}", done.err);
    bench
}

/// Carries, kills the process after a while, and says whether a set was there then.
fn killed_after(bench: &Bench, target: &Path, pause: Duration) -> bool {
    let mut child = plain(&binary("airlift"))
        .args(["carry", &bench.text("set"), &target.to_string_lossy()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    target.join("set.json").exists()
}

/// What holds on every file system that takes a set.
fn carries(bench: &Bench, target: &Path) {
    let (set, to, key) = (bench.text("set"), target.to_string_lossy().into_owned(), bench.text("author.pub"));
    for pause in [0, 5, 10, 20, 40, 80, 160] {
        if killed_after(bench, target, Duration::from_millis(pause)) {
            break;
        }
        if target.exists() {
            let half = node(&["verify", &to, "--public-key", &key]);
            assert_eq!(half.code, 5, "a half was taken for a set after {pause} ms: {}", half.err);
        }
    }
    let done = airlift(&["carry", &set, &to, "--public-key", &key]);
    assert_eq!(done.code, 0, "{}", done.err);
    let plan_id = stock(&bench.path("set"), "sha256sum", &["plan.json"]).out;
    assert!(done.out.contains(plan_id.split(' ').next().unwrap()), "{}", done.out);
    assert!(files(&bench.path("set")) == files(target));
    for verdict in
        [airlift(&["verify", &to, "--public-key", &key]), node(&["verify", &to, "--public-key", &key])]
    {
        assert_eq!(verdict.code, 0, "{}", verdict.err);
    }

    let chunk = files(target).keys().find(|path| path.contains(".part/0001")).unwrap().clone();
    let mut damaged = OpenOptions::new().read(true).write(true).open(target.join(&chunk)).unwrap();
    let mut byte = [0];
    damaged.seek(SeekFrom::Start(1_000_000)).unwrap();
    damaged.read_exact(&mut byte).unwrap();
    damaged.seek(SeekFrom::Start(1_000_000)).unwrap();
    damaged.write_all(&[byte[0] ^ 1]).unwrap();
    damaged.sync_all().unwrap();
    drop(damaged);
    let again = airlift(&["carry", &set, &to, "--format", "json"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let answer = answer(&again, "carry");
    let written: Vec<&str> =
        answer["result"]["written"].as_array().unwrap().iter().filter_map(|w| w.as_str()).collect();
    assert_eq!(written, [&chunk, "SHA256SUMS", "set.json.minisig", "set.json"]);
    let last = airlift(&["carry", &set, &to]);
    assert!(last.code == 0 && last.out.contains("the set is there already"), "{}{}", last.out, last.err);
}

#[test]
fn a_killed_carry_is_finished_by_the_next_one() {
    let bench = bench();
    carries(&bench, &bench.path("to"));
}

#[test]
fn refusals_have_a_code_and_a_way_out() {
    let bench = bench();
    std::fs::write(bench.path("file"), "mine").unwrap();
    payload::write(&bench.path("home/letter.txt"), b"mine");
    let set = bench.text("set");
    for (target, code, words) in [
        ("file", "O102", "is not a directory"),
        ("no/where", "O102", "is not there"),
        ("set/nodes", "O102", "lies in the set itself"),
        ("home", "O103", "letter.txt"),
    ] {
        let refused = airlift(&["carry", &set, &bench.text(target)]);
        assert_eq!(refused.code, 1, "{target}: {}", refused.err);
        assert!(refused.err.contains(code) && refused.err.contains(words), "{target}: {}", refused.err);
        assert!(refused.err.contains("hint: "), "{target}: {}", refused.err);
    }
    std::fs::remove_file(bench.path("set/nodes/wrk1.tar.zst")).unwrap();
    let refused = airlift(&["carry", &set, &bench.text("to"), "--format", "json"]);
    assert_eq!(refused.code, 6, "{}", refused.err);
    let problem = &answer(&refused, "carry")["problems"][0];
    assert!(problem["code"].as_str().unwrap().starts_with("AB0"), "{problem}");
    assert!(problem["message"].as_str().unwrap().contains("nodes/wrk1.tar.zst"), "{problem}");
}

#[test]
fn a_corrected_set_takes_the_place_of_the_old_one_where_there_is_room_for_one_alone() {
    let bench = bench();
    payload::write(&bench.path("site/k0s/k0s"), &payload::k0s(K0S, 6_000_001));
    payload::write(&bench.path("site/k0s/images.tar"), &payload::images(&IMAGES, "linux/amd64", 1_000_001));
    bench.edit("site.yaml", "serial: 1", "serial: 2");
    let done = bench.compile("corrected", &["--chunk-size", "2000000"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let (medium, program) = (bench.text("medium"), binary("airlift"));
    std::fs::create_dir(bench.path("medium")).unwrap();
    let run = "mount -t tmpfs -o size=20m none \"$1\" && \"$2\" carry \"$3\" \"$1/set\" >&2 && rm -f \"$1/set/$5\" && \"$2\" carry --force \"$4\" \"$1/set\" >&2 && cd \"$1/set\" && exec sha256sum plan.json $(find . -type f | sort)";
    let (old, new, program) = (bench.text("set"), bench.text("corrected"), program.to_str().unwrap());
    let sums = "exec sha256sum plan.json $(find . -type f | sort)";
    let sums = stock(&bench.path("corrected"), "sh", &["-c", sums]).out;
    // The old set is whole; or an interrupted carry left it without its list.
    for missing in ["nothing", "set.json"] {
        let args = ["--mount", "sh", "-c", run, "sh", &medium, program, &old, &new, missing];
        let done = stock(&bench.path(""), "unshare", &args);
        assert_eq!(done.code, 0, "{}", done.err);
        assert_eq!(done.out, sums);
    }
}

/// Run by tests/media.sh, once for each file system that the kernel mounts.
#[test]
#[ignore = "needs a mounted medium of 40 MB in AIRLIFT_MEDIUM and root; tests/media.sh makes some"]
fn a_real_medium() {
    let medium =
        PathBuf::from(std::env::var_os("AIRLIFT_MEDIUM").expect("tests/media.sh sets AIRLIFT_MEDIUM"));
    let bench = bench();
    let target = medium.join("set");
    carries(&bench, &target);
    let to = target.to_string_lossy().into_owned();
    let set = bench.text("set");

    // Taken out and put in again, it is still the set.
    let remount = |options: &str| {
        let done =
            stock(&medium, "mount", &["-i", "-o", &format!("remount,{options}"), &medium.to_string_lossy()]);
        assert_eq!(done.code, 0, "{}", done.err);
    };
    remount("ro");
    let verdict = node(&["verify", &to, "--public-key", &bench.text("author.pub")]);
    assert_eq!(verdict.code, 0, "{}", verdict.err);
    let other = medium.join("other").to_string_lossy().into_owned();
    let refused = airlift(&["carry", &set, &other]);
    assert!(refused.code == 1 && refused.err.contains("read-only"), "{}", refused.err);
    remount("rw");

    // Too little room for a second copy: refused before anything is written.
    // A driver that tells no sizes (fusefat) can't be asked.
    let sizes = stock(&medium, "df", &["--output=size,avail", "-B1", "."]).out;
    let [size, free] = sizes.lines().last().unwrap().split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("df says: {sizes}");
    };
    if ["0", "-"].contains(&size) {
        return;
    }
    let free: u64 = free.parse().unwrap();
    std::fs::write(medium.join("ballast"), vec![1; usize::try_from(free).unwrap() - 4_000_000]).unwrap();
    let refused = airlift(&["carry", &set, &other]);
    assert!(refused.code == 1 && refused.err.contains("O105"), "{}", refused.err);
    let left = files(&medium.join("other"));
    assert!(left.is_empty(), "{:?}", left.keys());
}

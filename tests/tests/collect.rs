//! collect.sh against a server that replays an MKE 3, well and badly.
#![allow(clippy::disallowed_methods)]

use airlift_tests::{Done, airlift, root};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A server with these faults, and a site directory beside it.
struct Bench {
    folder: TempDir,
    server: Child,
    url: String,
}

impl Bench {
    fn new(faults: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Command::new("python3")
            .arg(root().join("tests/collect/server.py"))
            .arg(fixture("http.json"))
            .args(faults)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut port = String::new();
        let out = server.stdout.as_mut().expect("its output");
        BufReader::new(out).read_line(&mut port).expect("a port");
        let url = format!("http://127.0.0.1:{}", port.trim());
        Self { folder, server, url }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, args: &[&str], more: &[(&str, &str)]) -> Done {
        self.run_by(&["sh"], args, more)
    }

    fn run_by(&self, shell: &[&str], args: &[&str], more: &[(&str, &str)]) -> Done {
        let kubectl = root().join("tests/collect/kubectl.sh");
        let mut command = Command::new(shell[0]);
        command
            .args(&shell[1..])
            .arg(root().join("templates/collect.sh"))
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("MKE_URL", &self.url)
            .env("MKE_USER", "admin")
            .env("MKE_PASSWORD", "p\"a\\ss wörd")
            .env("MKE_LIMIT", "10")
            .env("MKE_SECONDS", "2")
            .env("MKE_PAUSE", "0")
            .env("KUBECTL", kubectl)
            .env("EXPORT", fixture("export.json"))
            .envs(more.iter().copied())
            .stdin(Stdio::null());
        command.output().expect("sh starts").into()
    }

    /// All files of access/ put together, without the collector's own words.
    fn export(&self) -> Value {
        let mut whole = serde_json::json!({});
        for entry in std::fs::read_dir(self.path("access")).expect("access/") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "json") {
                let text = std::fs::read_to_string(&path).expect("text");
                merge(&mut whole, serde_json::from_str(&text).expect("JSON"));
            }
        }
        whole.as_object_mut().expect("an object").remove("meta").expect("the collector's words");
        whole
    }

    /// Nothing but parts that are whole lies about.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures/access/hard").join(name)
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

const ALL: [&str; 4] = ["access", "collected.sha256", "mke3.toml", "nodes.json"];

#[test]
fn everything_is_fetched_as_the_export_has_it() {
    let bench = Bench::new(&[]);
    let done = bench.run(&[], &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(bench.names(), ALL);
    let text = std::fs::read_to_string(fixture("export.json")).expect("the fixture");
    let mut expected: Value = serde_json::from_str(&text).expect("JSON");
    let object = expected.as_object_mut().expect("an object");
    object.remove("meta");
    // The replayed server does not have this answer.
    object.remove("authConfig");
    // Grants are asked for by page.
    let grants = object["collectionGrants"].take();
    object["collectionGrants"] = Value::Array(vec![grants]);
    assert_eq!(bench.export(), expected);
    let mut sums = Command::new("sha256sum");
    sums.args(["-c", "--quiet", "collected.sha256"]).current_dir(bench.folder.path());
    assert!(sums.status().expect("sha256sum starts").success());
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(bench.path("mke3.toml")).expect("mke3.toml").permissions().mode();
    assert_eq!(mode & 0o077, 0, "the configuration holds secrets");
}

#[test]
fn every_shell_and_every_awk_collects_the_same() {
    let mut all = Vec::new();
    for (shell, tools) in [
        (&["dash"][..], &["mawk"][..]),
        (&["bash", "--posix"], &["gawk"]),
        (
            &["busybox", "sh"],
            &["busybox", "cat", "cmp", "cp", "grep", "head", "mv", "rm", "sed", "sha256sum", "tail", "tr"],
        ),
    ] {
        let bench = Bench::new(&[]);
        // The tool under its own name, and as awk.
        let folder = bench.path("tools");
        std::fs::create_dir(&folder).expect("a folder");
        let tool = Path::new("/usr/bin").join(tools[0]);
        assert!(tool.exists(), "{} is missing; tests/setup.sh installs it", tools[0]);
        for name in std::iter::once(&"awk").chain(&tools[1..]) {
            std::os::unix::fs::symlink(&tool, folder.join(name)).expect("a link");
        }
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
        for _ in 0..2 {
            let done = bench.run_by(shell, &[], &[("PATH", &path)]);
            assert_eq!((done.code, done.err.contains("note:")), (0, false), "{shell:?}: {}", done.err);
        }
        all.push((bench.export(), std::fs::read(bench.path("mke3.toml")).expect("mke3.toml")));
    }
    assert!(all.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn what_a_person_left_in_the_site_directory_is_not_lost() {
    let (bench, broken) = (Bench::new(&[]), Bench::new(&["down:/collectionGrants"]));
    assert_eq!(bench.run(&[], &[]).code, 0);
    let read = |name: &str| std::fs::read_to_string(bench.path(name)).unwrap_or_default();
    let whole = bench.export();
    for name in ["access/names.yaml", "access/htpasswd", "access/notes of mine.txt", "access/.hidden"] {
        std::fs::write(bench.path(name), name).expect("a file");
    }
    let toml = read("mke3.toml");
    std::fs::write(bench.path("mke3.toml"), "# mended by hand\n").expect("a file");
    // A worse answer takes nothing away.
    let done = bench.run(&[], &[("MKE_URL", &broken.url)]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.err.contains("access/ stays as it was"), "{}", done.err);
    assert!(done.err.contains("it is mke3.toml.before now"), "{}", done.err);
    assert_eq!((read("mke3.toml"), read("mke3.toml.before").as_str()), (toml, "# mended by hand\n"));
    assert_eq!(bench.export(), whole);
    // What is gone in MKE 3 is gone here too.
    std::fs::write(bench.path("access/org-gone.json"), "{}").expect("a file");
    let done = bench.run(&[], &[]);
    assert_eq!((done.code, done.err.contains("note:")), (0, false), "{}", done.err);
    assert_eq!(bench.export(), whole);
    for name in ["access/names.yaml", "access/htpasswd", "access/notes of mine.txt", "access/.hidden"] {
        assert_eq!(read(name), name);
    }
    assert!(!bench.path("access/org-gone.json").exists());
}

#[test]
fn it_says_how_it_is_used() {
    let bench = Bench::new(&[]);
    let done = bench.run(&["--help"], &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    for word in ["sh collect.sh [all|kubernetes]", "MKE_CA", "MKE_PASSWORD", "Exit code"] {
        assert!(done.out.contains(word), "{}", done.out);
    }
    assert!(!done.out.contains("set -u"));
    let done = bench.run(&["everything"], &[]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("not 'everything'; --help says more"), "{}", done.err);
    assert_eq!(bench.names(), Vec::<String>::new());
}

#[test]
fn an_expired_login_and_a_server_that_stumbles_are_overcome() {
    for faults in
        [&["expire:/collections"][..], &["shaky:/accounts", "shaky:/roles"], &["expire:/accounts/1"]]
    {
        let bench = Bench::new(faults);
        let done = bench.run(&[], &[]);
        assert_eq!(done.code, 0, "{faults:?}: {}", done.err);
    }
}

#[test]
fn what_could_not_be_had_is_said_and_stops_a_compile() {
    for (fault, path, word) in [
        ("forbidden:/roles", "/roles", "403"),
        ("down:/collectionGrants", "/collectionGrants", "500"),
        ("cut:/accounts/33d50231-7059-54f2-8110-d69752dccfd4/teams", "teams", "no whole answer"),
        ("slow:/collections", "/collections", "no whole answer"),
        ("half:/accounts/112e9a1e-6c51-5ddc-860e-abadaa0bfcbc/members", "members", "cut off"),
        ("page:/enzi", "/enzi", "not JSON"),
        ("loop:/collectionGrants", "/collectionGrants", "do not end"),
        ("forbidden:/accounts", "/accounts", "403"),
        ("page:/api/ucp", "mke3.toml", "something else"),
    ] {
        let bench = Bench::new(&[fault]);
        let more: &[(&str, &str)] = if fault.starts_with("slow") { &[("MKE_SECONDS", "1")] } else { &[] };
        let done = bench.run(&[], more);
        assert_eq!(done.code, 1, "{fault}: {}", done.err);
        let line = done.err.lines().find(|l| l.starts_with("missing:") && l.contains(path));
        assert!(line.is_some_and(|l| l.contains(word)), "{fault}: {}", done.err);
        if path == "mke3.toml" {
            assert!(!bench.path("mke3.toml").exists());
            continue;
        }
        let meta = std::fs::read_to_string(bench.path("access/meta.json")).expect("the collector's words");
        let meta: Value = serde_json::from_str(&meta).expect("JSON");
        assert!(meta["meta"]["missing"].as_array().is_some_and(|list| !list.is_empty()), "{fault}");
        let said = check(&bench);
        assert!(said.contains("blocker[R024]"), "{fault}: {said}");
    }
}

/// What `airlift check` says of the site with these accounts.
fn check(bench: &Bench) -> String {
    let site = bench.path("site");
    airlift_tests::copy(&root().join("examples/acme"), &site);
    airlift_tests::copy(&bench.path("access"), &site.join("access"));
    let done = airlift(&["check", &site.to_string_lossy()]);
    assert_ne!(done.code, 0, "{}", done.err);
    done.err
}

#[test]
fn without_kubectl_the_rest_is_there_and_kubernetes_comes_later() {
    let bench = Bench::new(&[]);
    let done = bench.run(&[], &[("KUBECTL", "/nonexistent/kubectl")]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("there is no kubectl"), "{}", done.err);
    assert!(check(&bench).contains("the export has no `kubernetes.clusterroles`"));
    std::fs::write(bench.path("access/names.yaml"), "users: {}\n").expect("a file");
    let done = bench.run(&["kubernetes"], &[("MKE_URL", "")]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(bench.path("access/names.yaml").exists(), "what a person wrote stays");
    let said = check(&bench);
    assert!(!said.contains("R024"), "{said}");
}

#[test]
fn a_server_without_settings_of_accounts_leaves_no_empty_part() {
    let bench = Bench::new(&["gone:/enzi"]);
    let done = bench.run(&[], &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!bench.path("access/settings.json").exists());
    let said = check(&bench);
    assert!(!said.contains("A001") && !said.contains("R024"), "{said}");
}

/// A `mv` that kills the script beside one of the two moves that replace access/. Returns what PATH must be.
fn deadly_mv(bench: &Bench, when: &str, signal: &str) -> String {
    let folder = bench.path("tools");
    std::fs::create_dir_all(&folder).expect("a folder");
    let real = Path::new("/usr/bin/mv");
    assert!(real.exists());
    let text = match when {
        "after the old one has gone" => {
            format!("{0} \"$@\" || exit 1\n[ \"$1\" != access ] || kill -{signal} $PPID\n", real.display())
        }
        "before the new one comes" => format!(
            "case \"$1 $2\" in .collect.*' access') kill -{signal} $PPID; exit 1 ;; esac\nexec {0} \"$@\"\n",
            real.display()
        ),
        "after the new one has come" => {
            format!(
                "{0} \"$@\" || exit 1\ncase \"$1 $2\" in .collect.*' access') kill -{signal} $PPID ;; esac\n",
                real.display()
            )
        }
        other => panic!("{other}"),
    };
    write_executable(&folder.join("mv"), &format!("#!/bin/sh\n{text}"));
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

#[test]
fn a_signal_between_two_moves_takes_nothing_away() {
    let bench = Bench::new(&[]);
    assert_eq!(bench.run(&[], &[]).code, 0);
    let whole = bench.export();
    std::fs::write(bench.path("access/names.yaml"), "users: {}\n").expect("a file");
    for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
        for when in ["after the old one has gone", "before the new one comes", "after the new one has come"] {
            let path = deadly_mv(&bench, when, "TERM");
            let done = bench.run_by(shell, &["kubernetes"], &[("PATH", &path)]);
            assert_eq!(done.code, 2, "{shell:?} {when}: {}", done.err);
            let mut left = bench.names();
            left.retain(|name| name != "tools");
            assert_eq!(left, ALL, "{shell:?} {when}");
            assert!(bench.path("access/names.yaml").exists(), "{shell:?} {when}");
            assert_eq!(bench.export(), whole, "{shell:?} {when}");
        }
    }
}

#[test]
fn a_run_that_was_killed_between_two_moves_is_mended_by_the_next() {
    let bench = Bench::new(&[]);
    assert_eq!(bench.run(&[], &[]).code, 0);
    let whole = bench.export();
    std::fs::write(bench.path("access/names.yaml"), "users: {}\n").expect("a file");
    let path = deadly_mv(&bench, "after the old one has gone", "KILL");
    bench.run(&["kubernetes"], &[("PATH", &path)]);
    assert!(!bench.path("access").exists() && bench.path("access.parked/names.yaml").exists());
    // Also where that next run gets nowhere.
    let done = bench.run(&[], &[("MKE_PASSWORD", "wrong")]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("access/ is back"), "{}", done.err);
    assert_eq!(bench.export(), whole);
    assert!(bench.path("access/names.yaml").exists() && !bench.path("access.parked").exists());
    assert_eq!(bench.run(&["kubernetes"], &[]).code, 0);
}

#[test]
fn a_parked_folder_beside_a_new_one_is_a_persons_to_judge() {
    let bench = Bench::new(&[]);
    for name in ["access", "access.parked"] {
        std::fs::create_dir(bench.path(name)).expect("a folder");
        std::fs::write(bench.path(name).join("htpasswd"), name).expect("a file");
    }
    let done = bench.run(&[], &[]);
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("compare both"), "{}", done.err);
    for name in ["access", "access.parked"] {
        assert_eq!(std::fs::read_to_string(bench.path(name).join("htpasswd")).expect("a file"), name);
    }
    assert_eq!(bench.names(), ["access", "access.parked"]);
}

#[test]
fn nothing_is_written_where_nobody_can_log_in() {
    let bench = Bench::new(&[]);
    for (more, word) in [
        (("MKE_PASSWORD", "wrong"), "refuses the login of admin: wrong name or password"),
        (("MKE_PASSWORD", ""), "nobody to ask for the password"),
        (("MKE_USER", ""), "nobody to ask for the user"),
        (("MKE_CA", "/nonexistent/ca.pem"), "/nonexistent/ca.pem can not be read"),
        (("MKE_URL", "http://mke.example.com"), "in the clear"),
        (("MKE_URL", "http://127.0.0.1:9"), "does not answer"),
        (("MKE_URL", ""), "set MKE_URL"),
    ] {
        let done = bench.run(&[], &[more]);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(word), "{}", done.err);
        assert!(!done.err.contains(".collect."), "{}", done.err);
        assert_eq!(bench.names(), Vec::<String>::new());
    }
}

#[test]
fn no_argument_and_no_message_holds_the_password() {
    let bench = Bench::new(&["down:/roles"]);
    // A curl that notes its arguments and its environment before the real one takes over.
    let spy = bench.path("spy");
    std::fs::create_dir(&spy).expect("a folder");
    let log = bench.path("seen");
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >>{0}\nenv >>{0}\nPATH=${{PATH#*:}} exec curl \"$@\"\n",
        log.display()
    );
    write_executable(&spy.join("curl"), &text);
    let path = format!("{}:{}", spy.display(), std::env::var("PATH").unwrap_or_default());
    let done = bench.run(&[], &[("PATH", &path)]);
    assert_eq!(done.code, 1, "{}", done.err);
    let seen = std::fs::read_to_string(&log).expect("the spy saw curl");
    for text in [&seen, &done.err, &done.out] {
        assert!(!text.contains("ss wörd") && !text.contains("token-1"), "{text}");
    }
}

fn write_executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("a file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
}

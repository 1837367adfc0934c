//! What the end-to-end tests share: the built binaries, throw-away sites and keys, stock tools.
#![allow(clippy::disallowed_methods)]

pub mod canary;
pub mod payload;
pub mod vault;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A built binary, `airlift` or `airlift-node`. Where `AIRLIFT_BIN_DIR` names no folder, both are built first.
///
/// # Panics
/// They can't be built.
pub fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| match std::env::var_os("AIRLIFT_BIN_DIR") {
        Some(folder) => folder.into(),
        None => build(),
    });
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built; run tests/run.sh", path.display());
    path
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "-p", "airlift", "-p", "airlift-node"])
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the binaries can't be built");
    // tests/target/debug/deps/this-test -> target/debug
    let test = std::env::current_exe().expect("a test knows where it is");
    test.parent().and_then(Path::parent).expect("a test lies two folders deep").to_owned()
}

/// The repository.
///
/// # Panics
/// This crate has moved.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the repository").to_owned()
}

/// A finished process: exit code, standard output, standard error.
#[derive(Debug)]
pub struct Done {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs `airlift` without anything of the environment but PATH and HOME.
///
/// # Panics
/// It can't be started.
pub fn airlift(args: &[&str]) -> Done {
    plain(&binary("airlift")).args(args).output().expect("airlift starts").into()
}

/// Runs `airlift-node` likewise.
///
/// # Panics
/// It can't be started.
pub fn node(args: &[&str]) -> Done {
    plain(&binary("airlift-node")).args(args).output().expect("airlift-node starts").into()
}

/// A command with a clean environment.
pub fn plain(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/nonexistent");
    command
}

/// Runs a stock tool in a folder.
///
/// # Panics
/// The tool is missing: a test that needs it must fail, not pass.
pub fn stock(folder: &Path, program: &str, args: &[&str]) -> Done {
    let output = Command::new(program).args(args).current_dir(folder).output();
    output.unwrap_or_else(|e| panic!("{program} is missing ({e}); tests/setup.sh installs it")).into()
}

/// Runs a command on a terminal of its own, which answers each question in turn. As the question is shown a moment
/// before the terminal stops showing what is typed, it waits for that, but not for ever.
///
/// # Panics
/// Python is missing.
pub fn at_terminal(line: &[&str], answers: &[&str]) -> Done {
    const TERMINAL: &str = "import os, pty, sys, json, termios, time
args, answers = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    os.execv(args[0], args)
shown = b''
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    if shown.rstrip(b'\\r\\n').endswith(b': ') and answers:
        end = time.monotonic() + 10
        while termios.tcgetattr(fd)[3] & termios.ECHO and time.monotonic() < end:
            time.sleep(0.01)
        os.write(fd, answers.pop(0).encode() + b'\\n')
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
";
    let (line, answers) = (serde_json::json!(line).to_string(), serde_json::json!(answers).to_string());
    stock(Path::new("."), "python3", &["-c", TERMINAL, &line, &answers])
}

/// A throw-away folder with a site, a key and room for sets.
#[derive(Debug)]
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A copy of a site directory of the repository (`examples/acme`) and a new key without a password.
    ///
    /// # Panics
    /// The file system refuses.
    pub fn new(site: &str) -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a folder") };
        copy(&root().join(site), &bench.path("site"));
        let made = airlift(&["keygen", "--no-password", &bench.text("author")]);
        assert_eq!(made.code, 0, "{}", made.err);
        bench
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in it, as an argument.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// Compiles the site into the folder `out` with more flags.
    pub fn compile(&self, out: &str, more: &[&str]) -> Done {
        let (site, key, out) = (self.text("site"), self.text("author.key"), self.text(out));
        let mut args = vec!["compile", &site, "--key", &key, "--out", &out];
        args.extend(more);
        airlift(&args)
    }

    /// Replaces a text in a file of the site.
    ///
    /// # Panics
    /// The text is not there: the test would prove nothing.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path("site").join(file);
        let text = std::fs::read_to_string(&path).expect("the file is text");
        assert!(text.contains(from), "{file} holds no {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("the file can be written");
    }
}

/// Copies a folder.
///
/// # Panics
/// The file system refuses.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder to read") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// Every file of a folder with its bytes, by path.
///
/// # Panics
/// The file system refuses.
pub fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder to read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).expect("a file to read"));
            }
        }
    }
    found
}

/// The object on standard output, which must be the only thing there and of the published form.
///
/// # Panics
/// It is something else.
#[must_use]
pub fn answer(done: &Done, verb: &str) -> serde_json::Value {
    let schema = std::fs::read_to_string(root().join("docs/schemas/answer.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let answer: serde_json::Value =
        serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{verb}: {e}\n{}\n{}", done.out, done.err));
    let wrong: Vec<String> = schema.iter_errors(&answer).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{verb}: {wrong:?}");
    assert_eq!(answer["verb"], verb);
    assert_eq!(answer["exit_code"], done.code, "{verb}");
    assert_eq!(answer["ok"], done.code == 0, "{verb}");
    answer
}

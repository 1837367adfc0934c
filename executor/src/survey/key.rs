//! The node's own age key: secrets are sealed to it, and only this node can open them.
//!
//! Guaranteed: a key is made once and never overwritten, also where two runs meet; whoever reads the file finds a whole
//! key or none; the recipient is told only when the key would survive a power cut. Refused is a file that others can
//! read or own. The file is what `age-keygen` writes, so stock `age -d -i` and `age-keygen -y` take it.
//!
//! The steps of making it: a temporary file beside it, flushed; a hard link under the real name, which fails where there
//! is one; the temporary name removed; the directory flushed. A lock on the directory keeps two makers apart, so a
//! temporary file that is found is one that a crash left.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use bech32::Bech32;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;
use rustix::io::retry_on_intr;
use rustix::rand::{GetRandomFlags, getrandom};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::ssh::fingerprint;
use crate::sealed::{AgeKey, SECRET_PREFIX};

/// Where a node keeps its key.
pub const DEFAULT_PATH: &str = "/var/lib/airlift/age.key";

/// Largest key file; what is made here has 200 bytes.
const LARGEST: u64 = 4096;

/// The public side of the node's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeKey {
    /// The recipient, `age1…`.
    pub recipient: String,
    /// Whether this run made it.
    pub made: bool,
}

impl NodeKey {
    /// SHA-256 of the recipient's text, to be compared by a person.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(self.recipient.as_bytes())
    }
}

/// The key in the file at `path`; where there is none and `make` allows it, a new one.
///
/// # Errors
/// A line that says why there is no key to rely on, and what to do.
pub fn node_key(path: &Path, make: bool) -> Result<NodeKey, String> {
    let failed = |what: &str, error: io::Error| format!("{what} {}: {error}", path.display());
    if let Some(recipient) = load(path)? {
        if make {
            // a run before this one may have ended between its link and its flush
            settle(path).map_err(|error| failed("flush", error))?;
        }
        return Ok(NodeKey { recipient, made: false });
    }
    if !make {
        return Err(format!("{} is not there, and this run makes no key", path.display()));
    }
    let made = generate(path).map_err(|error| failed("make", error))?;
    let recipient = load(path)?.ok_or_else(|| format!("{} vanished", path.display()))?;
    Ok(NodeKey { recipient, made })
}

/// The recipient of the key in the file at `path`, or `None` where there is no such file.
fn load(path: &Path) -> Result<Option<String>, String> {
    let refused = |why: &str| Err(format!("{} is not relied on: {why}", path.display()));
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return refused(&error.to_string()),
    };
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return refused("it is not a regular file");
    }
    if metadata.uid() != 0 && metadata.uid() != geteuid().as_raw() {
        return refused("it belongs to another user, who knows it; move it away, and a new one is made");
    }
    if metadata.mode() & 0o077 != 0 {
        return refused("others may read it; move it away, and a new one is made");
    }
    // as much as may come: growing would leave copies behind
    let mut text = Zeroizing::new(String::with_capacity(LARGEST as usize + 1));
    if file.take(LARGEST).read_to_string(&mut text).is_err() {
        return refused("it is not text");
    }
    match AgeKey::parse(&text) {
        Some(key) => Ok(Some(key.recipient())),
        None => refused("it holds no age key; move it away, and a new one is made"),
    }
}

/// Makes a key and gives `true`, or `false` where another run was faster.
fn generate(path: &Path) -> io::Result<bool> {
    let directory = directory_of(path);
    make_directories(directory)?;
    let lock = Flock::lock(File::open(directory)?, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
    // whoever sees a key may remove the temporary file, so none is made beside one
    let made = fs::symlink_metadata(path).is_err() && make_beside_and_link(path)?;
    lock.sync_all()?;
    Ok(made)
}

fn make_beside_and_link(path: &Path) -> io::Result<bool> {
    let beside = temporary(path);
    remove_if_there(&beside)?;
    let linked = write_new(&beside, &new_identity()?).and_then(|()| fs::hard_link(&beside, path));
    remove_if_there(&beside)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        linked => linked.map(|()| true),
    }
}

/// Removes what a crash left and flushes the directory.
fn settle(path: &Path) -> io::Result<()> {
    remove_if_there(&temporary(path))?;
    File::open(directory_of(path))?.sync_all()
}

/// The kernel's random numbers by its own call: the crate `getrandom` looks for that call in the C library first, which a
/// static glibc can't, and then for /dev/urandom, which an empty root does not have.
fn random(bytes: &mut [u8; 32]) -> io::Result<()> {
    let count = retry_on_intr(|| getrandom(&mut bytes[..], GetRandomFlags::empty()))?;
    // up to 256 bytes come whole
    if count == bytes.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A new identity from the kernel's random numbers, as the text of its file.
fn new_identity() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    random(&mut bytes)?;
    let identity = bech32::encode_upper::<Bech32>(SECRET_PREFIX, &*bytes).map_err(io::Error::other)?;
    let identity = Zeroizing::new(identity);
    let recipient = AgeKey::of(StaticSecret::from(*bytes)).recipient();
    Ok(Zeroizing::new(format!(
        "# the key of this node, made by airlift-node survey; it must not leave the node\n# public key: {recipient}\n{}\n",
        *identity
    )))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// One fixed name, so that nothing piles up.
fn temporary(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    directory_of(path).join(name)
}

/// Makes `directory` and what is missing above it, each flushed into its parent.
fn make_directories(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = directory_of(directory);
    make_directories(parent)?;
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(parent)?.sync_all()
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests may leave half a file")]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::thread;

    use super::*;

    struct Bench(tempfile::TempDir);

    impl Bench {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn key(&self) -> PathBuf {
            self.0.path().join("lib/airlift/age.key")
        }

        fn names(&self) -> Vec<String> {
            let names = fs::read_dir(directory_of(&self.key())).unwrap();
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        }
    }

    #[test]
    fn a_key_is_made_once_for_root_alone() {
        let bench = Bench::new();
        let first = node_key(&bench.key(), true).unwrap();
        assert!(first.made);
        let bytes = fs::read(bench.key()).unwrap();
        assert_eq!(fs::metadata(bench.key()).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::metadata(directory_of(&bench.key())).unwrap().permissions().mode() & 0o7777, 0o700);
        let second = node_key(&bench.key(), true).unwrap();
        assert_eq!(second, NodeKey { made: false, ..first });
        assert_eq!(fs::read(bench.key()).unwrap(), bytes);
        assert_eq!(bench.names(), ["age.key"]);
    }

    #[test]
    fn the_pair_is_the_one_of_age() {
        // both lines are from age-keygen 1.1.1
        let text = "AGE-SECRET-KEY-15DDYFSA5K5V74ARGE8RGGECWJ9ZUV5X54N3HAP24LGLWXJ2PDJLSM7GVL8";
        let public = "age16mhwgu49p44c0ykjfj5nl3jt83mwlq8udv3cd9e57rd48d27pflqw7ax34";
        let recipient_in = |text: &str| AgeKey::parse(text).map(|key| key.recipient());
        assert_eq!(recipient_in(text).as_deref(), Some(public));
        assert_eq!(recipient_in(&text.replace("GVL8", "GVL9")), None, "a wrong checksum");
        let made = new_identity().unwrap();
        let recipient = recipient_in(&made).unwrap();
        assert!(made.contains(&format!("# public key: {recipient}\n")));
        assert!(recipient.starts_with("age1") && recipient.len() == 62);
        assert_ne!(new_identity().unwrap(), made);
        assert_eq!(recipient_in(&made.repeat(2)), None);
        assert_eq!(recipient_in(""), None);
    }

    #[test]
    fn without_leave_nothing_is_written() {
        let bench = Bench::new();
        let why = node_key(&bench.key(), false).unwrap_err();
        assert!(why.contains("makes no key"), "{why}");
        assert_eq!(fs::read_dir(bench.0.path()).unwrap().count(), 0);
    }

    #[test]
    fn whatever_a_crash_left_the_next_run_has_a_whole_key() {
        let good = new_identity().unwrap();
        for (temporary_file, key) in [
            (None, None),
            (Some(""), None),
            (Some(&good[..150]), None),
            (Some(&*good), None),
            (Some(&*good), Some(&*good)),
            (None, Some(&*good)),
        ] {
            let bench = Bench::new();
            make_directories(directory_of(&bench.key())).unwrap();
            if let Some(text) = temporary_file {
                write_new(&temporary(&bench.key()), text).unwrap();
            }
            if let Some(text) = key {
                write_new(&bench.key(), text).unwrap();
            }
            let found = node_key(&bench.key(), true).unwrap();
            assert_eq!(found.made, key.is_none());
            if let Some(text) = key {
                assert_eq!(fs::read_to_string(bench.key()).unwrap(), *text);
            }
            assert_eq!(bench.names(), ["age.key"], "a private key was left beside");
            assert_eq!(node_key(&bench.key(), false).unwrap().recipient, found.recipient);
        }
    }

    #[test]
    fn runs_that_meet_agree_on_one_key() {
        for _ in 0..50 {
            let bench = Bench::new();
            let run = || node_key(&bench.key(), true).unwrap();
            let found: Vec<NodeKey> = thread::scope(|scope| {
                let runs: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
                runs.into_iter().map(|run| run.join().unwrap()).collect()
            });
            assert_eq!(found.iter().filter(|key| key.made).count(), 1);
            assert!(found.iter().all(|key| key.recipient == found[0].recipient));
            assert_eq!(bench.names(), ["age.key"]);
        }
    }

    #[test]
    fn a_key_that_others_know_or_that_is_none_is_refused_and_kept() {
        let cases: [(&str, u32, &str); 5] = [
            ("GOOD", 0o640, "others may read it"),
            ("GOOD", 0o604, "others may read it"),
            ("garbage\n", 0o600, "holds no age key"),
            ("", 0o600, "holds no age key"),
            ("GOOD\nGOOD", 0o600, "holds no age key"),
        ];
        for (text, mode, words) in cases {
            let bench = Bench::new();
            make_directories(directory_of(&bench.key())).unwrap();
            let text = text.replace("GOOD", new_identity().unwrap().as_str());
            fs::write(bench.key(), &text).unwrap();
            fs::set_permissions(bench.key(), fs::Permissions::from_mode(mode)).unwrap();
            let why = node_key(&bench.key(), true).unwrap_err();
            assert!(why.contains(words), "{why}");
            assert!(!why.contains("AGE-SECRET"), "{why}");
            assert_eq!(fs::read_to_string(bench.key()).unwrap(), text);
        }
        let bench = Bench::new();
        make_directories(directory_of(&bench.key())).unwrap();
        symlink("/etc/hostname", bench.key()).unwrap();
        assert!(node_key(&bench.key(), true).unwrap_err().contains("symbolic link"));
        // a link to nowhere is no invitation to write there
        fs::remove_file(bench.key()).unwrap();
        symlink(bench.0.path().join("elsewhere"), bench.key()).unwrap();
        assert!(node_key(&bench.key(), true).is_err());
        assert!(!bench.0.path().join("elsewhere").exists());
    }
}

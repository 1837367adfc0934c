//! The store on disk: one age file, encrypted with a passphrase, that stock `age -d` opens.
//!
//! Guarantees: it lies outside of the site directory, also by way of links; only its owner can read it; at every instant
//! it is the whole old one or the whole new one; one process works on it at a time; no other file is destroyed in its place.
//!
//! A small file beside it, `.NAME.lock`, takes the lock, because the store itself is replaced at each write. It holds one
//! line, `SITE DIGEST`: whose store the file with this digest is. So that can be told without the passphrase, and never of
//! another file that came to lie there. A copy elsewhere has no such line.

use super::error::SecretsError;
use super::secret::Secret;
use super::store::Store;
use crate::ambient;
use crate::emit::{PrivateFileError, replace_private};
use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, scrypt};
use airlift_bundle::digest::Sha256;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No store is larger, in bytes.
const LIMIT: u64 = 1 << 30;
/// The slowest passphrase hash that is taken, as a power of two: some minutes.
const SLOWEST: u8 = 24;
/// Mode of the file.
const MODE: u32 = 0o600;
/// The line beside the store is not longer, in bytes.
const LINE: u64 = 256;

/// Where the store of a site lies unless --store or AIRLIFT_STORE says otherwise:
/// `$XDG_DATA_HOME/airlift/SITE.secrets.age`, with `~/.local/share` in place of an unset variable.
pub fn default_path(site: &str) -> Option<PathBuf> {
    let data = ambient::variable("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data =
        data.or_else(|| ambient::variable("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    Some(data?.join("airlift").join(format!("{site}.secrets.age")))
}

/// A store that this process alone works on.
pub struct StoreFile {
    path: PathBuf,
    lock_path: PathBuf,
    /// Held until the end.
    lock: File,
}

impl StoreFile {
    /// Takes hold of a store, which need not be there yet. The folder is made only where it is the default one.
    ///
    /// # Errors
    /// It would lie in the site directory, is a link, has no folder, or another process holds it.
    pub fn hold(path: &Path, site_dir: &Path, make_folder: bool) -> Result<Self, SecretsError> {
        let write = |source| SecretsError::Write { path: path.to_owned(), source };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let name = path.file_name().ok_or_else(|| SecretsError::Parent(path.to_owned()))?;
        let site_dir = fs::canonicalize(site_dir).map_err(write)?;
        if make_folder && !is_inside(parent, &site_dir) {
            DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(write)?;
        }
        let parent = fs::canonicalize(parent).map_err(|_| SecretsError::Parent(parent.to_owned()))?;
        let path = parent.join(name);
        if path.starts_with(&site_dir) {
            return Err(SecretsError::Inside(path));
        }
        if path.is_symlink() {
            return Err(SecretsError::Link(path));
        }
        let lock_path = beside(&path, ".lock");
        let lock = lock(&lock_path, &path)?;
        Ok(Self { path, lock_path, lock })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Opens it. It must be the store of this site.
    ///
    /// # Errors
    /// It is not there, others can read it, the passphrase is wrong, it is not whole, or belongs to another site.
    pub fn read(&self, passphrase: &Secret, site: &str) -> Result<Store, SecretsError> {
        let (sealed, mode) = self.bytes()?;
        if mode & 0o077 != 0 {
            return Err(PrivateFileError::Open { path: self.path.clone(), mode }.into());
        }
        let damaged = |why: &str| SecretsError::Damaged { path: self.path.clone(), why: why.to_owned() };
        let decryptor = locked_by_passphrase(&sealed).map_err(damaged)?;
        let mut identity = scrypt::Identity::new(SecretString::from(passphrase.expose().to_owned()));
        identity.set_max_work_factor(SLOWEST);
        let mut reader =
            decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(|e| match e {
                age::DecryptError::DecryptionFailed
                | age::DecryptError::KeyDecryptionFailed
                | age::DecryptError::NoMatchingKeys => SecretsError::Passphrase(self.path.clone()),
                age::DecryptError::ExcessiveWork { .. } => damaged("its passphrase hash would take hours"),
                _ => damaged("its head was altered or is cut off"),
            })?;
        // What is decrypted is shorter than what was encrypted, so this never grows.
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        reader.read_to_end(&mut plain).map_err(|_| damaged("it was altered or is cut off"))?;
        let store = Store::from_plain(&plain, &self.path)?;
        if store.site != site {
            let (is, wanted) = (store.site, site.to_owned());
            return Err(SecretsError::OtherSite { path: self.path.clone(), is, wanted });
        }
        self.note(site, &sealed)?;
        Ok(store)
    }

    /// The site whose store this is, as far as that can be told without the passphrase.
    ///
    /// # Errors
    /// It is not there, or no store.
    pub fn site(&self) -> Result<Option<String>, SecretsError> {
        let sealed = self.sealed()?;
        let line = self.noted().unwrap_or_default();
        let known = line.trim_end().split_once(' ');
        let known = known.filter(|(_, digest)| *digest == Sha256::of(&sealed).to_string());
        Ok(known.map(|(site, _)| site.to_owned()))
    }

    /// Notes whose store these bytes are. A note that was cut off only fits no store.
    fn note(&self, site: &str, sealed: &[u8]) -> Result<(), SecretsError> {
        let line = format!("{site} {}\n", Sha256::of(sealed));
        if self.noted().is_ok_and(|noted| noted == line) {
            return Ok(());
        }
        let written = self.lock.set_len(0).and_then(|()| self.lock.write_all_at(line.as_bytes(), 0));
        written.map_err(|source| SecretsError::Write { path: self.lock_path.clone(), source })
    }

    fn noted(&self) -> io::Result<String> {
        let mut line = String::new();
        File::open(&self.lock_path)?.take(LINE).read_to_string(&mut line)?;
        Ok(line)
    }

    /// Its bytes, if it is a store as far as that can be seen from outside.
    fn sealed(&self) -> Result<Vec<u8>, SecretsError> {
        let (sealed, _) = self.bytes()?;
        match locked_by_passphrase(&sealed) {
            Ok(_) => Ok(sealed),
            Err(why) => Err(SecretsError::NoStore { path: self.path.clone(), why }),
        }
    }

    /// Its bytes and its permission bits.
    fn bytes(&self) -> Result<(Vec<u8>, u32), SecretsError> {
        let read = |source| PrivateFileError::Read { path: self.path.clone(), source };
        let file = match File::open(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(SecretsError::Absent(self.path.clone()));
            }
            other => other.map_err(read)?,
        };
        let about = file.metadata().map_err(read)?;
        if !about.is_file() || about.len() > LIMIT {
            return Err(PrivateFileError::Kind(self.path.clone()).into());
        }
        let mut bytes = Vec::new();
        file.take(LIMIT).read_to_end(&mut bytes).map_err(read)?;
        Ok((bytes, about.mode() & 0o7777))
    }

    /// Writes it: beside, flushed, renamed, flushed. `work` is the cost of the passphrase hash as a power of two; without
    /// it, what takes this machine a second.
    ///
    /// # Errors
    /// The system refused; the old store is then as it was.
    pub fn write(&self, store: &Store, passphrase: &Secret, work: Option<u8>) -> Result<(), SecretsError> {
        let make = |why: String| SecretsError::Make { what: "the store".to_owned(), why };
        let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.expose().to_owned()));
        if let Some(work) = work {
            recipient.set_work_factor(work.clamp(1, SLOWEST));
        }
        let plain = store.to_plain().map_err(|e| make(e.to_string()))?;
        let mut sealed = Vec::with_capacity(plain.len() + plain.len() / 1024 + 1024);
        Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            .map_err(|e| make(e.to_string()))
            .and_then(|encryptor| {
                let mut writer = encryptor.wrap_output(&mut sealed).map_err(|e| make(e.to_string()))?;
                writer.write_all(&plain).and_then(|()| writer.finish()).map_err(|e| make(e.to_string()))
            })?;
        replace_private(&self.path, &sealed, MODE)?;
        self.note(&store.site, &sealed)
    }

    /// Overwrites the store with zeros and removes it. On a disk that writes elsewhere each time (flash, copy-on-write file
    /// systems, snapshots) the old blocks may stay for a while; what they hold is encrypted. Whose store it is the caller
    /// asks first, see [`site`](Self::site) and [`read`](Self::read).
    ///
    /// # Errors
    /// It is not there, is no store, or the system refused.
    pub fn destroy(self) -> Result<(), SecretsError> {
        let write = |source| SecretsError::Write { path: self.path.clone(), source };
        self.sealed()?;
        remove(&beside(&self.path, ".partial")).map_err(write)?;
        let mut file = OpenOptions::new().write(true).open(&self.path).map_err(write)?;
        let mut left = file.metadata().map_err(write)?.len();
        let zeros = [0; 1 << 16];
        while left > 0 {
            let now = left.min(zeros.len() as u64);
            file.write_all(zeros.get(..now as usize).unwrap_or(&zeros)).map_err(write)?;
            left -= now;
        }
        file.sync_all().map_err(write)?;
        fs::remove_file(&self.path).map_err(write)?;
        remove(&self.lock_path).map_err(write)?;
        sync_folder(&self.path).map_err(write)
    }
}

/// What opens these bytes, or why they are no store.
fn locked_by_passphrase(bytes: &[u8]) -> Result<Decryptor<&[u8]>, &'static str> {
    match Decryptor::new(bytes) {
        Err(_) => Err("no age file begins like this"),
        Ok(decryptor) if !decryptor.is_scrypt() => Err("it is not encrypted with a passphrase"),
        Ok(decryptor) => Ok(decryptor),
    }
}

/// Whether a folder that may not be there yet would lie in the site directory.
fn is_inside(folder: &Path, site_dir: &Path) -> bool {
    let there = folder.ancestors().find_map(|above| fs::canonicalize(above).ok());
    there.is_some_and(|above| above.starts_with(site_dir))
}

/// `.NAME.ending` in the same folder.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{ending}"))
}

fn lock(lock_path: &Path, store: &Path) -> Result<File, SecretsError> {
    let write = |source| SecretsError::Write { path: lock_path.to_owned(), source };
    loop {
        let options = &mut OpenOptions::new();
        let file =
            options.write(true).create(true).truncate(false).mode(MODE).open(lock_path).map_err(write)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SecretsError::Busy(store.to_owned())),
            Err(TryLockError::Error(source)) => return Err(write(source)),
        }
        // A lock on a file that `destroy` removed in between keeps nobody out.
        let same = |there: fs::Metadata| file.metadata().is_ok_and(|ours| ours.ino() == there.ino());
        if fs::symlink_metadata(lock_path).is_ok_and(same) {
            return Ok(file);
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // what the tests themselves write may be half written
mod tests {
    use super::*;
    use crate::secrets::{Entry, Kind};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn store() -> Store {
        let mut store = Store::new("acme");
        let value = Secret::new("a \"secret\" \u{e4}\u{1F511}\n".repeat(3000));
        let entry = Entry { kind: Kind::Given, made: "2026-11-22".into(), public: "p".into(), value };
        store.entries.insert("x/y".into(), entry);
        store
    }

    fn phrase(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    /// A folder with a site directory and a store beside it.
    fn kept() -> (tempfile::TempDir, StoreFile) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("site")).unwrap();
        let file = StoreFile::hold(&dir.path().join("st"), &dir.path().join("site"), false).unwrap();
        file.write(&store(), &phrase("right"), Some(1)).unwrap();
        (dir, file)
    }

    fn refusal(file: &StoreFile, passphrase: &str, site: &str) -> String {
        match file.read(&phrase(passphrase), site) {
            Ok(_) => panic!("it was taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_only_its_owner_can() {
        let (_dir, file) = kept();
        let read = file.read(&phrase("right"), "acme").unwrap();
        assert!(read.get("x/y").unwrap().value.same(&store().get("x/y").unwrap().value));
        assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o7777, MODE);
        let bytes = fs::read(file.path()).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "), "stock age opens it");
        assert!(!bytes.windows(6).any(|w| w == b"secret"));
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o604)).unwrap();
        assert!(refusal(&file, "right", "acme").contains("chmod 600"));
    }

    #[test]
    fn a_wrong_passphrase_another_site_and_a_missing_store_are_told_apart() {
        let (dir, file) = kept();
        assert!(refusal(&file, "wrong", "acme").contains("passphrase does not open"));
        assert!(refusal(&file, "right", "other").contains("is the store of the site acme, not of other"));
        fs::remove_file(file.path()).unwrap();
        assert!(refusal(&file, "right", "acme").contains("`airlift secrets new` makes it"));
        fs::create_dir(dir.path().join("st")).unwrap();
        assert!(refusal(&file, "right", "acme").contains("small text file"));
    }

    #[test]
    fn whose_store_it_is_can_be_told_without_a_passphrase_and_never_of_another_file() {
        let (dir, file) = kept();
        let lock = dir.path().join(".st.lock");
        assert_eq!(file.site().unwrap().as_deref(), Some("acme"));
        let (ours, noted) = (fs::read(file.path()).unwrap(), fs::read(&lock).unwrap());
        // Another store came to lie there; a crash cut the line off; an older Airlift left none.
        file.write(&Store::new("other"), &phrase("right"), Some(1)).unwrap();
        assert_eq!(file.site().unwrap().as_deref(), Some("other"));
        fs::write(file.path(), &ours).unwrap();
        assert_eq!(file.site().unwrap(), None);
        for length in 0..noted.len() - 1 {
            fs::write(&lock, &noted[..length]).unwrap();
            assert_eq!(file.site().unwrap(), None, "{length}");
        }
        // Who opens it learns it again; who can't, does not.
        refusal(&file, "wrong", "acme");
        refusal(&file, "right", "other");
        assert_eq!(file.site().unwrap(), None);
        file.read(&phrase("right"), "acme").unwrap();
        assert_eq!(fs::read(&lock).unwrap(), noted);
        assert_eq!(file.site().unwrap().as_deref(), Some("acme"));
    }

    #[test]
    fn a_store_that_is_cut_off_or_altered_anywhere_is_refused() {
        let (_dir, file) = kept();
        let good = fs::read(file.path()).unwrap();
        let put = |bytes: &[u8]| {
            fs::write(file.path(), bytes).unwrap();
            refusal(&file, "right", "acme")
        };
        for length in (0..good.len()).step_by(good.len() / 40) {
            let why = put(&good[..length]);
            assert!(why.contains("not a whole store"), "{length}: {why}");
        }
        for at in (0..good.len()).step_by(good.len() / 60).chain([good.len() - 1]) {
            let mut bad = good.clone();
            bad[at] ^= 4;
            put(&bad);
        }
        put(&[&good[..], b"x"].concat());
        fs::write(file.path(), &good).unwrap();
        assert!(file.read(&phrase("right"), "acme").is_ok());
    }

    #[test]
    fn a_store_inside_the_site_directory_is_refused_however_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (site, at) = (dir.path().join("site"), |name: &str| dir.path().join(name));
        fs::create_dir_all(site.join("deep/er")).unwrap();
        symlink(&site, at("link")).unwrap();
        symlink(site.join("deep"), at("link-to-deep")).unwrap();
        symlink("/nonexistent/st", at("link-to-nothing")).unwrap();
        symlink(site.join("st"), at("link-to-store")).unwrap();
        let hold = |store: &str, site: &Path, make| StoreFile::hold(&at(store), site, make).map(|_| ());
        for store in
            ["site/st", "site/deep/er/st", "link/st", "link-to-deep/st", "site/../site/st", "site/deep/../st"]
        {
            for site in [&site, &at("link"), &site.join("deep/..")] {
                assert!(matches!(hold(store, site, false), Err(SecretsError::Inside(_))), "{store}");
            }
        }
        assert!(matches!(hold("site/new/folder/st", &site, true), Err(SecretsError::Parent(_))));
        assert!(!site.join("new").exists(), "nothing was made in the site directory");
        for store in ["link-to-nothing", "link-to-store"] {
            assert!(matches!(hold(store, &site, false), Err(SecretsError::Link(_))), "{store}");
        }
        assert!(matches!(hold("no/folder/st", &site, false), Err(SecretsError::Parent(_))));
        assert!(hold("site-2", &site, false).is_ok(), "a name that only begins like the site's");
        assert_eq!(fs::read_dir(&site).unwrap().count(), 1);
    }

    #[test]
    fn one_process_at_a_time() {
        let (dir, file) = kept();
        let again = || StoreFile::hold(&dir.path().join("st"), &dir.path().join("site"), false);
        assert!(matches!(again(), Err(SecretsError::Busy(_))));
        drop(file);
        assert!(again().is_ok());
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_store_and_what_a_crash_left_is_no_hindrance() {
        let (dir, file) = kept();
        let old = fs::read(file.path()).unwrap();
        // A folder under the name of the partial file can't be removed as a file.
        let partial = dir.path().join(".st.partial");
        fs::create_dir(&partial).unwrap();
        assert!(file.write(&Store::new("acme"), &phrase("right"), Some(1)).is_err());
        assert_eq!(fs::read(file.path()).unwrap(), old);
        fs::remove_dir(&partial).unwrap();
        fs::write(&partial, &old[..100]).unwrap();
        assert!(file.read(&phrase("right"), "acme").is_ok());
        file.write(&Store::new("acme"), &phrase("right"), Some(1)).unwrap();
        assert!(!partial.exists());
        assert!(file.read(&phrase("right"), "acme").unwrap().entries.is_empty());
    }

    #[test]
    fn a_destroyed_store_was_overwritten_first() {
        let (dir, file) = kept();
        // A second name keeps the blocks in sight.
        fs::hard_link(file.path(), dir.path().join("blocks")).unwrap();
        file.destroy().unwrap();
        let blocks = fs::read(dir.path().join("blocks")).unwrap();
        assert!(blocks.len() > 1000 && blocks.iter().all(|b| *b == 0));
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}

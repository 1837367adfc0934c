//! The files of a site directory in memory.
//!
//! [`SiteFiles::load`] is the only place in this room that touches the disk. It takes plain files below the
//! directory and refuses links, devices and names that are not plain text; names that begin with a dot are left
//! alone. Labels are relative to the directory, so nothing depends on where it stands. Contents may be secret:
//! they are never shown by `Debug`.
//!
//! What is large, and sealed files, of which a large site has very many, stay on the disk and are read when they are
//! asked for.

use crate::diag::codes::{input, site as code};
use crate::diag::{Finding, Findings};
use crate::source::{self, File};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Larger files, and programs and tar archives of any size, are known by name and size only (the k0s binary, image
/// bundles), in bytes.
pub const LIMIT: u64 = 64 << 20;
/// All files in memory together, in bytes.
const TOTAL: u64 = 1 << 30;
/// Files in a site directory: ten thousand nodes with a survey and some sealed files each.
const COUNT: usize = 200_000;
/// Folders inside each other.
const DEPTH: usize = 8;

/// One file.
#[derive(Clone)]
pub struct SiteFile {
    /// Its content; `None` for a program, an archive, a sealed file and a file above [`LIMIT`].
    pub bytes: Option<Vec<u8>>,
    /// Where it lies, if it came from the disk.
    pub path: Option<PathBuf>,
    /// Its size in bytes.
    pub size: u64,
    /// Permission bits, where they are known.
    pub mode: Option<u32>,
}

impl SiteFile {
    /// Its whole content, from memory or from the disk.
    ///
    /// # Errors
    /// It can't be read, or is too large to be held.
    pub fn read(&self) -> io::Result<Cow<'_, [u8]>> {
        match (&self.bytes, &self.path) {
            (Some(bytes), _) => Ok(Cow::Borrowed(bytes)),
            (None, Some(path)) if self.size <= LIMIT => {
                let mut bytes = Vec::new();
                fs::File::open(path)?.take(LIMIT).read_to_end(&mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
            (None, Some(_)) => Err(io::ErrorKind::FileTooLarge.into()),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Its content from the beginning, from memory or from the disk.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match (&self.bytes, &self.path) {
            (Some(bytes), _) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            (None, Some(path)) => Ok(Box::new(fs::File::open(path)?)),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl fmt::Debug for SiteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.size)
    }
}

/// All files by label (`hosts.yaml`, `survey/mgr1.json`).
#[derive(Clone, Debug, Default)]
pub struct SiteFiles {
    files: BTreeMap<String, SiteFile>,
    /// Folders, empty ones too.
    folders: BTreeSet<String>,
}

impl SiteFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, label: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        self.files.insert(label.into(), SiteFile { bytes: Some(bytes), path: None, size, mode: None });
    }

    /// Adds or replaces a file with its permission bits.
    pub fn insert_with_mode(&mut self, label: impl Into<String>, bytes: impl Into<Vec<u8>>, mode: u32) {
        let label = label.into();
        self.insert(label.clone(), bytes);
        if let Some(file) = self.files.get_mut(&label) {
            file.mode = Some(mode);
        }
    }

    /// Takes a file away.
    #[cfg(test)]
    pub(super) fn remove(&mut self, label: &str) {
        self.files.remove(label);
    }

    /// A file by its label.
    pub fn get(&self, label: &str) -> Option<&SiteFile> {
        self.files.get(label)
    }

    /// The content of a file that is held.
    pub fn bytes(&self, label: &str) -> Option<&[u8]> {
        self.get(label)?.bytes.as_deref()
    }

    /// Whether a folder has this label.
    pub fn is_folder(&self, label: &str) -> bool {
        self.folders.contains(label) || self.below(label).next().is_some()
    }

    /// All labels in order.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The labels below a folder, in order.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.labels().filter(move |label| {
            label.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
        })
    }

    /// A file as text. `None` without a finding means that it is not there.
    pub fn text(&self, label: &str, findings: &mut Findings) -> Option<File> {
        let file = self.get(label)?;
        match &file.bytes {
            Some(bytes) => source::decode(label, bytes, findings),
            None => {
                findings.push(too_large(label, file.size));
                None
            }
        }
    }

    /// Reads a site directory.
    pub fn load(dir: &Path, findings: &mut Findings) -> Self {
        let mut walk = Walk { files: Self::new(), total: 0 };
        walk.folder(dir, "", 0, findings);
        walk.files
    }

    /// Reads one file from elsewhere (`--hosts-path`) under a label of the site directory.
    pub fn load_as(&mut self, label: &str, path: &Path, findings: &mut Findings) {
        match fs::metadata(path).map(|meta| (meta.mode(), meta.len(), meta.is_file())) {
            Ok((mode, size, true)) if size <= LIMIT => match fs::read(path) {
                Ok(bytes) => self.insert_with_mode(label, bytes, mode & 0o7777),
                Err(error) => findings.push(unreadable(label, &error)),
            },
            Ok((_, size, true)) => findings.push(too_large(label, size)),
            Ok(_) => findings.push(not_plain(label, "not a plain file")),
            Err(error) => findings.push(unreadable(label, &error)),
        }
    }
}

struct Walk {
    files: SiteFiles,
    total: u64,
}

impl Walk {
    fn folder(&mut self, dir: &Path, prefix: &str, depth: usize, findings: &mut Findings) {
        let shown = if prefix.is_empty() { "the site directory" } else { prefix };
        let entries = match fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => return findings.push(unreadable(shown, &error)),
        };
        // In order of names, so that findings come in the same order on every file system.
        let mut names: Vec<_> = entries.into_iter().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names {
            let Some(name) = name.to_str().filter(|name| !name.contains(|c: char| c.is_control())) else {
                let shown = name.to_string_lossy().replace(|c: char| c.is_control(), "?");
                findings.push(not_plain(&format!("{prefix}{shown}"), "a name that is not plain text"));
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            self.entry(&dir.join(name), &format!("{prefix}{name}"), depth, findings);
        }
    }

    fn entry(&mut self, path: &Path, label: &str, depth: usize, findings: &mut Findings) {
        // Not `metadata`: it would follow a link out of the directory.
        let meta = match fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(error) => return findings.push(unreadable(label, &error)),
        };
        if meta.is_dir() {
            self.files.folders.insert(label.to_owned());
        }
        if meta.is_dir() && depth < DEPTH {
            self.folder(path, &format!("{label}/"), depth + 1, findings);
        } else if meta.is_dir() {
            findings.push(not_plain(label, "a folder too far down"));
        } else if meta.is_symlink() {
            findings.push(not_plain(label, "a symbolic link"));
        } else if !meta.is_file() {
            findings.push(not_plain(label, "a device, socket or pipe"));
        } else if self.files.files.len() >= COUNT
            || self.total.saturating_add(in_memory(path, meta.len())) > TOTAL
        {
            if self.total <= TOTAL {
                // Once is enough.
                self.total = TOTAL + 1;
                findings.push(
                    Finding::new(
                        input::TOO_LARGE,
                        format!("the site directory is too large; {label} and what follows is not read"),
                    )
                    .help("keep only the inputs in it; compiled sets and backups belong elsewhere"),
                );
            }
        } else if in_memory(path, meta.len()) < meta.len() {
            let mode = Some(meta.mode() & 0o7777);
            let file = SiteFile { bytes: None, path: Some(path.to_owned()), size: meta.len(), mode };
            self.files.files.insert(label.to_owned(), file);
        } else {
            match fs::read(path) {
                Ok(bytes) => {
                    self.total += bytes.len() as u64;
                    self.files.insert_with_mode(label, bytes, meta.mode() & 0o7777);
                }
                Err(error) => findings.push(unreadable(label, &error)),
            }
        }
    }
}

/// How much of a file will be in memory.
fn in_memory(path: &Path, size: u64) -> u64 {
    if size > LIMIT || is_sealed(path) || is_payload(path, size) { 0 } else { size }
}

/// Whether a file is one of age's. Only digests of them are wanted, and once their bytes, node by node.
fn is_sealed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "age")
}

/// Whether a file is a program or a tar archive: never read into memory, however small.
fn is_payload(path: &Path, size: u64) -> bool {
    let read = |at: u64, expected: &[u8]| {
        let mut found = vec![0; expected.len()];
        let file = fs::File::open(path);
        file.and_then(|file| file.read_exact_at(&mut found, at)).is_ok() && found == expected
    };
    size >= 512 && (read(0, b"\x7fELF") || read(257, b"ustar"))
}

fn unreadable(label: &str, error: &std::io::Error) -> Finding {
    Finding::new(input::UNREADABLE, format!("{label} can't be read: {}", error.kind()))
        .help("look at its owner and mode with `ls -l`")
}

fn too_large(label: &str, size: u64) -> Finding {
    let text = match size > LIMIT {
        true => format!("{label} has {} MiB; the limit is 64 MiB", size >> 20),
        false => format!("{label} is a program or an archive"),
    };
    Finding::new(input::TOO_LARGE, text).help("check that the right file was copied")
}

fn not_plain(label: &str, what: &str) -> Finding {
    Finding::new(code::FILE_KIND, format!("{label} is {what}; the site directory holds plain files only"))
        .help("copy the file itself into the directory, or move this one away")
}

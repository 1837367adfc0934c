//! The journal's file: reading, checking and writing records.

use std::path::{Path, PathBuf};

use airlift_bundle::digest::Sha256;

use super::error::JournalError;
use super::record::{Line, Record};
use super::state::State;
use super::table::At;
use crate::disk::{Disk, DiskError, read_all};

/// A journal, read and ready for its next record.
pub struct Journal<'d> {
    disk: &'d dyn Disk,
    path: PathBuf,
    state: State,
    head: Sha256,
    records: usize,
    /// Where the next record goes.
    end: u64,
    /// How far the file goes.
    size: u64,
    /// Bytes after `end` that a torn record left.
    torn: u64,
    /// The last record as it was read; written once more with the next one, since a flush that failed in an earlier
    /// process may have left it in memory alone.
    last: Vec<u8>,
    lost: bool,
}

/// The digest before the first record.
fn origin() -> Sha256 {
    Sha256::of(b"airlift journal 1")
}

impl<'d> Journal<'d> {
    /// How much the file is made larger when there is little room left.
    pub const PIECE: u64 = 64 << 10;
    /// What is always left for going back.
    pub const SPARE: u64 = 32 << 10;
    /// The largest record with its digest: one that names some tens of thousands of nodes.
    pub const RECORD_LIMIT: usize = 1 << 20;
    /// The largest journal that is read; a whole site's migration takes some kilobytes.
    const LIMIT: u64 = 256 << 20;

    /// The journal in the file at `path`; `None` when there is no such file. Writes nothing.
    ///
    /// # Errors
    /// [`JournalError::Stuck`]; what reading reports.
    pub fn open(disk: &'d dyn Disk, path: &Path) -> Result<Option<Self>, JournalError> {
        if disk.stat(path)?.is_none() {
            return Ok(None);
        }
        let bytes = read_all(disk, path, Self::LIMIT)?;
        let mut journal = Self {
            disk,
            path: path.to_owned(),
            state: State::default(),
            head: origin(),
            records: 0,
            end: 0,
            size: bytes.len() as u64,
            torn: 0,
            last: Vec::new(),
            lost: false,
        };
        journal.read(&bytes)?;
        Ok(Some(journal))
    }

    /// Makes an empty journal of full size in the directory of `path`, whole or not at all.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn create(disk: &'d dyn Disk, path: &Path, size: u64) -> Result<Self, JournalError> {
        let beside = path.with_added_extension("new");
        crate::disk::remove_file(disk, &beside)?;
        disk.create(&beside)?;
        disk.reserve(&beside, size)?;
        disk.sync_file(&beside)?;
        disk.rename(&beside, path)?;
        if let Some(dir) = path.parent() {
            disk.sync_dir(dir)?;
        }
        Self::open(disk, path)?.ok_or(JournalError::Lost)
    }

    /// Where the node stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Digest of the last record, and through it of all before.
    #[must_use]
    pub const fn head(&self) -> Sha256 {
        self.head
    }

    /// How many records there are.
    #[must_use]
    pub const fn records(&self) -> usize {
        self.records
    }

    /// Flushes the last record anew, where something is under way that it announced: the process that wrote it may
    /// have ended before the flush did.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn settle(&mut self) -> Result<(), JournalError> {
        if matches!(self.state.at, At::Empty | At::Rest | At::Committed) {
            return Ok(());
        }
        self.flush()
    }

    /// Flushes the last record anew, whatever it is: what is not a record is about to follow from it.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn flush(&mut self) -> Result<(), JournalError> {
        if self.last.is_empty() {
            return Ok(());
        }
        let written = self.write(&[], false);
        self.lost = written.is_err();
        Ok(written?)
    }

    /// Writes a record and flushes it.
    ///
    /// # Errors
    /// [`JournalError::Misplaced`] before anything is written. After any other error nothing more is written.
    pub fn append(&mut self, line: &Line) -> Result<(), JournalError> {
        if self.lost {
            return Err(JournalError::Lost);
        }
        let mut state = self.state.clone();
        state.follow(line).map_err(JournalError::Misplaced)?;
        let json = serde_json::to_vec(line).map_err(|error| JournalError::Misplaced(error.to_string()))?;
        let head = chain(self.head, &json);
        let mut bytes = head.to_string().into_bytes();
        bytes.push(b' ');
        bytes.extend(json);
        bytes.push(b'\n');
        if bytes.len() > Self::RECORD_LIMIT {
            return Err(JournalError::Misplaced(format!("a record has {} bytes", bytes.len())));
        }
        // what `open` would not read any more must not be written: only an executor that runs in a circle comes here
        if self.size_with(bytes.len()) > Self::LIMIT {
            return Err(JournalError::Misplaced(format!("the journal {} is full", self.path.display())));
        }
        let written = self.write(&bytes, line.record.mark().leads_on());
        self.lost = written.is_err();
        written?;
        self.state = state;
        self.head = head;
        self.records += 1;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// How large the file must be for `more` bytes behind the last record and the spare room after them.
    const fn size_with(&self, more: usize) -> u64 {
        let more = more as u64;
        if self.end + more + Self::SPARE > self.size {
            self.size + more.next_multiple_of(Self::PIECE)
        } else {
            self.size
        }
    }

    /// On a full disk the spare room is there for whatever does not lead further into the migration.
    fn write(&mut self, bytes: &[u8], leads_on: bool) -> Result<(), DiskError> {
        if self.torn > 0 {
            // else what is left of the torn record would stand behind a shorter one
            let zeros = vec![0; usize::try_from(self.torn).unwrap_or(0)];
            self.disk.write_at(&self.path, self.end, &zeros)?;
            self.disk.sync_file(&self.path)?;
            self.torn = 0;
        }
        let size = self.size_with(bytes.len());
        if size > self.size {
            match self.disk.reserve(&self.path, size) {
                Ok(()) => self.size = size,
                Err(_) if !leads_on && self.end + bytes.len() as u64 <= self.size => {}
                Err(error) => return Err(error),
            }
        }
        let again = std::mem::take(&mut self.last);
        let start = self.end - again.len() as u64;
        self.disk.write_at(&self.path, start, &[&again, bytes].concat())?;
        self.disk.sync_file(&self.path)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let mut rest = bytes;
        while rest.first().is_some_and(|first| *first != 0) {
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else { break };
            let (line, after) = rest.split_at(length);
            if line.contains(&0) {
                break;
            }
            self.read_line(line)?;
            self.end += length as u64 + 1;
            self.last = [line, b"\n"].concat();
            rest = after.get(1..).unwrap_or_default();
        }
        self.torn = match rest.iter().rposition(|byte| *byte != 0) {
            None => 0,
            Some(last) => last as u64 + 1,
        };
        let tail = rest.get(..usize::try_from(self.torn).unwrap_or(0)).unwrap_or_default();
        // a record is flushed before the next is written, so at most one can be torn
        let inner = tail.strip_suffix(b"\n").unwrap_or(tail);
        if inner.contains(&b'\n') || tail.len() > Self::RECORD_LIMIT {
            return Err(self.stuck("is damaged, and more follows it".to_owned()));
        }
        Ok(())
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), JournalError> {
        let head = line.get(..64).unwrap_or_default();
        let json = line.get(65..).unwrap_or_default();
        let expected = chain(self.head, json);
        if head != expected.to_string().as_bytes() || line.get(64) != Some(&b' ') {
            return Err(
                self.stuck("does not have its digest: it was changed, or one before it is gone".to_owned())
            );
        }
        let parsed: Line = serde_json::from_slice(json).map_err(|error| {
            self.stuck(format!(
                "is of a kind that this executor does not know ({error}); use the one that wrote it"
            ))
        })?;
        if serde_json::to_vec(&parsed).ok().as_deref() != Some(json) {
            return Err(self.stuck("is not written as the executor writes".to_owned()));
        }
        self.state.follow(&parsed).map_err(|why| self.stuck(format!("is out of order: {why}")))?;
        self.head = expected;
        self.records += 1;
        Ok(())
    }

    fn stuck(&self, why: String) -> JournalError {
        JournalError::Stuck { path: self.path.clone(), record: self.records + 1, why }
    }
}

fn chain(before: Sha256, json: &[u8]) -> Sha256 {
    Sha256::of(&[before.to_string().as_bytes(), b" ", json].concat())
}

impl std::fmt::Debug for Journal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// The record with its time.
    #[must_use]
    pub const fn at(self, at: u64) -> Line {
        Line { at, record: self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    /// A record of a set for `m1` and these workers, and its bytes with digest and end.
    fn accepted(workers: &[String]) -> (Line, usize) {
        let digest = "0".repeat(64);
        let line: Line = serde_json::from_value(serde_json::json!({"at": 1, "record": {"accept": {
            "site": "acme", "serial": 1, "plan_id": digest, "set": digest, "bundle": digest, "node": "m1",
            "role": "leader", "nodes": {"managers": ["m1"], "workers": workers},
        }}}))
        .unwrap();
        let bytes = 64 + 1 + serde_json::to_vec(&line).unwrap().len() + 1;
        (line, bytes)
    }

    #[test]
    fn a_record_of_just_the_limit_is_taken_and_read_and_a_larger_one_is_not() {
        let mut workers: Vec<String> = (0..24_300).map(|n| format!("{n:040}")).collect();
        let rest = Journal::RECORD_LIMIT - accepted(&workers).1;
        workers.extend((0..rest / 43 - 1).map(|n| format!("more-{n:035}")));
        let rest = Journal::RECORD_LIMIT - accepted(&workers).1;
        workers.push(format!("{}.{}", "a".repeat(20), "b".repeat(rest - 24)));
        let (dir, path) = (tempfile::tempdir().unwrap(), Path::new("/journal"));
        let disk = RealDisk::below(dir.path()).unwrap();
        let mut journal = Journal::create(&disk, path, Journal::PIECE).unwrap();
        for (more, is_taken) in [(1, false), (0, true)] {
            let mut workers = workers.clone();
            workers.last_mut().unwrap().push_str(&"c".repeat(more));
            let (line, bytes) = accepted(&workers);
            assert_eq!(bytes, Journal::RECORD_LIMIT + more);
            assert_eq!(journal.append(&line).is_ok(), is_taken);
        }
        let read = Journal::open(&disk, path).unwrap().unwrap();
        assert_eq!((journal.records(), read.records(), read.head()), (1, 1, journal.head()));
    }

    #[test]
    fn what_is_longer_than_a_record_is_not_taken_for_a_torn_one() {
        let (dir, path) = (tempfile::tempdir().unwrap(), Path::new("/journal"));
        let disk = RealDisk::below(dir.path()).unwrap();
        drop(Journal::create(&disk, path, Journal::PIECE).unwrap());
        disk.write_at(path, 0, &vec![b'x'; Journal::RECORD_LIMIT]).unwrap();
        assert_eq!(Journal::open(&disk, path).unwrap().unwrap().records(), 0);
        for (at, byte) in [(Journal::RECORD_LIMIT, b'x'), (Journal::RECORD_LIMIT + 1, b'y')] {
            disk.write_at(path, at as u64, &[byte]).unwrap();
            assert!(matches!(Journal::open(&disk, path), Err(JournalError::Stuck { .. })));
        }
    }

    #[test]
    fn a_journal_that_would_no_longer_be_read_takes_no_record() {
        let (line, bytes) = accepted(&[]);
        let bytes = bytes as u64;
        let (dir, path) = (tempfile::tempdir().unwrap(), Path::new("/journal"));
        let disk = RealDisk::below(dir.path()).unwrap();
        let mut journal = Journal::create(&disk, path, Journal::LIMIT).unwrap();
        journal.end = Journal::LIMIT - Journal::SPARE - bytes;
        journal.append(&line).unwrap();
        journal.end = Journal::LIMIT - Journal::SPARE - bytes + 1;
        let full = journal.append(&line).unwrap_err();
        assert!(full.to_string().contains("is full"), "{full}");
        assert_eq!(disk.stat(path).unwrap().unwrap().size, Journal::LIMIT);
    }
}

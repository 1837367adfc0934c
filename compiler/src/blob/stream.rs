//! One pass over a large file: whoever looks at it reads, and the bytes are hashed and copied on their way.
//!
//! Reading, looking and writing are one thread's work, hashing is another's, so a pass takes about as long as the
//! slower of `cp` and `sha256sum`. A few buffers go round between the two; memory does not grow with the file.

use airlift_bundle::digest::{Hasher, Sha256};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Size of a buffer: large enough for few calls, small enough for the processor's cache.
const BUFFER: usize = 256 << 10;
/// How many go round.
const BUFFERS: usize = 8;

/// What a pass found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Digest of all bytes.
    pub sha256: Sha256,
    /// How many there were.
    pub size: u64,
    /// Size and digest of each chunk, where the file is to be cut; of the whole otherwise.
    pub pieces: Vec<(u64, Sha256)>,
}

/// Takes the bytes of a pass, in order.
pub trait Copy {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// They can't be written; the pass ends with that.
    fn copy(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Copies nothing.
impl Copy for () {
    fn copy(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Lets `look` read `source`, and reads what it leaves; hashes every byte, whole and by pieces of `cut` bytes, and
/// hands it to `copy`. `look` need not report failed reads: they end the pass in any case.
///
/// # Errors
/// `source` can't be read or `copy` fails.
pub fn pass<T>(
    source: impl Read,
    cut: u64,
    copy: &mut dyn Copy,
    look: impl FnOnce(&mut dyn Read) -> T,
) -> io::Result<(T, Measured)> {
    let (full_tx, full_rx) = sync_channel::<Arc<Vec<u8>>>(BUFFERS);
    let (free_tx, free_rx) = sync_channel::<Arc<Vec<u8>>>(BUFFERS);
    thread::scope(|scope| {
        let hashing = scope.spawn(move || hash(&full_rx, &free_tx, cut));
        let mut tee = Tee {
            source,
            copy,
            full: full_tx,
            free: free_rx,
            made: 0,
            buffer: Arc::default(),
            at: 0,
            failed: None,
        };
        let seen = look(&mut tee);
        let drained = tee.drain();
        let failed = tee.failed.take();
        drop(tee);
        let measured = hashing.join().map_err(|_| io::Error::other("hashing stopped"))?;
        match (failed, drained) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok((seen, measured)),
        }
    })
}

fn hash(full: &Receiver<Arc<Vec<u8>>>, free: &SyncSender<Arc<Vec<u8>>>, cut: u64) -> Measured {
    let mut pieces = Vec::new();
    let mut piece = Hasher::new();
    // Most files are one piece; the whole is hashed apart only once there is a second one.
    let mut whole: Option<Hasher> = None;
    while let Ok(buffer) = full.recv() {
        let mut bytes = buffer.as_slice();
        while !bytes.is_empty() {
            if piece.size() == cut {
                let whole = whole.get_or_insert_with(|| piece.clone());
                let (sha256, size) = std::mem::take(&mut piece).finish();
                pieces.push((size, sha256));
                debug_assert!(whole.size() > 0);
            }
            let room = usize::try_from(cut - piece.size()).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            piece.update(now);
            if let Some(whole) = &mut whole {
                whole.update(now);
            }
            bytes = later;
        }
        // The other side may be done and gone.
        let _ = free.try_send(buffer);
    }
    let last = piece.finish();
    let (sha256, size) = whole.map_or(last, Hasher::finish);
    pieces.push((last.1, last.0));
    Measured { sha256, size, pieces }
}

/// Reads a source through buffers that are copied and hashed as they are filled.
struct Tee<'a, R> {
    source: R,
    copy: &'a mut dyn Copy,
    full: SyncSender<Arc<Vec<u8>>>,
    free: Receiver<Arc<Vec<u8>>>,
    made: usize,
    buffer: Arc<Vec<u8>>,
    at: usize,
    failed: Option<io::Error>,
}

impl<R: Read> Tee<'_, R> {
    /// Fills the next buffer; it stays empty at the end.
    fn fill(&mut self) -> io::Result<()> {
        let mut next = self.free_buffer();
        next.resize(BUFFER, 0);
        let mut filled = 0;
        while filled < next.len() {
            match self.source.read(&mut next[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        next.truncate(filled);
        self.copy.copy(&next)?;
        self.buffer = Arc::new(next);
        self.at = 0;
        // The receiver lives until this sender is gone.
        self.full.send(Arc::clone(&self.buffer)).map_err(|_| io::Error::other("hashing stopped"))
    }

    fn free_buffer(&mut self) -> Vec<u8> {
        self.buffer = Arc::default();
        if self.made < BUFFERS {
            self.made += 1;
            return Vec::with_capacity(BUFFER);
        }
        // Ours is gone, so the one that comes back is the last of its kind.
        self.free.recv().ok().and_then(|buffer| Arc::try_unwrap(buffer).ok()).unwrap_or_default()
    }

    fn drain(&mut self) -> io::Result<()> {
        while self.failed.is_none() {
            self.fill()?;
            if self.buffer.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.failed.is_some() {
            return Err(io::Error::other("the pass has failed"));
        }
        if self.at == self.buffer.len()
            && let Err(error) = self.fill()
        {
            let kind = error.kind();
            self.failed = Some(error);
            return Err(kind.into());
        }
        let rest = &self.buffer[self.at..];
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Copy for Vec<u8> {
        fn copy(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.extend_from_slice(bytes);
            Ok(())
        }
    }

    #[test]
    fn what_is_looked_at_copied_and_hashed_are_the_same_bytes() {
        for size in [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 20 * BUFFER + 7] {
            let bytes: Vec<u8> = (0..size).map(|i| (i * 7 + i / 251) as u8).collect();
            for cut in [1_000, BUFFER as u64, 3 * BUFFER as u64 + 1, u64::MAX] {
                // Whoever looks may read all, some or nothing.
                for read in [0, 10, size / 2, size] {
                    let mut copy = Vec::new();
                    let look = |reader: &mut dyn Read| {
                        let mut seen = vec![0; read.min(size)];
                        reader.read_exact(&mut seen).unwrap();
                        seen
                    };
                    let (seen, measured) = pass(&bytes[..], cut, &mut copy, look).unwrap();
                    assert_eq!(copy, bytes);
                    assert_eq!(seen, bytes[..read.min(size)]);
                    assert_eq!(measured.sha256, Sha256::of(&bytes));
                    let cut = usize::try_from(cut).unwrap_or(usize::MAX);
                    let mut pieces: Vec<_> =
                        bytes.chunks(cut).map(|c| (c.len() as u64, Sha256::of(c))).collect();
                    if pieces.is_empty() {
                        pieces.push((0, Sha256::of(b"")));
                    }
                    assert_eq!(measured.pieces, pieces, "{size} bytes cut by {cut}");
                }
            }
        }
    }

    #[test]
    fn a_failing_source_or_copy_ends_the_pass_even_when_the_looker_does_not_care() {
        struct Fails(usize);
        impl Read for Fails {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 5 { Err(io::Error::other("bad disk")) } else { Ok(out.len()) }
            }
        }
        impl Copy for Fails {
            fn copy(&mut self, _: &[u8]) -> io::Result<()> {
                self.0 += 1;
                if self.0 > 5 { Err(io::Error::other("full disk")) } else { Ok(()) }
            }
        }
        let ignore = |reader: &mut dyn Read| drop(io::copy(reader, &mut io::sink()));
        let refused = pass(Fails(0), u64::MAX, &mut (), ignore).unwrap_err();
        assert_eq!(refused.to_string(), "bad disk");
        assert!(pass(Fails(0), u64::MAX, &mut (), |_| ()).is_err());
        let refused = pass(io::repeat(1), u64::MAX, &mut Fails(0), ignore).unwrap_err();
        assert_eq!(refused.to_string(), "full disk");
    }
}

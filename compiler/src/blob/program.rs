//! The k0s binary: for which processor, and which version; without running it.
//!
//! k0s gets its version from the linker (`-X …/pkg/build.Version=v1.32.11+k0s.0`) and is built with `-trimpath`, which
//! keeps the linker's flags out of Go's build information. So the text itself is searched for: every
//! `vX.Y.Z+k0s.N` in the file is a candidate, because help texts may name other releases. [`Program::is`] is the one place
//! that decides. (k0s, Makefile and pkg/build/version.go at v1.32.11; Go, cmd/go/internal/load/pkg.go.)

use std::collections::BTreeSet;
use std::io::{self, Read};

/// What comes before the number of k0s' own release.
const MARK: &[u8] = b"+k0s.";
/// What is kept of the last buffer, so that a version over its edge is seen: longer than any version.
const OVERLAP: usize = 48;
/// More versions than this are not noted; no program has so many.
const MOST: usize = 64;

/// What a file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// For which machine.
    pub machine: Machine,
    /// Every version of k0s that it names.
    pub versions: BTreeSet<String>,
}

/// For which machine a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// 64-bit x86, the only one that MKE runs on.
    Amd64,
    /// Another one, by its number in the ELF header.
    Other(u16),
    /// Not an ELF program for Linux.
    NoProgram,
}

impl Program {
    /// Whether this is k0s of that version.
    pub fn is(&self, version: &str) -> bool {
        self.versions.contains(version)
    }
}

impl Machine {
    /// From the first 20 bytes of an ELF header: class, byte order, type and machine.
    fn of(header: &[u8]) -> Self {
        match header {
            // 64-bit, lowest byte first; an executable (2) or a position-independent one (3)
            [0x7f, b'E', b'L', b'F', 2, 1, _, _, _, _, _, _, _, _, _, _, 2 | 3, 0, low, high, ..] => {
                match u16::from_le_bytes([*low, *high]) {
                    0x3e => Self::Amd64,
                    other => Self::Other(other),
                }
            }
            // 32 bits, or the highest byte first: a program, but not for us
            [0x7f, b'E', b'L', b'F', ..] => Self::Other(0),
            _ => Self::NoProgram,
        }
    }

    /// For people.
    pub fn describe(self) -> String {
        match self {
            Self::Amd64 => "a program for amd64".to_owned(),
            Self::Other(0xb7) => "a program for arm64".to_owned(),
            Self::Other(0x28) => "a program for 32-bit ARM".to_owned(),
            Self::Other(_) => "a program for another processor".to_owned(),
            Self::NoProgram => "not a Linux program".to_owned(),
        }
    }
}

/// Looks at a program.
///
/// # Errors
/// It can't be read.
pub fn inspect(reader: &mut dyn Read) -> io::Result<Program> {
    let mut window = Vec::new();
    let mut buffer = vec![0; 256 << 10];
    let mut machine = None;
    let mut versions = BTreeSet::new();
    loop {
        let n = reader.read(&mut buffer)?;
        window.extend_from_slice(&buffer[..n]);
        if machine.is_none() && (window.len() >= 20 || n == 0) {
            machine = Some(Machine::of(&window));
        }
        search(&window, n == 0, &mut versions);
        if n == 0 {
            return Ok(Program { machine: machine.unwrap_or(Machine::NoProgram), versions });
        }
        window.drain(..window.len().saturating_sub(OVERLAP));
    }
}

/// Notes the versions in a part of the file. One that could go on after the edge waits for the next part.
fn search(bytes: &[u8], last: bool, versions: &mut BTreeSet<String>) {
    let mut at = 0;
    // Five bytes at a step: whatever stands at the end of the mark's place tells how far it can be shifted.
    while let Some(end) = bytes.get(at + MARK.len() - 1) {
        if bytes[at..].starts_with(MARK) {
            if let Some(version) = version_around(bytes, at, last)
                && versions.len() < MOST
            {
                versions.insert(version);
            }
            at += MARK.len();
        } else {
            let from_end = MARK.iter().rev().skip(1).position(|b| b == end);
            at += from_end.map_or(MARK.len(), |n| n + 1);
        }
    }
}

/// The version whose mark stands at `mark`: `v1.32.11` before it and a number after it.
fn version_around(bytes: &[u8], mark: usize, last: bool) -> Option<String> {
    let number = mark + MARK.len();
    let digits = bytes[number..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || (number + digits == bytes.len() && !last) {
        return None;
    }
    // Go lays texts side by side, so that a digit may follow that is not part of this one: no number begins with 0.
    let digits = if bytes[number] == b'0' { 1 } else { digits };
    let before = &bytes[mark.saturating_sub(OVERLAP / 2)..mark];
    let start = before.iter().rposition(|b| *b == b'v')?;
    let version = std::str::from_utf8(&before[start + 1..]).ok()?;
    let (numbers, candidate) = version.split_once("-rc.").map_or((version, None), |(n, rc)| (n, Some(rc)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = numbers.split('.').count() == 3 && numbers.split('.').all(is_number);
    if !whole || !candidate.is_none_or(is_number) {
        return None;
    }
    let end = std::str::from_utf8(&bytes[mark..number + digits]).ok()?;
    Some(format!("v{version}{end}"))
}

#[cfg(test)]
pub(super) fn sample(machine: u16, text: &str) -> Vec<u8> {
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0];
    bytes.extend(machine.to_le_bytes());
    bytes.resize(4096, 0);
    bytes.extend(text.as_bytes());
    bytes.resize(bytes.len() + 4096, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(bytes: &[u8]) -> Vec<String> {
        inspect(&mut &bytes[..]).unwrap().versions.into_iter().collect()
    }

    #[test]
    fn a_version_is_found_wherever_it_stands() {
        for offset in [0, 1, 2, 3, 4, 5, 100, (256 << 10) - 20, (256 << 10) - 5, (256 << 10) - 1, 256 << 10] {
            let mut bytes = vec![b'x'; offset];
            bytes.extend(b"v1.32.11+k0s.0");
            assert_eq!(versions(&bytes), ["v1.32.11+k0s.0"], "at the end, offset {offset}");
            bytes.extend(vec![b'+'; 300_000]);
            assert_eq!(versions(&bytes), ["v1.32.11+k0s.0"], "offset {offset}");
        }
    }

    #[test]
    fn neighbours_in_the_text_are_not_taken_for_the_version() {
        assert_eq!(versions(b"xv1.32.11+k0s.07654"), ["v1.32.11+k0s.0"]);
        assert_eq!(
            versions(b"vvv1.31.1+k0s.1\0v1.30.0-rc.2+k0s.0 "),
            ["v1.30.0-rc.2+k0s.0", "v1.31.1+k0s.1"]
        );
        for none in [
            "+k0s.1",
            "v1.2+k0s.1",
            "v1.2.3+k0s.",
            "v1.2.x+k0s.1",
            "v1..3+k0s.1",
            "1.2.3+k0s.1",
            "v1.2.3-rc.+k0s.1",
        ] {
            assert_eq!(versions(none.as_bytes()), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn the_machine_is_told_from_the_header() {
        let of = |bytes: &[u8]| inspect(&mut &bytes[..]).unwrap().machine;
        assert_eq!(of(&sample(0x3e, "")), Machine::Amd64);
        assert_eq!(of(&sample(0xb7, "")).describe(), "a program for arm64");
        assert_eq!(of(b"#!/bin/sh\n"), Machine::NoProgram);
        assert_eq!(of(b""), Machine::NoProgram);
        assert_eq!(of(b"\x7fELF"), Machine::Other(0));
    }
}

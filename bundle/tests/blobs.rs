//! Blobs in one piece and in chunks: what is read is what was meant, or the reader fails.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use airlift_bundle::Error;
use airlift_bundle::digest::Sha256;
use airlift_bundle::manifest::{Blob, Manifest};
use airlift_bundle::set::{SetFile, SetIndex, SignedSet, verify_set};
use airlift_bundle::value::PlanId;
use support::{BLOB, Site, on_disk};

fn digest() -> Sha256 {
    Sha256::of(BLOB)
}

fn chunk(number: usize) -> String {
    format!("blobs/sha256/{}.part/{number:04}", digest())
}

/// Reads the blob out of this set, by few bytes at a time.
fn read(site: &Site, files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, &'static str> {
    let directory = on_disk(files);
    let set = SignedSet::open(directory.path(), &site.trust(0)).unwrap();
    let mut reader = set.blob(digest()).unwrap();
    assert_eq!(reader.size(), BLOB.len() as u64);
    let mut bytes = Vec::new();
    let mut buffer = [0; 4];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(n) => bytes.extend(&buffer[..n]),
            Err(error) => {
                for _ in 0..3 {
                    assert!(reader.read(&mut buffer).is_err(), "an error was followed by a peaceful end");
                }
                let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
                return Err(inner.expect("an error of this crate").code());
            }
        }
    }
}

#[test]
fn a_blob_is_the_same_however_it_is_cut() {
    let site = Site::new();
    assert_eq!(read(&site, &site.files()).unwrap(), BLOB);
    for size in 1..BLOB.len() {
        let files = site.chunked(size);
        assert_eq!(files.keys().filter(|path| path.contains(".part/")).count(), BLOB.len().div_ceil(size));
        assert_eq!(read(&site, &files).unwrap(), BLOB, "in chunks of {size}");
        let report = verify_set(on_disk(&files).path(), &site.trust(0)).unwrap();
        assert_eq!(report.bytes, files_size(&files), "in chunks of {size}");
    }
}

#[test]
fn a_blob_in_one_piece_lies_where_it_says() {
    let blob = Blob { sha256: digest(), size: BLOB.len() as u64, name: "k0s".parse().unwrap() };
    assert_eq!(Site::new().files()[&blob.set_path()], BLOB);
}

#[test]
fn a_manifest_lists_its_blobs_by_digest_each_once() {
    let blob =
        |name: &str, byte: &[u8]| Blob { sha256: Sha256::of(byte), size: 1, name: name.parse().unwrap() };
    let mut blobs = vec![blob("a", b"1"), blob("b", b"2")];
    blobs.sort_by_key(|blob| blob.sha256);
    let with = |blobs: Vec<Blob>| Manifest { blobs, ..support::manifest(&support::contents()) }.to_json();
    with(blobs.clone()).unwrap();
    let twice = vec![blobs[0].clone(), Blob { name: "c".parse().unwrap(), ..blobs[0].clone() }];
    for wrong in [blobs.into_iter().rev().collect(), twice] {
        let refused = with(wrong).unwrap_err().to_string();
        assert!(refused.contains("its blobs are not sorted by digest, each once"), "{refused}");
    }
}

/// Size of all that `set.json` lists.
fn files_size(files: &BTreeMap<String, Vec<u8>>) -> u64 {
    let listed = SetIndex::parse(&files["set.json"]).unwrap();
    listed.files.iter().map(|file| files[file.path.as_str()].len() as u64).sum()
}

#[test]
fn every_damaged_chunk_is_named_in_one_run_and_never_read_to_the_end() {
    let site = Site::new();
    let good = site.chunked(4);
    /// What it is, how it is done, and the codes that it must give.
    type Damage<'a> = (&'a str, fn(&mut BTreeMap<String, Vec<u8>>), &'a [&'a str]);
    let damage: [Damage<'_>; 6] = [
        ("missing", |f| drop(f.remove(&chunk(1))), &["AB040"]),
        ("short", |f| assert!(f.get_mut(&chunk(3)).unwrap().pop().is_some()), &["AB041"]),
        ("longer", |f| f.get_mut(&chunk(0)).unwrap().push(0), &["AB042"]),
        ("altered", |f| f.get_mut(&chunk(2)).unwrap()[0] ^= 1, &["AB042"]),
        (
            "swapped",
            |f| {
                let first = f[&chunk(0)].clone();
                let second = f.insert(chunk(1), first).unwrap();
                f.insert(chunk(0), second);
            },
            &["AB042", "AB042"],
        ),
        (
            "three at once",
            |f| {
                f.remove(&chunk(0));
                f.get_mut(&chunk(1)).unwrap()[0] ^= 1;
                f.insert(chunk(2), vec![]);
            },
            &["AB040", "AB042", "AB041"],
        ),
    ];
    for (what, change, expected) in damage {
        let mut files = good.clone();
        change(&mut files);
        assert!(read(&site, &files).is_err(), "{what}");
        let problems = verify_set(on_disk(&files).path(), &site.trust(0)).expect_err(what);
        let codes: Vec<_> = problems.iter().map(Error::code).collect();
        // the last says which nodes need the blob
        let expected: Vec<_> = expected.iter().copied().chain(["AB048"]).collect();
        assert_eq!(codes, expected, "{what}: {problems}");
        let chunks = problems.iter().filter(|problem| problem.code() != "AB048");
        assert!(chunks.map(ToString::to_string).all(|text| text.contains(".part/")), "{problems}");
    }
    let mut more = good;
    more.insert(chunk(4), b"x".to_vec());
    let problems = verify_set(on_disk(&more).path(), &site.trust(0)).expect_err("a surplus chunk");
    assert_eq!(problems.iter().map(Error::code).collect::<Vec<_>>(), ["AB043"]);
}

#[test]
fn chunks_that_make_another_blob_than_their_name_are_refused_even_when_signed() {
    let site = Site::new();
    let mut files = site.unsigned();
    files.retain(|path, _| !path.starts_with("blobs/"));
    for (number, bytes) in [&b"a large "[..], b"PAYLOAD"].iter().enumerate() {
        files.insert(chunk(number), bytes.to_vec());
    }
    let files = site.sign(PlanId::of(&files["plan.json"]), files);
    assert_eq!(read(&site, &files).unwrap_err(), "AB042");
    let problems = verify_set(on_disk(&files).path(), &site.trust(0)).expect_err("another blob");
    assert!(problems.to_string().contains("its content is not what its name says"), "{problems}");
}

#[test]
fn a_file_that_grows_is_not_read_for_ever() {
    let site = Site::new();
    let directory = on_disk(&site.files());
    let set = SignedSet::open(directory.path(), &site.trust(0)).unwrap();
    let mut reader = set.blob(digest()).unwrap();
    let path = directory.path().join(format!("blobs/sha256/{}", digest()));
    fs::write(path, vec![0; 1 << 20]).unwrap();
    let mut bytes = Vec::new();
    assert!(reader.read_to_end(&mut bytes).is_err());
    assert!(bytes.len() <= BLOB.len());
    assert_eq!(set.blob(Sha256::of(b"other")).unwrap_err().code(), "AB044");
}

#[test]
fn an_index_lists_blobs_by_their_names_and_whole() {
    let plan = SetFile::of("plan.json".parse().unwrap(), b"x");
    let wrong = |files: &[(&str, &[u8])]| {
        let files = files.iter().map(|(path, bytes)| {
            let path = path.replace("BLOB", &digest().to_string());
            SetFile::of(path.parse().unwrap(), bytes)
        });
        let index = SetIndex::new(PlanId::of(b"x"), files.chain([plan.clone()]).collect());
        index.map_or_else(|problems| problems.to_string(), |_| String::new())
    };
    let part = |n: &str| format!("blobs/sha256/BLOB.part/{n}");
    let (a, b, c) = (part("0000"), part("0001"), part("0002"));
    assert_eq!(wrong(&[("blobs/sha256/BLOB", BLOB)]), "");
    assert_eq!(wrong(&[(&a, b"12"), (&b, b"34"), (&c, b"5")]), "");
    assert_eq!(wrong(&[(&a, b"12"), (&b, b"34")]), "");
    type Files<'a> = &'a [(&'a str, &'a [u8])];
    let cases: [(Files<'_>, &str); 11] = [
        (&[("blobs/sha256/BLOB", b"x")], "another digest than its name"),
        (&[("blobs/sha256/short", b"x")], "not the name of a blob"),
        (&[("blobs/readme", b"x")], "not the name of a blob"),
        (&[(&part("1"), b"x")], "not the name of a blob"),
        (&[(&part("00x1"), b"x")], "not the name of a blob"),
        (&[(&a, b"12")], "not two or more"),
        (&[(&b, b"12"), (&c, b"34")], "numbered from 0000"),
        (&[(&a, b"12"), (&c, b"34")], "numbered from 0000"),
        (&[("blobs/sha256/BLOB", BLOB), (&a, b"12"), (&b, b"3")], "numbered from 0000"),
        (&[(&a, b"12"), (&b, b"3"), (&c, b"4")], "not of one size"),
        (&[(&a, b"12"), (&b, b"345")], "not of one size"),
    ];
    for (files, expected) in cases {
        let found = wrong(files);
        assert!(found.contains(expected), "{files:?}: {found}");
    }
    assert!(wrong(&[(&a, b"12"), (&b, b"")]).contains("not of one size"), "an empty rest");
}

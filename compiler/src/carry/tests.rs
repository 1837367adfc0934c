//! What carry writes, repeats and refuses.
#![allow(clippy::disallowed_methods)] // the tests' own files may be half written

use super::{Carried, CarryError, Event, Options, carry};
use crate::emit::{Existing, Protection, SetWriter, SigningKey};
use airlift_bundle::set::{SetFile, SetIndex};
use airlift_bundle::signature::PublicKey;
use airlift_bundle::trust::TrustFile;
use airlift_bundle::value::PlanId;
use std::fs;
use std::path::{Path, PathBuf};

struct Bench {
    folder: tempfile::TempDir,
    key: SigningKey,
}

impl Bench {
    /// A folder on a real disk, with a set: `plan.json`, a blob, a bundle, all signed. No set that a node would take.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("author");
        SigningKey::generate(&stem, Protection::None).unwrap();
        let key = SigningKey::read(&stem.with_extension("key"), None).unwrap();
        let bench = Self { folder, key };
        bench.write_set("set", "plan");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// By a key that nobody trusts as an approver; it is carried all the same.
    fn approval(&self) -> String {
        let key = PublicKey::parse_file("author", &self.key.public_file()).unwrap();
        format!("approvals/{}.minisig", key.id())
    }

    fn write_set(&self, name: &str, plan: &str) {
        let blob = vec![5; 3 << 20];
        let blob_path = format!("blobs/sha256/{}", airlift_bundle::digest::Sha256::of(&blob));
        let files =
            [("plan.json", plan.as_bytes()), (&blob_path, &blob), ("nodes/m1.tar.zst", plan.as_bytes())];
        let listed = files.map(|(path, bytes)| SetFile::of(path.parse().unwrap(), bytes));
        let index = SetIndex::new(PlanId::of(plan.as_bytes()), listed.to_vec()).unwrap();
        let json = index.to_json().unwrap();
        let writer = SetWriter::begin(&self.path(name), Existing::Keep).unwrap();
        files.iter().for_each(|(path, bytes)| writer.file(path, bytes).unwrap());
        writer.file("nodes/m1.tar.zst.minisig", self.key.sign(plan.as_bytes(), "x").as_bytes()).unwrap();
        writer.file("set.json.minisig", self.key.sign(&json, "x").as_bytes()).unwrap();
        writer.file(&self.approval(), self.key.sign(&json, "x").as_bytes()).unwrap();
        writer.file("SHA256SUMS", index.sha256sums(&json).as_bytes()).unwrap();
        writer.file("set.json", &json).unwrap();
        writer.show().unwrap();
    }

    fn carry(&self, target: &str) -> Result<Carried, CarryError> {
        self.carry_with(target, false, &mut |_| ())
    }

    fn carry_with(
        &self,
        target: &str,
        replace: bool,
        each: &mut dyn FnMut(Event<'_>),
    ) -> Result<Carried, CarryError> {
        carry(&self.path("set"), &self.path(target), &Options { trust: None, replace }, each)
    }

    fn assert_equal(&self, target: &str) {
        assert_eq!(files(&self.path("set")), files(&self.path(target)));
    }
}

fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_second_run_writes_only_what_is_missing_or_wrong() {
    let bench = Bench::new();
    let first = bench.carry("to").unwrap();
    bench.assert_equal("to");
    assert_eq!((first.written.len(), first.kept), (8, 0));
    assert_eq!(first.written.last().map(String::as_str), Some("set.json"));
    let again = bench.carry("to").unwrap();
    assert_eq!((again.written.len(), again.kept), (0, 8));

    let to = bench.path("to");
    fs::remove_file(to.join(bench.approval())).unwrap();
    fs::write(to.join("plan.json"), "plam").unwrap();
    let mended = bench.carry("to").unwrap();
    // set.json went first and came last, so nobody could take the half for a set
    let expected = ["plan.json", &bench.approval(), "SHA256SUMS", "set.json.minisig", "set.json"];
    assert_eq!(mended.written, expected);
    bench.assert_equal("to");
}

#[test]
fn a_byte_that_changes_on_the_medium_is_seen_and_written_again() {
    let bench = Bench::new();
    let to = bench.path("to");
    let mut repeated = Vec::new();
    let mut spoil = true;
    let carried = bench.carry_with("to", false, &mut |event| match event {
        Event::Written("plan.json") if spoil => {
            spoil = false;
            fs::write(to.join("plan.json"), "plam").unwrap();
        }
        Event::Again(path) => repeated.push(path.to_owned()),
        _ => {}
    });
    carried.unwrap();
    assert_eq!(repeated, ["plan.json"]);
    bench.assert_equal("to");

    // A medium that never gives back what it was given.
    let bad = bench.path("bad");
    let refused = bench.carry_with("bad", false, &mut |event| {
        if let Event::Written("plan.json") = event {
            fs::write(bad.join("plan.json"), "plam").unwrap();
        }
    });
    assert!(matches!(&refused, Err(CarryError::Medium(files)) if *files == ["plan.json"]), "{refused:?}");
    assert!(!bad.join("set.json").exists());
}

#[test]
fn whatever_the_moment_of_an_end_the_next_run_finishes_and_no_half_looks_whole() {
    struct Stop;
    let bench = Bench::new();
    // Every event is a moment; a panic in it is the end of that run.
    for moment in 0.. {
        let target = format!("to{moment}");
        let mut count = 0;
        let run = std::panic::AssertUnwindSafe(|| {
            bench.carry_with(&target, false, &mut |_| {
                if count == moment {
                    std::panic::resume_unwind(Box::new(Stop));
                }
                count += 1;
            })
        });
        let ended = std::panic::catch_unwind(run).is_err();
        assert_eq!(bench.path(&target).join("set.json").exists(), !ended, "moment {moment}");
        bench.carry(&target).unwrap();
        bench.assert_equal(&target);
        fs::remove_dir_all(bench.path(&target)).unwrap();
        if !ended {
            assert!(moment > 10);
            break;
        }
    }
}

#[test]
fn a_bad_source_leaves_nothing_that_looks_like_a_set() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 6] = [
        ("plan.json", |set| fs::write(set.join("plan.json"), "plam").unwrap()),
        ("nodes/m1.tar.zst", |set| fs::write(set.join("nodes/m1.tar.zst"), "p").unwrap()),
        ("nodes/m1.tar.zst", |set| fs::remove_file(set.join("nodes/m1.tar.zst")).unwrap()),
        ("SHA256SUMS", |set| fs::write(set.join("SHA256SUMS"), "").unwrap()),
        ("set.json.minisig", |set| fs::remove_file(set.join("set.json.minisig")).unwrap()),
        ("set.json", |set| fs::write(set.join("set.json"), "{}").unwrap()),
    ];
    for (name, damage) in damages {
        let bench = Bench::new();
        damage(&bench.path("set"));
        match bench.carry("to") {
            Err(CarryError::Source(problems)) => assert!(problems.to_string().contains(name), "{problems}"),
            other => panic!("{name}: {other:?}"),
        }
        assert!(!bench.path("to/set.json").exists());
        assert!(!bench.path("to").join(name).exists(), "{name} lies on the medium");
    }
}

#[test]
fn what_lies_on_the_target_is_never_overwritten_unasked() {
    let bench = Bench::new();
    fs::write(bench.path("file"), "mine").unwrap();
    assert!(matches!(bench.carry("file"), Err(CarryError::NotADirectory(_))));
    assert_eq!(fs::read(bench.path("file")).unwrap(), b"mine");
    assert!(matches!(bench.carry("no/where"), Err(CarryError::NoParent(_))));
    assert!(matches!(bench.carry("set"), Err(CarryError::Inside(_))));
    assert!(matches!(bench.carry("set/nodes/x"), Err(CarryError::Inside(_))));
    assert!(matches!(bench.carry("."), Err(CarryError::Inside(_))));

    fs::create_dir(bench.path("home")).unwrap();
    fs::write(bench.path("home/thesis.doc"), "mine").unwrap();
    for replace in [false, true] {
        let refused = bench.carry_with("home", replace, &mut |_| ());
        assert!(
            matches!(&refused, Err(CarryError::Foreign { files, .. }) if *files == ["thesis.doc"]),
            "{refused:?}"
        );
    }
    assert_eq!(files(&bench.path("home")).len(), 1);

    bench.write_set("old", "older plan");
    let before = files(&bench.path("old"));
    assert!(matches!(bench.carry("old"), Err(CarryError::OtherSet { .. })));
    assert_eq!(before, files(&bench.path("old")));
    bench.carry_with("old", true, &mut |_| ()).unwrap();
    bench.assert_equal("old");
}

#[test]
fn what_is_left_of_another_set_goes_by_order_alone_and_nothing_else_goes_with_it() {
    let bench = Bench::new();
    let other_blob = format!("blobs/sha256/{}.part/0001", "ab".repeat(32));
    let leave = |target: &str| {
        bench.write_set(target, "older plan");
        let to = bench.path(target);
        fs::create_dir_all(to.join(&other_blob).parent().unwrap()).unwrap();
        fs::write(to.join(&other_blob), "half").unwrap();
        fs::write(to.join("nodes/m2.tar.zst"), "old").unwrap();
        fs::remove_file(to.join("set.json")).unwrap();
    };
    leave("left");
    let before = files(&bench.path("left"));
    let refused = bench.carry("left").unwrap_err();
    assert!(
        matches!(&refused, CarryError::Leftover { files, .. } if *files == [&*other_blob, "nodes/m2.tar.zst"])
    );
    assert!(refused.hint().contains("--force"), "{refused}");
    assert_eq!(files(&bench.path("left")), before);
    bench.carry_with("left", true, &mut |_| ()).unwrap();
    bench.assert_equal("left");

    leave("mixed");
    fs::write(bench.path("mixed/nodes/letter.txt"), "mine").unwrap();
    let before = files(&bench.path("mixed"));
    let refused = bench.carry_with("mixed", true, &mut |_| ()).unwrap_err();
    assert!(
        matches!(&refused, CarryError::Foreign { files, .. } if *files == ["nodes/letter.txt"]),
        "{refused}"
    );
    assert_eq!(files(&bench.path("mixed")), before);
}

#[test]
fn an_interrupted_replacement_goes_on_with_the_same_command() {
    struct Stop;
    let bench = Bench::new();
    bench.write_set("older", "older plan");
    fs::write(bench.path("older/nodes/m2.tar.zst"), "old").unwrap();
    // Between two events files go in this order: the list first, then what only the old set had.
    let gone = ["set.json", "set.json.minisig", "SHA256SUMS", "nodes/m2.tar.zst"];
    for cut in 0..=gone.len() {
        copy_all(&bench.path("older"), &bench.path("to"));
        gone[..cut].iter().for_each(|name| fs::remove_file(bench.path("to").join(name)).unwrap());
        bench.carry_with("to", true, &mut |_| ()).unwrap();
        bench.assert_equal("to");
        fs::remove_dir_all(bench.path("to")).unwrap();
    }
    for moment in 0.. {
        copy_all(&bench.path("older"), &bench.path("to"));
        let mut count = 0;
        let run = std::panic::AssertUnwindSafe(|| {
            bench.carry_with("to", true, &mut |_| {
                if count == moment {
                    std::panic::resume_unwind(Box::new(Stop));
                }
                count += 1;
            })
        });
        let ended = std::panic::catch_unwind(run).is_err();
        bench.carry_with("to", true, &mut |_| ()).unwrap();
        bench.assert_equal("to");
        fs::remove_dir_all(bench.path("to")).unwrap();
        if !ended {
            assert!(moment > 8);
            break;
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_signature_is_asked_for_where_a_key_is_given() {
    let bench = Bench::new();
    let other = bench.path("other");
    SigningKey::generate(&other, Protection::None).unwrap();
    let trust = |file: &Path| {
        let text = fs::read_to_string(file).unwrap();
        TrustFile::in_author(PublicKey::parse_file("k", &text).unwrap())
    };
    let carry_for = |trust: &TrustFile| {
        let options = Options { trust: Some(trust), replace: false };
        carry(&bench.path("set"), &bench.path("to"), &options, &mut |_| ())
    };
    assert!(matches!(carry_for(&trust(&other.with_extension("pub"))), Err(CarryError::Source(_))));
    assert!(!bench.path("to").exists(), "nothing was made");
    assert!(carry_for(&trust(&bench.path("author.pub"))).unwrap().signature_checked);
}

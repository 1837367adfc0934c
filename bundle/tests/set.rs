//! What a set must be to be accepted, and what is said about one that is not.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

mod support;

use std::fs;
use std::path::Path;

use airlift_bundle::Problems;
use airlift_bundle::archive;
use airlift_bundle::plan::{Plan, Role};
use airlift_bundle::set::{SetFile, SetIndex, SignedSet, verify_set};
use airlift_bundle::trust::{KeyRole, TrustFile};
use airlift_bundle::value::PlanId;
use support::{Key, Site, on_disk};

fn codes(problems: &Problems) -> Vec<&'static str> {
    problems.iter().map(airlift_bundle::Error::code).collect()
}

fn refusal(root: &Path, trust: &TrustFile) -> Problems {
    verify_set(root, trust).expect_err("the set was accepted")
}

#[test]
fn a_good_set_is_accepted_with_all_that_is_known_about_it() {
    let site = Site::new();
    let directory = on_disk(&site.files());
    let report = verify_set(directory.path(), &site.trust(1)).unwrap();
    assert_eq!(report.site.as_str(), "acme");
    assert_eq!(report.serial.get(), 7);
    assert_eq!(report.nodes.len(), 2);
    assert_eq!(report.files, 5);
    assert_eq!(report.signers.author.to_string(), site.author.id());
    assert_eq!(report.signers.approvers.len(), 1);
    let node = &site.plan.nodes[1].node.name;
    let set = SignedSet::open(directory.path(), &site.trust(1)).unwrap();
    let bytes = set.bundle(node).unwrap();
    assert_eq!(bytes.as_bytes(), fs::read(directory.path().join(node.bundle_path().as_str())).unwrap());
    assert_eq!(bytes.parse().unwrap().bundle().manifest(), &site.manifests[1]);
}

#[test]
fn every_missing_short_altered_and_unexpected_file_is_named_in_one_run() {
    let site = Site::new();
    let mut files = site.files();
    let blob = files.keys().find(|path| path.starts_with("blobs/")).unwrap().clone();
    files.remove("nodes/w1.tar.zst");
    files.get_mut(&blob).unwrap().pop();
    files.get_mut("mke4.yaml").unwrap()[0] = b'x';
    files.insert("notes.txt".to_owned(), b"hello".to_vec());
    files.insert("approvals/readme".to_owned(), b"hello".to_vec());
    files.insert("SHA256SUMS".to_owned(), b"".to_vec());
    let problems = refusal(on_disk(&files).path(), &site.trust(0));
    let text: Vec<_> = problems.iter().map(|p| format!("{} {p}", p.code())).collect();
    assert_eq!(
        text,
        [
            "AB042 accept SHA256SUMS: its content is not what set.json says".to_owned(),
            "AB043 account for approvals/readme, which set.json does not name".to_owned(),
            "AB043 account for notes.txt, which set.json does not name".to_owned(),
            format!("AB041 accept {blob}: it has 14 of 15 bytes"),
            "AB042 accept mke4.yaml: its content is not what set.json says".to_owned(),
            "AB040 find nodes/w1.tar.zst, which the set needs".to_owned(),
            format!("AB048 give m1.example.com the blob images.tar: {blob} is not whole in this set"),
        ]
    );
}

#[test]
fn a_longer_file_is_altered() {
    let site = Site::new();
    let mut files = site.files();
    files.get_mut("mke4.yaml").unwrap().push(b'x');
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(0))), ["AB042"]);
}

#[test]
fn a_set_by_an_unknown_author_is_not_even_parsed() {
    let site = Site::new();
    let mut files = site.files();
    let stranger = TrustFile::in_author(Key::new().public());
    assert_eq!(codes(&refusal(on_disk(&files).path(), &stranger)), ["AB033"]);
    files.insert("set.json".to_owned(), b"not json".to_vec());
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(0))), ["AB032"]);
}

#[test]
fn an_approver_can_not_sign_as_author_nor_an_author_approve() {
    let site = Site::new();
    let mut files = site.files();
    let set_json = files["set.json"].clone();
    files.insert(format!("approvals/{}.minisig", site.author.id()), site.author.sign(&set_json));
    files.remove(&format!("approvals/{}.minisig", site.approver.id()));
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(1))), ["AB034"]);
    files.insert("set.json.minisig".to_owned(), site.approver.sign(&set_json));
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(1))), ["AB033"]);
}

#[test]
fn approvals_count_by_key_and_only_where_trusted() {
    let site = Site::new();
    let second = Key::new();
    let mut trust = site.trust(1);
    trust.add(KeyRole::Approver, second.public()).unwrap();
    trust.set_threshold(2).unwrap();
    let mut files = site.files();
    let set_json = files["set.json"].clone();
    assert_eq!(codes(&refusal(on_disk(&files).path(), &trust)), ["AB034"]);
    // an approval under another name would count one key twice
    files.insert("approvals/copy.minisig".to_owned(), site.approver.sign(&set_json));
    assert_eq!(codes(&refusal(on_disk(&files).path(), &trust)), ["AB035", "AB034"]);
    files.remove("approvals/copy.minisig");
    let stranger = Key::new();
    files.insert(format!("approvals/{}.minisig", stranger.id()), stranger.sign(&set_json));
    assert_eq!(codes(&refusal(on_disk(&files).path(), &trust)), ["AB034"]);
    files.insert(format!("approvals/{}.minisig", second.id()), second.sign(&set_json));
    let report = verify_set(on_disk(&files).path(), &trust).unwrap();
    assert_eq!(report.signers.approvers.len(), 2);
    assert_eq!(report.signers.uncounted.len(), 1);
}

#[test]
fn an_approval_of_another_set_is_refused() {
    let site = Site::new();
    let mut files = site.files();
    let approval = format!("approvals/{}.minisig", site.approver.id());
    files.insert(approval, site.approver.sign(b"another set.json"));
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(1))), ["AB032", "AB034"]);
}

#[test]
fn a_bundle_without_its_signature_or_with_another_ones_is_refused() {
    let site = Site::new();
    let mut files = site.files();
    let signature = files.remove("nodes/w1.tar.zst.minisig").unwrap();
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(0))), ["AB040"]);
    files
        .insert("nodes/w1.tar.zst.minisig".to_owned(), files["nodes/m1.example.com.tar.zst.minisig"].clone());
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(0))), ["AB032"]);
    files.insert("nodes/w1.tar.zst.minisig".to_owned(), signature);
    assert!(verify_set(on_disk(&files).path(), &site.trust(0)).is_ok());
}

/// Signs a set in which `change` has had its way with the unsigned files.
fn resigned(change: impl FnOnce(&mut Site, &mut std::collections::BTreeMap<String, Vec<u8>>)) -> Problems {
    let mut site = Site::new();
    let mut files = site.unsigned();
    change(&mut site, &mut files);
    let plan_id = PlanId::of(&files["plan.json"]);
    let files = site.sign(plan_id, files);
    refusal(on_disk(&files).path(), &site.trust(0))
}

#[test]
fn a_bundle_of_another_plan_is_refused_even_when_signed() {
    let problems = resigned(|_, files| {
        let older = Site::with_serial(6).files();
        files.insert("nodes/w1.tar.zst".to_owned(), older["nodes/w1.tar.zst"].clone());
    });
    assert_eq!(codes(&problems), ["AB005"], "{problems}");
    assert!(problems.to_string().contains("it belongs to plan"), "{problems}");
}

#[test]
fn a_bundle_under_the_name_of_another_node_is_refused_even_when_signed() {
    let problems = resigned(|_, files| {
        files.insert("nodes/w1.tar.zst".to_owned(), files["nodes/m1.example.com.tar.zst"].clone());
    });
    assert_eq!(codes(&problems), ["AB005"], "{problems}");
    assert!(problems.to_string().contains("it is the bundle of m1.example.com"), "{problems}");
}

#[test]
fn a_bundle_whose_manifest_disagrees_with_the_plan_is_refused_even_when_signed() {
    type Change = fn(&mut airlift_bundle::manifest::Manifest);
    let changes: [(Change, &str); 6] = [
        (|m| m.site = "other".parse().unwrap(), "for site other"),
        (|m| m.serial = airlift_bundle::value::Serial::new(8).unwrap(), "serial 8"),
        (|m| m.plan.node.role = Role::Manager, "its role or addresses"),
        (|m| m.plan.node.addresses.clear(), "its role or addresses"),
        (|m| m.plan.stages.clear(), "is not the one whose digest"),
        (|m| m.blobs[0].size += 1, "set.json does not list its blob"),
    ];
    for (change, expected) in changes {
        let problems = resigned(|site, files| {
            change(&mut site.manifests[1]);
            let bundle = archive::write(&site.manifests[1], &support::contents()).unwrap();
            files.insert("nodes/w1.tar.zst".to_owned(), bundle);
        });
        assert!(codes(&problems).iter().all(|code| *code == "AB005"), "{problems}");
        assert!(problems.to_string().contains(expected), "{problems}");
    }
}

#[test]
fn a_set_with_too_few_or_too_many_bundles_is_refused_even_when_signed() {
    let problems = resigned(|_, files| {
        files.remove("nodes/w1.tar.zst");
    });
    assert!(problems.to_string().contains("does not list nodes/w1.tar.zst"), "{problems}");
    let problems = resigned(|site, files| {
        site.manifests[1].plan.node.name = "w2".parse().unwrap();
        let bundle = archive::write(&site.manifests[1], &support::contents()).unwrap();
        files.insert("nodes/w2.tar.zst".to_owned(), bundle);
    });
    assert!(problems.to_string().contains("plan.json has no node w2"), "{problems}");
}

#[test]
fn links_in_a_set_are_refused_and_not_followed() {
    let site = Site::new();
    let directory = on_disk(&site.files());
    let root = directory.path();
    fs::remove_file(root.join("mke4.yaml")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("mke4.yaml"), b"kind: MkeConfig\n").unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("mke4.yaml"), root.join("mke4.yaml")).unwrap();
    std::os::unix::fs::symlink("/", root.join("root")).unwrap();
    let problems = refusal(root, &site.trust(0));
    assert_eq!(codes(&problems), ["AB011", "AB011", "AB011"], "{problems}");
}

#[test]
fn a_pipe_in_place_of_a_file_does_not_hang_the_reader() {
    let site = Site::new();
    let directory = on_disk(&site.files());
    let root = directory.path();
    fs::remove_file(root.join("set.json")).unwrap();
    support::run(root, "mkfifo", &["set.json"]);
    assert_eq!(codes(&refusal(root, &site.trust(0))), ["AB011"]);
}

#[test]
fn a_trust_file_without_an_author_accepts_nothing() {
    let site = Site::new();
    let directory = on_disk(&site.files());
    assert_eq!(codes(&refusal(directory.path(), &TrustFile::default())), ["AB037"]);
}

#[test]
fn a_signature_has_one_form() {
    let site = Site::new();
    let mut files = site.files();
    let good = String::from_utf8(files["set.json.minisig"].clone()).unwrap();
    for bad in [
        good.replacen("untrusted comment: signature", "untrusted comment: \u{1b}[2Jsignature", 1),
        good.replacen("minisign secret", "another secret", 1),
        good.replace('\n', "\r\n"),
        format!("{good}\n"),
        good.trim_end().to_owned(),
        String::new(),
    ] {
        files.insert("set.json.minisig".to_owned(), bad.clone().into_bytes());
        assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(0))), ["AB031"], "{bad:?}");
    }
    files.insert(
        "set.json.minisig".to_owned(),
        good.replacen("comment: airlift", "comment: airdrop", 1).into_bytes(),
    );
    assert_eq!(codes(&refusal(on_disk(&files).path(), &site.trust(0))), ["AB032"]);
}

#[test]
fn a_signature_that_is_not_prehashed_is_refused() {
    let site = Site::new();
    let directory = on_disk(&site.files());
    support::run(directory.path(), "minisign", &["-G", "-W", "-p", "l.pub", "-s", "l.key"]);
    support::run(directory.path(), "minisign", &["-S", "-l", "-s", "l.key", "-m", "set.json"]);
    let text = fs::read_to_string(directory.path().join("l.pub")).unwrap();
    let key = airlift_bundle::signature::PublicKey::parse_file("l.pub", &text).unwrap();
    let problems = refusal(directory.path(), &TrustFile::in_author(key));
    assert_eq!(codes(&problems), ["AB031"], "{problems}");
    assert!(problems.to_string().contains("it is not prehashed; sign again without -l"), "{problems}");
}

#[test]
fn an_index_keeps_to_names_that_survive_a_stick() {
    let plan = SetFile::of("plan.json".parse().unwrap(), b"x");
    let of = |names: &[&str]| {
        let files = names.iter().map(|name| SetFile::of(name.parse().unwrap(), b"x")).chain([plan.clone()]);
        SetIndex::new(PlanId::of(b"x"), files.collect()).map(|_| ()).map_err(|p| codes(&p))
    };
    assert_eq!(of(&["a", "b/c"]), Ok(()));
    assert_eq!(of(&["rbac/A", "rbac/a"]), Err(vec!["AB007"]));
    assert_eq!(of(&["Nodes/a", "nodes/b"]), Err(vec!["AB007"]));
    assert_eq!(of(&["set.json"]), Err(vec!["AB006"]));
    assert_eq!(of(&["sha256sums"]), Err(vec!["AB007"]));
    assert_eq!(of(&["a.minisig"]), Err(vec!["AB005"]));
    assert_eq!(of(&["approvals/a"]), Err(vec!["AB005"]));
    assert!(SetIndex::new(PlanId::of(b"y"), vec![plan.clone()]).is_err());
    assert!(SetIndex::new(PlanId::of(b"x"), vec![]).is_err());
}

#[test]
fn a_plan_has_one_leader_first_and_no_name_or_address_twice() {
    type Change = fn(&mut Plan);
    let changes: [(Change, &str); 6] = [
        (|p| p.nodes.clear(), "its first node is not the leader"),
        (|p| p.nodes.swap(0, 1), "its first node is not the leader"),
        (|p| p.nodes[1].node.role = Role::Leader, "w1 is a second leader"),
        (|p| p.nodes[1].node.name = p.nodes[0].node.name.clone(), "two nodes have the name"),
        (|p| p.nodes[1].node.addresses = p.nodes[0].node.addresses.clone(), "which is taken already"),
        (
            |p| {
                p.inputs.insert(
                    0,
                    airlift_bundle::plan::Input { path: "z".parse().unwrap(), ..p.inputs[0].clone() },
                )
            },
            "not sorted",
        ),
    ];
    for (change, expected) in changes {
        let mut plan = Site::new().plan;
        change(&mut plan);
        let problems = plan.to_json().expect_err(expected);
        assert!(problems.to_string().contains(expected), "{problems}");
    }
}

#[test]
fn a_bundle_of_another_plan_under_this_set_is_refused_and_nothing_else() {
    let site = Site::new();
    let (mut files, older) = (site.files(), Site::with_serial(6).files());
    for name in ["nodes/w1.tar.zst", "nodes/w1.tar.zst.minisig"] {
        files.insert(name.to_owned(), older[name].clone());
    }
    let problems = refusal(on_disk(&files).path(), &site.trust(0));
    // short or altered, as chance has it
    assert!(matches!(codes(&problems)[..], ["AB041" | "AB042"]), "{problems}");
    assert!(problems.to_string().contains("nodes/w1.tar.zst"), "{problems}");
}

#[test]
fn a_bundle_that_is_missing_with_its_signature_is_named_with_it() {
    let site = Site::new();
    let mut files = site.files();
    files.retain(|path, _| !path.starts_with("nodes/w1."));
    let problems = refusal(on_disk(&files).path(), &site.trust(0));
    assert_eq!(codes(&problems), ["AB040", "AB040"], "{problems}");
}

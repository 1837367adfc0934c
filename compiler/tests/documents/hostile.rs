//! Whatever stands in an input, it stays a value: no other option, key, directive or specifier comes of it.

use super::fixture::{mke4, site, text};
use super::flags::{assert_both_sides_equal, exec_start};
use super::schema::{json, read_back};
use airlift::contract::{self, Contract};
use airlift::document::{Document, Format, Leaf, NodeDocuments, Scalar, Tree, node_documents};
use airlift::surroundings::Surroundings;
use proptest::prelude::*;

/// Every place of an input that a text can be put in.
fn places(contract: &Contract) -> Vec<Place> {
    let site = site(2, 1);
    let mut places: Vec<_> = (0..9).map(Place::Site).collect();
    let doc = mke4(contract, &site);
    let texts = doc.leaves().into_iter().filter(|(_, leaf)| matches!(leaf.scalar, Scalar::Str(_)));
    places.extend(texts.map(|(path, _)| Place::Mke4(path)));
    places.extend(["apiServer", "scheduler", "controllerManager", "etcd", "kubelet"].map(Place::FlagValue));
    places.extend(["apiServer", "kubelet"].map(Place::FlagName));
    places.extend(["--labels=", "--taints=", "--logging=", "--profile=", "--", ""].map(Place::InstallFlag));
    places.push(Place::ProfileValue);
    places
}

#[derive(Clone, Debug)]
enum Place {
    Site(usize),
    Mke4(airlift::document::Path),
    FlagValue(&'static str),
    FlagName(&'static str),
    InstallFlag(&'static str),
    ProfileValue,
}

fn documents(contract: &'static Contract, place: &Place, hostile: &str) -> Option<NodeDocuments> {
    let mut site = site(2, 1);
    if let Place::Site(field) = place {
        *site_field(&mut site, *field) = hostile.to_owned();
    }
    let mut doc = mke4(contract, &site);
    let value = Tree::from(text(hostile, "hostile", "x"));
    match place {
        Place::Site(_) => {}
        Place::Mke4(path) => doc.set(&path.to_string(), value),
        Place::FlagValue(of) => doc.set_key(&format!("spec.{of}.extraArgs"), "hostile", value),
        Place::FlagName(of) => doc.set_key(&format!("spec.{of}.extraArgs"), hostile, value),
        Place::InstallFlag(before) => {
            let flag = format!("{before}{hostile}");
            doc.push("spec.hosts[1].installFlags", Tree::from(text(&flag, "hostile", "x")));
        }
        Place::ProfileValue => doc.set_key("spec.kubelet.customProfiles[0].values", hostile, value),
    }
    node_documents(&doc, &site, contract).ok()
}

fn site_field(site: &mut Surroundings, field: usize) -> &mut String {
    match field {
        0 => return &mut site.external_address.as_mut().unwrap().value,
        1 => return &mut site.image_registry.as_mut().unwrap().url.value,
        2 => return &mut site.image_registry.as_mut().unwrap().ca.as_mut().unwrap().value,
        _ => {}
    }
    let host = &mut site.hosts[1];
    match field {
        3 => &mut host.name.value,
        4 => &mut host.private_address.as_mut().unwrap().value,
        5 => &mut host.ssh.address.value,
        6 => &mut host.ssh.user.value,
        7 => &mut host.ssh.key_path.as_mut().unwrap().value,
        _ => &mut host.profile.insert(text("", "hosts.yaml", "hosts[1].profile")).value,
    }
}

/// The lines of a unit, read strictly: section headers and `Key=value`.
fn unit_lines(unit: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in unit.split('\n').filter(|line| !line.is_empty()) {
        assert!(!line.ends_with('\\') && !line.chars().any(char::is_control), "{line:?}");
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']').unwrap().to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap();
        assert!(key.bytes().all(|b| b.is_ascii_alphanumeric()), "{line}");
        lines.push((format!("{section}.{key}"), value.to_owned()));
    }
    lines
}

fn assert_reads_back(document: &Document) {
    let text = document.render().unwrap();
    match document.format {
        Format::Yaml => assert_eq!(read_back(document), json(&document.tree), "{text}"),
        Format::Toml => {
            let table: toml::Table = text.parse().unwrap();
            assert_eq!(serde_json::to_value(table).unwrap(), json(&document.tree), "{text}");
        }
        Format::Text => {
            let Tree::Leaf(Leaf { scalar, .. }) = document.tree.as_ref() else { panic!("no text") };
            assert_eq!(text.trim_end_matches('\n'), scalar.text().trim_end_matches('\n'));
        }
        Format::Unit => {
            let mut expected = Vec::new();
            let Tree::List(sections) = document.tree.as_ref() else { panic!("no unit") };
            for section in sections {
                let name = section.text("section").unwrap().value;
                let Some(Tree::List(lines)) = section.get("lines") else { panic!("no lines") };
                for line in
                    lines.iter().filter_map(|line| Some((line.text("key")?.value, line.get("value")?)))
                {
                    expected.push((format!("{name}.{}", line.0), line.1));
                }
            }
            let found = unit_lines(&text);
            assert_eq!(found.len(), expected.len(), "{text}");
            for ((key, value), (expected_key, expected)) in found.iter().zip(expected) {
                assert_eq!(*key, expected_key);
                match expected {
                    Tree::List(words) => {
                        let words: Vec<_> =
                            words.iter().map(|w| json(w).as_str().unwrap().to_owned()).collect();
                        assert_eq!(exec_start(&format!("ExecStart={value}")), words);
                    }
                    leaf => assert_eq!(value.replace("%%", "%"), json(leaf).as_str().unwrap()),
                }
            }
        }
    }
}

/// Whether the documents were made; if so, they say what was meant and have the shape of those of a tame site.
fn survives(contract: &'static Contract, place: &Place, hostile: &str) -> bool {
    let Some(docs) = documents(contract, place, hostile) else { return false };
    let k0sctl = docs.k0sctl.render().unwrap();
    assert!(!k0sctl.replace("$$", "").contains('$'), "{k0sctl}");
    assert_reads_back(&docs.k0sctl);
    for node in &docs.nodes {
        for file in docs.files(node) {
            assert_reads_back(&file.document);
            assert!(!file.path.contains("..") && file.path.starts_with('/'), "{}", file.path);
        }
        let words = node.flags.arguments().count();
        assert!(words <= 14, "{words} flags");
    }
    if docs.findings.count(airlift::diag::Severity::Warning) == 0 {
        assert_both_sides_equal(&docs);
    }
    true
}

/// Pieces that mean something to YAML, TOML, systemd, a shell, k0s or k0sctl.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            " ",
            "\t",
            "\n",
            "\r",
            "%",
            "%i",
            "%n",
            "$",
            "$$",
            "${HOME}",
            "$(id)",
            "`id`",
            "'",
            "\"",
            "\\",
            "\\n",
            "\\x20",
            ";",
            " ; ",
            "#",
            " #",
            ": ",
            "- ",
            "[",
            "]",
            "[Service]",
            "{",
            "}",
            "=",
            ",",
            "--enable-worker",
            " --single",
            "\nExecStart=/bin/sh",
            "\"\"\"",
            "'''",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "é",
            "😀",
            "/",
            "..",
            "@",
            "!",
            "&",
            "*",
            "|",
            ">",
            "<",
            "~",
            "null",
            "yes",
            "0",
            "1",
            "\u{7}",
            "\u{0}",
            "\u{1b}[0m",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9.-]{1,8}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn no_input_becomes_more_than_a_value(
        place in any::<prop::sample::Index>(),
        release in prop::sample::select(vec!["v4.0.0", "v4.1.5"]),
        hostile in hostile(),
    ) {
        let contract = contract::by_id(release).unwrap();
        survives(contract, place.get(&places(contract)), &hostile);
    }
}

#[test]
fn free_text_is_carried_and_only_what_cannot_be_is_refused() {
    let contract = contract::by_id("v4.1.5").unwrap();
    let path = |path: &str| Place::Mke4(airlift::document::Path::parse(path));
    for (place, text) in [
        (Place::FlagValue("apiServer"), "a: b # 'c' \"d\" \\ %i $HOME `id`\n--x"),
        (Place::FlagValue("kubelet"), "a%i,b=c;d&e|f*g"),
        (Place::InstallFlag("--labels="), "a=%i $x; b&c|d"),
        (Place::ProfileValue, "a: b\nc: %i $x"),
        (Place::Site(2), "-----BEGIN\n''' \"\"\" %i $x"),
        (Place::Site(6), "us er$x%i"),
        (Place::Site(7), "/home/a b/$key"),
        (path("spec.apiServer.encryptionProvider"), "/a b%i$x"),
        (path("spec.kubelet.managerKubeReserved.cpu"), "yes: no"),
    ] {
        assert!(survives(contract, &place, text), "{place:?}");
    }
    for (place, text) in [
        (Place::FlagValue("apiServer"), "a\0"),
        (Place::FlagName("apiServer"), "a b"),
        (Place::FlagName("apiServer"), ""),
        (Place::Site(0), "a b"),
        (Place::Site(1), "https://registry/a"),
        (Place::Site(3), "../../etc/x"),
        (Place::Site(4), "10.0.0.1 --v=9"),
        (Place::Site(8), "no-such-profile"),
        (path("spec.k8sProviderSpecs.dataDir"), "/var/../lib"),
        (path("spec.kubelet.kubeletRootDir"), "/var/lib/a b"),
        (path("spec.apiServer.audit.policyFile"), "/etc/../x"),
        (path("spec.network.serviceCIDR"), "10.0.0.0/33"),
        (path("spec.network.kubeProxy.iptables.syncPeriod"), "soon"),
        (path("spec.etcd.storageQuota"), "much"),
    ] {
        assert!(!survives(contract, &place, text), "{place:?}");
    }
}

//! What is said about image bundles and programs, good and hostile.

use super::images::{Image, Refused, full_name, inspect};
use crate::contract;
use crate::document::{InstallFlags, Role, Tree};
use crate::origin::Origin;
use airlift_bundle::digest::Sha256;
use std::collections::BTreeMap;
use tar::{Builder, EntryType, Header};

/// A tar archive of these files.
fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// What `docker save` writes for these images, by name and platform.
fn saved(images: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let mut list = Vec::new();
    let mut files = Vec::new();
    for (number, (name, platform)) in images.iter().enumerate() {
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = format!(r#"{{"os":"{os}","architecture":"{architecture}","n":{number}}}"#).into_bytes();
        let config_name = format!("{}.json", Sha256::of(&config));
        let layer = format!("{number}/layer.tar");
        list.push(format!(r#"{{"Config":"{config_name}","RepoTags":["{name}"],"Layers":["{layer}"]}}"#));
        files.push((config_name, config));
        files.push((layer, vec![7; 3000]));
    }
    files.push(("manifest.json".to_owned(), format!("[{}]", list.join(",")).into_bytes()));
    files
}

fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    archive(&files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect::<Vec<_>>())
}

/// An OCI image layout of one image with these platforms.
fn layout(annotation: &str, platforms: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())];
    let mut add = |bytes: Vec<u8>| {
        let digest = Sha256::of(&bytes);
        let descriptor = format!(r#""digest":"sha256:{digest}","size":{}"#, bytes.len());
        files.push((format!("blobs/sha256/{digest}"), bytes));
        descriptor
    };
    let mut manifests = Vec::new();
    for platform in platforms {
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = add(format!(r#"{{"os":"{os}","architecture":"{architecture}"}}"#).into_bytes());
        let layer = add(format!("layer of {platform}").into_bytes());
        let manifest = add(format!(r#"{{"config":{{{config}}},"layers":[{{{layer}}}]}}"#).into_bytes());
        manifests.push(format!("{{{manifest}}}"));
    }
    let index = add(format!(r#"{{"manifests":[{}]}}"#, manifests.join(",")).into_bytes());
    let top = format!(r#"{{"manifests":[{{{index},"annotations":{{{annotation}}}}}]}}"#);
    files.push(("index.json".to_owned(), top.into_bytes()));
    files
}

fn images(bytes: &[u8]) -> Vec<(String, String)> {
    let found = inspect(&mut &bytes[..]).unwrap_or_else(|e| panic!("refused: {e}"));
    let platforms = |image: &Image| image.platforms.iter().cloned().collect::<Vec<_>>().join(" ");
    found.iter().map(|image| (image.name.clone(), platforms(image))).collect()
}

fn refusal(bytes: &[u8]) -> Refused {
    inspect(&mut &bytes[..]).expect_err("the archive was accepted")
}

#[test]
fn both_forms_of_an_archive_tell_their_images() {
    let docker = pack(&saved(&[("reg:5000/mke/pause:3.9", "linux/amd64"), ("busybox", "linux/arm64")]));
    let expected =
        [("docker.io/library/busybox:latest", "linux/arm64"), ("reg:5000/mke/pause:3.9", "linux/amd64")];
    assert_eq!(images(&docker), expected.map(|(name, platform)| (name.to_owned(), platform.to_owned())));

    let by_name = r#""io.containerd.image.name":"quay.io/k0sproject/coredns:1.12.4","org.opencontainers.image.ref.name":"1.12.4""#;
    let oci = pack(&layout(by_name, &["linux/amd64", "linux/arm64"]));
    let expected = ("quay.io/k0sproject/coredns:1.12.4".to_owned(), "linux/amd64 linux/arm64".to_owned());
    assert_eq!(images(&oci), [expected]);
    let tag_alone = r#""org.opencontainers.image.ref.name":"1.12.4""#;
    assert_eq!(images(&pack(&layout(tag_alone, &["linux/amd64"])))[0].0, "", "a tag alone is no name");
}

#[test]
fn a_name_has_one_full_form() {
    for (name, full) in [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1", "docker.io/library/busybox:1"),
        ("a/b", "docker.io/a/b:latest"),
        ("localhost/b", "localhost/b:latest"),
        ("reg:5000/b", "reg:5000/b:latest"),
        ("reg.io/a/b:2", "reg.io/a/b:2"),
    ] {
        assert_eq!(full_name(name), full);
    }
}

#[test]
fn platforms_that_a_bundle_leaves_out_do_no_harm_but_a_cut_image_does() {
    let name = r#""io.containerd.image.name":"a.io/b:1""#;
    let whole = layout(name, &["linux/amd64", "linux/arm64"]);
    let without = |lost: &str| {
        let rest: Vec<_> =
            whole.iter().filter(|(_, b)| !String::from_utf8_lossy(b).contains(lost)).cloned().collect();
        assert!(rest.len() < whole.len());
        pack(&rest)
    };
    assert_eq!(images(&without("layer of linux/arm64")), [("a.io/b:1".to_owned(), "linux/amd64".to_owned())]);
    let one = layout(name, &["linux/amd64"]);
    for lost in 1..one.len() - 1 {
        let mut rest = one.clone();
        rest.remove(lost);
        assert!(
            matches!(refusal(&pack(&rest)), Refused::Incomplete { image, .. } if image == "a.io/b:1"),
            "{lost}"
        );
        // Present, but of another size.
        let mut cut = one.clone();
        cut[lost].1.pop();
        let refused = refusal(&pack(&cut));
        assert!(matches!(refused, Refused::Incomplete { .. } | Refused::Document { .. }), "{refused}");
    }
    let docker = saved(&[("a.io/b:1", "linux/amd64")]);
    for lost in 0..2 {
        let mut rest = docker.clone();
        rest.remove(lost);
        assert!(matches!(refusal(&pack(&rest)), Refused::Incomplete { .. }));
    }
}

#[test]
fn what_k0s_could_not_import_is_refused_with_the_reason() {
    let good = pack(&saved(&[("a.io/b:1", "linux/amd64")]));
    for (magic, kind) in [(&b"\x1f\x8b\x08"[..], "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh9", "bzip2")] {
        assert!(matches!(refusal(magic), Refused::Compressed(found) if found == kind));
    }
    for nothing in [&b""[..], b"hello", &[b'x'; 5000], &[0; 1024]] {
        let refused = refusal(nothing);
        assert!(matches!(refused, Refused::NotTar | Refused::NoImages), "{refused}");
    }
    assert!(matches!(refusal(&archive(&[("readme", b"hello".to_vec())])), Refused::NoImages));
    // Cut anywhere: in a header, in a content, before the end.
    for length in (1..good.len() - 1024).step_by(100).chain([good.len() - 1024, 512, 1024]) {
        let refused = refusal(&good[..length]);
        let known = matches!(
            refused,
            Refused::Truncated | Refused::NotTar | Refused::Incomplete { .. } | Refused::NoImages
        );
        assert!(known, "{length}: {refused}");
    }
    assert!(matches!(refusal(&good[..good.len() - 1024]), Refused::Truncated));
    let mut damaged = good.clone();
    damaged[1024 + 10] ^= 1;
    assert!(matches!(refusal(&damaged), Refused::Damaged { .. }));
    for bad in ["", "{", "[{}]", "{}", "null"] {
        let refused = refusal(&archive(&[("manifest.json", bad.as_bytes().to_vec())]));
        assert!(matches!(refused, Refused::Document { .. }), "{bad}: {refused}");
    }
}

/// Gives zeros without end after some bytes.
struct Endless<'a>(&'a [u8]);

impl std::io::Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(out)?;
        out[n..].fill(b' ');
        Ok(out.len())
    }
}

#[test]
fn a_document_of_a_gigabyte_is_refused_by_its_header() {
    for (name, kind) in [
        ("manifest.json", EntryType::Regular),
        ("index.json", EntryType::Regular),
        ("././@LongLink", EntryType::GNULongName),
        ("PaxHeaders/x", EntryType::XHeader),
    ] {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(1 << 30);
        header.set_mode(0o644);
        header.set_cksum();
        let refused = inspect(&mut Endless(header.as_bytes())).expect_err(name);
        assert!(matches!(refused, Refused::TooLarge { size, .. } if size == 1 << 30), "{name}: {refused}");
    }
}

#[test]
fn many_documents_and_circles_of_them_are_refused_in_little_memory() {
    let document = format!("{{{}}}", " ".repeat(1 << 20)).into_bytes();
    let many: Vec<_> = (0..40).map(|n| (format!("blobs/sha256/{n}"), document.clone())).collect();
    assert!(matches!(refusal(&pack(&many)), Refused::TooMuch));

    // An index that holds itself, thousands of times over.
    let entry = r#"{"digest":"sha256:a","size":0}"#;
    let index = format!(r#"{{"manifests":[{}]}}"#, vec![entry; 3000].join(","));
    let files = [
        ("oci-layout".to_owned(), b"{}".to_vec()),
        ("index.json".to_owned(), index.clone().into()),
        ("blobs/sha256/a".to_owned(), index.into()),
    ];
    assert!(matches!(refusal(&pack(&files)), Refused::Incomplete { .. }));
}

#[test]
fn long_names_of_both_kinds_are_read() {
    let deep = format!("{}/layer.tar", "d".repeat(150));
    let list =
        format!(r#"[{{"Config":"{}.json","RepoTags":["a.io/b:1"],"Layers":["{deep}"]}}]"#, "0".repeat(64));
    let config = ("0".repeat(64) + ".json", br#"{"os":"linux","architecture":"amd64"}"#.to_vec());
    let rest = [config, ("manifest.json".to_owned(), list.into_bytes())];
    let mut gnu = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(1);
    gnu.append_data(&mut header, &deep, &b"x"[..]).unwrap();
    let mut pax = Builder::new(Vec::new());
    pax.append_pax_extensions([("path", deep.as_bytes())]).unwrap();
    let mut header = Header::new_ustar();
    header.set_size(1);
    pax.append_data(&mut header, "short", &b"x"[..]).unwrap();
    for mut builder in [gnu, pax] {
        for (name, bytes) in &rest {
            let mut header = Header::new_ustar();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, &bytes[..]).unwrap();
        }
        let found = images(&builder.into_inner().unwrap());
        assert_eq!(found, [("a.io/b:1".to_owned(), "linux/amd64".to_owned())]);
    }
}

fn wanted(config: &[(&str, &str)], flags: &[(&'static str, &str)], contract: &str) -> Vec<String> {
    let mut tree = Tree::map();
    for (path, value) in config {
        match value.parse::<bool>() {
            Ok(on) => tree.set(path, Tree::leaf(on, &Origin::default())),
            Err(_) => tree.set(path, Tree::leaf(*value, &Origin::default())),
        }
    }
    let value = |text: &str| crate::origin::Tracked::with_origin(text.to_owned(), Origin::default());
    let flags: BTreeMap<_, _> = flags.iter().map(|(name, text)| (*name, value(text))).collect();
    let flags = InstallFlags { role: Role::Controller, flags };
    let contract = contract::by_id(contract).unwrap();
    super::wanted::wanted(&tree, &flags, contract.k0s.images).into_iter().collect()
}

#[test]
fn what_k0s_runs_follows_from_its_configuration() {
    let bare = [("spec.network.provider", "custom")];
    assert_eq!(
        wanted(&bare, &[("disable-components", "konnectivity-server,endpoint-reconciler")], "v4.1.5"),
        [
            "quay.io/k0sproject/coredns:1.12.4",
            "quay.io/k0sproject/kube-proxy:v1.32.11",
            "registry.k8s.io/metrics-server/metrics-server:v0.7.2",
            "registry.k8s.io/pause:3.9",
        ]
    );
    let all = [
        ("spec.network.provider", "calico"),
        ("spec.network.nodeLocalLoadBalancing.enabled", "true"),
        ("spec.images.repository", "reg.io:5000/mke"),
    ];
    let names = wanted(&all, &[("enable-metrics-scraper", "true")], "v4.1.5");
    assert_eq!(names.len(), 10, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("reg.io:5000/mke/")), "{names:?}");
    assert!(names.contains(&"reg.io:5000/mke/k0sproject/envoy-distroless:v1.31.10".to_owned()), "{names:?}");
    assert!(names.contains(&"reg.io:5000/mke/metrics-server/metrics-server:v0.7.2".to_owned()), "{names:?}");
    let named = [
        ("spec.network.provider", "custom"),
        ("spec.network.kubeProxy.disabled", "true"),
        ("spec.images.pause.image", "reg.io/mke/pause"),
        ("spec.images.coredns.version", "1.99"),
    ];
    let names = wanted(&named, &[("disable-components", "metrics-server,konnectivity-server")], "v4.0.0");
    assert_eq!(names, ["quay.io/k0sproject/coredns:1.99", "reg.io/mke/pause:3.9"]);
    assert_eq!(wanted(&[], &[], "v4.1.5").len(), 7, "kuberouter is k0s' own default");
}

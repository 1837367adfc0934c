//! Look-alikes of what a site carries along: a k0s binary and image bundles.

use std::path::Path;

/// The k0s of v4.1.5, which the example goes to.
pub const K0S: &str = "v1.32.11+k0s.0";

/// What the example's k0s.yaml asks for.
pub const IMAGES: [&str; 5] = [
    "registry.acme.example:5000/mke/k0sproject/coredns:1.12.4",
    "registry.acme.example:5000/mke/k0sproject/kube-proxy:v1.32.11",
    "registry.acme.example:5000/mke/k0sproject/pushgateway-ttl:1.4.0-k0s.0",
    "registry.acme.example:5000/mke/metrics-server/metrics-server:v0.7.2",
    "registry.acme.example:5000/mke/pause:3.9",
];

/// A file that looks like k0s of this version, at least so large.
pub fn k0s(version: &str, size: usize) -> Vec<u8> {
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x3e, 0];
    bytes.resize(4096, 0);
    bytes.extend_from_slice(version.as_bytes());
    let fill = (bytes.len()..size).map(|i| (i * 31 + i / 977) as u8);
    let fill: Vec<u8> = fill.collect();
    bytes.extend(fill);
    bytes
}

/// What `docker save` writes for these images of a platform, each with a layer of so many bytes.
///
/// # Panics
/// The archive can't be written.
pub fn images(names: &[&str], platform: &str, layer: usize) -> Vec<u8> {
    let (os, architecture) = platform.split_once('/').expect("os/architecture");
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes).expect("a good name");
    };
    let mut list = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let config = format!("{number:064x}.json");
        add(&config, format!(r#"{{"os":"{os}","architecture":"{architecture}"}}"#).as_bytes());
        add(&format!("{number}/layer.tar"), &vec![number as u8; layer]);
        list.push(format!(
            r#"{{"Config":"{config}","RepoTags":["{name}"],"Layers":["{number}/layer.tar"]}}"#
        ));
    }
    add("manifest.json", format!("[{}]", list.join(",")).as_bytes());
    archive.into_inner().expect("an archive in memory")
}

/// Gives a copy of the example's site directory a k0s binary and an image bundle, and names them in its site.yaml.
///
/// # Panics
/// The file system refuses, or site.yaml is not the example's.
pub fn add(site: &Path, k0s: &[u8], images: &[u8]) {
    write(&site.join("k0s/k0s"), k0s);
    write(&site.join("k0s/images.tar"), images);
    let settings = std::fs::read_to_string(site.join("site.yaml")).expect("site.yaml");
    let (before, after) = settings.split_once("decisions: {}").expect("the example's site.yaml");
    let named = "k0s:\n  binary: k0s/k0s\n  image_bundles:\n  - k0s/images.tar\ndecisions: {}";
    write(&site.join("site.yaml"), format!("{before}{named}{after}").as_bytes());
}

/// Writes a file and the folders above it.
///
/// # Panics
/// The file system refuses.
pub fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

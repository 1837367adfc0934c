//! A site with secrets, from its store to sealed files, and a key for each of its nodes.
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    reason = "a test that can't go on panics; names say the rest"
)]

use crate::{Done, binary, copy, files, plain, root, stock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub const PASSPHRASE: &str = "canary-passphrase-Zq8\"'\\x";
/// The cheapest passphrase hash: what is tested is not its cost.
pub const CHEAP: [&str; 2] = ["--work-factor", "1"];

/// A site, a key for each of its nodes, and a place for everything that Airlift may write.
pub struct Vault {
    pub folder: TempDir,
    pub nodes: Vec<String>,
}

impl Vault {
    /// From a site of the repository. The first node has an age key and a survey, the others SSH host keys.
    pub fn new(site: &str, toml: Option<&str>, nodes: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Self { folder, nodes: nodes.iter().map(|n| (*n).to_owned()).collect() };
        copy(&root().join(site), &vault.path("site"));
        if let Some(toml) = toml {
            fs::copy(root().join(toml), vault.path("site/mke3.toml")).unwrap();
        }
        for dir in ["keys", "home", "tmp", "given"] {
            fs::create_dir(vault.path(dir)).unwrap();
        }
        vault.private("given/passphrase", &format!("{PASSPHRASE}\n"));
        vault.new_key(nodes[0], true);
        for node in &nodes[1..] {
            vault.new_key(node, false);
        }
        let made = vault.airlift(&["keygen", "--no-password", &vault.text("given/author")]);
        assert_eq!(made.code, 0, "{}", made.err);
        vault
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    pub fn private(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).unwrap();
    }

    /// Gives a node a new key, and tells the site: by a survey for an age key, by known_hosts for an SSH host key.
    pub fn new_key(&self, node: &str, age: bool) {
        let key = self.text(&format!("keys/{node}"));
        let _ = fs::remove_file(&key);
        let hosts = fs::read_to_string(self.path("site/hosts.yaml")).unwrap().replace(['{', '}'], "\n");
        let block = hosts
            .split("address:")
            .find(|b| b.contains(&format!("hostname: {node}")))
            .expect("a node")
            .to_owned();
        let address = block.trim_start().split([',', '\n']).next().unwrap().to_owned();
        if age {
            assert_eq!(stock(self.folder.path(), "age-keygen", &["-o", &key]).code, 0);
            let public = stock(self.folder.path(), "age-keygen", &["-y", &key]).out;
            let private = block
                .split("privateAddress:")
                .nth(1)
                .map(|rest| rest.trim_start().split([',', '\n']).next().unwrap());
            let addresses: Vec<_> = std::iter::once(address.as_str())
                .chain(private)
                .map(|address| serde_json::json!({"address": format!("{}/24", address.trim()), "scope": "global"}))
                .collect();
            let survey = serde_json::json!({
                "version": 1, "hostname": node, "arch": "amd64", "kernel": "6.1", "os": {"id": "ubuntu", "version": "22.04"},
                "interfaces": [{"name": "eth0", "addresses": addresses}],
                "keys": {"age_recipient": public.trim()},
            });
            fs::create_dir_all(self.path("site/survey")).unwrap();
            fs::write(self.path(&format!("site/survey/{node}.json")), survey.to_string()).unwrap();
        } else {
            let made = stock(
                self.folder.path(),
                "ssh-keygen",
                &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &key],
            );
            assert_eq!(made.code, 0, "{}", made.err);
            let public = fs::read_to_string(format!("{key}.pub")).unwrap();
            let port = block
                .split("port:")
                .nth(1)
                .unwrap()
                .trim_start()
                .split([',', '\n'])
                .next()
                .unwrap()
                .trim()
                .to_owned();
            let host = if port == "22" { address } else { format!("[{address}]:{port}") };
            let known = fs::read_to_string(self.path("site/known_hosts")).unwrap_or_default();
            let others: String = known
                .lines()
                .filter(|l| !l.starts_with(&format!("{host} ")))
                .map(|l| format!("{l}\n"))
                .collect();
            fs::write(self.path("site/known_hosts"), format!("{others}{host} {}\n", public.trim())).unwrap();
        }
    }

    pub fn command(&self) -> Command {
        let mut command = plain(&binary("airlift"));
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp")).current_dir(self.path("tmp"));
        command
    }

    pub fn airlift(&self, args: &[&str]) -> Done {
        self.command().args(args).output().expect("airlift starts").into()
    }

    /// `airlift secrets VERB site` with the passphrase out of its file.
    pub fn secrets(&self, verb: &str, more: &[&str]) -> Done {
        let (site, file) = (self.text("site"), self.text("given/passphrase"));
        let mut args = vec!["secrets", verb, &site, "--passphrase-file", &file];
        if verb != "show" {
            args.extend(CHEAP);
        }
        args.extend(more);
        self.airlift(&args)
    }

    pub fn compile(&self, out: &str, more: &[&str]) -> Done {
        let (site, key, out) = (self.text("site"), self.text("given/author.key"), self.text(out));
        let mut args = vec!["compile", &site, "--key", &key, "--out", &out];
        args.extend(more);
        self.airlift(&args)
    }

    pub fn store(&self) -> PathBuf {
        let folder = self.path("home/.local/share/airlift");
        let names = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
        names.into_iter().find(|p| p.to_string_lossy().ends_with(".secrets.age")).expect("a store")
    }

    pub fn made_and_sealed(self) -> Self {
        for verb in ["new", "seal"] {
            let done = self.secrets(verb, &[]);
            assert_eq!(done.code, 0, "{verb}: {}", done.err);
        }
        self
    }

    /// Every sealed file as stock age opens it: `NODE/NAME` and the value.
    pub fn opened(&self) -> BTreeMap<String, String> {
        let mut opened = BTreeMap::new();
        for node in &self.nodes {
            let folder = self.path("site/sealed").join(node);
            for name in files(&folder).into_keys() {
                let file = folder.join(&name).to_string_lossy().into_owned();
                let done = stock(&folder, "age", &["-d", "-i", &self.text(&format!("keys/{node}")), &file]);
                assert_eq!(done.code, 0, "{file}: {}", done.err);
                let (head, rest) = done.out.split_once('\n').unwrap();
                let words: Vec<&str> = head.split(' ').collect();
                let name = name.strip_suffix(".age").unwrap().to_owned();
                assert_eq!(words[..2], ["airlift-secret", "1"]);
                assert!(words[2].ends_with(&format!("/{node}")) && words[3] == name, "{head}");
                assert!(done.out.len().is_power_of_two());
                let length: usize = words[4].parse().unwrap();
                assert!(rest[length..].bytes().all(|b| b == 0));
                opened.insert(format!("{node}/{name}"), rest[..length].to_owned());
            }
        }
        opened
    }

    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path("site").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} holds no {from:?}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }
}

pub fn small() -> Vault {
    Vault::new("tests/fixtures/sites/small", Some("tests/fixtures/mke3/small.toml"), &["lab1", "lab2"])
}

/// A bundle's archive, unpacked by stock zstd.
pub fn unpacked(set: &Path, name: &str) -> Vec<u8> {
    let output = Command::new("zstd").args(["-dc", "--memory=64MB"]).arg(set.join(name)).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// A sealed value and what can be taken out of it.
pub fn parts_of(name: &str, value: &str) -> Vec<(String, Vec<u8>)> {
    let mut parts = vec![("whole".to_owned(), value.as_bytes().to_vec())];
    let lines = value
        .lines()
        .filter(|line| line.len() > 15 && !line.starts_with("-----") && !name.ends_with("codes"));
    parts.extend(lines.map(|line| ("a line".to_owned(), line.as_bytes().to_vec())));
    if name.ends_with(".key") {
        let body: String = value.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64.decode(body).unwrap();
        let at = der.windows(2).position(|w| w == [0x04, 0x20]).unwrap() + 2;
        parts.push(("the number".to_owned(), der[at..at + 32].to_vec()));
    } else if name.ends_with("receipt/key") {
        let bytes = BASE64.decode(value).unwrap();
        parts.push(("the seed".to_owned(), bytes[bytes.len() - 32..].to_vec()));
    } else if name.ends_with("receipt/codes") {
        let json: serde_json::Value = serde_json::from_str(value).unwrap();
        for (word, codes) in json["codes"].as_object().unwrap() {
            for code in codes.as_array().unwrap() {
                let code = code.as_str().unwrap();
                parts.push((word.clone(), code.as_bytes().to_vec()));
                parts.push((word.clone(), code.replace('-', "").into_bytes()));
            }
        }
    } else if name.ends_with("join/tokens.yaml") {
        for document in value.split("---\n").skip(1) {
            let json: serde_json::Value = serde_json::from_str(document).unwrap();
            let secret = json["stringData"]["token-secret"].as_str().unwrap();
            parts.push(("a token".to_owned(), secret.as_bytes().to_vec()));
        }
    } else if value.starts_with('"') {
        let text: String = serde_json::from_str(value).unwrap();
        parts.push(("the text".to_owned(), text.into_bytes()));
    }
    parts
}

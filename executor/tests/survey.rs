//! What `survey` finds in trees that look like nodes, with a stand-in for docker, and how it looks as a process.
#![allow(clippy::disallowed_methods, reason = "tests may leave half a file")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use airlift_node::survey::collect::collect;
use airlift_node::survey::machine::Machine;
use serde_json::{Value, json};

const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyaXJT4kx1+re7TXZMKvp8RwuPb9/Yx9TAmRZLZz9pI";

/// A tree that looks like a node, and a stand-in for docker beside it.
struct Node(tempfile::TempDir);

impl Node {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A manager of MKE 3.
    fn manager() -> Self {
        let node = Self::empty();
        let volumes = "root/data/docker/volumes";
        for (path, text) in [
            ("root/etc/hostname", "mgr1\n"),
            ("root/etc/hosts", "127.0.0.1 localhost\n10.20.1.11 mgr1.acme.example mgr1\n"),
            ("root/etc/os-release", "NAME=\"Ubuntu\"\nID=ubuntu\nVERSION_ID=\"22.04\"\n"),
            ("root/etc/docker/daemon.json", r#"{"data-root": "/data/docker", "storage-driver": "overlay2"}"#),
            ("root/etc/ssh/ssh_host_ed25519_key.pub", &format!("{SSH} \u{1b}[31mroot@mgr1\n")),
            ("root/etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ root@mgr1\n"),
            ("root/etc/ssh/ssh_host_ed25519_key", "no private file is read\n"),
            ("root/proc/swaps", "Filename Type Size Used Priority\n/swap file 2097148 0 -2\n"),
            ("root/sys/fs/selinux/enforce", "1"),
            (
                "root/proc/self/mountinfo",
                "28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                 29 28 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
                 30 28 8:2 / /data rw,relatime - xfs /dev/sdb1 rw,prjquota\n\
                 31 30 0:50 / /data/docker/overlay2/abc/merged rw - overlay overlay rw\n\
                 32 28 0:60 / /mnt/nas rw - nfs4 nas:/export rw,vers=4.2\n",
            ),
            (
                "root/proc/net/tcp",
                "  sl  local_address rem_address   st tx_queue\n   \
                 0: 00000000:192B 00000000:0000 0A 00000000:00000000\n   \
                 1: 0B01140A:305B 0C00140A:9C40 01 00000000:00000000\n   \
                 2: 0100007F:281A 00000000:0000 0A 00000000:00000000\n",
            ),
            (
                "root/proc/4711/cmdline",
                "/hyperkube\0kubelet\0--hostname-override=mgr1\0--node-ip\x0010.20.1.11\0--fail-swap-on=false\0",
            ),
            ("root/proc/4712/cmdline", "/usr/bin/unrelated\0--password=correct-horse\0"),
            (&format!("{volumes}/ucp-node-certs/_data/service_account_key.pem"), "a private key\n"),
            (&format!("{volumes}/ucp-node-certs/_data/encryption.cfg"), "another\n"),
            (&format!("{volumes}/ucp-node-certs/_data/ca.pem"), "a certificate\n"),
            (&format!("{volumes}/ucp-kv-certs/_data/ca.pem"), "a certificate\n"),
            (&format!("{volumes}/ucp-cluster-root-ca/_data/ca.pem"), "under an unknown name\n"),
            (&format!("{volumes}/ucp-kv/_data/datav3/x"), ""),
        ] {
            node.write(path, text);
        }
        node.docker();
        node.program(
            "timedatectl",
            "#!/bin/sh\n[ \"$*\" = 'show --property=NTPSynchronized --value' ] && echo yes\n",
        );
        node
    }

    fn docker(&self) {
        self.program("docker", include_str!("survey/docker.sh"));
        let container = |id: char, name: &str, image: &str, labels: Value, args: &[&str]| {
            json!({
                "Id": id.to_string().repeat(64), "Name": format!("/{name}"), "Path": "/bin/start", "Args": args,
                "State": {"Status": "running"}, "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
                "Config": {"Image": image, "Labels": labels, "Env": ["SECRET=correct-horse"]},
            })
        };
        let labels = json!({"com.docker.ucp.version": "3.8.7", "com.docker.ucp.InstanceID": "k0cvb4qz"});
        let inspected = json!([
            container('a', "ucp-proxy", "registry.acme.example/mke/ucp-agent:3.8.7", labels, &["proxy"]),
            container(
                'b',
                "ucp-kube-apiserver",
                "registry.acme.example/mke/ucp-hyperkube:3.8.7",
                Value::Null,
                &["kube-apiserver", "--secure-port=12388", "--oidc-client-secret=correct-horse"],
            ),
            container(
                'c',
                "ucp-kubelet",
                "mke/ucp-hyperkube:3.8.7",
                Value::Null,
                &["--a-flag=of-the-wrapper"]
            ),
            container('d', "ucp-auth-store", "mke/ucp-auth-store:3.8.7", Value::Null, &["--x=correct-horse"]),
        ]);
        let ids = [
            "aaaa ucp-proxy",
            "bbbb ucp-kube-apiserver",
            "cccc ucp-kubelet",
            "dddd ucp-auth-store",
            "eeee other",
        ];
        let ps = ids.map(|line| format!("{}{line}\n", &line[..1].repeat(60)));
        let row = |repository: &str, tag: &str, digest: &str| {
            format!("{}\n", json!({"Repository": repository, "Tag": tag, "Digest": digest, "ID": "sha256:0"}))
        };
        let digest = format!("sha256:{}", "1".repeat(64));
        let images = [
            row("registry.acme.example/mke/ucp-agent", "3.8.7", &digest),
            row("registry.acme.example/app", "<none>", &digest),
            row("built/here", "1", "<none>"),
            row("<none>", "<none>", "<none>"),
        ];
        let info = json!({
            "ServerVersion": "25.0.8m1", "DockerRootDir": "/data/docker", "Driver": "overlay2",
            "HttpProxy": "http://user:correct-horse@proxy:3128",
            "Swarm": {"LocalNodeState": "active", "ControlAvailable": true},
        });
        for (name, text) in [
            ("info", info.to_string()),
            ("ps", ps.concat()),
            ("inspect", inspected.to_string()),
            ("images", images.concat()),
        ] {
            self.write(&format!("bin/{name}"), &text);
        }
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        self.write(&format!("bin/{name}"), text);
        fs::set_permissions(self.path(&format!("bin/{name}")), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// The survey, valid by the published schema, with what belongs to this machine replaced.
    fn survey(&self) -> Value {
        let machine = Machine {
            root: self.path("root"),
            path: format!("{}:/usr/bin:/bin", self.path("stop").display()).replace("stop", "bin"),
            patience: Duration::from_secs(2),
        };
        // the machine that runs the tests may have programs of the same names
        for name in ["docker", "timedatectl"] {
            if !self.path(&format!("bin/{name}")).exists() {
                self.program(name, "#!/bin/sh\necho stopped >&2; exit 1\n");
            }
        }
        let collected = collect(&machine, &self.path("lib/age.key"), true);
        let mut survey = serde_json::to_value(&collected.survey).unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/survey.schema.json");
        let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&survey).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{survey:#}");
        let text = survey.to_string();
        for secret in ["correct-horse", "AGE-SECRET-KEY", "a private key", "no private file"] {
            assert!(!text.contains(secret), "{secret} is in {survey:#}");
        }
        survey["hostname"] = "mgr1".into();
        survey["kernel"] = "5.15.0-113-generic".into();
        survey["arch"] = "amd64".into();
        survey["fqdn"] = "mgr1.acme.example".into();
        survey["interfaces"] = json!([
            {"name": "lo", "addresses": [{"address": "127.0.0.1/8", "scope": "host"}]},
            {"name": "eth0", "addresses": [{"address": "10.20.1.11/24", "scope": "global"}]},
        ]);
        survey["keys"]["age_recipient"] =
            "age16mhwgu49p44c0ykjfj5nl3jt83mwlq8udv3cd9e57rd48d27pflqw7ax34".into();
        survey["keys"].as_object_mut().unwrap().remove("age_fingerprint");
        for mount in survey["mounts"].as_array_mut().unwrap() {
            if mount.get("size").is_some() {
                (mount["size"], mount["free"]) = (100_000_000_000_u64.into(), 60_000_000_000_u64.into());
            }
        }
        let notes = survey["notes"].as_array_mut().unwrap();
        notes.retain(|note| note["fact"] != "hostname" && note["fact"] != "notes");
        survey
    }

    /// Its notes as lines.
    fn notes(&self) -> String {
        let survey = self.survey();
        let notes = survey["notes"].as_array().unwrap().iter();
        let lines =
            notes.map(|n| format!("{}: {}\n", n["fact"].as_str().unwrap(), n["text"].as_str().unwrap()));
        lines.collect::<String>().replace(self.0.path().to_str().unwrap(), "<node>")
    }
}

/// The compiler's tests read this very file.
#[test]
fn a_manager_is_surveyed_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/survey/manager.json");
    let node = Node::manager();
    for folder in ["data/docker", "mnt/nas"] {
        fs::create_dir_all(node.path("root").join(folder)).unwrap();
    }
    let found = format!("{:#}\n", node.survey());
    if option_env!("UPDATE_SURVEY").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(path).unwrap());
}

#[test]
fn without_an_engine_its_files_still_speak() {
    let node = Node::manager();
    fs::remove_file(node.path("bin/docker")).unwrap();
    let survey = node.survey();
    assert_eq!(survey["engine"], json!({"data_root": "/data/docker"}));
    assert_eq!(survey["mke"], json!({"role": "manager"}));
    assert_eq!(survey["key_digests"].as_array().unwrap().len(), 4);
    insta::assert_snapshot!(node.notes());
}

#[test]
fn docker_without_an_engine_is_understood_in_every_release() {
    let node = Node::manager();
    // 20.10 ends with exit code 0
    node.program(
        "docker",
        "#!/bin/sh\necho '{\"ServerErrors\":[\"Cannot connect to the Docker daemon\"],\"ClientInfo\":{}}'\n",
    );
    assert!(node.notes().contains("engine: Cannot connect to the Docker daemon"), "{}", node.notes());
    // 28 gives an empty frame, the reason on standard error and exit code 1
    node.program(
        "docker",
        "#!/bin/sh\necho '{\"ServerVersion\":\"\",\"DockerRootDir\":\"\"}'\necho Cannot connect >&2; exit 1\n",
    );
    assert!(node.notes().contains("engine: docker info: exit status: 1: Cannot connect"), "{}", node.notes());
}

#[test]
fn an_empty_root_gives_a_survey_of_notes() {
    let node = Node::empty();
    fs::create_dir(node.path("root")).unwrap();
    insta::assert_snapshot!(node.notes());
    assert!(node.survey()["keys"]["age_recipient"].is_string());
}

#[test]
fn nonsense_of_docker_costs_only_the_facts_that_it_had() {
    for file in ["info", "ps", "inspect", "images"] {
        for text in [
            "",
            "{",
            "[1, {}, null, {\"Name\": 7}]",
            "\u{0}\u{1b}]0;evil\u{7}",
            "null",
            "[]",
            "{}",
            "-f ucp-x\n--help ucp-y\n",
            "<html>502</html>\n",
        ] {
            let node = Node::manager();
            node.write(&format!("bin/{file}"), text);
            let survey = node.survey();
            assert_eq!(survey["mke"]["role"], "manager", "{file} {text:?}");
            assert!(!survey["key_digests"].as_array().unwrap().is_empty(), "{file} {text:?}");
            let notes = node.notes();
            assert!(!notes.chars().any(|c| c.is_control() && c != '\n'), "{notes:?}");
            if !(text.is_empty() && file == "images") {
                assert!(
                    notes.contains("docker") || notes.contains("the engine has no container"),
                    "{file} {text:?} {notes}"
                );
            }
        }
    }
}

#[test]
fn nothing_of_an_answer_becomes_an_option() {
    let node = Node::manager();
    node.write("bin/ps", "--help ucp-x\n-f ucp-y\n/etc/passwd ucp-z\n");
    assert!(node.notes().contains("containers: the engine has no container whose name"), "{}", node.notes());
}

#[test]
fn a_name_with_escapes_stays_data() {
    let node = Node::manager();
    let inspected = fs::read_to_string(node.path("bin/inspect")).unwrap();
    node.write("bin/inspect", inspected.replace("/ucp-proxy", "/ucp-\\u001b[2J\\n\\\"proxy"));
    let survey = node.survey();
    let names: Vec<_> =
        survey["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"ucp-\u{1b}[2J\n\"proxy"), "{names:?}");
    assert!(!survey.to_string().contains('\u{1b}'), "JSON has it escaped");
}

#[test]
fn a_docker_that_hangs_is_given_up() {
    let node = Node::manager();
    node.program("docker", "#!/bin/sh\nexec sleep 600\n");
    assert!(node.notes().contains("engine: docker info gave no answer within 2 s"), "{}", node.notes());
}

#[test]
fn whatever_lies_in_a_files_place_the_survey_goes_on() {
    let daemon = "root/etc/docker/daemon.json";
    let host_key = "root/etc/ssh/ssh_host_ed25519_key.pub";
    let token = "root/data/docker/volumes/ucp-node-certs/_data/service_account_key.pem";
    type Harm = fn(&Path);
    let garbage: Harm = |path| fs::write(path, "{\"data-root\": [\u{1b}").unwrap();
    let bytes: Harm = |path| fs::write(path, b"ssh-ed25519 \xff\xfe").unwrap();
    let short: Harm = |path| fs::write(path, "ssh-ed25519 AAAA").unwrap();
    let relative: Harm = |path| fs::write(path, "{\"data-root\": \"../../etc\"}").unwrap();
    let looped: Harm = |path| {
        fs::remove_file(path).unwrap();
        symlink(path.file_name().unwrap(), path).unwrap();
    };
    let huge: Harm = |path| fs::File::options().write(true).open(path).unwrap().set_len(1 << 33).unwrap();
    let folder: Harm = |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    let elsewhere: Harm = |path| {
        fs::remove_file(path).unwrap();
        symlink("/etc/passwd", path).unwrap();
    };
    for (path, harm, note) in [
        (daemon, garbage, "engine.data_root: /etc/docker/daemon.json: "),
        (daemon, relative, "no absolute path"),
        (daemon, looped, "symbolic link"),
        (daemon, huge, "larger than"),
        (daemon, folder, "not a regular file"),
        (host_key, bytes, "it is not text"),
        (host_key, short, "no ed25519 public key"),
        (host_key, looped, "symbolic link"),
        (host_key, huge, "larger than"),
        (token, elsewhere, "symbolic link"),
        (token, folder, "not a regular file"),
    ] {
        let node = Node::manager();
        harm(&node.path(path));
        let notes = node.notes();
        assert!(notes.contains(note), "{path}: {notes}");
        let survey = node.survey();
        assert_eq!(survey["engine"]["data_root"], "/data/docker", "docker's own word");
        assert_eq!(survey["keys"].get("ssh_host_ed25519").is_none(), path == host_key);
        assert_eq!(survey["key_digests"].as_array().unwrap().len(), if path == token { 3 } else { 4 });
    }
}

fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_airlift-node")).args(args).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn facts_go_to_standard_output_and_talk_to_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(folder.path(), &["survey", "--key", "k/age.key"]);
    assert_eq!(code, 0, "{err}");
    let survey: Value = serde_json::from_str(&out).unwrap();
    let print = survey["keys"]["age_fingerprint"].as_str().unwrap();
    assert!(err.contains("made this node's key") && err.contains(&format!("fingerprint {print}\n")), "{err}");
    let (code, again, err) = run(folder.path(), &["survey", "--key", "k/age.key"]);
    assert_eq!(code, 0);
    assert!(err.contains("this node's key, as it was"), "{err}");
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["keys"], survey["keys"]);
}

#[test]
fn without_the_key_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(folder.path(), &["survey", "--no-key", "--key", "k/age.key"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("this run makes no key"), "{out}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_gets_the_whole_survey_and_programs_get_events() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mgr1.json"), "old").unwrap();
    let args = ["survey", "--key", "age.key", "--output", "mgr1.json", "--format", "json"];
    let (code, out, err) = run(folder.path(), &args);
    assert_eq!((code, err.as_str()), (0, ""));
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.iter().map(|e| &e["event"]).collect::<Vec<_>>(), ["node-key", "surveyed", "end"]);
    let survey: Value = serde_json::from_slice(&fs::read(folder.path().join("mgr1.json")).unwrap()).unwrap();
    assert_eq!(survey["keys"]["age_recipient"], events[0]["recipient"]);
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["age.key", "mgr1.json"]);

    let (code, _, err) = run(folder.path(), &["survey", "--no-key", "--format", "json"]);
    assert_eq!(code, 2);
    assert!(err.contains("--output FILE"), "{err}");
    let (code, _, err) = run(folder.path(), &["survey", "--no-key", "--output", "none/mgr1.json"]);
    assert_eq!(code, 5);
    assert!(err.contains("AN004"), "{err}");
}

//! What must be read right.

use super::*;
use crate::site::address::Endpoint;
use crate::site::values::{DataDir, Date, NodeName, Parse, Role, SiteName, SitePath, UserName, Version};
use crate::site::{Flag, KnownHosts, Site, expiry_findings, fingerprint, init, next, survey as format};
use crate::source::File;

fn names(parts: &Parts) -> Vec<String> {
    let nodes = &parts.inventory.as_ref().expect("an inventory").nodes;
    nodes.iter().map(|n| format!("{} {} {}", n.name.value, n.role.value, n.private_address.value)).collect()
}

const EXPECTED: [&str; 4] =
    ["mgr1 manager 10.1.0.11", "mgr2 manager 10.1.0.12", "mgr3 manager 10.1.0.13", "wrk1 worker 10.1.0.21"];

#[test]
fn hosts_yaml_alone_can_say_everything() {
    let (parts, findings) = read(&site());
    assert_eq!(shown(&findings), "nothing found\n");
    assert_eq!(names(&parts), EXPECTED);
    let site = parts.whole().unwrap();
    assert_eq!(site.read, ["certs/ca.pem", "hosts.yaml", "mke3.toml", "site.yaml"]);
    let first = site.inventory.leader().unwrap();
    assert_eq!(first.ssh.key_path.as_ref().unwrap().value.as_str(), "~/.ssh/id_ed25519");
    assert_eq!(site.inventory.get("mgr2").unwrap().ssh.user.value.as_str(), "root");
}

#[test]
fn nodes_json_gives_names_roles_and_private_addresses_to_bare_hosts() {
    let mut files = with("hosts.yaml", BARE_HOSTS);
    files.insert("nodes.json", list(&nodes()));
    let (parts, findings) = read(&files);
    assert_eq!(shown(&findings), "nothing found\n");
    assert_eq!(names(&parts), EXPECTED);
    let origin = &parts.inventory.unwrap().nodes[0].name.origin;
    assert_eq!(
        origin.sources().map(ToString::to_string).collect::<Vec<_>>(),
        ["nodes.json:items[3].metadata.name"]
    );
}

#[test]
fn surveys_give_the_same_and_keys_too() {
    let mut files = with("hosts.yaml", BARE_HOSTS);
    for (name, last, role) in
        [("mgr1", 11, "manager"), ("mgr2", 12, "manager"), ("mgr3", 13, "manager"), ("wrk1", 21, "worker")]
    {
        files.insert(format!("survey/{name}.json"), survey(name, last, role));
    }
    let (parts, findings) = read(&files);
    assert_eq!(shown(&findings), "nothing found\n");
    assert_eq!(names(&parts), EXPECTED);
    let node = &parts.inventory.as_ref().unwrap().nodes[1];
    assert_eq!(node.age_recipient.as_ref().unwrap().value.as_str(), AGE);
    assert_eq!(node.ssh_host_key.as_ref().unwrap().value.fingerprint(), SSH_PRINT);
    assert_eq!(node.private_interface.as_ref().unwrap().value.as_str(), "eth1");
    let addresses: Vec<_> = node.addresses.iter().map(|a| a.value.to_string()).collect();
    assert_eq!(addresses, ["10.1.0.12", "203.0.113.12"], "docker0 is no address of a node");
}

#[test]
fn a_host_known_by_its_long_name_is_found_under_the_short_one() {
    let hosts = "hosts:\n  - address: mgr1.example.com\n  - address: mgr2.example.com\n  - address: mgr3.example.com\n  - address: wrk1.example.com\n";
    let mut files = with("hosts.yaml", hosts);
    files.insert("nodes.json", list(&nodes()));
    let (parts, findings) = read(&files);
    assert_eq!(shown(&findings), "nothing found\n");
    assert_eq!(names(&parts), EXPECTED);
}

#[test]
fn a_survey_connects_a_host_to_a_node_with_nothing_in_common() {
    // The balancer's address is in no input but hosts.yaml and the survey.
    let hosts = "hosts:\n  - address: 198.51.100.7\n";
    let mut files = with("hosts.yaml", hosts);
    files.insert(
        "nodes.json",
        list(&[kube_node("mgr1", "10.1.0.11", "", true)
            .replace("{\"type\": \"ExternalIP\", \"address\": \"\"},", "")]),
    );
    files.insert("survey/mgr1.json", survey("mgr1", 11, "manager").replace("203.0.113.11", "198.51.100.7"));
    let (parts, findings) = read(&files);
    assert_eq!(shown(&findings), "nothing found\n");
    assert_eq!(names(&parts), ["mgr1 manager 10.1.0.11"]);
}

#[test]
fn the_leader_comes_first_and_the_others_keep_their_order() {
    let (parts, _) = read(&instead("site.yaml", "serial: 1", "serial: 1\nleader: mgr2"));
    let order: Vec<_> = parts.inventory.unwrap().nodes.iter().map(|n| n.name.value.to_string()).collect();
    assert_eq!(order, ["mgr2", "mgr1", "mgr3", "wrk1"]);
}

#[test]
fn one_manager_may_be_its_own_external_address() {
    let mut files = with("hosts.yaml", HOSTS.split("  - address: 203.0.113.12").next().unwrap());
    files.insert("site.yaml", SITE.replace("mke.example.com", "203.0.113.11"));
    assert_eq!(report(&files), "nothing found\n");
}

#[test]
fn a_flag_replaces_a_setting_and_is_its_origin() {
    let mut overrides = Overrides::new();
    overrides.set(Flag::ExternalAddress, Some("lb.example.com:8443"));
    overrides.set(Flag::Mke3Airgapped, Some("false"));
    let mut findings = Findings::new();
    let site = Site::read(&site(), &overrides, &mut findings).unwrap();
    let external = site.settings.external_address.unwrap().tracked();
    assert_eq!(external.value.to_string(), "lb.example.com:8443");
    assert_eq!(external.origin.sources().next().unwrap().to_string(), "command line:--external-address");
    assert!(!site.settings.airgap.value);
}

#[test]
fn a_default_has_the_origin_where_it_could_be_set() {
    let (parts, _) = read(&site());
    let airgap = parts.settings.unwrap().airgap.tracked();
    assert_eq!(
        (airgap.value, airgap.origin.sources().next().unwrap().to_string().as_str()),
        (true, "site.yaml:airgap")
    );
}

#[test]
fn problems_of_all_files_come_in_one_run() {
    let mut files = instead("site.yaml", "serial: 1", "serial: 0");
    files.insert("hosts.yaml", HOSTS.replace("role: worker", "role: none"));
    files.insert("nodes.json", "{}");
    files.insert("certs/ca.pem", "x");
    let (parts, findings) = read(&files);
    let ids: Vec<_> = findings.iter().map(|f| f.code.id).collect();
    assert_eq!(ids, ["I023", "S002", "S050", "S020"]);
    assert!(parts.settings.is_none() && parts.inventory.is_none() && parts.mke3_toml.is_some());
    assert!(parts.whole().is_none());
}

#[test]
fn a_ca_file_is_written_anew_whatever_surrounds_it() {
    let plain = read(&site()).0.registries.image_ca.unwrap();
    let text = String::from_utf8(CA.to_vec()).unwrap();
    let messy =
        format!("\u{FEFF}Registry CA, valid until 2120\r\n{}\r\n# end\r\n", text.replace('\n', "\r\n"));
    let (parts, findings) = read(&with("certs/ca.pem", messy));
    assert_eq!(shown(&findings), "nothing found\n");
    assert_eq!(parts.registries.image_ca.unwrap().pem, plain.pem);
    assert_eq!(plain.pem.value, text, "openssl writes the same form");
}

#[test]
fn expiry_is_judged_by_the_callers_day() {
    let ca = read(&with(
        "certs/ca.pem",
        include_bytes!("../../../../tests/fixtures/pki/ends-2027-ca.pem").as_slice(),
    ));
    let certificates = ca.0.registries.image_ca.unwrap().certificates;
    for (day, expected) in [
        ("2019-12-31", "S024"),
        ("2020-01-01", ""),
        ("2027-03-14", "S025"),
        ("2027-05-31", "S025"),
        ("2027-06-01", "S024"),
    ] {
        let found = expiry_findings(&certificates, Date::parse(day).unwrap(), "today");
        assert_eq!(found.iter().map(|f| f.code.id).collect::<String>(), expected, "{day}");
    }
}

#[test]
fn the_user_name_is_taken_from_both_forms_of_a_credential_file() {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode("robot:secret:with:colons");
    for text in [
        "username: robot\npassword: 'x'\n".to_owned(),
        format!("{{\"auths\": {{\"https://registry.example.com:5000/v2/\": {{\"auth\": \"{auth}\"}}}}}}"),
    ] {
        let mut files = instead("site.yaml", "    ca_file: certs/ca.pem\n", "    credentials_file: login\n");
        files.insert_with_mode("login", text, 0o600);
        let (parts, findings) = read(&files);
        assert_eq!(shown(&findings), "nothing found\n");
        assert_eq!(parts.registries.image_credentials.unwrap().username, "robot");
    }
}

#[test]
fn known_hosts_are_found_as_openssh_finds_them() {
    // The hashed lines are ssh-keygen -H's for 10.1.0.11 and [10.1.0.12]:2222.
    let text = format!(
        "# comment\n\
         |1|kRHXnTdipbLE8a7NAfJw8pAOTK0=|ZhvYR/fNEgTvbUoRIjZRvXP7ceg= {SSH}\n\
         |1|WYaGUCSz0km2XKkYMn9wn12Pq2c=|nPHIpHP4IhmzHQEopjvS38OesMc= {SSH}\n\
         mgr3,Mgr3.example.com,[10.1.0.13]:2222 {SSH} a comment\n\
         mgr3 ssh-rsa AAAAB3NzaC1yc2E=\n\
         @cert-authority *.example.com {SSH}\n\
         *.wild.example.com {SSH}\n\
         revoked {OTHER_SSH}\n\
         @revoked * {OTHER_SSH}\n"
    );
    let mut findings = Findings::new();
    let known = KnownHosts::read(&File::new("known_hosts", text), &mut findings);
    assert_eq!(shown(&findings), "nothing found\n");
    for (host, port, count) in [
        ("10.1.0.11", 22, 1),
        ("10.1.0.11", 2222, 0),
        ("10.1.0.12", 2222, 1),
        ("10.1.0.12", 22, 0),
        ("10.1.0.13", 2222, 1),
        ("mgr3", 22, 1),
        ("mgr3.EXAMPLE.com", 22, 1),
        ("x.example.com", 22, 0),
        ("a.wild.example.com", 22, 0),
        ("revoked", 22, 0),
    ] {
        assert_eq!(known.find(host, port).len(), count, "{host} {port}");
    }
}

#[test]
fn host_keys_of_known_hosts_reach_the_inventory() {
    let (parts, findings) = read(&with("known_hosts", format!("203.0.113.11,10.1.0.11 {SSH}\n")));
    assert_eq!(shown(&findings), "nothing found\n");
    assert_eq!(
        parts.inventory.unwrap().nodes[0].ssh_host_key.as_ref().unwrap().value.fingerprint(),
        SSH_PRINT
    );
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    // ssh-keygen prints SHA-256 in base64 without padding.
    assert_eq!(fingerprint(b""), "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

#[test]
fn values_reach_their_types_only_without_anything_hostile() {
    let hostile = [
        "",
        " ",
        "a b",
        "a\nb",
        "a\tb",
        "a%nb",
        "a$b",
        "a'b",
        "a\"b",
        "a`b",
        "a\\b",
        "a;b",
        "a\u{202E}b",
        "ä",
        "-a",
        "airlift-secret(a)",
    ];
    for text in hostile {
        assert!(SiteName::parse(text).is_err(), "site name {text:?}");
        assert!(NodeName::parse(text).is_err(), "node name {text:?}");
        assert!(UserName::parse(text).is_err(), "user {text:?}");
        assert!(Endpoint::parse(text).is_err(), "address {text:?}");
        assert!(DataDir::parse(&format!("/{text}/k0s")).is_err(), "data dir {text:?}");
        if text != "-a" {
            assert!(SitePath::parse(&format!("a/{text}/b")).is_err(), "path {text:?}");
        }
    }
    for text in ["/a", "~/a", "a/../b", "..", "a//b", "C:/a", "."] {
        assert!(SitePath::parse(text).is_err(), "{text}");
    }
}

#[test]
fn versions_and_dates_are_exact() {
    assert_eq!(Version::parse("v4.1.5"), Ok(Version::new(4, 1, 5)));
    assert!(Version::new(4, 1, 10) > Version::new(4, 1, 9));
    for text in ["4.1", "4.1.5.1", "4.1.5-rc1", "4.01.5", "4..5", "", "v", "99999.1.1", "+4.1.5"] {
        assert!(Version::parse(text).is_err(), "{text}");
    }
    let days = |text: &str| Date::parse(text).map(Date::days).ok();
    assert_eq!(days("1970-01-01"), Some(0));
    assert_eq!(days("2000-02-29"), Some(11_016));
    assert_eq!(days("2027-03-14"), Some(20_891));
    for text in [
        "2100-02-29",
        "2027-13-01",
        "2027-00-10",
        "2027-04-31",
        "27-04-01",
        "2027/04/01",
        "2027-4-1",
        "2027-04-0１",
    ] {
        assert_eq!(days(text), None, "{text}");
    }
}

#[test]
fn roles_are_understood_in_the_words_of_k0sctl_too() {
    assert_eq!(Role::parse("controller+worker"), Ok(Role::Manager));
    assert_eq!(Role::parse("manager"), Ok(Role::Manager));
    assert_eq!(Role::parse("worker"), Ok(Role::Worker));
}

#[test]
fn the_published_schema_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schemas/survey.schema.json");
    let published = std::fs::read_to_string(path).unwrap();
    let text = format!("{}\n", serde_json::to_string_pretty(&format::schema()).unwrap());
    assert!(published == text, "docs/schemas/survey.schema.json must be:\n{text}");
    let schema: serde_json::Value = serde_json::from_str(&published).unwrap();
    let good: serde_json::Value = serde_json::from_str(&survey("mgr1", 11, "manager")).unwrap();
    assert!(jsonschema::is_valid(&schema, &good));
    assert!(!jsonschema::is_valid(&schema, &serde_json::json!({"version": 1})));
}

fn template() -> Vec<(&'static str, String)> {
    init::template(&SiteName::parse("prod-east").unwrap())
}

fn from_template(site_yaml: impl Fn(&str) -> String) -> SiteFiles {
    let mut files = SiteFiles::new();
    for (path, text) in template() {
        files.insert(path, if path == "site.yaml" { site_yaml(&text) } else { text });
    }
    files
}

/// Switches every setting of the template on.
fn uncommented(text: &str) -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && (!rest.starts_with(' ') || rest.starts_with("  ")) => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    text.lines().map(|line| on(line) + "\n").collect()
}

#[test]
fn the_template_is_read_as_it_is_laid_out() {
    let (parts, findings) = read(&from_template(str::to_owned));
    let ids: Vec<_> = findings.iter().map(|f| f.code.id).collect();
    // mke3.toml and the registries are what an operator has to bring.
    assert_eq!(ids, ["S012", "S014"], "{}", shown(&findings));
    assert_eq!(names(&parts), ["mgr1 manager 10.1.0.11", "wrk1 worker 10.1.0.21"]);
}

#[test]
fn the_template_explains_exactly_the_settings_that_there_are() {
    let (parts, findings) = read(&from_template(uncommented));
    for finding in findings.iter() {
        assert!(finding.code.id == "S014", "{}", shown(&findings));
    }
    let settings = parts.settings.unwrap();
    assert_eq!(settings.decisions.len(), 2);
    assert_eq!(settings.decisions["another.question"].value.value, "drop");
    assert_eq!(settings.kubelet_profiles.len(), 1);
    // The message about an unknown key lists all that are known.
    let (_, findings) = read(&instead("site.yaml", "serial: 1", "serial: 1\nqqq: 1"));
    let help = findings.iter().find_map(|f| f.help.clone()).unwrap();
    let text = template().remove(3).1;
    for key in help.strip_prefix("known here: ").unwrap().split(", ") {
        assert!(
            text.contains(&format!("\n{key}:")) || text.contains(&format!("\n#{key}:")),
            "{key} is not explained"
        );
    }
}

#[test]
fn airlift_next_walks_through_what_is_missing() {
    let step = |files: &SiteFiles| {
        let (parts, _) = read(files);
        next::missing(files, parts.settings.as_ref(), parts.inventory.as_ref())
    };
    let mut text = String::new();
    for (name, files) in [
        ("an empty folder", SiteFiles::new()),
        ("after init", from_template(str::to_owned)),
        ("every setting", from_template(uncommented)),
        ("a site without keys", site()),
    ] {
        text.push_str(&format!("===== {name} =====\n"));
        for s in step(&files) {
            text.push_str(&format!(
                "{} {}\n    {}\n    $ {}\n",
                if s.needed { "!" } else { "-" },
                s.what,
                s.why,
                s.command
            ));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_directory_is_read_without_its_links_and_hidden_files() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[allow(clippy::disallowed_methods)]
        std::fs::write(path, text).unwrap();
    };
    write("site.yaml", "a");
    write("survey/mgr1.json", "b");
    write(".git/config", "c");
    std::fs::set_permissions(dir.path().join("site.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("/etc/hostname", dir.path().join("link")).unwrap();
    symlink("/etc", dir.path().join("folder")).unwrap();
    let mut findings = Findings::new();
    let files = SiteFiles::load(dir.path(), &mut findings);
    assert_eq!(files.labels().collect::<Vec<_>>(), ["site.yaml", "survey/mgr1.json"]);
    assert_eq!(files.get("site.yaml").unwrap().mode, Some(0o640));
    let messages: Vec<_> = findings.iter().map(|f| f.message.split(';').next().unwrap().to_owned()).collect();
    assert_eq!(messages, ["folder is a symbolic link", "link is a symbolic link"]);
    assert!(!format!("{files:?}").contains("[97]"), "contents are not shown");
}

#[test]
fn a_flag_that_names_a_file_stands_for_its_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("my hosts.yaml");
    #[allow(clippy::disallowed_methods)]
    std::fs::write(&path, HOSTS.replace("wrk1", "wrk7")).unwrap();
    let mut overrides = Overrides::new();
    overrides.set(Flag::HostsPath, path.to_str());
    let (mut files, mut findings) = (site(), Findings::new());
    overrides.load(&mut files, &mut findings);
    let site = Site::read(&files, &overrides, &mut findings).unwrap();
    assert_eq!(shown(&findings), "nothing found\n");
    let worker = site.inventory.get("wrk7").unwrap();
    assert_eq!(
        worker.name.origin.sources().next().unwrap().to_string(),
        "command-line/hosts.yaml:hosts[3].hostname"
    );
}

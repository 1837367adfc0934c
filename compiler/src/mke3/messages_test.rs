//! What an operator reads about a bad file.

use super::tests::{read, shown};
use std::fmt::Write;

/// Name of the case, and the file.
const CASES: &[(&str, &str)] = &[
    ("an API error", "{\"message\": \"invalid or expired token\"}\n"),
    (
        "an API error with a list",
        "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"}]}",
    ),
    ("some JSON", "{\"apiVersion\": \"v1\"}"),
    ("a login page", "<!DOCTYPE html>\n<html><title>Mirantis Kubernetes Engine</title></html>\n"),
    ("an HTTP response", "HTTP/1.1 200 OK\r\nContent-Type: application/toml\r\n\r\n[cluster_config]\r\n"),
    ("an mke4.yaml", "apiVersion: mke.mirantis.com/v1alpha1\nkind: MkeConfig\nspec: {}\n"),
    ("other YAML", "---\nhosts:\n- a\n"),
    ("a file cut off between tables", "[auth]\nbackend = \"managed\"\n"),
    ("a file cut off in a line", "[cluster_config]\npod_cidr = \"192.16"),
    (
        "a file cut off in a certificate",
        "[cluster_config]\n[pki]\nclient_ca_bundle = \"\"\"\n-----BEGIN CERTIFICATE-----\nMIIB\n",
    ),
    (
        "a form from a page",
        "[cluster_config]\n[cluster_config.custom_kube_api_server_flags] = [\"--event-ttl=2h\"]\n[pki]\n",
    ),
    ("a slip in a line", "[cluster_config]\npod_cidr = 192.168.0.0/16\nkubelet_max_pods = 110\n"),
    ("a misspelt key", "[cluster_config]\nkublet_max_pods = 110\n"),
    ("wrong case", "[auth]\nsamlenabled = true\n[cluster_config]\n"),
    ("a key in the wrong table", "[auth]\njit_user_provisioning = true\n[cluster_config]\n"),
    ("an unknown key", "[cluster_config]\nwarp_drive = \"on\"\n"),
    ("an unknown table", "[cluster_config]\n[[warp.\"core x\"]]\na = 1\nb = 2\n"),
    (
        "an unknown key in a row",
        "[[registries]]\nhost_address = \"a\"\nservice_id = \"b\"\nflux = 1\n[cluster_config]\n",
    ),
    ("an outdated table", "[cluster_config.service_mesh]\nenabled = true\n"),
    ("an outdated key", "[cluster_config]\nmin_tls_version = \"tlsv1.2\"\n"),
    ("two spellings", "[backup_schedule_config]\nbackups_limit = 1\nbackup_limits = 1\n[cluster_config]\n"),
    ("a key twice", "[cluster_config]\npod_cidr = \"10.0.0.0/8\"\npod_cidr = \"10.0.0.0/8\"\n"),
    ("a switch in quotes", "[cluster_config]\ncalico_kdd = \"true\"\n"),
    ("a number in quotes", "[cluster_config]\ncontroller_port = \"443\"\n"),
    ("a text without quotes", "[cluster_config]\nnodeport_range = 30000\n"),
    ("a text instead of a list", "[cluster_config]\ndns = \"10.0.0.53\"\n"),
    ("a number in a list", "[cluster_config]\ndns_opt = [\"ndots:2\", 3]\n"),
    ("a table instead of a value", "[cluster_config.pod_cidr]\nx = 1\n"),
    ("a value instead of a table", "[cluster_config]\nmetallb_config = true\n"),
    ("one table instead of an array", "[registries]\nhost_address = \"a\"\n[cluster_config]\n"),
    ("an array instead of one table", "[[cluster_config]]\n"),
    ("a row without what it needs", "[[registries]]\nhost_address = \"a\"\n[cluster_config]\n"),
    ("a word that isn't one", "[cluster_config]\nkube_proxy_mode = \"iptable\"\n"),
    ("a word of another kind", "[audit_log_configuration]\nlevel = \"everything\"\n[cluster_config]\n"),
    ("a word that may be one", "[cluster_config]\ncloud_provider = \"equinix\"\n"),
    ("a bad duration", "[cluster_config]\nmetrics_retention_time = \"1d\"\n"),
    ("a bad quantity", "[cluster_config]\nprometheus_memory_limit = \"2GB\"\n"),
    ("a bad size", "[cluster_config]\netcd_storage_quota = \"huge\"\n"),
    (
        "a bad schedule",
        "[backup_schedule_config]\ncron_spec = \"0 61 2 * * *\"\n[cluster_config]\nimage_prune_schedule = \"@often\"\n",
    ),
    (
        "a bad CIDR",
        "[cluster_config]\npod_cidr = \"192.168.0.0\"\nservice_cluster_ip_range = \"10.96.0.0/33\"\n",
    ),
    ("bad ports", "[cluster_config]\nnodeport_range = \"35535-32768\"\ncontroller_port = 70000\n"),
    ("a bad address", "[cluster_config]\ndns = [\"10.0.0.53\", \"dns.example.com\"]\n"),
    ("a bad MTU", "[cluster_config]\ncalico_mtu = \"1480 bytes\"\n"),
    ("a bad certificate", "[pki]\nclient_ca_bundle = \"/etc/ssl/ca.pem\"\n[cluster_config]\n"),
    (
        "a damaged certificate",
        "[pki]\nclient_ca_bundle = \"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n\"\n[cluster_config]\n",
    ),
    (
        "a private key",
        "[pki]\nclient_ca_bundle = \"-----BEGIN PRIVATE KEY-----\\nMIIB\\n-----END PRIVATE KEY-----\\n\"\n[cluster_config]\n",
    ),
    ("an address without a scheme", "[cluster_config]\ncni_installer_url = \"calico.yaml\"\n"),
    (
        "bad flags",
        "[cluster_config]\ncustom_kubelet_flags = [\"max-pods=64\", \"--a=1 \\n--b\", \"\", \"--ok=a=b\"]\n",
    ),
    (
        "a bad profile",
        "[cluster_config.custom_kubelet_flags_profiles]\ngpu = \"--max-pods=64 kube-reserved=cpu=1\"\n",
    ),
    ("bad reservations", "[cluster_config]\nworker_kube_reserved_resources = \"cpu:50m\"\n"),
    (
        "a bad service",
        "[cluster_config.ingress_controller.ingress_tcp_services]\n9000 = \"tcp-echo:9000\"\nweb = \"a/b:1\"\n",
    ),
    (
        "a bad pool",
        "[[cluster_config.metallb_config.metallb_ip_addr_pool]]\nname = \"a\"\nexternal_ip = [\"10.0.0.9-10.0.0.1\"]\n",
    ),
    ("a slot where none belongs", "[cluster_config]\ncluster_name = \"airlift-secret(x)\"\n"),
    ("another key's slot", "[auth.scim]\ntoken = \"airlift-secret(mke3/other)\"\n[cluster_config]\n"),
    ("a secret that is a number", "[auth.scim]\ntoken = 12345\n[cluster_config]\n"),
    (
        "a secret under a misspelt key",
        "[backup_schedule_config]\npassprase = \"hunter2\"\n[cluster_config]\n",
    ),
    (
        "a secret in a broken line",
        "[backup_schedule_config]\npassphrase = \"hunter2\" x\n[cluster_config]\na = 1\n",
    ),
    ("too many pods", "[cluster_config]\nkubelet_max_pods = 300\n"),
    ("too many pods per core", "[cluster_config]\nkubelet_max_pods = 100\nkubelet_pods_per_core = 120\n"),
    (
        "cleaning etcd too often",
        "[etcd_cleanup_schedule_config]\ncleanup_enabled = true\ncron_expression = \"@every 24h\"\n[cluster_config]\n",
    ),
    ("no lameduck time", "[cluster_config.core_dns_lameduck_config]\nenabled = true\nduration = \"0s\"\n"),
    (
        "probes half tuned",
        "[cluster_config]\ncalico_controller_probes_tuning = true\ncalico_controller_liveness_probe_period_seconds = 0\n",
    ),
    (
        "a passphrase against its switch",
        "[backup_schedule_config]\npassphrase = \"hunter2\"\nno_passphrase = true\n[cluster_config]\n",
    ),
    ("no passphrase at all", "[backup_schedule_config]\nenabled = true\n[cluster_config]\n"),
    (
        "hardening without its parent",
        "[hardening_configuration]\nuse_strong_tls_ciphers = true\npid_limit = 100\n[cluster_config]\n",
    ),
    ("auditing without a level", "[cluster_config]\nkube_api_server_auditing = true\n"),
    (
        "thresholds the wrong way round",
        "[cluster_config]\nkubelet_image_gc_high_threshold_percent = 70\nkubelet_image_gc_low_threshold_percent = 80\n",
    ),
    (
        "LDAP without a server",
        "[auth]\nbackend = \"ldap\"\n[auth.ldap]\nreader_dn = \"cn=x\"\n[cluster_config]\n",
    ),
];

#[test]
fn a_bad_file_is_explained() {
    let mut all = String::new();
    for (name, text) in CASES {
        let (_, findings) = read(text, &[]);
        assert!(!findings.is_empty(), "{name}: nothing found");
        let messages = shown(&findings);
        assert!(!messages.contains("hunter2") && !messages.contains("12345"), "{name}: {messages}");
        writeln!(all, "## {name}\n\n{messages}\n").unwrap();
    }
    insta::assert_snapshot!(all);
}

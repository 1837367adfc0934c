use super::RULES;
use crate::origin::{Source, Tracked};
use crate::surroundings::Surroundings;
use crate::translate::testing::{Run, each_change_names_its_key, each_key_has_one_fate, run_by, run_in};

const ON: &str = "[cluster_config.ingress_controller]\nenabled = true\n";
const OFF: &str = "[cluster_config.ingress_controller]\nenabled = false\n";

fn row(name: &str, port: u16, node: u16) -> String {
    format!(
        "[[cluster_config.ingress_controller.ingress_exposed_ports]]\nname = \"{name}\"\nport = {port}\nnode_port = {node}\n"
    )
}

fn run(toml: &str, contract: &str) -> Run {
    let run = run_by(RULES, toml, contract, &[]);
    assert_eq!(run.faults(), [""; 0], "{toml}");
    run
}

fn with_site(toml: &str, http: Option<u16>, https: Option<u16>, remove: Option<bool>) -> Run {
    let port = |value: Option<u16>, name: &str| {
        value.map(|v| Tracked::new(v, Source::new("site.yaml", format!("gateway.{name}"))))
    };
    let site = Surroundings {
        gateway_http_port: port(http, "http_node_port"),
        gateway_https_port: port(https, "https_node_port"),
        remove_ingress_nginx: remove
            .map(|v| Tracked::new(v, Source::new("site.yaml", "remove_ingress_nginx"))),
        ..Surroundings::default()
    };
    run_in(toml, "v4.1.5", &[], site)
}

/// The codes of findings about ports and NGINX.
fn codes(run: &Run) -> Vec<&'static str> {
    let about = |text: &str| ["node port", "NGINX", "Gateway"].iter().any(|word| text.contains(word));
    run.findings.iter().filter(|f| about(&f.message)).map(|f| f.code.id).collect()
}

#[test]
fn every_key_gets_one_fate_whatever_its_value() {
    const SWITCH: &str = "cluster_config.ingress_controller.enabled";
    const ROW: &str = "cluster_config.ingress_controller.ingress_exposed_ports[0]";
    let (name, node) = (format!("{ROW}.name"), format!("{ROW}.node_port"));
    let (port, tcp) = (format!("{ROW}.port"), "cluster_config.ingress_controller.ingress_tcp_services.9000");
    let http: &[(&str, &str)] = &[(SWITCH, "true"), (&name, "\"http2\""), (&node, "33010")];
    let served: &[(&str, &str)] =
        &[(SWITCH, "true"), (&name, "\"x\""), (&node, "33010"), (&port, "9000"), (tcp, "\"a/b:1\"")];
    each_key_has_one_fate(RULES, &[&[], &[(SWITCH, "true")], http, served], &[]);
    let replicas = ("cluster_config.ingress_controller.ingress_num_replicas", "5");
    each_change_names_its_key(RULES, &[&[replicas], &[(SWITCH, "true"), replicas], http, served], &[]);
}

#[test]
fn settings_count_where_the_controller_was_on() {
    let toml = format!(
        "{ON}ingress_num_replicas = 3\ningress_external_ips = [\"10.0.0.1\"]\ningress_enable_lb = true\n\
         [cluster_config.ingress_controller.ingress_config_map]\nssl-protocols = \"TLSv1.3\"\n\
         [cluster_config.ingress_controller.ingress_extra_args]\nhttp_port = 8080\n\
         [[cluster_config.ingress_controller.ingress_node_affinity]]\nkey = \"zone\"\nvalue = \"dmz\"\n\
         [[cluster_config.ingress_controller.ingress_node_affinity]]\nkey = \"edge\"\n\
         [[cluster_config.ingress_controller.ingress_node_toleration]]\nkey = \"com.docker.ucp.manager\"\noperator = \"Exists\"\n\
         [[cluster_config.ingress_controller.ingress_node_toleration]]\nkey = \"dedicated\"\nvalue = \"ingress\"\noperator = \"Equal\"\neffect = \"NoExecute\"\n"
    );
    let run = run(&toml, "v4.1.2");
    let expressions = "ingressController.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions";
    for (path, value) in [
        ("ingressController.replicaCount", "3"),
        ("ingressController.externalIPs[0]", "10.0.0.1"),
        ("ingressController.enableLoadBalancer", "true"),
        ("ingressController.preserveClientIP", "false"),
        ("ingressController.configMap.ssl-protocols", "TLSv1.3"),
        ("ingressController.extraArgs.httpPort", "8080"),
        ("ingressController.tolerations[0].key", "dedicated"),
        ("ingressController.tolerations[0].effect", "NoExecute"),
        (&format!("{expressions}[0].operator"), "In"),
        (&format!("{expressions}[0].values[0]"), "dmz"),
        (&format!("{expressions}[1].operator"), "Exists"),
    ] {
        assert_eq!(run.text(path).as_deref(), Some(value), "{path}");
        assert!(
            run.origin(path).contains(&"mke3.toml:cluster_config.ingress_controller.enabled".to_owned()),
            "{path}"
        );
    }
    let off = self::run(&toml.replace("enabled = true", "enabled = false"), "v4.1.2");
    assert_eq!(off.text("ingressController.replicaCount").as_deref(), Some("2"));
    assert_eq!(off.codes(), [""; 0]);
}

#[test]
fn nginx_stays_only_where_it_was_once_the_gateway_is_there() {
    for (toml, contract, enabled) in
        [(ON, "v4.1.2", "true"), (OFF, "v4.1.2", "true"), (ON, "v4.1.5", "true"), (OFF, "v4.1.5", "false")]
    {
        assert_eq!(
            run(toml, contract).text("ingressController.enabled").as_deref(),
            Some(enabled),
            "{contract} {toml}"
        );
    }
}

#[test]
fn node_ports_follow_the_vendors_table() {
    let own = "[cluster_config]\nnodeport_range = \"30000-32767\"\n";
    let rows = format!("{}{}", row("http2", 80, 30080), row("https", 443, 30443));
    for (toml, http, https) in [
        (format!("{own}{ON}{rows}"), "30080", "30443"),
        (ON.to_owned(), "33000", "33001"),
        (OFF.to_owned(), "33000", "33001"),
        (format!("{own}{OFF}"), "30000", "30001"),
        (format!("{own}{OFF}{rows}"), "30000", "30001"),
    ] {
        let run = run(&toml, "v4.1.2");
        assert_eq!(run.text("ingressController.nodePorts.http").as_deref(), Some(http), "{toml}");
        assert_eq!(run.text("ingressController.nodePorts.https").as_deref(), Some(https), "{toml}");
        assert_eq!(run.codes(), [""; 0], "{toml}");
    }
    assert_eq!(run(&format!("{own}{ON}"), "v4.1.2").codes(), ["T320", "T320"]);
}

#[test]
fn exposed_ports_of_tcp_and_udp_services_keep_their_node_ports() {
    let toml = format!(
        "{ON}[cluster_config.ingress_controller.ingress_tcp_services]\n5671 = \"m/r:5671\"\n{}{}{}",
        row("amqps", 5671, 33071),
        row("lost", 7000, 33070),
        row("amqps", 5671, 33072)
    );
    let run = run(&toml, "v4.1.2");
    assert_eq!(run.text("ingressController.nodePorts.tcp.5671").as_deref(), Some("33071"));
    assert_eq!(run.text("ingressController.tcpServices.5671").as_deref(), Some("m/r:5671"));
    assert_eq!(run.codes(), ["T301", "T301"]);
}

#[test]
fn the_gateway_gets_ports_that_nobody_else_has() {
    let rows = format!("{ON}{}{}", row("http2", 80, 33010), row("https", 443, 33011));
    let gateway = |run: &Run| {
        ["http", "https"].map(|side| run.text(&format!("gatewayMKEIngress.nodePorts.{side}")).unwrap())
    };
    // Nobody said: NGINX stays, so a person must.
    assert_eq!(codes(&with_site(&rows, None, None, None)), ["T201"]);
    assert_eq!(codes(&with_site(&rows, Some(33020), None, None)), ["T201"]);
    let run = with_site(&rows, Some(33020), Some(33021), None);
    assert_eq!((gateway(&run), codes(&run)), (["33020", "33021"].map(str::to_owned), vec![]));
    assert_eq!(run.origin("gatewayMKEIngress.nodePorts.http"), ["site.yaml:gateway.http_node_port"]);
    // One that NGINX has, one outside the range.
    assert_eq!(codes(&with_site(&rows, Some(33010), Some(31000), None)), ["T320", "T320"]);
    // NGINX goes and leaves its own.
    let run = with_site(&rows, None, None, Some(true));
    assert_eq!(gateway(&run), ["33010", "33011"].map(str::to_owned));
    assert_eq!(run.text("ingressController.enabled").as_deref(), Some("false"));
    assert_eq!(codes(&run), ["T304"]);
    // No NGINX before: a proposal is safe.
    let run = with_site(OFF, None, None, None);
    assert_eq!((gateway(&run), codes(&run)), (["33000", "33001"].map(str::to_owned), vec!["T202"]));
    let run =
        with_site(&format!("[cluster_config]\nnodeport_range = \"30000-32767\"\n{OFF}"), None, None, None);
    assert_eq!(gateway(&run), ["30000", "30001"].map(str::to_owned));
    assert!(
        run.origin("gatewayMKEIngress.nodePorts.https")
            .contains(&"site.yaml:gateway.https_node_port".to_owned())
    );
}

const FIXTURES: [(&str, &str); 2] = [
    ("enterprise", include_str!("../../../../../tests/fixtures/mke3/enterprise.toml")),
    ("unsupported", include_str!("../../../../../tests/fixtures/mke3/unsupported.toml")),
];

#[test]
fn what_an_operator_reads_about_the_ingress() {
    for (name, toml) in FIXTURES {
        insta::assert_snapshot!(format!("ingress_{name}"), run_by(RULES, toml, "v4.1.5", &[]).rendered());
    }
}

#[test]
fn a_setting_of_nginx_has_a_name_that_a_config_map_takes() {
    for good in ["use-forwarded-headers", "a", "a_b.c", ".a"] {
        assert!(super::is_config_key(good), "{good}");
    }
    for bad in ["", ".", "..", "..a", "a b", "a/b", "<<", "a\n", "$a", "airlift-secret(x)", &"a".repeat(254)]
    {
        assert!(!super::is_config_key(bad), "{bad:?}");
    }
}

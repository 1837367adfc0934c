use super::*;
use crate::translate::areas::{auth, oidc, saml};
use crate::translate::testing::{PEM, Run, each_change_names_its_key, each_key_has_one_fate, run_by, toml};

const ON: &[(&str, &str)] = &[
    ("auth.backend", "\"ldap\""),
    ("auth.ldap.server_url", "\"ldaps://d.example.com\""),
    ("auth.ldap.reader_dn", "\"cn=reader,dc=x\""),
    ("auth.ldap.reader_password", "\"hidden\""),
    ("auth.ldap.user_search_configs[].base_dn", "\"ou=people,dc=x\""),
];
const SECOND: (&str, &str) = ("auth.ldap.user_search_configs[1].base_dn", "\"ou=others,dc=x\"");
const ADMIN: (&str, &str) = ("auth.ldap.admin_sync_opts.group_dn", "\"CN=mke admins,OU=groups,DC=x\"");

fn run(more: &[(&str, &str)], decisions: &[(&str, &str)]) -> Run {
    run_by(RULES, &toml(&[ON, more].concat()), "v4.1.5", decisions)
}

fn field(run: &Run, name: &str) -> Option<String> {
    run.text(&format!("authentication.ldap.{name}"))
}

#[test]
fn every_key_has_one_fate_whatever_is_on() {
    let plain = ("auth.ldap.server_url", "\"ldap://d.example.com\"");
    let tls = ("auth.ldap.start_tls", "true");
    let with = |more: &[(&'static str, &'static str)]| [ON, more].concat();
    let group = ("auth.ldap.user_search_configs[].match_group_dn", "\"cn=g,dc=x\"");
    let by_search = [
        ("auth.ldap.admin_sync_opts.select_group_members", "false"),
        ("auth.ldap.admin_sync_opts.search_base_dn", "\"dc=x\""),
    ];
    let bases = [
        Vec::new(),
        ON[..1].to_vec(),
        with(&[]),
        with(&[plain]),
        with(&[plain, tls]),
        with(&[("auth.ldap.server_url", "\"d.example.com\"")]),
        with(&[("auth.ldap.reader_dn", "\"\"")]),
        with(&[("auth.ldap.reader_password", "\"\"")]),
        with(&[SECOND]),
        with(&[group]),
        with(&[ADMIN]),
        with(&[("auth.ldap.admin_sync_opts.group_dn", "\"ou=admins,dc=x\"")]),
        with(&by_search),
    ];
    let bases: Vec<&[(&str, &str)]> = bases.iter().map(Vec::as_slice).collect();
    each_key_has_one_fate(RULES, &bases, &[]);
    let yes = [
        (BACKEND, "without-ldap"),
        (URL, "ldaps://d.example.com"),
        (CERTS, "inline"),
        (SKIP_VERIFY, "skip"),
        (PASSWORD, "slot"),
        (DOMAINS, "leave-out"),
        (SEARCHES, "0"),
        (MATCH_GROUP, "member-of"),
        ("ldap.groupSearch.baseDN", "ou=g,dc=x"),
    ];
    each_key_has_one_fate(RULES, &bases, &yes);
    let no = [
        (CERTS, "leave-out"),
        (SKIP_VERIFY, "verify"),
        (PASSWORD, "none"),
        (SEARCHES, "1"),
        (MATCH_GROUP, "everybody"),
        ("ldap.groupSearch.baseDN", "none"),
    ];
    each_key_has_one_fate(RULES, &bases, &no);
}

#[test]
fn every_change_of_auth_names_its_key() {
    let rules = [auth::RULES, oidc::RULES, saml::RULES, RULES].concat();
    let plain = ("auth.ldap.server_url", "\"ldap://d.example.com\"");
    let saml = ("auth.samlEnabled", "true");
    let client = ("auth.external_identity_provider.clientId", "\"mke\"");
    let issuer = ("auth.external_identity_provider.issuer", "\"https://idp.example.com\"");
    let local = ("auth.managedPasswordDisabled", "true");
    let with = |more: &[(&'static str, &'static str)]| [ON, more].concat();
    let bases = [
        vec![("auth.sessions.lifetime_minutes", "480"), ("auth.sessions.renewal_threshold_minutes", "0")],
        vec![local],
        vec![local, issuer],
        vec![local, client],
        vec![local, client, issuer, saml],
        with(&[local, ADMIN]),
        with(&[local, saml]),
        with(&[plain, ("auth.ldap.start_tls", "true"), ("auth.ldap.tls_skip_verify", "true")]),
        with(&[plain, ("auth.ldap.admin_sync_opts.group_member_attr", "\"uniqueMember\"")]),
        with(&[("auth.ldap.root_certs", PEM), ("auth.ldap.reader_dn", "\"\"")]),
        with(&[("auth.ldap.server_url", "\"d.example.com\""), ("auth.ldap.reader_password", "\"\"")]),
    ];
    let bases: Vec<&[(&str, &str)]> = bases.iter().map(Vec::as_slice).collect();
    each_change_names_its_key(&rules, &bases, &[]);
    let answers = [
        ("auth.managedPasswordDisabled", "keep-local-users"),
        ("auth.external_identity_provider.clientSecret", "slot"),
        ("auth.saml.rootCerts", "ca-data"),
        (URL, "ldaps://d.example.com"),
        (CERTS, "inline"),
        (SKIP_VERIFY, "skip"),
        (PASSWORD, "slot"),
        ("ldap.groupSearch.baseDN", "ou=g,dc=x"),
    ];
    each_change_names_its_key(&rules, &bases, &answers);
}

#[test]
fn the_connection_is_as_protected_as_the_address_and_start_tls_say() {
    for (url, start, host, plain, start_tls) in [
        ("\"ldaps://d.example.com\"", "true", "d.example.com:636", None, None),
        ("\"ldap://d.example.com\"", "true", "d.example.com:389", None, Some("true")),
        ("\"ldap://d.example.com:3268\"", "false", "d.example.com:3268", Some("true"), None),
    ] {
        let run = run(&[("auth.ldap.server_url", url), ("auth.ldap.start_tls", start)], &[]);
        assert_eq!(field(&run, "host").as_deref(), Some(host));
        assert_eq!(field(&run, "insecureNoSSL").as_deref(), plain, "{url}");
        assert_eq!(field(&run, "startTLS").as_deref(), start_tls, "{url}");
    }
}

#[test]
fn nothing_that_weakens_the_connection_is_written_unasked() {
    let weak = [("auth.ldap.tls_skip_verify", "true"), ("auth.ldap.root_certs", PEM)];
    let asked = run(&weak, &[]);
    assert!(asked.findings.stop());
    assert_eq!((field(&asked, "insecureSkipVerify"), field(&asked, "rootCAData")), (None, None));
    let told = run(&weak, &[(SKIP_VERIFY, "skip"), (CERTS, "inline")]);
    assert_eq!(field(&told, "insecureSkipVerify").as_deref(), Some("true"));
    assert!(field(&told, "rootCAData").unwrap().starts_with("LS0tLS1CRUdJTi"));
    assert_eq!(
        told.origin("authentication.ldap.rootCAData"),
        [
            "mke3.toml:auth.backend",
            "mke3.toml:auth.ldap.root_certs",
            "mke3.toml:auth.ldap.server_url",
            "site.yaml:decisions.auth.ldap.root_certs"
        ]
    );
}

#[test]
fn the_filter_joins_group_and_filter_and_escapes_names() {
    let filter = "auth.ldap.user_search_configs[].filter";
    let group = "auth.ldap.user_search_configs[].match_group_dn";
    let by_group = "auth.ldap.user_search_configs[].match_group";
    for (own, by, dn, want) in [
        ("", "true", "", None),
        ("a=b", "true", "", Some("(a=b)")),
        ("(a=b)", "true", "cn=g,dc=x", Some("(&(a=b)(memberOf=cn=g,dc=x))")),
        ("", "true", "cn=g*(1),dc=x", Some(r"(memberOf=cn=g\2a\281\29,dc=x)")),
        ("(a=b)", "false", "cn=g,dc=x", Some("(a=b)")),
    ] {
        let (own, dn) = (format!("{own:?}"), format!("{dn:?}"));
        let run = run(&[(filter, &own), (by_group, by), (group, &dn)], &[]);
        assert_eq!(field(&run, "userSearch.filter").as_deref(), want, "{own} {by} {dn}");
        assert_eq!(run.faults(), [""; 0]);
    }
}

#[test]
fn of_several_searches_one_stays_and_the_others_are_reported() {
    assert!(run(&[SECOND], &[]).findings.stop());
    let found = run(&[SECOND], &[(SEARCHES, "1")]);
    assert_eq!(field(&found, "userSearch.baseDN").as_deref(), Some("ou=others,dc=x"));
    assert!(found.rendered().contains("users below `ou=people,dc=x`"));
    assert!(run(&[SECOND], &[(SEARCHES, "2")]).codes().contains(&"T205"));
}

#[test]
fn the_admin_group_is_bound_under_the_name_that_the_search_gives_it() {
    let found = run(&[ADMIN], &[]);
    assert_eq!(field(&found, "groupSearch.baseDN").as_deref(), Some("OU=groups,DC=x"));
    assert_eq!(field(&found, "groupSearch.nameAttr").as_deref(), Some("cn"));
    assert_eq!(field(&found, "groupSearch.userMatchers[0].groupAttr").as_deref(), Some("member"));
    insta::assert_snapshot!(found.manifest("ldap-admins").unwrap());
    assert!(run(&[ADMIN], &[("ldap.groupSearch.baseDN", "none")]).manifest("ldap-admins").is_none());
    let off = [ADMIN, ("auth.ldap.admin_sync_opts.enable_sync", "false")];
    assert!(run(&off, &[]).manifest("ldap-admins").is_none());
}

#[test]
fn without_a_table_ldap_is_off_only_by_an_operators_word() {
    let run = |decisions: &[(&str, &str)]| run_by(RULES, &toml(&ON[..1]), "v4.1.5", decisions);
    assert!(run(&[]).findings.stop());
    assert!(run(&[]).rendered().contains("/enzi/v0/config/auth/ldap"));
    assert_eq!(field(&run(&[(BACKEND, "without-ldap")]), "enabled").as_deref(), Some("false"));
}

/// What a person reads about all of `auth`, first without an answer, then with all of them.
#[test]
fn messages_about_auth() {
    let rules = [auth::RULES, oidc::RULES, saml::RULES, RULES].concat();
    let answers = [
        (CERTS, "inline"),
        (DOMAINS, "leave-out"),
        (SEARCHES, "0"),
        ("ldap.userSearch.emailAttr", "mail"),
        ("saml.usernameAttr", "name"),
        ("saml.emailAttr", "mail"),
        ("saml.groupsAttr", "none"),
    ];
    let enterprise = include_str!("../../../../../tests/fixtures/mke3/enterprise.toml");
    let run = run_by(&rules, enterprise, "v4.1.5", &[]);
    insta::assert_snapshot!("enterprise_open", run.rendered());
    let run = run_by(&rules, enterprise, "v4.1.5", &answers);
    assert!(!run.findings.stop(), "{}", run.rendered());
    insta::assert_snapshot!(
        "enterprise_decided",
        crate::document::yaml::to_string(run.get("authentication").unwrap())
    );
    let unsupported = include_str!("../../../../../tests/fixtures/mke3/unsupported.toml");
    insta::assert_snapshot!("unsupported_open", run_by(&rules, unsupported, "v4.1.5", &[]).rendered());
}

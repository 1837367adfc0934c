use super::*;
use crate::translate::testing::{Run, each_key_has_one_fate, run_by, toml};

const ON: &[(&str, &str)] = &[
    ("auth.external_identity_provider.clientId", "\"mke\""),
    ("auth.external_identity_provider.issuer", "\"https://idp.example.com\""),
    ("auth.external_identity_provider.clientSecret", "\"hidden\""),
];

fn run(more: &[(&str, &str)], decisions: &[(&str, &str)]) -> Run {
    run_by(RULES, &toml(&[ON, more].concat()), "v4.1.5", decisions)
}

#[test]
fn every_key_has_one_fate_whatever_is_on() {
    let known = (
        "auth.external_identity_provider.wellKnownConfigUrl",
        "\"https://idp/.well-known/openid-configuration\"",
    );
    let group: &[(&str, &str)] = &[
        ("auth.external_identity_provider.adminRoleCriteria[].term", "\"groups\""),
        ("auth.external_identity_provider.adminRoleCriteria[].value", "\"admins\""),
        ("auth.external_identity_provider.adminRoleCriteria[].matchType", "\"must\""),
    ];
    let bases: &[&[(&str, &str)]] = &[
        &[],
        ON,
        &ON[..1],
        &ON[1..],
        &[ON[0], known],
        &[ON[0], ("auth.external_identity_provider.wellKnownConfigUrl", "\"https://idp/other\"")],
        &[ON[0], ON[1], ON[2], known, group[0], group[1], group[2]],
    ];
    each_key_has_one_fate(RULES, bases, &[]);
    let answers =
        [(CLIENT_SECRET, "slot"), (CA, "by-hand"), (ADMINS, "bind"), (ISSUER, "https://idp.example.com")];
    each_key_has_one_fate(RULES, bases, &answers);
    each_key_has_one_fate(RULES, bases, &[(CLIENT_SECRET, "none"), (ADMINS, "by-hand")]);
}

#[test]
fn a_client_id_and_an_address_are_the_switch_and_its_origin() {
    const SWITCH: &str = "authentication.oidc.enabled";
    let key = |name: &str| format!("mke3.toml:auth.external_identity_provider.{name}");
    let file = |values: &[(&str, &str)]| run_by(RULES, &toml(values), "v4.1.5", &[]);

    let on = file(ON);
    assert_eq!(on.text(SWITCH).as_deref(), Some("true"));
    assert_eq!(on.origin(SWITCH), [key("clientId"), key("issuer")]);
    let no_client = file(&ON[1..2]);
    assert_eq!(no_client.text(SWITCH).as_deref(), Some("false"));
    assert_eq!(no_client.origin(SWITCH), [key("clientId")]);
    let no_address = file(&ON[..1]);
    assert_eq!(no_address.origin(SWITCH), [key("issuer"), key("wellKnownConfigUrl")]);
}

#[test]
fn the_issuer_comes_from_the_discovery_address_where_it_is_empty() {
    const FIELD: &str = "authentication.oidc.issuer";
    let url = |url: &'static str| {
        [
            ("auth.external_identity_provider.issuer", "\"\""),
            ("auth.external_identity_provider.wellKnownConfigUrl", url),
        ]
    };
    let found = run(&url("\"https://idp.example.com/r/.well-known/openid-configuration\""), &[]);
    assert_eq!(found.text(FIELD).as_deref(), Some("https://idp.example.com/r"));
    assert_eq!(found.fate(WELL_KNOWN), Some(Fate::Converted));
    let asked = run(&url("\"https://idp.example.com/r\""), &[]);
    assert!(asked.text(FIELD).is_none() && asked.codes().contains(&"T201"));
}

#[test]
fn a_secret_is_only_ever_a_slot() {
    let found = run(&[], &[]);
    assert_eq!(
        found.text("authentication.oidc.clientSecret").as_deref(),
        Some("airlift-secret(mke3/auth.external_identity_provider.client_secret)")
    );
    let none = run(&[("auth.external_identity_provider.clientSecret", "\"\"")], &[(CLIENT_SECRET, "slot")]);
    assert_eq!(
        none.text("authentication.oidc.clientSecret").as_deref(),
        Some("airlift-secret(mke4/oidc-client-secret)")
    );
}

#[test]
fn full_power_is_bound_to_a_group_only_by_a_persons_word() {
    let criteria = |term: &'static str, how: &'static str| {
        [
            ("auth.external_identity_provider.adminRoleCriteria[].term", term),
            ("auth.external_identity_provider.adminRoleCriteria[].value", "\"ops\""),
            ("auth.external_identity_provider.adminRoleCriteria[].matchType", how),
        ]
    };
    let group = criteria("\"groups\"", "\"must\"");
    let asked = run(&group, &[]);
    assert!(asked.manifest("oidc-admins").is_none() && asked.findings.stop());
    let bound = run(&group, &[(ADMINS, "bind")]);
    insta::assert_snapshot!(bound.manifest("oidc-admins").unwrap());
    for other in [criteria("\"groups\"", "\"contains\""), criteria("\"role\"", "\"must\"")] {
        let found = run(&other, &[]);
        assert!(found.manifest("oidc-admins").is_none() && !found.findings.stop(), "{other:?}");
    }
}

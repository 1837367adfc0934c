use super::*;
use crate::translate::areas::saml;
use crate::translate::testing::{each_key_has_one_fate, run, run_by, toml};

const SAML_ON: &[(&str, &str)] =
    &[("auth.samlEnabled", "true"), ("auth.saml.idpMetadataURL", "\"https://idp.example.com/m\"")];

#[test]
fn every_key_has_one_fate_whatever_is_on() {
    let bases: &[&[(&str, &str)]] = &[
        &[],
        SAML_ON,
        &[("auth.managedPasswordDisabled", "true")],
        &[("auth.sessions.lifetime_minutes", "0")],
        &[("auth.scimEnabled", "true"), ("auth.account_lock.enabled", "true")],
    ];
    each_key_has_one_fate(RULES, bases, &[]);
    each_key_has_one_fate(RULES, bases, &[("auth.managedPasswordDisabled", "keep-local-users")]);
}

#[test]
fn sessions_become_lifetimes_of_tokens_only_where_somebody_chose_them() {
    const ID: &str = "authentication.expiry.idTokens";
    const IDLE: &str = "authentication.expiry.refreshTokens.validIfNotUsedFor";
    const END: &str = "authentication.expiry.refreshTokens.absoluteLifetime";
    for (lifetime, renewal, id, idle, end) in [
        ("60", "20", None, None, None),
        ("4320", "1440", None, None, None),
        ("480", "20", Some("480m"), None, None),
        ("480", "60", Some("480m"), Some("480m"), None),
        ("60", "0", None, None, Some("60m")),
        ("0", "60", None, None, None),
    ] {
        let file = toml(&[
            ("auth.sessions.lifetime_minutes", lifetime),
            ("auth.sessions.renewal_threshold_minutes", renewal),
        ]);
        let run = run(&file, "v4.1.5", &[]);
        let found = [ID, IDLE, END].map(|field| run.text(field));
        assert_eq!(found, [id, idle, end].map(|text| text.map(str::to_owned)), "{file}");
        assert_eq!(run.faults(), [""; 0], "{file}");
    }
}

#[test]
fn local_users_go_only_while_some_other_way_to_log_in_is_on() {
    const FIELD: &str = "authentication.localUsers";
    let off = ("auth.managedPasswordDisabled", "true");
    let with_saml = toml(&[SAML_ON, &[off]].concat());
    let alone = toml(&[off]);
    let keep = [("auth.managedPasswordDisabled", "keep-local-users")];
    let run = |file: &str, contract, decisions: &[(&str, &str)]| {
        run_by(&[RULES, saml::RULES].concat(), file, contract, decisions)
    };

    let found = run(&with_saml, "v4.1.5", &[]);
    assert_eq!(found.text(FIELD).as_deref(), Some("false"));
    assert_eq!(found.origin(FIELD), ["mke3.toml:auth.managedPasswordDisabled", "mke3.toml:auth.samlEnabled"]);

    let refused = run(&alone, "v4.1.5", &[]);
    assert_eq!((refused.text(FIELD), refused.codes()), (None, vec!["T201"]));
    assert!(refused.findings.stop());

    let kept = run(&alone, "v4.1.5", &keep);
    assert_eq!(kept.text(FIELD).as_deref(), Some("true"));

    let unknown = run(&with_saml, "v4.1.0", &[]);
    assert_eq!(unknown.text(FIELD), None);
    assert!(unknown.codes().contains(&"T303"));
}

use super::*;
use crate::origin::{Source, Tracked};
use crate::surroundings::Surroundings;
use crate::translate::testing::{PEM, each_key_has_one_fate, run_by, run_in, toml};

const ON: &[(&str, &str)] =
    &[("auth.samlEnabled", "true"), ("auth.saml.idpMetadataURL", "\"https://idp.example.com/m\"")];
const ANSWERS: &[(&str, &str)] =
    &[("saml.usernameAttr", "name"), ("saml.emailAttr", "mail"), ("saml.groupsAttr", "none")];

#[test]
fn every_key_has_one_fate_whatever_is_on() {
    let bases: &[&[(&str, &str)]] = &[&[], ON, &ON[..1], &[ON[0], ("auth.samlProxy.enabled", "true")]];
    each_key_has_one_fate(RULES, bases, &[]);
    each_key_has_one_fate(RULES, bases, &[(CERTS, "ca-data")]);
    each_key_has_one_fate(RULES, bases, &[(CERTS, "leave-out")]);
}

#[test]
fn attributes_are_asked_for_and_never_guessed() {
    let asked = run_by(RULES, &toml(ON), "v4.1.5", &[]);
    assert_eq!(asked.codes().iter().filter(|id| **id == "T201").count(), 3);
    let found = run_by(RULES, &toml(ON), "v4.1.5", ANSWERS);
    let field = |name: &str| found.text(&format!("authentication.saml.{name}"));
    assert_eq!(field("usernameAttr").as_deref(), Some("name"));
    assert_eq!(field("emailAttr").as_deref(), Some("mail"));
    assert_eq!(field("groupsAttr"), None);
    assert_eq!(field("ssoMetadataURL").as_deref(), Some("https://idp.example.com/m"));
}

#[test]
fn certificates_are_never_copied_silently() {
    let file = toml(&[ON, &[("auth.saml.rootCerts", PEM)]].concat());
    let field = "authentication.saml.caData";
    assert_eq!(run_by(RULES, &file, "v4.1.5", ANSWERS).text(field), None);
    let copied = run_by(RULES, &file, "v4.1.5", &[(CERTS, "ca-data")]).text(field);
    assert!(copied.is_some_and(|text| text.starts_with("LS0tLS1CRUdJTi")));
}

#[test]
fn the_redirect_address_names_the_external_address() {
    let file = toml(&[ON, &[("auth.saml.spHost", "\"https://old.example.com\"")]].concat());
    let external_address =
        Some(Tracked::new("new.example.com".to_owned(), Source::new("site.yaml", "external_address")));
    let run = run_in(&file, "v4.1.5", ANSWERS, Surroundings { external_address, ..Default::default() });
    let finding = run.findings.iter().find(|f| f.code.id == "T305").unwrap();
    assert!(finding.help.as_ref().unwrap().contains("`https://new.example.com/dex/callback`"));
    assert!(finding.notes.iter().any(|note| note.contains("https://old.example.com")));
}

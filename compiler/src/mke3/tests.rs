//! The promises of this room.

use super::Config;
use super::catalog::{self, Kind};
use crate::diag::{Findings, Severity, codes::mke3 as code, render};
use crate::origin::Source;
use crate::source::File;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SMALL: &str = include_str!("../../../tests/fixtures/mke3/small.toml");
const ENTERPRISE: &str = include_str!("../../../tests/fixtures/mke3/enterprise.toml");
const UNSUPPORTED: &str = include_str!("../../../tests/fixtures/mke3/unsupported.toml");

fn read(text: &str) -> (Option<Config>, Findings) {
    read_allowing(text, &[])
}

fn read_allowing(text: &str, allow: &[(&str, &str)]) -> (Option<Config>, Findings) {
    let allow = allow.iter().map(|(key, reason)| ((*key).to_owned(), (*reason).to_owned())).collect();
    let mut findings = Findings::new();
    let config = Config::read(&File::new("mke3.toml", text), &allow, &mut findings);
    (config, findings)
}

fn good(text: &str) -> Config {
    let (config, findings) = read(text);
    config.unwrap_or_else(|| panic!("{}", shown(&findings)))
}

fn shown(findings: &Findings) -> String {
    findings.iter().map(|finding| render(finding, false)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn fixtures_read_without_an_error_and_every_value_of_them_is_in_the_catalogue() {
    for (name, text, values) in
        [("small", SMALL, 202), ("enterprise", ENTERPRISE, 286), ("unsupported", UNSUPPORTED, 134)]
    {
        let (config, findings) = read(text);
        let config = config.unwrap_or_else(|| panic!("{name}: {}", shown(&findings)));
        assert!(findings.is_empty(), "{name}: {}", shown(&findings));
        assert_eq!(config.instances().count(), values, "{name}");
        for instance in config.instances() {
            assert_eq!(catalog::find_instance(&instance.path), Some(instance.key));
        }
    }
}

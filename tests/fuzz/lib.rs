//! What the targets hold a parser to, beside not falling over.

use airlift::diag::{Findings, render};
use airlift::site::{Overrides, Site, SiteFiles};

/// A refusal must be fit for a terminal: a text, without anything that drives one.
pub fn printable(message: &str) {
    assert!(!message.is_empty());
    assert!(message.chars().all(|c| c == '\n' || !c.is_control()), "{message:?}");
}

/// A document that is accepted is the writer's own bytes.
pub fn canonical<T, E: std::fmt::Display>(
    bytes: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Result<Vec<u8>, E>,
) {
    match parse(bytes) {
        Ok(value) => match write(&value) {
            Ok(written) => assert_eq!(written, bytes),
            Err(error) => panic!("accepted, but can't be written: {error}"),
        },
        Err(error) => printable(&error.to_string()),
    }
}

/// All findings can be shown, and reading twice finds the same.
pub fn findings(read: impl Fn(&mut Findings)) {
    let shown = || {
        let mut findings = Findings::new();
        read(&mut findings);
        findings.sort();
        let texts: Vec<String> = findings.iter().map(|finding| render(finding, false)).collect();
        texts.iter().for_each(|text| printable(text));
        texts
    };
    assert_eq!(shown(), shown());
}

/// The example site with one file replaced.
pub fn site_with(label: &str, bytes: &[u8]) {
    const SITE: [(&str, &[u8]); 4] = [
        ("site.yaml", include_bytes!("../../examples/acme/site.yaml")),
        ("hosts.yaml", include_bytes!("../../examples/acme/hosts.yaml")),
        ("mke3.toml", include_bytes!("../../examples/acme/mke3.toml")),
        ("known_hosts", b""),
    ];
    let mut files = SiteFiles::new();
    for (name, content) in SITE {
        files.insert(name, content);
    }
    files.insert(label, bytes);
    findings(|findings| {
        if Site::read(&files, &Overrides::new(), findings).is_none() {
            assert!(findings.stop(), "a site that can't be used, and nothing says why");
        }
    });
}

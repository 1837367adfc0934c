//! The TOML file of MKE 3, checked and translated.
#![no_main]

use airlift::compile::{Inputs, Sources, Translated};
use airlift::contract::Use;
use airlift::site::{Overrides, SiteFiles};
use std::collections::BTreeMap;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (files, overrides, allow) = (SiteFiles::new(), Overrides::new(), BTreeMap::new());
    let sources = Sources { files: &files, overrides: &overrides, allow: &allow, allows: Use::Convert };
    airlift_fuzz::findings(|findings| match Inputs::read_bare("mke3.toml", bytes, &sources, findings) {
        Some(inputs) => drop(Translated::new(&inputs, findings)),
        None => assert!(findings.stop(), "a file that can't be used, and nothing says why"),
    });
});

//! What must hold for any input.

use super::*;
use crate::site::address::{ChartRegistry, Endpoint, HostAddress, ImageRegistry};
use crate::site::values::{DataDir, Date, KeyPath, NodeName, Parse, SitePath, UserName, Version, Words};
use proptest::prelude::*;

/// A text with parts cut out, doubled and replaced, so that parsers get past their first check.
fn mangled(text: &'static str) -> impl Strategy<Value = String> {
    (0..text.len(), 0..40_usize, ".{0,12}").prop_map(move |(at, cut, put)| {
        let start = (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let end = (start + cut).min(text.len());
        let end = (start..=end).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(start);
        format!("{}{put}{}", &text[..start], &text[end..])
    })
}

fn labels() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "site.yaml",
        "hosts.yaml",
        "nodes.json",
        "survey/a.json",
        "known_hosts",
        "certs/ca.pem",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic_or_pass_in_silence(label in labels(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (parts, findings) = read(&with(label, bytes));
        // Nothing missing without a reason.
        prop_assert!(parts.whole().is_some() || findings.stop());
        for finding in findings.iter() {
            render(finding, false);
        }
    }

    #[test]
    fn no_damage_to_a_file_makes_a_reader_panic(
        (label, text) in prop_oneof![
            mangled(SITE).prop_map(|t| ("site.yaml", t)),
            mangled(HOSTS).prop_map(|t| ("hosts.yaml", t)),
            mangled(std::str::from_utf8(CA).unwrap()).prop_map(|t| ("certs/ca.pem", t)),
            mangled(SSH).prop_map(|t| ("known_hosts", format!("10.1.0.11 {t}"))),
            mangled(Box::leak(list(&nodes()).into_boxed_str())).prop_map(|t| ("nodes.json", t)),
            mangled(Box::leak(survey("mgr1", 11, "manager").into_boxed_str())).prop_map(|t| ("survey/mgr1.json", t)),
        ]
    ) {
        let (parts, findings) = read(&with(label, text));
        prop_assert!(parts.whole().is_some() || findings.stop());
        for finding in findings.iter() {
            prop_assert!(!render(finding, false).contains('\u{1b}'), "a control character gets through");
        }
    }

    #[test]
    fn values_come_out_as_they_went_in(text in "[a-z0-9A-Z/:.@_~\\[\\]%$'\" -]{0,24}|\\PC{0,12}") {
        let clean = |shown: &str| shown.chars().all(|c| c.is_ascii_graphic() && !"%$'\"`\\;&|<>(){}*?!#".contains(c));
        macro_rules! check {
            ($($name:ty),*) => {$(
                if let Ok(value) = <$name>::parse(&text) {
                    let shown = value.to_string();
                    prop_assert!(clean(&shown), "{} holds {shown:?}", stringify!($name));
                    prop_assert_eq!(<$name>::parse(&shown).map(|v| v.to_string()), Ok(shown));
                }
            )*};
        }
        check!(NodeName, UserName, KeyPath, DataDir, SitePath, HostAddress, Endpoint, ImageRegistry, ChartRegistry, Version, Date);
        if let Ok(words) = Words::parse(&text) {
            prop_assert!(!words.as_str().contains(|c: char| c.is_control()));
        }
    }

    #[test]
    fn the_order_of_hosts_changes_no_fact(order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(), bare: bool) {
        let entries: Vec<&str> = if bare { BARE_HOSTS } else { HOSTS }.split("  - ").skip(1).collect();
        let shuffled: String = order.iter().map(|i| format!("  - {}", entries[*i])).collect();
        let mut files = with("hosts.yaml", format!("hosts:\n{shuffled}"));
        files.insert("nodes.json", list(&nodes()));
        let (parts, findings) = read(&files);
        prop_assert!(findings.is_empty());
        let mut facts: Vec<String> = parts.inventory.unwrap().nodes.iter()
            .map(|n| format!("{} {} {} {}", n.name.value, n.role.value, n.private_address.value, n.ssh.address.value))
            .collect();
        prop_assert!(facts[..3].iter().all(|f| f.contains("manager")), "managers come before workers");
        facts.sort();
        prop_assert_eq!(facts, [
            "mgr1 manager 10.1.0.11 203.0.113.11",
            "mgr2 manager 10.1.0.12 203.0.113.12",
            "mgr3 manager 10.1.0.13 203.0.113.13",
            "wrk1 worker 10.1.0.21 203.0.113.21",
        ]);
    }
}

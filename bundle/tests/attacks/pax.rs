//! PAX records, which rename or resize the entry after them.

use tar::EntryType;

use crate::raw::{self, Entry};

#[test]
fn a_pax_record_for_one_entry_is_refused() {
    let record = Entry::new("block", 0o644, EntryType::XHeader, b"19 path=../../evil\n");
    raw::assert_insertion_refused("block", &[record]);
}

#[test]
fn a_global_pax_record_is_refused() {
    let record = Entry::new("pax_global_header", 0o644, EntryType::XGlobalHeader, b"17 uname=attacker\n");
    raw::assert_insertion_refused("block", &[record]);
}

#[test]
fn a_pax_record_before_the_manifest_is_refused() {
    let record = Entry::new("manifest.json", 0o644, EntryType::XHeader, b"19 path=../../evil\n");
    let mut entries = raw::sample();
    entries.insert(0, record);
    // the record's content is what is found where the manifest should be
    assert_eq!(raw::refusal_of(&raw::frame(&raw::assemble(&entries))).code(), "AB002");
}

//! What the files of a set are called, whatever set it is.
//!
//! What an interrupted carry left has no list any more, and may be replaced all the same; a file with any other name is somebody's
//! own and is never touched.

use crate::access;
use airlift_bundle::name::{NodeName, SetPath};
use airlift_bundle::plan::Plan;
use airlift_bundle::set::SetIndex;
use airlift_bundle::set::blob::Part;

/// Files with one name in every set.
const FIXED: [&str; 12] = [
    Plan::FILE,
    SetIndex::FILE,
    SetIndex::SIGNATURE,
    SetIndex::SUMS,
    "mke4.yaml",
    "k0sctl.yaml",
    "ledger.json",
    "report.txt",
    access::ROLES,
    access::BINDINGS,
    access::PASSWORDS,
    access::REPORT,
];

/// Whether a file below a target is called like one that this compiler writes into sets.
pub(super) fn is_of_a_set(path: &str) -> bool {
    let named = |folder: &str, endings: &[&str]| {
        let name = path.strip_prefix(folder)?.strip_prefix('/')?;
        let name = endings.iter().find_map(|ending| name.strip_suffix(ending))?;
        Some(name).filter(|name| !name.contains('/'))
    };
    let is_hex = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_hexdigit());
    FIXED.contains(&path)
        || named("nodes", &[".tar.zst", ".tar.zst.minisig"]).is_some_and(|n| n.parse::<NodeName>().is_ok())
        || named("manifests", &[".yaml"]).is_some_and(|n| n.parse::<NodeName>().is_ok())
        || named(SetIndex::APPROVALS, &[".minisig"]).is_some_and(is_hex)
        || path.parse::<SetPath>().is_ok_and(|path| Part::of(&path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_sets_have_are_taken_for_leftovers() {
        let blob = format!("blobs/sha256/{}", "0123456789abcdef".repeat(4));
        let part = format!("{blob}.part/0007");
        let of_sets = [
            "plan.json",
            "set.json",
            "report.txt",
            "rbac/roles.yaml",
            "rbac/report.json",
            "nodes/wrk-1.acme.tar.zst",
            "nodes/wrk-1.acme.tar.zst.minisig",
            "manifests/policies.yaml",
            "approvals/8F3A00112233AABB.minisig",
            &blob,
            &part,
        ];
        for path in of_sets {
            assert!(is_of_a_set(path), "{path}");
        }
        let (short, upper, fifth) = (&blob[..70], blob.to_uppercase(), format!("{blob}.part/00007"));
        let (below, odd) = (format!("{blob}/0007"), format!("{blob}.bak"));
        let of_others = [
            "",
            "thesis.doc",
            "PLAN.JSON",
            "old/plan.json",
            "nodes/notes.txt",
            "nodes/a/b.tar.zst",
            "nodes/.tar.zst",
            "nodes/My Files.tar.zst",
            "wrk1.tar.zst",
            "rbac/mine.yaml",
            "manifests/deep/x.yaml",
            "approvals/letter.minisig",
            "approvals/.minisig",
            "report.txt.minisig",
            short,
            &upper,
            &fifth,
            &below,
            &odd,
        ];
        for path in of_others {
            assert!(!is_of_a_set(path), "{path}");
        }
    }
}

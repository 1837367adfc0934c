//! Who owns a node: the marker, and the conditions that units of both stacks have on it.
//!
//! The marker is the name of the one file in [`MARKER_DIR`]: `mke3`, `none` or `k0s`. It is switched by renaming
//! that file, which is atomic, and a condition of systemd can test a name but no content. Where the directory is
//! lost, nothing starts.
//!
//! A controller of the new cluster may also run while [`RUN_MARKER`] exists. `apply` writes it, and a reboot takes
//! it away: until the site is accepted, k0s then waits for `apply` or `rollback`.

use super::install::Role;
use super::systemd::Unit;
use super::{Document, Format};
use crate::contract::Contract;
use std::sync::Arc;

/// The directory of the marker.
pub const MARKER_DIR: &str = "/var/lib/airlift/owner";
/// Lets k0s run on a controller until the next boot.
pub const RUN_MARKER: &str = "/run/airlift/owner-k0s";
/// The units of MKE 3 that start anything: a socket without a condition would start its service again and again.
pub const MKE3_UNITS: &[&str] = &[
    "containerd.service",
    "cri-dockerd-mke.service",
    "cri-dockerd-mke.socket",
    "docker.service",
    "docker.socket",
];

/// The path of the drop-in of a unit.
pub fn drop_in_path(unit: &str) -> String {
    format!("/etc/systemd/system/{unit}.d/50-airlift-owner.conf")
}

/// The condition of k0s' unit. Of conditions with `|` one must hold.
pub(super) fn k0s_drop_in(role: Role, contract: &Contract) -> Document {
    let unit = Unit::new(contract.origin()).section("Unit");
    let marker = format!("{MARKER_DIR}/k0s");
    let unit = match role {
        Role::Controller => unit
            .set("ConditionPathExists", &format!("|{marker}"))
            .set("ConditionPathExists", &format!("|{RUN_MARKER}")),
        Role::Worker => unit.set("ConditionPathExists", &marker),
    };
    Document::new(drop_in_path(role.unit()), Format::Unit, unit.build())
}

/// The condition of each of MKE 3's units.
pub(super) fn mke3_drop_ins(contract: &Contract) -> impl Iterator<Item = Document> {
    let tree = Unit::new(contract.origin())
        .section("Unit")
        .set("ConditionPathExists", &format!("{MARKER_DIR}/mke3"))
        .build();
    let tree = Arc::new(tree);
    MKE3_UNITS.iter().map(move |unit| Document::new(drop_in_path(unit), Format::Unit, Arc::clone(&tree)))
}

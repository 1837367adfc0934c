//! The unit of k0s, as `k0s install` writes it (k0s: `pkg/install/linux_systemd.go`), so that the vendor's tools
//! meet what they would have written themselves.

use super::Tree;
use super::install::{InstallFlags, PROGRAM};
use super::systemd::Unit;
use crate::contract::Contract;

/// The unit. Two lines end in a blank, as k0s' template leaves them.
pub(super) fn service(flags: &InstallFlags, contract: &Contract) -> Tree {
    let constant = contract.origin();
    let unit = Unit::new(constant.clone())
        .section("Unit")
        .set("Description", "k0s - Zero Friction Kubernetes")
        .set("Documentation", "https://docs.k0sproject.io")
        .set("ConditionFileIsExecutable", PROGRAM)
        .blank()
        .set("After", "network-online.target ")
        .set("Wants", "network-online.target ")
        .section("Service")
        .set("StartLimitInterval", "5")
        .set("StartLimitBurst", "10")
        .command("ExecStart", flags.exec_start(&constant));
    let unit = if contract.k0s.empty_environment_line { unit.set("Environment", "\"\"") } else { unit };
    unit.blank()
        .set("RestartSec", "10")
        .set("Delegate", "yes")
        .set("KillMode", "process")
        .set("LimitCORE", "infinity")
        .set("TasksMax", "infinity")
        .set("TimeoutStartSec", "0")
        .set("LimitNOFILE", "999999")
        .set("Restart", "always")
        .section("Install")
        .set("WantedBy", "multi-user.target")
        .build()
}

//! Switches and states of the operating system that a kubelet cares for.

use super::format::{Notes, Selinux, System};
use super::machine::Machine;
use super::mounts::Line;

/// All of them.
pub fn system(machine: &Machine, mounts: &[Line], notes: &mut Notes) -> System {
    System {
        cgroup_version: cgroup_version(mounts, notes),
        selinux: selinux(machine, notes),
        swap: swap(machine, notes),
        clock_synchronized: clock(machine, notes),
    }
}

/// Where version 1 has any controller, containers use it.
fn cgroup_version(mounts: &[Line], notes: &mut Notes) -> Option<u8> {
    if mounts.iter().any(|line| line.fs_type == "cgroup") {
        Some(1)
    } else if mounts.iter().any(|line| line.fs_type == "cgroup2") {
        Some(2)
    } else {
        notes.add("system.cgroup_version", "no control groups are mounted");
        None
    }
}

fn selinux(machine: &Machine, notes: &mut Notes) -> Option<Selinux> {
    match notes.take("system.selinux", machine.text_if_there("/sys/fs/selinux/enforce"))? {
        Some(text) => Some(if text.trim() == "1" { Selinux::Enforcing } else { Selinux::Permissive }),
        None if machine.is_dir("/sys/fs") => Some(Selinux::Disabled),
        None => {
            notes.add("system.selinux", "/sys is not mounted");
            None
        }
    }
}

/// The sum of the third column of /proc/swaps, in KiB there.
fn swap(machine: &Machine, notes: &mut Notes) -> Option<u64> {
    let table = notes.take("system.swap", machine.text("/proc/swaps"))?;
    let size = |line: &str| line.split_ascii_whitespace().nth(2)?.parse::<u64>().ok();
    Some(
        table
            .lines()
            .skip(1)
            .filter_map(size)
            .fold(0, |sum, kib| sum.saturating_add(kib.saturating_mul(1024))),
    )
}

/// systemd's timedatectl tells the kernel's own word, whatever keeps the time.
fn clock(machine: &Machine, notes: &mut Notes) -> Option<bool> {
    let answer = machine.ask("timedatectl", &["show", "--property=NTPSynchronized", "--value"]);
    let answer = notes.take("system.clock_synchronized", answer)?;
    match answer.out.trim_ascii() {
        b"yes" if answer.good => Some(true),
        b"no" if answer.good => Some(false),
        _ => {
            notes.add("system.clock_synchronized", answer.complaint);
            None
        }
    }
}

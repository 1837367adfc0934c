//! Which flags, feature gates and admission plugins a Kubernetes release knows.
//!
//! A component that meets one that it does not know refuses to start, so each is looked up before it is carried over.
//! The lists hold bare names with the minor releases of Kubernetes 1 that know them: `name`, `name ..24` (up to 1.24),
//! `name 32..` (from 1.32 on), and for a gate that can't be changed any more `true@35` (locked to true from 1.35 on).
//! Collected from the option packages of Kubernetes 1.20 to 1.35 and from gardener's table of gates and plugins;
//! 1.22 was not at hand, so what went there may be dated one release late. kube-proxy's list is that of 1.31: that it
//! knows too much in a later release is possible, that it knows too little is not.

use crate::source::nearest;

/// A list of names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known(&'static str);

pub(super) const API_SERVER: Known = Known(include_str!("known/kube-apiserver.txt"));
pub(super) const CONTROLLER_MANAGER: Known = Known(include_str!("known/kube-controller-manager.txt"));
pub(super) const SCHEDULER: Known = Known(include_str!("known/kube-scheduler.txt"));
pub(super) const KUBELET: Known = Known(include_str!("known/kubelet.txt"));
pub(super) const PROXY: Known = Known(include_str!("known/kube-proxy.txt"));
pub(super) const FEATURE_GATES: Known = Known(include_str!("known/feature-gates.txt"));
pub(super) const ADMISSION_PLUGINS: Known = Known(include_str!("known/admission-plugins.txt"));

/// What a release says to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It knows it.
    Known,
    /// It knows it, but allows this value only.
    Locked(bool),
    /// The last release that knew it.
    Gone(u32),
    /// The first release that knows it.
    NotYet(u32),
    /// No release knows it; the nearest name that this one knows.
    Unknown(Option<&'static str>),
}

impl Known {
    /// Looks a name up for Kubernetes 1.`minor`.
    pub(super) fn look_up(self, name: &str, minor: u32) -> Verdict {
        match self.entries().find(|entry| entry.name == name) {
            None => {
                let names = self.entries().filter(|e| e.verdict(minor) == Verdict::Known).map(|e| e.name);
                Verdict::Unknown(nearest(name, names))
            }
            Some(entry) => entry.verdict(minor),
        }
    }

    /// All names, of whatever release.
    #[cfg(test)]
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        self.entries().map(|entry| entry.name)
    }

    fn entries(self) -> impl Iterator<Item = Entry> {
        self.0.lines().map(Entry::parse)
    }
}

struct Entry {
    name: &'static str,
    first: Option<u32>,
    last: Option<u32>,
    locked: Option<(bool, u32)>,
}

impl Entry {
    fn parse(line: &'static str) -> Self {
        let mut words = line.split(' ');
        let mut entry = Self { name: words.next().unwrap_or(""), first: None, last: None, locked: None };
        for word in words {
            if let Some((first, last)) = word.split_once("..") {
                (entry.first, entry.last) = (first.parse().ok(), last.parse().ok());
            } else if let Some((value, since)) = word.split_once('@') {
                entry.locked = since.parse().ok().map(|since| (value == "true", since));
            }
        }
        entry
    }

    fn verdict(&self, minor: u32) -> Verdict {
        match (self.first, self.last, self.locked) {
            (Some(first), _, _) if minor < first => Verdict::NotYet(first),
            (_, Some(last), _) if minor > last => Verdict::Gone(last),
            (_, _, Some((value, since))) if minor >= since => Verdict::Locked(value),
            _ => Verdict::Known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_is_sorted_and_each_line_says_what_it_should() {
        for list in
            [API_SERVER, CONTROLLER_MANAGER, SCHEDULER, KUBELET, PROXY, FEATURE_GATES, ADMISSION_PLUGINS]
        {
            let mut last = String::new();
            for line in list.0.lines() {
                let entry = Entry::parse(line);
                assert!(entry.name > last.as_str(), "{line} after {last}");
                let mut again = entry.name.to_owned();
                let minor = |m: Option<u32>| m.map(|m| m.to_string()).unwrap_or_default();
                if entry.first.is_some() || entry.last.is_some() {
                    again += &format!(" {}..{}", minor(entry.first), minor(entry.last));
                }
                if let Some((value, since)) = entry.locked {
                    again += &format!(" {value}@{since}");
                }
                assert_eq!(again, line);
                last = entry.name.to_owned();
            }
        }
    }

    #[test]
    fn names_are_judged_by_release() {
        use Verdict::{Gone, Known, Locked, NotYet, Unknown};
        for (list, name, minor, want) in [
            (KUBELET, "max-pods", 31, Known),
            (KUBELET, "network-plugin", 31, Gone(24)),
            (KUBELET, "pod-infra-container-image", 32, Known),
            (KUBELET, "pod-infra-container-image", 35, Gone(34)),
            (KUBELET, "max-pod", 31, Unknown(Some("max-pods"))),
            (SCHEDULER, "policy-config-file", 32, Gone(22)),
            (CONTROLLER_MANAGER, "pod-eviction-timeout", 31, Gone(26)),
            (API_SERVER, "cloud-provider", 32, Known),
            (API_SERVER, "cloud-provider", 35, Gone(32)),
            (API_SERVER, "emulated-version", 31, NotYet(32)),
            (PROXY, "conntrack-max-per-core", 35, Known),
            (ADMISSION_PLUGINS, "PodSecurityPolicy", 31, Gone(24)),
            (FEATURE_GATES, "InPlacePodVerticalScaling", 32, Known),
            (FEATURE_GATES, "InPlacePodVerticalScaling", 35, Locked(true)),
        ] {
            assert_eq!(list.look_up(name, minor), want, "{name} in 1.{minor}");
        }
    }
}

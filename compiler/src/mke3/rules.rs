//! What MKE 3 demands of several keys together.
//!
//! From the limits that the vendor's pages give. Where MKE itself refuses a combination, so does this; where it
//! would only be without effect, it is a warning.

use super::config::Config;
use super::forms::{duration, every};
use crate::diag::{Code, Finding, Findings, codes::mke3 as code};
use std::collections::BTreeSet;

/// Two clean-ups of etcd are at least this far apart.
const ETCD_HOURS: i128 = 72;

const PROBES: [&str; 10] = [
    "cluster_config.calico_controller_liveness_probe_failure_threshold",
    "cluster_config.calico_controller_liveness_probe_initial_delay_seconds",
    "cluster_config.calico_controller_liveness_probe_period_seconds",
    "cluster_config.calico_controller_liveness_probe_success_threshold",
    "cluster_config.calico_controller_liveness_probe_timeout_seconds",
    "cluster_config.calico_controller_readiness_probe_failure_threshold",
    "cluster_config.calico_controller_readiness_probe_initial_delay_seconds",
    "cluster_config.calico_controller_readiness_probe_period_seconds",
    "cluster_config.calico_controller_readiness_probe_success_threshold",
    "cluster_config.calico_controller_readiness_probe_timeout_seconds",
];

/// Checks all rules. A rule that needs a value which is `broken` already is left out.
pub(super) fn check(config: &Config, broken: &BTreeSet<String>, findings: &mut Findings) {
    let mut rules = Rules { config, broken, findings };
    rules.pods_per_core();
    rules.etcd_clean_up();
    rules.lameduck();
    rules.probes();
    rules.passphrase();
    rules.hardening();
    rules.auditing();
    rules.account_lock();
    rules.ldap();
    rules.image_collection();
}

struct Rules<'a> {
    config: &'a Config,
    broken: &'a BTreeSet<String>,
    findings: &'a mut Findings,
}

impl Rules<'_> {
    fn readable(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| !self.broken.contains(*key))
    }

    fn on(&self, key: &str) -> bool {
        self.config.bool(key).value
    }

    /// A finding about two keys; the second place is shown where it is written.
    fn pair(
        &mut self,
        code: &'static Code,
        key: &str,
        message: String,
        other: &str,
        label: &str,
        help: &str,
    ) {
        let finding = Finding::new(code, message).at_opt(self.config.place(key)).help(help);
        let finding = match self.config.place(other) {
            Some(place) => finding.also(place, label),
            None => finding.note(format!("`{other}` is not in the file")),
        };
        self.findings.push(finding);
    }

    fn pods_per_core(&mut self) {
        let (core, node) = ("cluster_config.kubelet_pods_per_core", "cluster_config.kubelet_max_pods");
        let (per_core, max) = (self.config.int(core).value, self.config.int(node).value);
        if self.readable(&[core, node]) && per_core > max {
            let message =
                format!("{per_core} pods per core are more than the {max} that the whole node may run");
            self.pair(
                code::CONFLICT,
                core,
                message,
                node,
                "the limit of the node",
                "write a smaller `kubelet_pods_per_core`; 0 turns it off, 10 is advised",
            );
        }
    }

    fn etcd_clean_up(&mut self) {
        let (cron, on) =
            ("etcd_cleanup_schedule_config.cron_expression", "etcd_cleanup_schedule_config.cleanup_enabled");
        if !self.readable(&[cron, on]) {
            return;
        }
        let text = self.config.raw_str(cron).value;
        // Of the other forms, those that run more often than every three days can be told by their name.
        let often = ["@daily", "@midnight", "@hourly"].contains(&text.as_str())
            || every(&text).is_some_and(|seconds| seconds < ETCD_HOURS * 3600);
        if often {
            let message = format!("`{text}` cleans etcd up more often than every {ETCD_HOURS} hours");
            let finding = Finding::new(code::CONFLICT, message)
                .at_opt(self.config.place(cron))
                .label("too often")
                .help("write \"@every 72h\" or more");
            self.findings.push(finding);
        }
        if self.on(on) && text.is_empty() {
            let message = "etcd is to be cleaned up, but no schedule says when".to_owned();
            self.pair(
                code::DOUBTFUL_PAIR,
                on,
                message,
                cron,
                "empty",
                "write a `cron_expression`, or turn `cleanup_enabled` off",
            );
        }
    }

    fn lameduck(&mut self) {
        let (length, on) = (
            "cluster_config.core_dns_lameduck_config.duration",
            "cluster_config.core_dns_lameduck_config.enabled",
        );
        if !self.readable(&[length, on]) || duration(&self.config.str(length).value).is_none_or(|ns| ns > 0) {
            return;
        }
        let code = if self.on(on) { code::CONFLICT } else { code::DOUBTFUL_PAIR };
        let finding = Finding::new(code, format!("the lameduck time `{length}` must be longer than 0s"))
            .at_opt(self.config.place(length))
            .help("write for example \"7s\", or \"\" for MKE's default");
        self.findings.push(finding);
    }

    fn probes(&mut self) {
        let on = "cluster_config.calico_controller_probes_tuning";
        if !self.readable(&[on]) || !self.on(on) {
            return;
        }
        let help = "set all ten probe values, or turn `calico_controller_probes_tuning` off";
        let mut missing = Vec::new();
        for key in PROBES {
            // MKE's default of each, 0 or -1, is not valid once tuning is on; only an initial delay may be 0.
            let least = if key.ends_with("initial_delay_seconds") { 0 } else { 1 };
            let value = self.config.int(key).value;
            if !self.readable(&[key]) || value >= least {
                continue;
            }
            if self.config.is_set(key) {
                let message = format!("`{key}` can't be {value} while the probes are tuned");
                self.pair(code::CONFLICT, key, message, on, "turned on here", help);
            } else {
                missing.push(key.trim_start_matches("cluster_config."));
            }
        }
        if !missing.is_empty() {
            let message = format!("{} of the ten probe values are missing", missing.len());
            let finding = Finding::new(code::CONFLICT, message)
                .at_opt(self.config.place(on))
                .label("needs all ten")
                .note(format!("missing: {}", missing.join(", ")))
                .help(help);
            self.findings.push(finding);
        }
    }

    fn passphrase(&mut self) {
        let (phrase, without) = ("backup_schedule_config.passphrase", "backup_schedule_config.no_passphrase");
        let enabled = "backup_schedule_config.enabled";
        if !self.readable(&[phrase, without, enabled]) {
            return;
        }
        let set = self.config.is_set(phrase);
        if set && self.on(without) {
            let message = "a passphrase is set, yet backups are to have none".to_owned();
            self.pair(
                code::CONFLICT,
                phrase,
                message,
                without,
                "no passphrase wanted",
                "empty `passphrase`, or set `no_passphrase = false`",
            );
        } else if !set && !self.on(without) && self.on(enabled) {
            let message =
                "scheduled backups are on without a passphrase, and nothing says that they need none"
                    .to_owned();
            self.pair(
                code::DOUBTFUL_PAIR,
                enabled,
                message,
                phrase,
                "empty",
                "set `passphrase`, or `no_passphrase = true`",
            );
        }
    }

    fn hardening(&mut self) {
        let parent = "hardening_configuration.hardening_enabled";
        let options = [
            ("hardening_configuration.limit_kernel_capabilities", true),
            ("hardening_configuration.use_strong_tls_ciphers", true),
            ("hardening_configuration.pid_limit_unspecified", false),
        ];
        for (key, active) in options {
            if self.readable(&[parent, key])
                && self.config.is_set(key)
                && self.on(key) == active
                && !self.on(parent)
            {
                let message = format!("`{key} = {active}` has no effect without `hardening_enabled = true`");
                self.pair(
                    code::DOUBTFUL_PAIR,
                    key,
                    message,
                    parent,
                    "hardening is off",
                    "turn hardening on, or take the option back",
                );
            }
        }
        let (limit, unspecified) =
            ("hardening_configuration.pid_limit", "hardening_configuration.pid_limit_unspecified");
        if self.readable(&[limit, unspecified]) && self.config.int(limit).value > 0 && self.on(unspecified) {
            let message = "`pid_limit` has no effect while `pid_limit_unspecified` is true".to_owned();
            self.pair(
                code::DOUBTFUL_PAIR,
                limit,
                message,
                unspecified,
                "makes the limit void",
                "set `pid_limit_unspecified = false`, or `pid_limit = 0`",
            );
        }
    }

    fn auditing(&mut self) {
        let (on, level) = ("cluster_config.kube_api_server_auditing", "audit_log_configuration.level");
        if self.readable(&[on, level]) && self.on(on) && !self.config.is_set(level) {
            let message = "the API server's audit log needs `audit_log_configuration.level`".to_owned();
            self.pair(
                code::DOUBTFUL_PAIR,
                on,
                message,
                level,
                "no level",
                "set the level to \"metadata\" or \"request\", or turn `kube_api_server_auditing` off",
            );
        }
    }

    fn account_lock(&mut self) {
        let (on, trigger) = ("auth.account_lock.enabled", "auth.account_lock.failureTrigger");
        if self.readable(&[on, trigger])
            && self.on(on)
            && self.config.is_set(trigger)
            && self.config.int(trigger).value < 1
        {
            let message = "accounts are to be locked after 0 failed logins".to_owned();
            self.pair(
                code::DOUBTFUL_PAIR,
                trigger,
                message,
                on,
                "turned on here",
                "write 1 or more, or turn the lock off",
            );
        }
    }

    fn ldap(&mut self) {
        let (backend, url) = ("auth.backend", "auth.ldap.server_url");
        let ldap = self.readable(&[backend, url]) && self.config.str(backend).value == "ldap";
        // Some exports lack the whole table; the translation asks for its data then.
        if ldap && self.config.has_table("auth.ldap") && !self.config.is_set(url) {
            let message = "accounts come from LDAP, but `auth.ldap` names no server".to_owned();
            self.pair(code::DOUBTFUL_PAIR, backend, message, url, "empty", "set `server_url`");
        }
    }

    fn image_collection(&mut self) {
        let (high, low) = (
            "cluster_config.kubelet_image_gc_high_threshold_percent",
            "cluster_config.kubelet_image_gc_low_threshold_percent",
        );
        let both = self.readable(&[high, low]) && self.config.is_set(high) && self.config.is_set(low);
        if both
            && self.config.int(low).value >= self.config.int(high).value
            && self.config.int(high).value > 0
        {
            let message = "the kubelet refuses a lower threshold that is not below the higher".to_owned();
            self.pair(
                code::CONFLICT,
                low,
                message,
                high,
                "the higher threshold",
                "make the lower threshold smaller",
            );
        }
    }
}

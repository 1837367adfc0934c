//! The audit log of the API server.
//!
//! MKE 3 writes it only where both its own switch is on and MKE's audit level is set.

use super::super::flags::{Component, given};
use crate::diag::{Finding, Findings, codes::translate as code};
use crate::source::{self, File, Value};
use crate::translate::{Ctx, Fate};

pub(super) const KEYS: &[&str] = &[LEVEL, SWITCH, OWN_POLICY, POLICY];
const LEVEL: &str = "audit_log_configuration.level";
const SWITCH: &str = "cluster_config.kube_api_server_auditing";
const OWN_POLICY: &str = "cluster_config.kube_api_server_enable_custom_audit_policy";
const POLICY: &str = "cluster_config.kube_api_server_custom_audit_policy_yaml";

const LEVEL_FIELD: &str = "apiServer.audit.level";

pub(super) fn audit(ctx: &mut Ctx<'_>) {
    level(ctx);
    policy(ctx);
}

fn level(ctx: &mut Ctx<'_>) {
    let switch = ctx.mke3.bool(SWITCH);
    let level = ctx.mke3.str(LEVEL);
    ctx.fate(SWITCH, Fate::Merged, "");
    if !switch.value {
        ctx.depends(LEVEL_FIELD, &switch.origin);
        ctx.put("apiServer.audit.enabled", switch);
        return ctx.drop(LEVEL, "MKE's own API is gone, and kube-apiserver's audit log was off", false);
    }
    let on = switch.and(level.clone()).map(|(_, level)| !level.is_empty());
    ctx.put("apiServer.audit.enabled", on.clone());
    ctx.fate(LEVEL, Fate::Merged, "it decides with `kube_api_server_auditing`");
    if !on.value {
        return ctx.depends(LEVEL_FIELD, &on.origin);
    }
    let capital = level.map(|level| match level.to_ascii_lowercase().as_str() {
        "request" => "Request",
        _ => "Metadata",
    });
    let deep = capital.value == "Request";
    if !ctx.put(LEVEL_FIELD, capital.because(&on.origin)) && deep {
        let text = format!(
            "{} can't be told the audit level; request bodies may not be logged any more",
            ctx.contract.id
        );
        ctx.tell(LEVEL, code::NO_FIELD, text);
    }
    if given(ctx.mke3, Component::ApiServer, "audit-log-path").is_none() {
        let text = "the audit log moves to the path that MKE 4k fixes; log shippers must follow".to_owned();
        ctx.tell(SWITCH, code::MEANING, text);
    }
}

fn policy(ctx: &mut Ctx<'_>) {
    const FIELD: &str = "apiServer.audit.customPolicyYaml";
    let own = ctx.mke3.bool(OWN_POLICY);
    if !own.value {
        ctx.fate(OWN_POLICY, Fate::Default, "");
        return ctx.drop(POLICY, "the custom audit policy is switched off", false);
    }
    if !ctx.mke3.is_set(POLICY) {
        ctx.drop(OWN_POLICY, "there is no custom audit policy", false);
        return ctx.fate(POLICY, Fate::Default, "");
    }
    if !ctx.contract.has(FIELD) {
        ctx.no_field(POLICY, FIELD);
        return ctx.idle(&[OWN_POLICY], "the release has no field for a custom policy");
    }
    let text = ctx.mke3.str(POLICY);
    if let Err(why) = check(&text.value) {
        let finding =
            Finding::new(code::AUDIT_POLICY, format!("the custom audit policy can't be used: {why}"))
                .at_opt(ctx.mke3_place(POLICY))
                .help(
                    "it must be one document with `apiVersion: audit.k8s.io/v1`, `kind: Policy` and `rules`",
                );
        ctx.findings.push(finding);
    }
    ctx.put(FIELD, text.because(&own.origin));
    ctx.fate(POLICY, Fate::Renamed, "");
    ctx.fate(OWN_POLICY, Fate::Merged, "");
}

/// Whether a text is an audit policy that kube-apiserver reads.
fn check(text: &str) -> Result<(), String> {
    let mut findings = Findings::new();
    let node = source::yaml::parse(&File::new("policy", text), &mut findings);
    let Some(node) = node.filter(|_| !findings.stop()) else {
        let first = findings.iter().next().map(|f| f.message.clone()).unwrap_or_default();
        return Err(format!("it is no plain YAML ({first})"));
    };
    let word = |key: &str| match node.get(key).map(|node| &node.value) {
        Some(Value::Str(text)) => text.clone(),
        _ => String::new(),
    };
    match (word("apiVersion").as_str(), word("kind").as_str(), node.get("rules").map(|n| &n.value)) {
        ("audit.k8s.io/v1", "Policy", Some(Value::List(rules))) if !rules.is_empty() => Ok(()),
        ("audit.k8s.io/v1", "Policy", _) => Err("it has no rules".to_owned()),
        ("audit.k8s.io/v1", kind, _) => Err(format!("its kind is `{kind}`")),
        (version, ..) => Err(format!("its apiVersion is `{version}`")),
    }
}

//! The audit policy that the API server reads. Without the file it doesn't start, so it must be there before the
//! vendor's command brings its own.

use super::cluster::{Cluster, is_path, refusal, require};
use super::{Document, Format, Tree};
use crate::diag::{Findings, codes::output as code};
use crate::origin::Tracked;

/// Where the product keeps it; releases without the field use the same place here.
const POLICY: &str = "/etc/audit_policy.yaml";

/// The path of the policy.
pub(super) fn policy_path(cluster: &Cluster<'_>) -> Tracked<String> {
    let given = cluster.mke4.text("spec.apiServer.audit.policyFile");
    given.unwrap_or_else(|| cluster.constant(POLICY))
}

/// The policy and its path, where the audit log is on: the given one, or one rule of the given level.
pub(super) fn policy(cluster: &Cluster<'_>, findings: &mut Findings) -> Option<(Tracked<String>, Document)> {
    let on = cluster.mke4.switch("spec.apiServer.audit.enabled").filter(|on| on.value)?;
    let path = policy_path(cluster);
    require(&path, "the path of the audit policy", is_path, "an absolute path of plain characters", findings);
    let label = "audit_policy.yaml";
    if let Some(custom) = cluster.mke4.text("spec.apiServer.audit.customPolicyYaml") {
        return Some((path, Document::new(label, Format::Text, Tree::from(custom).because(&on.origin))));
    }
    let level =
        cluster.mke4.text("spec.apiServer.audit.level").unwrap_or_else(|| cluster.constant("Metadata"));
    let known = ["None", "Metadata", "Request", "RequestResponse"];
    let Some(name) = known.into_iter().find(|known| known.eq_ignore_ascii_case(&level.value)) else {
        findings
            .push(refusal(code::VALUE, &level, "an audit level").help(format!("use {}", known.join(", "))));
        return None;
    };
    let mut doc = Tree::map();
    doc.set("apiVersion", cluster.leaf("audit.k8s.io/v1"));
    doc.set("kind", cluster.leaf("Policy"));
    doc.set("rules[0].level", level.map(|_| name.to_owned()));
    Some((path, Document::new(label, Format::Yaml, doc.because(&on.origin))))
}

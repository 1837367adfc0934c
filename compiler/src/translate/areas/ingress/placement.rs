//! On which nodes the ingress controller runs.

use super::key;
use crate::document::Tree;
use crate::origin::Origin;
use crate::translate::{Ctx, Fate};

/// Label and taint of MKE 3's managers. MKE 4k's own take their place, and managers are always chosen.
const MANAGER: &str = "com.docker.ucp.manager";

/// The rows as expressions that a node must all match.
pub(super) fn affinity(ctx: &mut Ctx<'_>, why: &Origin) {
    const FIELD: &str = "spec.ingressController.affinity.nodeAffinity.\
                         requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions";
    let rows = ctx.mke3.rows(key!("ingress_node_affinity"));
    for row in rows {
        let [key_path, value_path] = ["key", "value"].map(|name| row.path_of(name));
        let (label, value) = (row.str("key").because(why), row.str("value").because(why));
        if label.value == MANAGER || label.value.is_empty() {
            ctx.idle(&[&key_path, &value_path], "managers are always chosen");
            continue;
        }
        let mut expression = Tree::map();
        let both = label.clone().and(value.clone());
        expression.set("operator", both.map(|(_, value)| if value.is_empty() { "Exists" } else { "In" }));
        if !value.value.is_empty() {
            expression.push("values", value.because(&label.origin));
        }
        expression.set("key", label);
        ctx.doc.push(FIELD, expression);
        ctx.fate(&key_path, Fate::Converted, "");
        ctx.fate(&value_path, Fate::Converted, "");
    }
}

/// The rows of a table of tolerations, appended to the list of a field. That of MKE 3's managers is left out.
pub(in super::super) fn tolerations(ctx: &mut Ctx<'_>, table: &str, path: &str, why: &Origin) {
    let rows = ctx.mke3.rows(table);
    for row in rows {
        let label = row.str("key");
        if label.value == MANAGER {
            let keys = ["key", "value", "operator", "effect"].map(|name| row.path_of(name));
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            ctx.idle(&keys, "MKE 4k tolerates its managers' own taints");
            continue;
        }
        let why = label.origin.clone().with(why);
        let mut toleration = Tree::map();
        for name in ["key", "value", "operator", "effect"] {
            let value = row.str(name);
            let key = row.path_of(name);
            if value.value.is_empty() {
                ctx.fate(&key, Fate::Default, "");
                continue;
            }
            toleration.set(name, value.because(&why));
            ctx.fate(&key, Fate::Copied, "");
        }
        ctx.doc.push(&format!("spec.{path}"), toleration);
    }
}

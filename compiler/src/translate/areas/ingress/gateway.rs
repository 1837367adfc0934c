//! The node ports of the Gateway API.
//!
//! From 4.1.5 an upgrade must name them (`--gateway-http-node-port`, `--gateway-https-node-port`) unless NGINX goes
//! and leaves its own.

use super::ports::{self, NodePort};
use crate::diag::{Finding, codes::translate as code};
use crate::origin::{Origin, Source, Tracked};
use crate::translate::Ctx;

/// `nginx` are the node ports that are taken, `freed` those that NGINX leaves.
pub(super) fn gateway(
    ctx: &mut Ctx<'_>,
    on: &Tracked<bool>,
    freed: Option<(Tracked<i64>, Tracked<i64>)>,
    nginx: &[NodePort],
) {
    if !ctx.contract.asks_gateway_ports {
        return;
    }
    let given = |port: &Option<Tracked<u16>>| port.clone().map(|port| port.map(i64::from));
    let (http, https) = (given(&ctx.site.gateway_http_port), given(&ctx.site.gateway_https_port));
    let missing = http.is_none() || https.is_none();
    let instead = match freed {
        Some(freed) => Some(freed),
        None if on.value => None,
        None => Some(proposal(ctx, on, missing)),
    };
    let Some((http, https)) = (match (http, https, instead) {
        (Some(http), Some(https), _) => Some((http, https)),
        (http, https, Some((h, s))) => Some((http.unwrap_or(h), https.unwrap_or(s))),
        _ => None,
    }) else {
        ctx.depends("gatewayMKEIngress.nodePorts", &on.origin);
        let taken = nginx.iter().map(|port| port.port.value.to_string()).collect::<Vec<_>>().join(", ");
        let finding = Finding::new(code::DECISION_NEEDED, format!("{} needs node ports for the Gateway API", ctx.contract.id))
            .note(format!("NGINX stays and keeps its own: {taken}"))
            .help(
                "put `http_node_port` and `https_node_port` under `gateway` in site.yaml, or `remove_ingress_nginx: true` \
                 if no application needs NGINX any more; the balancer must lead to the HTTPS port",
            );
        return ctx.findings.push(finding);
    };
    ctx.put("gatewayMKEIngress.nodePorts.http", http.clone());
    ctx.put("gatewayMKEIngress.nodePorts.https", https.clone());
    let own = [NodePort::new("the Gateway API, HTTP", http), NodePort::new("the Gateway API, HTTPS", https)];
    ports::check(ctx, nginx, &own);
}

/// Ports for a cluster without NGINX.
fn proposal(ctx: &mut Ctx<'_>, on: &Tracked<bool>, told: bool) -> (Tracked<i64>, Tracked<i64>) {
    let (http, https) = ports::unchosen(ctx, on);
    if told {
        let finding = Finding::new(code::PROPOSAL_TAKEN, "nobody chose the node ports of the Gateway API")
            .note(format!(
                "taken: {} for HTTP, {} for HTTPS; MKE 3 had no ingress controller that could hold them",
                http.value, https.value
            ))
            .help("to settle it, put `http_node_port` and `https_node_port` under `gateway` in site.yaml");
        ctx.findings.push(finding);
    }
    let setting = |name: &str| Origin::of(Source::new("site.yaml", format!("gateway.{name}")));
    (http.because(&setting("http_node_port")), https.because(&setting("https_node_port")))
}

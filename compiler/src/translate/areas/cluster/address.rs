//! The address that users and joining nodes know the cluster by.

use crate::diag::{Finding, codes::translate as code};
use crate::origin::Tracked;
use crate::translate::{Ctx, Fate};

pub(super) const KEYS: &[&str] = &[CONTROLLER_PORT, EXTERNAL_LB];

pub(super) const EXTERNAL_LB: &str = "cluster_config.external_service_lb";
const FIELD: &str = "apiServer.externalAddress";
const CONTROLLER_PORT: &str = "cluster_config.controller_port";

/// The site's external address, or MKE 3's load balancer where the site names none. One without a port gets MKE 3's,
/// where that isn't 443.
pub(super) fn translate(ctx: &mut Ctx<'_>) {
    let Some(address) = known_address(ctx) else {
        let why = "it is part of the external address, which site.yaml does not name yet";
        return ctx.drop(CONTROLLER_PORT, why, true);
    };
    if let Some((_, Some(_))) = host_port(&address.value) {
        ctx.drop(CONTROLLER_PORT, "the external address names its own port", false);
        remind_balancer(ctx, &address.value);
        ctx.put(FIELD, address);
        return;
    }
    let joined = address.and(ctx.mke3.int(CONTROLLER_PORT)).map(|(host, port)| match port {
        443 => host,
        port => format!("{host}:{port}"),
    });
    remind_balancer(ctx, &joined.value);
    ctx.put(FIELD, joined);
    ctx.fate(CONTROLLER_PORT, Fate::Merged, "the port of the external address");
}

fn known_address(ctx: &mut Ctx<'_>) -> Option<Tracked<String>> {
    if let Some(address) = ctx.site.external_address.clone() {
        ctx.drop(EXTERNAL_LB, "the external address of site.yaml takes its place", false);
        return Some(address);
    }
    if !ctx.mke3.is_set(EXTERNAL_LB) {
        let printed = ctx.doc.get(&format!("spec.{FIELD}")).is_some();
        ctx.depends(FIELD, &ctx.origin_of(EXTERNAL_LB));
        ctx.fate(EXTERNAL_LB, if printed { Fate::Merged } else { Fate::Default }, "");
        return None;
    }
    let balancer = ctx.mke3.str(EXTERNAL_LB);
    let proposal = host_port(&balancer.value).map(|_| balancer.clone());
    let ask = match &proposal {
        Some(_) => {
            "site.yaml has no `external_address`, so the load balancer of MKE 3 serves as one".to_owned()
        }
        None => format!(
            "site.yaml has no `external_address`, and the load balancer of MKE 3, `{}`, is no `host` or `host:port`",
            balancer.value
        ),
    };
    let answer = ctx.ask_text(EXTERNAL_LB, &ask, proposal, |text| match host_port(text) {
        Some(_) => Ok(()),
        None => Err("it is no `host` or `host:port`".to_owned()),
    });
    match answer {
        Some(answer) => {
            // The question itself comes only with the key.
            let answer = answer.because(&balancer.origin);
            match answer.value == balancer.value {
                true => ctx.fate(EXTERNAL_LB, Fate::Renamed, ""),
                false => ctx.fate(EXTERNAL_LB, Fate::Merged, "site.yaml decides about it"),
            }
            Some(answer)
        }
        None => {
            ctx.undecided(EXTERNAL_LB);
            None
        }
    }
}

/// The balancer must learn a new target in every migration ("Configure the load balancer").
fn remind_balancer(ctx: &mut Ctx<'_>, address: &str) {
    let listens = match host_port(address) {
        Some((_, Some(port))) => port,
        _ => 443,
    };
    ctx.findings.push(
        Finding::new(
            code::BY_HAND,
            format!("the load balancer behind {address} needs new targets when the cluster has moved"),
        )
        .at_opt(ctx.mke3_place(CONTROLLER_PORT))
        .help(format!(
            "send port {listens} to the HTTPS node port that mke4.yaml gives the gateway (before 4.1.3 the ingress), \
             6443 and 9443 to the same ports of the managers"
        )),
    );
}

/// A host name, an IPv4 address or an IPv6 address in brackets, with or without a port.
fn host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let bracket = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text.get(bracket..)?.rfind(':') {
        Some(colon) => {
            let (host, port) = text.split_at(bracket + colon);
            (host, Some(port.trim_start_matches(':').parse().ok().filter(|port| *port > 0)?))
        }
        None => (text, None),
    };
    let named = |host: &str| {
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
    };
    let six = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let good = match six {
        Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
        None => named(host),
    };
    good.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::host_port;

    #[test]
    fn an_address_is_a_host_with_or_without_a_port() {
        for (text, want) in [
            ("mke.example.com", Some(("mke.example.com", None))),
            ("mke.example.com:8443", Some(("mke.example.com", Some(8443)))),
            ("10.0.0.1:1", Some(("10.0.0.1", Some(1)))),
            ("[fd00::1]", Some(("[fd00::1]", None))),
            ("[fd00::1]:443", Some(("[fd00::1]", Some(443)))),
            ("fd00::1", None),
            ("https://mke.example.com", None),
            ("mke.example.com/ui", None),
            ("mke.example.com:0", None),
            ("mke.example.com:70000", None),
            ("[fd00::x]:443", None),
            (":443", None),
            ("", None),
        ] {
            assert_eq!(host_port(text), want, "{text}");
        }
    }
}

//! MetalLB: its switch, and its address pools as objects beside mke4.yaml.

use super::super::names::label;
use crate::contract::MetalLb;
use crate::diag::{Finding, codes::translate as code};
use crate::document::Tree;
use crate::origin::{Origin, Tracked};
use crate::translate::{Ctx, Fate};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) const KEYS: &[&str] = &[SWITCH, NAMES, ADDRESSES];
const SWITCH: &str = "cluster_config.metallb_config.enabled";
const POOLS: &str = "cluster_config.metallb_config.metallb_ip_addr_pool";
const NAMES: &str = "cluster_config.metallb_config.metallb_ip_addr_pool[].name";
const ADDRESSES: &str = "cluster_config.metallb_config.metallb_ip_addr_pool[].external_ip";

/// Where the product runs MetalLB.
const NAMESPACE: &str = "metallb-system";
/// The name of the object that announces all pools.
const ADVERTISEMENT: &str = "mke3-pools";
const MANIFEST: &str = "metallb-pools";

pub(super) fn metallb(ctx: &mut Ctx<'_>) {
    let on = ctx.mke3.bool(SWITCH);
    match ctx.contract.metallb {
        MetalLb::Field => {
            ctx.put("metallb.enabled", on.clone());
        }
        MetalLb::Addon => {
            if let Some(addon) = ctx.doc.select("spec.addons", "name", "metallb") {
                addon.set("enabled", on.clone());
            }
        }
        MetalLb::Nowhere if on.value => {
            let why = format!(
                "{} has no field for it; services of type LoadBalancer get no address",
                ctx.contract.id
            );
            return ctx.drop_all("MetalLB", KEYS, &why, true);
        }
        MetalLb::Nowhere => return ctx.idle(KEYS, "MetalLB was off"),
    }
    ctx.fate(SWITCH, Fate::Copied, "");
    if !on.value {
        return ctx.idle(&[NAMES, ADDRESSES], "MetalLB was off");
    }
    let provider = ctx.mke3.str("cluster_config.cloud_provider").value;
    if !provider.is_empty() {
        let text = format!(
            "MKE 4k runs MetalLB only where there is no cloud provider; this cluster has `{provider}`"
        );
        ctx.tell(SWITCH, code::MEANING, text);
    }
    pools(ctx, &on.origin);
}

fn pools(ctx: &mut Ctx<'_>, why: &Origin) {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut list = Vec::new();
    let rows: Vec<_> =
        ctx.mke3.rows(POOLS).iter().map(|row| (row.path_of("name"), row.path_of("external_ip"))).collect();
    for (name_key, addresses_key) in rows {
        let name = ctx.mke3.str(&name_key).map(|name| label(&name));
        let addresses = addresses(ctx, &addresses_key);
        ctx.fate(&name_key, Fate::Moved, "");
        ctx.fate(&addresses_key, Fate::Moved, "");
        let twice = names.insert(name.value.clone(), name_key.clone());
        if name.value.is_empty() || twice.is_some() || addresses.is_empty() {
            let text = match twice {
                _ if addresses.is_empty() => "a MetalLB pool holds no address".to_owned(),
                Some(_) => format!("two MetalLB pools would be called `{}`", name.value),
                None => "the name of a MetalLB pool has no letter or digit".to_owned(),
            };
            let finding = Finding::new(code::METALLB_POOL, text).at_opt(ctx.mke3_place(&name_key));
            ctx.findings.push(finding.help("change the pool on MKE 3, then take the configuration anew"));
        }
        // What is in the pool exists because the pool is on, whatever its name.
        let mut pool = object("IPAddressPool", name.clone(), why);
        pool.set("spec.addresses", Tree::strings(addresses).because(why));
        ctx.object(MANIFEST, pool);
        list.push(name);
    }
    if list.is_empty() {
        return ctx.tell(
            SWITCH,
            code::BY_HAND,
            "MetalLB is on, but has no address pool; it gives no addresses",
        );
    }
    let name = Tracked::with_origin(ADVERTISEMENT.to_owned(), why.clone());
    let mut all = object("L2Advertisement", name, why);
    all.set("spec.ipAddressPools", Tree::strings(list).because(why));
    ctx.object(MANIFEST, all);
}

fn object(kind: &str, name: Tracked<String>, why: &Origin) -> Tree {
    let mut object = Tree::map();
    object.set("apiVersion", Tree::leaf("metallb.io/v1beta1", why));
    object.set("kind", Tree::leaf(kind, why));
    object.set("metadata.name", name.because(why));
    object.set("metadata.namespace", Tree::leaf(NAMESPACE, why));
    object
}

fn addresses(ctx: &mut Ctx<'_>, key: &str) -> Vec<Tracked<String>> {
    let mut good = Vec::new();
    for element in ctx.mke3.list(key) {
        match range(&element.value) {
            Ok(text) => good.push(element.map(|_| text)),
            Err(why) => {
                let place = element.origin.sources().next().and_then(|source| ctx.mke3_place(&source.path));
                let finding = Finding::new(
                    code::METALLB_POOL,
                    format!("`{}` is no range for MetalLB: {why}", element.value),
                );
                ctx.findings.push(finding.at_opt(place).help("write `10.1.5.0/24` or `10.1.5.10-10.1.5.20`"));
                good.push(element);
            }
        }
    }
    good
}

/// A range in MetalLB's form: a network without host bits, or `first-last`.
fn range(text: &str) -> Result<String, String> {
    let text = text.trim();
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(net.trunc().to_string());
    }
    if let Ok(one) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(one).to_string());
    }
    let Some((first, last)) = text.split_once('-') else {
        return Err("it is neither a network nor two addresses".to_owned());
    };
    let address =
        |text: &str| text.trim().parse::<IpAddr>().map_err(|_| format!("`{}` is no address", text.trim()));
    let (first, last) = (address(first)?, address(last)?);
    if first.is_ipv4() != last.is_ipv4() || first > last {
        return Err("its end lies before its beginning".to_owned());
    }
    Ok(format!("{first}-{last}"))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_get_the_form_that_metallb_takes() {
        for (text, want) in [
            ("10.20.9.0/27", "10.20.9.0/27"),
            ("10.20.9.5/27", "10.20.9.0/27"),
            ("10.20.9.64 - 10.20.9.80", "10.20.9.64-10.20.9.80"),
            ("10.20.9.9", "10.20.9.9/32"),
            ("fd00::1-fd00::9", "fd00::1-fd00::9"),
        ] {
            assert_eq!(range(text).as_deref(), Ok(want), "{text}");
        }
        for text in ["10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1", "x", "10.0.0.1-"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}

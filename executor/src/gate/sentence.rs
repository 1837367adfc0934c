//! What an operator types, word for word, where a slip of the hand must not be enough. Each sentence names the site or
//! the host that it is about.

use airlift_bundle::gate::word::{Naming, Say};
use airlift_bundle::name::{NodeName, SiteName};

use crate::run::Orders;

/// Every sentence that a command may ask for.
#[must_use]
pub fn all(site: &SiteName, node: &NodeName, says: &[Say], orders: &Orders) -> Vec<String> {
    let of_says = says.iter().map(|say| of_say(*say, site, node));
    let of_named = orders.named.iter().map(|(host, naming)| of_naming(*naming, host));
    let of_hub = orders.hub.iter().map(|host| self::of_hub(host, site));
    of_says.chain(of_named).chain(of_hub).collect()
}

/// The sentence for a word that a gate asks for.
#[must_use]
pub fn of_say(say: Say, site: &SiteName, node: &NodeName) -> String {
    match say {
        Say::OutageBegins => format!("the outage of {site} begins"),
        Say::VendorDone => format!("the vendor command has run on {site}"),
        Say::Commit => format!("no way back on {node}"),
        Say::LeaveOut => format!("both stacks go from {node}"),
    }
}

/// The sentence for a host that can't speak for itself.
#[must_use]
pub fn of_naming(naming: Naming, host: &NodeName) -> String {
    match naming {
        Naming::LeftBehind => format!("{host} is off or fenced"),
        Naming::Without => format!("go on without {host}"),
        Naming::Lost => format!("{host} is off and stays off"),
    }
}

/// The sentence that puts another manager in the leader's place.
#[must_use]
pub fn of_hub(host: &NodeName, site: &SiteName) -> String {
    format!("{host} takes {site} back")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_those_of_the_manual() {
        let manual = include_str!("../../../docs/gates.md").to_lowercase();
        let (site, node): (SiteName, NodeName) = ("site".parse().unwrap(), "host".parse().unwrap());
        let named = Naming::ALL.iter().map(|naming| (node.clone(), *naming)).collect();
        let all = all(&site, &node, Say::ALL, &Orders { named, hub: Some(node.clone()) });
        assert_eq!(all.len(), 8);
        for sentence in all {
            assert!(manual.contains(&format!("`{sentence}` |")), "{sentence}");
        }
    }
}

//! How a Calico node finds its own address: from calico-node's text to the Tigera operator's
//! `nodeAddressAutodetectionV4`.

use crate::document::Tree;
use crate::origin::Origin;

/// A way to find the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Method {
    FirstFound,
    Interface(String),
    SkipInterface(String),
    CanReach(String),
    Cidrs(Vec<String>),
    NodeInternalIp,
}

impl Method {
    /// Reads `IP_AUTODETECTION_METHOD` as calico-node does. `None` where it is no method.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (word, argument) = text.split_once('=').unwrap_or((text, ""));
        let parts: Vec<&str> = argument.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        // The operator takes one expression, where calico-node takes several.
        let either = parts.join("|");
        match (word.trim(), parts.is_empty()) {
            ("first-found", true) => Some(Self::FirstFound),
            ("kubernetes-internal-ip", true) => Some(Self::NodeInternalIp),
            ("interface", false) => Some(Self::Interface(either)),
            ("skip-interface", false) => Some(Self::SkipInterface(either)),
            ("can-reach", false) => Some(Self::CanReach(argument.trim().to_owned())),
            ("cidr", false) => Some(Self::Cidrs(parts.into_iter().map(str::to_owned).collect())),
            _ => None,
        }
    }

    /// As the Tigera operator's API has it (`NodeAddressAutodetection`).
    pub(super) fn tree(&self, origin: &Origin) -> Tree {
        let mut tree = Tree::map();
        match self {
            Self::FirstFound => tree.set("firstFound", Tree::leaf(true, origin)),
            Self::Interface(name) => tree.set("interface", Tree::leaf(name, origin)),
            Self::SkipInterface(name) => tree.set("skipInterface", Tree::leaf(name, origin)),
            Self::CanReach(host) => tree.set("canReach", Tree::leaf(host, origin)),
            Self::Cidrs(cidrs) => {
                tree.set("cidrs", Tree::List(cidrs.iter().map(|cidr| Tree::leaf(cidr, origin)).collect()));
            }
            Self::NodeInternalIp => tree.set("kubernetes", Tree::leaf("NodeInternalIP", origin)),
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::Method;
    use crate::document::yaml;
    use crate::origin::Origin;

    #[test]
    fn every_method_of_calico_has_its_words_in_the_operator() {
        let shown = |text: &str| {
            Method::parse(text).map(|method| yaml::to_string(&method.tree(&Origin::contract("t"))))
        };
        for (text, yaml) in [
            ("first-found", "firstFound: true\n"),
            ("interface=bond0.*", "interface: 'bond0.*'\n"),
            ("interface=eth.*, ens.*", "interface: 'eth.*|ens.*'\n"),
            ("skip-interface=docker0", "skipInterface: docker0\n"),
            ("can-reach=10.1.0.1", "canReach: '10.1.0.1'\n"),
            ("cidr=10.0.0.0/8,172.16.0.0/12", "cidrs:\n- '10.0.0.0/8'\n- '172.16.0.0/12'\n"),
            ("kubernetes-internal-ip", "kubernetes: NodeInternalIP\n"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(yaml), "{text}");
        }
        for text in ["interface=", "interface", "eth0", "first-found=1", "cidr= , "] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}

//! Where this node stands in the protocol.

use std::rc::Rc;

use airlift_bundle::gate::protocol::{Gate, Protocol};
use airlift_bundle::gate::state::{Event, NodeState, Position};
use airlift_bundle::gate::table::Act;
use airlift_bundle::name::NodeName;

use crate::journal::Accepted;

/// The protocol on the node's site, and the node's state in it.
#[derive(Clone, Debug)]
pub struct NodeGate {
    protocol: Rc<Protocol>,
    state: NodeState,
}

impl PartialEq for NodeGate {
    fn eq(&self, other: &Self) -> bool {
        self.protocol.site() == other.protocol.site() && self.state == other.state
    }
}

impl NodeGate {
    /// Where a node stands that takes this set; `before` is where it stood in the same site, if it was in it.
    ///
    /// # Errors
    /// Why it can't take it.
    pub fn take(before: Option<&Self>, set: &Accepted) -> Result<Self, String> {
        let site = set.nodes.site().ok_or("the set has no leader")?;
        let node = site.find(&set.node).ok_or("the set has no such node")?;
        let protocol = Protocol::new(site);
        let state = match before {
            None => protocol.start(node),
            Some(before) => protocol
                .take_set(&before.protocol, &before.state, node)
                .map_err(|refusal| refusal.to_string())?,
        };
        Ok(Self { protocol: Rc::new(protocol), state })
    }

    /// Where it stands after an event.
    ///
    /// # Errors
    /// Why that can't happen.
    pub fn step(&self, event: &Event<NodeName>) -> Result<Self, String> {
        let event = event.at(self.protocol.site()).ok_or("the site has no such node")?;
        let state = self.protocol.step(&self.state, &event).map_err(|refusal| refusal.to_string())?;
        Ok(Self { protocol: Rc::clone(&self.protocol), state })
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// The node's state.
    #[must_use]
    pub const fn state(&self) -> &NodeState {
        &self.state
    }

    /// Where the node stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.state.position()
    }

    /// What stands before an act.
    #[must_use]
    pub fn gate(&self, act: Act) -> Gate {
        self.protocol.gate(&self.state, act)
    }

    /// What the node may come to.
    #[must_use]
    pub fn acts(&self) -> Vec<(Act, Gate)> {
        self.protocol.acts(&self.state)
    }

    /// Whether it is the first manager.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.state.node() == self.protocol.site().leader()
    }

    /// The first manager's name.
    #[must_use]
    pub fn leader(&self) -> String {
        self.protocol.site().show(self.protocol.site().leader()).to_string()
    }
}

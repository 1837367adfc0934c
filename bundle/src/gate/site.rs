//! The site as the gates see it: who is there, in which role, in which order.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::NodeName;
use crate::plan::{Plan, Role};

/// A node by its place in the plan's order. Made by [`Site`] only, and only good for the site that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Node(u16);

/// Names and roles of a site's nodes, in the order of the migration: the leader, the other managers, the workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    nodes: Vec<(NodeName, Role)>,
}

impl Site {
    /// The site of a plan. Its order and its one leader are what [`Plan`] has checked.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let nodes = plan.nodes.iter().map(|planned| (planned.node.name.clone(), planned.node.role)).collect();
        Self { nodes }
    }

    /// The site with these nodes in this order; `None` unless it begins with its one leader, followed by the other
    /// managers and then the workers.
    #[must_use]
    pub fn new(nodes: Vec<(NodeName, Role)>) -> Option<Self> {
        let leads = nodes.iter().filter(|(_, role)| *role == Role::Leader).count() == 1;
        let fits = u16::try_from(nodes.len()).is_ok();
        (leads && fits && nodes.is_sorted_by_key(|(_, role)| *role)).then_some(Self { nodes })
    }

    /// Every node.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        (0..self.nodes.len()).filter_map(|place| u16::try_from(place).ok().map(Node))
    }

    /// The first manager.
    #[must_use]
    pub const fn leader(&self) -> Node {
        Node(0)
    }

    /// The managers, the leader first.
    pub fn managers(&self) -> impl Iterator<Item = Node> + '_ {
        self.nodes().filter(|node| self.role(*node).is_manager())
    }

    /// The node of this name.
    #[must_use]
    pub fn find(&self, name: &NodeName) -> Option<Node> {
        self.nodes().find(|node| self.name(*node) == Some(name))
    }

    /// The name of a node; `None` for a node of another site.
    #[must_use]
    pub fn name(&self, node: Node) -> Option<&NodeName> {
        self.nodes.get(usize::from(node.0)).map(|(name, _)| name)
    }

    /// The role of a node.
    #[must_use]
    pub fn role(&self, node: Node) -> Role {
        self.nodes.get(usize::from(node.0)).map_or(Role::Worker, |(_, role)| *role)
    }

    /// Whether `count` managers are half of all, or more.
    #[must_use]
    pub fn is_half_of_managers(&self, count: usize) -> bool {
        2 * count >= self.managers().count()
    }

    /// A node for messages.
    #[must_use]
    pub fn show(&self, node: Node) -> impl fmt::Display + '_ {
        self.name(node).map_or("?", NodeName::as_str)
    }
}

impl Node {
    /// Its place in the plan, from 0.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }
}

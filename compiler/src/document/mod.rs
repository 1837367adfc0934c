//! Generated documents: trees whose every scalar knows its origin, and their text forms.

mod audit;
mod cluster;
mod containerd;
mod file;
mod install;
mod k0s;
mod k0sctl;
pub mod measure;
mod nodes;
pub mod owner;
mod path;
pub mod systemd;
mod tree;
mod units;
pub mod yaml;

pub use cluster::{Cluster, ImageRegistry, Node};
pub use file::{Document, Format, RenderError};
pub use install::{CONFIG, InstallFlags, PROGRAM, Role, TOKEN_FILE, install_flags};
pub use nodes::{Installation, NodeDocuments, Placed, node_documents};
pub use path::{Path, Seg};
pub use tree::{Leaf, Scalar, Tree};

//! The one seam through which every change to the node goes.
//!
//! [`Disk`] has one method for each thing that can be done to a file system, so a test can stop the machine between any
//! two of them, and a model can say what is left after a power cut. [`RealDisk`] does them.
//!
//! What an implementation guarantees:
//!
//! - A change is flushed when [`Disk::sync_file`] or [`Disk::sync_dir`] has returned for what was changed, and not
//!   before. Whoever needs an order between two changes flushes the first.
//! - [`Disk::rename`] is atomic: after a crash the name stands for the old thing or for the new one.
//! - No symbolic link is followed on the way to the last component of a path, and none at it. A link on the way is
//!   refused by name ([`Why::Link`]): the plan has to name the real place.

mod accounts;
mod error;
mod files;
mod real;
mod seam;
mod tree;

pub use accounts::{resolve_group, resolve_user};
pub use error::{DiskError, Why};
pub use files::{ensure_dir, put_file, read_all, remove_file};
pub use real::{Lock, RealDisk};
pub use seam::{Disk, Kind, Owner, Stat, Time, Times, Xattrs};
pub(crate) use tree::disinherit;
pub use tree::{CopyNotes, copy_tree, remove_tree, tree_size};

//! Every key that an MKE 3 configuration can hold, as data.
//!
//! One file per area lists its keys in groups; [`Key`] says what is known about one: kind, default, allowed
//! values, spellings, age, and whether its value is a secret. [`all`] goes through them, [`find`] takes a pattern
//! (`registries[].ca_bundle`), [`find_instance`] the path of one value (`registries[0].ca_bundle`), and
//! [`suggest`] the nearest name to one that does not exist.
//!
//! Collected from public pages and printed files of MKE 3.7 and 3.8, with what 3.9 adds; `seen` of a [`Key`] tells how
//! well each is known. Nothing was tried on a live cluster. MKE adds keys in patch releases, so an unknown key
//! is an error that an operator can allow by name.

mod auth;
mod cluster;
mod components;
mod ingress;
mod key;
mod ldap;
mod lookup;
mod network;
mod path;
mod tables;

pub use key::{Allowed, Check, Form, Group, Key, Kind, Literal};
pub(crate) use lookup::{
    Found, Level, Member, Shape, elsewhere, is_plain_name, resembles_secret, resolve, root, walk,
};
pub use lookup::{all, find, find_instance, groups, suggest};
pub(crate) use path::{quote, unquote_name};

//! The MKE 3 configuration.
//!
//! [`Config::read`] takes the text of `GET /api/ucp/config-toml` and answers with a [`Config`], or with findings
//! that name every problem of the file at once. What it guarantees about a configuration that it gives back:
//!
//! - every key is in the [`catalog`], or is one that the operator allowed by name;
//! - every value has the type, form and range that the catalogue gives, and MKE's own rules between keys hold;
//! - no secret is in it. Secrets give way to slots before anything else looks at the text, so neither an accessor nor a
//!   message, a `Debug` or the blanked text can show one.
//!
//! What it refuses: files of another kind (an API error, a login page, YAML, a file cut off), unknown and misspelt keys,
//! one key under two spellings, private keys, and texts that look like Airlift's own slots.
//!
//! Values come with their origin, which names the key even where MKE's default decides:
//!
//! ```
//! use airlift::{diag::Findings, mke3::Config, source::File};
//!
//! let file = File::new("mke3.toml", "[cluster_config]\npod_cidr = \"10.0.0.0/16\"\n");
//! let mut findings = Findings::new();
//! let config = Config::read(&file, &Default::default(), &mut findings).unwrap();
//! assert_eq!(config.str("cluster_config.pod_cidr").value, "10.0.0.0/16");
//! assert_eq!(config.int("cluster_config.kubelet_max_pods").value, 110);
//! assert!(!config.is_set("cluster_config.kubelet_max_pods"));
//! ```
//!
//! Inside: `sniff` knows the wrong files, `blank` and `mask` take secrets out of texts that do and don't parse, `read`
//! walks the tree, `value` and `forms` judge single values, `rules` judges keys together.

mod blank;
pub mod catalog;
mod config;
mod forms;
mod mask;
mod read;
mod rules;
mod secret;
mod sniff;
mod value;

pub use config::{AllowedKey, Config, Instance, Row};
pub use secret::SecretSlot;
pub(crate) use secret::looks_secret;

/// What a slot begins with.
pub(crate) use secret::OPEN as SLOT;

/// The text of a file with each secret replaced by its slot, as [`Config::blanked`] gives it. `None` where it can't be read.
pub fn blanked(file: &crate::source::File) -> Option<String> {
    read::blanked(file)
}

/// The secrets of a file, each with the slot that stands for it everywhere else. For the secret store alone. A slot in the
/// file is none of them, and where the file can't be read there are none.
pub fn secrets(file: &crate::source::File) -> Vec<(SecretSlot, crate::secrets::Secret)> {
    read::secrets(file)
}

#[cfg(test)]
mod messages_test;
#[cfg(test)]
mod tests;

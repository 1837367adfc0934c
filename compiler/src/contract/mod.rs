//! What each target release accepts and contains.
//!
//! A [`Contract`] answers every question that depends on the release: which sources it takes, which fields its
//! mke4.yaml knows, what that file holds by default, which k0s comes with it and what that k0s can do. Each release
//! has one file and one folder here, and one line in [`all`]; no release's code looks at another's.
//!
//! The facts come from the vendor's public documents and published files; what is doubtful there is marked in the
//! release's own file.

mod definition;
pub mod k0s_images;
mod source_version;
mod v4_0_0;
mod v4_1_0;
mod v4_1_2;
mod v4_1_5;
mod v4_2_1;

pub use definition::{
    Calico, ContainerdConfig, Contract, K0s, Kubernetes, MetalLb, SeededCa, Sources, Use, by_id, default_for,
};
pub use k0s_images::{K0sImage, Runs};
pub use source_version::{SourceVersion, VersionError};

/// Every contract, oldest first.
pub fn all() -> &'static [&'static Contract] {
    &[&v4_0_0::CONTRACT, &v4_1_0::CONTRACT, &v4_1_2::CONTRACT, &v4_1_5::CONTRACT, &v4_2_1::CONTRACT]
}

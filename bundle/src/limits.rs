//! How much a reader takes before it refuses. Every limit is checked before memory is allocated for it.

/// Limits of a reader, all in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A bundle as it lies in the set, compressed.
    pub bundle: u64,
    /// The archive inside a bundle, as its frame declares it.
    pub archive: u64,
    /// The window that the frame asks a decompressor to keep.
    pub window: u64,
    /// `manifest.json`.
    pub manifest: u64,
    /// `set.json` and `plan.json`, each.
    pub document: u64,
    /// A signature, a public key or the trust file, each.
    pub small: u64,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

impl Limits {
    /// What format 1 promises; writers keep to the same figures.
    pub const FORMAT_1: Self = Self {
        bundle: 64 * MIB,
        archive: 64 * MIB,
        window: 8 * MIB,
        manifest: 4 * MIB,
        document: 16 * MIB,
        small: 64 * KIB,
    };
}

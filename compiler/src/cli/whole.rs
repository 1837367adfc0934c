//! A site that is whole: what `compile`, `rebuild` and `check` go on with once nothing stops them.

use super::progress::Progress;
use crate::blob::{self, Taken};
use crate::compile::Translated;
use crate::compile::bundle::{self, Packed, Parts, Sink};
use crate::diag::Findings;
use crate::document::NodeDocuments;
use crate::emit::{OutputError, SetWriter, SigningKey};
use crate::secrets::Sealed;
use crate::site::{Site, SiteFiles};
use anyhow::Context as _;

/// Everything that a set is made of, but for the blobs.
#[derive(Clone, Copy)]
pub struct Whole<'a> {
    pub translated: &'a Translated<'a>,
    pub site: &'a Site,
    pub nodes: &'a NodeDocuments,
    pub files: &'a SiteFiles,
}

impl<'a> Whole<'a> {
    /// `None` where something is missing; the findings say what.
    pub fn of(translated: Option<&'a Translated<'a>>, files: &'a SiteFiles) -> Option<Self> {
        let translated = translated?;
        let (site, nodes) = (translated.inputs.site.as_ref()?, translated.nodes.as_ref()?);
        Some(Self { translated, site, nodes, files })
    }

    /// How many bytes of blobs there are to read.
    pub fn blob_bytes(&self) -> u64 {
        let settings = &self.site.settings;
        let named = settings.k0s_binary.iter().chain(&settings.image_bundles);
        named.filter_map(|named| self.files.get(named.value.as_str())).map(|file| file.size).sum()
    }

    /// Looks at all blobs, and copies them where there is a writer, in pieces of `cut` bytes.
    pub fn blobs(
        &self,
        cut: u64,
        writer: Option<&SetWriter>,
        progress: &Progress,
        findings: &mut Findings,
    ) -> Result<Vec<Taken>, OutputError> {
        let Self { translated, site, nodes, files } = *self;
        let from =
            blob::From { settings: &site.settings, files, contract: translated.inputs.contract, nodes };
        blob::take(&from, &blob::Into { cut, writer, each: &|bytes| progress.add(bytes) }, findings)
    }

    /// Packs the set. `findings` are those that its report tells.
    pub fn pack(
        &self,
        blobs: &[Taken],
        sealed: Option<&Sealed>,
        findings: &Findings,
        key: Option<&SigningKey>,
        sink: &impl Sink,
    ) -> anyhow::Result<Packed> {
        let Self { translated, site, nodes, files } = *self;
        let parts = Parts { translated, site, nodes, files, blobs, findings, sealed };
        bundle::pack(&parts, key, sink).context("can't pack the set")
    }
}

//! The writer of bundles. Equal manifests and contents make equal bytes (with one version of the zstd library; the
//! archive inside is the same with every version).

use std::io::Write as _;

use zstd::stream::write::Encoder;
use zstd::zstd_safe::CParameter;

use super::layout::{Bytes, layout, total};
use crate::error::{Error, Problems};
use crate::limits::Limits;
use crate::manifest::{Contents, Manifest};

/// Compression level of a bundle.
pub const LEVEL: i32 = 9;

/// Window of a bundle's frame, as a power of two: 8 MiB.
const WINDOW_LOG: u32 = 23;

/// The bundle that holds `manifest` and `contents`.
///
/// # Errors
/// All contradictions in the manifest; [`Error::ManifestMismatch`] where it doesn't describe `contents`;
/// [`Error::TooLarge`] beyond the limits of format 1.
pub fn write(manifest: &Manifest, contents: &Contents) -> Result<Vec<u8>, Problems> {
    let limits = Limits::FORMAT_1;
    let json = manifest.to_json()?;
    within("manifest.json", json.len() as u64, limits.manifest)?;
    if manifest.files != contents.entries() {
        return Err(mismatch("the manifest does not list exactly the files that it comes with"));
    }
    let pieces = layout(manifest, &json);
    let size = total(&pieces).unwrap_or(u64::MAX);
    within("the archive", size, limits.archive)?;
    let mut archive = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    for piece in &pieces {
        match &piece.bytes {
            Bytes::Fixed(bytes) => archive.extend_from_slice(bytes),
            Bytes::Content(file) => match contents.get(&file.path) {
                Some(bytes) => archive.extend_from_slice(bytes),
                None => return Err(mismatch("a file of the manifest has no content")),
            },
        }
    }
    let bundle = compress(&archive).map_err(|e| Error::Compress { why: e.to_string() })?;
    within("the bundle", bundle.len() as u64, limits.bundle)?;
    Ok(bundle)
}

fn mismatch(why: &str) -> Problems {
    Error::ManifestMismatch { why: why.to_owned() }.into()
}

fn within(what: &str, size: u64, limit: u64) -> Result<(), Error> {
    if size > limit { Err(Error::TooLarge { what: what.to_owned(), size, limit }) } else { Ok(()) }
}

/// One frame by one thread, with size and checksum.
fn compress(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
    encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
    encoder.include_checksum(true)?;
    encoder.include_contentsize(true)?;
    encoder.set_pledged_src_size(Some(archive.len() as u64))?;
    encoder.write_all(archive)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_last_size_that_fits() {
        assert!(within("it", 7, 7).is_ok());
        let refused = within("it", 8, 7).unwrap_err();
        assert!(matches!(refused, Error::TooLarge { size: 8, limit: 7, .. }), "{refused}");
    }
}

//! All blobs of a site: looked at, measured and, where a set is being written, copied into it.

use super::images::{self, Image, Refused};
use super::program::{self, Program};
use super::stream::{Measured, pass};
use super::wanted::wanted;
use crate::contract::Contract;
use crate::diag::codes::{input, site as code};
use crate::diag::{Finding, Findings};
use crate::document::{CONFIG, InstallFlags, NodeDocuments, PROGRAM};
use crate::emit::{BlobCopy, OutputError, SetWriter};
use crate::site::values::SitePath;
use crate::site::{Settings, SiteFiles};
use crate::source::Field;
use airlift_bundle::digest::Sha256;
use airlift_bundle::manifest::Blob;
use airlift_bundle::set::SetFile;
use airlift_bundle::set::blob::{MOST_CHUNKS, Part};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

/// The only platform of MKE's nodes.
const PLATFORM: &str = "linux/amd64";

/// A blob that is fit for the set.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The input that it comes from.
    pub label: String,
    /// What manifests say about it. Its name there is `k0s` or `images/NN-…`.
    pub blob: Blob,
    /// Where it lies in the set: one file, or its chunks.
    pub pieces: Vec<SetFile>,
}

impl Taken {
    /// Where it goes on a node, and its permission bits.
    pub fn place(&self, data_dir: &str) -> (String, u32) {
        match self.blob.name.as_str() {
            K0S => (PROGRAM.to_owned(), 0o755),
            bundle => (format!("{data_dir}/{bundle}"), 0o644),
        }
    }

    /// Whether a node where k0s is installed like this needs it: all run k0s, but only those with pods need images.
    pub fn is_for(&self, flags: &InstallFlags) -> bool {
        self.blob.name.as_str() == K0S || flags.runs_pods()
    }
}

/// What manifests call the program. Bundles are called as they lie below k0s' data directory, which looks for them in
/// `images`.
const K0S: &str = "k0s";

/// Where blobs come from, and what they are held against.
#[derive(Clone, Copy, Debug)]
pub struct From<'a> {
    /// Which files they are.
    pub settings: &'a Settings,
    /// The files.
    pub files: &'a SiteFiles,
    /// The release that they must fit.
    pub contract: &'a Contract,
    /// The nodes' documents, k0s.yaml among them.
    pub nodes: &'a NodeDocuments,
}

/// Where blobs go.
#[derive(Clone, Copy)]
pub struct Into<'a> {
    /// Larger ones are cut into chunks of this many bytes.
    pub cut: u64,
    /// The set; without one they are only looked at and measured.
    pub writer: Option<&'a SetWriter>,
    /// Is told how many bytes were read.
    pub each: &'a dyn Fn(u64),
}

/// Takes all blobs of a site, each in one pass. What is wrong with them goes to `findings`, and is not among those
/// returned.
///
/// # Errors
/// The set can't be written.
pub fn take(from: &From<'_>, into: &Into<'_>, findings: &mut Findings) -> Result<Vec<Taken>, OutputError> {
    let From { settings, files, contract, nodes } = *from;
    let mut taker =
        Taker { files, cut: into.cut, writer: into.writer, each: into.each, findings, taken: Vec::new() };
    if let Some(named) = &settings.k0s_binary
        && let Some(program) = taker.one(named, K0S.to_owned(), |reader| program::inspect(reader))?
    {
        let sha256 = taker.taken.last().map(|taken| taken.blob.sha256);
        taker.findings.append(about_program(named, &program, sha256, contract));
    }
    let mut bundles = Vec::new();
    for (number, named) in settings.image_bundles.iter().enumerate() {
        let name = bundle_name(number + 1, named.value.as_str());
        if let Some(images) = taker.one(named, name, |reader| Ok(images::inspect(reader)))? {
            bundles.push((named, images));
        }
    }
    let Taker { findings, taken, .. } = taker;
    about_bundles(&bundles, contract, nodes, findings);
    Ok(unique(taken, settings, findings))
}

struct Taker<'a> {
    files: &'a SiteFiles,
    cut: u64,
    writer: Option<&'a SetWriter>,
    each: &'a dyn Fn(u64),
    findings: &'a mut Findings,
    taken: Vec<Taken>,
}

impl Taker<'_> {
    /// One blob. `None` where it can't be read; a finding says so.
    fn one<T>(
        &mut self,
        named: &Field<SitePath>,
        name: String,
        look: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> Result<Option<T>, OutputError> {
        let label = named.value.as_str();
        // That it is there, and not empty, was checked where the site was read.
        let Some(file) = self.files.get(label) else { return Ok(None) };
        if file.size.div_ceil(self.cut.max(1)) > MOST_CHUNKS {
            let text = format!("{label} would need more than {MOST_CHUNKS} chunks");
            self.findings.push(named.finding(code::BLOB_NAME, text).help("give a larger --chunk-size"));
            return Ok(None);
        }
        let mut copy = self.writer.map(|writer| BlobCopy::begin(writer, file, self.cut)).transpose()?;
        let counted = |source| Counted { source, each: self.each };
        let seen = match &mut copy {
            Some(copy) => copy.source(file).and_then(|source| pass(counted(source), self.cut, copy, look)),
            None => file.open().and_then(|source| pass(counted(source), self.cut, &mut (), look)),
        };
        if let Some(error) = copy.as_mut().and_then(BlobCopy::failure) {
            return Err(error);
        }
        let (seen, measured) = match seen {
            Ok((Ok(seen), measured)) => (seen, measured),
            Ok((Err(error), _)) | Err(error) => {
                self.findings.push(unreadable(named, &error));
                return Ok(None);
            }
        };
        if measured.size != file.size {
            let error = io::Error::other("it changed while it was read");
            self.findings.push(unreadable(named, &error));
            return Ok(None);
        }
        let Some(taken) = taken(label, &name, &measured) else {
            let text = format!("{label} has a name that can't stand in a set");
            self.findings.push(named.finding(code::BLOB_NAME, text).help("give the file a shorter name"));
            return Ok(None);
        };
        // The second of two equal files would take the first one's place; a finding names them later.
        if self.taken.iter().all(|other| other.blob.sha256 != taken.blob.sha256)
            && let Some(copy) = copy
        {
            copy.finish(&taken.pieces)?;
        }
        self.taken.push(taken);
        Ok(Some(seen))
    }
}

/// Tells how much was read.
struct Counted<'a> {
    source: Box<dyn Read + Send>,
    each: &'a dyn Fn(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(out)?;
        (self.each)(n as u64);
        Ok(n)
    }
}

fn taken(label: &str, name: &str, measured: &Measured) -> Option<Taken> {
    let blob = measured.sha256;
    let many = measured.pieces.len() > 1;
    let pieces = measured.pieces.iter().zip(0..).map(|((size, sha256), number)| {
        let path = Part { blob, chunk: many.then_some(number) }.path();
        Some(SetFile { path: path.parse().ok()?, size: *size, sha256: *sha256 })
    });
    Some(Taken {
        label: label.to_owned(),
        blob: Blob { sha256: blob, size: measured.size, name: name.parse().ok()? },
        pieces: pieces.collect::<Option<_>>()?,
    })
}

/// A bundle's name on the nodes: k0s imports them in the order of their names, so they get that of site.yaml.
fn bundle_name(number: usize, label: &str) -> String {
    let base = label.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let base: String = base.chars().take(80).map(plain).collect();
    format!("images/{number:02}-{}", base.trim_end_matches('.'))
}

fn unreadable(named: &Field<SitePath>, error: &io::Error) -> Finding {
    named
        .finding(input::UNREADABLE, format!("{} can't be read: {error}", named.value))
        .help("copy it into the site directory again, and compare its digest")
}

fn about_program(
    named: &Field<SitePath>,
    program: &Program,
    sha256: Option<Sha256>,
    contract: &Contract,
) -> Findings {
    let mut findings = Findings::new();
    let (label, version) = (&named.value, contract.k0s.version);
    let help = format!("copy k0s-{version}-amd64 here; `sha256sums.txt` of that release has its digest");
    if program.machine != program::Machine::Amd64 {
        let text = format!("{label} is {}", program.machine.describe());
        findings.push(named.finding(code::K0S_PROGRAM, text).help(help));
        return findings;
    }
    let found: Vec<_> = program.versions.iter().map(String::as_str).collect();
    if !program.is(version) {
        let text = match found.as_slice() {
            [] => format!("{label} does not look like k0s: no version of k0s is in it"),
            [one] => format!("{label} is k0s {one}; {} takes {version}", contract.id),
            many => format!(
                "{label} names k0s {}, but not {version}, which {} takes",
                many.join(", "),
                contract.id
            ),
        };
        findings.push(named.finding(code::K0S_VERSION, text).help(help));
    } else if found.len() > 1 {
        let text = format!("{label} names several versions of k0s: {}", found.join(", "));
        let digest = sha256.map(|sha256| sha256.to_string()).unwrap_or_default();
        let finding = named.finding(code::K0S_SEVERAL, text);
        findings.push(
            finding
                .note(format!(
                    "one is its own; the others may stand in its help texts. Its SHA-256 is {digest}"
                ))
                .help(format!(
                    "compare with the line k0s-{version}-amd64 in `sha256sums.txt` of that release"
                )),
        );
    }
    findings
}

/// An image bundle and what was seen in it.
type Looked<'a> = (&'a Field<SitePath>, Result<Vec<Image>, Refused>);

fn about_bundles(
    bundles: &[Looked<'_>],
    contract: &Contract,
    nodes: &NodeDocuments,
    findings: &mut Findings,
) {
    let mut held: BTreeMap<&str, &str> = BTreeMap::new();
    let mut whole = true;
    for (named, images) in bundles {
        match images {
            Err(error) => {
                whole = false;
                findings.push(refused(named, error));
            }
            Ok(images) => {
                let foreign = |image: &&Image| !image.platforms.contains(PLATFORM);
                let others: Vec<String> = images.iter().filter(foreign).map(describe).collect();
                if !others.is_empty() {
                    let text = format!("{} holds images for other platforms than {PLATFORM}", named.value);
                    findings.push(
                        named
                            .finding(code::IMAGE_PLATFORM, text)
                            .note(others.join("\n"))
                            .help(format!("pull them with `--platform {PLATFORM}` and save them again")),
                    );
                }
                let ours = images.iter().filter(|image| !foreign(image));
                held.extend(ours.map(|image| (image.name.as_str(), named.value.as_str())));
            }
        }
    }
    // What is missing can be told only when every bundle could be read.
    let (Some((named, _)), true) = (bundles.first(), whole) else { return };
    let Some(leader) = nodes.nodes.first() else { return };
    let files = nodes.files(leader);
    let config = files.iter().find(|file| file.path == CONFIG);
    let Some(config) = config.map(|file| &file.document.tree) else { return };
    let wanted = wanted(config, &leader.flags, contract.k0s.images);
    let missing: Vec<&str> =
        wanted.iter().map(String::as_str).filter(|name| !held.contains_key(name)).collect();
    if !missing.is_empty() {
        let text = match missing.len() {
            1 => "the image bundles lack an image that k0s.yaml asks for".to_owned(),
            n => format!("the image bundles lack {n} images that k0s.yaml asks for"),
        };
        findings.push(named.finding(code::IMAGES_MISSING, text).note(missing.join("\n")).help(
            "save them under exactly these names (`docker tag`, then `docker save`), or leave `image_bundles` out \
             and let the nodes pull",
        ));
    }
    let spare: BTreeSet<&str> = held.keys().copied().filter(|name| !wanted.contains(*name)).collect();
    if !spare.is_empty() {
        let names: Vec<&str> = spare
            .into_iter()
            .map(|name| if name.is_empty() { "(an image without a name)" } else { name })
            .collect();
        let text = "the image bundles hold images that k0s.yaml does not ask for".to_owned();
        findings.push(named.finding(code::IMAGES_SPARE, text).note(names.join("\n")));
    }
}

fn describe(image: &Image) -> String {
    let platforms: Vec<_> = image.platforms.iter().map(String::as_str).collect();
    let name = if image.name.is_empty() { "(an image without a name)" } else { &image.name };
    match platforms.as_slice() {
        [] => format!("{name}: no platform"),
        _ => format!("{name}: {}", platforms.join(", ")),
    }
}

fn refused(named: &Field<SitePath>, error: &Refused) -> Finding {
    let help = match error {
        Refused::Compressed(kind) => {
            let tool = match *kind {
                "gzip" => "gunzip",
                "zstd" => "unzstd",
                "xz" => "unxz",
                "bzip2" => "bunzip2",
                _ => "unlz4",
            };
            format!("uncompress it with `{tool}`, and name the result in site.yaml")
        }
        Refused::Truncated | Refused::Damaged { .. } | Refused::Incomplete { .. } => {
            "copy it again and compare its digest, or save the images again".to_owned()
        }
        _ => "give an archive of `docker save`, or an OCI image layout in a tar".to_owned(),
    };
    named.finding(code::IMAGE_BUNDLE, format!("{} can't be used: {error}", named.value)).help(help)
}

/// Equal files under two names are an error: one of them is not what somebody takes it for.
fn unique(taken: Vec<Taken>, settings: &Settings, findings: &mut Findings) -> Vec<Taken> {
    let mut seen: BTreeMap<Sha256, String> = BTreeMap::new();
    let mut unique = Vec::new();
    for blob in taken {
        match seen.get(&blob.blob.sha256) {
            Some(first) => {
                let text = format!("{} and {first} are the same", blob.label);
                let named = settings.image_bundles.iter().find(|named| named.value.as_str() == blob.label);
                let finding = match named {
                    Some(named) => named.finding(code::BLOB_TWICE, text),
                    None => Finding::new(code::BLOB_TWICE, text),
                };
                findings.push(finding.help("name the file once, or copy the right one in its place"));
            }
            None => {
                seen.insert(blob.blob.sha256, blob.label.clone());
                unique.push(blob);
            }
        }
    }
    unique.sort_by_key(|taken| taken.blob.sha256);
    unique
}

//! Image bundles: tar archives that containerd imports as they are.
//!
//! Both forms are read: what `docker save` writes (`manifest.json`) and an OCI image layout in a tar (`oci-layout`,
//! `index.json`). As containerd does, the layout goes first where an archive has both. The archive is walked once,
//! front to back, and only its small JSON documents are kept. Refused are compressed archives (k0s does not unpack them),
//! archives that break off, documents beyond [`LIMIT`], and images whose layers are not all there. Nothing is ever
//! unpacked to the disk.
//!
//! What k0s takes: `pkg/component/worker/ocibundle.go`; how containerd reads: `images/archive/importer.go`.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use tar::EntryType;

/// No JSON document of an archive is larger, in bytes.
const LIMIT: u64 = 2 << 20;
/// Images of an archive.
const IMAGES: usize = 5_000;
/// Nor are all of them together.
const TOTAL: u64 = 32 << 20;
/// Entries of an archive.
const MOST: usize = 200_000;
/// Indexes inside each other.
const DEPTH: usize = 4;

/// What the reader of archives says where one ends too early; it has no kind of its own for that.
const BREAKS_OFF: [&str; 2] = ["unexpected EOF", "failed to read entire block"];

/// Why an archive can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is compressed.
    #[error("it is compressed with {0}; k0s reads it uncompressed only")]
    Compressed(&'static str),
    /// It is no tar archive.
    #[error("it is not a tar archive")]
    NotTar,
    /// It ends in the middle.
    #[error("it breaks off: the end of the archive is missing")]
    Truncated,
    /// It is damaged somewhere.
    #[error("it is damaged after `{after}`: {why}")]
    Damaged {
        /// The last entry that could be read.
        after: String,
        /// The reader's words.
        why: String,
    },
    /// One of its documents is larger than any image's.
    #[error("its `{entry}` has {size} bytes; more than {LIMIT} is not an image's")]
    TooLarge {
        /// The entry.
        entry: String,
        /// Its size.
        size: u64,
    },
    /// Together its documents, or its entries, are more than any bundle has.
    #[error(
        "it holds more than an image bundle can: over {MOST} entries, {IMAGES} images or {TOTAL} bytes of documents"
    )]
    TooMuch,
    /// It is a tar archive of something else.
    #[error("it is a tar archive, but of no images: neither `manifest.json` nor `index.json` is in it")]
    NoImages,
    /// A document can't be read.
    #[error("its `{entry}` can't be read: {why}")]
    Document {
        /// The entry.
        entry: String,
        /// What is wrong.
        why: String,
    },
    /// Something that an image needs is not there.
    #[error("image {image} is not whole: `{entry}` is missing or cut short")]
    Incomplete {
        /// The image.
        image: String,
        /// What is missing.
        entry: String,
    },
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// An image of an archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    /// Its full name, `registry.example.com:5000/mke/k0sproject/coredns:1.12.4`; empty for an image without one.
    pub name: String,
    /// `linux/amd64`, for each platform that is there in full.
    pub platforms: BTreeSet<String>,
}

/// Looks at an archive.
///
/// # Errors
/// It can't be used; see [`Refused`].
pub fn inspect(reader: &mut dyn Read) -> Result<Vec<Image>, Refused> {
    let content = walk(reader)?;
    let mut images = if content.sizes.contains_key("oci-layout") && content.sizes.contains_key("index.json") {
        layout(&content)?
    } else if content.sizes.contains_key("manifest.json") {
        saved(&content)?
    } else if content.sizes.contains_key("index.json") {
        layout(&content)?
    } else {
        return Err(Refused::NoImages);
    };
    images.sort();
    Ok(images)
}

/// The full form of an image's name: registry, path, tag.
pub fn full_name(name: &str) -> String {
    let (first, rest) = name.split_once('/').unwrap_or(("", name));
    let with_host = if first.contains(['.', ':']) || first == "localhost" {
        name.to_owned()
    } else if first.is_empty() {
        format!("docker.io/library/{rest}")
    } else {
        format!("docker.io/{name}")
    };
    let last = with_host.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { with_host } else { format!("{with_host}:latest") }
}

/// What an archive holds: every entry by name with its size, and the documents.
#[derive(Default)]
struct Content {
    sizes: BTreeMap<String, u64>,
    documents: BTreeMap<String, Vec<u8>>,
}

/// Remembers whether the end of the file was read.
struct Ending<'a> {
    reader: &'a mut dyn Read,
    ended: bool,
}

impl Read for Ending<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(out)?;
        self.ended |= n == 0 && !out.is_empty();
        Ok(n)
    }
}

fn walk(reader: &mut dyn Read) -> Result<Content, Refused> {
    let mut first = Vec::new();
    reader.take(512).read_to_end(&mut first)?;
    if let Some(kind) = compression(&first) {
        return Err(Refused::Compressed(kind));
    }
    let mut reader = Ending { reader, ended: false };
    let mut content = Content::default();
    let mut total = 0;
    let mut last = String::new();
    let mut long_name = None;
    let mut archive = tar::Archive::new(first.chain(&mut reader));
    // Raw: the reader's own handling of long names would take any amount of memory for one.
    for entry in archive.entries()?.raw(true) {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(_) if last.is_empty() => return Err(Refused::NotTar),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Refused::Truncated),
            Err(error) if BREAKS_OFF.iter().any(|words| error.to_string().contains(words)) => {
                return Err(Refused::Truncated);
            }
            Err(error) => return Err(Refused::Damaged { after: last, why: error.to_string() }),
        };
        let size = entry.size();
        let kind = entry.header().entry_type();
        let own = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let note = |size: u64| match size {
            0..=LIMIT => Ok(()),
            _ => Err(Refused::TooLarge { entry: own.clone(), size }),
        };
        last = own.clone();
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                note(size)?;
                let data = read_all(&mut entry, &last)?;
                long_name = name_in(kind, &data).or(long_name);
                continue;
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => continue,
            _ => {}
        }
        let name = long_name.take().unwrap_or_else(|| own.clone());
        if is_document(&name) {
            note(size)?;
        }
        let small = is_document(&name) || (name.starts_with("blobs/") && size <= LIMIT);
        if small && kind.is_file() {
            let data = read_all(&mut entry, &last)?;
            // Layers can be small too; what is kept must look like a document.
            if is_document(&name) || data.first() == Some(&b'{') {
                total += size;
                content.documents.insert(name.clone(), data);
            }
        }
        content.sizes.insert(name, size);
        if content.sizes.len() > MOST || total > TOTAL {
            return Err(Refused::TooMuch);
        }
    }
    if reader.ended {
        return Err(if last.is_empty() { Refused::NotTar } else { Refused::Truncated });
    }
    Ok(content)
}

fn compression(first: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 5] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh", "bzip2"),
        (b"\x04\x22\x4d\x18", "lz4"),
    ];
    kinds.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, kind)| *kind)
}

/// Entries that are always documents: the two lists, the mark of a layout, and `docker save`'s configurations.
fn is_document(name: &str) -> bool {
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    matches!(name, "manifest.json" | "index.json" | "oci-layout")
        || name.strip_suffix(".json").is_some_and(hex)
}

fn read_all(entry: &mut impl Read, name: &str) -> Result<Vec<u8>, Refused> {
    let mut data = Vec::new();
    match entry.take(LIMIT + 1).read_to_end(&mut data) {
        Ok(_) => Ok(data),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Refused::Truncated),
        Err(error) => Err(Refused::Damaged { after: name.to_owned(), why: error.to_string() }),
    }
}

/// The name that an extension entry gives to the next one.
fn name_in(kind: EntryType, data: &[u8]) -> Option<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_start_matches("./").to_owned();
    if kind == EntryType::GNULongName {
        return Some(text(data.split(|b| *b == 0).next().unwrap_or_default()));
    }
    tar::PaxExtensions::new(data)
        .flatten()
        .filter(|record| record.key_bytes() == b"path")
        .last()
        .map(|record| text(record.value_bytes()))
}

/// An entry of `docker save`'s `manifest.json`.
#[derive(Deserialize)]
struct Saved {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "RepoTags")]
    tags: Option<Vec<String>>,
    #[serde(rename = "Layers", default)]
    layers: Vec<String>,
}

/// What an image's configuration says about where it runs.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

/// An OCI index or manifest; which one it is, its members tell.
#[derive(Deserialize)]
struct Manifest {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Content {
    fn document<T: for<'de> Deserialize<'de>>(&self, entry: &str) -> Result<Option<T>, Refused> {
        let Some(bytes) = self.documents.get(entry) else { return Ok(None) };
        let wrong = |e: serde_json::Error| Refused::Document { entry: entry.to_owned(), why: e.to_string() };
        serde_json::from_slice(bytes).map(Some).map_err(wrong)
    }

    fn holds(&self, descriptor: &Descriptor) -> bool {
        self.sizes.get(&descriptor.path()) == Some(&descriptor.size)
    }
}

impl Descriptor {
    fn path(&self) -> String {
        format!("blobs/{}", self.digest.replacen(':', "/", 1))
    }

    /// The name by which containerd will know the image.
    fn name(&self) -> String {
        let given = |key: &str| self.annotations.get(key).filter(|name| !name.is_empty());
        let full = given("io.containerd.image.name");
        // The other one is often a tag alone.
        let reference = given("org.opencontainers.image.ref.name").filter(|name| name.contains(['/', ':']));
        full.or(reference).map(|name| full_name(name)).unwrap_or_default()
    }
}

fn saved(content: &Content) -> Result<Vec<Image>, Refused> {
    let list: Vec<Saved> = content.document("manifest.json")?.ok_or(Refused::NoImages)?;
    if list.len() > IMAGES {
        return Err(Refused::TooMuch);
    }
    let mut images = Vec::new();
    for Saved { config, tags, layers } in list {
        let names: Vec<String> = match tags.as_deref() {
            None | Some([]) => vec![String::new()],
            Some(tags) => tags.iter().map(|tag| full_name(tag)).collect(),
        };
        let incomplete = |entry: &str| {
            let image = names.first().filter(|name| !name.is_empty()).cloned();
            Refused::Incomplete { image: image.unwrap_or_else(|| config.clone()), entry: entry.to_owned() }
        };
        let Some(about) = content.document::<Configuration>(&config)? else {
            return Err(incomplete(&config));
        };
        if let Some(layer) = layers.iter().find(|layer| !content.sizes.contains_key(*layer)) {
            return Err(incomplete(layer));
        }
        let platforms = BTreeSet::from([format!("{}/{}", about.os, about.architecture)]);
        images.extend(names.into_iter().map(|name| Image { name, platforms: platforms.clone() }));
    }
    Ok(images)
}

fn layout(content: &Content) -> Result<Vec<Image>, Refused> {
    let index: Manifest = content.document("index.json")?.ok_or(Refused::NoImages)?;
    let mut images = Vec::new();
    let descriptors = index.manifests.unwrap_or_default();
    if descriptors.len() > IMAGES {
        return Err(Refused::TooMuch);
    }
    for descriptor in descriptors {
        let mut found = Found::default();
        found.follow(content, &descriptor, DEPTH)?;
        let Found { platforms, lacking, .. } = found;
        let name = descriptor.name();
        // Platforms that nobody needs are often left out of a bundle; an image of which nothing is whole is an error.
        if let (true, Some(entry)) = (platforms.is_empty(), lacking) {
            let image = if name.is_empty() { descriptor.digest } else { name };
            return Err(Refused::Incomplete { image, entry });
        }
        images.push(Image { name, platforms });
    }
    Ok(images)
}

/// What is found below an entry of the index.
#[derive(Default)]
struct Found {
    platforms: BTreeSet<String>,
    /// The first thing that was not there.
    lacking: Option<String>,
    /// An index that names one document over and over costs no more than one that names it once.
    seen: BTreeSet<String>,
}

impl Found {
    fn follow(&mut self, content: &Content, descriptor: &Descriptor, depth: usize) -> Result<(), Refused> {
        let path = descriptor.path();
        if !self.seen.insert(path.clone()) {
            return Ok(());
        }
        let manifest = match content.document::<Manifest>(&path)? {
            Some(manifest) if content.holds(descriptor) && depth > 0 => manifest,
            _ => {
                self.lacking.get_or_insert(path);
                return Ok(());
            }
        };
        for below in manifest.manifests.iter().flatten() {
            self.follow(content, below, depth - 1)?;
        }
        let Some(config) = manifest.config else { return Ok(()) };
        if let Some(missing) = manifest.layers.iter().chain([&config]).find(|part| !content.holds(part)) {
            self.lacking.get_or_insert(missing.path());
            return Ok(());
        }
        if let Some(about) = content.document::<Configuration>(&config.path())?
            && !about.os.is_empty()
        {
            self.platforms.insert(format!("{}/{}", about.os, about.architecture));
        }
        Ok(())
    }
}

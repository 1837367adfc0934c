//! A disk that keeps only what was flushed.
//!
//! Every change goes to the tree that the process sees, and waits on a list until it is flushed. A power cut keeps of
//! what waits all, nothing, the names without the content, the content without the names, or any part of it, with
//! writes torn at any byte. It is harsher than ext4 or xfs, which keep most of their order.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use airlift_node::disk::{Disk, DiskError, Kind, Owner, Stat, Time, Times, Xattrs};
use rustix::io::Errno;

#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Content without the zeros at its end, and its size.
    File(Vec<u8>, u64),
    Dir(BTreeMap<OsString, u64>),
    Link(PathBuf),
    Socket,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub body: Body,
    pub mode: u32,
    pub owner: Owner,
    pub xattrs: Xattrs,
    pub times: Times,
}

type Tree = BTreeMap<u64, Node>;
const ROOT: u64 = 1;

/// A change that waits to be flushed.
#[derive(Clone, Debug)]
enum Effect {
    Write {
        id: u64,
        offset: u64,
        bytes: Vec<u8>,
    },
    Size {
        id: u64,
        size: u64,
    },
    Attributes {
        id: u64,
        node: Box<Node>,
    },
    /// Names that change together.
    Names(Vec<(u64, OsString, Option<u64>)>),
}

/// Says for which paths a flush does nothing.
pub type Skip = fn(&Path) -> bool;

/// What stops the machine, or an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Before this operation, for good.
    Stop,
    /// In the midst of this operation, if it is a write; else after it.
    StopAfter,
    /// This operation fails and does nothing.
    Error(Errno),
    /// This operation does its work and fails all the same.
    ErrorAfter(Errno),
    /// From this operation on nothing that takes room succeeds.
    Full,
}

/// What is left after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Only the process was killed.
    Killed,
    /// Power cut; all had reached the disk.
    All,
    /// Only what was flushed.
    Flushed,
    /// Names, but nothing of content and attributes.
    Names,
    /// Content and attributes, but no names.
    Content,
    /// Any part, by this seed.
    Torn(u64),
}

#[derive(Clone)]
struct Inner {
    now: Tree,
    safe: Tree,
    waiting: Vec<Effect>,
    /// Every inode as it was made, for those that a flushed name or content refers to.
    born: Tree,
    next: u64,
    clock: i64,
}

pub struct Model {
    inner: RefCell<Inner>,
    armed: Cell<Option<(usize, Fault)>>,
    ops: Cell<usize>,
    fired: Cell<bool>,
    dead: Cell<bool>,
    full: Cell<bool>,
    pub boot: Cell<u64>,
    /// A file whose content can't be read any more, by its inode.
    pub unreadable: Cell<Option<u64>>,
    /// A file that can't get another name nor be replaced, by its inode.
    pub immutable: Cell<Option<u64>>,
    /// Flushes that do nothing: how a test shows that it would see them missing.
    pub skipped: Cell<Option<Skip>>,
    /// A directory that is a file system of its own.
    pub mounted: Cell<Option<&'static str>>,
    pub trace: RefCell<Option<Vec<String>>>,
}

impl Clone for Model {
    fn clone(&self) -> Self {
        Self {
            inner: RefCell::new(self.inner.borrow().clone()),
            armed: Cell::new(None),
            ops: Cell::new(0),
            fired: Cell::new(false),
            dead: Cell::new(false),
            full: Cell::new(false),
            boot: Cell::new(self.boot.get()),
            unreadable: Cell::new(self.unreadable.get()),
            immutable: Cell::new(self.immutable.get()),
            skipped: Cell::new(self.skipped.get()),
            mounted: Cell::new(self.mounted.get()),
            trace: RefCell::new(None),
        }
    }
}

fn node(body: Body, mode: u32, clock: i64) -> Node {
    let time = Time { seconds: clock, nanoseconds: 0 };
    Node {
        body,
        mode,
        owner: Owner::ROOT,
        xattrs: Xattrs::new(),
        times: Times { access: time, change: time },
    }
}

fn put(content: &mut Vec<u8>, size: &mut u64, offset: u64, bytes: &[u8]) {
    let end = offset as usize + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset as usize..end].copy_from_slice(bytes);
    *size = (*size).max(end as u64);
    while content.last() == Some(&0) {
        content.pop();
    }
}

fn apply(tree: &mut Tree, born: &Tree, effect: &Effect) {
    let there = |tree: &mut Tree, id: &u64| {
        if !tree.contains_key(id) {
            tree.insert(*id, born[id].clone());
        }
    };
    match effect {
        Effect::Write { id, offset, bytes } => {
            there(tree, id);
            if let Body::File(content, size) = &mut tree.get_mut(id).unwrap().body {
                put(content, size, *offset, bytes);
            }
        }
        Effect::Size { id, size: new } => {
            there(tree, id);
            if let Body::File(content, size) = &mut tree.get_mut(id).unwrap().body {
                content.truncate(*new as usize);
                *size = *new;
            }
        }
        Effect::Attributes { id, node } => {
            there(tree, id);
            let found = tree.get_mut(id).unwrap();
            let body = found.body.clone();
            *found = Node { body, ..(**node).clone() };
        }
        Effect::Names(names) => {
            for (dir, name, to) in names {
                there(tree, dir);
                if let Some(id) = to {
                    there(tree, id);
                }
                let Body::Dir(entries) = &mut tree.get_mut(dir).unwrap().body else { panic!("no directory") };
                match to {
                    Some(id) => entries.insert(name.clone(), *id),
                    None => entries.remove(name),
                };
            }
        }
    }
}

/// Drops what no name leads to.
fn collect(tree: &mut Tree) {
    let mut seen = BTreeSet::new();
    let mut open = vec![ROOT];
    while let Some(id) = open.pop() {
        if seen.insert(id)
            && let Some(Node { body: Body::Dir(entries), .. }) = tree.get(&id)
        {
            open.extend(entries.values());
        }
    }
    tree.retain(|id, _| seen.contains(id));
}

/// A small generator of numbers; each seed gives its own series.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }
}

impl Model {
    pub fn new() -> Self {
        let tree = Tree::from([(ROOT, node(Body::Dir(BTreeMap::new()), 0o755, 0))]);
        let inner = Inner {
            now: tree.clone(),
            safe: tree.clone(),
            waiting: vec![],
            born: tree,
            next: 2,
            clock: 1000,
        };
        Self {
            inner: RefCell::new(inner),
            armed: Cell::new(None),
            ops: Cell::new(0),
            fired: Cell::new(false),
            dead: Cell::new(false),
            full: Cell::new(false),
            boot: Cell::new(1),
            unreadable: Cell::new(None),
            immutable: Cell::new(None),
            skipped: Cell::new(None),
            mounted: Cell::new(None),
            trace: RefCell::new(None),
        }
    }

    fn may_change(&self, what: &'static str, path: &Path, id: u64) -> Result<(), DiskError> {
        if self.immutable.get() == Some(id) {
            return Err(DiskError::system(what, path, Errno::PERM));
        }
        Ok(())
    }

    /// From now on operations are counted from 1, and the one with this number meets the fault.
    pub fn arm(&self, at: usize, fault: Fault) {
        self.armed.set(Some((at, fault)));
        self.ops.set(0);
        self.fired.set(false);
    }

    pub fn fired(&self) -> bool {
        self.fired.get()
    }

    pub fn count(&self) -> usize {
        self.ops.get()
    }

    /// The disk after a stop. For a power cut the machine boots anew.
    pub fn after(&self, left: Left) -> Self {
        let next = self.clone();
        if left == Left::Killed {
            return next;
        }
        next.boot.set(self.boot.get() + 1);
        let mut inner = next.inner.borrow_mut();
        let mut dice = Dice(if let Left::Torn(seed) = left { seed } else { 0 });
        let mut tree = std::mem::take(&mut inner.safe);
        for effect in &inner.waiting {
            let is_name = matches!(effect, Effect::Names(_));
            let kept = match left {
                Left::Killed | Left::All => true,
                Left::Flushed => false,
                Left::Names => is_name,
                Left::Content => !is_name,
                Left::Torn(_) => dice.roll(2) == 0,
            };
            if !kept {
                continue;
            }
            match (left, effect) {
                (Left::Torn(_), Effect::Write { id, offset, bytes }) => {
                    let cut = dice.roll(bytes.len() + 1);
                    let (offset, part) = match dice.roll(3) {
                        0 => (*offset, &bytes[..cut]),
                        1 => (*offset + cut as u64, &bytes[cut..]),
                        _ => (*offset, &bytes[..]),
                    };
                    if !part.is_empty() {
                        apply(
                            &mut tree,
                            &inner.born,
                            &Effect::Write { id: *id, offset, bytes: part.to_vec() },
                        );
                    }
                }
                _ => apply(&mut tree, &inner.born, effect),
            }
        }
        collect(&mut tree);
        inner.now = tree.clone();
        inner.born = tree.clone();
        inner.safe = tree;
        inner.waiting.clear();
        drop(inner);
        next
    }

    /// Counts a changing operation; says what to do with it.
    fn step(&self, verb: &'static str, path: &Path, takes_room: bool) -> Result<Option<Fault>, DiskError> {
        self.alive(verb, path)?;
        self.ops.set(self.ops.get() + 1);
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            trace.push(format!("{verb} {}", path.display()));
        }
        let fault = self.armed.get().filter(|(at, _)| *at == self.ops.get()).map(|(_, fault)| fault);
        if fault.is_some() {
            self.fired.set(true);
        }
        match fault {
            Some(Fault::Stop) => {
                self.dead.set(true);
                return Err(DiskError::system(verb, path, Errno::NODEV));
            }
            Some(Fault::Error(errno)) => {
                if matches!(verb, "flush" | "flush the directory") {
                    // what was to be flushed is lost, whatever a later flush says
                    self.forget(path);
                }
                return Err(DiskError::system(verb, path, errno));
            }
            Some(Fault::Full) => self.full.set(true),
            _ => {}
        }
        if self.full.get() && takes_room {
            return Err(DiskError::system(verb, path, Errno::NOSPC));
        }
        Ok(fault)
    }

    fn end(&self, verb: &'static str, path: &Path, fault: Option<Fault>) -> Result<(), DiskError> {
        match fault {
            Some(Fault::StopAfter) => {
                self.dead.set(true);
                Err(DiskError::system(verb, path, Errno::NODEV))
            }
            Some(Fault::ErrorAfter(errno)) => Err(DiskError::system(verb, path, errno)),
            _ => Ok(()),
        }
    }

    fn alive(&self, verb: &'static str, path: &Path) -> Result<(), DiskError> {
        if self.dead.get() { Err(DiskError::system(verb, path, Errno::NODEV)) } else { Ok(()) }
    }

    fn find(&self, verb: &'static str, path: &Path) -> Result<Option<u64>, DiskError> {
        let inner = self.inner.borrow();
        let mut id = ROOT;
        for component in path.components() {
            let Component::Normal(name) = component else { continue };
            match inner.now.get(&id).map(|node| &node.body) {
                Some(Body::Dir(entries)) => match entries.get(name) {
                    Some(next) => id = *next,
                    None => return Ok(None),
                },
                _ => return Err(DiskError::system(verb, path, Errno::NOTDIR)),
            }
        }
        Ok(Some(id))
    }

    fn must(&self, verb: &'static str, path: &Path) -> Result<u64, DiskError> {
        self.find(verb, path)?.ok_or_else(|| DiskError::system(verb, path, Errno::NOENT))
    }

    fn device(&self, path: &Path) -> u64 {
        1 + u64::from(self.mounted.get().is_some_and(|mounted| path.starts_with(mounted)))
    }

    fn must_share_device(&self, verb: &'static str, one: &Path, other: &Path) -> Result<(), DiskError> {
        if self.device(one) == self.device(other) {
            return Ok(());
        }
        Err(DiskError::system(verb, other, Errno::XDEV))
    }

    fn parent(&self, verb: &'static str, path: &Path) -> Result<(u64, OsString), DiskError> {
        let dir = self.must(verb, path.parent().unwrap())?;
        Ok((dir, path.file_name().unwrap().to_owned()))
    }

    fn effect(&self, effect: Effect) {
        let mut inner = self.inner.borrow_mut();
        let Inner { now, born, waiting, .. } = &mut *inner;
        apply(now, born, &effect);
        waiting.push(effect);
    }

    fn concerns(effect: &Effect, id: u64) -> bool {
        match effect {
            Effect::Write { id: of, .. }
            | Effect::Size { id: of, .. }
            | Effect::Attributes { id: of, .. } => *of == id,
            Effect::Names(names) => names.iter().any(|(dir, ..)| *dir == id),
        }
    }

    fn is_skipped(&self, path: &Path) -> bool {
        self.skipped.get().is_some_and(|skipped| skipped(path))
    }

    /// Flushes what concerns `id`, and what went before it under the same names: a file system keeps their order.
    fn flush(&self, id: u64) {
        let mut inner = self.inner.borrow_mut();
        let Inner { safe, born, waiting, .. } = &mut *inner;
        let mut names_due = BTreeSet::new();
        let mut due = vec![false; waiting.len()];
        for (effect, due) in waiting.iter().zip(&mut due).rev() {
            let names: &[(u64, OsString, Option<u64>)] =
                if let Effect::Names(names) = effect { names } else { &[] };
            let keys = names.iter().map(|(dir, name, _)| (*dir, name.clone()));
            *due = Self::concerns(effect, id) || keys.clone().any(|key| names_due.contains(&key));
            if *due {
                names_due.extend(keys);
            }
        }
        let mut due = due.into_iter();
        waiting.retain(|effect| {
            let due = due.next().unwrap();
            if due {
                apply(safe, born, effect);
            }
            !due
        });
    }

    fn forget(&self, path: &Path) {
        if let Ok(Some(id)) = self.find("forget", path) {
            // names stay in the file system's own journal; content is what a failed flush loses
            self.inner
                .borrow_mut()
                .waiting
                .retain(|effect| matches!(effect, Effect::Names(_)) || !Self::concerns(effect, id));
        }
    }

    fn make(&self, verb: &'static str, path: &Path, body: Body, mode: u32) -> Result<(), DiskError> {
        let (dir, name) = self.parent(verb, path)?;
        if self.find(verb, path)?.is_some() {
            return Err(DiskError::system(verb, path, Errno::EXIST));
        }
        let id = {
            let mut inner = self.inner.borrow_mut();
            let id = inner.next;
            inner.next += 1;
            inner.clock += 1;
            let made = node(body, mode, inner.clock);
            inner.born.insert(id, made.clone());
            inner.now.insert(id, made);
            id
        };
        self.effect(Effect::Names(vec![(dir, name, Some(id))]));
        Ok(())
    }

    fn change(
        &self,
        verb: &'static str,
        path: &Path,
        change: impl FnOnce(&mut Node),
    ) -> Result<(), DiskError> {
        let fault = self.step(verb, path, false)?;
        let id = self.must(verb, path)?;
        let mut changed = self.inner.borrow().now[&id].clone();
        change(&mut changed);
        self.effect(Effect::Attributes { id, node: Box::new(changed) });
        self.end(verb, path, fault)
    }

    /// Makes everything flushed, as at the start of a test.
    pub fn settle(&self) {
        let mut inner = self.inner.borrow_mut();
        collect(&mut inner.now);
        inner.safe = inner.now.clone();
        inner.born = inner.now.clone();
        inner.waiting.clear();
    }

    /// Everything that is seen, for comparing: content, mode, owner, attributes, times of files, names of one file.
    pub fn tree(&self, with_times: bool) -> BTreeMap<PathBuf, String> {
        let inner = self.inner.borrow();
        let mut shown = BTreeMap::new();
        let mut names: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
        let mut open = vec![(PathBuf::from("/"), ROOT)];
        while let Some((path, id)) = open.pop() {
            let Node { body, mode, owner, xattrs, times } = &inner.now[&id];
            names.entry(id).or_default().push(path.clone());
            let body = match body {
                Body::Dir(entries) => {
                    open.extend(entries.iter().map(|(name, id)| (path.join(name), *id)));
                    "dir".to_owned()
                }
                Body::File(content, size) => {
                    let text = String::from_utf8_lossy(content);
                    let time = if with_times { times.change.seconds } else { 0 };
                    format!("file {size} {text:?} {time}")
                }
                Body::Link(to) => format!("link {}", to.display()),
                Body::Socket => "socket".to_owned(),
            };
            shown.insert(path, format!("{mode:04o} {}:{} {xattrs:?} {body}", owner.user, owner.group));
        }
        for (_, mut paths) in names {
            paths.sort();
            if paths.len() > 1 {
                for path in &paths {
                    shown.get_mut(path).unwrap().push_str(&format!(" = {paths:?}"));
                }
            }
        }
        shown
    }
}

impl Disk for Model {
    fn stat(&self, path: &Path) -> Result<Option<Stat>, DiskError> {
        self.alive("look at", path)?;
        let Some(id) = self.find("look at", path)? else { return Ok(None) };
        let inner = self.inner.borrow();
        let Node { body, mode, owner, times, .. } = &inner.now[&id];
        let kind = match body {
            Body::File(..) => Kind::File,
            Body::Dir(_) => Kind::Dir,
            Body::Link(_) => Kind::Link,
            Body::Socket => Kind::Socket,
        };
        let size = if let Body::File(_, size) = body { *size } else { 0 };
        let links = if kind == Kind::File {
            inner
                .now
                .values()
                .map(|node| match &node.body {
                    Body::Dir(entries) => entries.values().filter(|to| **to == id).count() as u64,
                    _ => 0,
                })
                .sum()
        } else {
            1
        };
        Ok(Some(Stat {
            kind,
            mode: *mode,
            owner: *owner,
            size,
            allocated: size,
            device: self.device(path),
            inode: id,
            links,
            times: *times,
        }))
    }

    fn list(&self, dir: &Path) -> Result<Vec<OsString>, DiskError> {
        self.alive("list", dir)?;
        let id = self.must("list", dir)?;
        match &self.inner.borrow().now[&id].body {
            Body::Dir(entries) => Ok(entries.keys().cloned().collect()),
            _ => Err(DiskError::system("list", dir, Errno::NOTDIR)),
        }
    }

    fn read_at(&self, file: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        self.alive("read", file)?;
        let id = self.must("read", file)?;
        if self.unreadable.get() == Some(id) {
            return Err(DiskError::system("read", file, Errno::IO));
        }
        match &self.inner.borrow().now[&id].body {
            Body::File(content, size) => {
                let count = (size.saturating_sub(offset) as usize).min(buffer.len());
                buffer[..count].fill(0);
                let start = (offset as usize).min(content.len());
                let end = (start + count).min(content.len());
                buffer[..end - start].copy_from_slice(&content[start..end]);
                Ok(count)
            }
            _ => Err(DiskError::system("read", file, Errno::ISDIR)),
        }
    }

    fn read_link(&self, link: &Path) -> Result<PathBuf, DiskError> {
        self.alive("read the link", link)?;
        let id = self.must("read the link", link)?;
        match &self.inner.borrow().now[&id].body {
            Body::Link(to) => Ok(to.clone()),
            _ => Err(DiskError::system("read the link", link, Errno::INVAL)),
        }
    }

    fn xattrs(&self, path: &Path) -> Result<Xattrs, DiskError> {
        self.alive("read the attributes of", path)?;
        let id = self.must("read the attributes of", path)?;
        Ok(self.inner.borrow().now[&id].xattrs.clone())
    }

    fn free(&self, dir: &Path) -> Result<u64, DiskError> {
        self.alive("look at", dir)?;
        Ok(1 << 40)
    }

    fn create(&self, file: &Path) -> Result<(), DiskError> {
        let fault = self.step("make", file, true)?;
        self.make("make", file, Body::File(Vec::new(), 0), 0o600)?;
        self.end("make", file, fault)
    }

    fn write_at(&self, file: &Path, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let room = !file.ends_with("journal");
        let fault = self.step("write", file, room)?;
        let id = self.must("write", file)?;
        let half = matches!(fault, Some(Fault::StopAfter | Fault::ErrorAfter(_)));
        let written = if half { &bytes[..bytes.len() / 2] } else { bytes };
        self.inner.borrow_mut().clock += 1;
        self.effect(Effect::Write { id, offset, bytes: written.to_vec() });
        let mut inner = self.inner.borrow_mut();
        let clock = inner.clock;
        inner.now.get_mut(&id).unwrap().times.change.seconds = clock;
        drop(inner);
        self.end("write", file, fault)
    }

    fn set_size(&self, file: &Path, size: u64) -> Result<(), DiskError> {
        let fault = self.step("size", file, false)?;
        let id = self.must("size", file)?;
        self.effect(Effect::Size { id, size });
        self.end("size", file, fault)
    }

    fn reserve(&self, file: &Path, size: u64) -> Result<(), DiskError> {
        let fault = self.step("reserve", file, true)?;
        let id = self.must("reserve", file)?;
        self.effect(Effect::Size { id, size });
        self.end("reserve", file, fault)
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), DiskError> {
        self.change("set the owner of", path, |node| node.owner = owner)
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), DiskError> {
        self.change("set the mode of", path, |node| node.mode = mode)
    }

    fn set_xattr(&self, path: &Path, name: &OsStr, value: &[u8]) -> Result<(), DiskError> {
        self.change("set an attribute of", path, |node| {
            node.xattrs.insert(name.to_owned(), value.to_vec());
        })
    }

    fn remove_xattr(&self, path: &Path, name: &OsStr) -> Result<(), DiskError> {
        self.change("remove an attribute of", path, |node| {
            node.xattrs.remove(name);
        })
    }

    fn set_times(&self, path: &Path, times: Times) -> Result<(), DiskError> {
        self.change("set the times of", path, |node| node.times = times)
    }

    fn make_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let fault = self.step("make the directory", dir, true)?;
        self.make("make the directory", dir, Body::Dir(BTreeMap::new()), 0o700)?;
        self.end("make the directory", dir, fault)
    }

    fn make_link(&self, target: &Path, link: &Path) -> Result<(), DiskError> {
        let fault = self.step("make the link", link, true)?;
        self.make("make the link", link, Body::Link(target.to_owned()), 0o777)?;
        self.end("make the link", link, fault)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        // a name in a directory with room
        let fault = self.step("link", to, false)?;
        let id = self.must("link", from)?;
        self.may_change("link", from, id)?;
        self.must_share_device("link", from, to)?;
        let (dir, name) = self.parent("link", to)?;
        if self.find("link", to)?.is_some() {
            return Err(DiskError::system("link", to, Errno::EXIST));
        }
        self.effect(Effect::Names(vec![(dir, name, Some(id))]));
        self.end("link", to, fault)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let fault = self.step("rename to", to, false)?;
        let id = self.must("rename", from)?;
        self.must_share_device("rename to", from, to)?;
        let (from_dir, from_name) = self.parent("rename", from)?;
        let (to_dir, to_name) = self.parent("rename to", to)?;
        if self.find("rename to", to)? == Some(id) {
            return self.end("rename to", to, fault);
        }
        if let Some(replaced) = self.find("rename to", to)? {
            self.may_change("rename to", to, replaced)?;
        }
        self.effect(Effect::Names(vec![(from_dir, from_name, None), (to_dir, to_name, Some(id))]));
        self.end("rename to", to, fault)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        if self.find("rename to", to)?.is_some() {
            self.step("rename to", to, false)?;
            return Err(DiskError::system("rename to", to, Errno::EXIST));
        }
        self.rename(from, to)
    }

    fn unlink(&self, path: &Path) -> Result<(), DiskError> {
        let fault = self.step("remove", path, false)?;
        let id = self.must("remove", path)?;
        self.may_change("remove", path, id)?;
        let (dir, name) = self.parent("remove", path)?;
        self.effect(Effect::Names(vec![(dir, name, None)]));
        self.end("remove", path, fault)
    }

    fn remove_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let fault = self.step("remove the directory", dir, false)?;
        let id = self.must("remove the directory", dir)?;
        match &self.inner.borrow().now[&id].body {
            Body::Dir(entries) if entries.is_empty() => {}
            Body::Dir(_) => return Err(DiskError::system("remove the directory", dir, Errno::NOTEMPTY)),
            _ => return Err(DiskError::system("remove the directory", dir, Errno::NOTDIR)),
        }
        let (above, name) = self.parent("remove the directory", dir)?;
        self.effect(Effect::Names(vec![(above, name, None)]));
        self.end("remove the directory", dir, fault)
    }

    fn sync_file(&self, file: &Path) -> Result<(), DiskError> {
        let fault = self.step("flush", file, false)?;
        let id = self.must("flush", file)?;
        if !self.is_skipped(file) {
            self.flush(id);
        }
        self.end("flush", file, fault)
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let fault = self.step("flush the directory", dir, false)?;
        let id = self.must("flush the directory", dir)?;
        if !self.is_skipped(dir) {
            self.flush(id);
        }
        self.end("flush the directory", dir, fault)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        let fault = self.step("flush everything", Path::new("/"), false)?;
        if self.is_skipped(Path::new("/")) {
            return Ok(());
        }
        let mut inner = self.inner.borrow_mut();
        let Inner { safe, born, waiting, .. } = &mut *inner;
        for effect in waiting.drain(..) {
            apply(safe, born, &effect);
        }
        drop(inner);
        self.end("flush everything", Path::new("/"), fault)
    }
}

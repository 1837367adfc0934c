//! `airlift secrets`: from flags and prompts to the work in [`crate::secrets`].

use super::answer::Answer;
use super::args::{SecretsVerb, StoreArgs};
use super::loading::{self, Loaded};
use super::site_args::SiteArgs;
use super::ui::Ui;
use super::{ask, exit, secrets_show};
use crate::ambient;
use crate::compile::Translated;
use crate::contract::Use;
use crate::diag::Findings;
use crate::emit::{read_private, replace_private};
use crate::secrets::make::{self, Progress, Wish};
use crate::secrets::policy::Slots;
use crate::secrets::seal::{self, SealedFiles};
use crate::secrets::{Secret, SecretsError, Store, StoreFile, default_path};
use crate::site::values::Date;
use crate::site::{Overrides, Parts, Site, SiteFiles};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, stdin};
use std::path::Path;
use std::time::{Duration, Instant};

/// Variable with the store's passphrase.
const PASSPHRASE: &str = "AIRLIFT_STORE_PASSPHRASE";
/// A shorter passphrase is not taken for a new store. MKE's own backups ask for as many characters.
const SHORTEST: usize = 12;
/// Work that is done sooner shows no progress bar.
const QUIET: Duration = Duration::from_secs(1);

pub fn run(ui: Ui, verb: SecretsVerb) -> anyhow::Result<Answer> {
    let done = match verb {
        SecretsVerb::New { site, store, secret, renew, work_factor, .. } => {
            new(ui, &New { site: &site, store: &store, given: &secret, renew: &renew, work: work_factor })
        }
        SecretsVerb::Show { dir, store, .. } => show(&dir, &store),
        SecretsVerb::Seal { site, store, plaintext_secrets, work_factor, .. } => {
            seal(ui, &site, &store, plaintext_secrets, work_factor)
        }
        SecretsVerb::Destroy { dir, store, yes, .. } => destroy(ui, &dir, &store, yes),
    };
    match done {
        Err(error) => match error.downcast_ref::<SecretsError>() {
            // What a person can mend is not unforeseen.
            Some(SecretsError::Write { .. } | SecretsError::Make { .. }) | None => Err(error),
            Some(known) => Ok(Answer::new(exit::INPUT).problem(known.to_string(), known.hint())),
        },
        done => done,
    }
}

struct New<'a> {
    site: &'a SiteArgs,
    store: &'a StoreArgs,
    given: &'a [String],
    renew: &'a [String],
    work: Option<u8>,
}

fn new(ui: Ui, wish: &New<'_>) -> anyhow::Result<Answer> {
    let Loaded { inputs, mut findings, files } = loading::site(wish.site, Use::Compile)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    let Some((translated, site)) = ready(ui, translated.as_ref(), &findings) else {
        return Ok(Answer::stopped(&findings, "nothing was done"));
    };
    let slots = Slots::of(translated);
    let mut given = from_files(wish.given)?;
    let (file, name) = hold(wish.store.store.as_deref(), &wish.site.dir, site.settings.site.value.as_str())?;
    let fresh = !file.exists();
    let passphrase = passphrase(wish.store, fresh)?;
    let mut store = if fresh { Store::new(&name) } else { file.read(&passphrase, &name)? };
    // No input fills a slot of this kind; the rest may yet come out of one.
    for slot in slots.names().into_iter().filter(|slot| slot.starts_with("mke4/")) {
        if !given.contains_key(slot) && store.get(slot).is_none() {
            let typed = ambient::typed_unseen(&format!("Value of {slot} (not shown; empty for later): "));
            given.extend(
                typed.ok().filter(|text| !text.is_empty()).map(|text| (slot.to_owned(), Secret::new(text))),
            );
        }
    }
    let keep = |store: &Store| file.write(store, &passphrase, wish.work);
    let bar = Bar::new(ui, &keep);
    let today = Date::from_days(ambient::seconds_since_1970().div_euclid(24 * 60 * 60));
    let passwords = translated.passwords().collect();
    let wish_for = Wish { site, files: &files, slots: &slots, passwords, given, renew: wish.renew, today };
    let made = make::fill(&mut store, wish_for, &bar)?;
    bar.bar.finish_and_clear();
    for name in &made.differ {
        ui.say(&format!(
            "warning: an input says something else than the store for {name}; the store was left as it is\n\
             hint: `--renew {name}` takes the input's value"
        ));
    }
    for name in &made.missing {
        ui.say(&format!(
            "warning: no value for {name}, so nothing can be sealed yet\n\
             hint: run this again with `--secret {name}=FILE`, where FILE holds it, mode 600"
        ));
    }
    let (shown, dir) = (file.path().display(), wish.site.dir.display());
    if made.changed() {
        file.write(&store, &passphrase, wish.work)?;
        ui.say(&format!("wrote {shown}; back it up, and keep its passphrase elsewhere"));
    } else {
        ui.say(&format!("{shown} has everything already; nothing was written"));
    }
    let mut text = String::new();
    for (word, names) in [("new", &made.added), ("renewed", &made.renewed)] {
        for name in names {
            text.push_str(&format!("{word:8} {name}\n"));
        }
    }
    ui.say(&format!("hint: `airlift secrets seal {dir}` seals them to the nodes"));
    let result = serde_json::json!({
        "store": file.path(),
        "added": made.added,
        "renewed": made.renewed,
        "differ": made.differ,
        "missing": made.missing,
    });
    Answer::new(exit::DONE).result(&result, text)
}

fn seal(
    ui: Ui,
    site: &SiteArgs,
    store_args: &StoreArgs,
    plaintext: bool,
    work: Option<u8>,
) -> anyhow::Result<Answer> {
    let dir = &site.dir;
    let Loaded { inputs, mut findings, files } = loading::site(site, Use::Compile)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    let Some((translated, site)) = ready(ui, translated.as_ref(), &findings) else {
        return Ok(Answer::stopped(&findings, "nothing was done"));
    };
    let slots = Slots::of(translated);
    let (file, name) = hold(store_args.store.as_deref(), dir, site.settings.site.value.as_str())?;
    if !file.exists() {
        return Err(SecretsError::Absent(file.path().to_owned()).into());
    }
    let passphrase = passphrase(store_args, false)?;
    let mut store = file.read(&passphrase, &name)?;
    let before = store.seals.clone();
    let mut found = Findings::new();
    let passwords = translated.passwords().collect();
    let sealed = seal::seal(&mut store, site, &files, &slots, passwords, plaintext, &mut found)?;
    ui.findings(&found);
    let Some(sealed) = sealed else {
        return Ok(Answer::stopped(&found, "nothing was sealed"));
    };
    for one in &sealed.plaintext {
        ui.say(&format!(
            "WARNING: IN THE CLEAR, NOT SEALED: {one}. Everybody who sees the set will know it."
        ));
    }
    write(dir, &sealed)?;
    // After the files: a note without its file would only be useless, but a file without note is sealed anew.
    if before != store.seals {
        file.write(&store, &passphrase, work)?;
    }
    let nodes = site.inventory.nodes.len();
    let text = format!(
        "{nodes} nodes: {} files sealed, {} kept, {} removed\n",
        sealed.write.len(),
        sealed.kept,
        sealed.remove.len()
    );
    let result = serde_json::json!({
        "nodes": nodes,
        "sealed": sealed.write.keys().collect::<Vec<_>>(),
        "kept": sealed.kept,
        "removed": sealed.remove,
        "plaintext": sealed.plaintext,
    });
    Answer::new(exit::DONE).findings(&found).result(&result, text)
}

/// Each file appears whole. The list comes last: a compile between an interruption and the next run sees that files and
/// list don't fit.
fn write(dir: &Path, sealed: &SealedFiles) -> anyhow::Result<()> {
    for (label, bytes) in &sealed.write {
        let path = dir.join(label);
        let folder = path.parent().unwrap_or(dir);
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        replace_private(&path, bytes, if label.ends_with(".plain") { 0o600 } else { 0o644 })?;
    }
    for label in &sealed.remove {
        let path = dir.join(label);
        fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))?;
        // Folders that are empty now go too; others stay, which is no error.
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != dir) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    let (label, bytes) = &sealed.public;
    Ok(replace_private(&dir.join(label), bytes, 0o644)?)
}

fn show(dir: &Path, store_args: &StoreArgs) -> anyhow::Result<Answer> {
    let (file, name) = hold(store_args.store.as_deref(), dir, &site_name(dir)?)?;
    if !file.exists() {
        return Err(SecretsError::Absent(file.path().to_owned()).into());
    }
    let store = file.read(&passphrase(store_args, false)?, &name)?;
    let shown = secrets_show::Shown::of(&store, file.path());
    Answer::new(exit::DONE).result(&shown, shown.to_string())
}

/// Works without the passphrase, which may be lost. Where nothing else says whose store it is, the operator does, by typing
/// which file is to go.
fn destroy(ui: Ui, dir: &Path, store: &StoreArgs, yes: bool) -> anyhow::Result<Answer> {
    let (file, name) = hold(store.store.as_deref(), dir, &site_name(dir)?)?;
    if !file.exists() {
        return Err(SecretsError::Absent(file.path().to_owned()).into());
    }
    let path = file.path().to_owned();
    let sure = match file.site()? {
        Some(is) if is != name => return Err(SecretsError::OtherSite { path, is, wanted: name }.into()),
        Some(_) => true,
        None => match ask::given(store.passphrase_file.as_deref(), PASSPHRASE)? {
            Some(passphrase) => match file.read(&passphrase, &name) {
                // It may be lost; whoever types the path needs none.
                Err(SecretsError::Passphrase(_)) if !yes => false,
                read => read.map(|_| true)?,
            },
            None => false,
        },
    };
    let shown = path.display();
    let (sentence, about, instead) = match sure {
        true => (format!("destroy {name}"), format!("holds every secret of {name}"), "give --yes"),
        false => (
            format!("destroy {shown}"),
            "is some site's store; nothing beside it says of which".to_owned(),
            "give --passphrase-file, which tells whose store it is",
        ),
    };
    if !(yes && sure) {
        let mut typed = String::new();
        if !yes {
            ui.say(&format!(
                "{shown} {about}. Without it nothing can be sealed again: a node that gets another key, or is added, needs a \
                 new store and a new set for all. Type `{sentence}` to go on:"
            ));
            stdin().lock().read_line(&mut typed)?;
        }
        if typed.trim() != sentence {
            let why = if yes { format!(": {shown} {about}, so --yes is not enough") } else { String::new() };
            let hint = format!("type `{sentence}` when it asks, or {instead}");
            return Ok(Answer::new(exit::USAGE).problem(format!("nothing was destroyed{why}"), Some(&hint)));
        }
    }
    file.destroy()?;
    ui.say(&format!(
        "overwrote and removed {}. Flash storage, copy-on-write file systems, snapshots and backups may keep older blocks \
         of it; they stay encrypted with the passphrase, so forget that too",
        path.display()
    ));
    Answer::new(exit::DONE).result(&serde_json::json!({ "destroyed": path }), "")
}

/// A site that is whole and right, else the findings are shown.
fn ready<'a>(
    ui: Ui,
    translated: Option<&'a Translated<'a>>,
    findings: &Findings,
) -> Option<(&'a Translated<'a>, &'a Site)> {
    let whole = translated.and_then(|translated| Some((translated, translated.inputs.site.as_ref()?)));
    if findings.stop() || whole.is_none() {
        ui.findings(findings);
        return None;
    }
    whole
}

/// Name of the site in a directory whose other inputs need not be right.
fn site_name(dir: &Path) -> anyhow::Result<String> {
    anyhow::ensure!(dir.is_dir(), "{} is no directory; `airlift init {0}` makes one", dir.display());
    let mut unshown = Findings::new();
    let files = SiteFiles::load(dir, &mut unshown);
    let parts = Parts::read(&files, &Overrides::new(), &mut unshown);
    let name = parts.settings.map(|settings| settings.site.value.to_string());
    name.with_context(|| {
        format!(
            "{} can't be read; `airlift next {}` says why",
            dir.join("site.yaml").display(),
            dir.display()
        )
    })
}

/// Takes hold of the store that is named, else of the default one.
fn hold(store: Option<&Path>, dir: &Path, site: &str) -> anyhow::Result<(StoreFile, String)> {
    let file = match store {
        Some(path) => StoreFile::hold(path, dir, false)?,
        None => {
            let path =
                default_path(site).context("no home directory is known; name the store with --store")?;
            StoreFile::hold(&path, dir, true)?
        }
    };
    tracing::debug!(store = %file.path().display(), "hold the store");
    Ok((file, site.to_owned()))
}

/// From a file, else from the environment, else from the terminal; for a new store twice.
fn passphrase(from: &StoreArgs, fresh: bool) -> anyhow::Result<Secret> {
    let passphrase = match ask::given(from.passphrase_file.as_deref(), PASSPHRASE)? {
        Some(given) => given,
        None => {
            let prompt = "Passphrase of the store (not shown): ";
            let typed = if fresh { ask::chosen(prompt) } else { ask::known(prompt).map(Some) };
            typed
                .with_context(|| format!("no terminal to ask at; give --passphrase-file or {PASSPHRASE}"))?
                .ok_or_else(|| {
                    SecretsError::Value("the two passphrases differ; nothing was made".to_owned())
                })?
        }
    };
    if fresh && passphrase.expose().chars().count() < SHORTEST {
        let text =
            format!("the passphrase is shorter than {SHORTEST} characters; take five or six random words");
        return Err(SecretsError::Value(text).into());
    }
    Ok(passphrase)
}

/// Values for slots out of `NAME=FILE`.
fn from_files(given: &[String]) -> anyhow::Result<BTreeMap<String, Secret>> {
    given
        .iter()
        .map(|text| {
            let (name, path) = text
                .split_once('=')
                .filter(|(name, path)| !name.is_empty() && !path.is_empty())
                .with_context(|| {
                    "--secret takes NAME=FILE; the value itself is never an argument".to_owned()
                })?;
            let text = Secret::new(read_private(Path::new(path))?);
            let value = text.expose().strip_suffix('\n').unwrap_or(text.expose());
            Ok((name.to_owned(), Secret::new(value.to_owned())))
        })
        .collect()
}

/// A bar on the terminal, for work that takes longer than a moment.
struct Bar<'a> {
    bar: ProgressBar,
    start: Instant,
    shows: bool,
    keep: &'a (dyn Fn(&Store) -> Result<(), SecretsError> + Sync),
}

impl<'a> Bar<'a> {
    fn new(ui: Ui, keep: &'a (dyn Fn(&Store) -> Result<(), SecretsError> + Sync)) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) =
            ProgressStyle::with_template("hashing release codes {bar:30} {percent}%, {eta} left")
        {
            bar.set_style(style);
        }
        Self { bar, start: ambient::stopwatch(), shows: ui.is_terminal(), keep }
    }
}

impl Progress for Bar<'_> {
    fn expect(&self, steps: usize) {
        self.bar.set_length(steps as u64);
    }

    fn step(&self) {
        if self.bar.is_hidden() && self.shows && self.start.elapsed() > QUIET {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    fn keep(&self, store: &Store) -> Result<(), SecretsError> {
        (self.keep)(store)
    }
}

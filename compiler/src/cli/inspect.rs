//! `airlift inspect`: what a bundle holds. Reads its form strictly, but asks for no signature and says so.

use super::answer::Answer;
use super::exit;
use super::ui::Ui;
use airlift_bundle::archive;
use airlift_bundle::files::read_limited;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::Manifest;
use airlift_bundle::name::EntryName;
use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::Path;

pub fn run(ui: Ui, bundle: &Path, entry: Option<&str>) -> anyhow::Result<Answer> {
    let limits = Limits::FORMAT_1;
    let opened =
        read_limited(bundle, limits.bundle).map_err(Into::into).and_then(|b| archive::read(&b, &limits));
    let opened = match opened {
        Ok(opened) => opened,
        Err(problems) => return Ok(Answer::new(exit::REFUSED).problems(&problems)),
    };
    ui.say("note: the bundle's form is right; its signature was not checked (`airlift verify SET` does)");
    let manifest = opened.manifest();
    match entry {
        Some(Manifest::FILE) => stdout().lock().write_all(opened.manifest_json())?,
        Some(name) => {
            let found =
                name.parse::<EntryName>().ok().and_then(|name| opened.content(&name).map(<[u8]>::to_vec));
            match found {
                Some(bytes) => stdout().lock().write_all(&bytes)?,
                None => {
                    let text = format!("{} holds no `{name}`", bundle.display());
                    return Ok(Answer::new(exit::USAGE).problem(text, Some("leave PATH out for a list")));
                }
            }
        }
        None => return Answer::new(exit::DONE).result(manifest, text(manifest)?),
    }
    Ok(Answer::written(exit::DONE))
}

fn text(manifest: &Manifest) -> anyhow::Result<String> {
    let node = &manifest.plan.node;
    let addresses: Vec<_> = node.addresses.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "bundle for {} ({}, {}) of site {}, serial {}\nplan {}\n\nfiles\n",
        node.name,
        node.role.as_str(),
        addresses.join(", "),
        manifest.site,
        manifest.serial,
        manifest.plan_id
    );
    for file in &manifest.files {
        writeln!(text, "  {} {:>9} {} {}", file.mode, file.size, file.sha256, file.path)?;
    }
    writeln!(text, "\nsteps")?;
    for (stage, step) in manifest.plan.all_steps() {
        writeln!(text, "  {stage:>8} {}: {}", step.id, step.action)?;
    }
    Ok(text)
}

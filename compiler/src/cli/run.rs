//! Dispatch, and the few things that every verb does alike.

use super::args::{Airlift, Verb};
use super::ui::Ui;
use super::{
    check, compile, completions, contracts, convert, exit, explain, init, inspect, keygen, keys, man, next, verify,
};
use anyhow::Context as _;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Does what the command line says. Returns the process's exit code.
pub fn run(airlift: Airlift) -> u8 {
    let ui = Ui::new(&airlift.global);
    match dispatch(ui, airlift.verb) {
        Ok(code) => code,
        // The reader of our output has gone; that is its right.
        Err(error) if is_closed_pipe(&error) => exit::DONE,
        Err(error) => {
            ui.fail(&format!("{error:#}"), None);
            exit::FAILED
        }
    }
}

fn dispatch(ui: Ui, verb: Verb) -> anyhow::Result<u8> {
    match verb {
        Verb::Init { dir, name } => init::run(ui, &dir, name.as_deref()),
        Verb::Next { dir, format } => next::run(ui, &dir, format),
        Verb::Compile { site, out, key, key_password_file, config_out, force, format } => compile::run(
            ui,
            &compile::Wish {
                site: &site,
                out: out.as_deref(),
                key: &key,
                password_file: key_password_file.as_deref(),
                config_out: config_out.as_deref(),
                force,
                format,
            },
        ),
        Verb::Check { site, mke3_config_path, format } => check::run(ui, &site, mke3_config_path.as_deref(), format),
        Verb::Convert { toml, site, config_out, force } => {
            convert::run(ui, &toml, &site, config_out.as_deref(), force)
        }
        Verb::Explain { query, site, format } => explain::run(ui, &query, &site, format),
        Verb::Contracts { format } => contracts::run(format),
        Verb::Keys { target, filter, format } => keys::run(ui, target.as_deref(), filter.as_deref(), format),
        Verb::Keygen { stem, key_password_file, no_password } => {
            keygen::run(ui, &stem, key_password_file.as_deref(), no_password)
        }
        Verb::Verify { set, public_key, trust, format } => {
            verify::run(ui, &set, public_key.as_deref(), trust.as_deref(), format)
        }
        Verb::Inspect { bundle, path, format } => inspect::run(ui, &bundle, path.as_deref(), format),
        Verb::Completions { shell } => completions::run(shell),
        Verb::Man { dir } => man::run(dir.as_deref()),
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|e| {
        e.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
    })
}

/// Writes data to standard output.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a JSON document to standard output.
pub fn print_json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print(&text)
}

/// Writes a file that appears whole or not at all. One that is there is replaced only where that is asked for.
pub fn write_file(path: &Path, content: &[u8], replace: bool) -> anyhow::Result<()> {
    let shown = path.display();
    if !replace && fs::symlink_metadata(path).is_ok() {
        anyhow::bail!("{shown} is there already; take another name, or --force to replace it");
    }
    let name = path.file_name().with_context(|| format!("{shown} names no file"))?;
    let partial = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&partial)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().with_context(|| {
        let _ = fs::remove_file(&partial);
        format!("can't write {shown}")
    })
}

//! Data: what goes to standard output or to a file that was asked for.

use anyhow::Context as _;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::{Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

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
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&partial)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().with_context(|| {
        let _ = fs::remove_file(&partial);
        format!("can't write {shown}")
    })
}

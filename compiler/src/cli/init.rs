//! `airlift init`: a commented site directory.

use super::exit;
use super::ui::Ui;
use crate::site::init::template;
use crate::site::values::{Parse, SiteName};
use anyhow::Context as _;
use std::fs;
use std::path::Path;

pub fn run(ui: Ui, dir: &Path, name: Option<&str>) -> anyhow::Result<u8> {
    let shown = dir.display();
    if dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        ui.fail(&format!("{shown} is not empty; nothing was written"), Some("name a new directory"));
        return Ok(exit::INPUT);
    }
    let own = dir.file_name().map(|n| n.to_string_lossy().to_lowercase());
    let name = name.map(str::to_owned).or(own).unwrap_or_default();
    let name = match SiteName::parse(&name) {
        Ok(name) => name,
        Err(why) => {
            ui.fail(&format!("`{name}` {}", why.message), Some("give another name with --name"));
            return Ok(exit::USAGE);
        }
    };
    let files = template(&name);
    for (path, text) in &files {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("can't make {}", parent.display()))?;
        }
        super::output::write_file(&path, text.as_bytes(), false)?;
        super::output::print(&format!("{}\n", path.display()))?;
    }
    ui.say(&format!("hint: edit {shown}/site.yaml, then `airlift next {shown}` says what is missing"));
    Ok(exit::DONE)
}

//! `airlift init`: a commented site directory.

use super::answer::Answer;
use super::exit;
use super::ui::Ui;
use crate::site::init::template;
use crate::site::values::{Parse, SiteName};
use anyhow::Context as _;
use std::fs;
use std::path::Path;

pub fn run(ui: Ui, dir: &Path, name: Option<&str>) -> anyhow::Result<Answer> {
    let shown = dir.display();
    if dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        let text = format!("{shown} is not empty; nothing was written");
        return Ok(Answer::new(exit::INPUT).problem(text, Some("name a new directory")));
    }
    let own = dir.file_name().map(|n| n.to_string_lossy().to_lowercase());
    let name = name.map(str::to_owned).or(own).unwrap_or_default();
    let name = match SiteName::parse(&name) {
        Ok(name) => name,
        Err(why) => {
            let text = format!("`{name}` {}", why.message);
            return Ok(Answer::new(exit::USAGE).problem(text, Some("give another name with --name")));
        }
    };
    let files = template(&name);
    let mut written = Vec::new();
    for (path, text) in &files {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("can't make {}", parent.display()))?;
        }
        super::output::write_file(&path, text.as_bytes(), false)?;
        written.push(path.display().to_string());
    }
    ui.say(&format!("hint: edit {shown}/site.yaml, then `airlift next {shown}` says what is missing"));
    let text = written.iter().map(|path| format!("{path}\n")).collect::<String>();
    Answer::new(exit::DONE).result(&serde_json::json!({ "written": written }), text)
}

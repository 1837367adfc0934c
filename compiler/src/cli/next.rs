//! `airlift next`: what is still missing, and the command that makes it.

use super::answer::Answer;
use super::exit;
use super::ui::Ui;
use crate::diag::Findings;
use crate::secrets;
use crate::site::next::{NextStep, missing};
use crate::site::{Overrides, Parts, SiteFiles};
use std::path::Path;

pub fn run(ui: Ui, dir: &Path) -> anyhow::Result<Answer> {
    anyhow::ensure!(dir.is_dir(), "{} is no directory; `airlift init {0}` makes one", dir.display());
    let mut findings = Findings::new();
    let files = SiteFiles::load(dir, &mut findings);
    let parts = Parts::read(&files, &Overrides::new(), &mut findings);
    let mut steps: Vec<NextStep> = missing(&files, parts.settings.as_ref(), parts.inventory.as_ref());
    if let Some(site) = parts.whole() {
        steps.extend(secrets::next(&files, &site, &dir.display().to_string()));
        steps.sort_by_key(|step| !step.needed);
    }
    let mut text = String::new();
    for step in &steps {
        let need = if step.needed { "needed" } else { "useful" };
        text.push_str(&format!("{} ({need})\n    {}\n    $ {}\n", step.what, step.why, step.command));
    }
    if steps.iter().all(|step| !step.needed) {
        let shown = dir.display();
        ui.say(&format!("hint: `airlift check {shown}` tells what would be lost, changed or in the way"));
    }
    Answer::new(exit::DONE).findings(&findings).result(&steps, text)
}

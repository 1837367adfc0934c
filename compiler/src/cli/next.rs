//! `airlift next`: what is still missing, and the command that makes it.

use super::args::Format;
use super::ui::Ui;
use super::{exit, output};
use crate::diag::Findings;
use crate::secrets;
use crate::site::next::{NextStep, missing};
use crate::site::{Overrides, Parts, SiteFiles};
use std::path::Path;

pub fn run(ui: Ui, dir: &Path, format: Format) -> anyhow::Result<u8> {
    anyhow::ensure!(dir.is_dir(), "{} is no directory; `airlift init {0}` makes one", dir.display());
    let mut findings = Findings::new();
    let files = SiteFiles::load(dir, &mut findings);
    let parts = Parts::read(&files, &Overrides::new(), &mut findings);
    let mut steps: Vec<NextStep> = missing(&files, parts.settings.as_ref(), parts.inventory.as_ref());
    if let Some(site) = parts.whole() {
        steps.extend(secrets::next(&files, &site, &dir.display().to_string()));
        steps.sort_by_key(|step| !step.needed);
    }
    match format {
        Format::Json => output::print_json(&steps)?,
        Format::Text => {
            for step in &steps {
                let need = if step.needed { "needed" } else { "useful" };
                output::print(&format!(
                    "{} ({need})\n    {}\n    $ {}\n",
                    step.what, step.why, step.command
                ))?;
            }
        }
    }
    if steps.iter().all(|step| !step.needed) {
        let shown = dir.display();
        ui.say(&format!("hint: `airlift check {shown}` tells what would be lost, changed or in the way"));
    }
    Ok(exit::DONE)
}

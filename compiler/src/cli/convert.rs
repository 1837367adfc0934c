//! `airlift convert`: a TOML file to mke4.yaml.

use super::loading::{self, Loaded};
use super::site_args::SettingArgs;
use super::ui::{Ui, exit_code};
use super::{exit, output};
use crate::compile::Translated;
use crate::contract::Use;
use std::path::Path;

pub fn run(ui: Ui, toml: &Path, args: &SettingArgs, out: Option<&Path>, force: bool) -> anyhow::Result<u8> {
    let Loaded { inputs, mut findings, .. } = loading::bare(toml, args, Use::Convert)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    ui.findings(&findings);
    let (false, Some(translated)) = (findings.stop(), translated) else {
        ui.fail("nothing was written", Some("mend what stands above and run the same command again"));
        return Ok(exit_code(&findings).max(exit::FAILED));
    };
    for document in translated.shared().into_iter().skip(1) {
        ui.say(&format!("note: {} stands beside the file; `airlift compile` writes it", document.label));
    }
    let text = crate::document::yaml::to_string(&translated.translation.mke4);
    match out {
        Some(path) => output::write_file(path, text.as_bytes(), force)?,
        None => output::print(&text)?,
    }
    Ok(exit::DONE)
}

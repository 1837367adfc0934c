//! `airlift convert`: a TOML file to mke4.yaml.

use super::answer::Answer;
use super::loading::{self, Loaded};
use super::site_args::SettingArgs;
use super::ui::{Ui, exit_code};
use super::{exit, output};
use crate::compile::Translated;
use crate::contract::Use;
use std::path::Path;

pub fn run(
    ui: Ui,
    toml: &Path,
    args: &SettingArgs,
    out: Option<&Path>,
    force: bool,
) -> anyhow::Result<Answer> {
    let Loaded { inputs, mut findings, .. } = loading::bare(toml, args, Use::Convert)?;
    let translated = inputs.as_ref().map(|inputs| Translated::new(inputs, &mut findings));
    ui.findings(&findings);
    let (false, Some(translated)) = (findings.stop(), translated) else {
        return Ok(Answer::new(exit_code(&findings).max(exit::FAILED))
            .findings(&findings)
            .problem("nothing was written", Some("mend what stands above and run the same command again")));
    };
    for document in translated.shared.iter().skip(1) {
        ui.say(&format!("note: {} stands beside the file; `airlift compile` writes it", document.label));
    }
    let text = crate::document::yaml::to_string(&translated.translation.mke4);
    let contract = translated.inputs.contract.id;
    let answer = Answer::new(exit::DONE).findings(&findings);
    match out {
        Some(path) => {
            output::write_file(path, text.as_bytes(), force)?;
            answer.result(&serde_json::json!({ "contract": contract, "written": path }), "")
        }
        None => answer.result(&serde_json::json!({ "contract": contract, "mke4_yaml": text }), text.as_str()),
    }
}

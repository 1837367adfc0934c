//! `airlift explain`: what became of a key, or where a value comes from.

use super::args::Format;
use super::loading::{self, Loaded};
use super::site_args::SiteArgs;
use super::ui::{Ui, exit_code};
use super::{exit, output};
use crate::compile::Translated;
use crate::contract::Use;
use crate::ledger::explain;

pub fn run(ui: Ui, query: &str, args: &SiteArgs, format: Format) -> anyhow::Result<u8> {
    let Loaded { inputs, mut findings, .. } = loading::site(args, Use::Convert)?;
    let Some(inputs) = inputs.as_ref() else {
        ui.findings(&findings);
        return Ok(exit_code(&findings).max(exit::FAILED));
    };
    // Findings of the translation are `airlift check`'s; an answer is good although something else stops a compile.
    let translated = Translated::new(inputs, &mut findings);
    let answer = explain(&translated.ledger, query);
    match format {
        Format::Json => output::print_json(&answer)?,
        Format::Text => output::print(&answer.to_string())?,
    }
    if answer.is_empty() {
        let hint = match answer.perhaps.as_slice() {
            [] => "ask for `mke3.toml:KEY` or `mke4.yaml:PATH`; `airlift keys` lists all keys".to_owned(),
            names => format!("did you mean {}?", names.join(", ")),
        };
        ui.fail(&format!("nothing of this site is called `{query}`"), Some(&hint));
        return Ok(exit::INPUT);
    }
    Ok(exit::DONE)
}

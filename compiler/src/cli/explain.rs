//! `airlift explain`: what became of a key, or where a value comes from.

use super::answer::Answer;
use super::exit;
use super::loading::{self, Loaded};
use super::site_args::SiteArgs;
use super::ui::{Ui, exit_code};
use crate::compile::Translated;
use crate::contract::Use;
use crate::ledger::explain;

pub fn run(ui: Ui, query: &str, args: &SiteArgs) -> anyhow::Result<Answer> {
    let Loaded { inputs, mut findings, .. } = loading::site(args, Use::Convert)?;
    let Some(inputs) = inputs.as_ref() else {
        ui.findings(&findings);
        return Ok(Answer::new(exit_code(&findings).max(exit::FAILED)).findings(&findings));
    };
    // Findings of the translation are `airlift check`'s; an answer is good although something else stops a compile.
    let translated = Translated::new(inputs, &mut findings);
    let found = explain(&translated.ledger, &|each| translated.each_value(each), query);
    if found.is_empty() {
        let hint = match found.perhaps.as_slice() {
            [] => "ask for `mke3.toml:KEY` or `mke4.yaml:PATH`; `airlift keys` lists all keys".to_owned(),
            names => format!("did you mean {}?", names.join(", ")),
        };
        return Answer::new(exit::INPUT)
            .problem(format!("nothing of this site is called `{query}`"), Some(&hint))
            .result(&found, "");
    }
    Answer::new(exit::DONE).result(&found, found.to_string())
}

//! `airlift man`: the manual, from the same definitions as `--help`.

use super::answer::Answer;
use super::args::Airlift;
use super::exit;
use anyhow::Context as _;
use clap::CommandFactory;
use clap_mangen::Man;
use std::fmt::Write as _;
use std::path::Path;

pub fn run(dir: Option<&Path>) -> anyhow::Result<Answer> {
    let mut command = Airlift::command();
    command.build();
    match dir {
        None => super::output::print(&page(Man::new(command), true)?)?,
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| format!("can't make {}", dir.display()))?;
            let verbs: Vec<_> =
                command.get_subcommands().filter(|c| c.get_name() != "help").cloned().collect();
            write(&dir.join("airlift.1"), &page(Man::new(command.clone()), true)?)?;
            for verb in verbs {
                let name = format!("airlift-{}", verb.get_name());
                write(&dir.join(format!("{name}.1")), &page(Man::new(verb).title(name), false)?)?;
            }
        }
    }
    Ok(Answer::written(exit::DONE))
}

fn page(man: Man, with_exit_codes: bool) -> anyhow::Result<String> {
    let mut text = Vec::new();
    // No date: the same tool prints the same manual.
    man.date("").render(&mut text)?;
    let mut text = String::from_utf8(text)?;
    if with_exit_codes {
        text.push_str(".SH \"EXIT STATUS\"\n");
        for (code, meaning) in exit::ALL {
            writeln!(text, ".TP\n.B {code}\n{meaning}")?;
        }
    }
    Ok(text)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    super::output::write_file(path, text.as_bytes(), true)
}

//! `airlift completions`: a script for the shell.

use super::answer::Answer;
use super::args::Airlift;
use super::exit;
use clap::CommandFactory;
use clap_complete::Shell;

pub fn run(shell: Shell) -> anyhow::Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Airlift::command(), "airlift", &mut script);
    super::output::print(&String::from_utf8_lossy(&script))?;
    Ok(Answer::written(exit::DONE))
}

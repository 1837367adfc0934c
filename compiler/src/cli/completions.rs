//! `airlift completions`: a script for the shell.

use super::args::Airlift;
use super::exit;
use clap::CommandFactory;
use clap_complete::Shell;

pub fn run(shell: Shell) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Airlift::command(), "airlift", &mut script);
    super::output::print(&String::from_utf8_lossy(&script))?;
    Ok(exit::DONE)
}

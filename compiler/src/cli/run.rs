//! From a parsed command line to the verb that does it.

use super::args::{Airlift, Verb};
use super::ui::Ui;
use super::{
    carry, check, compile, completions, contracts, convert, exit, explain, init, inspect, keygen, keys, man,
    next, rebuild, verify,
};
use std::io::ErrorKind;

/// Does what the command line says. Returns the process's exit code.
pub fn run(airlift: Airlift) -> u8 {
    let ui = Ui::new(&airlift.global);
    match dispatch(ui, airlift.verb) {
        Ok(code) => code,
        // The reader of our output has gone; that is its right.
        Err(error) if is_closed_pipe(&error) => exit::DONE,
        Err(error) => {
            ui.fail(&whole(&error), None);
            exit::FAILED
        }
    }
}

fn dispatch(ui: Ui, verb: Verb) -> anyhow::Result<u8> {
    match verb {
        Verb::Init { dir, name } => init::run(ui, &dir, name.as_deref()),
        Verb::Next { dir, format } => next::run(ui, &dir, format),
        Verb::Compile { site, out, key, key_password_file, config_out, chunk_size, force, format } => {
            compile::run(
                ui,
                &compile::Wish {
                    site: &site,
                    out: out.as_deref(),
                    key: &key,
                    password_file: key_password_file.as_deref(),
                    config_out: config_out.as_deref(),
                    chunk_size,
                    force,
                    format,
                },
            )
        }
        Verb::Check { site, mke3_config_path, format } => {
            check::run(ui, &site, mke3_config_path.as_deref(), format)
        }
        Verb::Convert { toml, site, config_out, force } => {
            convert::run(ui, &toml, &site, config_out.as_deref(), force)
        }
        Verb::Explain { query, site, format } => explain::run(ui, &query, &site, format),
        Verb::Contracts { format } => contracts::run(format),
        Verb::Keys { target, filter, format } => keys::run(ui, target.as_deref(), filter.as_deref(), format),
        Verb::Keygen { stem, key_password_file, no_password } => {
            keygen::run(ui, &stem, key_password_file.as_deref(), no_password)
        }
        Verb::Verify { set, public_key, trust, format } => {
            verify::run(ui, &set, public_key.as_deref(), trust.as_deref(), format)
        }
        Verb::Carry { set, target, public_key, trust, force, format } => carry::run(
            ui,
            &carry::Wish {
                set: &set,
                target: &target,
                public_key: public_key.as_deref(),
                trust: trust.as_deref(),
                force,
                format,
            },
        ),
        Verb::Rebuild { check: _, set, site, chunk_size, public_key, trust, format } => rebuild::run(
            ui,
            &rebuild::Wish {
                set: &set,
                site: &site,
                chunk_size,
                public_key: public_key.as_deref(),
                trust: trust.as_deref(),
                format,
            },
        ),
        Verb::Inspect { bundle, path, format } => inspect::run(ui, &bundle, path.as_deref(), format),
        Verb::Completions { shell } => completions::run(shell),
        Verb::Man { dir } => man::run(dir.as_deref()),
    }
}

/// An error with its causes, each once: many errors show their cause in their own text.
pub(super) fn whole(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| match cause.to_string() {
        cause if text.is_empty() => cause,
        cause if text.ends_with(&cause) => text,
        cause => format!("{text}: {cause}"),
    })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|e| e.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe))
}

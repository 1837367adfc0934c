//! From a parsed command line to the verb that does it.

use super::answer::Answer;
use super::args::{Airlift, Verb};
use super::ui::Ui;
use super::{
    carry, check, compile, completions, contracts, convert, exit, explain, init, inspect, keygen, keys, man,
    next, rebuild, secrets, verify,
};
use std::io::ErrorKind;

/// Does what the command line says. Returns the process's exit code.
pub fn run(airlift: Airlift) -> u8 {
    let ui = Ui::new(&airlift.global);
    let (verb, format) = airlift.verb.answers();
    let answer = dispatch(ui, airlift.verb).or_else(|error| match is_closed_pipe(&error) {
        true => Err(error),
        false => Ok(Answer::new(exit::FAILED).problem(whole(&error), None)),
    });
    match answer.and_then(|answer| answer.tell(ui, verb, format).map(|()| answer.code)) {
        Ok(code) => code,
        // The reader of our output has gone; that is its right.
        Err(error) if is_closed_pipe(&error) => exit::DONE,
        Err(error) => {
            ui.fail(&whole(&error), None);
            exit::FAILED
        }
    }
}

fn dispatch(ui: Ui, verb: Verb) -> anyhow::Result<Answer> {
    match verb {
        Verb::Init { dir, name, .. } => init::run(ui, &dir, name.as_deref()),
        Verb::Next { dir, .. } => next::run(ui, &dir),
        Verb::Compile {
            site,
            out,
            key,
            key_password_file,
            config_out,
            chunk_size,
            force,
            plaintext_secrets,
            format: _,
        } => compile::run(
            ui,
            &compile::Wish {
                site: &site,
                out: out.as_deref(),
                key: &key,
                password_file: key_password_file.as_deref(),
                config_out: config_out.as_deref(),
                chunk_size,
                force,
                plaintext: plaintext_secrets,
            },
        ),
        Verb::Secrets { verb } => secrets::run(ui, verb),
        Verb::Check { site, mke3_config_path, format } => {
            check::run(ui, &site, mke3_config_path.as_deref(), format)
        }
        Verb::Convert { toml, site, config_out, force, .. } => {
            convert::run(ui, &toml, &site, config_out.as_deref(), force)
        }
        Verb::Explain { query, site, .. } => explain::run(ui, &query, &site),
        Verb::Contracts { .. } => contracts::run(),
        Verb::Keys { target, filter, .. } => keys::run(target.as_deref(), filter.as_deref()),
        Verb::Keygen { stem, key_password_file, no_password, .. } => {
            keygen::run(ui, &stem, key_password_file.as_deref(), no_password)
        }
        Verb::Verify { set, public_key, trust, .. } => {
            verify::run(&set, public_key.as_deref(), trust.as_deref())
        }
        Verb::Carry { set, target, public_key, trust, force, .. } => carry::run(
            ui,
            &carry::Wish {
                set: &set,
                target: &target,
                public_key: public_key.as_deref(),
                trust: trust.as_deref(),
                force,
            },
        ),
        Verb::Rebuild { set, site, chunk_size, public_key, trust, .. } => rebuild::run(
            ui,
            &rebuild::Wish {
                set: &set,
                site: &site,
                chunk_size,
                public_key: public_key.as_deref(),
                trust: trust.as_deref(),
            },
        ),
        Verb::Inspect { bundle, path, .. } => inspect::run(ui, &bundle, path.as_deref()),
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

//! Passwords and passphrases: from a file, the environment, or whoever sits at the terminal. They are never arguments,
//! and what is typed is not shown.

use crate::ambient;
use crate::emit::read_private;
use crate::secrets::Secret;
use anyhow::Context as _;
use std::path::Path;

/// What was given: the first line of a file that only its owner can read, else what the environment has.
pub fn given(file: Option<&Path>, variable: &str) -> anyhow::Result<Option<Secret>> {
    if let Some(path) = file {
        let text = Secret::new(read_private(path)?);
        let line = text.expose().lines().next().unwrap_or_default();
        return Ok(Some(Secret::new(line.to_owned())));
    }
    ambient::variable(variable)
        .map(|value| {
            value.into_string().map(Secret::new).ok().with_context(|| format!("{variable} is not UTF-8"))
        })
        .transpose()
}

/// Asks for one that exists.
pub fn known(prompt: &str) -> std::io::Result<Secret> {
    ambient::typed_unseen(prompt).map(Secret::new)
}

/// Asks twice for a new one; `None` where the two differ.
pub fn chosen(prompt: &str) -> std::io::Result<Option<Secret>> {
    let first = known(prompt)?;
    let again = known("The same again: ")?;
    Ok(again.same(&first).then_some(first))
}

//! `airlift keygen`: a signing key.

use super::answer::Answer;
use super::exit;
use super::ui::Ui;
use crate::ambient;
use crate::emit::{KeyError, Protection, SigningKey, read_private};
use airlift_bundle::signature::PublicKey;
use anyhow::Context as _;
use std::io::{IsTerminal as _, stderr, stdin};
use std::path::Path;

/// Variable with a key's password.
const PASSWORD: &str = "AIRLIFT_KEY_PASSWORD";

pub fn run(ui: Ui, stem: &Path, password_file: Option<&Path>, no_password: bool) -> anyhow::Result<Answer> {
    let protection = if no_password {
        Protection::None
    } else {
        let given = match password(password_file)? {
            None if at_terminal() => Some(chosen()?),
            given => given,
        };
        match given {
            Some(password) if password.is_empty() => {
                return Ok(Answer::new(exit::USAGE).problem(
                    "the password for the key is empty",
                    Some("give another one, or say --no-password"),
                ));
            }
            Some(password) => Protection::Password(password),
            None => {
                return Ok(Answer::new(exit::USAGE).problem(
                    "no password for the key",
                    Some("give one with --key-password-file or AIRLIFT_KEY_PASSWORD, or say --no-password"),
                ));
            }
        }
    };
    let public = SigningKey::generate(stem, protection)?;
    let key = PublicKey::parse_file("new key", &public)?;
    let (id, fingerprint) = (key.id().to_string(), key.fingerprint().to_string());
    let files = ["key", "pub"].map(|end| stem.with_extension(end));
    ui.say(&format!(
        "wrote {} (secret, keep it off the stick) and {}",
        files[0].display(),
        files[1].display()
    ));
    let text = format!("key id {id}\nfingerprint {fingerprint}\n");
    let result = serde_json::json!({ "key_id": id, "fingerprint": fingerprint, "written": files });
    Answer::new(exit::DONE).result(&result, text)
}

/// The signing key. Where it has a password that nobody gave, a terminal is asked.
pub fn unlock(path: &Path, password_file: Option<&Path>) -> anyhow::Result<Result<SigningKey, KeyError>> {
    match SigningKey::read(path, password(password_file)?) {
        Err(KeyError::Locked(_)) if at_terminal() => {
            let password = rpassword::prompt_password(format!("Password of {}: ", path.display()))?;
            Ok(SigningKey::read(path, Some(password)))
        }
        key => Ok(key),
    }
}

/// Whether somebody can be asked: programs and scripts are not.
fn at_terminal() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// A new password, typed twice without being shown.
fn chosen() -> anyhow::Result<String> {
    let first = rpassword::prompt_password("Password for the new key: ")?;
    let second = rpassword::prompt_password("The same again: ")?;
    anyhow::ensure!(first == second, "the two passwords differ; nothing was written");
    Ok(first)
}

/// A password from a file that only its owner can read, else from the environment.
fn password(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    if let Some(path) = file {
        let text = read_private(path)?;
        let line = text.lines().next().unwrap_or_default().to_owned();
        return Ok(Some(line));
    }
    ambient::variable(PASSWORD)
        .map(|value| value.into_string().ok().with_context(|| format!("{PASSWORD} is not UTF-8")))
        .transpose()
}

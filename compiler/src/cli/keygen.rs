//! `airlift keygen`: a signing key.

use super::answer::Answer;
use super::ui::Ui;
use super::{ask, exit};
use crate::emit::{KeyError, Protection, SigningKey};
use crate::secrets::Secret;
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
        let given = match ask::given(password_file, PASSWORD)? {
            None if at_terminal() => Some(
                ask::chosen("Password for the new key: ")?
                    .context("the two passwords differ; nothing was written")?,
            ),
            given => given,
        };
        match given {
            Some(password) if password.expose().is_empty() => {
                return Ok(Answer::new(exit::USAGE).problem(
                    "the password for the key is empty",
                    Some("give another one, or say --no-password"),
                ));
            }
            Some(password) => Protection::Password(password.expose().to_owned()),
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
    let read = |password: Option<Secret>| SigningKey::read(path, password.map(|p| p.expose().to_owned()));
    match read(ask::given(password_file, PASSWORD)?) {
        Err(KeyError::Locked(_)) if at_terminal() => {
            Ok(read(Some(ask::known(&format!("Password of {}: ", path.display()))?)))
        }
        key => Ok(key),
    }
}

/// Whether somebody can be asked: programs and scripts are not.
fn at_terminal() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

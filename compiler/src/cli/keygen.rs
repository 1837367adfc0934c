//! `airlift keygen`: a signing key.

use super::exit;
use super::ui::Ui;
use crate::ambient;
use crate::emit::{Protection, SigningKey, read_private};
use airlift_bundle::signature::PublicKey;
use anyhow::Context as _;
use std::path::Path;

/// Variable with a key's password.
const PASSWORD: &str = "AIRLIFT_KEY_PASSWORD";

pub fn run(ui: Ui, stem: &Path, password_file: Option<&Path>, no_password: bool) -> anyhow::Result<u8> {
    let protection = if no_password {
        Protection::None
    } else {
        match password(password_file)? {
            Some(password) => Protection::Password(password),
            None => {
                ui.fail(
                    "no password for the key",
                    Some("give one with --key-password-file or AIRLIFT_KEY_PASSWORD, or say --no-password"),
                );
                return Ok(exit::USAGE);
            }
        }
    };
    let public = SigningKey::generate(stem, protection)?;
    let key = PublicKey::parse_file("new key", &public)?;
    ui.say(&format!("wrote {0}.key (secret, keep it off the stick) and {0}.pub", stem.display()));
    super::output::print(&format!("key id {}\nfingerprint {}\n", key.id(), key.fingerprint()))?;
    Ok(exit::DONE)
}

/// A password from a file that only its owner can read, else from the environment.
pub fn password(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    if let Some(path) = file {
        let text = read_private(path)?;
        let line = text.lines().next().unwrap_or_default().to_owned();
        return Ok(Some(line));
    }
    ambient::variable(PASSWORD)
        .map(|value| value.into_string().ok().with_context(|| format!("{PASSWORD} is not UTF-8")))
        .transpose()
}

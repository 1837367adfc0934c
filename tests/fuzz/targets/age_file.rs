//! An age file and the text of an SSH key: whatever comes, it ends with an answer. The header's MAC and the tags stop
//! a fuzzer before the payload's borders, so those have cases of their own in the executor's tests.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use airlift_node::sealed::{AgeKey, Keys, Refused, SshKey};

/// The keys that the corpus is sealed to, made by `.ci/fuzz`; without them the fuzzer gets no farther than the header.
static KEYS: LazyLock<(String, String)> = LazyLock::new(|| {
    let read = |name: &str| {
        let dir = std::env::var_os("AIRLIFT_FUZZ_KEYS").unwrap_or_default();
        std::fs::read_to_string(Path::new(&dir).join(name)).unwrap_or_default()
    };
    (read("age"), read("ssh"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let keys = Keys {
        age: AgeKey::parse(&KEYS.0).ok_or_else(String::new),
        ssh: SshKey::parse(&KEYS.1).map_err(str::to_owned),
    };
    match keys.open(bytes) {
        // a header has at least this much that is not payload
        Ok(opened) => assert!(opened.expose().len() + 150 < bytes.len()),
        Err(refused @ (Refused::Header(_) | Refused::Payload(_))) => airlift_fuzz::printable(&refused.to_string()),
        Err(_) => {}
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = AgeKey::parse(text).map(|key| assert!(key.recipient().starts_with("age1")));
    if let Err(why) = SshKey::parse(text) {
        airlift_fuzz::printable(why);
    }
});

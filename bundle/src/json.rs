//! The one way in which this format writes JSON: UTF-8, two spaces of indent, fields in the order of their
//! declaration, a final newline, no floating-point numbers. A reader accepts nothing else, so equal documents are
//! equal bytes and a digest of the bytes is a digest of the meaning.

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, printable};

/// The canonical bytes of `value`.
///
/// # Errors
/// [`Error::Unwritable`] for a value that JSON can't hold, such as a map whose keys aren't text.
pub fn to_canonical_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|e| Error::Unwritable { what: std::any::type_name::<T>(), why: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The value whose canonical bytes these are. `file` names the document in messages.
///
/// # Errors
/// [`Error::Json`] when the bytes don't parse as a `T`, [`Error::NotCanonical`] when the writer would have
/// written the same value in other bytes.
pub fn from_canonical_json<T: Serialize + DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, Error> {
    let value = serde_json::from_slice(bytes).map_err(|e| Error::Json {
        file: file.to_owned(),
        line: e.line(),
        column: e.column(),
        why: printable(&e.to_string()),
    })?;
    match first_difference(bytes, &to_canonical_json(&value)?) {
        None => Ok(value),
        Some(offset) => Err(Error::NotCanonical { file: file.to_owned(), offset }),
    }
}

/// Offset of the first byte in which `a` and `b` differ; the shorter length when one begins with the other.
pub(crate) fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    match a.iter().zip(b).position(|(x, y)| x != y) {
        None if a.len() == b.len() => None,
        None => Some(a.len().min(b.len())),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Format;

    #[derive(Debug, Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        format: Format,
        name: String,
    }

    #[test]
    fn other_bytes_for_the_same_value_are_refused() {
        let good = b"{\n  \"format\": 1,\n  \"name\": \"a\"\n}\n";
        assert_eq!(from_canonical_json::<Sample>("x", good).unwrap().name, "a");
        for bad in [
            "{\"format\":1,\"name\":\"a\"}\n",
            "{\n  \"format\": 1,\n  \"name\": \"a\"\n}",
            "{\n  \"format\": 1,\n  \"name\": \"a\"\n}\n\n",
            "{\n  \"name\": \"a\",\n  \"format\": 1\n}\n",
            "{\n  \"format\": 1,\n  \"name\": \"\\u0061\"\n}\n",
            "{\n  \"format\": 1,\n  \"name\": \"a\"\r\n}\n",
        ] {
            assert_eq!(
                from_canonical_json::<Sample>("x", bad.as_bytes()).unwrap_err().code(),
                "AB003",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_newer_format_is_named_before_its_new_fields() {
        let newer = b"{\n  \"format\": 2,\n  \"shiny\": true\n}\n";
        let message = from_canonical_json::<Sample>("plan.json", newer).unwrap_err().to_string();
        assert!(message.contains("format 2"), "{message}");
    }

    #[test]
    fn unknown_fields_and_repeated_fields_are_refused() {
        for bad in [
            "{\"format\":1,\"name\":\"a\",\"more\":1}",
            "{\"format\":1,\"name\":\"a\",\"name\":\"b\"}",
            "{\"format\":1,\"name\":\"a\"} x",
        ] {
            assert_eq!(
                from_canonical_json::<Sample>("x", bad.as_bytes()).unwrap_err().code(),
                "AB002",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_message_can_not_drive_the_terminal() {
        let hostile = "{\"format\":1,\"\\u001b[2J\\u0007\":1}";
        let message = from_canonical_json::<Sample>("x", hostile.as_bytes()).unwrap_err().to_string();
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
}

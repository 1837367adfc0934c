//! Takes secrets out of what a script said.

use super::secret::Secret;

/// Shorter lines of a secret are no secret by themselves.
const SHORTEST_LINE: usize = 8;

/// `said` with a script's secrets, and their lines, replaced by the names of the variables that led to them. `is_cut`
/// says that its beginning is missing; then what may be the end of a secret goes too. A secret in another form, such as
/// base64, is not found: scripts are ours, and none of them says a secret in any form.
#[must_use]
pub fn redact(said: Vec<u8>, is_cut: bool, secrets: &[(String, Secret)]) -> Vec<u8> {
    let mut known: Vec<(&[u8], &str)> = Vec::new();
    for (name, secret) in secrets {
        let whole = secret.expose().trim_ascii();
        let inner = whole.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(whole);
        let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let told = |line: &&[u8]| line.len() >= SHORTEST_LINE && !line.starts_with(b"-----");
        known.extend([whole, inner].into_iter().chain(lines.filter(told)).map(|part| (part, name.as_str())));
    }
    known.retain(|(part, _)| !part.is_empty());
    if known.is_empty() {
        return said;
    }
    // the longest first: a line of a secret must not hide the whole
    known.sort_by_key(|(part, _)| std::cmp::Reverse(part.len()));
    let mut rest = said.as_slice();
    if is_cut {
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        rest = rest.get(line..).unwrap_or_default();
    }
    let mut clean = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        match known.iter().find_map(|(part, name)| Some((rest.strip_prefix(*part)?, name))) {
            Some((after, name)) => {
                clean.extend_from_slice(format!("[secret {name}]").as_bytes());
                rest = after;
            }
            None => {
                clean.push(*first);
                rest = after;
            }
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_by_its_name_in_whole_and_by_the_line() {
        let pem = "-----BEGIN X-----\nMC4CAQAwBQYDK2VwBCIEIA\nAAAAAAAA\n-----END X-----\n";
        let secrets = [
            ("PLAN_CODE".to_owned(), Secret::new(b"7K3P-Q9XM".to_vec())),
            ("PLAN_KEY".to_owned(), Secret::new(pem.as_bytes().to_vec())),
            ("PLAN_TEXT".to_owned(), Secret::new(b"\"hush hush\"".to_vec())),
            ("PLAN_NONE".to_owned(), Secret::new(Vec::new())),
        ];
        let clean = |said: &str, is_cut| {
            String::from_utf8(redact(said.as_bytes().to_vec(), is_cut, &secrets)).unwrap()
        };
        assert_eq!(
            clean("+ echo 7K3P-Q9XM7K3P-Q9XM.", false),
            "+ echo [secret PLAN_CODE][secret PLAN_CODE]."
        );
        assert_eq!(clean(&format!("a {pem}b"), false), "a [secret PLAN_KEY]\nb");
        assert_eq!(clean("x MC4CAQAwBQYDK2VwBCIEIA y", false), "x [secret PLAN_KEY] y");
        assert_eq!(clean("= hush hush, \"hush hush\"", false), "= [secret PLAN_TEXT], [secret PLAN_TEXT]");
        assert_eq!(clean("-----BEGIN X-----", false), "-----BEGIN X-----");
        assert_eq!(clean("Q9XM and the like\nnext", true), "next");
        assert_eq!(clean("Q9XM without an end of line", true), "");
        assert_eq!(redact(b"7K3P\xff".to_vec(), true, &[]), b"7K3P\xff");
    }
}

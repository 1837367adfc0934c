//! Names that Kubernetes takes.

/// A name in the form of RFC 1123's labels: lower-case letters, digits and `-`, at most 63. Empty where nothing is
/// left.
pub(super) fn label(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let mut label: String =
        name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).chars().map(plain).take(63).collect();
    label.truncate(label.trim_end_matches('-').len());
    label
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn names_become_labels_of_rfc_1123() {
        for (name, want) in [("gpu", "gpu"), ("GPU_large", "gpu-large"), ("_a_", "a"), ("__", "")] {
            assert_eq!(label(name), want);
        }
    }
}

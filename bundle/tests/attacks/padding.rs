//! Bytes hidden in the padding after a content.

use crate::raw;

#[test]
fn padding_other_than_zeros_is_refused() {
    for name in ["manifest.json", "k0s/k0s.yaml"] {
        let mut entries = raw::sample();
        let position = raw::at(name);
        let start = raw::offset(&entries, position) + 512 + entries[position].content.len();
        *entries[position].padding.last_mut().unwrap() = 1;
        let last = entries[position].padding.len() - 1;
        raw::assert_deviation(&raw::assemble(&entries), start + last, &format!("the padding after {name}"));
    }
}

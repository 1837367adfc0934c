//! GNU sparse files.

use tar::EntryType;

use crate::raw;

#[test]
fn a_sparse_file_is_refused() {
    raw::assert_header_refused("block", |header| header.set_entry_type(EntryType::GNUSparse));
}

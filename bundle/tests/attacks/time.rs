//! A time of change.

use crate::raw;

#[test]
fn a_time_other_than_zero_is_refused() {
    raw::assert_header_refused("block", |header| header.set_mtime(1));
}

//! Owners and groups other than 0, by number and by name.

use crate::raw;

#[test]
fn an_owner_other_than_zero_is_refused() {
    raw::assert_header_refused("block", |header| header.set_uid(1000));
    raw::assert_header_refused("block", |header| header.set_gid(1000));
    raw::assert_header_refused("block", |header| header.set_username("root").unwrap());
    raw::assert_header_refused("block", |header| header.set_groupname("root").unwrap());
}

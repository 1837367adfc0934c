//! The envelope of a secret, and the slots of a document.
#![no_main]

use airlift_bundle::sealed::{Address, Room, fill, slots};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (site, node, name) = ("acme".parse().unwrap(), "m1".parse().unwrap(), "a/b".parse().unwrap());
    let address = Address { site: &site, node: &node, name: &name };
    match address.unwrap(bytes) {
        Ok(value) => {
            let rooms = [Room::Small, Room::Medium, Room::Large, Room::Fit];
            let mut wrapped = rooms.into_iter().filter_map(|room| address.wrap(value, room).ok());
            assert!(bytes.len() > 1 << 16 || wrapped.any(|envelope| envelope == bytes));
        }
        Err(error) => airlift_fuzz::printable(&error.to_string()),
    }
    let Ok(document) = std::str::from_utf8(bytes) else { return };
    match slots(document) {
        Ok(names) => {
            let filled = fill(document, |_| Some("\"x\""));
            assert!(filled.is_ok() || names.is_empty(), "{filled:?}");
        }
        Err(error) => airlift_fuzz::printable(&error.to_string()),
    }
});

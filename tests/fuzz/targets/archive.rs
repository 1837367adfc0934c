//! A bundle: the frame as it comes, and an archive that is put into a good frame first.
#![no_main]

use airlift_bundle::archive;
use airlift_bundle::limits::Limits;
use airlift_bundle::manifest::Contents;
use std::io::Write;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    if kind & 1 == 0 {
        check(rest);
    } else {
        check(&framed(rest));
    }
});

fn framed(archive: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.include_contentsize(true).unwrap();
    encoder.set_pledged_src_size(Some(archive.len() as u64)).unwrap();
    encoder.write_all(archive).unwrap();
    encoder.finish().unwrap()
}

/// What is accepted is what the writer makes of the same files.
fn check(bundle: &[u8]) {
    match archive::read(bundle, &Limits::FORMAT_1) {
        Err(error) => airlift_fuzz::printable(&error.to_string()),
        Ok(read) => {
            let mut contents = Contents::new();
            for (file, bytes) in read.files() {
                contents.add(file.path.clone(), file.mode, bytes.to_vec()).unwrap();
            }
            let again = archive::write(read.manifest(), &contents).unwrap();
            assert_eq!(
                zstd::decode_all(bundle).unwrap(),
                zstd::decode_all(&again[..]).unwrap(),
                "accepted other bytes than the writer's"
            );
        }
    }
}

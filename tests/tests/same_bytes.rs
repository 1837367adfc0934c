//! Same inputs, same bytes: a set does not depend on where, when and by whom it is made.

use airlift_tests::{Bench, binary, copy, files, plain, stock};
use std::process::Command;

#[test]
fn directory_user_umask_locale_time_zone_and_clock_change_no_byte() {
    let bench = Bench::new("examples/acme");
    assert_eq!(bench.compile("first", &[]).code, 0);
    let first = files(&bench.path("first"));
    assert!(first.len() > 10);

    // Elsewhere, under another name and umask, in another locale and time zone, years later, as another user.
    let other = tempfile::tempdir().unwrap();
    let deep = other.path().join("a place/with blanks");
    copy(&bench.path("site"), &deep);
    let _ = std::fs::remove_file(deep.join("issued.json"));
    std::fs::copy(bench.path("author.key"), other.path().join("k")).unwrap();
    std::fs::copy(binary("airlift"), other.path().join("airlift")).unwrap();
    let as_nobody = "chown -R nobody . && umask 0077 && \
        exec setpriv --reuid=nobody --regid=nogroup --clear-groups \
        faketime '2029-03-04 05:06:07' ./airlift compile 'a place/with blanks' --key k --out second";
    let done = Command::new("sh")
        .args(["-c", as_nobody])
        .current_dir(other.path())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", other.path())
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Kiritimati")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let second = files(&other.path().join("second"));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(bytes == &second[name], "{name} differs");
    }
    // The clock really was another.
    let year = stock(other.path(), "faketime", &["2029-03-04 05:06:07", "date", "+%Y"]);
    assert_eq!(year.out.trim(), "2029");
}

#[test]
fn modes_in_a_set_do_not_depend_on_the_umask() {
    let bench = Bench::new("examples/acme");
    let (site, key, out) = (bench.text("site"), bench.text("author.key"), bench.text("set"));
    let command =
        format!("umask 0077; exec {} compile {site} --key {key} --out {out}", binary("airlift").display());
    let done = plain(std::path::Path::new("/bin/sh")).args(["-c", &command]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let modes = stock(&bench.path("set"), "find", &[".", "-printf", "%y %m\\n"]);
    let mut kinds: Vec<&str> = modes.out.lines().collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, ["d 755", "f 644"]);
}

//! Sealed files against the real thing: the crate `age`, the stock tools, and the kit of cases that the age project has
//! for every implementation.
#![allow(clippy::disallowed_methods, reason = "tests leave files behind")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use age::secrecy::ExposeSecret as _;
use airlift_bundle::digest::Sha256;
use airlift_node::disk::RealDisk;
use airlift_node::sealed::{AGE_KEY, AgeKey, Keys, Refused, SSH_KEY, SshKey};

/// A tool with these arguments in a directory; what it printed.
fn stock(dir: &Path, program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(dir).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; tests/setup.sh installs it"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const NONE: &str = "there is none";

fn age_keys(text: &str) -> Keys {
    Keys { age: AgeKey::parse(text).ok_or_else(|| NONE.to_owned()), ssh: Err(NONE.to_owned()) }
}

fn ssh_keys(text: &str) -> Keys {
    Keys { age: Err(NONE.to_owned()), ssh: SshKey::parse(text).map_err(str::to_owned) }
}

fn sealed_to(recipient: &dyn age::Recipient, plain: &[u8]) -> Vec<u8> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient)).unwrap();
    let mut bytes = Vec::new();
    let mut writer = encryptor.wrap_output(&mut bytes).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A new age key with its keys as this program reads them.
fn age_pair() -> (age::x25519::Recipient, Keys) {
    let identity = age::x25519::Identity::generate();
    (identity.to_public(), age_keys(identity.to_string().expose_secret()))
}

/// A new SSH key by the stock tool: the public and the private file's text.
fn ssh_pair(dir: &Path, kind: &str, passphrase: &str) -> (String, String) {
    let (file, comment) = (dir.join(format!("{kind}{}", passphrase.len())), "a comment");
    let path = file.to_str().unwrap();
    stock(dir, "ssh-keygen", &["-q", "-t", kind, "-N", passphrase, "-C", comment, "-f", path]);
    (fs::read_to_string(file.with_extension("pub")).unwrap(), fs::read_to_string(file).unwrap())
}

fn refusal(keys: &Keys, file: &[u8]) -> Refused {
    match keys.open(file) {
        Ok(_) => panic!("it opens"),
        Err(refused) => refused,
    }
}

/// Lengths around the borders of chunks, and those of envelopes.
const LENGTHS: [usize; 11] = [0, 1, 1024, 8192, 65535, 65536, 65537, 131_071, 131_072, 131_073, 1 << 20];

#[test]
fn what_the_crate_age_seals_opens() {
    let dir = tempfile::tempdir().unwrap();
    let (public, private) = ssh_pair(dir.path(), "ed25519", "");
    let to_ssh: age::ssh::Recipient = public.parse().unwrap();
    let (to_age, age) = age_pair();
    let ssh = ssh_keys(&private);
    for length in LENGTHS {
        let plain: Vec<u8> = (0..length).map(|i| (i * 7 % 251) as u8).collect();
        let recipients: [(&dyn age::Recipient, &Keys); 2] = [(&to_age, &age), (&to_ssh, &ssh)];
        for (recipient, keys) in recipients {
            // the crate adds a stanza of a random kind, so a few times
            for _ in 0..8 {
                let opened = keys.open(&sealed_to(recipient, &plain)).unwrap_or_else(|why| panic!("{why}"));
                assert!(opened.expose() == plain, "{length} bytes");
            }
        }
    }
}

#[test]
fn what_the_stock_tools_seal_opens_with_their_own_keys() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("plain"), [b"a secret\n".repeat(20_000), vec![0; 9]].concat()).unwrap();
    stock(at, "age-keygen", &["-o", "age.key"]);
    let recipient = stock(at, "age-keygen", &["-y", "age.key"]);
    stock(at, "age", &["-r", recipient.trim(), "-o", "to-age", "plain"]);
    ssh_pair(at, "ed25519", "");
    stock(at, "age", &["-R", "ed255190.pub", "-o", "to-ssh", "plain"]);
    stock(at, "age", &["-R", "ed255190.pub", "-r", recipient.trim(), "-o", "to-both", "plain"]);
    let read = |name: &str| fs::read(at.join(name)).unwrap();
    let text = |name: &str| fs::read_to_string(at.join(name)).unwrap();
    let (age, ssh) = (age_keys(&text("age.key")), ssh_keys(&text("ed255190")));
    for (keys, file) in [(&age, "to-age"), (&ssh, "to-ssh"), (&age, "to-both"), (&ssh, "to-both")] {
        let opened = keys.open(&read(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
        assert!(opened.expose() == read("plain"), "{file}");
    }
    assert_eq!(refusal(&age, &read("to-ssh")), Refused::OtherKey);
    assert_eq!(refusal(&ssh, &read("to-age")), Refused::OtherKey);
    assert_eq!(age.age.ok().unwrap().recipient(), recipient.trim());
    let shown = stock(at, "ssh-keygen", &["-l", "-f", "ed255190.pub"]);
    assert_eq!(ssh.ssh.ok().unwrap().fingerprint(), shown.split(' ').nth(1).unwrap());
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (public, private) = ssh_pair(dir.path(), "ed25519", "");
    let to_ssh: age::ssh::Recipient = public.parse().unwrap();
    let (to_age, age) = age_pair();
    let recipients: [(&dyn age::Recipient, Keys); 2] = [(&to_age, age), (&to_ssh, ssh_keys(&private))];
    for (recipient, keys) in recipients {
        let good = sealed_to(recipient, &[7; 1024]);
        for offset in 0..good.len() {
            for bit in [0, 1, 5, 7] {
                let mut bad = good.clone();
                bad[offset] ^= 1 << bit;
                assert!(keys.open(&bad).is_err(), "byte {offset}, bit {bit} of {}", good.len());
            }
            assert!(keys.open(&good[..offset]).is_err(), "cut to {offset} bytes");
        }
        for more in [&b"\0"[..], &good, &[0; 65536]] {
            assert!(keys.open(&[&good, more].concat()).is_err(), "{} bytes more", more.len());
        }
        assert!(keys.open(&good).is_ok());
    }
}

#[test]
fn chunks_can_be_neither_cut_nor_swapped_nor_repeated() {
    let (recipient, keys) = age_pair();
    let plain: Vec<u8> = (0..3 * 65536 + 100).map(|i| (i / 65536) as u8).collect();
    let good = sealed_to(&recipient, &plain);
    let end = good.len() - 116;
    let start = end - 3 * 65552;
    let chunk = |number: usize| good[start + number * 65552..].chunks(65552).next().unwrap();
    let made = |order: &[usize]| {
        let chunks: Vec<&[u8]> = order.iter().map(|number| chunk(*number)).collect();
        [&good[..start], &chunks.concat()].concat()
    };
    assert!(keys.open(&made(&[0, 1, 2, 3])).is_ok());
    for order in
        [&[0, 1, 2][..], &[0], &[], &[3], &[0, 2, 1, 3], &[0, 0, 1, 2, 3], &[1, 2, 3], &[0, 1, 2, 3, 3]]
    {
        assert!(matches!(refusal(&keys, &made(order)), Refused::Payload(_)), "{order:?}");
    }
    for length in start - 20..start + 40 {
        assert!(matches!(refusal(&keys, &good[..length]), Refused::Payload(_) | Refused::Header(_)));
    }
}

#[test]
fn another_key_is_told_from_a_damaged_file() {
    let dir = tempfile::tempdir().unwrap();
    let (recipient, keys) = age_pair();
    let (_, other) = age_pair();
    let file = sealed_to(&recipient, b"hush");
    assert_eq!(refusal(&other, &file), Refused::OtherKey);
    let (public, private) = ssh_pair(dir.path(), "ed25519", "");
    let to_ssh: age::ssh::Recipient = public.parse().unwrap();
    assert_eq!(refusal(&keys, &sealed_to(&to_ssh, b"hush")), Refused::OtherKey);
    let neither = Keys { age: Err(NONE.to_owned()), ssh: Err(NONE.to_owned()) };
    assert_eq!(refusal(&neither, &file), Refused::OtherKey);
    assert!(ssh_keys(&private).open(&sealed_to(&to_ssh, b"hush")).is_ok());
}

#[test]
fn a_header_of_another_form_is_refused_before_any_key_is_used() {
    let share = "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc";
    let body = "EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U";
    let (stanza, mac) = (format!("-> X25519 {share}\n{body}\n"), format!("--- {share}\n"));
    let full = "A".repeat(64);
    let header = |stanzas: &str| format!("age-encryption.org/v1\n{stanzas}{mac}");
    let neither = Keys { age: Err(NONE.to_owned()), ssh: Err(NONE.to_owned()) };
    let words = |text: &str| match refusal(&neither, text.as_bytes()) {
        Refused::Header(why) => why,
        other => panic!("{text:?}: {other}"),
    };
    let cases = [
        ("cut off", String::new()),
        ("version 1", header(&stanza).replacen("v1", "v2", 1)),
        ("version 1", header(&stanza).replace('\n', "\r\n")),
        ("version 1", format!("-----BEGIN AGE ENCRYPTED FILE-----\n{}", header(&stanza))),
        ("names nobody", header("")),
        ("is no stanza", header(&format!("{stanza}\n"))),
        ("is no stanza", header("->X25519 a\n\n")),
        ("is no stanza", header("-> \n\n")),
        ("is no stanza", header("-> a  b\n\n")),
        ("is no stanza", header("-> a b \n\n")),
        ("is no stanza", header("-> a \u{7f}\n\n")),
        ("is no stanza", header("-> ä\n\n")),
        ("body is not base64", header("-> a\nAA=\n")),
        ("body is not base64", header("-> a\nA\n")),
        ("body is not base64", header("-> a\nAB\n")),
        ("body is not base64", header("-> a\nA A\n")),
        ("body is not base64", header(&format!("-> a\n{full}A\n\n"))),
        ("body is not base64", header(&format!("-> a\n{full}\n"))),
        ("an age key", header(&format!("-> X25519\n{body}\n"))),
        ("an age key", header(&format!("-> X25519 {share} {share}\n{body}\n"))),
        ("an age key", header(&format!("-> X25519 {share}A\n{body}\n"))),
        ("an age key", header(&format!("-> X25519 {share}=\n{body}\n"))),
        ("an age key", header(&format!("-> X25519 {}d\n{body}\n", &share[..42]))),
        ("an age key", header(&format!("-> X25519 {}\n{body}\n", &share[..42]))),
        ("an age key", header(&format!("-> X25519 {share}\n{}\n", &body[..40]))),
        ("an age key", header(&format!("-> X25519 {share}\n\n"))),
        ("an SSH key", header(&format!("-> ssh-ed25519 {share}\n{body}\n"))),
        ("an SSH key", header(&format!("-> ssh-ed25519 AAAAA {share}\n{body}\n"))),
        ("an SSH key", header(&format!("-> ssh-ed25519 AAAAAB {share}\n{body}\n"))),
        ("an SSH key", header(&format!("-> ssh-ed25519 AAAAAA {share} x\n{body}\n"))),
        ("a passphrase", header(&format!("-> scrypt {} 10\n{body}\n", &share[..22]))),
        ("a passphrase", header(&format!("{stanza}-> scrypt {} 10\n{body}\n", &share[..22]))),
        ("MAC", header(&stanza).replace(&mac, "--- \n")),
        ("MAC", header(&stanza).replace(&mac, &format!("--- {share} \n"))),
        ("MAC", header(&stanza).replace(&mac, &format!("---  {share}\n"))),
        ("is no stanza", header(&stanza).replace(&mac, &format!("---{share}\n"))),
        ("is no stanza", header(&stanza).replace(&mac, "---\n")),
        ("cut off", header(&stanza).trim_end().to_owned()),
        ("cut off", format!("age-encryption.org/v1\n{stanza}")),
        ("too many stanzas", header(&"-> a\n\n".repeat(33))),
        ("too long", header(&format!("-> a\n{}\n", format!("{full}\n").repeat(300)))),
        ("too long", header(&format!("-> {}\n\n", "a".repeat(20_000)))),
    ];
    for (wanted, text) in cases {
        assert!(words(&text).contains(wanted), "{text:?}: {}", words(&text));
    }
    for good in [stanza.clone(), format!("-> a\n{full}\n\n{stanza}"), "-> a b c\n\n".repeat(32)] {
        assert_eq!(refusal(&neither, header(&good).as_bytes()), Refused::OtherKey, "{good:?}");
    }
    let points = [[0; 32], std::array::from_fn(|i| u8::from(i == 0))];
    let (_, keys) = age_pair();
    for point in points {
        use base64::Engine as _;
        let low = base64::engine::general_purpose::STANDARD_NO_PAD.encode(point);
        let text = header(&format!("-> X25519 {low}\n{body}\n"));
        assert_eq!(refusal(&keys, text.as_bytes()), Refused::Header("has a share of low order"));
    }
    assert_eq!(refusal(&neither, &vec![b'a'; (16 << 20) + (64 << 10) + 1]), Refused::TooLarge);
}

/// The kit as the crate `age` brings it.
fn kit() -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata =
        stock(Path::new(env!("CARGO_MANIFEST_DIR")), &cargo, &["metadata", "--format-version", "1"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let age = packages.iter().find(|package| package["name"] == "age").unwrap();
    Path::new(age["manifest_path"].as_str().unwrap()).with_file_name("tests/testdata/testkit")
}

#[test]
fn the_age_projects_own_cases_end_as_they_say() {
    let mut counts = [0; 3];
    for entry in fs::read_dir(kit()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let told = std::str::from_utf8(&bytes[..end]).unwrap();
        let value = |key: &str| told.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        let mut file = Vec::new();
        match value("compressed") {
            Some("zlib") => {
                flate2::read::ZlibDecoder::new(&bytes[end + 2..]).read_to_end(&mut file).unwrap();
            }
            _ => file.extend_from_slice(&bytes[end + 2..]),
        }
        let keys: Vec<Keys> =
            told.lines().filter_map(|l| l.strip_prefix("identity: ")).map(age_keys).collect();
        let key = keys
            .first()
            .unwrap_or(&Keys { age: Err(NONE.to_owned()), ssh: Err(NONE.to_owned()) })
            .open(&file);
        let is_ours = value("armored").is_none() && value("passphrase").is_none();
        match (key, value("expect").unwrap()) {
            (Ok(opened), "success") if is_ours => {
                assert_eq!(
                    Some(Sha256::of(opened.expose()).to_string().as_str()),
                    value("payload"),
                    "{name}"
                );
                counts[0] += 1;
            }
            (Err(Refused::Header(_)), "header failure" | "armor failure")
            | (Err(Refused::OtherKey), "no match")
            | (Err(Refused::Changed), "HMAC failure")
            | (Err(Refused::Payload(_)), "payload failure") => counts[1] += 1,
            // no sealed file is as large
            (Err(Refused::TooLarge), _) if file.len() > 16 << 20 => counts[2] += 1,
            // text armor and passphrases are refused, whatever is wrong with them
            (Err(Refused::Header(_)), _) if !is_ours => counts[2] += 1,
            (Ok(_), expected) => panic!("{name}: it opens, expected is {expected}"),
            (Err(refused), expected) => panic!("{name}: {refused}, expected is {expected}"),
        }
    }
    println!(
        "cases that open: {}, are refused: {}, are armored, opened by a passphrase or too large: {}",
        counts[0], counts[1], counts[2]
    );
    assert!(counts[0] >= 10 && counts[1] >= 60, "the kit has shrunk: {counts:?}");
}

#[test]
fn an_ssh_key_of_another_form_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let parse = |text: &str| SshKey::parse(text).err().unwrap_or("it is taken");
    let (public, good) = ssh_pair(dir.path(), "ed25519", "");
    assert_eq!(parse(&good), "it is taken");
    assert_eq!(parse(&ssh_pair(dir.path(), "ed25519", "passphrase").1), "it is encrypted with a passphrase");
    assert_eq!(parse(&ssh_pair(dir.path(), "ecdsa", "").1), "it is not an ed25519 key");
    let none = "it is no private key of OpenSSH's form";
    assert_eq!(parse(""), none);
    assert_eq!(parse("-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----\n"), none);
    let lines: Vec<&str> = good.lines().collect();
    let inner = lines[1..lines.len() - 1].concat();
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let bytes = base64.decode(&inner).unwrap();
    let packed =
        |bytes: &[u8]| format!("{}\n{}\n{}\n", lines[0], base64.encode(bytes), lines[lines.len() - 1]);
    assert_eq!(parse(&packed(&bytes)), "it is taken");
    for length in 0..bytes.len() - 17 {
        assert_ne!(parse(&packed(&bytes[..length])), "it is taken", "cut to {length}");
    }
    let to: age::ssh::Recipient = public.parse().unwrap();
    let file = sealed_to(&to, b"hush");
    for offset in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[offset] ^= 1;
        // a change that matters is refused or opens nothing; check numbers, comment and padding don't matter
        let keys = ssh_keys(&packed(&bad));
        assert!(keys.ssh.is_err() || keys.open(&file).is_err() || offset > 90, "byte {offset}");
    }
}

#[test]
fn a_key_that_others_may_read_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let (age, ssh) = (dir.path().join(&AGE_KEY[1..]), dir.path().join(&SSH_KEY[1..]));
    for file in [&age, &ssh] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
    }
    let disk = RealDisk::below(dir.path()).unwrap();
    let why = |disk: &RealDisk| {
        let keys = Keys::of(disk);
        (keys.age.err().unwrap_or_default(), keys.ssh.err().unwrap_or_default())
    };
    assert_eq!(why(&disk), ("it is not there".to_owned(), "it is not there".to_owned()));
    fs::write(&age, age::x25519::Identity::generate().to_string().expose_secret()).unwrap();
    fs::write(&ssh, ssh_pair(dir.path(), "ed25519", "").1).unwrap();
    let cases = [
        (0o600, "", ""),
        (0o400, "", ""),
        (0o640, "its mode is 0640: others may read it", ""),
        (0o644, "its mode is 0644: others may read it", "its mode is 0644: others may read it"),
        (0o660, "its mode is 0660: others may read it", "its mode is 0660: others may read it"),
    ];
    for (mode, age_why, ssh_why) in cases {
        for file in [&age, &ssh] {
            fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
        }
        assert_eq!(why(&disk), (age_why.to_owned(), ssh_why.to_owned()), "{mode:o}");
    }
    for file in [&age, &ssh] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(file, Some(1), None).unwrap();
    }
    let other = "it belongs to another user than root".to_owned();
    assert_eq!(why(&disk), (other.clone(), other));
    for (text, age_why) in [("hush", "it holds no age key"), ("\u{0}", "it holds no age key")] {
        fs::write(&age, text).unwrap();
        std::os::unix::fs::chown(&age, Some(0), None).unwrap();
        assert_eq!(why(&disk).0, age_why);
    }
    fs::write(&age, vec![b'#'; 17 << 10]).unwrap();
    assert_eq!(why(&disk).0, "it is too large");
    fs::write(&age, [0xff; 9]).unwrap();
    assert_eq!(why(&disk).0, "it is not text");
    fs::remove_file(&age).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &age).unwrap();
    assert_eq!(why(&disk).0, "it is a symbolic link");
}

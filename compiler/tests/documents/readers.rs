//! Our YAML means the same to PyYAML, Psych, js-yaml and kubectl, whatever stands in it.
//!
//! `tests/setup.sh` installs the readers. A reader that is missing fails the test.

use super::fixture::documents;
use airlift::contract;
use airlift::document::{Document, Format, Tree};
use airlift::origin::Origin;
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const READERS: [&str; 4] = ["pyyaml.py", "psych.rb", "js-yaml.js", "kubectl.sh"];

fn read(reader: &str, text: &str) -> Value {
    let script = format!("{}/../tests/yaml_readers/{reader}", env!("CARGO_MANIFEST_DIR"));
    let program = match reader.rsplit('.').next().unwrap() {
        "py" => "python3",
        "rb" => "ruby",
        "js" => "node",
        _ => "sh",
    };
    let mut child = Command::new(program)
        .arg(script)
        .env("NODE_PATH", concat!(env!("CARGO_TARGET_TMPDIR"), "/../yaml-readers/node_modules"))
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e}; run tests/setup.sh"));
    let mut stdin = child.stdin.take().unwrap();
    let input = text.to_owned();
    let feed = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = feed.join().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{reader} refuses (or run tests/setup.sh): {stderr}\n{text}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{reader}: {e}\n{text}"))
}

/// Texts that some reader takes for something else, or that break a careless writer.
fn nasty() -> Vec<String> {
    let mut all: Vec<String> = [
        "",
        " ",
        "  ",
        "yes",
        "Yes",
        "YES",
        "no",
        "NO",
        "on",
        "On",
        "off",
        "OFF",
        "y",
        "Y",
        "n",
        "N",
        "true",
        "True",
        "TRUE",
        "false",
        "~",
        "null",
        "Null",
        "NULL",
        "none",
        "None",
        "nil",
        "undefined",
        "0",
        "-0",
        "00",
        "007",
        "0o7",
        "010",
        "08",
        "0x1F",
        "0b101",
        "1_000",
        "1,000",
        "+1",
        "-1",
        "1.0",
        "1.",
        ".5",
        "1e3",
        "1E+3",
        "1e",
        ".inf",
        "-.inf",
        "+.INF",
        ".nan",
        ".NaN",
        "inf",
        "nan",
        "12:30:45",
        "1:20",
        "190:20:30.15",
        "2001-01-01",
        "2001-1-1",
        "2001-12-14t21:59:43.10-05:00",
        "2001-12-14 21:59:43 Z",
        "=",
        "<",
        "<<",
        ">",
        "|",
        "|-",
        ">-",
        "-",
        "--",
        "---",
        "--- a",
        "...",
        "... a",
        "- a",
        "-a",
        "?",
        "? a",
        "?a",
        ":",
        ": a",
        ":a",
        "a:",
        "a: b",
        "a:b",
        "a :b",
        "#",
        "# a",
        "a #b",
        "a# b",
        "#a",
        "%",
        "%TAG",
        "%YAML 1.1",
        "@",
        "@a",
        "`",
        "`a`",
        "!",
        "!tag",
        "!!str a",
        "! a",
        "&",
        "&a",
        "&a b",
        "*",
        "*a",
        "{",
        "}",
        "{}",
        "{a: b}",
        "[",
        "]",
        "[]",
        "[a]",
        ",",
        ", a",
        "a, b",
        "'",
        "''",
        "'a'",
        "a'b",
        "\"",
        "\"\"",
        "\"a\"",
        "a\"b",
        "\\",
        "\\\\",
        "\\n",
        "a\\",
        "\\x41",
        "\\u0041",
        "C:\\dir",
        "'\"",
        "'\\",
        " a",
        "a ",
        "  a  ",
        "\t",
        "\ta",
        "a\t",
        "a\tb",
        "\n",
        "\n\n",
        "a\n",
        "\na",
        "a\nb",
        "a\nb\n",
        "a\n\nb\n",
        "a\nb\n\n",
        " a\nb\n",
        "a\n b\n",
        "a \nb\n",
        "a\n\tb\n",
        "\ta\nb\n",
        "a\n# b\n",
        "a\n---\nb\n",
        "a\n...\nb\n",
        "# a\nb\n",
        "- a\n- b\n",
        "a: b\nc: d\n",
        "\r",
        "a\rb",
        "a\r\nb",
        "a\r\nb\r\n",
        "a\nb\r\n",
        "\u{85}",
        "a\u{85}b",
        "a\nb\u{85}c\n",
        "\u{2028}",
        "a\u{2028}b",
        "\u{2029}",
        "a\u{2029}b\n",
        "a\n\u{2028}b\n",
        "\u{feff}",
        "\u{feff}a",
        "a\u{feff}",
        "\u{a0}",
        "\u{a0}a",
        "a\u{a0}",
        "\u{3000}",
        "\u{200b}",
        "\u{200e}",
        "\u{202e}a",
        "\u{ad}",
        "é",
        "e\u{301}",
        "日本語",
        "😀",
        "a😀\nb😀\n",
        "\u{1f468}\u{200d}\u{1f469}",
        "\u{fffd}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{10000}",
        "\u{1ffff}",
        "\u{10ffff}",
        "\u{7f}",
        "a\u{7f}b",
        "\u{80}",
        "\u{9f}",
        "\u{1}",
        "\u{7}",
        "\u{8}",
        "\u{b}",
        "\u{c}",
        "\u{1b}[31m",
        "\u{1f}",
        "a\nb\u{1}\n",
        "a\nb\u{7f}\n",
        "$HOME",
        "${a}",
        "$$",
        "{{ a }}",
        "<% a %>",
        "__proto__",
        "constructor",
        "toString",
        "merge",
        "0777",
        "1__0",
        "0.0.0.0",
        "10.0.0.1",
        "fd00::1",
        "::",
        "1.2.3",
        "1-2",
        "v1.2",
        "/path",
        "a/b",
        "=a",
        "!a",
        "key:",
        "key: |",
        "airlift-secret(x)",
    ]
    .map(str::to_owned)
    .into();
    all.push("x".repeat(5000));
    all.push("word ".repeat(400));
    all.push(format!("{}\n{}\n", "long line ".repeat(50), "b"));
    all.push("ä'\"\\ ".repeat(100));
    all.push((1..0x20).filter_map(char::from_u32).collect());
    all.push((0x7f..0x100).filter_map(char::from_u32).collect());
    all
}

/// A ConfigMap with the texts as values, and one with the texts as keys.
fn config_maps(texts: &[String]) -> [Document; 2] {
    let origin = Origin::contract("t");
    [false, true].map(|as_keys| {
        let mut doc = Tree::map();
        doc.set("apiVersion", Tree::leaf("v1", &origin));
        doc.set("kind", Tree::leaf("ConfigMap", &origin));
        doc.set("metadata.name", Tree::leaf("x", &origin));
        for (i, text) in texts.iter().enumerate() {
            let number = format!("k{i}");
            let (key, value) = if as_keys { (text, &number) } else { (&number, text) };
            doc.set_key("data", key, Tree::leaf(value, &origin));
        }
        Document::new("t", Format::Yaml, doc)
    })
}

#[test]
fn every_reader_reads_nasty_keys_and_values_alike() {
    let texts = nasty();
    assert!(texts.len() >= 200);
    for document in config_maps(&texts) {
        let expected = super::schema::json(document.tree.get("data").unwrap());
        assert_eq!(expected.as_object().unwrap().len(), texts.len(), "a text stands twice in the table");
        let yaml = document.render().unwrap();
        for reader in READERS {
            let found = read(reader, &yaml)["data"].take();
            let (found, expected) = (found.as_object().unwrap(), expected.as_object().unwrap());
            for (key, value) in expected {
                assert_eq!(found.get(key), Some(value), "{reader} at {key:?}");
            }
            assert_eq!(found.len(), expected.len(), "{reader}");
        }
    }
}

#[test]
fn every_reader_reads_our_documents_alike() {
    for contract in contract::all() {
        let docs = documents(contract, 1, 1);
        let files = docs.nodes.iter().flat_map(|node| docs.files(node)).map(|file| file.document);
        let yaml = files.filter(|d| d.format == Format::Yaml).chain([docs.k0sctl.clone().into()]);
        for document in yaml {
            for reader in &READERS[..3] {
                let found = read(reader, &document.render().unwrap());
                assert_eq!(found, super::schema::json(&document.tree), "{} {reader}", document.label);
            }
        }
    }
}

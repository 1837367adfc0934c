//! Flags of components, as they run: from the process, else from the container that starts it.
//!
//! A container of the product can be a thin wrapper that starts the real process elsewhere, so the process counts. Values
//! of flags that name a secret are held back.

use std::collections::BTreeMap;

use super::format::{ComponentFlag, Notes};
use super::machine::Machine;
use super::product::{COMPONENTS, MANY_IN_ONE, SECRET_WORDS};

/// What stands for a value that is held back.
pub const HELD_BACK: &str = "(held back)";

/// Flags of each component; `containers` are the arguments of containers by component.
pub fn flags(
    machine: &Machine,
    containers: &BTreeMap<String, Vec<String>>,
    notes: &mut Notes,
) -> BTreeMap<String, Vec<ComponentFlag>> {
    let processes = processes(machine, notes);
    let mut all = BTreeMap::new();
    for component in COMPONENTS {
        let running: Vec<_> =
            processes.iter().filter(|argv| is(argv, component)).map(|argv| parse(argv)).collect();
        let flags = match running.split_first() {
            Some((first, others)) => {
                if others.iter().any(|other| other != first) {
                    notes.add(
                        "component_flags",
                        format!("{component} runs several times with different flags; the lowest process id is told"),
                    );
                }
                first.clone()
            }
            None => containers.get(component).map(|args| parse(args)).unwrap_or_default(),
        };
        if !flags.is_empty() {
            all.insert(component.to_owned(), flags);
        }
    }
    all
}

/// The arguments of all processes that can be seen, by process id.
fn processes(machine: &Machine, notes: &mut Notes) -> Vec<Vec<String>> {
    let names = notes.take("component_flags", machine.list("/proc")).unwrap_or_default();
    let mut ids: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
    ids.sort_unstable();
    // a process may end meanwhile; a thread of the kernel has no arguments
    let arguments = |id: u32| machine.read(&format!("/proc/{id}/cmdline")).ok();
    ids.into_iter().filter_map(arguments).map(|bytes| split(&bytes)).filter(|argv| !argv.is_empty()).collect()
}

fn split(cmdline: &[u8]) -> Vec<String> {
    let text = cmdline.strip_suffix(b"\0").unwrap_or(cmdline);
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

fn is(argv: &[String], component: &str) -> bool {
    let program = argv.first().and_then(|program| program.rsplit('/').next()).unwrap_or_default();
    program == component || (program == MANY_IN_ONE && argv.get(1).is_some_and(|word| word == component))
}

/// `--name=value`, `--name value` and `--switch`, with one dash or two. Words that belong to no flag are left out.
fn parse(argv: &[String]) -> Vec<ComponentFlag> {
    let mut flags = Vec::new();
    let mut words = argv.iter().peekable();
    while let Some(word) = words.next() {
        let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (
                name,
                words.next_if(|next| !next.starts_with('-')).map_or_else(|| "true".to_owned(), Clone::clone),
            ),
        };
        flags.push(ComponentFlag { name: name.to_owned(), value: shown(name, value) });
    }
    flags
}

/// `value`, where nothing speaks for a secret in it.
fn shown(name: &str, value: String) -> String {
    let name = name.to_ascii_lowercase();
    let named = SECRET_WORDS.iter().any(|word| name.contains(word));
    let harmless = value.starts_with('/') || ["true", "false"].contains(&value.as_str());
    let login = value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let key = value.contains("PRIVATE KEY-----") || value.contains("AGE-SECRET-KEY-");
    if (named && !harmless) || login || key { HELD_BACK.to_owned() } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn flags_are_read_in_every_form() {
        let flags = parse(&argv(
            "/hyperkube kubelet --node-ip=10.0.0.1 --hostname-override mgr1 --rotate -v=2 - -- --x=",
        ));
        let flags: Vec<_> = flags.iter().map(|flag| (flag.name.as_str(), flag.value.as_str())).collect();
        assert_eq!(
            flags,
            [
                ("node-ip", "10.0.0.1"),
                ("hostname-override", "mgr1"),
                ("rotate", "true"),
                ("v", "2"),
                ("x", "")
            ]
        );
    }

    #[test]
    fn a_secret_in_a_flag_is_held_back_and_a_path_is_not() {
        let flags = parse(&argv(
            "x --oidc-client-secret=s3 --token-auth-file=/etc/t --PASSWORD horse --e=https://u:p@h",
        ));
        let values: Vec<_> = flags.iter().map(|flag| flag.value.as_str()).collect();
        assert_eq!(values, [HELD_BACK, "/etc/t", HELD_BACK, HELD_BACK]);
    }
}

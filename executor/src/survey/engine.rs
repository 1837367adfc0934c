//! The container engine, its containers and images, and what they say about the product that is being left.
//!
//! The engine itself is asked, by its own command and at its own socket, whatever context or host the caller's
//! environment names. Without an answer its files say where its data lies. Nothing of an answer becomes an option of the
//! next command.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::format::{Container, Engine, Image, Mke, Notes, Role};
use super::machine::Machine;
use super::product::{
    CONTAINER_PREFIX, INSTANCE_LABEL, MANAGER_VOLUME, NODE_VOLUME, VERSION_CONTAINER, VERSION_LABEL,
};

const PROGRAM: &str = "docker";
/// Before every command: no file of the caller's, and the machine's own engine.
const AT_HOME: [&str; 2] = ["--config=/nonexistent", "--host=unix:///var/run/docker.sock"];
const CONFIG: &str = "/etc/docker/daemon.json";
const DEFAULT_DATA_ROOT: &str = "/var/lib/docker";

/// All that the engine and its files say.
#[derive(Debug, Default)]
pub struct Engines {
    /// The engine.
    pub engine: Option<Engine>,
    /// The product.
    pub mke: Option<Mke>,
    /// The product's containers by name.
    pub containers: Vec<Container>,
    /// Arguments of the product's containers by component.
    pub arguments: BTreeMap<String, Vec<String>>,
    /// Images.
    pub images: Vec<Image>,
}

/// Looks at the engine of `machine`.
pub fn engine(machine: &Machine, notes: &mut Notes) -> Engines {
    let configured = configured_data_root(machine, notes);
    let info = info(machine, notes);
    let mut all = Engines::default();
    let mut inspected = Vec::new();
    if let Some(info) = &info {
        inspected = containers(machine, notes);
        all.images = images(machine, notes);
        if let Some(configured) = configured.filter(|configured| *configured != info.docker_root_dir) {
            let used = &info.docker_root_dir;
            notes.add(
                "engine.data_root",
                format!("{CONFIG} says {configured}, but the running engine uses {used}"),
            );
        }
        all.engine = Some(Engine {
            version: Some(info.server_version.clone()),
            data_root: info.docker_root_dir.clone(),
            storage_driver: Some(info.driver.clone()),
        });
    } else {
        let data_root = configured.unwrap_or_else(|| DEFAULT_DATA_ROOT.to_owned());
        if machine.is_dir(&data_root) {
            all.engine = Some(Engine { version: None, data_root, storage_driver: None });
        } else {
            notes.add("engine", format!("{data_root} is no directory that can be seen"));
        }
    }
    let swarm = info.as_ref().map(|info| &info.swarm).filter(|swarm| swarm.local_node_state == "active");
    let data_root = all.engine.as_ref().map(|engine| engine.data_root.as_str());
    all.mke = mke(machine, data_root, swarm, &inspected, notes);
    for Inspected { name, path, args, config, state, host_config } in inspected {
        if let Some(component) = name.strip_prefix(CONTAINER_PREFIX) {
            all.arguments.insert(component.to_owned(), [vec![path], args].concat());
        }
        let (image, state, restart_policy) = (config.image, state.status, host_config.restart_policy.name);
        all.containers.push(Container { name, image, state, restart_policy });
    }
    all.containers.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The data folder of the engine's configuration, where that has one.
fn configured_data_root(machine: &Machine, notes: &mut Notes) -> Option<String> {
    let text = notes.take("engine.data_root", machine.text_if_there(CONFIG)).flatten()?;
    let config = serde_json::from_str::<Value>(&text).map_err(|why| format!("{CONFIG}: {why}"));
    let config = notes.take("engine.data_root", config)?;
    // `graph` is the option's name before Docker 17.05
    let root = config.get("data-root").or_else(|| config.get("graph"))?;
    match root.as_str() {
        Some(path) if path.starts_with('/') => Some(path.trim_end_matches('/').to_owned()),
        _ => {
            notes.add("engine.data_root", format!("{CONFIG}: data-root is no absolute path"));
            None
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Info {
    server_version: String,
    docker_root_dir: String,
    driver: String,
    swarm: Swarm,
    /// Why there is no more than a frame; docker 20.10 ends with exit code 0 then.
    server_errors: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Swarm {
    local_node_state: String,
    control_available: bool,
}

fn info(machine: &Machine, notes: &mut Notes) -> Option<Info> {
    let answer = ask(machine, &["info", "--format", "{{json .}}"]);
    let (out, complaint) = notes.take("engine", answer)?;
    let info = json::<Info>("info", &out).map_err(|why| complaint.clone().unwrap_or(why));
    let info = notes.take("engine", info)?;
    if info.server_version.is_empty() || !info.docker_root_dir.starts_with('/') {
        let why = complaint.or_else(|| info.server_errors.into_iter().next());
        notes.add("engine", why.unwrap_or_else(|| "docker info named no engine".to_owned()));
        return None;
    }
    Some(info)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    name: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    config: Config,
    #[serde(default)]
    state: State,
    #[serde(default)]
    host_config: HostConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    image: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    status: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    restart_policy: RestartPolicy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RestartPolicy {
    name: String,
}

fn containers(machine: &Machine, notes: &mut Notes) -> Vec<Inspected> {
    let listed = ask(machine, &["ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}"]);
    let Some((out, complaint)) = notes.take("containers", listed) else { return Vec::new() };
    if let Some(complaint) = complaint {
        notes.add("containers", complaint);
    }
    let out = String::from_utf8_lossy(&out);
    let ours = |line: &str| {
        let (id, name) = line.split_once(' ')?;
        let hex = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
        (hex && name.starts_with(CONTAINER_PREFIX)).then(|| id.to_owned())
    };
    let ids: Vec<String> = out.lines().filter_map(ours).collect();
    if ids.is_empty() {
        notes.add(
            "containers",
            format!("the engine has no container whose name begins with {CONTAINER_PREFIX}"),
        );
        return Vec::new();
    }
    let args: Vec<&str> =
        ["inspect", "--type", "container"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    let Some((out, complaint)) = notes.take("containers", ask(machine, &args)) else { return Vec::new() };
    // one that is gone meanwhile is a complaint; the others are told all the same
    if let Some(complaint) = complaint {
        notes.add("containers", complaint);
    }
    let all = notes.take("containers", json::<Vec<Value>>("inspect", &out)).unwrap_or_default();
    all.into_iter()
        .filter_map(|one| {
            let one =
                serde_json::from_value::<Inspected>(one).map_err(|why| format!("docker inspect: {why}"));
            notes.take("containers", one)
        })
        .map(|one| Inspected { name: one.name.trim_start_matches('/').to_owned(), ..one })
        .collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    repository: String,
    tag: String,
    digest: String,
}

fn images(machine: &Machine, notes: &mut Notes) -> Vec<Image> {
    const NONE: &str = "<none>";
    let listed = ask(machine, &["image", "ls", "--digests", "--no-trunc", "--format", "{{json .}}"]);
    let Some((out, complaint)) = notes.take("images", listed) else { return Vec::new() };
    if let Some(complaint) = complaint {
        notes.add("images", complaint);
    }
    let mut images = Vec::new();
    for line in out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Some(Row { repository, tag, digest }) = notes.take("images", json::<Row>("image ls", line))
        else {
            continue;
        };
        let digest = (digest != NONE && !digest.is_empty()).then_some(digest);
        let reference = match (tag.as_str(), &digest) {
            (NONE, Some(digest)) => format!("{repository}@{digest}"),
            // left over from a build or an overwritten tag: nothing refers to it
            (NONE, None) => continue,
            _ => format!("{repository}:{tag}"),
        };
        images.push(Image { reference, digest });
    }
    images.sort();
    images.dedup();
    images
}

fn mke(
    machine: &Machine,
    data_root: Option<&str>,
    swarm: Option<&Swarm>,
    containers: &[Inspected],
    notes: &mut Notes,
) -> Option<Mke> {
    let has =
        |volume: &str| data_root.is_some_and(|root| machine.is_dir(&format!("{root}/volumes/{volume}")));
    let (manager, node) = (has(MANAGER_VOLUME), has(NODE_VOLUME));
    if containers.is_empty() && !manager && !node {
        notes.add("mke", "neither containers nor volumes of it can be seen");
        return None;
    }
    let by_volume = if manager { Role::Manager } else { Role::Worker };
    let role =
        swarm.map_or(by_volume, |swarm| if swarm.control_available { Role::Manager } else { Role::Worker });
    if role != by_volume && (manager || node) {
        notes.add(
            "mke.role",
            format!("the swarm's word is told, but the volume {MANAGER_VOLUME} speaks against it"),
        );
    }
    let label = |one: &Inspected, label: &str| {
        one.config
            .labels
            .as_ref()
            .and_then(|labels| labels.get(label))
            .filter(|value| !value.is_empty())
            .cloned()
    };
    let proxy = containers.iter().find(|one| one.name == VERSION_CONTAINER);
    let version = proxy.and_then(|one| label(one, VERSION_LABEL)).or_else(|| {
        // the image's tag is the version
        let (repository, tag) = proxy?.config.image.rsplit_once(':')?;
        (!tag.contains('/') && !repository.contains('@')).then(|| tag.to_owned())
    });
    if version.is_none() {
        notes.add("mke.version", format!("neither a label nor the image of {VERSION_CONTAINER} says it"));
    }
    Some(Mke { version, instance_id: containers.iter().find_map(|one| label(one, INSTANCE_LABEL)), role })
}

/// What docker answers to `args`, with its complaint where it ended badly.
fn ask(machine: &Machine, args: &[&str]) -> Result<(Vec<u8>, Option<String>), String> {
    let answer = machine.ask(PROGRAM, &[&AT_HOME, args].concat())?;
    Ok((answer.out, (!answer.good).then_some(answer.complaint)))
}

fn json<T: DeserializeOwned>(of: &str, bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|why| format!("docker {of}: {why}"))
}

//! Mounts of real file systems with their space, from /proc/self/mountinfo.
//!
//! Left out are the kernel's own file systems, and those of containers: overlays and memory. A network file system is
//! listed but never asked for its space, for a dead server would hang the survey.

use nix::sys::statvfs::statvfs;

use super::format::{Mount, Notes};
use super::machine::Machine;

/// The kernel's own file systems, and memory.
const NOT_REAL: [&str; 24] = [
    "autofs",
    "bdev",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tmpfs",
    "tracefs",
];

/// One line of mountinfo, as proc_pid_mountinfo(5) has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Where.
    pub target: String,
    /// The file system's type.
    pub fs_type: String,
    /// What.
    pub source: String,
    /// Options of the mount, then those of the file system.
    pub options: String,
}

/// All lines of the machine's mountinfo; a later line lies over an earlier one with the same target.
pub fn mountinfo(machine: &Machine, notes: &mut Notes) -> Vec<Line> {
    // a target may be any bytes
    let bytes = notes.take("mounts", machine.read("/proc/self/mountinfo")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let (mount, file_system) = text.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(4);
    let (target, options) = (mount.next()?, mount.next()?);
    let mut file_system = file_system.split(' ');
    let (fs_type, source) = (file_system.next()?, file_system.next()?);
    let mut all: Vec<&str> = options.split(',').collect();
    for option in file_system.next().unwrap_or_default().split(',') {
        // options of network file systems can hold a user's name
        if !option.is_empty() && !all.contains(&option) && !is_remote(fs_type) {
            all.push(option);
        }
    }
    Some(Line {
        target: unescape(target),
        fs_type: unescape(fs_type),
        source: unescape(source),
        options: all.join(","),
    })
}

/// Resolves `\040` and its like.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok();
        match after.get(..3).filter(|_| first == b'\\').and_then(octal) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_real(line: &Line) -> bool {
    match line.fs_type.as_str() {
        "overlay" => line.target == "/",
        other => !NOT_REAL.contains(&other),
    }
}

fn is_remote(fs_type: &str) -> bool {
    ["nfs", "cifs", "smb", "fuse", "ceph", "9p", "afs", "gfs", "glusterfs", "lustre", "beegfs"]
        .iter()
        .any(|remote| fs_type.starts_with(remote))
}

/// The real ones of `lines` with their space, one for each target.
pub fn mounts(machine: &Machine, lines: &[Line], notes: &mut Notes) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let covered = lines.iter().skip(i + 1).any(|later| later.target == line.target);
        if covered || !is_real(line) {
            continue;
        }
        let space = (!is_remote(&line.fs_type)).then(|| statvfs(&machine.locate(&line.target)));
        let space = space.and_then(|space| {
            space.map_err(|why| notes.add("mounts", format!("space of {}: {why}", line.target))).ok()
        });
        mounts.push(Mount {
            target: line.target.clone(),
            source: line.source.clone(),
            fs_type: line.fs_type.clone(),
            options: line.options.clone(),
            size: space.map(|s| s.blocks().saturating_mul(s.fragment_size())),
            free: space.map(|s| s.blocks_free().saturating_mul(s.fragment_size())),
        });
    }
    mounts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
22 28 0:20 / /proc rw,nosuid - proc proc rw
28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 28 8:2 / /data\\040one rw,relatime shared:2 master:3 - xfs /dev/sdb1 rw,attr2,prjquota
31 28 8:2 / /covered rw - xfs /dev/sdb1 rw
32 28 0:40 / /covered rw - nfs4 nas:/x rw,username=joe
33 28 0:50 / /var/lib/docker/overlay2/abc/merged rw - overlay overlay rw,lowerdir=/a:/b
34 28 0:51 / /var/lib/kubelet/pods/x/secret rw - tmpfs tmpfs rw,size=1k
nonsense
35 28 0:52 / /no-separator rw
";

    #[test]
    fn real_file_systems_are_kept_and_the_topmost_wins() {
        let lines: Vec<_> = SAMPLE.lines().filter_map(line).collect();
        let root = tempfile::tempdir().unwrap();
        let machine = Machine { root: root.path().to_owned(), ..Machine::this() };
        let mut notes = Notes::default();
        let found = mounts(&machine, &lines, &mut notes);
        let shown: Vec<_> =
            found.iter().map(|m| (m.target.as_str(), m.fs_type.as_str(), m.options.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("/", "ext4", "rw,relatime,errors=remount-ro"),
                ("/data one", "xfs", "rw,relatime,attr2,prjquota"),
                ("/covered", "nfs4", "rw"),
            ]
        );
        assert!(found[0].size.unwrap() >= found[0].free.unwrap());
        assert_eq!(found[2].size, None, "a network file system is not asked");
        // its directory is not in the tree
        assert_eq!(notes.into_vec().len(), 1);
    }

    #[test]
    fn escapes_are_resolved_and_broken_ones_kept() {
        for (text, plain) in
            [("a\\040b", "a b"), ("\\134", "\\"), ("\\04", "\\04"), ("\\999", "\\999"), ("é\\012", "é\n")]
        {
            assert_eq!(unescape(text), plain);
        }
    }
}

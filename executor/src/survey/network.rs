//! Addresses and listening sockets, in numbers only: no name of a host, port or protocol is looked up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;

use super::format::{Interface, InterfaceAddress, Listening, Notes, Scope};
use super::machine::Machine;

/// All interfaces of this process's network namespace in the kernel's order, each with its addresses.
pub fn interfaces(notes: &mut Notes) -> Vec<Interface> {
    let mut interfaces: Vec<Interface> = Vec::new();
    for entry in notes.take("interfaces", getifaddrs()).into_iter().flatten() {
        // an address with an old-style label stands under `eth0:1`; no interface has a colon in its name
        let name = entry.interface_name.split(':').next().unwrap_or_default().to_owned();
        let address = entry.address.as_ref().and_then(ip).map(|ip| InterfaceAddress {
            address: format!("{ip}/{}", prefix_length(entry.netmask.as_ref(), ip)),
            scope: scope(ip),
        });
        match interfaces.iter_mut().find(|interface| interface.name == name) {
            Some(known) => known.addresses.extend(address),
            None => interfaces.push(Interface { name, addresses: address.into_iter().collect() }),
        }
    }
    interfaces
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = || address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
    v4().or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
}

fn prefix_length(mask: Option<&SockaddrStorage>, of: IpAddr) -> u32 {
    match (mask.and_then(ip), of) {
        (Some(IpAddr::V4(mask)), _) => mask.to_bits().count_ones(),
        (Some(IpAddr::V6(mask)), _) => mask.to_bits().count_ones(),
        (None, IpAddr::V4(_)) => 32,
        (None, IpAddr::V6(_)) => 128,
    }
}

/// The scope that the kernel gives an address by default.
fn scope(ip: IpAddr) -> Scope {
    let link = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    match ip.is_loopback() {
        true => Scope::Host,
        false if link => Scope::Link,
        false => Scope::Global,
    }
}

/// The kernel's tables of sockets (proc_pid_net(5)) and the state of one that waits for others: TCP_LISTEN, and for UDP
/// TCP_CLOSE, which is "not connected".
const TABLES: [(&str, &str, &str); 4] = [
    ("/proc/net/tcp", "tcp", "0A"),
    ("/proc/net/tcp6", "tcp", "0A"),
    ("/proc/net/udp", "udp", "07"),
    ("/proc/net/udp6", "udp", "07"),
];

/// All listening sockets by port.
pub fn listening(machine: &Machine, notes: &mut Notes) -> Vec<Listening> {
    let mut all = Vec::new();
    for (path, protocol, state) in TABLES {
        // a kernel without IPv6 has no tables of it
        let table = notes.take("listening", machine.text_if_there(path)).flatten().unwrap_or_default();
        for line in table.lines().skip(1) {
            let mut columns = line.split_ascii_whitespace().skip(1);
            let (local, seen) = (columns.next().unwrap_or_default(), columns.nth(1).unwrap_or_default());
            if seen == state
                && let Some((address, port)) = socket(local)
            {
                all.push(Listening { port, protocol, address: address.to_string() });
            }
        }
    }
    if all.is_empty() {
        notes.add("listening", "no listening socket was found below /proc/net");
    }
    all.sort();
    all.dedup();
    all
}

/// Reads `0100007F:18EB`: words of 32 bits in the machine's own byte order, and a port.
fn socket(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match address.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let mut bytes = [0; 16];
            for (chunk, at) in bytes.chunks_exact_mut(4).zip([0, 8, 16, 24]) {
                chunk.copy_from_slice(&word(at)?);
            }
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_the_kernel_are_read() {
        for (text, wanted) in [
            ("0100007F:18EB", Some(("127.0.0.1", 6379))),
            ("00000000:0050", Some(("0.0.0.0", 80))),
            ("00000000000000000000000001000000:01BB", Some(("::1", 443))),
            ("0100007F", None),
            ("0100007F:XXXX", None),
            ("é0007F00:0050", None),
        ] {
            let wanted = wanted.map(|(ip, port)| (ip.parse().unwrap(), port));
            assert_eq!(socket(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_loopback_interface_is_there_with_its_scope_and_mask() {
        let mut notes = Notes::default();
        let all = interfaces(&mut notes);
        let lo = all.iter().find(|interface| interface.name == "lo").unwrap();
        assert!(
            lo.addresses
                .contains(&InterfaceAddress { address: "127.0.0.1/8".to_owned(), scope: Scope::Host }),
            "{lo:?}"
        );
        assert_eq!(scope("fe80::1".parse().unwrap()), Scope::Link);
        assert_eq!(scope("169.254.3.4".parse().unwrap()), Scope::Link);
        assert_eq!(scope("192.0.2.1".parse().unwrap()), Scope::Global);
    }
}

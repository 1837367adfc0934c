//! User names as Dex has them, which MKE 4k asks for logins by local users.
//!
//! Dex makes the small letters of what somebody types, finds the `Password` object by them, and then wants its field
//! `email` to be just the same (`storage/kubernetes`): under a name with a capital nobody could log in.

/// The end of every name's bytes: the start value of the 64-bit FNV hash.
const TAIL: [u8; 8] = [0xcb, 0xf2, 0x9c, 0xe4, 0x84, 0x22, 0x23, 0x25];
/// Bytes of a user name, so that its object's name has the 253 characters that Kubernetes takes.
pub const LONGEST: usize = 150;

/// A name in small letters, each letter by itself as Go's `strings.ToLower` does it: a sigma stays the same at a word's
/// end, and `İ`, the only letter whose small one is two characters, becomes the first of them.
pub fn lower(name: &str) -> String {
    name.chars().filter_map(|c| c.to_lowercase().next()).collect()
}

/// The name of the object that Dex looks a user up by: base32 of the small letters and [`TAIL`], in lower case without
/// padding. MKE 4's known issues print the one of `admin`, which a test has.
pub fn object_name(user: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = lower(user).into_bytes();
    bytes.extend(TAIL);
    let mut name = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0_u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let number = u64::from_be_bytes(block);
        for i in 0..(chunk.len() * 8).div_ceil(5) {
            name.push(char::from(ALPHABET[usize::try_from((number >> (35 - 5 * i)) & 31).unwrap_or(0)]));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dex_finds_users_by_the_documented_names() {
        for (user, name) in [
            ("admin", "mfsg22lozpzjzzeeeirsk"),
            ("bill", "mjuwy3gl6koojbbcemsq"),
            ("BOB", "mjxwfs7sttsiiirdeu"),
        ] {
            assert_eq!(object_name(user), name);
        }
    }

    #[test]
    fn small_letters_are_those_of_go() {
        for (name, small) in
            [("CarolAnn", "carolann"), ("ΝΊΚΟΣ", "νίκοσ"), ("İZMİR", "izmir"), ("ǅ", "ǆ"), ("ÀÉ ẞ", "àé ß")]
        {
            assert_eq!(lower(name), small);
        }
        assert!(('\0'..=char::MAX).filter(|c| c.to_lowercase().count() > 1).eq(['İ']));
    }

    #[test]
    fn the_longest_name_is_the_longest_that_kubernetes_takes() {
        assert_eq!(object_name(&"a".repeat(LONGEST)).len(), 253);
        assert!(object_name(&"a".repeat(LONGEST + 1)).len() > 253);
    }
}

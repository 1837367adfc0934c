//! Release codes: a word of one node, typed by a person on another.
//!
//! A code is twelve characters of an alphabet of 32: ten random ones (50 bits), and two that check them. Shown, it is
//! `7K3P-Q9XM-2DT4`. Its reader doesn't mind case, blanks or hyphens, and takes letters that the alphabet leaves out
//! for what they look like: O for 0, I and L for 1, U for V.
//!
//! Guarantees:
//! - The twelve characters are a word of a Reed-Solomon code over GF(32) with distance 3. So any one or two wrong
//!   characters are found, and with them any two characters that changed places, wherever they stand. A mistyped code
//!   ([`Error::CodeMistyped`]) is told apart from the right form of a wrong code ([`Error::CodeWrong`]), and costs no
//!   hash.
//! - [`CodeHash`] tells who holds it whether a code is right, and nothing else. It is bound to site, emitter, receipt
//!   name and attempt, so a code opens one gate; not to a plan, so a corrected set keeps its codes.
//! - [`Code`] shows itself by [`Code::reveal`] only: no Debug, no Display, no Serialize.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use subtle::ConstantTimeEq as _;

use super::word::{Attempt, Word};
use crate::error::Error;
use crate::name::{NodeName, SiteName};

/// Digits and capital letters without I, L, O and U (after Crockford's base 32). The place of a character is its value.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters that carry randomness.
const RANDOM: usize = 10;
/// Characters in all.
const LENGTH: usize = 12;

/// Which word of whom a code says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeId {
    /// The site.
    pub site: SiteName,
    /// The node that can reveal the code.
    pub emitter: NodeName,
    /// What it says.
    pub word: Word,
    /// In which attempt.
    pub attempt: Attempt,
}

impl CodeId {
    /// What the hash is salted with. None of the parts can hold the bar, so no two ids have one salt.
    fn salt(&self) -> String {
        let Self { site, emitter, word, attempt } = self;
        format!("airlift release code 1|{site}|{emitter}|{word}|{attempt}")
    }
}

/// A release code. Values from 0 to 31, the last two being the check over the others.
#[derive(Clone)]
pub struct Code([u8; LENGTH]);

impl Code {
    /// Random bytes that a code takes.
    pub const ENTROPY: usize = 7;

    /// The code with these random bits: the first 50 of seven random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; Self::ENTROPY]) -> Self {
        let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte)) >> 6;
        let mut random = [0; RANDOM];
        for (n, value) in random.iter_mut().enumerate() {
            // Five bits fit.
            *value = (bits >> (5 * (RANDOM - 1 - n)) & 31) as u8;
        }
        Self::with_check(random)
    }

    /// The code in what somebody typed.
    ///
    /// # Errors
    /// [`Error::CodeForm`] for a wrong number of characters or one that no code has; [`Error::CodeMistyped`] when the
    /// check fails. No message shows what was typed.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let mut values = [0; LENGTH];
        let mut length = 0;
        for c in typed.chars().filter(|c| !is_separator(*c)) {
            let value = value_of(c).ok_or(Error::CodeForm { why: "it has a character that no code has" })?;
            if let Some(place) = values.get_mut(length) {
                *place = value;
            }
            length += 1;
        }
        match length {
            LENGTH if syndromes(&values) == (0, 0) => Ok(Self(values)),
            LENGTH => Err(Error::CodeMistyped),
            _ => Err(Error::CodeForm { why: "it has not twelve characters" }),
        }
    }

    /// The code in the open, in groups of four: for the eyes of an operator at the emitter, and for sealing.
    #[must_use]
    pub fn reveal(&self) -> String {
        let mut text = String::with_capacity(LENGTH + 2);
        for (n, value) in self.0.iter().enumerate() {
            if n > 0 && n % 4 == 0 {
                text.push('-');
            }
            text.extend(ALPHABET.get(usize::from(*value)).copied().map(char::from));
        }
        text
    }

    /// Its hash as the word `id`. Takes some milliseconds on purpose.
    #[must_use]
    pub fn hash(&self, id: &CodeId) -> CodeHash {
        let mut hash = [0; CodeHash::LENGTH];
        let text = self.reveal().replace('-', "");
        // Fails for a length of output that scrypt has no use for, and 16 bytes are none.
        let done = scrypt::scrypt(text.as_bytes(), id.salt().as_bytes(), &CodeHash::params(), &mut hash);
        debug_assert!(done.is_ok());
        CodeHash(hash)
    }

    /// Appends the check: the two values that make both sums over all twelve zero.
    fn with_check(random: [u8; RANDOM]) -> Self {
        let mut values = [0; LENGTH];
        values.iter_mut().zip(random).for_each(|(to, from)| *to = from);
        let (plain, weighted) = syndromes(&values);
        // Solve a + b = plain and w10·a + w11·b = weighted; in this field plus is minus.
        let (w10, w11) = (weight(RANDOM), weight(RANDOM + 1));
        let a = multiply(weighted ^ multiply(w11, plain), inverse(w10 ^ w11));
        let [.., first, second] = &mut values;
        *first = a;
        *second = a ^ plain;
        Self(values)
    }
}

impl PartialEq for Code {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Code {}

/// Blanks, hyphens, and the dashes that editors and chat programs make of hyphens.
const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The value of a typed character. Letters outside the alphabet are read as what they are mistaken for: each looks
/// like one character of the alphabet, and where the guess is wrong the check finds it.
fn value_of(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        other => other,
    };
    ALPHABET.iter().position(|letter| char::from(*letter) == c).and_then(|place| u8::try_from(place).ok())
}

/// The sums of all values, plain and weighted. Both are zero in a code. One wrong character makes the plain sum
/// differ; two can only make the plain sum right again by the same amount, and then the weighted sum differs, because
/// no two places have one weight.
fn syndromes(values: &[u8; LENGTH]) -> (u8, u8) {
    let mut sums = (0, 0);
    for (n, value) in values.iter().enumerate() {
        sums = (sums.0 ^ value, sums.1 ^ multiply(weight(n), *value));
    }
    sums
}

/// The weight of a place: the power of x, which generates the 31 non-zero elements, so twelve places differ.
fn weight(place: usize) -> u8 {
    (0..place).fold(1, |power, _| multiply(power, 2))
}

/// Product in GF(32), polynomials over GF(2) modulo x⁵ + x² + 1.
fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0;
    for bit in 0..5 {
        if b >> bit & 1 == 1 {
            product ^= u16::from(a) << bit;
        }
    }
    for bit in (5..9).rev() {
        if product >> bit & 1 == 1 {
            product ^= 0b10_0101 << (bit - 5);
        }
    }
    // The reduction leaves five bits.
    (product & 31) as u8
}

/// `a` to the 30th power: the group of non-zero elements has 31.
fn inverse(a: u8) -> u8 {
    (0..30).fold(1, |power, _| multiply(power, a))
}

/// What a node holds of another node's code: it tells a right code from a wrong one. 32 hexadecimal digits in JSON.
#[derive(Clone, Copy)]
pub struct CodeHash([u8; Self::LENGTH]);

impl CodeHash {
    /// Bytes of the hash. Fifty bits hash to 128, so a wrong code is never taken for right.
    const LENGTH: usize = 16;

    /// Cost of one hash: scrypt with N = 2¹², r = 8, p = 1, that is 4 MiB of memory and around 10 ms on one core of
    /// 2020. Who holds the hashes and guesses tries 2⁴⁹ codes on average for each word: 170,000 core-years, for a word
    /// that is of use during one outage. A site's many hashes do not help: each has a salt of its own, so a guess
    /// serves one word of one node in one attempt.
    ///
    /// A cheaper hash would buy time once, when codes are made, and pay with the only thing between a set's reader and
    /// a forged word, since fifty bits are as many as people will type: with SHA-256 one graphics card finds a word in a
    /// day. All nine attempts are hashed beforehand because a hash has to be in the set before the set goes over the air
    /// gap; who opens attempt 4 can't fetch another. Only words that somebody checks are hashed; a person at a gate
    /// notices nothing of the cost.
    const LOG_N: u8 = 12;
    const R: u32 = 8;
    const P: u32 = 1;

    #[allow(clippy::expect_used)]
    fn params() -> scrypt::Params {
        // The constants are in range: 1 < N, r·p < 2³⁰. Every test of this module runs it.
        scrypt::Params::new(Self::LOG_N, Self::R, Self::P).expect("constant parameters are in range")
    }

    /// Checks a typed code.
    ///
    /// # Errors
    /// [`Error::CodeWrong`] when it is not the code of `id`.
    pub fn verify(&self, code: &Code, id: &CodeId) -> Result<(), Error> {
        if *self == code.hash(id) {
            return Ok(());
        }
        Err(Error::CodeWrong { emitter: id.emitter.clone(), word: id.word, attempt: id.attempt })
    }
}

impl PartialEq for CodeHash {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CodeHash {}

impl fmt::Display for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeHash({self})")
    }
}

impl std::str::FromStr for CodeHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::value("the hash of a code", text, "is not 32 lower-case hexadecimal digits");
        let digit = |c: u8| match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(wrong()),
        };
        if text.len() != 2 * Self::LENGTH {
            return Err(wrong());
        }
        let mut bytes = [0; Self::LENGTH];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = pair.iter().try_fold(0, |byte, c| Ok(byte << 4 | digit(*c)?))?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for CodeHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CodeHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(attempt: u8) -> CodeId {
        CodeId {
            site: "acme".parse().unwrap(),
            emitter: "m1".parse().unwrap(),
            word: Word::Up,
            attempt: Attempt::new(attempt).unwrap(),
        }
    }

    /// Every difference of one or two characters, at every place: by linearity, on every code.
    #[test]
    fn any_one_or_two_wrong_characters_are_found() {
        let mut errors = 0;
        for first in 0..LENGTH {
            for by in 1..32 {
                let mut one = [0; LENGTH];
                one[first] = by;
                assert_ne!(syndromes(&one), (0, 0));
                errors += 1;
                for second in first + 1..LENGTH {
                    for other in 1..32 {
                        let mut two = one;
                        two[second] = other;
                        assert_ne!(syndromes(&two), (0, 0));
                        errors += 1;
                    }
                }
            }
        }
        assert_eq!(errors, 12 * 31 + 66 * 31 * 31);
    }

    #[test]
    fn the_field_is_a_field() {
        for a in 0..32 {
            for b in 0..32 {
                assert_eq!(multiply(a, b), multiply(b, a));
                for c in 0..32 {
                    assert_eq!(multiply(a, b ^ c), multiply(a, b) ^ multiply(a, c));
                    assert_eq!(multiply(a, multiply(b, c)), multiply(multiply(a, b), c));
                }
            }
            assert!(a == 0 || multiply(a, inverse(a)) == 1);
        }
        let weights: std::collections::BTreeSet<u8> = (0..LENGTH).map(weight).collect();
        assert_eq!(weights.len(), LENGTH);
    }

    proptest! {
        #[test]
        fn any_two_characters_that_change_places_are_found(bytes: [u8; Code::ENTROPY], a in 0..LENGTH, b in 0..LENGTH) {
            let mut typed: Vec<char> = Code::from_random(bytes).reveal().replace('-', "").chars().collect();
            let same = typed[a] == typed[b];
            typed.swap(a, b);
            let read = Code::parse(&typed.iter().collect::<String>());
            prop_assert_eq!(read.is_ok(), same);
            prop_assert!(read.is_ok() || matches!(read, Err(Error::CodeMistyped)));
        }

        #[test]
        fn a_code_is_read_as_people_type_it(bytes: [u8; Code::ENTROPY], way in 0..6) {
            let code = Code::from_random(bytes);
            let shown = code.reveal();
            let typed = match way {
                0 => shown.to_lowercase(),
                1 => shown.replace('-', ""),
                2 => format!("  {} \n", shown.replace('-', " – ")),
                3 => shown.replace('0', "o").replace('1', "l"),
                4 => shown.replace('0', "O").replace('1', "I").replace('V', "u"),
                _ => shown.chars().map(|c| format!("{c} ")).collect(),
            };
            prop_assert!(Code::parse(&typed).is_ok_and(|read| read == code));
        }

        #[test]
        fn no_two_randoms_make_one_code(a: [u8; Code::ENTROPY], b: [u8; Code::ENTROPY]) {
            let bits = |bytes: [u8; Code::ENTROPY]| (bytes[..6].to_vec(), bytes[6] >> 6);
            prop_assert_eq!(bits(a) == bits(b), Code::from_random(a).reveal() == Code::from_random(b).reveal());
        }
    }

    #[test]
    fn a_mistyped_code_is_told_apart_from_a_wrong_one() {
        let right = Code::from_random([1; Code::ENTROPY]);
        let wrong = Code::from_random([2; Code::ENTROPY]);
        let hash = right.hash(&id(1));
        assert!(hash.verify(&right, &id(1)).is_ok());
        assert!(matches!(hash.verify(&wrong, &id(1)), Err(Error::CodeWrong { .. })));
        let mut typed = right.reveal();
        let other = if typed.starts_with('0') { "2" } else { "0" };
        typed.replace_range(0..1, other);
        assert!(matches!(Code::parse(&typed), Err(Error::CodeMistyped)));
        for bad in ["", "7K3P-Q9XM-2DT", "7K3P-Q9XM-2DT44", "7K3P-Q9XM-2DT!", "7K3P-Q9XM-2DTÄ"] {
            let Err(error) = Code::parse(bad) else { panic!("{bad}") };
            assert!(matches!(error, Error::CodeForm { .. }));
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
    }

    #[test]
    fn a_hash_is_of_one_word_of_one_node_in_one_attempt() {
        let code = Code::from_random([7; Code::ENTROPY]);
        let hash = code.hash(&id(1));
        let others = [
            CodeId { site: "acme2".parse().unwrap(), ..id(1) },
            CodeId { emitter: "m2".parse().unwrap(), ..id(1) },
            CodeId { word: Word::Back, ..id(1) },
            id(2),
        ];
        for other in others {
            assert!(matches!(hash.verify(&code, &other), Err(Error::CodeWrong { .. })), "{other:?}");
        }
        assert_eq!(hash.to_string().parse::<CodeHash>().unwrap(), hash);
        // What another implementation gets: Python's hashlib.scrypt(b"0W3GE1R70WQM", salt=id.salt(), n=4096, r=8, p=1,
        // dklen=16).
        assert_eq!(code.reveal(), "0W3G-E1R7-0WQM");
        assert_eq!(hash.to_string(), "10cc8889180ee6a06455b725a88be929");
    }
}

//! Sizes and durations in the forms that MKE and Go write.

/// The number of bytes of a size such as `2GB`. Units count in powers of 1024, as Docker's library does that MKE 3
/// uses; the smaller reading could put a full database over its quota.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "ki" | "kib" => 10,
        "m" | "mb" | "mi" | "mib" => 20,
        "g" | "gb" | "gi" | "gib" => 30,
        "t" | "tb" | "ti" | "tib" => 40,
        _ => return None,
    };
    let bytes = number.parse::<u64>().ok()?.checked_mul(1 << shift)?;
    (bytes > 0 && i64::try_from(bytes).is_ok()).then_some(bytes)
}

/// Whether Go's `time.ParseDuration` takes it and it is not negative: `1m0s`, `1.5h`, `0`.
pub fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (digits, after) = rest.split_at(number);
        if !digits.contains(|c: char| c.is_ascii_digit()) || digits.matches('.').count() > 1 {
            return false;
        }
        let Some(unit) = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"]
            .into_iter()
            .find(|u| after.strip_prefix(u).is_some_and(|next| !next.starts_with(char::is_alphabetic)))
        else {
            return false;
        };
        rest = &after[unit.len()..];
    }
    true
}

/// Whether it is a range of ports such as `32768-35535`.
pub fn is_port_range(text: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().ok().filter(|p| *p > 0 && p.to_string() == text);
    text.split_once('-')
        .is_some_and(|(low, high)| matches!((port(low), port(high)), (Some(l), Some(h)) if l <= h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_powers_of_1024() {
        for (text, expected) in [
            ("2GB", Some(2_147_483_648)),
            ("8GB", Some(8_589_934_592)),
            ("4 gb", Some(4_294_967_296)),
            ("8Gi", Some(8_589_934_592)),
            ("8GiB", Some(8_589_934_592)),
            ("500MB", Some(524_288_000)),
            ("100k", Some(102_400)),
            ("1T", Some(1_099_511_627_776)),
            ("2147483648", Some(2_147_483_648)),
            ("2147483648b", Some(2_147_483_648)),
            ("0GB", None),
            ("", None),
            ("GB", None),
            ("-1GB", None),
            ("1.5GB", None),
            ("2PB", None),
            ("2GBs", None),
            ("9999999999GB", None),
            ("8589934592GB", None),
            ("0x10", None),
        ] {
            assert_eq!(bytes(text), expected, "{text:?}");
        }
    }

    #[test]
    fn durations_are_those_of_go() {
        for good in ["0", "0s", "1m0s", "1h2m3s", "1.5h", ".5s", "100ms", "30µs", "5m", "+1s"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["", "1", "s", "1 m", "1d", "1m0", "-1s", "1..5s", ".s", "1m\n", "1M", "١s", "1mm"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn port_ranges_are_ordered_pairs_of_ports() {
        for good in ["32768-35535", "1-65535", "80-80"] {
            assert!(is_port_range(good), "{good}");
        }
        for bad in ["", "1", "0-5", "5-1", "1-65536", "01-5", "1-", "1-2-3", "+1-2", "1 -2"] {
            assert!(!is_port_range(bad), "{bad}");
        }
    }
}

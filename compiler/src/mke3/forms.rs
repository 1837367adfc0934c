//! The forms of text that MKE 3 uses: durations, quantities, sizes, schedules, addresses, certificates, flags.
//!
//! Each check gives back what is wrong in words that fit after "the value ...". They accept what MKE accepts, no
//! less: where a page leaves a form open, the check does too.

use super::catalog::Form;
use ipnet::IpNet;
use std::net::IpAddr;
use x509_parser::pem::Pem;

/// What is wrong with a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// A clause: "has no unit".
    pub(crate) why: String,
    /// How a right value looks, as a whole sentence without a stop.
    pub(crate) help: &'static str,
    /// False where MKE may well accept it.
    pub(crate) sure: bool,
}

/// Checks a text that is not empty. `name` is its key in a free map.
pub(crate) fn check(form: Form, text: &str, name: &str) -> Result<(), Problem> {
    let problem = |why: &str, help| Err(Problem { why: why.to_owned(), help, sure: true });
    match form {
        Form::Any => Ok(()),
        Form::Duration => match duration(text) {
            Some(_) => Ok(()),
            None => problem("is no duration", DURATION),
        },
        Form::Quantity if !quantity(text) => problem("is no quantity", QUANTITY),
        Form::Size if !size(text) => problem("is no size", "write a number with a unit, for example \"4GB\""),
        Form::Cron => cron(text).map_err(|why| Problem { why, help: CRON, sure: true }),
        Form::Pem => pem(text),
        Form::Cidr if text.parse::<IpNet>().is_err() => problem("is no address range", CIDR),
        Form::CidrList if text.split(',').any(|part| part.trim().parse::<IpNet>().is_err()) => problem(
            "is no list of address ranges",
            "put commas between, for example \"10.1.0.0/24,10.2.0.0/24\"",
        ),
        Form::PortRange => match port_range(text) {
            Some(_) => Ok(()),
            None => problem(
                "is no range of ports",
                "write the lower and the higher port, for example \"30000-32767\"",
            ),
        },
        Form::Ip if text.parse::<IpAddr>().is_err() => {
            problem("is no IP address", "write one address, for example \"10.0.0.53\"")
        }
        Form::IpRange if !ip_range(text) => {
            problem("is no range of addresses", "write \"10.0.0.0/24\" or \"10.0.0.10-10.0.0.20\"")
        }
        Form::Url
            if !text
                .split_once("://")
                .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty()) =>
        {
            Err(Problem {
                why: "has no scheme".to_owned(),
                help: "write the whole address, for example \"https://host.example.com\"",
                sure: false,
            })
        }
        Form::Path if !text.starts_with('/') => {
            Err(Problem { why: "is no absolute path".to_owned(), help: "begin it with `/`", sure: false })
        }
        Form::Reserved if reserved(text).is_none() => {
            problem("is no list of reserved resources", "write for example \"cpu=250m,memory=2Gi\"")
        }
        Form::Flag => flag(text),
        Form::FlagText if text.contains(['\n', '\r', '\0']) => {
            problem("breaks the line", "write all flags in one line, with blanks between")
        }
        Form::FlagText => text.split_whitespace().try_for_each(flag),
        Form::Service => service(text, name),
        Form::Namespaced if !namespaced(text) => problem("names no object", "write `namespace/name`"),
        _ => Ok(()),
    }
}

const DURATION: &str =
    "write numbers with units `ns`, `us`, `ms`, `s`, `m`, `h`, for example \"90s\" or \"1m30s\"";
const QUANTITY: &str = "write a Kubernetes quantity, for example \"2Gi\" or \"500m\"";
const CRON: &str =
    "write six fields with seconds first, for example \"0 30 2 * * *\", or \"@midnight\", \"@every 72h\"";
const CIDR: &str = "write address and prefix length, for example \"192.168.0.0/16\"";

/// Nanoseconds of a duration as Go's `time.ParseDuration` reads it.
pub(crate) fn duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.into() };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        // Digits past the ninth are below a nanosecond of every unit but hours and minutes; Go cuts there too.
        let digits: String = fraction.chars().take(9).collect();
        if !digits.is_empty() {
            let scale = 10_i128.pow(u32::try_from(digits.len()).ok()?);
            total = total.checked_add(i128::from(digits.parse::<u64>().ok()?) * unit / scale)?;
        }
        rest = next;
    }
    // Go holds 63 bits.
    i64::try_from(total).ok().map(|_| sign * total)
}

/// Whether Kubernetes reads it as a quantity.
fn quantity(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let plain = number.matches('.').count() <= 1 && number.contains(|c: char| c.is_ascii_digit());
    let units = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let exponent = suffix
        .strip_prefix(['e', 'E'])
        .map(|e| e.strip_prefix(['+', '-']).unwrap_or(e))
        .is_some_and(|e| !e.is_empty() && e.chars().all(|c| c.is_ascii_digit()));
    plain && (units.contains(&suffix) || exponent)
}

/// Whether it is a size of the old kind. `auto` is RethinkDB's.
fn size(text: &str) -> bool {
    if text.eq_ignore_ascii_case("auto") {
        return true;
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let unit = unit.strip_suffix('i').unwrap_or(unit);
    !number.is_empty() && ["", "k", "m", "g", "t"].contains(&unit)
}

/// A schedule as MKE's cron library reads it: seconds first, the weekday may be left out.
fn cron(text: &str) -> Result<(), String> {
    let text = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
        Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest).trim_start(),
        None => text,
    };
    if let Some(word) = text.strip_prefix('@') {
        if let Some(every) = word.strip_prefix("every ") {
            return match duration(every.trim()) {
                Some(d) if d > 0 => Ok(()),
                _ => Err(format!("repeats every `{}`, which is no duration", every.trim())),
            };
        }
        let known = ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];
        return match known.contains(&word) {
            true => Ok(()),
            false => Err(format!("uses `@{word}`, which is no schedule")),
        };
    }
    let fields: Vec<_> = text.split_whitespace().collect();
    if !(5..=6).contains(&fields.len()) {
        return Err(format!("has {} fields instead of six", fields.len()));
    }
    const FIELDS: [(&str, u32, u32, &[&str]); 6] = [
        ("second", 0, 59, &[]),
        ("minute", 0, 59, &[]),
        ("hour", 0, 23, &[]),
        ("day", 1, 31, &[]),
        (
            "month",
            1,
            12,
            &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        ),
        ("weekday", 0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ];
    for (field, (what, low, high, names)) in fields.iter().zip(FIELDS) {
        let number = |text: &str| {
            let name =
                names.iter().zip(low..).find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, n)| n);
            name.or_else(|| text.parse().ok()).filter(|n| (low..=high).contains(n))
        };
        let part = |part: &str| {
            let (span, step) = part.split_once('/').map_or((part, "1"), |(span, step)| (span, step));
            let span = span == "*"
                || span == "?"
                || match span.split_once('-') {
                    Some((a, b)) => number(a).zip(number(b)).is_some_and(|(a, b)| a <= b),
                    None => number(span).is_some(),
                };
            span && step.parse::<u32>().is_ok_and(|step| step > 0)
        };
        if !field.split(',').all(part) {
            return Err(format!("has `{field}` as its {what}"));
        }
    }
    Ok(())
}

/// Certificates, and nothing but certificates.
fn pem(text: &str) -> Result<(), Problem> {
    let wrong = |why: String| {
        Err(Problem {
            why,
            help: "paste the whole PEM text, `-----BEGIN CERTIFICATE-----` and the end line included",
            sure: true,
        })
    };
    let mut count = 0;
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        count += 1;
        match block {
            Ok(pem) if pem.label != "CERTIFICATE" => {
                return wrong(format!("holds a `{}` where certificates belong", pem.label));
            }
            Ok(pem) if pem.parse_x509().is_err() => {
                return wrong(format!("holds a damaged certificate (number {count})"));
            }
            Ok(_) => {}
            Err(_) => return wrong(format!("holds a broken PEM block (number {count})")),
        }
    }
    match count {
        0 => wrong("holds no certificate".to_owned()),
        _ => Ok(()),
    }
}

/// Lower and higher port.
fn port_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-')?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low > 0 && low <= high).then_some((low, high))
}

fn ip_range(text: &str) -> bool {
    match text.split_once('-') {
        Some((a, b)) => match (a.trim().parse::<IpAddr>(), b.trim().parse::<IpAddr>()) {
            (Ok(a), Ok(b)) => a.is_ipv4() == b.is_ipv4() && a <= b,
            _ => false,
        },
        None => text.parse::<IpNet>().is_ok(),
    }
}

/// `cpu=250m,memory=2Gi` as pairs.
fn reserved(text: &str) -> Option<Vec<(&str, &str)>> {
    text.split(',')
        .map(|part| part.trim().split_once('=').filter(|(name, amount)| !name.is_empty() && quantity(amount)))
        .collect()
}

fn flag(text: &str) -> Result<(), Problem> {
    let wrong = |why: &str| {
        Err(Problem {
            why: why.to_owned(),
            help: "write each flag whole: `--name=value`, or `--name` for true",
            sure: true,
        })
    };
    if text.contains(['\n', '\r', '\0']) {
        return wrong("breaks the line");
    }
    let Some(flag) = text.strip_prefix("--") else { return wrong("is no flag") };
    let name = flag.split('=').next().unwrap_or_default();
    if name.is_empty() || name.starts_with('-') || name.contains(char::is_whitespace) {
        return wrong("is no flag");
    }
    Ok(())
}

fn service(text: &str, port: &str) -> Result<(), Problem> {
    let wrong =
        |why: String| Err(Problem { why, help: "write `PORT = \"namespace/service:port\"`", sure: true });
    // A port has one way to be written, so that an exposed port of the same number is found to be the same.
    if !port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port) {
        return wrong(format!("stands under `{port}`, which is no port"));
    }
    match text.split_once(':') {
        Some((name, port)) if namespaced(name) && !port.is_empty() => Ok(()),
        _ => wrong("names no service and port".to_owned()),
    }
}

fn namespaced(text: &str) -> bool {
    text.split_once('/').is_some_and(|(ns, name)| !ns.is_empty() && !name.is_empty() && !name.contains('/'))
}

/// Seconds between two runs, where that can be told without a calendar: `@every`.
pub(crate) fn every(text: &str) -> Option<i128> {
    duration(text.strip_prefix("@every ")?.trim()).map(|ns| ns / 1_000_000_000)
}

/// A Windows path with each doubled backslash as one: MKE prints both forms.
pub(crate) fn windows_path(text: &str) -> String {
    text.replace("\\\\", "\\")
}

/// Whether an address carries a password: `http://user:password@proxy`.
pub(crate) fn carries_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // An `@` after a slash can still belong to an unescaped password: better to hide too much.
    let login = authority.rsplit_once('@').or_else(|| rest.rsplit_once('@'));
    login.is_some_and(|(login, _)| login.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let cases: [(&str, Option<i128>); 14] = [
            ("1m0s", Some(60_000_000_000)),
            ("60s", Some(60_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            (".5s", Some(500_000_000)),
            ("-2ms", Some(-2_000_000)),
            ("0", Some(0)),
            ("1µs", Some(1_000)),
            ("1d", None),
            ("10", None),
            ("", None),
            ("-", None),
            ("s", None),
            ("1 h", None),
            ("9999999999h", None),
        ];
        for (text, want) in cases {
            assert_eq!(duration(text), want, "{text}");
        }
    }

    #[test]
    fn each_form_takes_what_mke_takes_and_nothing_else() {
        let cases: [(Form, &[&str], &[&str]); 13] = [
            (Form::Quantity, &["2Gi", "500m", "1.5", "1e3", "+1k"], &["2GB", "Gi", "1.2.3", "2 Gi"]),
            (Form::Size, &["2GB", "512MB", "auto", "1 gb", "4g", "100"], &["GB", "2XB", "-1GB"]),
            (
                Form::Cron,
                &[
                    "0 30 2 * * *",
                    "0 0 */4 * * MON-FRI",
                    "0 0 1,15 * ?",
                    "@midnight",
                    "@every 72h",
                    "TZ=UTC 0 0 0 * * *",
                ],
                &[
                    "* * *",
                    "60 * * * * *",
                    "@every x",
                    "@every 0s",
                    "@reboot",
                    "0 0 0 * * *-3",
                    "a b c d e f",
                ],
            ),
            (Form::Cidr, &["10.0.0.0/8", "fd00::/64"], &["10.0.0.0", "10.0.0.0/33"]),
            (Form::CidrList, &["10.0.0.0/8, 11.0.0.0/8"], &["10.0.0.0/8;11.0.0.0/8"]),
            (Form::PortRange, &["30000-32767", "80-80"], &["80", "90-80", "0-80", "1-65536"]),
            (
                Form::IpRange,
                &["10.0.0.0/24", "10.0.0.1-10.0.0.9"],
                &["10.0.0.9-10.0.0.1", "10.0.0.1-::1", "x"],
            ),
            (Form::Url, &["https://a", "ldap://b:389"], &["a", "://a", "https://"]),
            (Form::Reserved, &["cpu=250m,memory=2Gi", "cpu=1, pid=100"], &["cpu", "cpu=x", "=1", ""]),
            (
                Form::Flag,
                &["--a", "--a=b c", "--a=b=c,d"],
                &["-a", "a=b", "--", "--a b", "--=x", "---a", "--a=\nb", "--a=\0"],
            ),
            (Form::FlagText, &["--a=1 --b", " --a "], &["--a 1", "--a\n--b"]),
            (Form::Service, &["ns/svc:80", "ns/svc:http:PROXY"], &["svc:80", "ns/svc", "ns/svc:", "/svc:80"]),
            (Form::Namespaced, &["ns/name"], &["name", "a/b/c", "/b"]),
        ];
        for (form, right, wrong) in cases {
            for text in right {
                assert_eq!(check(form, text, "80"), Ok(()), "{form:?} {text}");
            }
            for text in wrong {
                assert!(check(form, text, "80").is_err(), "{form:?} {text}");
            }
        }
        for port in ["http", "0", "012", "+80", "-80", "8.0", " 80", "65536", ""] {
            assert!(check(Form::Service, "ns/svc:80", port).is_err(), "{port:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_noticed() {
        for (url, carries) in [
            ("http://proxy:3128", false),
            ("http://user@proxy:3128", false),
            ("http://user:pw@proxy:3128", true),
            ("user:pw@proxy", true),
            ("http://user:p/w@proxy", true),
            ("http://user@host:80/a", false),
        ] {
            assert_eq!(carries_password(url), carries, "{url}");
        }
    }
}

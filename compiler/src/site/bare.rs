//! What the rest of the compiler asks of a site beside its inputs: which of them are secret, and what can be said
//! of a site that has no directory.

use super::files::SiteFiles;
use super::overrides::{Flag, Overrides};
use super::settings::Settings;
use super::values::{Date, Version};
use super::whole::{Parts, Site};
use crate::contract::SourceVersion;
use crate::diag::Findings;
use crate::source::File;

/// Stands in for site.yaml where there is only a TOML file. The version is that of a cluster whose version nobody told.
const BARE: &str = "site: bare\nserial: 1\nmke3_version: 3.8.0\nairgap: false\n";

impl Parts {
    /// Settings from flags alone, for a bare TOML file: no directory, no nodes.
    pub fn read_bare(files: &SiteFiles, overrides: &Overrides, findings: &mut Findings) -> Self {
        let file = File::new("command line", BARE);
        let reading = Settings::read(&file, overrides, findings);
        let settings = reading.filter(|r| r.complete).map(|r| r.settings);
        Self::registries_only(settings, files, findings)
    }
}

impl Overrides {
    /// Whether a flag was given.
    pub fn has(&self, flag: Flag) -> bool {
        self.field(flag).is_some()
    }
}

impl Site {
    /// Labels of the inputs that are secret as a whole; the TOML file, which holds secrets among other things, is none.
    pub fn secret_labels(&self) -> impl Iterator<Item = &str> {
        let license = self.settings.license_file.as_ref().map(|file| file.value.as_str());
        let credentials = [&self.registries.image_credentials, &self.registries.chart_credentials];
        credentials.into_iter().flatten().map(|c| c.label.as_str()).chain(license)
    }
}

impl From<Version> for SourceVersion {
    /// The major number is 3: reading `mke3_version` refuses any other.
    fn from(version: Version) -> Self {
        Self { minor: version.minor.into(), patch: version.patch.into() }
    }
}

impl Date {
    /// The day that is this many days after 1970-01-01, by the Gregorian calendar.
    pub fn from_days(days: i64) -> Self {
        // Howard Hinnant's civil_from_days, for days from 1970 on.
        let z = days.max(0) + 719_468;
        let era = z / 146_097;
        let doe = z % 146_097;
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        let small = |n: i64| u16::try_from(n).unwrap_or(u16::MAX);
        Self { year: small(year), month: small(month) as u8, day: small(day) as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for days in (0..60_000).step_by(7).chain([0, 59, 60, 365, 789, 11_016, 20_779]) {
            assert_eq!(Date::from_days(days).days(), days);
        }
    }
}

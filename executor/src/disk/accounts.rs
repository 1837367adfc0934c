//! Users and groups by the files alone: the C library's look-up would load whatever nsswitch.conf names.

use std::path::Path;

use airlift_bundle::value::Account;

use super::error::DiskError;
use super::files::read_all;
use super::seam::Disk;

/// The number of a user: itself, or what `/etc/passwd` has.
///
/// # Errors
/// No such user there.
pub fn resolve_user(disk: &dyn Disk, account: &Account) -> Result<u32, DiskError> {
    resolve(disk, account, Path::new("/etc/passwd"))
}

/// The number of a group: itself, or what `/etc/group` has.
///
/// # Errors
/// No such group there.
pub fn resolve_group(disk: &dyn Disk, account: &Account) -> Result<u32, DiskError> {
    resolve(disk, account, Path::new("/etc/group"))
}

/// Both files have the name in the first field and the number in the third.
fn resolve(disk: &dyn Disk, account: &Account, file: &Path) -> Result<u32, DiskError> {
    if let Some(number) = account.number() {
        return Ok(number);
    }
    if *account == Account::root() {
        return Ok(0);
    }
    let text = read_all(disk, file, 16 << 20)?;
    let number = String::from_utf8_lossy(&text).lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(account.as_str())).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    number.ok_or_else(|| {
        DiskError::said("find an account in", file, format!("it has no {account}; make it, or give a number"))
    })
}

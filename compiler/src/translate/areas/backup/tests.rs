use super::*;
use crate::translate::testing::{Run, each_change_names_its_key, each_key_has_one_fate, run_by, toml};

const ON: &[(&str, &str)] =
    &[(ENABLED, "true"), (PATH, "\"/srv/backup\""), (CRON, "\"0 30 2 * * *\""), (PASSPHRASE, "\"hidden\"")];

fn run(more: &[(&str, &str)], decisions: &[(&str, &str)]) -> Run {
    run_by(RULES, &toml(&[ON, more].concat()), "v4.2.1", decisions)
}

#[test]
fn every_key_has_one_fate_and_every_change_names_its_key() {
    let bases: &[&[(&str, &str)]] = &[
        &[],
        // Without the passphrase, which excludes `no_passphrase`.
        &ON[..3],
        &ON[..1],
        &[ON[0], ON[1], (CRON, "\"@every 12h\"")],
        &[ON[0], ON[1], (CRON, "\"TZ=Europe/Berlin 0 30 2 * * *\"")],
        &[(CLEAN_UP, "true"), (CLEAN_CRON, "\"@every 168h\"")],
    ];
    each_key_has_one_fate(RULES, bases, &[]);
    each_key_has_one_fate(RULES, bases, &[(PATH, "/b"), (CRON, "@daily"), (PASSPHRASE, "slot")]);
    each_key_has_one_fate(RULES, bases, &[(CRON, "leader-only"), (PASSPHRASE, "no-encryption")]);
    each_change_names_its_key(RULES, bases, &[]);
    each_change_names_its_key(RULES, bases, &[(CRON, "leader-only"), (PASSPHRASE, "slot")]);
}

#[test]
fn no_schedule_runs_at_other_times_than_before() {
    for (old, new) in
        [("0 30 2 * * *", "0 30 2 * * *"), ("0 30 2 * *", "0 30 2 * * *"), ("@midnight", "@midnight")]
    {
        let found = run(&[(CRON, &format!("{old:?}"))], &[]);
        assert_eq!(found.text("backup.schedule.cronExpression").as_deref(), Some(new), "{old}");
        assert_eq!(found.text("backup.schedule.replication").as_deref(), Some("AllControllers"));
        assert!(!found.findings.stop());
    }
    for asked in ["\"@every 12h\"", "\"\"", "\"TZ=Europe/Berlin 0 30 2 * * *\""] {
        let found = run(&[(CRON, asked)], &[]);
        assert_eq!(found.text("backup.schedule.cronExpression"), None, "{asked}");
        assert!(found.findings.stop(), "{asked}");
    }
    let leader = run(&[(CRON, "\"@every 12h\"")], &[(CRON, "leader-only")]);
    assert_eq!(leader.text("backup.schedule.cronExpression").as_deref(), Some("@every 12h"));
    assert_eq!(leader.text("backup.schedule.replication").as_deref(), Some("LeaderOnly"));
}

#[test]
fn a_limit_below_one_keeps_all_backups() {
    for (limit, retain) in [("14", "14"), ("0", "0"), ("-1", "0")] {
        let found = run(&[(LIMIT, limit)], &[]);
        assert_eq!(found.text("backup.schedule.retain").as_deref(), Some(retain));
    }
}

#[test]
fn the_passphrase_becomes_a_secret_with_a_slot() {
    let found = run(&[], &[]);
    insta::assert_snapshot!(found.manifest(SECRET).unwrap());
    let name = "backup.schedule.encryption.passphraseSecretRef.name";
    assert_eq!(found.text(name).as_deref(), Some(SECRET));
    let without = run(&[(PASSPHRASE, "\"\""), (NO_PASSPHRASE, "true")], &[]);
    assert_eq!((without.text(name), without.manifest(SECRET)), (None, None));
    assert!(run(&[(PASSPHRASE, "\"\"")], &[]).findings.stop());
}

#[test]
fn a_release_without_schedules_says_so_once() {
    for contract in ["v4.0.0", "v4.1.0", "v4.1.2", "v4.1.5"] {
        let found = run_by(RULES, &toml(ON), contract, &[]);
        assert_eq!(found.codes(), ["T303"], "{contract}");
    }
    let off = run_by(RULES, &toml(&[(DELAY, "3")]), "v4.2.1", &[]);
    assert_eq!(off.text("backup.notificationDelay").as_deref(), Some("3"));
    assert_eq!(off.text("backup.schedule.enabled"), None);
}

#[test]
fn clean_up_of_etcd_goes_where_the_release_has_it() {
    let file = toml(&[(CLEAN_UP, "true"), (CLEAN_CRON, "\"@every 168h\""), (MIN_TTL, "600")]);
    let found = run_by(RULES, &file, "v4.1.5", &[]);
    let field = |name: &str| found.text(&format!("etcd.maintenanceService.{name}"));
    assert_eq!(field("cronExpression").as_deref(), Some("@every 168h"));
    assert_eq!(field("minTTLToKeepSeconds").as_deref(), Some("600"));
    assert_eq!(field("defragEnabled").as_deref(), Some("false"));
    assert_eq!(run_by(RULES, &file, "v4.1.2", &[]).codes(), ["T303"]);
}

#[test]
fn messages_about_backups() {
    let enterprise = include_str!("../../../../../tests/fixtures/mke3/enterprise.toml");
    insta::assert_snapshot!("enterprise_old", run_by(RULES, enterprise, "v4.1.5", &[]).rendered());
    insta::assert_snapshot!("enterprise_new", run_by(RULES, enterprise, "v4.2.1", &[]).rendered());
    let unsupported = include_str!("../../../../../tests/fixtures/mke3/unsupported.toml");
    insta::assert_snapshot!("unsupported_backups", run_by(RULES, unsupported, "v4.2.1", &[]).rendered());
}

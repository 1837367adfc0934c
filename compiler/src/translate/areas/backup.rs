//! Backups and etcd clean-up.
//!
//! Schedules change their meaning where they keep their text: MKE 3 reads five fields as beginning with seconds, MKE 4k
//! as plain crontab. None is written that would run at other times than before.

use crate::diag::{Finding, codes::translate as code};
use crate::document::{Scalar, Tree};
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question, Rule};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule::code(&[ENABLED, PATH, CRON, LIMIT, LOGS, PASSPHRASE, NO_PASSPHRASE, DELAY], backup),
    Rule::code(&[CLEAN_UP, CLEAN_CRON, MIN_TTL, DEFRAG, PAUSE, TIMEOUT], clean_up),
];

/// What may be decided here.
pub const DECISIONS: &[&str] = &[PATH, CRON, PASSPHRASE, CLEAN_CRON];

const ENABLED: &str = "backup_schedule_config.enabled";
const PATH: &str = "backup_schedule_config.path";
const CRON: &str = "backup_schedule_config.cron_spec";
const LIMIT: &str = "backup_schedule_config.backups_limit";
const LOGS: &str = "backup_schedule_config.include_logs";
const PASSPHRASE: &str = "backup_schedule_config.passphrase";
const NO_PASSPHRASE: &str = "backup_schedule_config.no_passphrase";
const DELAY: &str = "backup_schedule_config.notification_delay";
const CLEAN_UP: &str = "etcd_cleanup_schedule_config.cleanup_enabled";
const CLEAN_CRON: &str = "etcd_cleanup_schedule_config.cron_expression";
const MIN_TTL: &str = "etcd_cleanup_schedule_config.min_ttl_to_keep_seconds";
const DEFRAG: &str = "etcd_cleanup_schedule_config.defrag_enabled";
const PAUSE: &str = "etcd_cleanup_schedule_config.defrag_pause_seconds";
const TIMEOUT: &str = "etcd_cleanup_schedule_config.defrag_timeout_seconds";

/// The Secret that the vendor's upgrade makes, in the namespace `mke`.
const SECRET: &str = "mke-backup-passphrase";
/// The member of that Secret. No page names it: inferred from the field `passphraseSecretRef`.
const SECRET_MEMBER: &str = "passphrase";

fn backup(ctx: &mut Ctx<'_>) {
    const SCHEDULE: &[&str] = &[ENABLED, PATH, CRON, LIMIT, LOGS, PASSPHRASE, NO_PASSPHRASE];
    let on = ctx.mke3.bool(ENABLED);
    if !on.value {
        delay(ctx);
        return ctx.drop_all(
            "the rest of `backup_schedule_config`",
            SCHEDULE,
            "scheduled backups are off",
            false,
        );
    }
    if !ctx.contract.has("backup.schedule") {
        let why = format!("{} makes no backups by schedule", ctx.contract.id);
        let finding = Finding::new(code::NO_FIELD, format!("the backup schedule is lost: {why}")).help(
            if ctx.contract.has("backup.storage_provider") {
                "back up by hand; in this release a schedule for Velero is documented as unsupported"
            } else {
                "let a timer of your own run `mkectl backup`"
            },
        );
        return ctx.drop_as(&[SCHEDULE, &[DELAY]].concat(), &why, finding);
    }
    delay(ctx);
    let why = on.origin.clone();
    ctx.put("backup.schedule.enabled", on);
    ctx.fate(ENABLED, Fate::Copied, "");
    path(ctx, &why);
    schedule(ctx, &why);
    let keep = ctx.mke3.int(LIMIT).map(|n| n.max(0)).because(&why);
    ctx.put("backup.schedule.retain", keep);
    ctx.fate(LIMIT, Fate::Converted, "");
    ctx.put("backup.schedule.includeLogs", ctx.mke3.bool(LOGS).because(&why));
    ctx.fate(LOGS, Fate::Copied, "the spelling of the field is inferred");
    encryption(ctx, &why);
}

/// Carried with the schedule off as well.
fn delay(ctx: &mut Ctx<'_>) {
    const FIELD: &str = "backup.notificationDelay";
    if !ctx.contract.has(FIELD) || ctx.mke3.is_default(DELAY) {
        return ctx.no_field(DELAY, FIELD);
    }
    ctx.put(FIELD, ctx.mke3.int(DELAY));
    ctx.fate(DELAY, Fate::Renamed, "");
}

fn path(ctx: &mut Ctx<'_>, why: &Origin) {
    let path = ctx.mke3.str(PATH);
    let path = match path.value.is_empty() {
        false => Some(path),
        true => {
            let ask = "backups are on without a `path`: which directory on each controller takes them";
            let check = |text: &str| match text.starts_with('/') {
                true => Ok(()),
                false => Err("it is no absolute path".to_owned()),
            };
            ctx.ask_text(PATH, ask, None, check).map(|answer| answer.because(&path.origin))
        }
    };
    let Some(path) = path else { return ctx.undecided(PATH) };
    ctx.tell(
        PATH,
        code::MEANING,
        format!(
            "`{}` must be local to each controller, no shared mount: every one of them writes its backups there",
            path.value
        ),
    );
    ctx.put("backup.schedule.path", path.because(why));
    ctx.fate(PATH, Fate::Copied, "");
}

/// Which controllers write; the vendor's upgrade always sets this one.
const ALL: &str = "AllControllers";
/// `@every` has no fixed hours, so the controllers could not agree on them.
const LEADER: &str = "LeaderOnly";

fn schedule(ctx: &mut Ctx<'_>, why: &Origin) {
    let old = ctx.mke3.str(CRON);
    let Some(new) = plain_schedule(ctx, &old) else { return ctx.undecided(CRON) };
    let every = new.value.starts_with("@every");
    let (new, who) = if every {
        let Some(answer) = ctx.decide(&every_question(&new.value)) else { return ctx.undecided(CRON) };
        let leader = answer.value == "leader-only";
        let who = answer.map_ref(|_| if leader { LEADER } else { ALL }).because(&new.origin);
        let new = new.map(|text| if leader { text } else { "@daily".to_owned() });
        (new.because(&answer.origin), who)
    } else {
        let who = new.map_ref(|_| ALL);
        (new, who)
    };
    if !new.value.starts_with("@every") {
        ctx.tell(
            CRON,
            code::MEANING,
            format!("the backup schedule `{}` is read in UTC by MKE 4k", new.value),
        );
    }
    ctx.put("backup.schedule.cronExpression", new.because(why));
    ctx.put("backup.schedule.replication", who.because(why));
    ctx.fate(CRON, Fate::Converted, "");
}

/// The schedule in a form that MKE 4k reads as MKE 3 did.
fn plain_schedule(ctx: &mut Ctx<'_>, old: &Tracked<String>) -> Option<Tracked<String>> {
    let ask = match old.value.split_whitespace().count() {
        _ if old.value.starts_with('@') => return Some(old.clone()),
        0 => "backups are on without a `cron_spec`: when does MKE 4k make them".to_owned(),
        _ if old.value.contains("TZ=") => {
            format!("MKE 4k reads schedules in UTC: which schedule stands for `{}`", old.value)
        }
        // Seconds first and no weekday there, minutes first and a weekday here.
        5 => return Some(old.clone().map(|text| format!("{} *", text.trim()))),
        _ => return Some(old.clone()),
    };
    let check = |text: &str| {
        let word = text.starts_with('@') && !text.starts_with("@every");
        match word || (!text.contains('=') && (5..=6).contains(&text.split_whitespace().count())) {
            true => Ok(()),
            false => Err("write five fields, six with seconds first, or a word such as `@daily`".to_owned()),
        }
    };
    let answer = ctx.ask_text(CRON, &ask, None, check)?;
    Some(answer.because(&old.origin))
}

fn every_question(schedule: &str) -> Question<'static> {
    Question {
        key: CRON,
        ask: format!("all controllers can't keep `{schedule}` together: it has no fixed hours"),
        choices: &[
            Choice { name: "leader-only", effect: "keep it, and let the leader alone write backups" },
            Choice {
                name: "daily",
                effect: "write `@daily` (midnight UTC), and let all controllers write backups",
            },
        ],
        proposal: None,
    }
}

fn encryption(ctx: &mut Ctx<'_>, why: &Origin) {
    let without = ctx.mke3.bool(NO_PASSPHRASE);
    if without.value {
        ctx.fate(NO_PASSPHRASE, Fate::Dropped, "the schedule has no `encryption` then");
        return ctx.idle(&[PASSPHRASE], "backups have no passphrase");
    }
    let slot = match ctx.mke3.secret(PASSPHRASE) {
        Some(slot) => Some(slot.map(|slot| slot.name().to_owned())),
        None => {
            let absent = ctx.origin_of(PASSPHRASE);
            match ctx.decide(&no_phrase()) {
                Some(answer) if answer.value == "slot" => {
                    Some(answer.map(|_| format!("mke4/{SECRET}")).because(&absent))
                }
                Some(_) => None,
                None => {
                    ctx.undecided(PASSPHRASE);
                    return ctx.undecided(NO_PASSPHRASE);
                }
            }
        }
    };
    let Some(slot) = slot else {
        return ctx.idle(&[PASSPHRASE, NO_PASSPHRASE], "an operator leaves backups unencrypted");
    };
    let why = why.clone().with(&without.origin).with(&slot.origin);
    ctx.put("backup.schedule.encryption.passphraseSecretRef.name", Tree::leaf(SECRET, &why));
    let word = |text: &str| Tree::leaf(text, &why);
    let mut secret = Tree::map();
    secret.set("apiVersion", word("v1"));
    secret.set("kind", word("Secret"));
    secret.set("metadata.name", word(SECRET));
    secret.set("metadata.namespace", word("mke"));
    secret.set("type", word("Opaque"));
    secret.set(&format!("stringData.{SECRET_MEMBER}"), slot.map(Scalar::Secret).because(&why));
    ctx.object(SECRET, secret);
    ctx.fate(PASSPHRASE, Fate::Moved, "a Secret");
    ctx.fate(NO_PASSPHRASE, Fate::Merged, "");
}

fn no_phrase() -> Question<'static> {
    Question {
        key: PASSPHRASE,
        ask: "backups are to be encrypted, but the file does not hold the passphrase".to_owned(),
        choices: &[
            Choice { name: "slot", effect: "leave a slot, and give the passphrase when secrets are sealed" },
            Choice { name: "no-encryption", effect: "MKE 4k writes backups that anybody can read" },
        ],
        proposal: None,
    }
}

fn clean_up(ctx: &mut Ctx<'_>) {
    const KEYS: &[&str] = &[CLEAN_UP, CLEAN_CRON, MIN_TTL, DEFRAG, PAUSE, TIMEOUT];
    let on = ctx.mke3.bool(CLEAN_UP);
    if !on.value {
        let why = "scheduled clean-up of etcd is off";
        return ctx.drop_all("the rest of `etcd_cleanup_schedule_config`", KEYS, why, false);
    }
    if !ctx.contract.has("etcd.maintenanceService.cleanupEnabled") {
        let why = format!("{} cleans up nothing by schedule", ctx.contract.id);
        let finding = Finding::new(code::NO_FIELD, format!("the clean-up of etcd is lost: {why}"))
            .help("choose v4.1.5 or later, or defragment etcd by hand when it grows");
        return ctx.drop_as(KEYS, &why, finding);
    }
    let why = on.origin.clone();
    let field = |name: &str| format!("etcd.maintenanceService.{name}");
    ctx.put(&field("cleanupEnabled"), on);
    ctx.put(&field("defragEnabled"), ctx.mke3.bool(DEFRAG).because(&why));
    for (key, name) in
        [(MIN_TTL, "minTTLToKeepSeconds"), (PAUSE, "defragPauseSeconds"), (TIMEOUT, "defragTimeoutSeconds")]
    {
        ctx.put(&field(name), ctx.mke3.int(key).because(&why));
    }
    ctx.fates(&[CLEAN_UP, DEFRAG, MIN_TTL, PAUSE, TIMEOUT], Fate::Renamed, "");
    let cron = ctx.mke3.str(CLEAN_CRON);
    if cron.value.is_empty() {
        return ctx.fate(CLEAN_CRON, Fate::Default, "");
    }
    // A word reads alike everywhere. How many fields MKE 4k expects here, no page says.
    let cron = match cron.value.starts_with('@') {
        true => Some(cron),
        false => {
            let ask = "no page says whether MKE 4k reads this schedule with seconds first, as MKE 3 does";
            ctx.ask_text(CLEAN_CRON, ask, Some(cron), |_| Ok(()))
        }
    };
    match cron {
        Some(cron) => {
            ctx.put(&field("cronExpression"), cron.because(&why));
            ctx.fate(CLEAN_CRON, Fate::Renamed, "");
        }
        None => ctx.undecided(CLEAN_CRON),
    }
}

#[cfg(test)]
mod tests;

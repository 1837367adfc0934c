//! How Dex reaches the directory: address, protection, the account that reads.

use super::names::Server;
use super::{CERTS, PASSWORD, READER, SKIP_VERIFY, START_TLS, URL, dex_data};
use crate::diag::codes::translate as code;
use crate::document::Scalar;
use crate::origin::{Origin, Tracked};
use crate::translate::{Choice, Ctx, Fate, Question};

/// The slot of a reader's password that the file does not hold.
const PASSWORD_SLOT: &str = "mke4/ldap-reader-password";

/// How the connection is protected.
#[derive(Clone, Copy, PartialEq)]
enum Tls {
    AtOnce,
    Upgraded,
    Never,
}

pub(super) fn server(ctx: &mut Ctx<'_>, why: &Origin) {
    let url = ctx.mke3.str(URL);
    let server = match Server::parse(&url.value) {
        Ok(server) => Some(url.map(|_| server)),
        Err(problem) => ctx
            .ask_text(
                URL,
                &format!("`server_url` can't be used as it is ({problem}); how is the directory reached"),
                None,
                |text| Server::parse(text).map(|_| ()),
            )
            .and_then(|text| {
                Server::parse(&text.value).ok().map(|server| text.map(|_| server).because(&url.origin))
            }),
    };
    let Some(server) = server else {
        return ctx.fates(
            &[URL, START_TLS, CERTS, SKIP_VERIFY],
            Fate::DecisionNeeded,
            "the server is not known",
        );
    };
    ctx.put("authentication.ldap.host", server.map_ref(Server::host).because(why));
    ctx.fate(URL, Fate::Converted, "");
    let start_tls = ctx.mke3.bool(START_TLS);
    let secure = server.map_ref(|server| server.tls);
    let tls = match (secure.value, start_tls.value) {
        (true, _) => secure.map(|_| Tls::AtOnce),
        (false, on) => secure.map(|_| if on { Tls::Upgraded } else { Tls::Never }).because(&start_tls.origin),
    };
    match tls.value {
        Tls::AtOnce => ctx.idle(&[START_TLS], "`ldaps` is protected from the start"),
        Tls::Upgraded => {
            ctx.put("authentication.ldap.startTLS", tls.map_ref(|_| true).because(why));
            ctx.fate(START_TLS, Fate::Copied, "");
            ctx.tell(
                START_TLS,
                code::MEANING,
                "`startTLS` is a field of Dex that MKE 4k does not document: test a login, or use `ldaps`",
            );
        }
        Tls::Never => {
            ctx.put("authentication.ldap.insecureNoSSL", tls.map_ref(|_| true).because(why));
            ctx.fate(START_TLS, Fate::Merged, "");
        }
    }
    trust(ctx, &tls, why);
}

fn trust(ctx: &mut Ctx<'_>, tls: &Tracked<Tls>, why: &Origin) {
    if tls.value == Tls::Never {
        return ctx.idle(&[CERTS, SKIP_VERIFY], "the connection is not encrypted");
    }
    let why = why.clone().with(&tls.origin);
    let certs = ctx.mke3.str(CERTS);
    if certs.value.is_empty() {
        ctx.fate(CERTS, Fate::Default, "");
    } else {
        let answer = ctx.decide(&Question {
            key: CERTS,
            ask: "the directory has a private CA; MKE 4k documents only `rootCA`, the path of a file in Dex's pod".to_owned(),
            choices: &[
                Choice { name: "inline", effect: "write `rootCAData`, which Dex knows but MKE 4k does not document" },
                Choice { name: "leave-out", effect: "logins fail until somebody mounts the CA and sets `rootCA`" },
            ],
            proposal: None,
        });
        match answer {
            Some(answer) if answer.value == "inline" => {
                let data = certs.map(|pem| dex_data(&pem)).because(&answer.origin);
                ctx.put("authentication.ldap.rootCAData", data.because(&why));
                ctx.fate(CERTS, Fate::Converted, "");
            }
            Some(_) => ctx.fate(CERTS, Fate::Dropped, "an operator left it out"),
            None => ctx.undecided(CERTS),
        }
    }
    let skip = ctx.mke3.bool(SKIP_VERIFY);
    if !skip.value {
        return ctx.fate(SKIP_VERIFY, Fate::Default, "");
    }
    let answer = ctx.decide(&Question {
        key: SKIP_VERIFY,
        ask: "MKE 3 did not check the certificate of the directory".to_owned(),
        choices: &[
            Choice {
                name: "verify",
                effect: "Dex checks it; logins fail if it is not from a CA that Dex trusts",
            },
            Choice {
                name: "skip",
                effect: "write `insecureSkipVerify`, which Dex knows but MKE 4k does not document",
            },
        ],
        proposal: None,
    });
    match answer {
        Some(answer) if answer.value == "skip" => {
            let value = skip.because(&answer.origin).because(&why);
            ctx.put("authentication.ldap.insecureSkipVerify", value);
            ctx.fate(SKIP_VERIFY, Fate::Renamed, "");
        }
        Some(_) => ctx.fate(SKIP_VERIFY, Fate::Dropped, "an operator wants the certificate checked"),
        None => ctx.undecided(SKIP_VERIFY),
    }
}

pub(super) fn reader(ctx: &mut Ctx<'_>, why: &Origin) {
    let dn = ctx.mke3.str(READER);
    if dn.value.is_empty() {
        ctx.fate(READER, Fate::Default, "");
        return ctx.drop(PASSWORD, "without `reader_dn` the directory is read anonymously", false);
    }
    let why = why.clone().with(&dn.origin);
    ctx.put("authentication.ldap.bindDN", dn.because(&why));
    ctx.fate(READER, Fate::Renamed, "");
    if let Some(slot) = ctx.mke3.secret(PASSWORD) {
        let slot = slot.map(|slot| Scalar::Secret(slot.name().to_owned()));
        ctx.put("authentication.ldap.bindPW", slot.because(&why));
        return ctx.fate(PASSWORD, Fate::Renamed, "");
    }
    let answer = ctx.decide(&Question {
        key: PASSWORD,
        ask: "the file does not hold the password of the directory's reader, and MKE 3 never gives it back"
            .to_owned(),
        choices: &[
            Choice { name: "slot", effect: "leave a slot, and give the password when secrets are sealed" },
            Choice { name: "none", effect: "the reader needs no password" },
        ],
        proposal: None,
    });
    let absent = ctx.origin_of(PASSWORD);
    match answer {
        Some(answer) if answer.value == "slot" => {
            let slot = answer.map(|_| Scalar::Secret(PASSWORD_SLOT.to_owned())).because(&absent);
            ctx.put("authentication.ldap.bindPW", slot.because(&why));
            ctx.fate(PASSWORD, Fate::Merged, "absent: a slot takes its place");
        }
        Some(_) => ctx.fate(PASSWORD, Fate::Default, ""),
        None => ctx.undecided(PASSWORD),
    }
}

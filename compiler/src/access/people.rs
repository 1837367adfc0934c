//! Who each user is in MKE 4k.
//!
//! No two users get one name, be it only in small letters: Dex compares so. A local user, whom Dex lets in, has a name of
//! small letters alone. A name that Kubernetes keeps for itself, or that Dex can't hold, is refused, and a user who could
//! not log in before gets nothing.

use super::answers::{Answer, Answers};
use super::dex;
use super::export::{Export, Subject, User, UserSource};
use super::hashes::Hashes;
use super::mapping::Mapping;
use super::notes::Notes;
use super::read::shown;
use crate::diag::codes::access as code;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// Carried, under this name.
    Carried {
        /// The name in MKE 4k.
        name: String,
        /// How the user logs in.
        login: LoginBy,
    },
    /// Left out, with the reason.
    LeftOut(&'static str),
    /// In the way of the migration, with the reason.
    Blocked(&'static str),
}

/// How a user logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginBy {
    /// By Dex's own store, with the old password.
    Hash,
    /// By Dex's own store, once a password is set.
    Reset,
    /// By a directory or identity provider, under a name that somebody gave.
    Mapped,
    /// By a directory or identity provider, under the account's name.
    AccountName,
}

/// All users, in the order of the export.
pub struct People<'a> {
    users: &'a [User],
    persons: Vec<Person>,
    by_id: BTreeMap<&'a str, usize>,
    /// Names of accounts and logins in small letters.
    names: BTreeSet<String>,
}

impl<'a> People<'a> {
    pub fn new(
        export: &'a Export,
        mapping: &Mapping,
        hashes: &Hashes,
        answers: &Answers,
        notes: &mut Notes,
    ) -> Self {
        let users = export.users.as_slice();
        let mut persons: Vec<Person> =
            users.iter().map(|user| person(user, mapping, hashes, answers, notes)).collect();
        let mut same: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, person) in persons.iter().enumerate() {
            if let Person::Carried { name, .. } = person {
                same.entry(dex::lower(name)).or_default().push(i);
            }
        }
        for (name, all) in same.iter().filter(|(_, all)| all.len() > 1) {
            for i in all {
                persons[*i] = Person::Blocked("another user would have the same name");
                let detail = format!("{} users would be `{name}` in MKE 4k", all.len());
                notes.add(code::USERS_COLLIDE, subject(&users[*i]), detail, Some(&users[*i].place));
            }
        }
        let names = users.iter().map(|user| dex::lower(&user.name)).chain(same.into_keys()).collect();
        let by_id = users.iter().enumerate().map(|(i, user)| (user.id.as_str(), i)).collect();
        Self { users, by_id, names, persons }
    }

    /// All of them with what became of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'a User, &Person)> {
        self.users.iter().zip(&self.persons)
    }

    /// The user with this id.
    pub fn by_id(&self, id: &str) -> Option<(&'a User, &Person)> {
        let i = *self.by_id.get(id)?;
        Some((&self.users[i], &self.persons[i]))
    }

    /// Whether somebody could log in to MKE 4k under this name, now or once an account is enabled again.
    pub fn is_login(&self, name: &str) -> bool {
        self.names.contains(&dex::lower(name))
    }
}

impl Person {
    /// The subject of bindings, where the user is carried.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Person::Carried { name, .. } => Some(Subject::User(name.clone())),
            _ => None,
        }
    }
}

/// How notes and the ledger call a user.
pub fn subject(user: &User) -> String {
    format!("user:{}", user.name)
}

fn person(user: &User, mapping: &Mapping, hashes: &Hashes, answers: &Answers, notes: &mut Notes) -> Person {
    let mut note =
        |code, detail: Cow<'static, str>| notes.add(code, subject(user), detail, Some(&user.place));
    if !user.active {
        note(code::USER_DISABLED, "can't log in to MKE 3; gets nothing, as member and as subject".into());
        return Person::LeftOut("disabled in MKE 3");
    }
    if user.locked {
        note(code::USER_LOCKED, "MKE 4k has no lock".into());
    }
    if user.otp {
        note(code::TWO_FACTORS, "asked for a second factor in MKE 3".into());
    }
    if let Some(name) = mapping.users.get(&user.name) {
        return Person::Carried { name: name.value.clone(), login: LoginBy::Mapped };
    }
    let name = name(user);
    if name.starts_with("system:") {
        let detail = "Kubernetes gives names that begin with `system:` a meaning of its own";
        note(code::SYSTEM_NAME, detail.into());
        return Person::Blocked("its name begins with `system:`");
    }
    if user.source != UserSource::Local {
        if dex::lower(&name) != name {
            let detail = "has capitals, which Dex does not tell apart from small letters";
            note(code::NAME_REWRITTEN, detail.into());
        }
        let detail = match user.source {
            UserSource::OnDemand => {
                "made at the first login by SAML or OIDC; MKE 4k takes the name from the claim `email`"
            }
            _ => "comes from LDAP; MKE 4k takes the name from the attribute that `emailAttr` names",
        };
        note(code::DIRECTORY_USER, detail.into());
        if answers.is(code::DIRECTORY_USER, Answer::LeaveOut) {
            return Person::LeftOut("decided: users of a directory get no rights");
        }
        return Person::Carried { name, login: LoginBy::AccountName };
    }
    if name.len() > dex::LONGEST {
        let detail = format!("has {} bytes in UTF-8; Dex holds {} of a user name", name.len(), dex::LONGEST);
        note(code::LOGIN_LENGTH, detail.into());
        return Person::Blocked("Dex can't hold a name of this length");
    }
    if name != user.name {
        let detail = format!("logs in as `{}` and is bound so: Dex knows small letters alone", shown(&name));
        note(code::NAME_REWRITTEN, detail.into());
    }
    let login = match hashes.get(&user.name) {
        Some(_) => LoginBy::Hash,
        None => {
            note(code::NO_HASH, "MKE 3's answers hold no password hash".into());
            LoginBy::Reset
        }
    };
    Person::Carried { name, login }
}

/// The name in MKE 4k of a user whom no mapping names.
pub fn name(user: &User) -> String {
    match user.source {
        UserSource::Local => dex::lower(&user.name),
        UserSource::Directory | UserSource::OnDemand => user.name.clone(),
    }
}

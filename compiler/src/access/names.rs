//! Names of Kubernetes objects, made of names that people chose.
//!
//! Two things never get one name, whatever they are called, and which name a thing gets does not depend on the order
//! in which things are met. Names that objects of others have, or that a binding of others points to although nothing is
//! there, are never taken.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest slug. With the longest suffix it still fits a label's value of 63 characters.
const LONGEST: usize = 50;

/// Small letters, digits and single dashes between them, from 1 to 50 characters: accents are dropped, everything else
/// becomes a dash. A name without any such letter gets `x-` and a digest; a longer one is cut and gets a digest.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        return format!("x-{}", digest(&[name], 8));
    }
    if slug.len() > LONGEST {
        // ASCII alone: every index is a border.
        let head = slug.get(..41).unwrap_or(slug).trim_end_matches('-');
        return format!("{head}-{}", digest(&[name], 8));
    }
    slug.to_owned()
}

/// The first hex digits of the SHA-256 of parts, a NUL between them.
fn digest(parts: &[&str], digits: usize) -> String {
    let sum = Sha256::digest(parts.join("\0").as_bytes());
    sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(digits).collect()
}

/// Digits of a digest that tells colliding names apart; more only if six are not enough.
const WIDTHS: [usize; 3] = [6, 12, 64];

/// An organization or team that wants a name. Indices are the caller's.
#[derive(Clone, Debug)]
pub struct Team<'a> {
    /// Name of the organization.
    pub org: &'a str,
    /// Name of the team.
    pub team: &'a str,
}

/// Names for organizations, in the order given: `SLUG-org`, and where that is not free, `SLUG-DIGEST-org`.
pub fn orgs(names: &[&str], taken: &BTreeSet<String>) -> Vec<String> {
    let plain: Vec<String> = names.iter().map(|name| format!("{}-org", slug(name))).collect();
    let free = free(&plain, taken);
    widen(names.len(), &plain, &free, taken, |i, width| {
        format!("{}-{}-org", slug(names[i]), digest(&[names[i]], width))
    })
}

/// Names for teams, in the order given: `SLUG-team`; all teams of a collision `ORGSLUG-SLUG-team`; what collides still
/// gets a digest. A name that was won stays.
pub fn teams(teams: &[Team<'_>], taken: &BTreeSet<String>) -> Vec<String> {
    let slugs: Vec<(String, String)> = teams.iter().map(|t| (slug(t.org), slug(t.team))).collect();
    let plain: Vec<String> = slugs.iter().map(|(_, team)| format!("{team}-team")).collect();
    let won = free(&plain, taken);
    let mut taken = taken.clone();
    taken.extend(plain.iter().zip(&won).filter(|(_, won)| **won).map(|(name, _)| name.clone()));
    let losers: Vec<usize> = (0..teams.len()).filter(|i| !won[*i]).collect();
    let qualified: Vec<String> =
        losers.iter().map(|i| format!("{}-{}-team", slugs[*i].0, slugs[*i].1)).collect();
    let free = free(&qualified, &taken);
    let named = widen(losers.len(), &qualified, &free, &taken, |at, width| {
        let i = losers[at];
        let (org, team) = &slugs[i];
        format!("{org}-{team}-{}-team", digest(&[teams[i].org, teams[i].team], width))
    });
    let mut names = plain;
    for (i, name) in losers.into_iter().zip(named) {
        names[i] = name;
    }
    names
}

/// Names for Swarm roles, in the order given as id and, for custom ones, name: the id of a built-in one, else the slug;
/// `swarm-` in front where that is not free; a digest of the id where two custom ones have one slug.
pub fn swarm_roles(roles: &[(&str, Option<&str>)], taken: &BTreeSet<String>) -> Vec<String> {
    let slugs: Vec<String> = roles.iter().map(|(id, name)| slug(name.unwrap_or(id))).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    slugs.iter().for_each(|slug| *count.entry(slug).or_default() += 1);
    let built_in: BTreeSet<&str> = roles
        .iter()
        .zip(&slugs)
        .filter(|((_, name), _)| name.is_none())
        .map(|(_, slug)| slug.as_str())
        .collect();
    let first: Vec<String> = roles
        .iter()
        .zip(&slugs)
        .map(|((id, name), slug)| {
            let customs = count.get(slug.as_str()).copied().unwrap_or(0);
            // A built-in role keeps its id, whatever custom roles are called.
            let (twin, beside) = match name {
                None => (false, false),
                Some(_) => {
                    let beside = built_in.contains(slug.as_str());
                    (customs - usize::from(beside) > 1, beside)
                }
            };
            let swarm = if taken.contains(slug) || beside { "swarm-" } else { "" };
            let tail = if twin { format!("-{}", digest(&[id], 6)) } else { String::new() };
            format!("{swarm}{slug}{tail}")
        })
        .collect();
    let free = free(&first, taken);
    widen(roles.len(), &first, &free, taken, |i, width| {
        format!("swarm-{}-{}", cut(&slugs[i], width), digest(&[roles[i].0], width))
    })
}

/// A slug short enough for a digest of this many digits beside it, as far as one can be: a label's value has 63
/// characters, and a digest of 64 stands alone then.
fn cut(slug: &str, width: usize) -> &str {
    slug.get(..LONGEST.saturating_sub(width.saturating_sub(6)).max(1)).unwrap_or(slug).trim_end_matches('-')
}

/// A fixed name, or with a digest where that is not free.
pub fn fixed(name: &str, taken: &BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    while taken.contains(&candidate) {
        candidate = format!("{name}-{}", digest(&[&candidate], 6));
    }
    candidate
}

/// Which names are nobody else's.
fn free(names: &[String], taken: &BTreeSet<String>) -> Vec<bool> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    names.iter().for_each(|name| *count.entry(name).or_default() += 1);
    names.iter().map(|name| count.get(name.as_str()) == Some(&1) && !taken.contains(name)).collect()
}

/// Gives all names that are not free another, with as few digits as make them differ.
fn widen(
    count: usize,
    names: &[String],
    won: &[bool],
    taken: &BTreeSet<String>,
    longer: impl Fn(usize, usize) -> String,
) -> Vec<String> {
    let mut names = names.to_vec();
    let mut taken = taken.clone();
    taken.extend(names.iter().zip(won).filter(|(_, won)| **won).map(|(name, _)| name.clone()));
    let mut open: Vec<usize> = (0..count).filter(|i| !won[*i]).collect();
    for width in WIDTHS {
        let wished: Vec<String> = open.iter().map(|i| longer(*i, width)).collect();
        let good = free(&wished, &taken);
        let mut left = Vec::new();
        for ((i, wish), good) in open.into_iter().zip(wished).zip(good) {
            names[i] = wish.clone();
            if good {
                taken.insert(wish);
            } else {
                left.push(i);
            }
        }
        open = left;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn slugs_keep_what_can_be_read() {
        for (name, expected) in [
            ("development", "development"),
            ("R&D / Prototypes (2024)", "r-d-prototypes-2024"),
            ("on_call", "on-call"),
            ("Unused Röle", "unused-role"),
            ("acme_labs@eu.example", "acme-labs-eu-example"),
            ("--a--", "a"),
            ("ﬁnance ②", "finance-2"),
            ("實験", "x-b3d1b64c"),
        ] {
            if let Some(tail) = expected.strip_prefix("x-") {
                assert_eq!(slug(name).len(), 2 + tail.len(), "{name}");
                assert!(slug(name).starts_with("x-"));
            } else {
                assert_eq!(slug(name), expected, "{name}");
            }
        }
        let long = "very-long-team-name-for-the-quarterly-platform-consolidation-and-cost-review-of-europe";
        let cut = slug(long);
        assert!(cut.starts_with("very-long-team-name-for-the-quarterly-pla-"), "{cut}");
        assert_eq!(cut.len(), 50);
        assert_ne!(slug(&format!("{long}2")), cut);
    }

    #[test]
    fn all_teams_of_a_collision_name_their_organization() {
        let wanted = [
            Team { org: "retail", team: "dev" },
            Team { org: "ops", team: "dev" },
            Team { org: "ops", team: "ops-dev" },
            Team { org: "ops", team: "on_call" },
            Team { org: "labs", team: "alone" },
        ];
        let names = teams(&wanted, &taken(&["on-call-team"]));
        assert_eq!(names[0], "retail-dev-team");
        assert_eq!(names[1], format!("ops-dev-{}-team", digest(&["ops", "dev"], 6)));
        assert_eq!(names[2], "ops-dev-team");
        assert_eq!(names[3], "ops-on-call-team");
        assert_eq!(names[4], "alone-team");
    }

    #[test]
    fn one_team_twice_in_one_organization_is_told_apart_by_digest() {
        let wanted = [Team { org: "labs", team: "dev" }, Team { org: "labs", team: "Dev" }];
        let names = teams(&wanted, &taken(&[]));
        assert_eq!(names[0], format!("labs-dev-{}-team", digest(&["labs", "dev"], 6)));
        assert_eq!(names[1], format!("labs-dev-{}-team", digest(&["labs", "Dev"], 6)));
    }

    #[test]
    fn organizations_of_one_slug_both_get_a_digest() {
        assert_eq!(orgs(&["ops", "acme"], &taken(&[])), ["ops-org", "acme-org"]);
        let names = orgs(&["a.b", "a_b"], &taken(&[]));
        assert_eq!(names[0], format!("a-b-{}-org", digest(&["a.b"], 6)));
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn swarm_roles_give_way_to_what_is_there() {
        let roles = [
            ("viewonly", None),
            ("u1", Some("view")),
            ("u2", Some("Röle")),
            ("u3", Some("role")),
            ("u4", Some("viewonly")),
        ];
        let names = swarm_roles(&roles, &taken(&["view", "none"]));
        assert_eq!(names[0], "viewonly");
        assert_eq!(names[1], "swarm-view");
        assert_eq!(names[2], format!("role-{}", digest(&["u2"], 6)));
        assert_eq!(names[3], format!("role-{}", digest(&["u3"], 6)));
        assert_eq!(names[4], "swarm-viewonly");
    }

    #[test]
    fn a_fixed_name_gives_way_too() {
        assert_eq!(fixed("mke3-admins", &taken(&[])), "mke3-admins");
        let other = fixed("mke3-admins", &taken(&["mke3-admins"]));
        assert_eq!(other, format!("mke3-admins-{}", digest(&["mke3-admins"], 6)));
    }
}

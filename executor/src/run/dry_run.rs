//! What a run would do, step by step. Writes nothing at all.

use airlift_bundle::gate::Stage;
use airlift_bundle::plan::{Action, Line, NodePlan, Step, StepId};
use serde::Serialize;

use crate::disk::read_all;
use crate::journal::{Standing, State};
use crate::step::{Fault, Look, Probe, Workshop, holds_secrets, look, probe};

/// What a step would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "forecast", rename_all = "kebab-case")]
pub enum Forecast {
    /// Nothing: it is done, or in effect.
    NoChange,
    /// It would change something.
    WillChange {
        /// What: a line that says why, and after it the lines that would go and come, where these are text without
        /// secrets.
        diff: Vec<String>,
    },
    /// That shows only when it is done.
    CannotKnow {
        /// Why.
        why: String,
    },
    /// It would fail.
    Blocked {
        /// Why, after "failed to".
        why: String,
    },
}

/// A step with what it would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepForecast {
    /// Its stage.
    pub stage: Stage,
    /// The step.
    pub step: StepId,
    /// What it does.
    pub title: Line,
    /// What it would do.
    #[serde(flatten)]
    pub forecast: Forecast,
}

/// What each step up to `until` would do on a node in this state.
///
/// # Errors
/// A signal came; nothing more is looked at.
pub fn dry_run(
    shop: &Workshop<'_>,
    plan: &NodePlan,
    state: &State,
    until: Option<Stage>,
) -> Result<Vec<StepForecast>, Fault> {
    plan.all_steps()
        .filter(|(stage, _)| until.is_none_or(|until| *stage <= until))
        .map(|(stage, step)| {
            let forecast = match state.standing(&step.id) {
                Some(Standing::Done { .. } | Standing::Skipped) => Forecast::NoChange,
                Some(Standing::Doing { .. }) => Forecast::WillChange {
                    diff: vec!["it was begun and interrupted: it is taken back and begun anew".to_owned()],
                },
                None => forecast(shop, step)?,
            };
            Ok(StepForecast { stage, step: step.id.clone(), title: step.title.clone(), forecast })
        })
        .collect()
}

fn forecast(shop: &Workshop<'_>, step: &Step) -> Result<Forecast, Fault> {
    if matches!(step.action, Action::Reboot {}) {
        return Ok(Forecast::WillChange { diff: vec!["the machine reboots".to_owned()] });
    }
    if holds_secrets(step) {
        return Ok(Forecast::CannotKnow {
            why: "it holds secrets, which a dry run does not open".to_owned(),
        });
    }
    Ok(match probe(shop, step) {
        Err(fault @ Fault::Interrupted(_)) => return Err(fault),
        Ok(Probe::InEffect) => Forecast::NoChange,
        Ok(Probe::Unknown(why)) => Forecast::CannotKnow { why },
        Ok(Probe::NotInEffect(why)) => match &step.action {
            Action::Script(_) => Forecast::WillChange { diff: vec![step.action.to_string()] },
            // also says what would be in the way
            _ => match look(shop, step) {
                Ok(Look::InEffect) => Forecast::NoChange,
                Ok(Look::Ready(_)) => Forecast::WillChange { diff: changes(shop, &step.action, why) },
                Err(fault) => Forecast::Blocked { why: fault.to_string() },
            },
        },
        Err(fault) => Forecast::Blocked { why: fault.to_string() },
    })
}

/// Larger files are not compared line by line.
const DIFF_LIMIT: u64 = 64 << 10;

fn changes(shop: &Workshop<'_>, action: &Action, why: String) -> Vec<String> {
    let mut diff = vec![format!("{action}: {why}")];
    let Action::Place { target, content, .. } = action else { return diff };
    let path = std::path::Path::new(target.as_str());
    let old = read_all(shop.disk, path, DIFF_LIMIT).unwrap_or_default();
    let mut new = Vec::new();
    let read = shop.contents.open(content).map(|reader| {
        use std::io::Read as _;
        reader.take(DIFF_LIMIT + 1).read_to_end(&mut new)
    });
    if !matches!(read, Ok(Ok(size)) if size as u64 <= DIFF_LIMIT) {
        return diff;
    }
    let (Ok(old), Ok(new)) = (String::from_utf8(old), String::from_utf8(new)) else { return diff };
    diff.extend(line_diff(&old, &new));
    diff
}

/// A line that can't drive a terminal.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The lines that differ, between what begins and what ends alike.
fn line_diff(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let middle = |lines: &[&str], sign: &str| -> Vec<String> {
        let inner = lines.get(head..lines.len() - tail).unwrap_or_default();
        inner.iter().map(|line| format!("{sign}{}", printable(line))).collect()
    };
    if old == new {
        return Vec::new();
    }
    [vec![format!("@ line {}", head + 1)], middle(&old, "-"), middle(&new, "+")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_goes_and_what_comes() {
        assert_eq!(line_diff("a\nb\nc\n", "a\nx\ny\nc\n"), ["@ line 2", "-b", "+x", "+y"]);
        assert_eq!(line_diff("", "a\n"), ["@ line 1", "+a"]);
        assert_eq!(line_diff("a\na\n", "a\n"), ["@ line 2", "-a"]);
        assert!(line_diff("a\n", "a\n").is_empty());
    }
}

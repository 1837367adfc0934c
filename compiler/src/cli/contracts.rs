//! `airlift contracts`: the target releases.

use super::answer::Answer;
use super::exit;
use crate::contract::{self, Contract, Use};
use serde::Serialize;

#[derive(Serialize)]
struct Row {
    id: &'static str,
    released: &'static str,
    sources: String,
    k0s: &'static str,
    kubernetes: String,
    compile: bool,
    remarks: &'static [&'static str],
}

impl From<&Contract> for Row {
    fn from(c: &Contract) -> Self {
        Self {
            id: c.id,
            released: c.released,
            sources: c.sources.describe(),
            k0s: c.k0s.version,
            kubernetes: format!("1.{}", c.kubernetes.minor),
            compile: c.allows == Use::Compile,
            remarks: c.remarks,
        }
    }
}

pub fn run() -> anyhow::Result<Answer> {
    let rows: Vec<Row> = contract::all().iter().map(|c| Row::from(*c)).collect();
    let mut text = String::new();
    for row in &rows {
        let verbs = if row.compile { "compile, convert, check" } else { "convert, check" };
        text.push_str(&format!(
            "{}  released {}, k0s {}, Kubernetes {}\n    from MKE {}\n    for {verbs}\n",
            row.id, row.released, row.k0s, row.kubernetes, row.sources
        ));
        for remark in row.remarks {
            text.push_str(&format!("    {remark}\n"));
        }
    }
    Answer::new(exit::DONE).result(&rows, text)
}

//! TOML with positions. Every syntax error of the file is reported, not only the first.

use super::{Entry, File, Node, Value};
use crate::diag::{Finding, Findings, codes::input as code};
use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue, Error};

/// No TOML file that Airlift reads is larger, in bytes.
const LIMIT: usize = 1 << 20;
/// More syntax errors than this are the same mistake again and again.
const MOST: usize = 30;

/// Reads a TOML file. Problems go to `findings`; a tree is returned only where there is none.
pub fn parse(file: &File, findings: &mut Findings) -> Option<Node> {
    if file.text().len() > LIMIT {
        findings.push(
            Finding::new(code::TOO_LARGE, format!("{} is larger than 1 MiB", file.label()))
                .help("a configuration of MKE 3 has some 20 KiB; check that the right file was copied"),
        );
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(file.text());
    if !errors.is_empty() {
        findings.extend(errors.iter().take(MOST).map(|error| finding(file, error)));
        return None;
    }
    let span = table.span();
    Some(Node { value: map(table.into_inner()), span })
}

fn finding(file: &File, error: &Error) -> Finding {
    let span = error.span().unwrap_or(0..0);
    let message = error.message().trim_end().to_owned();
    let (code, help) = if message.contains("duplicate key") {
        (code::DUPLICATE, "keep one of the two; TOML refuses the file otherwise, and so does MKE")
    } else {
        (code::SYNTAX, "fetch the file again with `GET /api/ucp/config-toml`, or mend it here")
    };
    Finding::new(code, message).at(file.place(span)).help(help)
}

fn map(table: DeTable<'_>) -> Value {
    Value::Map(
        table
            .into_iter()
            .map(|(key, node)| Entry {
                key_span: key.span(),
                key: key.into_inner().into_owned(),
                node: convert(node),
            })
            .collect(),
    )
}

fn convert(node: Spanned<DeValue<'_>>) -> Node {
    let span = node.span();
    let value = match node.into_inner() {
        DeValue::String(text) => Value::Str(text.into_owned()),
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(value) => Value::Int(value),
            // Too large for any key that there is; the type check names it.
            Err(_) => Value::Float(f64::INFINITY),
        },
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Datetime(date) => Value::Str(date.to_string()),
        DeValue::Array(list) => Value::List(list.into_iter().map(convert).collect()),
        DeValue::Table(table) => map(table),
    };
    Node { value, span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_know_where_they_stand() {
        let file = File::new("f", "a = 1\n[t.\"x.y\"]\nname = \"v\"\n[[rows]]\nn = 0x10\n");
        let tree = parse(&file, &mut Findings::new()).unwrap();
        let name = tree.get("t").and_then(|t| t.get("x.y")).and_then(|t| t.get("name")).unwrap();
        assert_eq!(&file.text()[name.span.clone()], "\"v\"");
        let Value::List(rows) = &tree.get("rows").unwrap().value else { panic!() };
        assert_eq!(rows[0].get("n").unwrap().value, Value::Int(16));
    }

    #[test]
    fn all_syntax_errors_come_in_one_run() {
        let file = File::new("f", "a = \nb = 1\nb = 2\nc = tru\n");
        let mut findings = Findings::new();
        assert!(parse(&file, &mut findings).is_none());
        let lines: Vec<_> =
            findings.iter().map(|f| f.place.as_ref().map(|p| file.line_column(p.span.start).0)).collect();
        assert!(findings.iter().count() >= 3, "{findings:?}");
        for line in [1, 3, 4] {
            assert!(lines.contains(&Some(line)), "{lines:?}");
        }
    }
}

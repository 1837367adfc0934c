//! Strict JSON with positions.

use super::{Entry, File, Node, Value};
use crate::diag::{Finding, Findings, codes::input as code};
use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// Reads a JSON file. Problems go to `findings`; a tree is returned only where there is none.
pub fn parse(file: &File, findings: &mut Findings) -> Option<Node> {
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    match parse_to_ast(file.text(), &CollectOptions::default(), &strict) {
        Ok(result) => match result.value {
            Some(value) => Some(convert(value)),
            None => {
                findings.push(Finding::new(code::EMPTY, format!("{} holds no value", file.label())));
                None
            }
        },
        Err(error) => {
            let range = error.range();
            findings.push(
                Finding::new(code::SYNTAX, error.kind().to_string())
                    .at(file.place(range.start..range.end))
                    .help("the file may have been cut off; make it again"),
            );
            None
        }
    }
}

fn convert(value: ast::Value<'_>) -> Node {
    let range = value.range();
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(lit) => Value::Bool(lit.value),
        ast::Value::NumberLit(lit) => match lit.value.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Float(lit.value.parse().unwrap_or(f64::NAN)),
        },
        ast::Value::StringLit(lit) => Value::Str(lit.value.into_owned()),
        ast::Value::Array(array) => Value::List(array.elements.into_iter().map(convert).collect()),
        ast::Value::Object(object) => Value::Map(
            object
                .properties
                .into_iter()
                .map(|property| {
                    let name = property.name.range();
                    Entry {
                        key: property.name.into_string(),
                        key_span: name.start..name.end,
                        node: convert(property.value),
                    }
                })
                .collect(),
        ),
    };
    Node { value, span: range.start..range.end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_know_where_they_stand() {
        let file = File::new("f", "{\"ä\": [1, {\"b\": \"x\"}]}");
        let tree = parse(&file, &mut Findings::new()).unwrap();
        let Value::List(items) = &tree.get("ä").unwrap().value else { panic!() };
        assert_eq!(&file.text()[items[1].get("b").unwrap().span.clone()], "\"x\"");
    }

    #[test]
    fn looser_dialects_are_refused() {
        for text in ["{a: 1}", "{\"a\": 1,}", "// c\n{}", "{'a': 1}", "{\"a\": 1", "{\"a\": +1}", "[1 2]"] {
            let mut findings = Findings::new();
            assert!(parse(&File::new("f", text), &mut findings).is_none(), "{text}");
            assert!(findings.stop(), "{text}");
        }
    }
}

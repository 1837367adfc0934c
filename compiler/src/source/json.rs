//! Strict JSON with positions.

use super::{Entry, File, Node, Value};
use crate::diag::{Finding, Findings, codes::input as code};
use jsonc_parser::tokens::Token;
use jsonc_parser::{CollectOptions, ParseOptions, Scanner, ScannerOptions, parse_to_ast};

/// Reads a JSON file. Problems go to `findings`; a tree is returned only where there is none.
///
/// The tree is made from tokens: the parser's own would stand in memory beside it, and an export has hundreds of
/// megabytes. Where the tokens make no tree, that parser says why.
pub fn parse(file: &File, findings: &mut Findings) -> Option<Node> {
    if let Some(tree) = Reader::new(file.text()).whole() {
        return Some(tree);
    }
    match parse_to_ast(file.text(), &CollectOptions::default(), &STRICT) {
        Ok(result) if result.value.is_none() => {
            findings.push(Finding::new(code::EMPTY, format!("{} holds no value", file.label())));
        }
        Ok(_) => findings.push(Finding::new(code::SYNTAX, format!("{} is no strict JSON", file.label()))),
        Err(error) => {
            let range = error.range();
            findings.push(
                Finding::new(code::SYNTAX, error.kind().to_string())
                    .at(file.place(range.start..range.end))
                    .help("the file may have been cut off; make it again"),
            );
        }
    }
    None
}

const STRICT: ParseOptions = ParseOptions {
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

/// Deeper lists and objects are refused, as by the parser that explains it.
const DEEPEST: usize = 500;

/// Takes tokens from a text. `None` anywhere means that it is no strict JSON.
struct Reader<'a>(Scanner<'a>);

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let options = ScannerOptions {
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        Self(Scanner::new(text, &options))
    }

    fn whole(mut self) -> Option<Node> {
        let first = self.next()?;
        let tree = self.value(first, DEEPEST)?;
        // Neither a token nor something that is none.
        matches!(self.0.scan(), Ok(None)).then_some(tree)
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.0.scan().ok()?
    }

    fn value(&mut self, token: Token<'a>, depth: usize) -> Option<Node> {
        let start = self.0.token_start();
        let value = match token {
            Token::Null => Value::Null,
            Token::Boolean(on) => Value::Bool(on),
            Token::Number(text) => match text.parse() {
                Ok(number) => Value::Int(number),
                Err(_) => Value::Float(text.parse().unwrap_or(f64::NAN)),
            },
            Token::String(text) => Value::Str(text.into_owned()),
            Token::OpenBracket => {
                let depth = depth.checked_sub(1)?;
                Value::List(self.members(Token::CloseBracket, |own, token| own.value(token, depth))?)
            }
            Token::OpenBrace => {
                let depth = depth.checked_sub(1)?;
                Value::Map(self.members(Token::CloseBrace, |own, token| own.entry(token, depth))?)
            }
            _ => return None,
        };
        Some(Node { value, span: start..self.0.token_end() })
    }

    /// The members of a list or an object up to its end; `member` reads one from its first token.
    fn members<T>(
        &mut self,
        close: Token<'a>,
        member: impl Fn(&mut Self, Token<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut members = Vec::new();
        let mut token = self.next()?;
        if token == close {
            return Some(members);
        }
        loop {
            members.push(member(self, token)?);
            match self.next()? {
                Token::Comma => token = self.next()?,
                end if end == close => break,
                _ => return None,
            }
        }
        members.shrink_to_fit();
        Some(members)
    }

    fn entry(&mut self, token: Token<'a>, depth: usize) -> Option<Entry> {
        let Token::String(key) = token else { return None };
        let key_span = self.0.token_start()..self.0.token_end();
        let (Token::Colon, value) = (self.next()?, self.next()?) else { return None };
        Some(Entry { key: key.into_owned(), key_span, node: self.value(value, depth)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonc_parser::ast;
    use jsonc_parser::common::Ranged;

    #[test]
    fn members_know_where_they_stand() {
        let file = File::new("f", "{\"ä\": [1, {\"b\": \"x\"}]}");
        let tree = parse(&file, &mut Findings::new()).unwrap();
        let Value::List(items) = &tree.get("ä").unwrap().value else { panic!() };
        assert_eq!(&file.text()[items[1].get("b").unwrap().span.clone()], "\"x\"");
    }

    /// The same tree from the parser's own.
    fn convert(value: ast::Value<'_>) -> Node {
        let range = value.range();
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(lit) => Value::Bool(lit.value),
            ast::Value::NumberLit(lit) => match lit.value.parse() {
                Ok(number) => Value::Int(number),
                Err(_) => Value::Float(lit.value.parse().unwrap()),
            },
            ast::Value::StringLit(lit) => Value::Str(lit.value.into_owned()),
            ast::Value::Array(array) => Value::List(array.elements.into_iter().map(convert).collect()),
            ast::Value::Object(object) => Value::Map(
                object
                    .properties
                    .into_iter()
                    .map(|property| {
                        let name = property.name.range();
                        let key_span = name.start..name.end;
                        Entry { key: property.name.into_string(), key_span, node: convert(property.value) }
                    })
                    .collect(),
            ),
        };
        Node { value, span: range.start..range.end }
    }

    proptest::proptest! {
        #[test]
        fn tokens_make_the_tree_that_the_parser_makes_and_refuse_what_it_refuses(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..14),
            separator in proptest::sample::select(&["", " ", "\n"][..]),
        ) {
            let text = pieces.join(separator);
            let theirs = parse_to_ast(&text, &CollectOptions::default(), &STRICT).ok().and_then(|r| r.value);
            proptest::prop_assert_eq!(Reader::new(&text).whole(), theirs.map(convert), "{}", text);
        }
    }

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "{}",
        "[]",
        "[1",
        ",2]",
        "{\"a\":",
        "\"b\":1}",
        "\"ä\\u00e4\"",
        "\"a\"",
        "1",
        "-1.5e3",
        "99999999999999999999",
        "true",
        "false",
        "null",
        "nul",
        "//x",
        "/*x*/",
        "'a'",
        "\"",
        "+1",
        ".5",
        "0x1",
        "\u{feff}",
    ];

    #[test]
    fn a_text_of_too_many_levels_is_refused_with_a_message() {
        let mut findings = Findings::new();
        let text = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(parse(&File::new("f", text), &mut findings).is_none() && findings.stop());
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

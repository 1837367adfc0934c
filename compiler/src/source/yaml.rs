//! YAML with positions, as plain as Airlift's inputs need it.
//!
//! Plain scalars are typed by YAML 1.2's core schema. Because other tools read these files by YAML 1.1, a plain
//! `yes`, `no`, `on`, `off`, `y` or `n` is refused: nobody can know what was meant. Anchors, aliases, tags, merge
//! keys and more than one document are refused too.

use super::{Entry, File, Node, Value};
use crate::diag::{Finding, Findings, codes::input as code};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use std::ops::Range;

/// Deeper nesting is refused.
const DEPTH: usize = 32;

/// Reads a YAML file. Problems go to `findings`; a tree is returned only where none of them is an error.
pub fn parse(file: &File, findings: &mut Findings) -> Option<Node> {
    let mut reader = Reader {
        file,
        offsets: file.text().char_indices().map(|(at, _)| at).chain([file.text().len()]).collect(),
        parser: Parser::new_from_str(file.text()),
        found: Findings::new(),
    };
    let node = reader.document();
    let failed = reader.found.stop();
    findings.append(reader.found);
    node.filter(|_| !failed)
}

struct Reader<'a> {
    file: &'a File,
    /// The scanner counts characters; this gives each one's byte offset.
    offsets: Vec<usize>,
    parser: Parser<'a, StrInput<'a>>,
    found: Findings,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Option<Node> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => {
                    self.found
                        .push(Finding::new(code::EMPTY, format!("{} holds no value", self.file.label())));
                    return None;
                }
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (event, span) => {
                    let node = self.node(event, span, 0)?;
                    self.end();
                    return Some(node);
                }
            }
        }
    }

    /// Nothing but the end may follow the first document.
    fn end(&mut self) {
        while let Some((event, span)) = self.next() {
            match event {
                Event::DocumentStart(_) => {
                    let place = self.bytes(&span);
                    self.refuse(place, "a second document begins here", "keep one document in the file");
                    return;
                }
                Event::StreamEnd => return,
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        match self.parser.next_event()? {
            Ok(pair) => Some(pair),
            Err(error) => {
                let at = self.offset(error.marker().index());
                self.found.push(
                    Finding::new(code::SYNTAX, error.info().to_owned())
                        .at(self.file.place(at..at))
                        .help("mend the YAML here; blanks, not tabs, indent it"),
                );
                None
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Option<Node> {
        let place = self.bytes(&span);
        if depth > DEPTH {
            self.refuse(place, "nested too deeply", "no input of Airlift nests like this");
            return None;
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if anchor != 0 || tag.is_some() {
                    self.refuse(place.clone(), "an anchor or a tag", "write the value itself");
                }
                let value = if style == ScalarStyle::Plain {
                    self.plain(&text, &place)
                } else {
                    Value::Str(text.into_owned())
                };
                Some(Node { value, span: place })
            }
            Event::Alias(_) => {
                self.refuse(place, "an alias", "write the value itself");
                None
            }
            Event::SequenceStart(anchor, tag) => {
                if anchor != 0 || tag.is_some() {
                    self.refuse(place.clone(), "an anchor or a tag", "write the value itself");
                }
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => {
                            let span = place.start..self.bytes(&end).end;
                            return Some(Node { value: Value::List(items), span });
                        }
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(anchor, tag) => {
                if anchor != 0 || tag.is_some() {
                    self.refuse(place.clone(), "an anchor or a tag", "write the value itself");
                }
                self.mapping(place, depth)
            }
            _ => None,
        }
    }

    fn mapping(&mut self, place: Range<usize>, depth: usize) -> Option<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let (key, key_span) = match event {
                Event::MappingEnd => {
                    let span = place.start..self.bytes(&span).end;
                    return Some(Node { value: Value::Map(entries), span });
                }
                Event::Scalar(text, ..) => (text.into_owned(), self.bytes(&span)),
                _ => {
                    let place = self.bytes(&span);
                    self.refuse(place, "a key that is not plain text", "use text as key");
                    return None;
                }
            };
            if key == "<<" {
                self.refuse(key_span.clone(), "a merge key", "write the members out");
            }
            if let Some(first) = entries.iter().find(|e| e.key == key) {
                self.found.push(
                    Finding::new(code::DUPLICATE, format!("`{key}` stands twice in one table"))
                        .at(self.file.place(key_span.clone()))
                        .label("again here")
                        .also(self.file.place(first.key_span.clone()), "first here")
                        .help("keep one of the two"),
                );
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            entries.push(Entry { key, key_span, node });
        }
    }

    fn plain(&mut self, text: &str, place: &Range<usize>) -> Value {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
            "true" | "True" | "TRUE" => return Value::Bool(true),
            "false" | "False" | "FALSE" => return Value::Bool(false),
            _ => {}
        }
        if ["yes", "no", "on", "off", "y", "n"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            self.refuse(
                place.clone(),
                &format!("`{text}` is a switch to some YAML readers and text to others"),
                "write true or false, or put it in quotes",
            );
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            // A leading zero is octal to YAML 1.1 and decimal to 1.2.
            if digits.len() > 1 && digits.starts_with('0') {
                self.refuse(
                    place.clone(),
                    &format!("`{text}` is octal to some YAML readers and decimal to others"),
                    "drop the leading zero, or put it in quotes",
                );
            }
            if let Ok(number) = text.parse() {
                return Value::Int(number);
            }
        }
        let number_like = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
        if number_like && let Ok(number) = text.parse::<f64>() {
            return Value::Float(number);
        }
        Value::Str(text.to_owned())
    }

    fn refuse(&mut self, span: Range<usize>, what: &str, help: &str) {
        self.found
            .push(Finding::new(code::YAML_FEATURE, what.to_owned()).at(self.file.place(span)).help(help));
    }

    fn offset(&self, char_index: usize) -> usize {
        self.offsets.get(char_index).copied().unwrap_or(self.file.text().len())
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let start = self.offset(span.start.index());
        let end = self.offset(span.end.index()).max(start);
        // The scanner ends block collections at the next token; cut the blank tail off.
        let kept = self.file.text().get(start..end).map_or(0, |text| text.trim_end().len());
        start..start + kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Node>, Vec<&'static str>) {
        let mut findings = Findings::new();
        let node = parse(&File::new("f", text), &mut findings);
        (node, findings.iter().map(|f| f.code.id).collect())
    }

    #[test]
    fn plain_scalars_are_typed_by_the_core_schema() {
        for (text, value) in [
            ("a: 12", Value::Int(12)),
            ("a: 12.5", Value::Float(12.5)),
            ("a: 10.0.0.1", Value::Str("10.0.0.1".into())),
            ("a: '12'", Value::Str("12".into())),
            ("a: v4.1.5", Value::Str("v4.1.5".into())),
            ("a:", Value::Null),
            ("a: true", Value::Bool(true)),
            ("a: 1e3x", Value::Str("1e3x".into())),
        ] {
            assert_eq!(read(text).0.unwrap().get("a").unwrap().value, value, "{text}");
        }
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        for (text, id) in [
            ("a: yes", "I013"),
            ("a: 010", "I013"),
            ("a: &x 1", "I013"),
            ("a: &x 1\nb: *x", "I013"),
            ("a: !!str 1", "I013"),
            ("a: 1\n---\nb: 2", "I013"),
            ("<<: {a: 1}", "I013"),
            ("a: 1\na: 2", "I012"),
            ("a: [1", "I010"),
            ("# nothing\n", "I002"),
        ] {
            let (node, ids) = read(text);
            assert!(node.is_none(), "{text}");
            assert!(ids.contains(&id), "{text}: {ids:?}");
        }
    }

    #[test]
    fn spans_are_bytes_even_after_wide_characters() {
        let text = "ä: ö\nb: 7\n";
        let node = read(text).0.unwrap();
        assert_eq!(&text[node.get("b").unwrap().span.clone()], "7");
    }
}

//! Findings as rustc shows them: the line itself, the marked text, and the way out.

use super::{Finding, Severity};
use crate::source::Place;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// Columns of a terminal that a message is laid out for when nothing better is known.
const WIDTH: usize = 110;

/// A line with more bytes is named but not shown: JSON that a program wrote often is one line of many megabytes.
const LONG: usize = 10_000;

/// The finding as text, with colours where asked for. Ends without a newline.
pub fn render(finding: &Finding, colour: bool) -> String {
    let severity = finding.severity();
    let level = match severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Decision | Severity::Error | Severity::Blocker => Level::ERROR,
    }
    .with_name(severity.word());
    let mut group = Group::with_title(level.primary_title(&finding.message).id(finding.code.id));
    if let Some(place) = finding.place.as_ref().filter(|place| is_long(place)) {
        group = group.element(origin(place));
    } else if let Some(place) = &finding.place {
        let span = visible(place.file.text(), place.span.clone());
        let mut snippet = Snippet::source(place.file.text())
            .path(place.file.label())
            .annotation(AnnotationKind::Primary.span(span).label(finding.label.as_deref().map(harmless)));
        for (other, label) in &finding.also {
            if other.file.label() == place.file.label() {
                let span = visible(other.file.text(), other.span.clone());
                snippet = snippet.annotation(AnnotationKind::Context.span(span).label(harmless(label)));
            }
        }
        group = group.element(snippet);
        for (other, label) in &finding.also {
            if other.file.label() != place.file.label() {
                let span = visible(other.file.text(), other.span.clone());
                group = group.element(
                    Snippet::source(other.file.text())
                        .path(other.file.label())
                        .annotation(AnnotationKind::Context.span(span).label(harmless(label))),
                );
            }
        }
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(harmless(note)));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH).render(&[group]).to_string();
    text.replace(C1, "\u{fffd}")
}

/// A text whose controls can't do anything; the renderer sees to titles and to lines of a file, but not to these.
fn harmless(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
}

/// The controls of ISO 6429's upper half, which some terminals obey (U+009B begins a command). The renderer makes only
/// those of the lower half visible.
const C1: fn(char) -> bool = |c| matches!(c, '\u{80}'..='\u{9f}');

fn is_long(place: &Place) -> bool {
    place.file.line_length(place.span.start) > LONG
}

/// A place by its numbers alone.
fn origin(place: &Place) -> Origin<'_> {
    let (line, column) = place.file.line_column(place.span.start);
    Origin::path(place.file.label()).line(line).char_column(column)
}

/// Marks only the first line of a long value (a certificate, a table), so that a message stays short.
fn visible(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = span.start.min(text.len());
    let end = span.end.clamp(start, text.len());
    let end = text.get(start..end).and_then(|s| s.find('\n')).map_or(end, |at| start + at);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Findings;
    use crate::source::decode;

    #[test]
    fn a_very_long_line_is_named_but_not_shown() {
        let file = crate::source::File::new("access/export.json", "x".repeat(LONG + 1));
        let finding =
            Finding::new(crate::diag::codes::input::SYNTAX, "here").at(file.place(7..8)).help("mend it");
        assert_eq!(
            render(&finding, false),
            "error[I010]: here\n--> access/export.json:1:8\n = help: mend it"
        );
    }

    #[test]
    fn nothing_from_an_input_drives_a_terminal() {
        let text: String = (0..0xa0).filter_map(char::from_u32).filter(|c| !"\n\r".contains(*c)).collect();
        let line: String = ('\u{80}'..'\u{a0}').collect();
        let file = decode("site.yaml", line.as_bytes(), &mut Findings::new()).unwrap();
        let place = file.place(0..line.len());
        let finding = Finding::new(crate::diag::codes::input::SYNTAX, format!("found {text}"))
            .at(place.clone())
            .label(text.clone())
            .also(place, text.clone())
            .note(text.clone())
            .help(text.clone());
        let shown = render(&finding, false);
        let odd: Vec<char> = shown.chars().filter(|c| c.is_control() && *c != '\n').collect();
        assert_eq!(odd, [], "{shown:?}");
    }
}

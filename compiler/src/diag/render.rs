//! Findings as rustc shows them: the line itself, the marked text, and the way out.

use super::{Finding, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Columns of a terminal that a message is laid out for when nothing better is known.
const WIDTH: usize = 110;

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
    if let Some(place) = &finding.place {
        let span = visible(place.file.text(), place.span.clone());
        let mut snippet = Snippet::source(place.file.text())
            .path(place.file.label())
            .annotation(AnnotationKind::Primary.span(span).label(finding.label.as_deref()));
        for (other, label) in &finding.also {
            if other.file.label() == place.file.label() {
                let span = visible(other.file.text(), other.span.clone());
                snippet = snippet.annotation(AnnotationKind::Context.span(span).label(label.as_str()));
            }
        }
        group = group.element(snippet);
        for (other, label) in &finding.also {
            if other.file.label() != place.file.label() {
                let span = visible(other.file.text(), other.span.clone());
                group = group.element(
                    Snippet::source(other.file.text())
                        .path(other.file.label())
                        .annotation(AnnotationKind::Context.span(span).label(label.as_str())),
                );
            }
        }
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH).render(&[group]).to_string()
}

/// Marks only the first line of a long value (a certificate, a table), so that a message stays short.
fn visible(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = span.start.min(text.len());
    let end = span.end.clamp(start, text.len());
    let end = text.get(start..end).and_then(|s| s.find('\n')).map_or(end, |at| start + at);
    start..end
}

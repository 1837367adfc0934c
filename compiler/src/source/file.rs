//! A read input: its label and its text.

use std::ops::Range;
use std::sync::Arc;

/// One input file in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct File(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    label: String,
    text: String,
    /// Byte offset of the start of each line.
    lines: Vec<usize>,
}

impl File {
    /// A file with the name that messages and origins show (`mke3.toml`, `survey/mgr1.json`): relative to the
    /// site directory, so that no output depends on where that stands.
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self(Arc::new(Inner { label: label.into(), text, lines }))
    }

    /// The name to show.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// The decoded text (see [`super::decode`]).
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.0.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.0.lines.get(line).copied().unwrap_or(0);
        let end = offset.min(self.0.text.len());
        let column = self.0.text.get(start..end).map_or(0, |before| before.chars().count());
        (line + 1, column + 1)
    }

    /// A place in this file.
    pub fn place(&self, span: Range<usize>) -> Place {
        Place { file: self.clone(), span }
    }
}

/// Where in an input something stands: file and byte span.
#[derive(Clone, Debug)]
pub struct Place {
    /// The input.
    pub file: File,
    /// Bytes of its text.
    pub span: Range<usize>,
}

impl Place {
    /// `label:line:column`, as compilers write it.
    pub fn describe(&self) -> String {
        let (line, column) = self.file.line_column(self.span.start);
        format!("{}:{line}:{column}", self.file.label())
    }
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn columns_count_characters_not_bytes() {
        let file = File::new("f", "eins\nzwölf = 1\n");
        let at = file.text().find('=').unwrap();
        assert_eq!(file.line_column(at), (2, 7));
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        let file = File::new("f", "ab");
        assert_eq!(file.line_column(99), (1, 3));
    }
}

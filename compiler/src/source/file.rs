//! A read input: its label and its text.

use std::ops::Range;
use std::sync::Arc;

/// One input file in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct File(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    label: Arc<str>,
    text: String,
    /// Byte offset of the start of each line.
    lines: Vec<usize>,
    /// Characters before each block of [`BLOCK`] bytes. Programs write JSON of many megabytes into one line; counting
    /// its characters anew for each place would take for ever.
    blocks: Vec<usize>,
}

/// Bytes between two counts of characters.
const BLOCK: usize = 4096;

/// Characters that begin in these bytes of UTF-8.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

impl File {
    /// A file with the name that messages and origins show (`mke3.toml`, `survey/mgr1.json`): relative to the
    /// site directory, so that no output depends on where that stands.
    pub fn new(label: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut count = 0;
        let before = |block: &[u8]| {
            let before = count;
            count += begun(block);
            before
        };
        let blocks = text.as_bytes().chunks(BLOCK).map(before).collect();
        Self(Arc::new(Inner { label: label.into(), text, lines, blocks }))
    }

    /// The name to show.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// The same, to be kept by the many origins that name the file.
    pub fn shared_label(&self) -> Arc<str> {
        Arc::clone(&self.0.label)
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
        (line + 1, self.characters_before(end).saturating_sub(self.characters_before(start)) + 1)
    }

    /// How long the line with this byte offset is, in bytes.
    pub fn line_length(&self, offset: usize) -> usize {
        let line = self.0.lines.partition_point(|start| *start <= offset);
        let start = self.0.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        self.0.lines.get(line).copied().unwrap_or(self.0.text.len()).saturating_sub(start)
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = self.0.text.as_bytes().get(block * BLOCK..offset).map_or(0, begun);
        self.0.blocks.get(block).map_or_else(|| begun(self.0.text.as_bytes()), |before| before + rest)
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
    fn a_long_line_has_the_same_columns() {
        for letter in ["a", "ö", "実"] {
            let text = format!("x\n{}", letter.repeat(9000));
            let file = File::new("f", text.as_str());
            for at in [0, 1, 4094, 4095, 4096, 4097, 8192, 8999] {
                assert_eq!(file.line_column(2 + at * letter.len()), (2, at + 1), "{letter} {at}");
            }
            assert_eq!(file.line_column(text.len()), (2, 9001));
            assert_eq!((file.line_length(0), file.line_length(3)), (2, 9000 * letter.len()));
        }
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        let file = File::new("f", "ab");
        assert_eq!(file.line_column(99), (1, 3));
    }
}

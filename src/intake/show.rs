//! How names of files and cells look to people, and how warnings are gathered.
//!
//! Comes in: paths and cells in any bytes. Goes out: text that can't move the cursor of a terminal, and [`Warnings`].
//! Only this file knows which characters are escaped and after how many warnings of a kind the rest is counted.

use std::collections::BTreeMap;
use std::path::Path;

/// Warnings of one kind about one table that are shown in full.
const SHOWN_OF_A_KIND: usize = 20;

/// The longest piece of foreign text shown, in characters.
const SHOWN_CHARS: usize = 300;

/// Text fit for a terminal: control and direction characters are escaped, very long text is cut.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN_CHARS {
            out.push('…');
            break;
        }
        let steers =
            matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || steers {
            out.extend(c.escape_debug());
        } else {
            out.push(c);
        }
    }
    out
}

/// A path fit for a terminal.
pub(super) fn shown_path(path: &Path) -> String {
    shown(&source_of(path))
}

/// A path as records carry it: `/` between folders, no leading `./`, bytes that are not UTF-8 replaced.
pub(super) fn source_of(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    let mut rest = text.as_str();
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter.trim_start_matches('/');
    }
    if rest.is_empty() { text } else { rest.to_string() }
}

/// Warnings in the order they came; of each kind about each table only the first few in full.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    lines: Vec<String>,
    counts: BTreeMap<(String, &'static str), usize>,
}

impl Warnings {
    /// Adds a warning that stands alone.
    pub(super) fn add(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Adds a warning about a row: `table:line: text`.
    pub(super) fn row(&mut self, table: &Path, line: u64, kind: &'static str, text: impl FnOnce() -> String) {
        let name = shown_path(table);
        let count = self.counts.entry((name.clone(), kind)).or_default();
        *count += 1;
        if *count <= SHOWN_OF_A_KIND {
            self.lines.push(format!("{name}:{line}: {}", text()));
        }
    }

    /// The warnings, and a line for each kind that was cut short.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        for ((table, kind), count) in self.counts {
            if count > SHOWN_OF_A_KIND {
                self.lines.push(format!("{table}: {} more rows: {kind}", count - SHOWN_OF_A_KIND));
            }
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(shown("a\nb\u{1b}[2J\u{202e}"), "a\\nb\\u{1b}[2J\\u{202e}");
        assert_eq!(shown("录音 '1' 😀"), "录音 '1' 😀");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), SHOWN_CHARS + 1);
    }

    #[test]
    fn sources_have_no_leading_dot() {
        assert_eq!(source_of(Path::new("./a/b.wav")), "a/b.wav");
        assert_eq!(source_of(Path::new("/a/b.wav")), "/a/b.wav");
        assert_eq!(source_of(Path::new("./")), "./");
    }

    #[test]
    fn many_warnings_of_a_kind_become_a_count() {
        let mut warnings = Warnings::default();
        for line in 0..25 {
            warnings.row(Path::new("calls.csv"), line, "no time zone", || "x".into());
        }
        let lines = warnings.into_lines();
        assert_eq!(lines.len(), 21);
        assert_eq!(lines[20], "calls.csv: 5 more rows: no time zone");
    }
}

//! From the text of a CSV to rows.
//!
//! Comes in: text. Goes out: headings and rows, each with its line. Only this file knows what is done about a quote that
//! never ends: the `csv` crate would take the rest of the table for one cell, so such a line is cut off before it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

use csv::StringRecord;

use super::super::columns::assign;
use super::super::show::Warnings;
use super::{Parsed, Row};

/// The delimiters looked for; of equally good ones the first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads a CSV; an error is a line and what is wrong with it.
pub(super) fn read(
    path: &Path,
    text: &str,
    map: &[(String, String)],
    warnings: &mut Warnings,
) -> Result<Parsed, (u64, String)> {
    let (text, first_line, told) = after_sep_line(text);
    let delimiter = told.unwrap_or_else(|| delimiter_of(text, map));
    let (text, damaged) = mend(text, delimiter);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut lines = Lines { text: text.as_bytes(), at: 0, line: first_line };
    let mut parsed = Parsed::default();
    let mut record = StringRecord::new();
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(parsed),
            Err(error) => {
                let line = lines.line_at(start);
                return Err((line, format!("it can't be read on ({error}): save it again as CSV UTF-8")));
            }
        }
        let line = lines.line_at(start);
        if parsed.headings.is_empty() {
            parsed.headings = record.iter().map(str::to_string).collect();
            parsed.header_line = line;
            continue;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let (has, wants) = (record.len(), parsed.headings.len());
        let surplus = record.iter().skip(wants).any(|cell| !cell.trim().is_empty());
        if damaged.contains(&(line - first_line)) {
            warnings.row(path, line, "a quote that never ends", || {
                "a quote that opens here never ends: the cells from it on were left out; double the quote or remove it".into()
            });
        } else if surplus {
            warnings.row(path, line, "too many cells", || {
                format!("there are {has} cells for {wants} headings, so it is not known which belongs where and none was used: put quotes around cells that hold the delimiter")
            });
        } else if has < wants {
            warnings.row(path, line, "too few cells", || {
                format!(
                    "there are {has} cells for {wants} headings: the missing ones were read as empty; complete the row"
                )
            });
        }
        let cells = record.iter().take(wants).enumerate().filter(|(_, cell)| !cell.trim().is_empty());
        let cells = cells.map(|(at, cell)| (at, cell.to_string())).collect();
        parsed.rows.push(Row { line, cells, shifted: surplus });
    }
}

/// Counts lines up to the start of records, each byte once.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that is read next from `start` on; blank lines before it are not its own.
    fn line_at(&mut self, start: usize) -> u64 {
        while let Some(byte) = self.text.get(self.at) {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            // A lone carriage return ends a line too.
            if *byte == b'\n' || (*byte == b'\r' && self.text.get(self.at + 1) != Some(&b'\n')) {
                self.line += 1;
            }
            self.at += 1;
        }
        self.line
    }
}

/// Takes off the `sep=;` line that spreadsheets write and read.
fn after_sep_line(text: &str) -> (&str, u64, Option<u8>) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let told = first.trim_matches(['\r', '"']).strip_prefix("sep=").map(str::as_bytes);
    match told {
        Some([delimiter])
            if matches!(delimiter, b'\t' | b' ') || (delimiter.is_ascii_punctuation() && *delimiter != b'"') =>
        {
            (rest, 2, Some(*delimiter))
        }
        _ => (text, 1, None),
    }
}

/// The delimiter that makes most sense of the first line: most headings recognised, then most headings.
fn delimiter_of(text: &str, map: &[(String, String)]) -> u8 {
    let header = text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or_default();
    let worth = |delimiter: u8| {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(header.as_bytes());
        let mut record = StringRecord::new();
        let _ = reader.read_record(&mut record);
        let headings: Vec<String> = record.iter().map(str::to_string).collect();
        (assign(&headings, map).known(), headings.len())
    };
    let mut best = (DELIMITERS[0], worth(DELIMITERS[0]));
    for delimiter in &DELIMITERS[1..] {
        let worth = worth(*delimiter);
        if worth > best.1 {
            best = (*delimiter, worth);
        }
    }
    best.0
}

/// Where a reader is within a record.
enum State {
    CellStart,
    Bare,
    Quoted,
    AfterQuote,
}

/// Cuts off lines before a quote that never ends; also gives their line numbers, counted from 0.
///
/// A quote never ends when the text does first, or when its end, on a later line, is followed by more text: then that
/// was really the start of another quoted cell.
fn mend(text: &str, delimiter: u8) -> (Cow<'_, str>, HashSet<u64>) {
    let bytes = text.as_bytes();
    let mut mended = String::new();
    let mut damaged = HashSet::new();
    let (mut kept, mut at, mut line) = (0, 0, 0);
    let (mut open, mut open_line, mut record_line) = (0, 0, 0);
    let mut state = State::CellStart;
    loop {
        let byte = bytes.get(at).copied();
        let ends = matches!(byte, Some(b'\n' | b'\r') | None);
        let lost = match state {
            State::Quoted => byte.is_none(),
            State::AfterQuote => !ends && byte != Some(delimiter) && byte != Some(b'"') && line > open_line,
            _ => false,
        };
        if lost {
            mended.push_str(text[kept..open].strip_suffix(char::from(delimiter)).unwrap_or(&text[kept..open]));
            damaged.insert(record_line);
            let rest = bytes.iter().skip(open).position(|byte| matches!(byte, b'\n' | b'\r'));
            (kept, line) = (rest.map_or(bytes.len(), |rest| open + rest), open_line);
            (at, state) = (kept, State::CellStart);
            if at == bytes.len() {
                break;
            }
            continue;
        }
        let Some(byte) = byte else { break };
        state = match state {
            State::Quoted if byte == b'"' => State::AfterQuote,
            State::Quoted => State::Quoted,
            State::AfterQuote if byte == b'"' => State::Quoted,
            State::CellStart if byte == b'"' => {
                (open, open_line) = (at, line);
                State::Quoted
            }
            _ if byte == delimiter || ends => State::CellStart,
            State::AfterQuote | State::Bare | State::CellStart => State::Bare,
        };
        if byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
            line += 1;
        }
        if ends && matches!(state, State::CellStart) {
            record_line = line;
        }
        at += 1;
    }
    if damaged.is_empty() {
        return (Cow::Borrowed(text), damaged);
    }
    mended.push_str(&text[kept..]);
    (Cow::Owned(mended), damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> (Vec<(u64, Vec<String>)>, Vec<String>) {
        let mut warnings = Warnings::default();
        let parsed = read(Path::new("calls.csv"), text, &[], &mut warnings).unwrap();
        let rows = parsed.rows.into_iter().map(|row| (row.line, row.cells.into_iter().map(|(_, cell)| cell).collect()));
        (rows.collect(), warnings.into_lines())
    }

    #[test]
    fn delimiters_are_recognised_by_the_headings() {
        for (text, delimiter) in [
            ("file,agent_id\n", b','),
            ("file;last, first, middle;agent_id\n", b';'),
            ("文件\t坐席工号\n", b'\t'),
            ("file|call_id", b'|'),
            ("file", b','),
            ("\"a,b,c\";file", b';'),
        ] {
            assert_eq!(delimiter_of(text, &[]), delimiter, "{text}");
        }
        assert_eq!(rows("sep=|\r\nfile|x\r\n1,2.wav|3\r\n").0, [(3, vec!["1,2.wav".to_string(), "3".into()])]);
    }

    #[test]
    fn lines_are_those_an_editor_shows() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["file,note", "", "1.wav,\"a", "b\"", "", "", "2.wav,x", "3.wav,y"].join(end);
            let lines: Vec<u64> = rows(&text).0.into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [3, 7, 8], "{end:?}");
        }
    }

    #[test]
    fn a_quote_that_never_ends_costs_its_own_row_only() {
        let (found, warnings) =
            rows("file,note,x\n1.wav,\"oops,z\n2.wav,b,c\n3.wav,\"d\",e\n4.wav,\"never\n5.wav,f,g\n");
        let firsts: Vec<&str> = found.iter().map(|(_, cells)| cells[0].as_str()).collect();
        assert_eq!(firsts, ["1.wav", "2.wav", "3.wav", "4.wav", "5.wav"]);
        assert_eq!(found[0].1.len(), 1);
        assert_eq!(found[2].1, ["3.wav", "d", "e"]);
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].starts_with("calls.csv:2: a quote") && warnings[1].starts_with("calls.csv:5: a quote"));
    }

    #[test]
    fn rows_too_long_are_used_by_key_only() {
        let mut warnings = Warnings::default();
        let text = "file,agent_name,agency\n1.wav,Smith, John,Acme\n2.wav,Ann\n3.wav,Bo,Acme,,\n";
        let parsed = read(Path::new("c.csv"), text, &[], &mut warnings).unwrap();
        assert_eq!(parsed.rows.iter().map(|row| row.shifted).collect::<Vec<_>>(), [true, false, false]);
        let lines = warnings.into_lines();
        assert!(lines[0].starts_with("c.csv:2: ") && lines[1].starts_with("c.csv:3: ") && lines.len() == 2);
    }
}

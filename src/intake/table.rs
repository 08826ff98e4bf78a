//! From a metadata table to rows.
//!
//! Comes in: a CSV or JSONL file in any of the encodings and delimiters exports use. Goes out: [`Table`]. Only this file
//! knows how a delimiter is recognised and how a broken row is kept from spoiling the others.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::columns::{Assigned, Column, assign, fold};
use super::encoding;
use super::error::IntakeError;
use super::metadata::clean;
use super::show::{Warnings, shown};

mod csv_rows;

/// A metadata table.
#[derive(Debug)]
pub(super) struct Table {
    /// As given or found.
    pub(super) path: PathBuf,
    /// Its one true place.
    pub(super) place: PathBuf,
    /// The folder it speaks for; none when it was given by name and speaks for all files.
    pub(super) folder: Option<PathBuf>,
    /// The headings as written.
    pub(super) headings: Vec<String>,
    /// Our column for each heading.
    pub(super) columns: Vec<Option<Column>>,
    /// The rows in order.
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// The line it starts on, counted from 1.
    pub(super) line: u64,
    /// The cells that are not blank, each with the index of its heading.
    pub(super) cells: Vec<(usize, String)>,
    /// Cells may stand under the wrong heading: the row may find its file, and nothing else of it is used.
    pub(super) shifted: bool,
}

/// What a reader of one format makes of a text.
#[derive(Debug, Default)]
struct Parsed {
    headings: Vec<String>,
    header_line: u64,
    rows: Vec<Row>,
}

impl Table {
    /// Reads a table.
    pub(super) fn read(
        path: &Path,
        place: PathBuf,
        folder: Option<PathBuf>,
        map: &[(String, String)],
        warnings: &mut Warnings,
    ) -> Result<Table, IntakeError> {
        let bytes = fs::read(path).map_err(|cause| IntakeError::TableUnopened { path: path.to_path_buf(), cause })?;
        let mut table = Table::parse(path, &bytes, map, warnings)?;
        (table.place, table.folder) = (place, folder);
        Ok(table)
    }

    /// Makes a table of bytes.
    pub(super) fn parse(
        path: &Path,
        bytes: &[u8],
        map: &[(String, String)],
        warnings: &mut Warnings,
    ) -> Result<Table, IntakeError> {
        let failed = |line: u64, what: String| IntakeError::Table { path: path.to_path_buf(), line, what };
        let decoded = encoding::decode(bytes).map_err(|what| failed(1, what))?;
        if let Some(note) = decoded.note {
            warnings.row(path, 1, "encoding", || note);
        }
        let text = decoded.text;
        if text.trim().is_empty() {
            let names: Vec<&str> = super::column_names().collect();
            return Err(failed(1, format!("it is empty: the first line must name the columns: {}", names.join(","))));
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let lines_of_json = matches!(ending.as_str(), "jsonl" | "ndjson") || text.trim_start().starts_with('{');
        let parsed = if lines_of_json {
            json_rows(path, &text, warnings)
        } else {
            csv_rows::read(path, &text, map, warnings).map_err(|(line, what)| failed(line, what))?
        };
        let Assigned { columns, notes } = assign(&parsed.headings, map);
        if !columns.iter().any(|column| matches!(column, Some(Column::File | Column::CallId))) {
            let what = if parsed.headings.is_empty() {
                "no line holds a JSON object with columns: write one object a line".to_string()
            } else {
                let seen = shown(&parsed.headings.join(", "));
                format!("no column is 'file' or 'call_id' (there are: {seen}): name one so, or use --map file=HEADING")
            };
            return Err(failed(parsed.header_line.max(1), what));
        }
        for note in notes {
            warnings.row(path, parsed.header_line.max(1), "heading", || note);
        }
        let Parsed { headings, rows, .. } = parsed;
        Ok(Table { path: path.to_path_buf(), place: path.to_path_buf(), folder: None, headings, columns, rows })
    }

    /// Whether a heading, capitals and spaces aside, is there.
    pub(super) fn has_heading(&self, theirs: &str) -> bool {
        let theirs = fold(theirs);
        self.headings.iter().any(|heading| fold(heading) == theirs)
    }

    /// The text of a row in one of our columns, without what spreadsheets put around it.
    pub(super) fn cell<'t>(&'t self, row: &'t Row, column: Column) -> Option<&'t str> {
        let (_, text) = row.cells.iter().find(|(at, _)| self.columns.get(*at) == Some(&Some(column)))?;
        clean(text)
    }
}

/// Reads one JSON object a line; lines may have different keys.
fn json_rows(path: &Path, text: &str, warnings: &mut Warnings) -> Parsed {
    let mut parsed = Parsed { header_line: 1, ..Parsed::default() };
    let mut known: HashMap<String, usize> = HashMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => {
                warnings.row(path, line, "not a JSON object", || {
                    "the line is not a JSON object and was left out: write {\"file\": …}".into()
                });
                continue;
            }
            Err(error) => {
                warnings.row(path, line, "not JSON", || {
                    format!("the line is not JSON (at its character {}) and was left out: correct it", error.column())
                });
                continue;
            }
        };
        let mut cells = Vec::with_capacity(object.len());
        for (key, value) in object {
            let text = match value {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            let at = *known.entry(key).or_insert_with_key(|key| {
                parsed.headings.push(key.clone());
                parsed.headings.len() - 1
            });
            if !text.trim().is_empty() {
                cells.push((at, text));
            }
        }
        parsed.rows.push(Row { line, cells, shifted: false });
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, text: &str) -> (Result<Table, String>, Vec<String>) {
        let mut warnings = Warnings::default();
        let table = Table::parse(Path::new(name), text.as_bytes(), &[], &mut warnings);
        (table.map_err(|error| error.to_string()), warnings.into_lines())
    }

    #[test]
    fn json_lines_may_differ_and_break() {
        let text =
            "{\"file\":\"1.wav\",\"agent_id\":213}\n\nnonsense\n[1]\n{\"call_id\":\"2\",\"file\":null,\"tags\":[1]}\n";
        let (table, warnings) = parse("calls.jsonl", text);
        let table = table.unwrap();
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.cell(&table.rows[0], Column::AgentId), Some("213"));
        assert_eq!(table.cell(&table.rows[1], Column::CallId), Some("2"));
        assert_eq!(table.rows[1].line, 5);
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].starts_with("calls.jsonl:3: "));
    }

    #[test]
    fn tables_without_a_key_stop_the_run() {
        for (name, text, what) in [
            ("calls.csv", "", "is empty"),
            ("calls.csv", "\n\nagent;agency\na;b\n", "line 3: no column is 'file'"),
            ("calls.jsonl", "1\n2\n", "one object a line"),
            ("calls.xlsx", "PK\u{3}\u{4}", "Excel"),
        ] {
            let message = parse(name, text).0.unwrap_err();
            assert!(message.starts_with("use the metadata table") && message.contains(what), "{message}");
        }
    }
}

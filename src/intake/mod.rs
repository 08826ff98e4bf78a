//! Intake: from the paths of a command line to the calls to audit.
//!
//! Comes in: files, folders and patterns, and the metadata tables beside them. Goes out: a [`Listing`] in which every
//! file reached is an input, refused or skipped, and every row of a table is joined or reported. Only this file knows
//! the order: reach, sort, read tables, join, name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::call::Call;

mod columns;
mod encoding;
mod error;
mod ids;
mod join;
mod listing;
mod metadata;
mod moment;
mod show;
mod sniff;
mod table;
#[cfg(test)]
mod tests;

pub use columns::column_names;
pub use error::IntakeError;

use ids::Named;
use listing::Reached;
use show::{Warnings, shown_path};
use sniff::Sorted;
use table::Table;

/// How to list.
#[derive(Clone, Debug, Default)]
pub struct IntakeOptions {
    /// Our column and their heading: `--map agent_id=Kennung`. Wins over every heading that would be recognised.
    pub map: Vec<(String, String)>,
    /// Metadata tables given by name. They cover all files and win over tables found in folders.
    pub calls: Vec<PathBuf>,
    /// What names a call that neither a table nor its own document names.
    pub id_rule: IdRule,
    /// The folder this run writes to: never an input, even before its `run.json` is there.
    pub output: Option<PathBuf>,
}

/// What names a call that neither a table nor its own document names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdRule {
    /// The file's name without its extension.
    #[default]
    Stem,
    /// The path below the folder named on the command line, extension included: never the same twice in one folder.
    Path,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound, to be decoded and recognised.
    Recording,
    /// A `fairdial.transcript` document.
    Transcript,
}

/// A call to audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name, its file and what the tables say of it; `sha256` is still absent.
    pub call: Call,
    /// Where to open it; the only form of its name that is exact when that is not UTF-8.
    pub path: PathBuf,
    /// What to do with it.
    pub kind: Kind,
}

/// A file that is no call.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// The file, with `/` between folders.
    pub source: String,
    /// `not-a-recording`, `not-a-transcript`, `vcon-not-yet` or `not-a-file`.
    pub because: &'static str,
    /// For people: what was seen and what to do.
    pub message: String,
}

/// A call that gets a not-audited record although nothing of it was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Its record's name, its file and what the tables say of it.
    pub call: Call,
    /// `unreadable`, `unreadable-folder`, `not-a-file` or `duplicate-id`.
    pub code: &'static str,
    /// For people: what happened and what to do.
    pub message: String,
}

/// A row of a metadata table that ended up at no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedRow {
    /// The table.
    pub table: PathBuf,
    /// The line the row starts on, counted from 1.
    pub row: u64,
    /// Its `file`, else its `call_id`, else empty.
    pub key: String,
}

/// Everything that was reached. `found` is always `inputs + refused + skipped`.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// How many files were reached; joined tables are not counted.
    pub found: usize,
    /// The calls to audit, ordered by path; no two ids are alike, also where capitals don't count.
    pub inputs: Vec<Input>,
    /// The calls that can't be audited, ordered by path.
    pub refused: Vec<Refused>,
    /// The files that are no calls, ordered by path.
    pub skipped: Vec<Skipped>,
    /// Rows that matched no file, or more than one, or a file another row contradicts.
    pub unmatched_rows: Vec<UnmatchedRow>,
    /// The sources of calls for which no row was joined; empty when there is no table.
    pub unmatched_files: Vec<String>,
    /// What a person should know of the tables and folders, one line each.
    pub warnings: Vec<String>,
    /// The tables joined: those given, then those found.
    pub tables: Vec<PathBuf>,
}

/// A file that is a call, on its way to [`Input`] or [`Refused`].
#[derive(Clone, Debug)]
struct Candidate {
    reached: Reached,
    source: String,
    stem: String,
    kind: Kind,
    document_id: Option<String>,
    trouble: Option<Trouble>,
}

/// Why a call can't be audited.
#[derive(Clone, Debug)]
struct Trouble {
    code: &'static str,
    message: String,
}

/// Lists every call that `paths` lead to, with its metadata.
///
/// # Errors
/// When a path or pattern leads to nothing, a folder named by the user can't be opened, a metadata table can't be used
/// as a whole, or `--map` names a column or heading that is not there. What is wrong with a single file or row never is
/// an error: it is in the listing.
pub fn list(paths: &[PathBuf], options: &IntakeOptions) -> Result<Listing, IntakeError> {
    columns::check_map(&options.map)?;
    let mut warnings = Warnings::default();
    let mut reached = listing::reach(paths, options.output.as_deref(), &mut warnings)?;
    let tables = read_tables(options, &reached.tables, &mut warnings)?;
    let places: HashSet<&Path> = tables.iter().map(|table| table.place.as_path()).collect();
    reached.files.retain(|file| !places.contains(file.place.as_path()));

    let mut listing = Listing { found: reached.files.len(), ..Listing::default() };
    let mut candidates = Vec::new();
    for file in reached.files {
        let (kind, document_id, trouble) = match sniff::sort(&file) {
            Sorted::Recording => (Kind::Recording, None, None),
            Sorted::Transcript { id } => (Kind::Transcript, id, None),
            Sorted::Unusable(trouble) => (Kind::Recording, None, Some(trouble)),
            Sorted::Skip { because, message } => {
                listing.skipped.push(Skipped { source: show::source_of(&file.path), because, message });
                continue;
            }
        };
        let source = show::source_of(&file.path);
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        candidates.push(Candidate { reached: file, source, stem, kind, document_id, trouble });
    }

    let joined = join::join(&candidates, &tables, &mut warnings);
    listing.unmatched_rows = joined.unmatched_rows;
    let mut calls = Vec::with_capacity(candidates.len());
    for (candidate, row) in candidates.iter().zip(&joined.rows) {
        let mut call = Call::new(candidate.own_id(options.id_rule), candidate.source.as_str());
        match row {
            Some((table, row)) => metadata::apply(&mut call, &tables[*table], *row, &mut warnings),
            None if tables.is_empty() => {}
            None => listing.unmatched_files.push(candidate.source.clone()),
        }
        calls.push(call);
    }
    let settled = ids::settle(calls, &candidates);
    for (candidate, named) in candidates.into_iter().zip(settled) {
        match (named, candidate.trouble) {
            (Named::Doubled { call, message }, None) => {
                listing.refused.push(Refused { call, code: "duplicate-id", message });
            }
            (Named::Own(call) | Named::Doubled { call, .. }, Some(Trouble { code, message })) => {
                listing.refused.push(Refused { call, code, message });
            }
            (Named::Own(call), None) => {
                listing.inputs.push(Input { call, path: candidate.reached.path, kind: candidate.kind });
            }
        }
    }
    listing.warnings = warnings.into_lines();
    listing.tables = tables.into_iter().map(|table| table.path).collect();
    Ok(listing)
}

/// Reads the tables given and found, each once.
fn read_tables(options: &IntakeOptions, found: &[PathBuf], warnings: &mut Warnings) -> Result<Vec<Table>, IntakeError> {
    let mut tables: Vec<Table> = Vec::new();
    let given = options.calls.iter().map(|path| (path, None));
    let found = found.iter().map(|path| (path, path.parent().map(Path::to_path_buf)));
    for (path, folder) in given.chain(found) {
        let place = listing::place_of(path);
        if !tables.iter().any(|table| table.place == place) {
            tables.push(Table::read(path, place, folder, &options.map, warnings)?);
        }
    }
    for (ours, theirs) in &options.map {
        if !tables.iter().any(|table| table.has_heading(theirs)) {
            let seen: Vec<&str> = tables.iter().flat_map(|table| &table.headings).map(String::as_str).collect();
            let what = match tables.first() {
                None => "there is no metadata table: give one with --calls".to_string(),
                Some(table) => format!(
                    "no table has the heading '{theirs}' ('{}' has: {}): check the spelling",
                    shown_path(&table.path),
                    show::shown(&seen.join(", "))
                ),
            };
            return Err(IntakeError::Map { ours: ours.clone(), theirs: theirs.clone(), what });
        }
    }
    Ok(tables)
}

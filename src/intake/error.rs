//! What stops intake as a whole.
//!
//! Comes in: nothing. Goes out: [`IntakeError`]; each message completes "failed to …", names the file and ends with what
//! to do. Only this file knows the wording. All of these are mistakes of usage: nothing was audited yet.

use std::io;
use std::path::PathBuf;

use super::show::{shown, shown_path};

/// Why there is no listing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The list of paths is empty.
    #[error("find recordings: no path was given: name a file, a folder or a pattern")]
    NoPath,
    /// A path that is not there, or a pattern that matches nothing.
    #[error("find '{}': there is no such file or folder, and as a pattern it matches nothing: check the spelling", shown_path(.path))]
    NothingMatches {
        /// As given.
        path: PathBuf,
    },
    /// A pattern that can't be read.
    #[error("use the pattern '{}': {reason}: correct it, or name the folder instead", shown_path(.path))]
    Pattern {
        /// As given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A path named by the user that is there and can't be opened.
    #[error("open '{}': {cause}: check who may read it", shown_path(.path))]
    Unreachable {
        /// As given.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A metadata table that can't be opened.
    #[error("open the metadata table '{}': {cause}: check the path given with --calls and who may read it", shown_path(.path))]
    TableUnopened {
        /// The table.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A metadata table that can't be used as a whole.
    #[error("use the metadata table '{}', line {line}: {what}", shown_path(.path))]
    Table {
        /// The table.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong and what to do.
        what: String,
    },
    /// A `--map` that names a column or heading that is not there.
    #[error("use --map {}={}: {what}", shown(.ours), shown(.theirs))]
    Map {
        /// The left side.
        ours: String,
        /// The right side.
        theirs: String,
        /// What is wrong and what to do.
        what: String,
    },
}

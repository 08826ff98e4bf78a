//! Which row belongs to which file.
//!
//! Comes in: the calls and the tables. Goes out: [`Joined`]: for each call at most one row, and every row that found no
//! place. Only this file knows which rows win over which. What is ambiguous is reported and never joined.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::metadata;
use super::show::{Warnings, shown, shown_path};
use super::table::Table;
use super::{Candidate, UnmatchedRow};

mod names;

use names::{Match, Names};

/// What joining came to.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// For each call the table and the row in it.
    pub(super) rows: Vec<Option<(usize, usize)>>,
    /// Rows that ended up nowhere, in the order of tables and lines.
    pub(super) unmatched_rows: Vec<UnmatchedRow>,
}

/// A row that names a file: of several the smallest rank wins.
#[derive(Clone, Copy)]
struct Claim {
    rank: (bool, Reverse<usize>),
    table: usize,
    row: usize,
}

/// Joins rows with calls.
pub(super) fn join(candidates: &[Candidate], tables: &[Table], warnings: &mut Warnings) -> Joined {
    let mut claims: BTreeMap<usize, Vec<Claim>> = BTreeMap::new();
    let mut lost: Vec<(usize, usize)> = Vec::new();
    for (at, (table, scope)) in tables.iter().zip(scopes(candidates, tables)).enumerate() {
        let mut names = Names::new(candidates, scope);
        // A table given by name comes before those found; of these the one in the deeper folder.
        let rank = (table.folder.is_some(), Reverse(table.place.components().count()));
        let mut by_name_alone = 0;
        for (row_at, row) in table.rows.iter().enumerate() {
            let keys = metadata::keys(table, row, warnings);
            match names.find(&keys) {
                Match::One { file, name_alone } => {
                    by_name_alone += usize::from(name_alone);
                    claims.entry(file).or_default().push(Claim { rank, table: at, row: row_at });
                }
                Match::None => lost.push((at, row_at)),
                Match::Several { count, first, second } => {
                    lost.push((at, row_at));
                    warnings.row(&table.path, row.line, "names that fit several files", || {
                        format!(
                            "'{}' fits {count} files ('{}', '{}' …) and was joined to none: write the folder as well",
                            shown(&keys.shown()),
                            shown(&candidates[first].source),
                            shown(&candidates[second].source)
                        )
                    });
                }
            }
        }
        if by_name_alone > 0 {
            warnings.add(format!(
                "{}: {by_name_alone} rows give full paths of another place; they were joined by the name of the file alone",
                shown_path(&table.path)
            ));
        }
    }
    let mut joined = Joined { rows: vec![None; candidates.len()], unmatched_rows: Vec::new() };
    for (file, claims) in claims {
        joined.rows[file] = settle(&candidates[file], &claims, tables, &mut lost, warnings);
    }
    lost.sort_unstable();
    let silent = &mut Warnings::default();
    joined.unmatched_rows = lost
        .into_iter()
        .map(|(table, row)| {
            let (table, row) = (&tables[table], &tables[table].rows[row]);
            let key = metadata::keys(table, row, silent).shown();
            UnmatchedRow { table: table.path.clone(), row: row.line, key }
        })
        .collect();
    joined
}

/// The calls each table speaks for: all, or those below its folder.
fn scopes(candidates: &[Candidate], tables: &[Table]) -> Vec<Vec<usize>> {
    let mut of_folder: HashMap<&Path, Vec<usize>> = HashMap::new();
    let mut scopes: Vec<Vec<usize>> = vec![Vec::new(); tables.len()];
    for (at, table) in tables.iter().enumerate() {
        match &table.folder {
            None => scopes[at] = (0..candidates.len()).collect(),
            Some(folder) => {
                let place = table.place.parent().unwrap_or(folder);
                of_folder.entry(place).or_default().push(at);
                // An empty path is above every relative one, also those that leave the folder.
                if place != folder && !folder.as_os_str().is_empty() {
                    of_folder.entry(folder).or_default().push(at);
                }
            }
        }
    }
    if of_folder.is_empty() {
        return scopes;
    }
    for (file, candidate) in candidates.iter().enumerate() {
        let above = candidate.reached.place.ancestors().chain(candidate.reached.path.ancestors());
        for at in above.skip(1).filter_map(|folder| of_folder.get(folder)).flatten() {
            if scopes[*at].last() != Some(&file) {
                scopes[*at].push(file);
            }
        }
    }
    scopes
}

/// Chooses among the rows that name one file.
fn settle(
    candidate: &Candidate,
    claims: &[Claim],
    tables: &[Table],
    lost: &mut Vec<(usize, usize)>,
    warnings: &mut Warnings,
) -> Option<(usize, usize)> {
    let first = claims.iter().min_by_key(|claim| (claim.rank, claim.table, claim.row))?;
    let same = |claim: &Claim| {
        let at_once = claim.table == first.table
            && tables[claim.table].rows[claim.row].cells == tables[first.table].rows[first.row].cells;
        at_once || content(tables, claim) == content(tables, first)
    };
    let place = |claim: &Claim| {
        let table = &tables[claim.table];
        format!("{}:{}", shown_path(&table.path), table.rows[claim.row].line)
    };
    let different: Vec<&Claim> = claims.iter().filter(|claim| !same(claim)).collect();
    let (equal, below): (Vec<&Claim>, Vec<&Claim>) = different.iter().partition(|claim| claim.rank == first.rank);
    if let Some(other) = equal.first() {
        let table = &tables[first.table];
        warnings.row(&table.path, table.rows[first.row].line, "rows that contradict each other", || {
            format!(
                "this row and {} say different things of '{}', so neither was used: remove the wrong one",
                place(other),
                shown(&candidate.source)
            )
        });
        lost.extend(claims.iter().map(|claim| (claim.table, claim.row)));
        return None;
    }
    for claim in below {
        let table = &tables[claim.table];
        warnings.row(&table.path, table.rows[claim.row].line, "rows overruled by another table", || {
            format!("{} says something else of '{}' and was used", place(first), shown(&candidate.source))
        });
        lost.push((claim.table, claim.row));
    }
    Some((first.table, first.row))
}

/// The cells of a row by heading, whatever the order of the columns.
fn content<'t>(tables: &'t [Table], claim: &Claim) -> Vec<(&'t str, &'t str)> {
    let table = &tables[claim.table];
    let name = |at: usize| match table.columns.get(at).copied().flatten() {
        Some(column) => column.name(),
        None => table.headings.get(at).map_or("", |heading| heading.trim()),
    };
    let cells = &table.rows[claim.row].cells;
    let mut content: Vec<_> = cells.iter().filter_map(|(at, text)| Some((name(*at), metadata::clean(text)?))).collect();
    content.sort_unstable();
    content
}

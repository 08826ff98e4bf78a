//! When a name in a table is the name of a file.
//!
//! Comes in: the files a table speaks for, and the keys of a row. Goes out: [`Match`]. Only this file knows that capitals
//! make no difference, that an ending may be missing, and that a name with folders fits the end of a path.

use std::collections::HashMap;
use std::path::Path;

use super::super::metadata::Keys;
use super::super::sniff;
use super::Candidate;

/// What a key fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// No file.
    None,
    /// One file. `name_alone`: the key is a full path of another place, and only its last part was compared.
    One { file: usize, name_alone: bool },
    /// More than one file.
    Several { count: usize, first: usize, second: usize },
}

/// The names of files, ready to be looked up.
pub(super) struct Names<'c> {
    candidates: &'c [Candidate],
    scope: Vec<usize>,
    /// By number of parts, 1 being the name alone: the last parts of each path, in small letters.
    ends: HashMap<usize, Ends>,
    /// By the id in the document.
    ids: HashMap<String, Vec<usize>>,
}

/// Files by the last parts of their paths.
#[derive(Default)]
struct Ends {
    whole: HashMap<String, Vec<usize>>,
    without_ending: HashMap<String, Vec<usize>>,
}

/// A `file` cell, taken apart.
struct Wanted {
    parts: Vec<String>,
    full: bool,
}

impl<'c> Names<'c> {
    /// Prepares the files of `scope`.
    pub(super) fn new(candidates: &'c [Candidate], scope: Vec<usize>) -> Names<'c> {
        let mut ids: HashMap<String, Vec<usize>> = HashMap::new();
        for file in &scope {
            if let Some(id) = &candidates[*file].document_id {
                ids.entry(id.to_lowercase()).or_default().push(*file);
            }
        }
        Names { candidates, scope, ends: HashMap::new(), ids }
    }

    /// The file a row is about: the one its `file` fits, else the one whose stem or own id is its `call_id`.
    pub(super) fn find(&mut self, keys: &Keys) -> Match {
        let by_file = keys.file.map_or(Match::None, |file| self.by_file(file));
        match (by_file, keys.call_id) {
            (Match::None, Some(call_id)) => self.by_call_id(call_id),
            (by_file, _) => by_file,
        }
    }

    fn by_file(&mut self, text: &str) -> Match {
        // Where a backslash may be part of a name, such a name is tried as it is.
        let literal = self.ends(1).whole.get(&text.to_lowercase()).map_or(Match::None, |files| one_of(files, false));
        if literal != Match::None {
            return literal;
        }
        let wanted = Wanted::read(text);
        let found = self.by_end(&wanted.parts, false);
        if found == Match::None && wanted.full && wanted.parts.len() > 1 {
            return self.by_end(&wanted.parts[wanted.parts.len() - 1..], true);
        }
        found
    }

    /// Compares the last parts: as they are, then without the file's ending, then without both endings.
    fn by_end(&mut self, parts: &[String], name_alone: bool) -> Match {
        let Some(name) = parts.last() else { return Match::None };
        let stem = Path::new(name).file_stem().filter(|_| sniff::is_recording_name(Path::new(name)));
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
        let key = parts.join("/");
        let short = stem.map(|stem| format!("{}{stem}", &key[..key.len() - name.len()]));
        let ends = self.ends(parts.len());
        let found = ends.whole.get(&key).or_else(|| ends.without_ending.get(&key));
        let found = found.or_else(|| ends.without_ending.get(&short?));
        found.map_or(Match::None, |files| one_of(files, name_alone))
    }

    fn by_call_id(&mut self, call_id: &str) -> Match {
        let key = call_id.to_lowercase();
        let own = self.ids.get(&key).map_or(Match::None, |files| one_of(files, false));
        if own != Match::None {
            return own;
        }
        self.ends(1).without_ending.get(&key).map_or(Match::None, |files| one_of(files, false))
    }

    /// The files by their last `count` parts; made when first asked for.
    fn ends(&mut self, count: usize) -> &Ends {
        let Names { candidates, scope, .. } = self;
        self.ends.entry(count).or_insert_with(|| {
            let mut ends = Ends::default();
            for file in scope.iter() {
                let reached = &candidates[*file].reached;
                let as_found = last_parts(&reached.path, count);
                let in_truth = last_parts(&reached.place, count).filter(|parts| Some(parts) != as_found.as_ref());
                for parts in as_found.into_iter().chain(in_truth) {
                    let name = Path::new(&parts);
                    let ending = name.extension().map_or(0, |ending| ending.len() + 1);
                    ends.without_ending.entry(parts[..parts.len() - ending].to_string()).or_default().push(*file);
                    ends.whole.entry(parts).or_default().push(*file);
                }
            }
            ends
        })
    }
}

impl Wanted {
    fn read(text: &str) -> Wanted {
        let text = text.to_lowercase().replace('\\', "/");
        let drive = text.as_bytes().get(1) == Some(&b':') && text.starts_with(|c: char| c.is_ascii_alphabetic());
        let full = text.starts_with('/') || drive || text.contains("://");
        let parts = text.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
        Wanted { parts: parts.map(str::to_string).collect(), full }
    }
}

/// The last `count` parts of a path, in small letters; none when it has fewer.
fn last_parts(path: &Path, count: usize) -> Option<String> {
    let mut parts: Vec<String> = Vec::with_capacity(count);
    for part in path.components().rev().take(count) {
        match part {
            std::path::Component::Normal(part) => parts.push(part.to_string_lossy().to_lowercase()),
            // The drive, as a full path in a table also has it.
            std::path::Component::Prefix(drive) => parts.push(drive.as_os_str().to_string_lossy().to_lowercase()),
            _ => {}
        }
    }
    parts.reverse();
    (parts.len() == count).then(|| parts.join("/"))
}

fn one_of(files: &[usize], name_alone: bool) -> Match {
    match files {
        [] => Match::None,
        [file] => Match::One { file: *file, name_alone },
        [first, second, ..] => Match::Several { count: files.len(), first: *first, second: *second },
    }
}

//! From paths and patterns to files.
//!
//! Comes in: what stands on the command line. Goes out: [`Reach`]: every file once, ordered by path, and the metadata
//! tables lying among them. Only this file knows what is hidden, which folders fairdial wrote itself, how links are
//! followed and when a path is a pattern.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::Trouble;
use super::error::IntakeError;
use super::show::{Warnings, shown_path};
use super::sniff;

/// What fairdial writes into its output folder: left out when the recordings lie in that same folder.
const OWN_PARTS: [&str; 8] =
    ["records", "transcripts", "report", "feedback", "exports", "samples", "decisions", "run.json"];

/// A file somebody may want audited.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    /// As found: the argument and what lies below it.
    pub(super) path: PathBuf,
    /// The one true place of the file, the same for every way to it.
    pub(super) place: PathBuf,
    /// The part of `path` below the argument.
    pub(super) below: PathBuf,
    /// Named by the user, not met in a folder.
    pub(super) named: bool,
    /// Why it can't be opened, as far as that is known without trying.
    pub(super) trouble: Option<Trouble>,
    link: bool,
}

#[cfg(test)]
impl Reached {
    /// A file that is not there.
    pub(super) fn for_tests(path: &Path) -> Reached {
        let (path, place) = (path.to_path_buf(), Path::new("/audio").join(path));
        Reached { below: path.clone(), path, place, named: false, trouble: None, link: false }
    }
}

/// All files reached.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) files: Vec<Reached>,
    pub(super) tables: Vec<PathBuf>,
}

/// The one true place of a file; the path made absolute when the system won't tell.
pub(super) fn place_of(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}

/// Follows every path and pattern.
pub(super) fn reach(paths: &[PathBuf], output: Option<&Path>, warnings: &mut Warnings) -> Result<Reach, IntakeError> {
    if paths.is_empty() {
        return Err(IntakeError::NoPath);
    }
    let mut walker = Walker {
        files: Vec::new(),
        tables: Vec::new(),
        seen: HashMap::new(),
        folders: HashMap::new(),
        own: HashMap::new(),
        output: output.map(place_of),
        warnings,
    };
    for path in paths {
        match fs::symlink_metadata(path) {
            Ok(_) if path.is_dir() => {
                fs::read_dir(path).map_err(|cause| IntakeError::Unreachable { path: path.clone(), cause })?;
                walker.folder(path, Path::new(""), true);
            }
            Ok(_) => walker.file(path, Path::new(path.file_name().unwrap_or_default()), true),
            Err(cause) if cause.kind() == ErrorKind::PermissionDenied => {
                return Err(IntakeError::Unreachable { path: path.clone(), cause });
            }
            Err(_) => walker.pattern(path)?,
        }
    }
    let mut reach = Reach { files: walker.files, tables: walker.tables };
    reach.files.sort_by(|a, b| a.path.cmp(&b.path));
    reach.tables.sort();
    Ok(reach)
}

struct Walker<'w> {
    files: Vec<Reached>,
    tables: Vec<PathBuf>,
    seen: HashMap<PathBuf, usize>,
    folders: HashMap<PathBuf, PathBuf>,
    own: HashMap<PathBuf, bool>,
    output: Option<PathBuf>,
    warnings: &'w mut Warnings,
}

impl Walker<'_> {
    /// Everything below `root`. `named`: the user wrote this folder's name, so it is walked even if fairdial wrote it.
    fn folder(&mut self, root: &Path, below: &Path, named: bool) {
        let mut entries = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    // A link back to a folder above: its files are reached from there.
                    if error.loop_ancestor().is_none()
                        && let Some(path) = error.path()
                        && !is_hidden(path.file_name())
                    {
                        let cause = error.io_error().map_or_else(|| "it can't be opened".into(), ToString::to_string);
                        self.unreadable(path, &below_of(path, root, below), &cause);
                    }
                    continue;
                }
            };
            let is_folder = entry.file_type().is_dir();
            let leave_out = if entry.depth() == 0 {
                !named && self.is_own(entry.path())
            } else if entry.depth() == 1 && is_own_part(entry.file_name()) && self.is_own(root) {
                true
            } else {
                is_hidden(Some(entry.file_name())) || (is_folder && self.is_own(entry.path()))
            };
            if leave_out {
                if is_folder {
                    self.warn_of_recordings_left_out(entry.path());
                    entries.skip_current_dir();
                }
            } else if !is_folder {
                let link = entry.path_is_symlink();
                let special = !entry.file_type().is_file();
                self.add(entry.path(), below_of(entry.path(), root, below), false, link, special);
            }
        }
    }

    fn file(&mut self, path: &Path, below: &Path, named: bool) {
        let link = fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink());
        match fs::metadata(path) {
            Ok(data) => self.add(path, below.to_path_buf(), named, link, !data.is_file()),
            Err(cause) => self.unreadable(path, below, &cause.to_string()),
        }
    }

    fn pattern(&mut self, path: &Path) -> Result<(), IntakeError> {
        let nothing = || IntakeError::NothingMatches { path: path.to_path_buf() };
        let text = path.to_str().filter(|text| text.contains(['*', '?', '['])).ok_or_else(nothing)?;
        let options = glob::MatchOptions {
            case_sensitive: !cfg!(windows),
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let matches = glob::glob_with(text, options)
            .map_err(|error| IntakeError::Pattern { path: path.to_path_buf(), reason: error.msg.to_string() })?;
        let wild = |part: &OsStr| part.to_string_lossy().contains(['*', '?', '[']);
        let base: PathBuf = path.components().take_while(|part| !wild(part.as_os_str())).collect();
        let mut any = false;
        for found in matches {
            any = true;
            match found {
                Ok(found) => {
                    let below = found.strip_prefix(&base).unwrap_or(&found).to_path_buf();
                    let part = below.components().next().is_some_and(|part| is_own_part(part.as_os_str()));
                    let mut above = found.ancestors().skip(1).take_while(|folder| **folder != base);
                    if above.any(|folder| self.is_own(folder)) || (part && self.is_own(&base)) {
                        continue;
                    }
                    if found.is_dir() { self.folder(&found, &below, false) } else { self.file(&found, &below, false) }
                }
                Err(error) => {
                    let below = error.path().strip_prefix(&base).unwrap_or(error.path()).to_path_buf();
                    self.unreadable(error.path(), &below, &error.error().to_string());
                }
            }
        }
        if any { Ok(()) } else { Err(nothing()) }
    }

    fn unreadable(&mut self, path: &Path, below: &Path, cause: &str) {
        let code = if path.is_dir() { "unreadable-folder" } else { "unreadable" };
        let message = format!("'{}' can't be opened: {cause}: check who may read it, then run again", shown_path(path));
        self.push(path, below.to_path_buf(), false, false, Some(Trouble { code, message }));
    }

    fn add(&mut self, path: &Path, below: PathBuf, named: bool, link: bool, special: bool) {
        let name = path.file_name().unwrap_or_default();
        if !special && (name.eq_ignore_ascii_case("calls.csv") || name.eq_ignore_ascii_case("calls.jsonl")) {
            self.tables.push(path.to_path_buf());
        }
        let trouble = special.then(|| Trouble {
            code: "not-a-file",
            message: format!("'{}' is a pipe, socket or device: give a file", shown_path(path)),
        });
        self.push(path, below, named, link, trouble);
    }

    /// Takes a file once. Of several ways to it, the one that is no link gives the name.
    fn push(&mut self, path: &Path, below: PathBuf, named: bool, link: bool, trouble: Option<Trouble>) {
        let place = self.place(path, link);
        let path = path.to_path_buf();
        match self.seen.get(&place).and_then(|index| self.files.get_mut(*index)) {
            Some(known) => {
                known.named |= named;
                if known.link && !link {
                    (known.path, known.below, known.link) = (path, below, false);
                }
            }
            None => {
                self.seen.insert(place.clone(), self.files.len());
                self.files.push(Reached { path, place, below, named, trouble, link });
            }
        }
    }

    /// [`place_of`], asking the system once a folder and not once a file.
    fn place(&mut self, path: &Path, link: bool) -> PathBuf {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) if !link => {
                let here = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                self.folders.entry(parent.to_path_buf()).or_insert_with(|| place_of(here)).join(name)
            }
            _ => place_of(path),
        }
    }

    /// Whether fairdial wrote this folder, or is about to.
    fn is_own(&mut self, folder: &Path) -> bool {
        if let Some(known) = self.own.get(folder) {
            return *known;
        }
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let own = self.output.as_ref().is_some_and(|output| place_of(here) == *output)
            || sniff::head_of(&here.join("run.json")).is_ok_and(|head| sniff::has_schema(&head, "fairdial.run/"));
        self.own.insert(folder.to_path_buf(), own);
        own
    }

    /// Says so where recordings lie in a folder that is left out; not of fairdial's own clips, nor of hidden folders.
    fn warn_of_recordings_left_out(&mut self, folder: &Path) {
        if is_hidden(folder.file_name()) || folder.file_name().is_some_and(is_own_part) {
            return;
        }
        let Ok(entries) = fs::read_dir(folder) else { return };
        let count = entries.flatten().filter(|entry| sniff::is_recording_name(Path::new(&entry.file_name()))).count();
        if count > 0 {
            let folder = shown_path(folder);
            self.warnings.add(format!(
                "'{folder}' is left out because it holds results of fairdial: name it as well to audit the {count} recordings in it"
            ));
        }
    }
}

fn is_own_part(name: &OsStr) -> bool {
    OWN_PARTS.iter().any(|part| name == *part)
}

fn below_of(path: &Path, root: &Path, below: &Path) -> PathBuf {
    below.join(path.strip_prefix(root).unwrap_or(path))
}

fn is_hidden(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

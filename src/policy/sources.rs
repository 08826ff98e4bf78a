//! The files of packs, read: from folders, or those built into the program.
//!
//! Comes in: paths. Goes out: [`PackSource`]s, each with its texts. Only this file opens lexicon files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::diagnostics::{Diagnostic, LexiconError, SourceFile, Weight};
use crate::hash::sha256_of_parts;

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/lexicons");

/// The files of one pack, `pack.toml` first, the others by name.
pub(super) struct PackSource {
    pub folder: String,
    pub files: Vec<Arc<SourceFile>>,
}

/// The packs that come with the program.
pub(super) fn shipped() -> Vec<PackSource> {
    let packs = SHIPPED.dirs().map(|folder| {
        let files = folder.files().filter(|file| is_part(file.path()));
        let files = files.map(|file| SourceFile {
            path: format!("lexicons/{}", file.path().display()),
            text: file.contents_utf8().unwrap_or_default().into(),
        });
        PackSource::new(folder.path().display().to_string(), files.collect())
    });
    packs.collect()
}

/// The packs in folders: each path is a pack or a folder of packs.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<PackSource>, LexiconError> {
    let mut packs = Vec::new();
    let mut unreadable = Vec::new();
    for path in paths {
        match read_packs(path) {
            Ok(found) if found.is_empty() => {
                unreadable.push(no_file(path, "it holds no pack: no pack.toml here or one folder below"))
            }
            Ok(found) => packs.extend(found),
            Err((path, error)) => unreadable.push(no_file(&path, &error)),
        }
    }
    if unreadable.is_empty() { Ok(packs) } else { Err(LexiconError { diagnostics: unreadable }) }
}

impl PackSource {
    fn new(folder: String, mut files: Vec<SourceFile>) -> PackSource {
        files.sort_by_key(|file| (!file.path.ends_with("/pack.toml"), file.path.clone()));
        PackSource { folder, files: files.into_iter().map(Arc::new).collect() }
    }

    /// The file of that name.
    pub fn file(&self, name: &str) -> Option<&Arc<SourceFile>> {
        self.files.iter().find(|file| file.path.rsplit(['/', '\\']).next() == Some(name))
    }

    /// The topics: every `.toml` but the head.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<SourceFile>> {
        self.files.iter().skip(1).filter(|file| file.path.ends_with(".toml"))
    }

    /// The folder's own name.
    pub fn name(&self) -> &str {
        self.folder.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    pub fn fingerprint(&self) -> String {
        let names = self.files.iter().map(|file| file.path.rsplit('/').next().unwrap_or_default());
        let parts = names.zip(&self.files).flat_map(|(name, file)| [name.as_bytes(), file.text.as_bytes()]);
        sha256_of_parts(parts)
    }
}

/// Rules, or weights.
fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml" || extension == "tsv")
}

pub(super) fn no_file(path: &Path, message: &str) -> Diagnostic {
    let file = SourceFile { path: path.display().to_string(), text: "".into() };
    Diagnostic {
        code: "L000",
        weight: Weight::Error,
        file: Arc::new(file),
        span: 0..0,
        message: format!("failed to read {}: {message}", path.display()),
        help: "give a pack's folder, or a folder of packs, to --lexicons".into(),
    }
}

fn read_packs(path: &Path) -> Result<Vec<PackSource>, (PathBuf, String)> {
    if path.join("pack.toml").is_file() {
        return read_pack(path).map(|pack| vec![pack]);
    }
    let mut packs = Vec::new();
    for folder in entries(path)? {
        if folder.join("pack.toml").is_file() {
            packs.push(read_pack(&folder)?);
        }
    }
    Ok(packs)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, (PathBuf, String)> {
    let listed = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> = listed
        .map_err(|error| (path.to_path_buf(), error.to_string()))?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    Ok(paths)
}

fn read_pack(folder: &Path) -> Result<PackSource, (PathBuf, String)> {
    let mut files = Vec::new();
    for path in entries(folder)?.into_iter().filter(|path| is_part(path)) {
        let text = fs::read_to_string(&path).map_err(|error| (path.clone(), error.to_string()))?;
        files.push(SourceFile { path: path.display().to_string(), text: text.into() });
    }
    Ok(PackSource::new(folder.display().to_string(), files))
}

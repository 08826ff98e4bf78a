//! What models are on this machine, and which file a name or path means.
//!
//! In: a name or path, the [`Manifest`], and the folders to look in. Out: the state of every known model, or one
//! [`ModelFile`] with the SHA-256 that goes into records. Only this file decides what counts as a path and what as a
//! name, and in which order folders are searched. It writes nothing and uses no network.

use std::fs::{self, File};
use std::path::{Path, PathBuf, is_separator};

use super::part::part_path;
use super::{Entry, Manifest, ModelError};
use crate::hash::sha256_of_rest;

/// What is on disk of one model, judged by size alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A file of the right size is there. [`verify`] tells whether its contents are right too.
    Present,
    /// Nothing is there.
    Absent,
    /// A download stopped part of the way.
    Partial {
        /// Bytes gathered so far.
        bytes: u64,
    },
    /// A file of the wrong size is there.
    Corrupt,
}

/// A model file found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Name for records: the manifest's if the contents are known, else the file name without `.bin`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its contents, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The manifest entry with exactly these contents; `None` for a model of the user's own.
    pub known: Option<Entry>,
}

/// Every model of the manifest, its state in `dir` by size, and where it is or would be.
pub fn list(manifest: &Manifest, dir: &Path) -> Vec<(Entry, State, PathBuf)> {
    let state = |entry: &Entry, path: &Path| match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() == entry.bytes => State::Present,
        Ok(_) => State::Corrupt,
        Err(_) => match fs::metadata(part_path(dir, entry)) {
            Ok(found) if found.len() > 0 => State::Partial { bytes: found.len() },
            _ => State::Absent,
        },
    };
    let models = manifest.models.iter();
    models
        .map(|entry| {
            let path = dir.join(&entry.file);
            (entry.clone(), state(entry, &path), path)
        })
        .collect()
}

/// Reads the model in `dir` from end to end and compares it with the manifest.
///
/// # Errors
/// [`ModelError::NotFound`], [`ModelError::SizeOnDisk`], [`ModelError::Checksum`] or [`ModelError::Io`]. Nothing is
/// removed.
pub fn verify(entry: &Entry, dir: &Path) -> Result<(), ModelError> {
    let path = dir.join(&entry.file);
    if !path.exists() {
        return Err(missing(entry, vec![path]));
    }
    matching(entry, &path).map(|_| ())
}

/// Finds the one file that `name_or_path` means and computes its SHA-256, which takes about a second a gigabyte.
///
/// Something with a folder in it, or ending in `.bin` and there, is a path. Else it is a name: of the manifest, or of a
/// file `NAME` or `NAME.bin` in one of `dirs`, which are searched in order.
///
/// # Errors
/// [`ModelError::NotFound`] naming every place looked at and the command that fetches the model,
/// [`ModelError::UnknownName`] with the nearest names, [`ModelError::SizeOnDisk`] or [`ModelError::Checksum`] if a file
/// under a manifest name does not hold that model, [`ModelError::NotAFile`], [`ModelError::Io`].
pub fn locate(name_or_path: &str, manifest: &Manifest, dirs: &[PathBuf]) -> Result<ModelFile, ModelError> {
    let as_path = Path::new(name_or_path);
    if name_or_path.chars().any(is_separator) {
        return at_path(name_or_path, as_path, manifest);
    }
    if name_or_path.ends_with(".bin") && as_path.is_file() {
        return at_path(name_or_path, as_path, manifest);
    }
    if let Some(entry) = manifest.find(name_or_path) {
        let looked: Vec<PathBuf> = dirs.iter().map(|dir| dir.join(&entry.file)).collect();
        let Some(path) = looked.iter().find(|path| path.exists()) else {
            return Err(missing(entry, looked));
        };
        let (sha256, bytes) = matching(entry, path)?;
        return Ok(ModelFile {
            name: entry.name.clone(),
            path: path.clone(),
            sha256,
            bytes,
            known: Some(entry.clone()),
        });
    }
    if !name_or_path.is_empty() {
        let own = dirs.iter().flat_map(|dir| [dir.join(name_or_path), dir.join(format!("{name_or_path}.bin"))]);
        if let Some(path) = own.into_iter().find(|path| path.is_file()) {
            return described(&path, manifest);
        }
        if as_path.is_file() {
            return described(as_path, manifest);
        }
    }
    Err(ModelError::UnknownName { name: name_or_path.to_owned(), near: manifest.near(name_or_path) })
}

fn at_path(given: &str, path: &Path, manifest: &Manifest) -> Result<ModelFile, ModelError> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => described(path, manifest),
        Ok(_) => Err(ModelError::NotAFile { path: path.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ModelError::NotFound {
            name: given.to_owned(),
            looked: vec![path.to_owned()],
            fix: "check the path, or give a name from 'fairdial models list'".to_owned(),
        }),
        Err(source) => Err(ModelError::io("open", path, source)),
    }
}

fn missing(entry: &Entry, looked: Vec<PathBuf>) -> ModelError {
    let fix = format!("run 'fairdial models fetch {}'", entry.name);
    ModelError::NotFound { name: entry.name.clone(), looked, fix }
}

/// SHA-256 and size of the file, if they are the entry's.
fn matching(entry: &Entry, path: &Path) -> Result<(String, u64), ModelError> {
    let found = fs::metadata(path).map_err(|source| ModelError::io("open", path, source))?;
    if !found.is_file() {
        return Err(ModelError::NotAFile { path: path.to_owned() });
    }
    if found.len() != entry.bytes {
        let (name, found, expected) = (entry.name.clone(), found.len(), entry.bytes);
        return Err(ModelError::SizeOnDisk { path: path.to_owned(), name, found, expected });
    }
    let (sha256, bytes) = hashed(path)?;
    if sha256 != entry.sha256 {
        let fix = format!("run 'fairdial models fetch {}' to replace it", entry.name);
        let expected = entry.sha256.clone();
        return Err(ModelError::Checksum { path: path.to_owned(), expected, found: sha256, fix });
    }
    Ok((sha256, bytes))
}

/// Describes a file by its contents.
fn described(path: &Path, manifest: &Manifest) -> Result<ModelFile, ModelError> {
    let (sha256, bytes) = hashed(path)?;
    let known = manifest.by_sha256(&sha256).cloned();
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = match &known {
        Some(entry) => entry.name.clone(),
        None => file_name.strip_suffix(".bin").unwrap_or(&file_name).to_owned(),
    };
    Ok(ModelFile { name, path: path.to_owned(), sha256, bytes, known })
}

fn hashed(path: &Path) -> Result<(String, u64), ModelError> {
    let read = |source| ModelError::io("read", path, source);
    let mut file = File::open(path).map_err(read)?;
    let bytes = file.metadata().map_err(read)?.len();
    Ok((sha256_of_rest(&mut file).map_err(read)?, bytes))
}

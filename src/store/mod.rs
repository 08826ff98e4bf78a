//! The store: the output folder, and nothing half-written in it.
//!
//! Comes in: records, transcripts, the run's account. Goes out: files for their owner only, whole or not at all: each is
//! written beside its final name, flushed to the disk, and renamed. Only this file knows the folder's layout and where
//! a transcript is kept under its key.

mod run;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use run::{Account, NotAudited, Run, SCHEMA as RUN_SCHEMA, StageTimes};

use crate::call::CallId;
use crate::hash::sha256_of_parts;
use crate::record::CallRecord;
use crate::transcript::Transcript;

/// An output folder.
pub struct Store {
    root: PathBuf,
    /// Transcripts there are, by key.
    transcripts: Mutex<HashMap<String, String>>,
}

/// Under which a transcript is found again: the audio, the model and the settings, in 24 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TranscriptKey(String);

impl TranscriptKey {
    /// The key of what a recogniser hears in a recording.
    pub fn of(audio_sha256: &str, model_fingerprint: &str, settings: &str) -> TranscriptKey {
        let parts = [audio_sha256, model_fingerprint, settings].map(str::as_bytes);
        TranscriptKey(sha256_of_parts(parts)[..24].to_string())
    }
}

/// Why the output folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something on the disk.
    #[error("failed to {what} {path}: {source}{hint}", path = .path.display(), hint = hint(.source))]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A stored file that isn't what it should be.
    #[error("failed to read {path}: {message}", path = .path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong, without any spoken words.
        message: String,
    },
}

impl StoreError {
    /// The kebab-case code for the record's `reason`.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk-full",
            StoreError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => "not-writable",
            StoreError::Io { .. } => "store-failed",
            StoreError::Content { .. } => "stored-file-invalid",
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; give --out a folder you may write to",
        io::ErrorKind::StorageFull => "; free some space and run the same command again: finished calls are kept",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "; --out must be a folder",
        _ => "",
    }
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io { what, path, source }
}

impl Store {
    /// Opens an output folder, making it if need be, for its owner only.
    ///
    /// # Errors
    /// When it can't be made or written to.
    pub fn open(root: &Path) -> Result<Store, StoreError> {
        for folder in [root.to_path_buf(), root.join("records"), root.join("transcripts")] {
            make_private_folder(&folder).map_err(io_error("make the folder", &folder))?;
        }
        let probe = tempfile::NamedTempFile::new_in(root).map_err(io_error("write into", root))?;
        drop(probe);
        let folder = root.join("transcripts");
        let mut transcripts = HashMap::new();
        for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
            let entry = entry.map_err(io_error("list", &folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some((_, key)) = name.strip_suffix(".json").and_then(|stem| stem.rsplit_once('.')) {
                transcripts.insert(key.to_string(), name);
            }
        }
        Ok(Store { root: root.to_path_buf(), transcripts: Mutex::new(transcripts) })
    }

    /// The output folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a call's record lies.
    pub fn record_path(&self, id: &CallId) -> PathBuf {
        self.root.join("records").join(format!("{id}.json"))
    }

    /// Writes a record; a file with the same bytes is left alone.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write_record(&self, record: &CallRecord) -> Result<(), StoreError> {
        write_if_changed(&self.record_path(&record.call.id), record.to_json().as_bytes())
    }

    /// The stored transcript with a key, if there is one that can be read.
    pub fn transcript(&self, key: &TranscriptKey) -> Option<Transcript> {
        let name = self.names().get(&key.0).cloned()?;
        let bytes = fs::read(self.root.join("transcripts").join(name)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Stores a call's transcript and says where, relative to the folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write_transcript(
        &self,
        id: &CallId,
        key: &TranscriptKey,
        transcript: &Transcript,
    ) -> Result<String, StoreError> {
        let name = format!("{id}.{}.json", key.0);
        let mut bytes = serde_json::to_vec(transcript).unwrap_or_default();
        bytes.push(b'\n');
        write_if_changed(&self.root.join("transcripts").join(&name), &bytes)?;
        self.names().insert(key.0.clone(), name.clone());
        Ok(format!("transcripts/{name}"))
    }

    /// Writes the run's account.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write_run(&self, run: &Run) -> Result<PathBuf, StoreError> {
        let path = self.root.join("run.json");
        let mut bytes = serde_json::to_vec_pretty(run).unwrap_or_default();
        bytes.push(b'\n');
        write_if_changed(&path, &bytes)?;
        Ok(path)
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.transcripts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Reads a record.
///
/// # Errors
/// When the file can't be read or isn't a record of this version.
pub fn read_record(path: &Path) -> Result<CallRecord, StoreError> {
    let bytes = fs::read(path).map_err(io_error("read", path))?;
    let record: CallRecord = serde_json::from_slice(&bytes).map_err(|error| StoreError::Content {
        path: path.to_path_buf(),
        message: format!("not a record (line {}, column {})", error.line(), error.column()),
    })?;
    if record.schema != crate::record::SCHEMA {
        let message = format!("it is not a {} document", crate::record::SCHEMA);
        return Err(StoreError::Content { path: path.to_path_buf(), message });
    }
    Ok(record)
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    write_whole(path, bytes).map_err(io_error("write", path))
}

/// Beside its final name, flushed, renamed, the folder flushed: after a power cut the old file or the new one is there.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // tempfile makes files readable by their owner only.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transcripts_are_found_by_key_after_reopening_and_files_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("out");
        let key = TranscriptKey::of("a", "b", "c");
        let transcript = Transcript::new(Vec::new(), None);
        let path = Store::open(&root).unwrap().write_transcript(&CallId::from_text("a.b"), &key, &transcript).unwrap();
        let again = Store::open(&root).unwrap();
        assert_eq!(again.transcript(&key), Some(transcript));
        assert_eq!(again.transcript(&TranscriptKey::of("a", "b", "d")), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&root), mode(&root.join(path))), (0o700, 0o600));
        }
    }

    #[test]
    fn a_file_in_the_folders_place_is_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "x").unwrap();
        let error = Store::open(&path).err().unwrap();
        assert!(error.to_string().contains("--out must be a folder"), "{error}");
    }
}

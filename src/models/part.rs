//! The partial file in which a download gathers.
//!
//! In: the folder and entry of a download. Out: a [`Part`] held by this process alone, or word that another fetch has it.
//! Only this file knows the partial file's name, how it is locked, and which write errors mean a full disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use super::{Entry, ModelError};
use crate::hash::sha256_of_rest;

/// Where the partial file of `entry` gathers.
pub(super) fn part_path(dir: &Path, entry: &Entry) -> PathBuf {
    dir.join(format!("{}.part", entry.file))
}

/// The partial file, held so that no second fetch writes to it.
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl Part {
    /// Opens or makes the partial file and takes hold of it.
    pub(super) fn open(path: &Path) -> Result<Part, ModelError> {
        let busy = || ModelError::Busy { path: path.to_owned() };
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(|source| ModelError::io("open", path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy()),
            // Some network disks have no locks; the checksum still decides.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(source)) => return Err(ModelError::io("lock", path, source)),
        }
        let part = Part { path: path.to_owned(), file };
        // The fetch that held it may have renamed or removed it between opening and locking.
        if part.is_still_there() { Ok(part) } else { Err(busy()) }
    }

    /// Whether the name still means the file that is held.
    #[cfg(unix)]
    fn is_still_there(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        match (self.file.metadata(), fs::metadata(&self.path)) {
            (Ok(held), Ok(named)) => held.dev() == named.dev() && held.ino() == named.ino(),
            _ => false,
        }
    }

    #[cfg(not(unix))]
    fn is_still_there(&self) -> bool {
        self.path.exists()
    }

    /// Bytes gathered so far.
    pub(super) fn len(&self) -> Result<u64, ModelError> {
        Ok(self.file.metadata().map_err(|source| ModelError::io("read", &self.path, source))?.len())
    }

    /// Forgets what was gathered; returns the new length, 0.
    pub(super) fn start_over(&mut self) -> Result<u64, ModelError> {
        if self.len()? > 0 {
            self.file.set_len(0).map_err(|source| ModelError::io("empty", &self.path, source))?;
        }
        Ok(0)
    }

    /// SHA-256 of all that was gathered.
    pub(super) fn sha256(&mut self) -> Result<String, ModelError> {
        let hashed = self.file.rewind().and_then(|()| sha256_of_rest(&mut self.file));
        hashed.map_err(|source| ModelError::io("read", &self.path, source))
    }

    /// Takes the partial file away.
    pub(super) fn remove(&self) -> Result<(), ModelError> {
        fs::remove_file(&self.path).map_err(|source| ModelError::io("remove", &self.path, source))
    }

    /// Leaves no empty partial file behind; that it could not be removed is no error of its own.
    pub(super) fn remove_if_empty(&self) {
        if self.is_still_there() && self.len().is_ok_and(|len| len == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Tells a full disk from other trouble; `missing` bytes are still to be written.
    pub(super) fn write_error(&self, source: io::Error, missing: u64) -> ModelError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                ModelError::DiskFull { path: self.path.clone(), missing }
            }
            _ => ModelError::io("write", &self.path, source),
        }
    }
}

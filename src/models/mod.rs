//! Speech model files: which exist, fetching one, finding one on this machine, and proving a file whole before it is used.
//!
//! In: names or paths of models, folders to look in, and how to reach the network. Out: checked files with their
//! SHA-256, and errors that say what to do next. Nothing here reads the environment or the home folder; every folder,
//! proxy and mirror is passed in. Only this room knows where models are published, what their checksums are, and how a
//! whisper.cpp model file is laid out. It never runs a model.
//!
//! - [`Manifest`]: the models known by name.
//! - [`fetch()`]: downloads one, continuing where an earlier attempt stopped.
//! - [`list`], [`verify`], [`locate()`]: what is on this machine.
//! - [`check_ggml`]: walks a speech model file from end to end, because whisper.cpp can crash on a malformed one.

pub mod demo;
mod fetch;
mod ggml;
mod locate;
mod manifest;
mod part;
mod tensors;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

pub use fetch::{FetchOptions, Fetched, fetch};
pub use ggml::check_ggml;
pub use locate::{ModelFile, State, list, locate, verify};
pub use manifest::{Entry, Languages, Manifest, Role};
pub use tensors::GgmlHeader;

/// What can go wrong with models. Every text completes "failed to …" and says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The list of models is not TOML of the right form.
    #[error("read the list of models: {source}; correct the list, or use the one built into fairdial")]
    ManifestSyntax {
        /// What the TOML reader said.
        source: Box<toml::de::Error>,
    },
    /// An entry of the list cannot be right.
    #[error("read the list of models: entry '{name}': {problem}")]
    ManifestEntry {
        /// The entry's name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No model of that name is known.
    #[error("find model '{name}': no model of that name is known{}; run 'fairdial models list' to see all names, or give a path to a file", did_you_mean(.near))]
    UnknownName {
        /// What was asked for.
        name: String,
        /// Names it may have meant, nearest first.
        near: Vec<String>,
    },
    /// The model is known but on none of the folders, or a path names nothing.
    #[error("find model '{name}': {}; {}", paths(.looked), .fix)]
    NotFound {
        /// What was asked for.
        name: String,
        /// Every file that was looked for.
        looked: Vec<PathBuf>,
        /// What to do, such as a command to run.
        fix: String,
    },
    /// The path is a folder or something else that is not a file.
    #[error("open {path}: it is not a file; give the path of a model file", path = .path.display())]
    NotAFile {
        /// The path given.
        path: PathBuf,
    },
    /// The disk or its access rights stood in the way.
    #[error("{what} {path}: {source}", path = .path.display())]
    Io {
        /// What was being done, such as "open".
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No room left for the download.
    #[error("write {path}: the disk is full, {missing} more bytes are needed; free some space and run the same command again, it goes on from where it stopped", path = .path.display())]
    DiskFull {
        /// The partial file.
        path: PathBuf,
        /// Bytes of the model not yet written.
        missing: u64,
    },
    /// A download is needed but offline mode is on.
    #[error("download model '{name}': offline mode is on and {path} is not there; turn offline mode off, or download {url} on another machine and put it there", path = .path.display())]
    Offline {
        /// The model.
        name: String,
        /// Where it is published.
        url: String,
        /// Where it belongs on this machine.
        path: PathBuf,
    },
    /// Another fetch of the same model is running.
    #[error("download to {path}: another fetch of this model is running; wait for it to end", path = .path.display())]
    Busy {
        /// The partial file the other fetch holds.
        path: PathBuf,
    },
    /// The mirror is not a usable address.
    #[error("use mirror '{mirror}': it must look like https://host or http://host:port/prefix")]
    BadMirror {
        /// The mirror given.
        mirror: String,
    },
    /// The proxy is not a usable address.
    #[error(
        "use proxy '{proxy}': it must look like http://host:port, socks5://host:port or socks5://user:password@host:port"
    )]
    BadProxy {
        /// The proxy given, without any password.
        proxy: String,
    },
    /// The server answered, but not with the file.
    #[error("download {url}: the server answered {status}; check the mirror and proxy settings, or try again later")]
    Http {
        /// The address asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server could not be reached.
    #[error("download {url}: {source}; check the network connection, mirror and proxy settings")]
    Network {
        /// The address asked.
        url: String,
        /// What the connection said.
        source: Box<ureq::Error>,
    },
    /// The connection broke before the whole file had come.
    #[error(
        "download {url}: the connection broke after {done} of {total} bytes ({why}); run the same command again, it goes on from there"
    )]
    Interrupted {
        /// The address asked.
        url: String,
        /// Bytes now in the partial file.
        done: u64,
        /// Bytes of the whole file.
        total: u64,
        /// How it broke.
        why: String,
    },
    /// The server offers a file of another size than the list says.
    #[error(
        "download {url}: the server offers {found} bytes where {expected} are expected; it is not the same file, so nothing was kept of it; use another mirror"
    )]
    WrongSize {
        /// The address asked.
        url: String,
        /// Bytes the server offers, or has sent so far.
        found: u64,
        /// Bytes the list of models says.
        expected: u64,
    },
    /// A file's contents are not the ones the list says.
    #[error("verify {path}: its sha256 is {found}, not {expected}; {fix}", path = .path.display())]
    Checksum {
        /// The file; already removed if it was a fresh download.
        path: PathBuf,
        /// SHA-256 from the list of models.
        expected: String,
        /// SHA-256 of the contents.
        found: String,
        /// What was done about it and what to do next.
        fix: String,
    },
    /// A file on disk has another size than the list says.
    #[error("verify {path}: it has {found} bytes, not {expected}; run 'fairdial models fetch {name}' to replace it", path = .path.display())]
    SizeOnDisk {
        /// The file.
        path: PathBuf,
        /// The model's name.
        name: String,
        /// Bytes on disk.
        found: u64,
        /// Bytes from the list of models.
        expected: u64,
    },
    /// The file is something else than a whisper.cpp speech model.
    #[error("load model {path}: {why}; give a whisper.cpp speech model, such as one from 'fairdial models list'", path = .path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// What it looks like instead.
        why: String,
    },
    /// The file ends too early.
    #[error("load model {path}: the file ends at byte {at}, within {what}; it is not whole, fetch or copy it again", path = .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Size of the file in bytes.
        at: u64,
        /// What was being read.
        what: String,
    },
    /// A value in the file cannot be right, or is one whisper.cpp cannot run.
    #[error("load model {path}: at byte {at}, {why}; the file is damaged or made for another program, fetch or copy it again", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where the value stands, in bytes from the start.
        at: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl ModelError {
    /// A short, stable word for this kind of error, for records and exit tables.
    pub fn code(&self) -> &'static str {
        match self {
            ModelError::ManifestSyntax { .. } | ModelError::ManifestEntry { .. } => "model-list-invalid",
            ModelError::UnknownName { .. } => "model-name-unknown",
            ModelError::NotFound { .. } => "model-missing",
            ModelError::NotAFile { .. } => "model-not-a-file",
            ModelError::Io { .. } => "model-io",
            ModelError::DiskFull { .. } => "model-disk-full",
            ModelError::Offline { .. } => "model-offline",
            ModelError::Busy { .. } => "model-fetch-busy",
            ModelError::BadMirror { .. } => "model-mirror-invalid",
            ModelError::BadProxy { .. } => "model-proxy-invalid",
            ModelError::Http { .. } => "model-http-status",
            ModelError::Network { .. } => "model-network",
            ModelError::Interrupted { .. } => "model-interrupted",
            ModelError::WrongSize { .. } | ModelError::SizeOnDisk { .. } => "model-size",
            ModelError::Checksum { .. } => "model-checksum",
            ModelError::NotAModel { .. } => "model-not-a-model",
            ModelError::Truncated { .. } => "model-truncated",
            ModelError::Malformed { .. } => "model-malformed",
        }
    }

    /// Wraps what the operating system said about `path`.
    fn io(what: &'static str, path: &Path, source: io::Error) -> ModelError {
        ModelError::Io { what, path: path.to_owned(), source }
    }
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(", did you mean {}?", near.join(", ")) }
}

fn paths(looked: &[PathBuf]) -> String {
    if looked.is_empty() {
        return "no models folder was given to look in".to_owned();
    }
    let shown: Vec<String> = looked.iter().map(|path| path.display().to_string()).collect();
    format!("it is not at {}", shown.join(" or "))
}

//! The list of models fairdial knows by name.
//!
//! In: the text of `manifest.toml` (the shipped one is built into the program). Out: checked [`Entry`] values, looked up
//! by name or file name. Only this file knows the TOML form of the list, what makes an entry acceptable, and how a
//! misspelt name is matched to the ones that exist.

use std::collections::HashSet;

use serde::Deserialize;

use super::ModelError;

/// The list built into this program.
const SHIPPED: &str = include_str!("../../models/manifest.toml");

/// How many near names a "did you mean" offers at most.
const NEAR_LIMIT: usize = 3;

/// The models fairdial knows by name, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Every entry; names and file names are unique.
    pub models: Vec<Entry>,
}

/// One model that can be fetched and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the user types, such as `large-v3-turbo-q5_0`.
    pub name: String,
    /// Where the file is published; always https.
    pub url: String,
    /// The file's name on disk: the last part of the url.
    pub file: String,
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Size of the whole file in bytes.
    pub bytes: u64,
    /// Which languages the model hears.
    pub languages: Languages,
    /// Licence of the weights, as the publisher states it.
    pub license: String,
    /// What the model is for.
    pub role: Role,
    /// Form of the weights: `f16`, `q8_0`, `q5_1`, `q5_0`.
    pub quantisation: String,
}

/// Which languages a model hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Languages {
    /// Every language Whisper was trained on, Mandarin and English among them.
    #[serde(rename = "multilingual")]
    Multilingual,
    /// English only.
    #[serde(rename = "en")]
    English,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Role {
    /// Writes down speech (Whisper).
    #[serde(rename = "speech")]
    Speech,
    /// Finds where speech is (Silero).
    #[serde(rename = "vad")]
    Vad,
}

impl Languages {
    /// The word used in the manifest: `multilingual` or `en`.
    pub fn as_str(self) -> &'static str {
        match self {
            Languages::Multilingual => "multilingual",
            Languages::English => "en",
        }
    }
}

impl Role {
    /// The word used in the manifest: `speech` or `vad`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Speech => "speech",
            Role::Vad => "vad",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    model: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    name: String,
    url: String,
    sha256: String,
    bytes: u64,
    languages: Languages,
    license: String,
    role: Role,
    quantisation: String,
}

impl Manifest {
    /// The list built into this program.
    ///
    /// # Errors
    /// Only if the program was built with a broken list; a test keeps that from being released.
    pub fn shipped() -> Result<Manifest, ModelError> {
        Manifest::parse(SHIPPED)
    }

    /// Reads a list in the form of `manifest.toml`.
    ///
    /// # Errors
    /// [`ModelError::ManifestSyntax`] if it is not TOML of that form, [`ModelError::ManifestEntry`] if an entry's name,
    /// file name, url, hash or size cannot be right, or is used twice.
    pub fn parse(text: &str) -> Result<Manifest, ModelError> {
        let raw: RawManifest =
            toml::from_str(text).map_err(|source| ModelError::ManifestSyntax { source: Box::new(source) })?;
        let mut names = HashSet::new();
        let mut files = HashSet::new();
        let mut models = Vec::with_capacity(raw.model.len());
        for raw_entry in raw.model {
            let entry = check(raw_entry)?;
            if !names.insert(entry.name.clone()) {
                return Err(wrong(&entry.name, "the name is used twice"));
            }
            if !files.insert(entry.file.clone()) {
                return Err(wrong(&entry.name, "another entry has the same file name"));
            }
            models.push(entry);
        }
        Ok(Manifest { models })
    }

    /// The entry of this exact name, or of this exact file name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.name == name || entry.file == name)
    }

    /// The entry of this exact name or file name, for a command that needs one.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] with the nearest names.
    pub fn get(&self, name: &str) -> Result<&Entry, ModelError> {
        self.find(name).ok_or_else(|| ModelError::UnknownName { name: name.to_owned(), near: self.near(name) })
    }

    /// The entry whose file has this SHA-256 (64 lower-case hexadecimal digits).
    pub fn by_sha256(&self, sha256: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.sha256 == sha256)
    }

    /// Up to three names that a misspelt `name` may have meant, nearest first.
    pub fn near(&self, name: &str) -> Vec<String> {
        let typed = name.to_lowercase();
        let typed = typed.strip_prefix("ggml-").unwrap_or(&typed);
        let typed = typed.strip_suffix(".bin").unwrap_or(typed);
        if typed.is_empty() {
            return Vec::new();
        }
        let allowed = (typed.chars().count() / 3).max(1);
        let mut scored: Vec<(usize, usize, &str)> = Vec::new();
        for (place, entry) in self.models.iter().enumerate() {
            let distance = edits(typed, &entry.name);
            if distance <= allowed {
                scored.push((distance, place, &entry.name));
            } else if typed.len() >= 3 && entry.name.contains(typed) {
                scored.push((allowed + 1, place, &entry.name));
            }
        }
        scored.sort_unstable();
        scored.into_iter().take(NEAR_LIMIT).map(|(_, _, name)| name.to_owned()).collect()
    }
}

fn wrong(name: &str, problem: &'static str) -> ModelError {
    ModelError::ManifestEntry { name: name.to_owned(), problem }
}

/// Checks everything about one entry that does not depend on the others.
fn check(raw: RawEntry) -> Result<Entry, ModelError> {
    let plain = |text: &str| {
        text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) && !text.starts_with('.')
    };
    if raw.name.is_empty() || !plain(&raw.name) {
        return Err(wrong(&raw.name, "the name must be made of letters, digits, '.', '-' and '_'"));
    }
    let Some((host, path)) = raw.url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return Err(wrong(&raw.name, "the url must start with https:// and name a file on a host"));
    };
    let file = path.rsplit('/').next().unwrap_or_default();
    if host.is_empty() || file.is_empty() || !plain(file) {
        return Err(wrong(&raw.name, "the url must end in a plain file name"));
    }
    if raw.sha256.len() != 64 || !raw.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(wrong(&raw.name, "the sha256 must be 64 lower-case hexadecimal digits"));
    }
    if raw.bytes == 0 {
        return Err(wrong(&raw.name, "the size must be more than 0 bytes"));
    }
    Ok(Entry {
        file: file.to_owned(),
        name: raw.name,
        url: raw.url,
        sha256: raw.sha256,
        bytes: raw.bytes,
        languages: raw.languages,
        license: raw.license,
        role: raw.role,
        quantisation: raw.quantisation,
    })
}

/// How many characters must be put in, taken out, replaced or swapped with a neighbour to turn `a` into `b`.
fn edits(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

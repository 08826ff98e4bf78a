//! Transcribe: sound into words, with times and confidence, and nothing believed that wasn't said.
//!
//! Comes in: a decoded recording. Goes out: a [`Transcript`] whose segments know their channel, not yet their speaker.
//! Behind [`Recognizer`] stand whisper.cpp and, for tests, a script. Only this room knows the model, its ticks and its
//! habits; no lexicon word ever reaches a prompt.

mod believe;
mod pieces;
pub mod scripted;
pub mod whisper;
mod words;

use crate::audio::Pcm;
use crate::call::{Call, Language};
use crate::transcript::Transcript;

/// What a recogniser is; with the audio's hash, the key of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model file.
    pub fingerprint: String,
    /// Everything else that decides the words, in one line.
    pub settings: String,
    /// A warning that must stand wherever its words are shown: set for the built-in demo model.
    pub notice: Option<String>,
}

/// Turns recordings into words. `&mut self` says: one per worker.
pub trait Recognizer: Send {
    /// Listens to a recording of one or two tracks.
    ///
    /// # Errors
    /// When the model fails. A recording without speech is no error: its transcript has no segments.
    fn transcribe(&mut self, call: &Call, pcm: &Pcm) -> Result<Transcript, TranscribeError>;

    /// What it is.
    fn engine(&self) -> &Engine;
}

/// The language to listen for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LanguageChoice {
    /// Found out from the speech, for each call.
    #[default]
    Auto,
    /// Known.
    Is(Language),
}

impl LanguageChoice {
    /// `auto`, `zh` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            LanguageChoice::Auto => "auto",
            LanguageChoice::Is(language) => language.code(),
        }
    }
}

/// Why a recording could not be turned into words.
#[derive(Debug, thiserror::Error)]
pub enum TranscribeError {
    /// whisper.cpp gave up.
    #[error("the speech model '{model}' failed at {at}: {message}")]
    Model {
        /// The model's name.
        model: String,
        /// Where in the recording.
        at: crate::call::Millis,
        /// What whisper.cpp says.
        message: String,
    },
    /// A scripted recogniser without words for this call.
    #[error("there is no script for this call")]
    NoScript,
}

impl TranscribeError {
    /// The kebab-case code for the record's `reason`.
    pub fn code(&self) -> &'static str {
        match self {
            TranscribeError::Model { .. } => "model-failed",
            TranscribeError::NoScript => "no-script",
        }
    }
}

//! Why a recording could not be turned into samples.
//!
//! In: the reasons the readers of this room found. Out: [`AudioError`], one value with the path,
//! a stable kebab-case code and a message that completes "failed to …".
//! Only this file knows the wording of the messages and which code each reason has.

use std::path::{Path, PathBuf};

/// Why `decode` gave up on one file.
///
/// Its `Display` completes "failed to …", names the path (escaped, so a newline in a file name
/// cannot break a log line) and says what to do where there is something to do.
#[derive(Debug, thiserror::Error)]
#[error("decode {path:?}: {fault}")]
pub struct AudioError {
    path: PathBuf,
    #[source]
    fault: AudioFault,
}

impl AudioError {
    /// Ties a reason to the file it was found in.
    pub(crate) fn new(path: &Path, fault: AudioFault) -> Self {
        Self { path: path.to_path_buf(), fault }
    }

    /// The stable kebab-case name of the reason, for records and tests.
    pub fn code(&self) -> &'static str {
        self.fault.code()
    }

    /// The file as it was given to `decode`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The reason without the path.
    pub fn fault(&self) -> &AudioFault {
        &self.fault
    }
}

/// The reasons, without the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioFault {
    /// The file could not be opened or read, or is no regular file.
    #[error("{why}")]
    Unreadable {
        /// What the operating system said.
        why: String,
    },
    /// The file has no bytes at all.
    #[error("the file is empty (0 bytes)")]
    EmptyFile,
    /// The content is something else than sound, whatever the extension says.
    #[error("not an audio recording: {what}")]
    NotAudio {
        /// What it looks like instead.
        what: String,
    },
    /// The header contradicts itself or names impossible values.
    #[error("the header is invalid: {why}")]
    HeaderInvalid {
        /// Which field, and what it says.
        why: String,
    },
    /// A well-formed file with no sound in it.
    #[error("the file holds a header but no samples")]
    NoSamples,
    /// More channels than parties can be told apart.
    #[error("found {found} channels, fairdial audits mono or one party per channel (at most {max})")]
    TooManyChannels {
        /// Channels the file has.
        found: u32,
        /// Channels `DecodeOptions::max_channels` allows.
        max: u16,
    },
    /// A codec that neither this build nor the ffmpeg it was given can read.
    #[error("codec {codec} is not supported: {hint}")]
    UnsupportedCodec {
        /// ffmpeg's name of the codec, as far as it is known.
        codec: String,
        /// What to install or convert.
        hint: String,
    },
    /// ffmpeg ran and gave no samples.
    #[error("ffmpeg could not read it: {why}")]
    FfmpegFailed {
        /// The first lines ffmpeg wrote, or why it could not be started.
        why: String,
    },
    /// ffmpeg was stopped because it took too long.
    #[error("ffmpeg did not finish within {seconds} s and was stopped")]
    FfmpegTimeout {
        /// The limit in seconds.
        seconds: u64,
    },
    /// Longer than any call; decoding it would only fill the memory.
    #[error("the recording is longer than {hours} hours, split it first")]
    TooLong {
        /// The limit in hours.
        hours: u64,
    },
    /// The data is damaged from the first packet on.
    #[error("the {codec} data is damaged, no packet could be decoded: {why}")]
    Damaged {
        /// ffmpeg's name of the codec.
        codec: String,
        /// The first thing the decoder said.
        why: String,
    },
}

impl AudioFault {
    /// The stable kebab-case name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::EmptyFile => "empty-file",
            Self::NotAudio { .. } => "not-audio",
            Self::HeaderInvalid { .. } => "header-invalid",
            Self::NoSamples => "no-samples",
            Self::TooManyChannels { .. } => "too-many-channels",
            Self::UnsupportedCodec { .. } => "unsupported-codec",
            Self::FfmpegFailed { .. } => "ffmpeg-failed",
            Self::FfmpegTimeout { .. } => "ffmpeg-timeout",
            Self::TooLong { .. } => "too-long",
            Self::Damaged { .. } => "damaged",
        }
    }

    /// An I/O error as the reason `unreadable`.
    pub(crate) fn io(error: &std::io::Error) -> Self {
        Self::Unreadable { why: error.to_string() }
    }

    /// A codec only ffmpeg reads, met while ffmpeg is not installed.
    pub(crate) fn needs_ffmpeg(codec: &str) -> Self {
        Self::UnsupportedCodec {
            codec: codec.to_string(),
            hint: "install ffmpeg (Debian/Ubuntu: `apt install ffmpeg`, macOS: `brew install \
                   ffmpeg`) and make it known to fairdial, or convert the recording to WAV"
                .to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_one_line_and_names_the_path() {
        let error = AudioError::new(Path::new("a\nb.wav"), AudioFault::EmptyFile);
        let text = error.to_string();
        assert_eq!(text, "decode \"a\\nb.wav\": the file is empty (0 bytes)");
        assert_eq!(error.code(), "empty-file");
    }

    #[test]
    fn a_missing_ffmpeg_says_what_to_install() {
        let text = AudioFault::needs_ffmpeg("gsm_ms").to_string();
        assert!(text.contains("gsm_ms") && text.contains("apt install ffmpeg"), "{text}");
    }
}

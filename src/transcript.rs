//! A transcript: what was heard, by whom, when. Written by the recogniser, and equally an input from elsewhere.
//!
//! Comes in: the bytes of a `fairdial.transcript/1` document, or the segments a recogniser gives. Goes out:
//! [`Transcript`]. Only this file knows which fields a foreign transcript may leave out and what makes one unusable.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Jurisdiction, Language, Millis, Speaker};

/// The value of `schema` in every transcript this version writes.
pub const SCHEMA: &str = "fairdial.transcript/1";

/// The latest moment, more than a century on: moments are multiplied and added up, and later ones would overflow. A
/// foreign transcript that counts from 1970 is still judged.
const LATEST: Millis = Millis(1 << 42);

/// One call in words.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Transcript {
    /// Always `fairdial.transcript/1`.
    pub schema: String,
    /// What the transcript says of its call; every field may be absent.
    #[serde(default)]
    pub call: CallInfo,
    /// The language spoken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language: Option<Language>,
    /// What was said, in order of start.
    pub segments: Vec<Segment>,
    /// How it was heard; absent when the transcript came from elsewhere and does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub heard: Option<Heard>,
    /// The recording it was heard from; absent for transcripts from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sound: Option<Sound>,
    /// What the recogniser offered and fairdial did not believe: kept, never judged.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub discarded: Vec<Discarded>,
}

/// The call's metadata as far as a transcript carries it. Same names as the record's `call`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the fields are documented once, at `crate::call::Call`")]
pub struct CallInfo {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub creditor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub debtor_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub debtor_timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub direction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub callee_phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub jurisdiction: Option<Jurisdiction>,
}

/// One stretch of speech of one speaker.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Who speaks.
    pub speaker: Speaker,
    /// First moment.
    pub start_ms: Millis,
    /// Last moment.
    pub end_ms: Millis,
    /// The words, as heard; never rewritten.
    pub text: String,
    /// The channel it was heard on, 0-based.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub channel: Option<u16>,
    /// How sure the recogniser was, 0 to 1; absent when it does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confidence: Option<f64>,
    /// The words one by one; empty when the source has none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub words: Vec<Word>,
}

/// One word (in Mandarin: one character or a few) with its time.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// The word as it stands in the segment's text, spaces trimmed.
    pub text: String,
    /// First moment.
    pub start_ms: Millis,
    /// Last moment.
    pub end_ms: Millis,
    /// How sure the recogniser was, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confidence: Option<f64>,
}

/// By what a transcript was made: with the audio's hash, the key under which it is kept and found again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heard {
    /// SHA-256 of the recording.
    pub audio_sha256: String,
    /// The recogniser's model.
    pub model: String,
    /// SHA-256 of the model file.
    pub model_fingerprint: String,
    /// Everything else that decides the words, in one line.
    pub settings: String,
}

/// A recording as decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sound {
    /// Length.
    pub duration_ms: Millis,
    /// Channels in the file.
    pub channels: u16,
    /// Samples per second in the file.
    pub sample_rate_hz: u32,
    /// ffmpeg's name of the codec.
    pub codec: String,
    /// Speech per channel that was listened to, by speech detection; one entry when both sides share a channel.
    pub speech_ms: Vec<Millis>,
    /// What is wrong with the sound.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// Something wrong with the sound or the roles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Kebab-case, stable: `truncated`, `clipping`, `dual-mono`, `roles-swapped` …
    pub code: String,
    /// For people.
    pub message: String,
    /// Where, when it is one place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_ms: Option<Millis>,
}

/// Text the recogniser offered where there was nothing to believe: noise, a loop, a stock phrase.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Discarded {
    /// Why: `phantom`, `loop`, `no-speech`.
    pub because: String,
    /// First moment.
    pub start_ms: Millis,
    /// Last moment.
    pub end_ms: Millis,
    /// The channel it was heard on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub channel: Option<u16>,
    /// What the recogniser offered.
    pub text: String,
}

macro_rules! private_debug {
    ($($type:ident { $($shown:ident),* });* $(;)?) => {$(
        impl fmt::Debug for $type {
            /// Times and counts only: spoken words stay out of logs.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($shown), &self.$shown))*.finish_non_exhaustive()
            }
        }
    )*};
}
private_debug! {
    Segment { speaker, start_ms, end_ms, channel };
    Word { start_ms, end_ms };
    Discarded { because, start_ms, end_ms };
    CallInfo { id };
}

impl fmt::Debug for Transcript {
    /// Counts only: spoken words stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("language", &self.language)
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

/// Why a transcript can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// Not JSON, or not of this shape.
    #[error("not a {SCHEMA} document: {message} at line {line}, column {column}")]
    Shape {
        /// What the parser says, without any of the text.
        message: String,
        /// 1-based line.
        line: usize,
        /// 1-based column in bytes.
        column: usize,
    },
    /// Another document.
    #[error("its schema is '{found}', fairdial reads '{SCHEMA}'")]
    Schema {
        /// What the document calls itself.
        found: String,
    },
    /// A segment that ends before it starts.
    #[error("segment {index} ends at {end} ms, before it starts at {start} ms", end = .end.0, start = .start.0)]
    Times {
        /// Which segment, 0-based.
        index: usize,
        /// Its start.
        start: Millis,
        /// Its end.
        end: Millis,
    },
    /// A segment that ends later than any call.
    #[error("segment {index} ends at {end} ms: no call is longer than {LATEST} ms", end = .end.0, LATEST = LATEST.0)]
    Late {
        /// Which segment, 0-based.
        index: usize,
        /// Its end.
        end: Millis,
    },
    /// No segment has any text.
    #[error("it has no words: {segments} segments, none with text")]
    NoWords {
        /// How many segments there are.
        segments: usize,
    },
}

impl TranscriptError {
    /// The kebab-case code for the record's `reason`.
    pub fn code(&self) -> &'static str {
        match self {
            TranscriptError::Shape { .. } => "transcript-invalid",
            TranscriptError::Schema { .. } => "transcript-schema-unknown",
            TranscriptError::Times { .. } | TranscriptError::Late { .. } => "transcript-times-invalid",
            TranscriptError::NoWords { .. } => "transcript-empty",
        }
    }
}

impl Transcript {
    /// Reads a transcript document and puts its segments in order of start.
    ///
    /// # Errors
    /// When it is not one, when a segment's times are impossible, or when there is nothing to judge.
    pub fn from_json(bytes: &[u8]) -> Result<Transcript, TranscriptError> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let mut transcript: Transcript = serde_json::from_slice(bytes).map_err(|error| TranscriptError::Shape {
            message: without_values(&error.to_string()),
            line: error.line(),
            column: error.column(),
        })?;
        if transcript.schema != SCHEMA {
            return Err(TranscriptError::Schema { found: transcript.schema.chars().take(40).collect() });
        }
        for (index, segment) in transcript.segments.iter().enumerate() {
            if segment.end_ms < segment.start_ms {
                return Err(TranscriptError::Times { index, start: segment.start_ms, end: segment.end_ms });
            }
            if segment.end_ms > LATEST {
                return Err(TranscriptError::Late { index, end: segment.end_ms });
            }
        }
        if transcript.segments.iter().all(|segment| segment.text.trim().is_empty()) {
            return Err(TranscriptError::NoWords { segments: transcript.segments.len() });
        }
        transcript.segments.sort_by_key(|segment| segment.start_ms);
        Ok(transcript)
    }

    /// A new transcript of this version.
    pub fn new(segments: Vec<Segment>, language: Option<Language>) -> Transcript {
        Transcript {
            schema: SCHEMA.into(),
            call: CallInfo::default(),
            language,
            segments,
            heard: None,
            sound: None,
            discarded: Vec::new(),
        }
    }

    /// The end of the last segment; zero when there is none.
    pub fn end_ms(&self) -> Millis {
        self.segments.iter().map(|segment| segment.end_ms).max().unwrap_or_default()
    }
}

/// serde_json repeats the offending value ("invalid type: string \"…\""): cut it out, it may be speech.
fn without_values(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    let mut shown = String::new();
    for (index, part) in message.split('"').enumerate() {
        shown.push_str(if index % 2 == 0 { part } else { "…" });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Transcript, TranscriptError> {
        Transcript::from_json(text.as_bytes())
    }

    #[test]
    fn the_smallest_transcript_is_enough() {
        let transcript = parse(
            r#"{"schema":"fairdial.transcript/1","segments":[
            {"speaker":"debtor","start_ms":900,"end_ms":1000,"text":"是我"},
            {"speaker":"collector","start_ms":0,"end_ms":800,"text":"你好"}]}"#,
        )
        .unwrap();
        assert_eq!(transcript.segments[0].speaker, Speaker::Collector);
        assert!(!format!("{transcript:?}{:?}", transcript.segments).contains("你好"));
    }

    #[test]
    fn bad_transcripts_say_what_and_where_without_the_words() {
        let error = parse(r#"{"schema":"fairdial.transcript/1","segments":"secret words"}"#).unwrap_err();
        assert_eq!(error.code(), "transcript-invalid");
        assert!(!error.to_string().contains("secret") && error.to_string().contains("line 1"), "{error}");
        assert_eq!(parse(r#"{"schema":"x/2","segments":[]}"#).unwrap_err().code(), "transcript-schema-unknown");
        assert_eq!(
            parse(r#"{"schema":"fairdial.transcript/1","segments":[]}"#).unwrap_err().code(),
            "transcript-empty"
        );
        let times = r#"{"schema":"fairdial.transcript/1","segments":[{"speaker":"debtor","start_ms":9,"end_ms":1,"text":"x"}]}"#;
        assert_eq!(parse(times).unwrap_err().to_string(), "segment 0 ends at 1 ms, before it starts at 9 ms");
    }
}

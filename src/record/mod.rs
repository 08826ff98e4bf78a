//! The record: one JSON document per call, the contract outside programs read.
//!
//! Comes in: what the rooms found out. Goes out: [`CallRecord`] version 1. Field names are the contract: add freely,
//! never rename. Only this file knows the shape; `tests/wire.rs` reads it back with its own strict copy.

mod finding;

pub use finding::{Also, Category, Confidence, Evidence, Finding, Match, Reasons, Severity, Texts, Wording};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Language, Millis, Speaker};
use crate::transcript::Problem;

/// The value of `schema` in every record this version writes.
pub const SCHEMA: &str = "fairdial.record/1";

/// Everything fairdial has to say about one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallRecord {
    /// Always `fairdial.record/1`.
    pub schema: String,
    /// The call and its metadata.
    pub call: Call,
    /// With what it was audited.
    pub provenance: Provenance,
    /// Whether it could be audited at all.
    pub outcome: OutcomeKind,
    /// Why not; present exactly when `outcome` is `not-audited`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// The answer in one word; absent when not audited.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<Verdict>,
    /// What the verdict rests on: `finding`, `finding-unsure`, `check-failed`, `recognition-poor`, `roles-unsure`,
    /// `recording-damaged`, `speech-not-recognised`. Empty for a plain pass.
    #[serde(default)]
    pub verdict_because: Vec<String>,
    /// Points; absent when not audited.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub score: Option<Score>,
    /// The recording; absent for transcripts from elsewhere and files that could not be decoded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub audio: Option<Audio>,
    /// Who is on which channel, and how that is known.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// The language spoken; absent when nothing was heard.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language: Option<Language>,
    /// Where the words are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transcript: Option<TranscriptRef>,
    /// What must be said or must happen in order: pass, fail or not-assessable.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// What must not be said and was, in order of time.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What looked like a finding and isn't one, with the reason.
    #[serde(default)]
    pub suppressed: Vec<Suppressed>,
    /// What the other side said that gives the collector a duty.
    #[serde(default)]
    pub signals: Vec<Signal>,
    /// Measures of the talk; absent when not audited.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conversation: Option<Conversation>,
    /// Promises to pay.
    #[serde(default)]
    pub promises: Vec<Promise>,
}

/// With what a call was audited: equal provenance and equal transcript give equal bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Program and version.
    pub tool: String,
    /// The packs that judged.
    pub lexicons: Vec<LexiconRef>,
    /// What turned speech into words; absent for transcripts from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<ModelRef>,
    /// Settings that decide the result, in one line.
    pub settings: String,
}

/// A pack of lexicons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LexiconRef {
    /// The pack's name.
    pub pack: String,
    /// The version its author gave it.
    pub version: String,
    /// SHA-256 over its files.
    pub fingerprint: String,
}

/// A speech model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRef {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file.
    pub fingerprint: String,
    /// A warning to show wherever the words are shown: set for the built-in demo model.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notice: Option<String>,
}

/// Whether a call could be audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// Every check has its answer.
    Audited,
    /// See `reason`.
    NotAudited,
}

/// Why a call could not be audited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The room that gave up.
    pub stage: Stage,
    /// Kebab-case, stable.
    pub code: String,
    /// For people: what happened, where, what to do. Never spoken words.
    pub message: String,
}

/// The rooms a call goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Finding and reading the file.
    Intake,
    /// Turning it into sound.
    Decode,
    /// Turning sound into words.
    Transcribe,
    /// Judging the words.
    Judge,
    /// Writing the record.
    Store,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing to object to.
    Pass,
    /// A person should listen.
    Review,
    /// A rule was broken, and surely enough to say so.
    Fail,
}

impl Verdict {
    /// The word used in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Review => "review",
            Verdict::Fail => "fail",
        }
    }
}

/// Points out of `max`; what is not assessable is in neither.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// Points left.
    pub value: u32,
    /// Points to be had.
    pub max: u32,
    /// What cost how much.
    pub items: Vec<ScoreItem>,
}

/// One deduction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreItem {
    /// The rule or check.
    pub rule: String,
    /// Points lost.
    pub points: u32,
}

/// The recording as decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audio {
    /// Length.
    pub duration_ms: Millis,
    /// Channels in the file.
    pub channels: u16,
    /// Samples per second in the file.
    pub sample_rate_hz: u32,
    /// ffmpeg's name of the codec.
    pub codec: String,
    /// How long each side speaks, by speech detection.
    pub speech_ms: SpeechMs,
    /// What is wrong with the sound.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// Speech per side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpeechMs {
    /// The collector's.
    pub collector: Millis,
    /// The debtor's, or whoever is on the other end.
    pub debtor: Millis,
    /// Speech of nobody known.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub unknown: Millis,
}

fn is_zero(time: &Millis) -> bool {
    time.0 == 0
}

/// Who is on a channel, and how that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// 0-based; absent when one channel carries both sides.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub channel: Option<u16>,
    /// Who.
    pub speaker: Speaker,
    /// How it is known: `metadata`, `flag`, `config`, `opening-words`, `words`, `transcript`, `default`, `none`.
    pub basis: String,
    /// 0 to 1; below 0.8 no finding that depends on it makes a verdict `fail`.
    pub confidence: f64,
}

/// Where the words are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TranscriptRef {
    /// Relative to the output folder.
    pub path: String,
    /// How many segments it has.
    pub segments: usize,
}

/// One thing that must be said or must happen in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Stable id, such as `opening-company`.
    pub id: String,
    /// The answer.
    pub status: CheckStatus,
    /// Why, in the call's language.
    pub reason: String,
    /// Why, in both languages of the interface.
    pub reasons: Reasons,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// How bad failing it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub severity: Option<Severity>,
    /// What it rests on; for an absence, empty.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// For an absence: the stretch that was searched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub searched: Option<Searched>,
}

/// The stretch of a call that was searched for something that must be there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Searched {
    /// Whose words.
    pub speaker: Speaker,
    /// From.
    pub start_ms: Millis,
    /// To.
    pub end_ms: Millis,
}

/// The answer to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// It is there.
    Pass,
    /// It isn't, and it should be.
    Fail,
    /// Can't be said; `reason` tells why.
    NotAssessable,
}

/// What looked like a finding and isn't one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suppressed {
    /// The rule that would have fired.
    pub rule: String,
    /// Why it did not: `negated`, `reported`, `question`, `conditional`, `exception`, `speaker`,
    /// `speaker-unknown`, `outweighed`.
    pub because: String,
    /// The exception's reason, or the words that decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// What was said.
    pub evidence: Evidence,
}

/// What the debtor or a third party said that gives the collector a duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// `dispute`, `wrong-person`, `third-party-answered`, `stop-contact` …
    pub id: String,
    /// What was said.
    pub evidence: Evidence,
    /// Whether the collector did what it asks for.
    pub duty: Duty,
    /// Why the duty is so answered, in both languages of the interface.
    pub reasons: Reasons,
}

/// Whether a duty was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Done.
    Met,
    /// Not done.
    NotMet,
    /// Can't be said.
    NotAssessable,
}

/// Measures of the talk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// The collector's share of all talking time, 0 to 1.
    pub talk_ratio: f64,
    /// How often one side speaks while the other does.
    pub overlaps: usize,
    /// The longest stretch without words.
    pub longest_silence_ms: Millis,
    /// Characters (Mandarin) or words (English) per minute of speech, by side.
    pub rate: Rate,
    /// Stages of the call that happened.
    #[serde(default)]
    pub stages: Vec<String>,
    /// The debtor's stance, when it is clear.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stance: Option<String>,
}

/// Speaking rates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// The collector's, units per minute; absent when silent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub collector: Option<u32>,
    /// The other side's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub debtor: Option<u32>,
}

/// A promise to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Promise {
    /// In the currency's smallest unit; absent when no amount was named.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount_minor: Option<u64>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<String>,
    /// ISO 8601 date; absent when the words don't resolve to one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<String>,
    /// What was said.
    pub evidence: Evidence,
}

impl CallRecord {
    /// The record's bytes: pretty JSON, keys in the contract's order, a final newline. Equal records give equal bytes.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// How many findings there are of each severity, worst first.
    pub fn findings_by_severity(&self) -> [usize; 4] {
        Severity::WORST_FIRST.map(|severity| self.findings.iter().filter(|f| f.severity == severity).count())
    }
}

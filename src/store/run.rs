//! The run's account: `run.json`, in which every input is found again.
//!
//! Comes in: what became of each input. Goes out: [`Run`]. Only this file knows what must add up:
//! found = audited + not-audited + skipped.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::{LexiconRef, ModelRef, Reason};

/// The value of `schema` in every account this version writes.
pub const SCHEMA: &str = "fairdial.run/1";

/// One run over a set of inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Always `fairdial.run/1`.
    pub schema: String,
    /// Program and version.
    pub tool: String,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// When it ended.
    pub finished_at: String,
    /// The figures.
    pub account: Account,
    /// Calls by verdict.
    pub verdicts: BTreeMap<String, usize>,
    /// Findings by category.
    pub findings: BTreeMap<String, usize>,
    /// How many recordings were transcribed in this run; the others had a stored transcript or were one.
    pub transcribed: usize,
    /// Length of all audited recordings, in milliseconds.
    pub audio_ms: u64,
    /// What could not be audited, with the reason.
    pub not_audited: Vec<NotAudited>,
    /// What was not a call, with the reason.
    pub skipped: Vec<NotAudited>,
    /// Metadata tables that were joined.
    pub tables: Vec<String>,
    /// Rows of metadata that no file belongs to: `table:line: key`.
    pub unmatched_rows: Vec<String>,
    /// Files that no row of metadata belongs to.
    pub unmatched_files: Vec<String>,
    /// What else people should know: roles exchanged, rows half read.
    pub warnings: Vec<String>,
    /// The packs that judged.
    pub lexicons: Vec<LexiconRef>,
    /// What turned speech into words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<ModelRef>,
    /// Time spent per room, over all workers.
    pub stages: StageTimes,
    /// Wall-clock time in milliseconds.
    pub wall_ms: u64,
    /// Workers.
    pub jobs: usize,
}

/// What became of the inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Account {
    /// Inputs.
    pub found: usize,
    /// Judged.
    pub audited: usize,
    /// Not judged; each has a record that says why.
    pub not_audited: usize,
    /// Not calls.
    pub skipped: usize,
}

impl Account {
    /// Whether every input is accounted for.
    pub fn adds_up(&self) -> bool {
        self.found == self.audited + self.not_audited + self.skipped
    }
}

/// An input without a judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotAudited {
    /// The file.
    pub source: String,
    /// Its record; absent when it was skipped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub call: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Milliseconds per room, over all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the rooms' names")]
pub struct StageTimes {
    pub intake_ms: u64,
    pub decode_ms: u64,
    pub transcribe_ms: u64,
    pub judge_ms: u64,
    pub store_ms: u64,
}

impl StageTimes {
    /// Adds another worker's or call's times.
    pub fn add(&mut self, other: StageTimes) {
        self.intake_ms += other.intake_ms;
        self.decode_ms += other.decode_ms;
        self.transcribe_ms += other.transcribe_ms;
        self.judge_ms += other.judge_ms;
        self.store_ms += other.store_ms;
    }
}

//! Policy: the lexicons, compiled once and shared, and the judgement of one transcript.
//!
//! Comes in: packs of lexicons, then a transcript with its call. Goes out: [`Judgement`]: checks, findings, what was
//! suppressed and why, signals, measures, score and verdict. Text only: no audio, no clock, no files but the lexicons
//! (`sources.rs`). Only this file knows in which order the kinds of rules speak and which packs suit a call.

mod diagnostics;
mod example;
mod examples;
mod fields;
mod file;
mod handbook;
mod inflect;
mod kinds;
mod lint;
mod load;
mod matcher;
mod measures;
mod needs;
mod overlay;
mod pattern;
mod phrase;
mod roles;
mod scan;
mod sources;
#[cfg(test)]
mod testkit;
mod verdict;
mod weigh;
mod wellformed;

use std::sync::Arc;

pub use diagnostics::{Diagnostic, LexiconError, SourceFile, Weight};
pub use examples::{ExampleFailure, ExampleReport};
pub use file::{Both, OverlayFile, PackFile, RuleText, TopicFile};
pub use roles::{ChannelBasis, DeclaredChannel, Roles};
pub use weigh::{LearnError, Learned, OTHER, OWN, learn};

use crate::call::{Call, Jurisdiction, Language, Speaker};
use crate::record::{Check, Conversation, Finding, LexiconRef, Promise, Score, Signal, Suppressed, Verdict};
use crate::transcript::Transcript;
use file::{Conditional, Cue, Excuse, Forbidden, Limit, Required, Sequence};
use matcher::Matcher;
use weigh::Weights;

/// The ids of checks; `required`, `sequence` and `limit` rules answer them.
pub const CHECK_IDS: &[&str] = &[
    "opening-company",
    "opening-name",
    "opening-purpose",
    "recording-notice",
    "identity-verified",
    "verified-before-disclosure",
    "mini-miranda",
    "debt-facts-stated",
    "options-offered",
    "complaint-channel-given",
    "call-hours",
    "call-frequency",
    "closing",
    "talk-share",
    "long-silence",
    "interruptions",
    "speaking-rate",
];

/// The ids of signals; `conditional` rules give them.
pub const SIGNAL_IDS: &[&str] = &[
    "dispute",
    "wrong-person",
    "third-party-answered",
    "stop-contact",
    "complaint",
    "hardship",
    "distress-self-harm",
    "lawyer",
    "inconvenient-time",
    "promise-to-pay",
    "refusal",
    "already-paid",
];

/// A rule and the file it stands in.
pub(crate) struct Placed<T> {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) rule: T,
}

/// One pack, read.
pub struct Pack {
    /// Its head.
    pub file: PackFile,
    fingerprint: String,
    /// What is laid over it.
    overlays: Vec<LexiconRef>,
    cues: Vec<Placed<Cue>>,
    forbidden: Vec<Placed<Forbidden>>,
    required: Vec<Placed<Required>>,
    sequence: Vec<Placed<Sequence>>,
    conditional: Vec<Placed<Conditional>>,
    limit: Vec<Placed<Limit>>,
    weights: PackWeights,
}

/// What a pack has learned from written turns.
#[derive(Default)]
pub(crate) struct PackWeights {
    /// The collector's words.
    own: Option<Weights>,
    /// Everybody else's.
    other: Option<Weights>,
    /// Rules that are found by weight: the slot, its phrase number, and the label.
    rules: Vec<(Slot, usize, String)>,
}

impl Pack {
    fn new(file: PackFile, fingerprint: String) -> Pack {
        Pack {
            file,
            fingerprint,
            overlays: Vec::new(),
            cues: Vec::new(),
            forbidden: Vec::new(),
            required: Vec::new(),
            sequence: Vec::new(),
            conditional: Vec::new(),
            limit: Vec::new(),
            weights: PackWeights::default(),
        }
    }

    /// All rules of all kinds with their files.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&Arc<SourceFile>, &dyn RuleText)> {
        fn each<T: RuleText>(rules: &[Placed<T>]) -> impl Iterator<Item = (&Arc<SourceFile>, &dyn RuleText)> {
            rules.iter().map(|placed| (&placed.file, &placed.rule as &dyn RuleText))
        }
        each(&self.forbidden)
            .chain(each(&self.required))
            .chain(each(&self.sequence))
            .chain(each(&self.conditional))
            .chain(each(&self.limit))
    }

    /// How the record names it and what is laid over it.
    pub fn references(&self) -> Vec<LexiconRef> {
        let own = LexiconRef {
            pack: self.file.name.clone(),
            version: self.file.version.clone(),
            fingerprint: self.fingerprint.clone(),
        };
        std::iter::once(own).chain(self.overlays.iter().cloned()).collect()
    }

    /// How many rules it has.
    pub fn rule_count(&self) -> usize {
        self.rules().count()
    }

    /// Its rules in a line each, in the pack's language.
    pub fn summaries(&self) -> Vec<RuleSummary> {
        let language = self.file.language;
        let one = |rule: &dyn RuleText, about: &str| RuleSummary {
            id: rule.id().get_ref().clone(),
            about: about.into(),
            severity: rule.severity().as_str(),
            title: rule.title().get(language).into(),
        };
        let mut all: Vec<RuleSummary> = Vec::new();
        all.extend(self.forbidden.iter().map(|placed| one(&placed.rule, placed.rule.category.as_str())));
        all.extend(self.required.iter().map(|placed| one(&placed.rule, &placed.rule.check)));
        all.extend(self.sequence.iter().map(|placed| one(&placed.rule, &placed.rule.check)));
        all.extend(self.conditional.iter().map(|placed| one(&placed.rule, &placed.rule.signal)));
        all.extend(self.limit.iter().map(|placed| one(&placed.rule, &placed.rule.check)));
        all
    }

    fn cue(&self, name: &str) -> Option<usize> {
        self.cues.iter().position(|cue| cue.rule.id.get_ref() == name)
    }
}

/// A rule in a line.
#[derive(Clone, Debug)]
pub struct RuleSummary {
    /// Its id.
    pub id: String,
    /// The category, check or signal it speaks of.
    pub about: String,
    /// `low` to `critical`.
    pub severity: &'static str,
    /// Its title in the pack's language.
    pub title: String,
}

/// The JSON Schema of lexicon files: `pack` for `pack.toml`, `topic` for the others.
pub fn lexicon_schema() -> String {
    let pack = schemars::schema_for!(PackFile);
    let overlay = schemars::schema_for!(OverlayFile);
    let topic = schemars::schema_for!(TopicFile);
    serde_json::to_string_pretty(&serde_json::json!({ "pack": pack, "overlay": overlay, "topic": topic }))
        .unwrap_or_default()
}

/// Before or after the words it takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Before,
    After,
}

/// To which rule of its pack a phrase belongs, and in which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Slot {
    Cue(usize),
    Forbidden(usize),
    ForbiddenExcept(usize, usize),
    Required(usize),
    RequiredExcept(usize, usize),
    Signal(usize),
    SignalExcept(usize, usize),
    Met(usize),
    Excuse(Excuse, Side),
    Role(Speaker),
}

/// A phrase as its author wrote it.
pub(crate) struct PhraseInfo {
    pack: usize,
    slot: Slot,
    text: String,
}

/// All packs, compiled: `Send + Sync`, shared by every worker.
pub struct Policy {
    packs: Vec<Pack>,
    phrases: Vec<PhraseInfo>,
    /// One a pack.
    matchers: Vec<Matcher>,
    /// What the authors should look at; nothing that keeps the packs from judging.
    pub warnings: Vec<Diagnostic>,
}

/// What was found out about one call.
#[derive(Debug)]
#[allow(missing_docs, reason = "the fields are the record's, documented there")]
pub struct Judgement {
    pub checks: Vec<Check>,
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    pub signals: Vec<Signal>,
    pub conversation: Conversation,
    pub promises: Vec<Promise>,
    pub score: Score,
    pub verdict: Verdict,
    pub because: Vec<String>,
}

/// Why a call can't be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// No pack for this language and law.
    #[error("no lexicon judges {language} calls under the law of '{jurisdiction}'; loaded: {loaded}")]
    NoLexicon {
        /// Spoken.
        language: Language,
        /// Asked for.
        jurisdiction: &'static str,
        /// Packs there are.
        loaded: String,
    },
}

impl JudgeError {
    /// The kebab-case code for the record's `reason`.
    pub fn code(&self) -> &'static str {
        match self {
            JudgeError::NoLexicon { .. } => "no-lexicon",
        }
    }
}

impl Policy {
    /// All packs.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// The packs that judge a call: those of its language and law.
    ///
    /// # Errors
    /// When there is none.
    pub fn packs_for(&self, language: Language, jurisdiction: Jurisdiction) -> Result<Vec<&Pack>, JudgeError> {
        let chosen: Vec<&Pack> = self.chosen(language, jurisdiction).map(|index| &self.packs[index]).collect();
        if chosen.is_empty() {
            let loaded: Vec<&str> = self.packs.iter().map(|pack| pack.file.name.as_str()).collect();
            return Err(JudgeError::NoLexicon {
                language,
                jurisdiction: jurisdiction.code(),
                loaded: loaded.join(", "),
            });
        }
        Ok(chosen)
    }

    fn chosen(&self, language: Language, jurisdiction: Jurisdiction) -> impl Iterator<Item = usize> + '_ {
        let suits = move |pack: &Pack| pack.file.language == language && pack.file.jurisdiction == jurisdiction;
        (0..self.packs.len()).filter(move |index| suits(&self.packs[*index]))
    }

    /// Judges one call. Equal transcript, call, roles and lexicons give an equal judgement.
    ///
    /// # Errors
    /// When no pack suits the call.
    pub fn judge(
        &self,
        transcript: &Transcript,
        call: &Call,
        roles: &Roles,
        language: Language,
    ) -> Result<Judgement, JudgeError> {
        let jurisdiction = call.jurisdiction.unwrap_or(Jurisdiction::usual_for(language));
        self.packs_for(language, jurisdiction)?;
        let packs: Vec<usize> = self.chosen(language, jurisdiction).collect();
        let sight = scan::Sight::new(self, &packs, transcript, call, roles, language);
        let mut out = kinds::Outcome::default();
        for &pack in &packs {
            kinds::judge(&sight, pack, &mut out);
        }
        let conversation = measures::conversation(transcript);
        for &pack in &packs {
            kinds::limits(&sight, pack, &conversation, &mut out);
        }
        out.in_order();
        let (score, verdict, because) =
            verdict::weigh(&out.checks, &out.findings, roles.confidence_of(Speaker::Collector) >= scan::SURE_ROLE);
        Ok(Judgement {
            checks: out.checks,
            findings: out.findings,
            suppressed: out.suppressed,
            signals: out.signals,
            conversation,
            promises: Vec::new(),
            score,
            verdict,
            because,
        })
    }
}

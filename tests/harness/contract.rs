//! The record's contract, copied by hand: nothing here names a type of fairdial's.
//!
//! Comes in: a record and its transcript as JSON. Goes out: every way in which they break the contract or contradict
//! themselves. Only this file knows version 1 strictly: an unknown field is an error, so a new one must be added here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

const CHECKS: &[&str] = &[
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
    // Added since version 1 was drawn up.
    "talk-share",
    "long-silence",
    "interruptions",
    "speaking-rate",
];

const SIGNALS: &[&str] = &[
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

const REASONS: &[&str] = &[
    "finding",
    "finding-unsure",
    "check-failed",
    "recognition-poor",
    "roles-unsure",
    "recording-damaged",
    "speech-not-recognised",
];

const BASES: &[&str] = &["metadata", "flag", "config", "opening-words", "words", "transcript", "default"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    Insult,
    Threat,
    FalseClaim,
    ThirdPartyDisclosure,
    PrematureDisclosure,
    Harassment,
    ImproperPressure,
    ImproperPayment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    Collector,
    Debtor,
    ThirdParty,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Pass,
    Fail,
    NotAssessable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    Met,
    NotMet,
    NotAssessable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Review,
    Fail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Audited,
    NotAudited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Intake,
    Decode,
    Transcribe,
    Judge,
    Store,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    Zh,
    En,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    Cn,
    Us,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub schema: String,
    pub call: Call,
    pub provenance: Provenance,
    pub outcome: Outcome,
    pub reason: Option<Reason>,
    pub verdict: Option<Verdict>,
    pub verdict_because: Vec<String>,
    pub score: Option<Score>,
    pub audio: Option<Audio>,
    pub roles: Vec<Role>,
    pub language: Option<Language>,
    pub transcript: Option<Place>,
    pub checks: Vec<Check>,
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    pub signals: Vec<Signal>,
    pub conversation: Option<Conversation>,
    pub promises: Vec<Promise>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub id: String,
    pub source: String,
    pub sha256: Option<String>,
    pub agent_id: Option<String>,
    pub agent_name: Option<String>,
    pub agency: Option<String>,
    pub creditor: Option<String>,
    pub debtor_name: Option<String>,
    pub account: Option<String>,
    pub started_at: Option<String>,
    pub debtor_timezone: Option<String>,
    pub direction: Option<String>,
    pub callee_phone: Option<String>,
    pub jurisdiction: Option<Law>,
    pub collector_channel: Option<u16>,
    #[serde(default)]
    pub extra: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    pub tool: String,
    pub lexicons: Vec<Lexicon>,
    pub model: Option<Model>,
    pub settings: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lexicon {
    pub pack: String,
    pub version: String,
    pub fingerprint: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub name: String,
    pub fingerprint: String,
    pub notice: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    pub stage: Stage,
    pub code: String,
    pub message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    pub value: u32,
    pub max: u32,
    pub items: Vec<ScoreItem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreItem {
    pub rule: String,
    pub points: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audio {
    pub duration_ms: u64,
    pub channels: u16,
    pub sample_rate_hz: u32,
    pub codec: String,
    pub speech_ms: SpeechMs,
    pub problems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeechMs {
    pub collector: u64,
    pub debtor: u64,
    #[serde(default)]
    pub unknown: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    pub code: String,
    pub message: String,
    pub at_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub channel: Option<u16>,
    pub speaker: Speaker,
    pub basis: String,
    pub confidence: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub path: String,
    pub segments: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub id: String,
    pub status: Status,
    pub reason: String,
    pub reasons: Reasons,
    pub rule: Option<String>,
    pub severity: Option<Grade>,
    pub evidence: Vec<Evidence>,
    pub searched: Option<Searched>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasons {
    pub zh: String,
    pub en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Searched {
    pub speaker: Speaker,
    pub start_ms: u64,
    pub end_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub id: String,
    pub rule: String,
    pub rule_version: String,
    pub category: Category,
    pub severity: Grade,
    pub confidence: Grade,
    pub title: String,
    pub why: String,
    pub sources: Vec<String>,
    pub instead: String,
    pub texts: Texts,
    #[serde(default)]
    pub doubts: Vec<Reasons>,
    pub evidence: Evidence,
    #[serde(default)]
    pub also: Vec<Also>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    pub rule: String,
    pub severity: Grade,
    pub evidence: Evidence,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub zh: Wording,
    pub en: Wording,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    pub title: String,
    pub why: String,
    pub instead: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub segment: usize,
    pub speaker: Speaker,
    pub start_ms: u64,
    pub end_ms: u64,
    pub quote: String,
    #[serde(rename = "match")]
    pub matched: Option<Match>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub phrase: String,
    pub view: String,
    pub text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppressed {
    pub rule: String,
    pub because: String,
    pub note: Option<String>,
    pub evidence: Evidence,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    pub id: String,
    pub evidence: Evidence,
    pub duty: Duty,
    pub reasons: Reasons,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    pub talk_ratio: f64,
    pub overlaps: usize,
    pub longest_silence_ms: u64,
    pub rate: Rate,
    pub stages: Vec<String>,
    pub stance: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub collector: Option<u32>,
    pub debtor: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    pub amount_minor: Option<u64>,
    pub currency: Option<String>,
    pub due: Option<String>,
    pub evidence: Evidence,
}

/// As much of a transcript as records point into.
#[derive(Debug, Deserialize)]
pub struct Transcript {
    pub schema: String,
    pub segments: Vec<Segment>,
}

/// One stretch of speech.
#[derive(Debug, Deserialize)]
pub struct Segment {
    pub speaker: Speaker,
    pub start_ms: u64,
    pub end_ms: u64,
    pub text: String,
}

/// Everything wrong with a record; empty when it keeps the contract.
pub fn breaks(record: &Value, transcript: Option<&Value>) -> Vec<String> {
    let name = record["call"]["id"].as_str().unwrap_or("?").to_string();
    let said = |problem: String| format!("{name}: {problem}");
    let read: Record = match serde_json::from_value(record.clone()) {
        Ok(read) => read,
        Err(error) => return vec![said(format!("not a version 1 record: {error}"))],
    };
    let transcript = match transcript.map(Transcript::deserialize).transpose() {
        Ok(transcript) => transcript,
        Err(error) => return vec![said(format!("its transcript can't be read: {error}"))],
    };
    let mut problems = Vec::new();
    read.whole(&mut problems);
    if read.outcome == Outcome::Audited {
        read.answers(&mut problems);
        match &transcript {
            None => problems.push("audited without a transcript".into()),
            Some(transcript) => read.proofs(transcript, &mut problems),
        }
    }
    problems.into_iter().map(said).collect()
}

impl Record {
    /// What every record has.
    fn whole(&self, problems: &mut Vec<String>) {
        let mut must = |holds: bool, what: &str| {
            if !holds {
                problems.push(what.to_string());
            }
        };
        let audited = self.outcome == Outcome::Audited;
        must(self.schema == "fairdial.record/1", "another schema");
        must(!self.call.id.is_empty() && !self.call.source.is_empty(), "the call has no id or source");
        must(self.call.sha256.as_ref().is_none_or(|hash| is_hash(hash)), "sha256 is no hash");
        must(self.provenance.tool.starts_with("fairdial "), "provenance names no tool");
        must(self.reason.is_none() == audited, "a reason stands exactly where there is no audit");
        must(self.verdict.is_some() == audited, "a verdict stands exactly where there is an audit");
        must(self.score.is_some() == audited, "a score stands exactly where there is an audit");
        must(self.conversation.is_some() == audited, "measures stand exactly where there is an audit");
        if let Some(reason) = &self.reason {
            let code = !reason.code.is_empty() && reason.code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            must(code, "the reason's code is not kebab-case");
            must(!reason.message.is_empty() && !reason.message.contains('\n'), "the reason is not one line");
            must(self.findings.is_empty() && self.checks.is_empty(), "judged without an audit");
        }
        for lexicon in &self.provenance.lexicons {
            must(is_hash(&lexicon.fingerprint), "a lexicon's fingerprint is no hash");
            must(!lexicon.pack.is_empty() && !lexicon.version.is_empty(), "a lexicon without name or version");
        }
        if let Some(model) = &self.provenance.model {
            must(is_hash(&model.fingerprint) && !model.name.is_empty(), "a model without name or fingerprint");
        }
    }

    /// Verdict, checks, findings: whether they agree.
    fn answers(&self, problems: &mut Vec<String>) {
        let mut must = |holds: bool, what: String| {
            if !holds {
                problems.push(what);
            }
        };
        must(self.language.is_some(), "audited without a language".into());
        must(self.call.jurisdiction.is_some(), "audited under no law".into());
        must(!self.provenance.lexicons.is_empty(), "judged by no lexicon".into());
        must(!self.roles.is_empty(), "nobody has a role".into());
        for role in &self.roles {
            let known = BASES.contains(&role.basis.as_str()) || role.speaker == Speaker::Unknown;
            must(known, format!("a role rests on '{}'", role.basis));
            must((0.0..=1.0).contains(&role.confidence), format!("a role is {} sure", role.confidence));
        }
        if let Some(score) = &self.score {
            must(score.value <= score.max && score.max == 100, format!("{} points of {}", score.value, score.max));
            must(
                score.items.iter().all(|item| item.points > 0 && !item.rule.is_empty()),
                "a deduction of nothing".into(),
            );
        }
        if let Some(talk) = &self.conversation {
            must((0.0..=1.0).contains(&talk.talk_ratio), format!("talk ratio {}", talk.talk_ratio));
        }
        for check in &self.checks {
            let id = &check.id;
            must(CHECKS.contains(&id.as_str()), format!("unknown check '{id}'"));
            must(self.checks.iter().filter(|other| other.id == *id).count() == 1, format!("'{id}' answered twice"));
            let reasons = [&check.reason, &check.reasons.zh, &check.reasons.en];
            must(reasons.iter().all(|reason| !reason.trim().is_empty()), format!("'{id}' gives no reason"));
            must(check.rule.is_some(), format!("'{id}' names no rule"));
            if let Some(searched) = &check.searched {
                must(searched.start_ms <= searched.end_ms, format!("'{id}' searched backwards"));
            }
        }
        for (at, finding) in self.findings.iter().enumerate() {
            let id = &finding.id;
            must(*id == format!("f{}", at + 1), format!("finding {} is called '{id}'", at + 1));
            must(finding.confidence <= Grade::High, format!("{id}: no such confidence"));
            let texts = [&finding.rule, &finding.rule_version, &finding.title, &finding.why];
            must(texts.iter().all(|text| !text.trim().is_empty()), format!("{id} doesn't explain itself"));
            must(!finding.sources.is_empty(), format!("{id} has no source of law"));
            let ours = match self.language {
                Some(Language::Zh) => &finding.texts.zh,
                _ => &finding.texts.en,
            };
            let same = (&ours.title, &ours.why, &ours.instead) == (&finding.title, &finding.why, &finding.instead);
            must(same, format!("{id}: texts and title differ"));
            must(
                !finding.texts.zh.title.is_empty() && !finding.texts.en.title.is_empty(),
                format!("{id}: one language"),
            );
            let sure = finding.confidence == Grade::High;
            must(sure || !finding.doubts.is_empty(), format!("{id} is not sure and doesn't say why"));
            must(finding.evidence.matched.is_some() || !finding.evidence.quote.is_empty(), format!("{id}: no proof"));
            let held = matches!(finding.evidence.speaker, Speaker::Collector | Speaker::Debtor | Speaker::ThirdParty);
            must(held, format!("{id} accuses nobody known"));
            for also in &finding.also {
                must(!also.rule.is_empty(), format!("{id}: a further hit names no rule"));
                must(also.severity <= finding.severity, format!("{id} hides {}, which is graver", also.rule));
                must(also.evidence.speaker == finding.evidence.speaker, format!("{id}: two speakers in one finding"));
            }
        }
        for because in &self.verdict_because {
            must(REASONS.contains(&because.as_str()), format!("the verdict rests on '{because}'"));
        }
        for signal in &self.signals {
            must(SIGNALS.contains(&signal.id.as_str()), format!("unknown signal '{}'", signal.id));
            must(signal.evidence.speaker != Speaker::Collector, format!("the collector gives '{}'", signal.id));
        }
        for suppressed in &self.suppressed {
            let known = ["negated", "reported", "question", "conditional", "exception", "speaker", "outweighed"];
            must(known.contains(&suppressed.because.as_str()), format!("suppressed because '{}'", suppressed.because));
            must(!suppressed.rule.is_empty(), "something suppressed has no rule".into());
        }
        // A breach that is sure enough fails the call; nothing else does. What is doubtful can't pass. A check without
        // a severity is told and not weighed: nobody was verified because somebody else answered.
        let breach = self.findings.iter().any(|f| f.confidence > Grade::Low && f.severity >= Grade::Medium);
        let missed = self.checks.iter().filter(|check| check.status == Status::Fail && check.severity.is_some());
        let unsure = self.roles.iter().all(|role| role.speaker != Speaker::Collector || role.confidence < 0.8);
        let grave = !unsure && missed.clone().any(|check| check.severity >= Some(Grade::High));
        let doubtful = !self.findings.is_empty() || missed.count() > 0 || !self.verdict_because.is_empty();
        let expected = match self.verdict {
            Some(Verdict::Fail) => breach || grave,
            Some(Verdict::Review) => !breach && !grave && doubtful,
            Some(Verdict::Pass) => !doubtful,
            None => false,
        };
        must(expected, format!("verdict {:?} doesn't follow from findings and checks", self.verdict));
        must(!(unsure && breach), "a finding stands although it isn't known who spoke".into());
    }

    /// Every quote stands where it is said to stand.
    fn proofs(&self, transcript: &Transcript, problems: &mut Vec<String>) {
        let place = self.transcript.as_ref();
        if place.map(|place| place.segments) != Some(transcript.segments.len()) {
            problems.push("the number of segments differs".into());
        }
        if transcript.schema != "fairdial.transcript/1" {
            problems.push("the transcript has another schema".into());
        }
        let mut all: Vec<(String, &Evidence)> = Vec::new();
        all.extend(self.findings.iter().map(|finding| (finding.id.clone(), &finding.evidence)));
        let further =
            self.findings.iter().flat_map(|f| f.also.iter().map(|also| (format!("{} also", f.id), &also.evidence)));
        all.extend(further);
        all.extend(self.checks.iter().flat_map(|c| c.evidence.iter().map(|evidence| (c.id.clone(), evidence))));
        all.extend(self.suppressed.iter().map(|s| (format!("suppressed {}", s.rule), &s.evidence)));
        all.extend(self.signals.iter().map(|signal| (signal.id.clone(), &signal.evidence)));
        all.extend(self.promises.iter().map(|promise| ("promise".to_string(), &promise.evidence)));
        for (name, evidence) in all {
            if let Err(problem) = evidence.stands(&transcript.segments) {
                problems.push(format!("{name}, segment {}: {problem}", evidence.segment));
            }
        }
        let mut starts = self.findings.iter().map(|finding| finding.evidence.start_ms);
        if !starts.by_ref().is_sorted() {
            problems.push("findings are not in order of time".into());
        }
    }
}

impl Evidence {
    /// Whether the quote is exactly in the segment, or runs on from its end over the same speaker's next ones.
    pub fn stands(&self, segments: &[Segment]) -> Result<(), String> {
        let first = segments.get(self.segment).ok_or("there is no such segment")?;
        if self.quote.trim().is_empty() {
            return Err("it quotes nothing".into());
        }
        if first.speaker != self.speaker {
            return Err(format!("it was {:?} who spoke, not {:?}", first.speaker, self.speaker));
        }
        if self.matched.as_ref().is_some_and(|m| m.phrase.is_empty() || m.view.is_empty() || m.text.is_empty()) {
            return Err("the match names no phrase, view or text".into());
        }
        let last = if first.text.contains(&self.quote) { self.segment } else { self.runs_over(segments)? };
        let (from, to) = (first.start_ms, segments[last].end_ms);
        let ordered = from <= self.start_ms && self.start_ms <= self.end_ms && self.end_ms <= to;
        if ordered { Ok(()) } else { Err(format!("{}–{} ms lies outside {from}–{to}", self.start_ms, self.end_ms)) }
    }

    fn runs_over(&self, segments: &[Segment]) -> Result<usize, String> {
        let text = segments[self.segment].text.trim();
        let starts = text.char_indices().map(|(at, _)| &text[at..]);
        let rests = starts.filter_map(|tail| self.quote.strip_prefix(tail)?.strip_prefix(' '));
        for mut rest in rests {
            let own = segments.iter().enumerate().skip(self.segment + 1).filter(|(_, s)| s.speaker == self.speaker);
            for (at, segment) in own {
                let text = segment.text.trim();
                if text.starts_with(rest) {
                    return Ok(at);
                }
                match rest.strip_prefix(text).and_then(|rest| rest.strip_prefix(' ')) {
                    Some(shorter) => rest = shorter,
                    None => break,
                }
            }
        }
        Err("the quote is not in the transcript".into())
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

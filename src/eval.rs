//! Measuring packs on labelled calls: how much they find, how often they are wrong.
//!
//! Comes in: a policy and labelled calls, one JSON object a line. Goes out: [`Evaluation`]: counts with their intervals,
//! and each miss and false alarm by its place. Only this file knows the label format and when a finding counts as right.
//!
//! A finding is right when its category, or an alternative of the label, stands on the labelled turn or on an unlabelled
//! one at most two turns away. Any other finding outside neutral turns is a false alarm. Checks are right when `pass` or
//! `fail` is what the label says; `not-assessable` is wrong where the label knows. Signals count once per call.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::call::{Call, CallId, Jurisdiction, Language, Millis, Speaker};
use crate::normalise::homophones;
use crate::policy::{Policy, Roles};
use crate::record::{Category, CheckStatus, Confidence, Finding};
use crate::transcript::{Segment, Transcript};

/// How far from the labelled turn a finding may stand.
const NEIGHBOUR: usize = 2;

#[derive(Deserialize)]
struct Labelled {
    id: String,
    lang: Language,
    jurisdiction: Jurisdiction,
    #[serde(default)]
    metadata: BTreeMap<String, serde_json::Value>,
    turns: Vec<Turn>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Turn {
    speaker: Speaker,
    start: f64,
    end: f64,
    text: String,
}

#[derive(Deserialize)]
struct Expected {
    #[serde(default)]
    findings: Vec<Label>,
    #[serde(default)]
    neutral_turns: Vec<Neutral>,
    #[serde(default)]
    opening: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    debtor_signals: Vec<SignalLabel>,
    #[serde(default)]
    clean: bool,
}

#[derive(Deserialize)]
struct Label {
    category: Category,
    turn: usize,
    #[serde(default)]
    alt: Vec<Category>,
}

#[derive(Deserialize)]
struct Neutral {
    turn: usize,
    #[serde(default)]
    categories: Option<Vec<Category>>,
}

#[derive(Deserialize)]
struct SignalLabel {
    signal: String,
}

/// Why labelled calls can't be read.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A line that is no labelled call.
    #[error("read the labelled calls: line {line}: {message}")]
    Line {
        /// 1-based.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

/// Right, wrong and missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings that are right.
    pub right: usize,
    /// Findings that are false alarms.
    pub wrong: usize,
    /// Labels that were found.
    pub found: usize,
    /// Labels that were not.
    pub missed: usize,
}

impl Counts {
    /// Right among reported, with its interval.
    pub fn precision(self) -> Share {
        Share::of(self.right, self.right + self.wrong)
    }

    /// Found among labelled, with its interval.
    pub fn recall(self) -> Share {
        Share::of(self.found, self.found + self.missed)
    }
}

/// A share of a total, with the 95 % Wilson interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// How many.
    pub part: usize,
    /// Of how many.
    pub whole: usize,
    /// The share; 0 of nothing.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Share {
    /// The share and its Wilson score interval (E. B. Wilson 1927) at 95 %.
    pub fn of(part: usize, whole: usize) -> Share {
        const Z: f64 = 1.96;
        if whole == 0 {
            return Share { part, whole, value: 0.0, low: 0.0, high: 1.0 };
        }
        let (n, p) = (whole as f64, part as f64 / whole as f64);
        let middle = p + Z * Z / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        Share {
            part,
            whole,
            value: p,
            low: ((middle - spread) / scale).max(0.0),
            high: ((middle + spread) / scale).min(1.0),
        }
    }
}

/// What a set of labelled calls says of the packs.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Calls judged.
    pub calls: usize,
    /// Calls labelled clean, and how many of them have a finding that is more than a "listen to this".
    pub clean: (usize, usize),
    /// Findings, by category.
    pub by_category: BTreeMap<Category, Counts>,
    /// Checks: right and all, by id.
    pub checks: BTreeMap<String, (usize, usize)>,
    /// Signals, all ids together.
    pub signals: Counts,
    /// What was missed and what was wrong: `call turn N: …`, without spoken words.
    pub faults: Vec<String>,
}

impl Evaluation {
    /// Findings of all categories.
    pub fn findings(&self) -> Counts {
        let mut sum = Counts::default();
        for counts in self.by_category.values() {
            sum.right += counts.right;
            sum.wrong += counts.wrong;
            sum.found += counts.found;
            sum.missed += counts.missed;
        }
        sum
    }
}

/// Which check answers an opening label.
const OPENING: &[(&str, &str)] = &[
    ("company_stated", "opening-company"),
    ("collector_name_stated", "opening-name"),
    ("identity_verified", "identity-verified"),
    ("verified_before_disclosure", "verified-before-disclosure"),
    ("recording_notice", "recording-notice"),
    ("mini_miranda", "mini-miranda"),
];

/// A text with a share of its Han characters replaced by others that sound the same.
fn mishear(text: &str, share: f64, seed: u64) -> String {
    // SplitMix64 (Steele, Lea, Flood 2014): equal seeds, equal replacements, and no dependency for it.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    text.chars()
        .map(|c| {
            let (draw, pick) = (next() as f64 / u64::MAX as f64, next());
            let others = if draw < share { homophones(c) } else { &[] };
            others.get((pick % others.len().max(1) as u64) as usize).copied().unwrap_or(c)
        })
        .collect()
}

/// Judges labelled calls and compares. `misheard` is the share of Han characters replaced before by others of the same
/// sound, as a poor recogniser would; the same calls and share give the same replacements.
///
/// # Errors
/// When a line is no labelled call, or no pack judges its language.
pub fn evaluate(policy: &Policy, lines: &str, misheard: f64) -> Result<Evaluation, EvalError> {
    let mut result = Evaluation::default();
    for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fail = |message: String| EvalError::Line { line: number + 1, message };
        let mut labelled: Labelled = serde_json::from_str(line)
            .map_err(|error| fail(format!("not a labelled call: column {}", error.column())))?;
        if misheard > 0.0 {
            for (turn, said) in labelled.turns.iter_mut().enumerate() {
                said.text = mishear(&said.text, misheard, number as u64 * 1_000 + turn as u64);
            }
        }
        judge(policy, &labelled, &mut result).map_err(fail)?;
    }
    Ok(result)
}

fn judge(policy: &Policy, labelled: &Labelled, result: &mut Evaluation) -> Result<(), String> {
    let turns: Vec<usize> = in_order(&labelled.turns);
    let transcript = transcript(labelled, &turns);
    let roles = Roles::of_labels(&transcript);
    let judged =
        policy.judge(&transcript, &call(labelled), &roles, labelled.lang).map_err(|error| error.to_string())?;
    result.calls += 1;
    if labelled.expected.clean {
        result.clean.0 += 1;
        result.clean.1 += usize::from(judged.findings.iter().any(|finding| finding.confidence > Confidence::Low));
    }
    findings(labelled, &judged.findings, &turns, result);
    for (name, id) in OPENING {
        let ambiguous = labelled.expected.opening.get("ambiguous").and_then(|list| list.as_array());
        let skipped = ambiguous.is_some_and(|list| list.iter().any(|entry| entry.as_str() == Some(name)));
        let Some(wanted) =
            labelled.expected.opening.get(*name).and_then(serde_json::Value::as_bool).filter(|_| !skipped)
        else {
            continue;
        };
        let status = judged.checks.iter().find(|check| check.id == *id).map(|check| check.status);
        let right = status == Some(if wanted { CheckStatus::Pass } else { CheckStatus::Fail });
        let counts = result.checks.entry((*id).into()).or_default();
        counts.0 += usize::from(right);
        counts.1 += 1;
        if !right {
            let said = status.map_or("nothing".into(), |status| format!("{status:?}"));
            result.faults.push(format!("{} check {id}: {said}, labelled {wanted}", labelled.id));
        }
    }
    let wanted: BTreeSet<&str> = labelled.expected.debtor_signals.iter().map(|signal| signal.signal.as_str()).collect();
    let given: BTreeSet<&str> = judged.signals.iter().map(|signal| signal.id.as_str()).collect();
    result.signals.right += given.intersection(&wanted).count();
    result.signals.found += given.intersection(&wanted).count();
    result.signals.wrong += given.difference(&wanted).count();
    result.signals.missed += wanted.difference(&given).count();
    result.faults.extend(given.difference(&wanted).map(|id| format!("{} signal {id}: false alarm", labelled.id)));
    result.faults.extend(wanted.difference(&given).map(|id| format!("{} signal {id}: missed", labelled.id)));
    Ok(())
}

fn findings(labelled: &Labelled, findings: &[Finding], turns: &[usize], result: &mut Evaluation) {
    let expected = &labelled.expected;
    let mut found: BTreeSet<usize> = BTreeSet::new();
    for finding in findings {
        let turn = turns[finding.evidence.segment];
        let labelled_turn = |turn: usize| expected.findings.iter().any(|label| label.turn == turn);
        let fits = |label: &Label| label.category == finding.category || label.alt.contains(&finding.category);
        let near = |label: &Label| label.turn.abs_diff(turn) <= NEIGHBOUR && !labelled_turn(turn);
        let exact = expected.findings.iter().position(|label| fits(label) && label.turn == turn);
        let label = exact.or_else(|| expected.findings.iter().position(|label| fits(label) && near(label)));
        let neutral = expected.neutral_turns.iter().any(|neutral| {
            neutral.turn == turn
                && neutral.categories.as_ref().is_none_or(|all| all.is_empty() || all.contains(&finding.category))
        });
        let counts = result.by_category.entry(finding.category).or_default();
        match label {
            Some(label) => {
                counts.right += 1;
                found.insert(label);
            }
            None if neutral => {}
            None => {
                counts.wrong += 1;
                let (id, rule) = (&labelled.id, &finding.rule);
                result.faults.push(format!("{id} turn {turn}: false alarm, {} by {rule}", finding.category.as_str()));
            }
        }
    }
    for (number, label) in expected.findings.iter().enumerate() {
        let counts = result.by_category.entry(label.category).or_default();
        if found.contains(&number) {
            counts.found += 1;
        } else {
            counts.missed += 1;
            result.faults.push(format!("{} turn {}: missed, {}", labelled.id, label.turn, label.category.as_str()));
        }
    }
}

/// The turns' numbers in order of their start: overlapping speech is labelled as written.
fn in_order(turns: &[Turn]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..turns.len()).collect();
    order.sort_by_key(|&turn| millis(turns[turn].start));
    order
}

fn transcript(labelled: &Labelled, order: &[usize]) -> Transcript {
    let segments = order.iter().map(|&number| {
        let turn = &labelled.turns[number];
        Segment {
            speaker: turn.speaker,
            start_ms: millis(turn.start),
            end_ms: millis(turn.end).max(millis(turn.start)),
            text: turn.text.clone(),
            channel: None,
            confidence: None,
            words: Vec::new(),
        }
    });
    Transcript::new(segments.collect(), Some(labelled.lang))
}

fn millis(seconds: f64) -> Millis {
    Millis((seconds * 1000.0).round().max(0.0) as u64)
}

fn call(labelled: &Labelled) -> Call {
    let mut call = Call::new(CallId::from_text(&labelled.id), labelled.id.clone());
    let text = |name: &str| labelled.metadata.get(name).and_then(|value| value.as_str()).map(String::from);
    call.agent_id = text("agent_id");
    call.agent_name = text("agent_name");
    call.agency = text("agency");
    call.creditor = text("creditor");
    call.debtor_name = text("debtor_name");
    call.account = text("account");
    call.started_at = text("started_at");
    call.jurisdiction = Some(labelled.jurisdiction);
    call
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(findings: &str, clean: bool) -> String {
        format!(
            r#"{{"id":"t1","lang":"en","jurisdiction":"us","turns":[
            {{"speaker":"collector","start":0,"end":2,"text":"You are a worthless deadbeat."}},
            {{"speaker":"debtor","start":2,"end":3,"text":"Stop calling me."}}],
            "expected":{{"findings":[{findings}],"opening":{{"company_stated":false}},"debtor_signals":[{{"signal":"stop-contact"}}],"clean":{clean}}}}}"#
        )
        .replace('\n', " ")
    }

    #[test]
    fn right_wrong_and_missed_are_counted() {
        let policy = Policy::shipped().unwrap();
        let insult = r#"{"category":"insult","turn":0}"#;
        let right = evaluate(&policy, &line(insult, false), 0.0).unwrap();
        let all = right.findings();
        assert_eq!((all.found, all.missed, all.wrong), (1, 0, 0));
        assert_eq!((right.signals.found, right.signals.missed), (1, 0));
        assert_eq!(right.checks["opening-company"], (1, 1));
        let wrong = evaluate(&policy, &line("", true), 0.0).unwrap();
        assert_eq!((wrong.findings().wrong, wrong.clean), (1, (1, 1)));
        let missed = evaluate(&policy, &line(r#"{"category":"harassment","turn":1}"#, false), 0.0).unwrap();
        assert_eq!((missed.findings().missed, missed.findings().wrong), (1, 1));
        assert!(evaluate(&policy, "{}", 0.0).unwrap_err().to_string().contains("line 1"));
    }

    #[test]
    fn intervals_are_wilsons() {
        // R: binom::binom.wilson(9, 10) gives 0.596 to 0.982.
        let share = Share::of(9, 10);
        assert!((share.low - 0.5958).abs() < 1e-3 && (share.high - 0.9821).abs() < 1e-3, "{share:?}");
        assert_eq!(Share::of(0, 0).high, 1.0);
    }
}

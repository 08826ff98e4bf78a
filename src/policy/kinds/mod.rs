//! What each kind of rule means.
//!
//! Comes in: the sight of a call. Goes out: checks, findings, suppressed hits and signals. Only this folder knows the
//! meaning of the five kinds; one file a kind, and `ground.rs` for the conditions that kinds share.

mod conditional;
mod forbidden;
mod ground;
mod limit;
mod required;
mod sequence;

use super::file::{Both, Excuse, RuleText};
use super::scan::{Found, Sight};
use crate::call::Language;
use crate::record::{Also, Category, Check, CheckStatus, Confidence, Evidence, Finding, Signal, Suppressed};

pub(super) use limit::limits;

/// What the kinds have to say.
#[derive(Default)]
pub(super) struct Outcome {
    pub checks: Vec<Check>,
    pub findings: Vec<Finding>,
    /// How much the words of its turn speak for each finding's category, in the order of the findings.
    weights: Vec<Option<f32>>,
    pub suppressed: Vec<Suppressed>,
    pub signals: Vec<Signal>,
}

/// Lets every rule of a pack speak, limits apart.
pub(super) fn judge(sight: &Sight<'_>, pack: usize, out: &mut Outcome) {
    let course = sequence::Course::of(sight, pack);
    required::judge(sight, pack, course.as_ref(), out);
    sequence::judge(sight, pack, out);
    forbidden::judge(sight, pack, course.as_ref(), out);
    conditional::judge(sight, pack, out);
}

impl Outcome {
    /// Puts everything in order of time and numbers the findings.
    pub fn in_order(&mut self) {
        let place = |evidence: &Evidence| (evidence.start_ms, evidence.segment);
        let weighed = std::mem::take(&mut self.findings).into_iter().zip(std::mem::take(&mut self.weights));
        let mut weighed: Vec<(Finding, Option<f32>)> = weighed.collect();
        weighed.sort_by(|(a, _), (b, _)| (place(&a.evidence), &a.rule).cmp(&(place(&b.evidence), &b.rule)));
        self.findings = one_a_turn(weighed);
        for (index, finding) in self.findings.iter_mut().enumerate() {
            finding.id = format!("f{}", index + 1);
        }
        self.suppressed.sort_by(|a, b| (place(&a.evidence), &a.rule).cmp(&(place(&b.evidence), &b.rule)));
        self.signals.sort_by(|a, b| (place(&a.evidence), &a.id).cmp(&(place(&b.evidence), &b.id)));
    }

    fn finding(&mut self, sight: &Sight<'_>, rule: &dyn RuleText, category: Category, found: &Found) {
        let (confidence, doubts) = sight.confidence(found);
        let text = |both: &Both| both.get(sight.language).to_string();
        self.weights.push(sight.weight_for(found, category));
        self.findings.push(Finding {
            id: String::new(),
            rule: rule.id().get_ref().clone(),
            rule_version: sight.pack(found.pack).file.version.clone(),
            category,
            severity: rule.severity(),
            confidence,
            title: text(rule.title()),
            why: text(rule.why()),
            sources: rule.sources().to_vec(),
            instead: text(rule.instead()),
            texts: crate::record::Texts::of(
                [rule.title(), rule.why(), rule.instead()].map(|t| (t.zh.as_str(), t.en.as_str())),
            ),
            doubts,
            evidence: sight.evidence(found),
            also: Vec::new(),
        });
    }

    fn check(
        &mut self,
        language: Language,
        rule: &dyn RuleText,
        id: &str,
        status: CheckStatus,
        reason: (&str, &str),
        evidence: Vec<Evidence>,
    ) {
        self.checks.push(Check {
            id: id.into(),
            status,
            reason: if language == Language::Mandarin { reason.0 } else { reason.1 }.into(),
            reasons: crate::record::Reasons { zh: reason.0.into(), en: reason.1.into() },
            rule: Some(rule.id().get_ref().clone()),
            severity: Some(rule.severity()),
            evidence,
            searched: None,
        });
    }
}

/// One finding per category and turn: the gravest that isn't doubtful, the surer and longer among equals; the others stand
/// with it. Of several categories the one the words of the turn speak for most; another stands for itself only when they
/// speak for it too.
fn one_a_turn(findings: Vec<(Finding, Option<f32>)>) -> Vec<Finding> {
    let mut kept: Vec<(Finding, Option<f32>)> = Vec::new();
    for (finding, weight) in findings {
        let same = |(known, _): &&mut (Finding, Option<f32>)| {
            known.category == finding.category && known.evidence.segment == finding.evidence.segment
        };
        let Some((known, _)) = kept.iter_mut().find(same) else {
            kept.push((finding, weight));
            continue;
        };
        // Whatever is more than a "listen to this" counts; of those the gravest.
        let rank = |f: &Finding| (f.confidence > Confidence::Low, f.severity, f.confidence, f.evidence.quote.len());
        let lesser = if rank(&finding) > rank(known) { std::mem::replace(known, finding) } else { finding };
        stand_with(known, lesser);
    }
    let mut at = 0;
    while at < kept.len() {
        let (finding, weight) = &kept[at];
        let heavier = kept.iter().position(|(other, theirs)| {
            other.evidence.segment == finding.evidence.segment
                && other.category != finding.category
                && matches!((weight, theirs), (Some(own), Some(theirs)) if *own < 0.0 && own < theirs)
        });
        match heavier {
            Some(mut heavier) => {
                let (lesser, _) = kept.remove(at);
                heavier -= usize::from(heavier > at);
                stand_with(&mut kept[heavier].0, lesser);
            }
            None => at += 1,
        }
    }
    for (finding, _) in &mut kept {
        finding.also.sort_by(|a, b| (a.evidence.start_ms, &a.rule).cmp(&(b.evidence.start_ms, &b.rule)));
    }
    kept.into_iter().map(|(finding, _)| finding).collect()
}

/// Puts a lesser finding beside a greater one.
fn stand_with(greater: &mut Finding, mut lesser: Finding) {
    greater.also.append(&mut lesser.also);
    greater.also.push(Also { rule: lesser.rule, severity: lesser.severity, evidence: lesser.evidence });
}

/// Hits that overlap, as one: the longest of each heap.
fn longest<'f>(hits: impl Iterator<Item = &'f Found>) -> Vec<&'f Found> {
    let mut hits: Vec<&Found> = hits.collect();
    hits.sort_by_key(|hit| (hit.stream, hit.start, usize::MAX - hit.end));
    let mut kept: Vec<&Found> = Vec::new();
    for hit in hits {
        match kept.last_mut() {
            Some(last) if last.stream == hit.stream && hit.start < last.end => {
                if hit.end - hit.start > last.end - last.start {
                    *last = hit;
                }
            }
            _ => kept.push(hit),
        }
    }
    kept
}

/// Whether one find lies within another.
fn covers(outer: &Found, inner: &Found) -> bool {
    outer.stream == inner.stream && outer.start <= inner.start && inner.end <= outer.end
}

/// Excuses that count unless a rule says otherwise. A question is not among them: "你要不要脸？" is one.
fn usual(excuse: Excuse) -> bool {
    excuse != Excuse::Question
}

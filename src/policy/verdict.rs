//! The verdict: what all checks and findings come to.
//!
//! Comes in: checks and findings. Goes out: score and verdict. Only this file knows the weights: what is not assessable
//! is in neither value nor maximum, low confidence never fails a call, a critical finding leaves no points.

use crate::record::{Check, CheckStatus, Confidence, Finding, Score, ScoreItem, Severity, Verdict};

/// The points a breach costs. Three grades, each half again as heavy as two of the next, so that no heap of
/// formalities outweighs a threat.
fn points(severity: Severity) -> u32 {
    match severity {
        Severity::Low => 5,
        Severity::Medium => 10,
        Severity::High => 30,
        Severity::Critical => 100,
    }
}

/// The points of conduct: what findings are taken from. Each check adds its own.
const CONDUCT: u32 = 60;

/// Score and verdict of a call.
///
/// Where it isn't sure who speaks (`sure_roles` false), nothing fails: a person listens first.
pub(super) fn weigh(checks: &[Check], findings: &[Finding], sure_roles: bool) -> (Score, Verdict, Vec<String>) {
    let mut items = Vec::new();
    let mut verdict = Verdict::Pass;
    let mut because: Vec<String> = Vec::new();
    let mut reason = |code: &str| {
        if !because.iter().any(|known| known == code) {
            because.push(code.into());
        }
    };
    let (mut max, mut lost, mut zero) = (CONDUCT, 0, false);
    for check in checks {
        let Some(severity) = check.severity else { continue };
        match check.status {
            CheckStatus::NotAssessable => continue,
            CheckStatus::Pass => max += points(severity),
            CheckStatus::Fail => {
                max += points(severity);
                lost += points(severity);
                reason("check-failed");
                items.push(ScoreItem { rule: check.id.clone(), points: points(severity) });
                verdict = verdict.max(if severity >= Severity::High { Verdict::Fail } else { Verdict::Review });
            }
        }
    }
    let mut conduct = 0;
    for finding in findings {
        let sure = finding.confidence > Confidence::Low;
        let bad = finding.severity >= Severity::Medium;
        verdict = verdict.max(if sure && bad { Verdict::Fail } else { Verdict::Review });
        reason(if sure && bad { "finding" } else { "finding-unsure" });
        if sure {
            zero |= finding.severity == Severity::Critical;
            conduct += points(finding.severity);
            items.push(ScoreItem { rule: finding.rule.clone(), points: points(finding.severity) });
        }
    }
    if !sure_roles {
        verdict = verdict.min(Verdict::Review);
    }
    lost += conduct.min(CONDUCT);
    let value = if zero { 0 } else { max.saturating_sub(lost) };
    // Out of 100, so that calls with different checks compare.
    let value = (value * 100 + max / 2) / max;
    (Score { value, max: 100, items }, verdict, because)
}

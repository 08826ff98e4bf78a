//! `required`: words that must be said, in a stretch of the call.
//!
//! Comes in: hits of required phrases. Goes out: one check a rule. An absence is a claim and needs its ground: the
//! collector must have been heard, well enough, and a person must have answered; else the check is not assessable.

use super::sequence::Course;
use super::{Outcome, covers};
use crate::call::{Millis, Speaker};
use crate::policy::Slot;
use crate::policy::file::{Required, Window};
use crate::policy::scan::{Found, Sight};
use crate::record::{CheckStatus, Searched};

/// Below this mean confidence, that words were not recognised doesn't show that they were not said.
const CLEAR_ENOUGH: f64 = 0.6;

pub(super) fn judge(sight: &Sight<'_>, pack: usize, course: Option<&Course>, out: &mut Outcome) {
    for (number, placed) in sight.pack(pack).required.iter().enumerate() {
        let rule = &placed.rule;
        if let Some(name) = &rule.when
            && !occurs(sight, pack, name)
        {
            let reason = ("没有出现需要这样做的情形", "nothing in the call asked for it");
            out.check(sight.language, rule, &rule.check, CheckStatus::NotAssessable, reason, Vec::new());
            continue;
        }
        let window = stretch(sight, rule);
        let hit = sight.in_slot(pack, Slot::Required(number)).find(|hit| {
            rule.speaker.includes(hit.speaker)
                && window.contains(&hit.first.segment)
                && !excepted(sight, pack, number, hit)
        });
        if let Some(hit) = hit {
            out.check(
                sight.language,
                rule,
                &rule.check,
                CheckStatus::Pass,
                ("已说明", "it was said"),
                vec![sight.evidence(hit)],
            );
            continue;
        }
        // What only the debtor may hear is rightly kept from somebody else: a fact, not a fault.
        let kept_back = rule.debtor_only && course.is_some_and(Course::debtor_not_reached);
        let missing = if kept_back {
            (
                "没有说；应当听到的债务人不在电话上",
                "it was not said; the debtor, who should hear it, was not on the phone",
            )
        } else {
            ("在应当说明的范围内没有听到", "it was not said where it should be")
        };
        let (status, reason) =
            absence(sight, &window).map_or((CheckStatus::Fail, missing), |reason| (CheckStatus::NotAssessable, reason));
        out.check(sight.language, rule, &rule.check, status, reason, Vec::new());
        if kept_back && let Some(check) = out.checks.last_mut() {
            check.severity = None;
        }
        let segments = &sight.transcript.segments;
        if let (Some(check), Some(first), Some(last)) = (out.checks.last_mut(), window.first(), window.last()) {
            check.searched = Some(Searched {
                speaker: Speaker::Collector,
                start_ms: segments[*first].start_ms,
                end_ms: segments[*last].end_ms,
            });
        }
    }
}

fn occurs(sight: &Sight<'_>, pack: usize, name: &str) -> bool {
    let who = |number: usize| sight.pack(pack).cues[number].rule.speaker;
    let cue = sight.pack(pack).cue(name);
    let cued = cue.is_some_and(|cue| sight.in_slot(pack, Slot::Cue(cue)).any(|hit| who(cue).includes(hit.speaker)));
    let signals = sight.pack(pack).conditional.iter().enumerate();
    let signals = signals.filter(|(_, placed)| placed.rule.signal == name).map(|(number, _)| Slot::Signal(number));
    let mut signals = signals;
    cued || signals.any(|slot| sight.in_slot(pack, slot).any(|hit| hit.speaker != Speaker::Collector))
}

fn excepted(sight: &Sight<'_>, pack: usize, rule: usize, hit: &Found) -> bool {
    let exceptions = 0..sight.pack(pack).required[rule].rule.except.len();
    exceptions
        .into_iter()
        .any(|which| sight.in_slot(pack, Slot::RequiredExcept(rule, which)).any(|cover| covers(cover, hit)))
}

/// The segments in which the words must stand, ascending.
fn stretch(sight: &Sight<'_>, rule: &Required) -> Vec<usize> {
    let segments = &sight.transcript.segments;
    let Window { first_turns, first_seconds, last_turns } = rule.within;
    let begin = segments.first().map(|segment| segment.start_ms).unwrap_or_default();
    let mut own: Vec<usize> = (0..segments.len()).filter(|&at| rule.speaker.includes(segments[at].speaker)).collect();
    if let Some(seconds) = first_seconds {
        own.retain(|&at| begin.until(segments[at].start_ms) <= Millis(seconds.saturating_mul(1000)));
    }
    if let Some(turns) = first_turns {
        let mut seen: Vec<usize> = Vec::new();
        own.retain(|&at| {
            let turn = sight.turn_of(at);
            if !seen.contains(&turn) {
                seen.push(turn);
            }
            seen.len() <= turns
        });
    }
    if let Some(turns) = last_turns {
        let mut all: Vec<usize> = own.iter().map(|&at| sight.turn_of(at)).collect();
        all.dedup();
        let from = all.len().saturating_sub(turns);
        let last = all.get(from).copied().unwrap_or_default();
        own.retain(|&at| sight.turn_of(at) >= last);
    }
    own
}

/// Why that words are missing can't be held against the collector; `None` when it can.
pub(super) fn absence(sight: &Sight<'_>, window: &[usize]) -> Option<(&'static str, &'static str)> {
    let segments = &sight.transcript.segments;
    if window.is_empty() {
        return Some((
            "没有听到催收员说话，或不知道谁是催收员",
            "the collector was not heard, or it is not known who the collector is",
        ));
    }
    if sight.roles.confidence_of(Speaker::Collector) < 0.5 {
        return Some(("不能确定谁是催收员", "it is not sure who the collector is"));
    }
    let answered = segments.iter().any(|segment| segment.speaker != Speaker::Collector);
    if !answered && segments.len() < 3 {
        return Some(("无人应答，通话太短", "nobody answered and the call was too short"));
    }
    let known: Vec<f64> = window.iter().filter_map(|&at| segments[at].confidence).collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    if !known.is_empty() && mean < CLEAR_ENOUGH {
        return Some(("识别得不够清楚，听不到不等于没有说", "recognised too poorly: not heard doesn't mean not said"));
    }
    None
}

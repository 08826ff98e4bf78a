//! `required`: words that must be said, in a stretch of the call.
//!
//! Comes in: hits of required phrases. Goes out: one check a rule. An absence is a claim and needs its ground: the
//! collector must have been heard, well enough, and a person must have answered; else the check is not assessable.

use super::ground::Ground;
use super::sequence::Course;
use super::{Outcome, covers, longest};
use crate::call::Speaker;
use crate::policy::Slot;
use crate::policy::file::RuleText;
use crate::policy::scan::{Found, Sight};
use crate::record::{CheckStatus, Searched};

/// Below this mean confidence, that words were not recognised doesn't show that they were not said.
const CLEAR_ENOUGH: f64 = 0.6;

pub(super) fn judge(sight: &Sight<'_>, pack: usize, course: Option<&Course>, out: &mut Outcome) {
    for (number, placed) in sight.pack(pack).required.iter().enumerate() {
        let rule = &placed.rule;
        let asked = rule.conditions();
        let ground = match Ground::of(sight, pack, rule.speaker, &asked) {
            Ok(ground) => ground,
            Err((zh, en)) => {
                out.check(sight.language, rule, &rule.check, CheckStatus::NotAssessable, (&zh, &en), Vec::new());
                continue;
            }
        };
        let hits = sight.in_slot(pack, Slot::Required(number)).filter(|hit| {
            rule.speaker.includes(hit.speaker) && ground.holds(hit) && !excepted(sight, pack, number, hit)
        });
        let wanted = asked.at_least.unwrap_or(1);
        // One is enough: the first, as it was found. Several must be separate.
        let mut said: Vec<&Found> = if wanted > 1 { longest(hits) } else { hits.take(1).collect() };
        said.sort_by_key(|hit| Sight::place(hit));
        if said.len() >= wanted {
            let evidence = said.iter().take(wanted).map(|hit| sight.evidence(hit)).collect();
            let reason = ("已说明", "it was said");
            out.check(sight.language, rule, &rule.check, CheckStatus::Pass, reason, evidence);
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
        let times = said.len();
        let too_few =
            (format!("只说了 {times} 次，应说 {wanted} 次"), format!("it was said {times} of {wanted} times"));
        let missing = if times > 0 { (too_few.0.as_str(), too_few.1.as_str()) } else { missing };
        let window = &ground.segments;
        let nowhere = ("通话里没有应当说明的那一段", "the call has no stretch in which it should be said");
        let unheard = if window.is_empty() && ground.heard { Some(nowhere) } else { absence(sight, window) };
        let (status, reason) =
            unheard.map_or((CheckStatus::Fail, missing), |reason| (CheckStatus::NotAssessable, reason));
        let evidence = said.iter().map(|hit| sight.evidence(hit)).collect();
        out.check(sight.language, rule, &rule.check, status, reason, evidence);
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

fn excepted(sight: &Sight<'_>, pack: usize, rule: usize, hit: &Found) -> bool {
    let exceptions = 0..sight.pack(pack).required[rule].rule.except.len();
    exceptions
        .into_iter()
        .any(|which| sight.in_slot(pack, Slot::RequiredExcept(rule, which)).any(|cover| covers(cover, hit)))
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

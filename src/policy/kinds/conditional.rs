//! `conditional`: what the other side said, and whether the collector did what that asks for.
//!
//! Comes in: hits of signal phrases. Goes out: one signal an id, at its first words, with its duty; and a finding when
//! the duty was clearly not met and the rule says so.

use super::{Outcome, covers, longest};
use crate::call::Speaker;
use crate::policy::Slot;
use crate::policy::scan::{Found, Sight};
use crate::record::{Duty, Reasons, Signal};

pub(super) fn judge(sight: &Sight<'_>, pack: usize, out: &mut Outcome) {
    for (number, placed) in sight.pack(pack).conditional.iter().enumerate() {
        let rule = &placed.rule;
        let Some(first) = given(sight, pack, number).into_iter().next() else { continue };
        let (duty, reason) = duty(sight, pack, number, first);
        out.signals.push(Signal {
            id: rule.signal.clone(),
            evidence: sight.evidence(first),
            duty,
            reasons: Reasons { zh: reason.0.into(), en: reason.1.into() },
        });
        if duty == Duty::NotMet
            && let Some(category) = rule.finding
        {
            out.finding(sight, rule, category, first);
        }
    }
}

/// The words that give a rule's signal, in order of place.
pub(super) fn given<'s>(sight: &'s Sight<'_>, pack: usize, number: usize) -> Vec<&'s Found> {
    let rule = &sight.pack(pack).conditional[number].rule;
    let exceptions = 0..rule.except.len();
    let excepted = |hit: &Found| {
        exceptions
            .clone()
            .any(|which| sight.in_slot(pack, Slot::SignalExcept(number, which)).any(|cover| covers(cover, hit)))
    };
    let mut hits = longest(sight.in_slot(pack, Slot::Signal(number)));
    hits.retain(|hit| rule.speaker.includes(hit.speaker) && !excepted(hit));
    hits.retain(|hit| rule.weighed.as_ref().is_none_or(|label| !sight.signal_outweighed(hit, label)));
    hits.sort_by_key(|hit| Sight::place(hit));
    hits
}

fn duty(sight: &Sight<'_>, pack: usize, number: usize, signal: &Found) -> (Duty, (&'static str, &'static str)) {
    let rule = &sight.pack(pack).conditional[number].rule;
    if rule.met.is_empty() {
        return (Duty::NotAssessable, ("从通话的话语看不出来", "the words of the call can't show it"));
    }
    let turn = sight.turn_of(signal.first.segment);
    // Each side's turn counts one: the collector's n-th turn after the signal is at most 2n on.
    let near =
        |segment: usize| segment > signal.first.segment && sight.turn_of(segment) - turn <= 2 * rule.within_turns;
    let met =
        sight.in_slot(pack, Slot::Met(number)).any(|hit| hit.speaker == Speaker::Collector && near(hit.first.segment));
    let segments = &sight.transcript.segments;
    let answered = (0..segments.len()).any(|at| segments[at].speaker == Speaker::Collector && near(at));
    match (met, answered) {
        (true, _) => (Duty::Met, ("催收员已回应", "the collector answered it")),
        (false, true) => (Duty::NotMet, ("催收员没有回应就继续催收", "the collector went on without answering it")),
        (false, false) => (
            Duty::NotAssessable,
            ("催收员还没来得及回应，通话就结束了", "the call ended before the collector could answer"),
        ),
    }
}

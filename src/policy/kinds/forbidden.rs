//! `forbidden`: words that must not be said.
//!
//! Comes in: hits of forbidden phrases. Goes out: findings, and for each hit that is none the reason: somebody else
//! said it, an exception covers it, or its own clause takes it back. A call, a stretch or a single hit that the rule's
//! conditions leave out is no business of the rule: nothing is said of it.

use super::ground::Ground;
use super::sequence::Course;
use super::{Outcome, covers, longest, usual};
use crate::call::Speaker;
use crate::policy::Slot;
use crate::policy::file::{Forbidden, Listener, RuleText};
use crate::policy::scan::{Found, Sight};
use crate::record::Suppressed;

pub(super) fn judge(sight: &Sight<'_>, pack: usize, course: Option<&Course>, out: &mut Outcome) {
    for (number, placed) in sight.pack(pack).forbidden.iter().enumerate() {
        let rule = &placed.rule;
        let asked = rule.conditions();
        let Ok(ground) = Ground::of(sight, pack, rule.speaker, &asked) else { continue };
        let mut faults: Vec<&Found> = Vec::new();
        for hit in longest(sight.in_slot(pack, Slot::Forbidden(number))) {
            if rule.to == Some(Listener::ThirdParty) && !course.is_some_and(|course| course.third_party_at(hit)) {
                continue;
            }
            let mut suppress = |because: &str, note: Option<String>| {
                out.suppressed.push(Suppressed {
                    rule: rule.id.get_ref().clone(),
                    because: because.into(),
                    note,
                    evidence: sight.evidence(hit),
                });
            };
            if !rule.speaker.includes(hit.speaker) {
                let because = if hit.speaker == Speaker::Unknown { "speaker-unknown" } else { "speaker" };
                suppress(because, None);
            } else if !ground.holds(hit) {
            } else if let Some(reason) = exception(sight, pack, number, hit) {
                suppress("exception", Some(reason));
            } else if let Some((excuse, words)) = sight.excuse(hit, &|excuse| {
                (usual(excuse) && !rule.despite.contains(&excuse)) || rule.excuse.contains(&excuse)
            }) {
                suppress(excuse.as_str(), Some(words));
            } else if let Some(weight) = sight.outweighed(hit).filter(|_| rule.to.is_none()) {
                // What only a listener makes a fault ("can you pay today?" to a mother) no words weigh.
                suppress("outweighed", Some(format!("{weight:.1}")));
            } else {
                faults.push(hit);
            }
        }
        report(sight, rule, faults, out);
    }
}

/// A finding a hit; of a rule that asks for several hits one, at the last of them.
fn report(sight: &Sight<'_>, rule: &Forbidden, mut faults: Vec<&Found>, out: &mut Outcome) {
    if let Some(wanted) = rule.at_least.filter(|wanted| *wanted > 1) {
        faults.sort_by_key(|hit| Sight::place(hit));
        faults = faults.get(wanted - 1).copied().into_iter().collect();
    }
    for hit in faults {
        out.finding(sight, rule, rule.category, hit);
    }
}

/// The reason of the longest exception that covers a hit.
fn exception(sight: &Sight<'_>, pack: usize, rule: usize, hit: &Found) -> Option<String> {
    let exceptions = sight.pack(pack).forbidden[rule].rule.except.iter().enumerate();
    exceptions
        .flat_map(|(which, except)| {
            sight.in_slot(pack, Slot::ForbiddenExcept(rule, which)).map(move |cover| (cover, except))
        })
        .filter(|(cover, _)| covers(cover, hit))
        .max_by_key(|(cover, _)| cover.end - cover.start)
        .map(|(_, except)| except.because.get(sight.language).to_string())
}

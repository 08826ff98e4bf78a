//! `sequence`: steps that must come before something: above all, verified before the debt is spoken of.
//!
//! Comes in: hits of cues. Goes out: checks, and findings at the exact words that came too early. Only this file knows
//! the course of a call: unverified, verified, or somebody else on the line.

use super::Outcome;
use super::required::absence;
use crate::call::Speaker;
use crate::policy::Slot;
use crate::policy::file::{Cue, Sequence};
use crate::policy::scan::{Found, Sight};
use crate::record::{Category, CheckStatus, Evidence};

/// Who the collector may believe to be speaking to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unverified,
    Verified,
    ThirdParty,
}

/// The states of a call, each with the place from which it holds.
pub(super) struct Course {
    states: Vec<((usize, usize), State)>,
    verified_by: Vec<Evidence>,
}

/// What moves a course on.
enum Event<'f> {
    Cue(usize, &'f Found),
    Broken,
    /// A segment whose speaker the transcript itself labels.
    Labelled(Speaker),
}

impl Course {
    /// The course by the pack's first sequence that guards something; `None` when it has none.
    pub fn of(sight: &Sight<'_>, pack: usize) -> Option<Course> {
        let guarding = sight.pack(pack).sequence.iter().find(|placed| !placed.rule.before.is_empty())?;
        Some(Course::by(sight, pack, &guarding.rule))
    }

    fn by(sight: &Sight<'_>, pack: usize, rule: &Sequence) -> Course {
        let cue_number = |name: &String| sight.pack(pack).cue(name);
        let paths: Vec<Vec<usize>> =
            rule.paths.iter().map(|path| path.iter().filter_map(cue_number).collect()).collect();
        let broken: Vec<usize> = rule.broken_by.iter().filter_map(cue_number).collect();
        let mut events: Vec<((usize, usize), Event<'_>)> = Vec::new();
        for found in cues(sight, pack) {
            let (Slot::Cue(cue), place) = (found.slot, Sight::place(found)) else { continue };
            if broken.contains(&cue) {
                events.push((place, Event::Broken));
            }
            if paths.iter().any(|path| path.contains(&cue)) {
                events.push((place, Event::Cue(cue, found)));
            }
        }
        let labelled = sight.transcript.segments.iter().any(|segment| segment.speaker == Speaker::ThirdParty);
        if labelled {
            for (at, segment) in sight.transcript.segments.iter().enumerate() {
                events.push(((at, 0), Event::Labelled(segment.speaker)));
            }
        }
        // A person who says "no, this is his wife" speaks as somebody else before anything in that turn counts.
        events.sort_by_key(|(place, event)| (place.0, matches!(event, Event::Cue(..)), place.1));
        run(sight, rule, &paths, &events)
    }

    fn at(&self, place: (usize, usize)) -> State {
        let last = self.states.iter().rev().find(|(from, _)| *from < place);
        last.map_or(State::Unverified, |(_, state)| *state)
    }

    /// Whether somebody else answered and the debtor was never reached.
    pub fn debtor_not_reached(&self) -> bool {
        self.verified_by.is_empty() && self.states.iter().any(|(_, state)| *state == State::ThirdParty)
    }

    /// Whether somebody other than the debtor is on the line when these words fall.
    pub fn third_party_at(&self, found: &Found) -> bool {
        self.at(Sight::place(found)) == State::ThirdParty
    }
}

fn run(sight: &Sight<'_>, rule: &Sequence, paths: &[Vec<usize>], events: &[((usize, usize), Event<'_>)]) -> Course {
    let mut course = Course { states: vec![], verified_by: Vec::new() };
    let mut progress: Vec<Vec<&Found>> = vec![Vec::new(); paths.len()];
    let mut verified: Option<Speaker> = None;
    let mut state = State::Unverified;
    for (place, event) in events {
        let before = state;
        match event {
            Event::Broken => {
                state = State::ThirdParty;
                verified = None;
                progress.iter_mut().for_each(Vec::clear);
            }
            // A spouse who has proved the relation stays verified, whatever the label.
            Event::Labelled(speaker) if verified == Some(*speaker) => state = State::Verified,
            Event::Labelled(Speaker::ThirdParty) if state != State::ThirdParty => {
                state = State::ThirdParty;
                progress.iter_mut().for_each(Vec::clear);
            }
            Event::Labelled(Speaker::Debtor) if state == State::ThirdParty => state = State::Unverified,
            Event::Labelled(_) => {}
            Event::Cue(cue, found) => {
                for (path, done) in paths.iter().zip(&mut progress) {
                    let near = |last: &&&Found| {
                        let turns = sight.turn_of(found.first.segment) - sight.turn_of(last.first.segment);
                        turns <= rule.within_turns
                    };
                    if path.get(done.len()) == Some(cue) && (done.is_empty() || done.last().iter().any(near)) {
                        done.push(found);
                    } else if path.first() == Some(cue)
                        && done.len() < path.len()
                        && (done.len() < 2 || !done.last().iter().any(near))
                    {
                        // Asked again, or after the thread was lost: the way begins anew.
                        *done = vec![found];
                    }
                    if done.len() == path.len() && state != State::Verified {
                        state = State::Verified;
                        verified = Some(found.speaker);
                        course.verified_by = done.iter().map(|found| sight.evidence(found)).collect();
                    }
                }
            }
        }
        if state != before {
            course.states.push((*place, state));
        }
    }
    course
}

/// Hits of cues that count: said by whom the cue asks for, and not taken back.
fn cues<'s>(sight: &'s Sight<'_>, pack: usize) -> impl Iterator<Item = &'s Found> {
    sight.found.iter().filter(move |found| match found.slot {
        Slot::Cue(number) if found.pack == pack => counts(sight, &sight.pack(pack).cues[number].rule, found),
        _ => false,
    })
}

/// Whether a hit of a cue counts.
pub(super) fn counts(sight: &Sight<'_>, cue: &Cue, found: &Found) -> bool {
    let excused = || sight.excuse(found, &|excuse| cue.excuse.contains(&excuse));
    cue.speaker.includes(found.speaker) && (cue.excuse.is_empty() || excused().is_none())
}

pub(super) fn judge(sight: &Sight<'_>, pack: usize, out: &mut Outcome) {
    for placed in &sight.pack(pack).sequence {
        let rule = &placed.rule;
        let course = Course::by(sight, pack, rule);
        if rule.before.is_empty() {
            completed(sight, rule, &course, out);
        } else {
            guarded(sight, pack, rule, &course, out);
        }
    }
}

/// Without anything to guard: the steps must be complete at some time.
fn completed(sight: &Sight<'_>, rule: &Sequence, course: &Course, out: &mut Outcome) {
    let spoken: Vec<usize> = collector_segments(sight);
    let third_party = course.debtor_not_reached();
    let (status, reason) = if !course.verified_by.is_empty() {
        (CheckStatus::Pass, ("已核实本人", "the debtor was asked for and confirmed"))
    } else if let Some(reason) = absence(sight, &spoken) {
        (CheckStatus::NotAssessable, reason)
    } else if third_party {
        (CheckStatus::Fail, ("接电话的是他人，没有核实到本人", "somebody else answered; the debtor was not reached"))
    } else {
        (CheckStatus::Fail, ("没有完成本人身份核实", "identity was not verified"))
    };
    out.check(sight.language, rule, &rule.check, status, reason, course.verified_by.clone());
    // Nobody can verify a debtor who isn't there: that alone costs no points.
    if status == CheckStatus::Fail
        && third_party
        && let Some(check) = out.checks.last_mut()
    {
        check.severity = None;
    }
}

fn collector_segments(sight: &Sight<'_>) -> Vec<usize> {
    let segments = &sight.transcript.segments;
    (0..segments.len()).filter(|&at| segments[at].speaker == Speaker::Collector).collect()
}

/// With something to guard: it must not come before the steps are complete.
fn guarded(sight: &Sight<'_>, pack: usize, rule: &Sequence, course: &Course, out: &mut Outcome) {
    let guards: Vec<usize> = rule.before.iter().filter_map(|name| sight.pack(pack).cue(name)).collect();
    let is_guard = |found: &&Found| matches!(found.slot, Slot::Cue(cue) if guards.contains(&cue)) && found.pack == pack;
    let told: Vec<&Found> = cues(sight, pack).filter(is_guard).collect();
    // What the other side spoke of first is no news to them.
    let raised = sight
        .found
        .iter()
        .filter(is_guard)
        .find(|found| found.speaker != Speaker::Collector && found.speaker != Speaker::Unknown);
    let raised = raised.map_or((usize::MAX, 0), Sight::place);
    let topics: Vec<usize> = rule.where_spoken_of.iter().filter_map(|name| sight.pack(pack).cue(name)).collect();
    let topical = |found: &Found| matches!(found.slot, Slot::Cue(cue) if topics.contains(&cue));
    if !topics.is_empty() && !sight.names_a_party() && !cues(sight, pack).any(topical) {
        let reason = ("没有迹象表明这是催收通话", "nothing shows that this is a collection call");
        return out.check(sight.language, rule, &rule.check, CheckStatus::NotAssessable, reason, Vec::new());
    }
    let mut early: Vec<(&Found, State)> = Vec::new();
    for &found in &told {
        let state = course.at(Sight::place(found));
        // A third party who mentions a debt doesn't make telling them right.
        let excused = state == State::Unverified && raised < Sight::place(found);
        if state != State::Verified && !excused {
            early.push((found, state));
        }
    }
    let Some(&(first, _)) = early.first() else {
        let reason = match told.first() {
            Some(_) => ("先核实身份，后谈债务", "the debt was spoken of only after identity was verified"),
            None => ("通话中没有谈及债务", "the debt was not spoken of"),
        };
        let status = if told.is_empty() { CheckStatus::NotAssessable } else { CheckStatus::Pass };
        let evidence = told.first().map(|found| sight.evidence(found)).into_iter().collect();
        return out.check(sight.language, rule, &rule.check, status, reason, evidence);
    };
    let reason = ("核实身份之前就谈及债务", "the debt was spoken of before identity was verified");
    out.check(sight.language, rule, &rule.check, CheckStatus::Fail, reason, vec![sight.evidence(first)]);
    report(sight, rule, &early, out);
}

/// One finding for the first words told to an unverified person, one for each turn told to a third party.
fn report(sight: &Sight<'_>, rule: &Sequence, early: &[(&Found, State)], out: &mut Outcome) {
    let mut told_unverified = false;
    let mut turns: Vec<usize> = Vec::new();
    for (found, state) in early {
        let category: Option<Category> = match state {
            State::ThirdParty => {
                let turn = sight.turn_of(found.first.segment);
                let fresh = !turns.contains(&turn);
                turns.push(turn);
                rule.finding_third_party.filter(|_| fresh)
            }
            _ => rule.finding.filter(|_| !std::mem::replace(&mut told_unverified, true)),
        };
        if let Some(category) = category {
            out.finding(sight, rule, category, found);
        }
    }
}

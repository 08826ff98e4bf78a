//! One look at a call: every phrase of the suiting packs found in every stream, with its place in the transcript.
//!
//! Comes in: the policy, a transcript, its call and roles. Goes out: [`Sight`], which the kinds of rules read. Only this
//! file turns places in a view into evidence: the exact quote, its speaker and its milliseconds.

use std::collections::HashMap;

use crate::call::{Call, Language, Millis, Speaker};
use crate::normalise::{Break, Origin, Stream};
use crate::record::{Category, Confidence, Evidence, Match, Reasons};
use crate::transcript::{Segment, Transcript};

use super::file::Excuse;
use super::matcher::Hit;
use super::pattern::{Fields, View};
use super::weigh::{Weighed, Weights};
use super::{Pack, Policy, Roles, Side, Slot, fields};

/// Recognition below this is "listen to this".
const POOR: f64 = 0.5;
/// Recognition below this is not "high".
const FAIR: f64 = 0.75;
/// A role less sure than this makes no verdict fail.
pub(super) const SURE_ROLE: f64 = 0.8;
/// How far before a hit words can take it back, in bytes of the view: about twelve Han characters or seven words.
const EXCUSE_REACH: usize = 40;

/// A phrase found at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub slot: Slot,
    pub pack: usize,
    phrase: usize,
    /// Its pattern; for what was weighed, the number of its [`Scale`].
    pattern: usize,
    view: View,
    pub stream: usize,
    pub start: usize,
    pub end: usize,
    pub first: Origin,
    last: Origin,
    pub speaker: Speaker,
}

/// Everything the kinds of rules look at.
pub(super) struct Sight<'a> {
    pub policy: &'a Policy,
    pub transcript: &'a Transcript,
    pub call: &'a Call,
    pub roles: &'a Roles,
    pub language: Language,
    streams: Vec<Stream>,
    fields: Fields,
    /// What was weighed, by pack and stream: each pack weighs for itself.
    weighed: HashMap<(usize, usize), Vec<Weighed>>,
    /// What tipped the balance, for finds by weight.
    scales: Vec<Scale>,
    /// In order of place.
    pub found: Vec<Found>,
    /// Indices into `found` by pack and slot.
    by_slot: HashMap<(usize, Slot), Vec<usize>>,
}

impl<'a> Sight<'a> {
    pub fn new(
        policy: &'a Policy,
        packs: &[usize],
        transcript: &'a Transcript,
        call: &'a Call,
        roles: &'a Roles,
        language: Language,
    ) -> Sight<'a> {
        let streams = Stream::all(&transcript.segments);
        let fields = fields::of_call(call, language);
        let mut found = find(policy, packs, &streams, &fields, &|_, _| true);
        let mut weighed = HashMap::new();
        let mut scales = Vec::new();
        for &pack in packs {
            by_weight(policy, pack, &streams, language, &mut weighed, &mut scales, &mut found);
        }
        found.sort_by_key(|found| (found.first.segment, found.first.start, found.slot, usize::MAX - found.end));
        let mut by_slot: HashMap<(usize, Slot), Vec<usize>> = HashMap::new();
        for (index, found) in found.iter().enumerate() {
            by_slot.entry((found.pack, found.slot)).or_default().push(index);
        }
        Sight { policy, transcript, call, roles, language, streams, fields, weighed, scales, found, by_slot }
    }

    pub fn pack(&self, pack: usize) -> &'a Pack {
        &self.policy.packs[pack]
    }

    /// Whether the call's metadata names an agency, a creditor or a debtor: then it is a collection call.
    pub fn names_a_party(&self) -> bool {
        ["agency", "creditor", "debtor_name"].iter().any(|field| self.fields.contains_key(*field))
    }

    /// The segments' number of turns before one: how often the speaker changed up to it.
    pub fn turn_of(&self, segment: usize) -> usize {
        let segments = &self.transcript.segments;
        (1..=segment.min(segments.len().saturating_sub(1)))
            .filter(|&at| segments[at].speaker != segments[at - 1].speaker)
            .count()
    }

    /// Everything found in one slot, in order of place.
    pub fn in_slot(&self, pack: usize, slot: Slot) -> impl Iterator<Item = &Found> {
        self.by_slot.get(&(pack, slot)).into_iter().flatten().map(|index| &self.found[*index])
    }

    /// The place of a find: first segment and byte.
    pub fn place(found: &Found) -> (usize, usize) {
        (found.first.segment, found.first.start)
    }

    /// The quote and where it stands.
    pub fn evidence(&self, found: &Found) -> Evidence {
        let segments = &self.transcript.segments;
        let (first, last) = (found.first, found.last);
        let quote = if first.segment == last.segment {
            segments[first.segment].text[first.start..last.end].to_string()
        } else {
            // A phrase that ran over a breath: whoever spoke between is not quoted.
            (first.segment..=last.segment)
                .filter(|&at| segments[at].speaker == found.speaker)
                .map(|at| {
                    let text = &segments[at].text;
                    let from = if at == first.segment { first.start } else { 0 };
                    let to = if at == last.segment { last.end } else { text.len() };
                    text[from..to].trim()
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        let text = self.streams[found.stream].text[found.start..found.end].to_string();
        let start_ms = moment(&segments[first.segment], first.start, false);
        Evidence {
            segment: first.segment,
            speaker: found.speaker,
            start_ms,
            // Overlapping segments and foreign words may be timed backwards.
            end_ms: moment(&segments[last.segment], last.end, true).max(start_ms),
            quote,
            matched: Some(Match { phrase: self.phrase(found), view: found.view.as_str().into(), text }),
        }
    }

    /// The phrase that matched; for what was weighed, the words that weigh most.
    fn phrase(&self, found: &Found) -> String {
        let phrase = &self.policy.phrases[found.phrase].text;
        if found.view != View::Weighed {
            return phrase.clone();
        }
        let text = &self.streams[found.stream].text;
        let scale = &self.scales[found.pattern];
        let words: Vec<&str> = scale.words.iter().map(|(start, end)| text[*start..*end].trim()).collect();
        format!("{phrase} {:.1} ({})", scale.score, words.join(" · "))
    }

    /// The weights of the stretch a find stands in; `None` where nothing was weighed.
    fn weighed(&self, found: &Found) -> Option<&Weighed> {
        let weighed = self.weighed.get(&(found.pack, found.stream))?;
        weighed.iter().find(|weighed| found.start < weighed.end && weighed.start < found.end)
    }

    /// How much the words of the turn as a whole speak against what a phrase found in it: the weight, when it is below
    /// what the pack doubts.
    pub fn outweighed(&self, found: &Found) -> Option<f32> {
        let weight = self.weighed(found).filter(|_| found.view != View::Weighed)?.fault;
        (weight < self.pack(found.pack).file.weights.doubt).then_some(weight)
    }

    /// How much the words of the turn speak for a category; `None` where nothing was weighed for it.
    pub fn weight_for(&self, found: &Found, category: Category) -> Option<f32> {
        self.label(found, self.pack(found.pack).weights.own.as_ref()?, category.as_str())
    }

    /// Whether the words of a turn as a whole speak against the signal a phrase found in it.
    pub fn signal_outweighed(&self, found: &Found, label: &str) -> bool {
        let pack = self.pack(found.pack);
        let weight = pack.weights.other.as_ref().and_then(|table| self.label(found, table, label));
        weight.is_some_and(|weight| found.view != View::Weighed && weight < pack.file.weights.signal_doubt)
    }

    fn label(&self, found: &Found, table: &Weights, label: &str) -> Option<f32> {
        let label = table.labels.iter().position(|known| known == label)?;
        self.weighed(found)?.scores.get(label).copied()
    }

    /// How sure it is that these words were said by this speaker, and what speaks against it.
    pub fn confidence(&self, found: &Found) -> (Confidence, Vec<Reasons>) {
        let mut doubts = Vec::new();
        let mut confidence = Confidence::High;
        let heard = (found.first.segment..=found.last.segment)
            .filter_map(|at| {
                let segment = &self.transcript.segments[at];
                let from = if at == found.first.segment { found.first.start } else { 0 };
                let to = if at == found.last.segment { found.last.end } else { segment.text.len() };
                quote_confidence(segment, from, to)
            })
            .reduce(f64::min);
        if let Some(heard) = heard.filter(|heard| *heard < FAIR) {
            confidence = if heard < POOR { Confidence::Low } else { Confidence::Medium };
            doubts.push(Reasons {
                zh: format!("识别把握只有 {heard:.2}"),
                en: format!("recognised with confidence {heard:.2}"),
            });
        }
        if found.view == View::Pinyin {
            confidence = confidence.min(Confidence::Medium);
            doubts.push(Reasons {
                zh: "按读音匹配：转写可能是同音字".into(),
                en: "matched by its sound: the transcript may have written a word that sounds alike".into(),
            });
        }
        if found.view == View::Weighed {
            confidence = confidence.min(Confidence::Medium);
            doubts.push(Reasons {
                zh: "没有单一的违规短语，是整句话的用词合起来判断的".into(),
                en: "no single phrase: the words of the turn weighed together".into(),
            });
        }
        let role = self.roles.confidence_of(found.speaker);
        if role < SURE_ROLE {
            confidence = Confidence::Low;
            doubts.push(Reasons {
                zh: format!("说话人身份的把握只有 {role:.2}"),
                en: format!("the speaker's role is only {role:.2} sure"),
            });
        }
        (confidence, doubts)
    }

    /// Why a find doesn't count, from the words around it in its clause: the excuse and the words.
    pub fn excuse(&self, found: &Found, counts: &dyn Fn(Excuse) -> bool) -> Option<(Excuse, String)> {
        if found.view == View::Weighed {
            return None;
        }
        let stream = &self.streams[found.stream];
        let (from, to, asked) = stream.scope(found.start, found.end, Break::Clause);
        for excuse in [Excuse::Negated, Excuse::Reported, Excuse::Conditional] {
            if !counts(excuse) {
                continue;
            }
            // Reported speech and conditions govern the sentence, negation only its clause.
            let (from, to) = match excuse {
                Excuse::Negated => (from, to),
                _ => {
                    let (from, to, _) = stream.scope(found.start, found.end, Break::Sentence { question: false });
                    (from, to)
                }
            };
            if excuse == Excuse::Negated
                && let Some(words) = self.denied_within(found)
            {
                return Some((excuse, words));
            }
            for side in [Side::Before, Side::After] {
                let words = self.in_slot(found.pack, Slot::Excuse(excuse, side)).find(|words| {
                    let inside = words.stream == found.stream && words.start >= from && words.end <= to;
                    let beside = match side {
                        Side::Before => {
                            let reach = if excuse == Excuse::Negated { EXCUSE_REACH } else { 3 * EXCUSE_REACH };
                            words.start <= found.start
                                && words.end <= found.end
                                && found.start.saturating_sub(words.end) <= reach
                                && (words.start < found.start || words.end < found.end)
                        }
                        Side::After => words.start >= found.end && words.start - found.end <= EXCUSE_REACH,
                    };
                    inside && beside
                });
                if let Some(words) = words {
                    return Some((excuse, self.policy.phrases[words.phrase].text.clone()));
                }
            }
        }
        (asked && counts(Excuse::Question)).then(|| (Excuse::Question, "?".to_string()))
    }

    /// A negation in a gap of the hit: "your wages *will not* be garnished".
    fn denied_within(&self, found: &Found) -> Option<String> {
        let inside =
            |words: &&Found| words.stream == found.stream && words.start > found.start && words.end < found.end;
        let mut denials =
            self.in_slot(found.pack, Slot::Excuse(Excuse::Negated, Side::Before)).filter(inside).peekable();
        denials.peek()?;
        let stream = &self.streams[found.stream];
        let gaps = self.policy.matchers[found.pack].gaps(found.pattern, stream, (found.start, found.end), &self.fields);
        let within = |words: &&Found| gaps.iter().any(|(a, b)| *a <= words.start && words.end <= *b);
        denials.find(within).map(|words| self.policy.phrases[words.phrase].text.clone())
    }
}

/// What tipped the balance.
struct Scale {
    score: f32,
    words: Vec<(usize, usize)>,
}

/// Weighs every stream and finds what the rules of a pack find by weight.
fn by_weight(
    policy: &Policy,
    pack: usize,
    streams: &[Stream],
    language: Language,
    weighed: &mut HashMap<(usize, usize), Vec<Weighed>>,
    scales: &mut Vec<Scale>,
    found: &mut Vec<Found>,
) {
    let weights = &policy.packs[pack].weights;
    let thresholds = policy.packs[pack].file.weights;
    for (number, stream) in streams.iter().enumerate() {
        let own = stream.speaker == Speaker::Collector;
        let table = if own { &weights.own } else { &weights.other };
        let Some(table) = table.as_ref().filter(|_| stream.speaker != Speaker::Unknown) else { continue };
        let stretches = table.weigh(stream, language);
        let rules = weights.rules.iter().filter_map(|(slot, phrase, label)| {
            let label = table.labels.iter().position(|known| known == label)?;
            Some((*slot, *phrase, label))
        });
        let rules: Vec<(Slot, usize, usize)> = rules.collect();
        for stretch in &stretches {
            if own && stretch.fault < thresholds.finding {
                continue;
            }
            for &(slot, phrase, label) in &rules {
                let counts = match slot {
                    Slot::Signal(_) => !own && stretch.scores[label] >= thresholds.signal,
                    _ => own && stretch.likeliest == label,
                };
                if !counts {
                    continue;
                }
                let score = if own { stretch.fault } else { stretch.scores[label] };
                let core = table.core(stream, stretch, label, language);
                let Some((first, last)) = stream.origin(core.start, core.end) else { continue };
                found.push(Found {
                    slot,
                    pack,
                    phrase,
                    pattern: scales.len(),
                    view: View::Weighed,
                    stream: number,
                    start: core.start,
                    end: core.end,
                    first,
                    last,
                    speaker: stream.speaker,
                });
                scales.push(Scale { score, words: core.words });
            }
        }
        weighed.insert((pack, number), stretches);
    }
}

/// Every wanted phrase of some packs in every stream, in order of place.
pub(super) fn find(
    policy: &Policy,
    packs: &[usize],
    streams: &[Stream],
    fields: &Fields,
    wanted: &dyn Fn(usize, Slot) -> bool,
) -> Vec<Found> {
    let mut all = Vec::new();
    for (number, stream) in streams.iter().enumerate() {
        let of_interest = |phrase: super::matcher::PhraseId| {
            let info = &policy.phrases[phrase.0 as usize];
            wanted(info.pack, info.slot)
        };
        let scans = packs.iter().flat_map(|pack| policy.matchers[*pack].scan(stream, fields, &of_interest));
        let mut hits: Vec<Hit> = scans.collect();
        if packs.len() > 1 {
            hits.sort_by_key(|hit| (hit.start, hit.phrase));
        }
        for hit in hits {
            let info = &policy.phrases[hit.phrase.0 as usize];
            if let Some((first, last)) = stream.origin(hit.start, hit.end) {
                all.push(Found {
                    slot: info.slot,
                    pack: info.pack,
                    phrase: hit.phrase.0 as usize,
                    pattern: hit.pattern,
                    view: hit.view,
                    stream: number,
                    start: hit.start,
                    end: hit.end,
                    first,
                    last,
                    speaker: stream.speaker,
                });
            }
        }
    }
    // What is there as written needs no likeness.
    let plain: Vec<(Slot, usize, usize, usize, usize)> = all
        .iter()
        .filter(|found| found.view == View::Plain)
        .map(|found| (found.slot, found.pack, found.stream, found.start, found.end))
        .collect();
    all.retain(|found| {
        found.view == View::Plain
            || !plain.iter().any(|(slot, pack, stream, start, end)| {
                (*slot, *pack, *stream) == (found.slot, found.pack, found.stream)
                    && *start < found.end
                    && found.start < *end
            })
    });
    all.sort_by_key(|found| (found.first.segment, found.first.start, found.slot, usize::MAX - found.end));
    all
}

/// The moment of a byte of a segment: from its words where it has them, else in proportion to its characters.
fn moment(segment: &Segment, byte: usize, end: bool) -> Millis {
    let mut at = 0;
    for word in &segment.words {
        let Some(found) = segment.text.get(at..).and_then(|rest| rest.find(&word.text)) else { continue };
        let to = at + found + word.text.len();
        if end && byte <= to {
            return word.end_ms;
        }
        if !end && byte < to {
            return word.start_ms;
        }
        at = to;
    }
    let all = segment.text.chars().count().max(1) as u64;
    let before = segment.text[..byte].chars().count() as u64;
    Millis(segment.start_ms.0 + segment.start_ms.until(segment.end_ms).0 * before / all)
}

/// The mean confidence of the words in a stretch, or the segment's.
fn quote_confidence(segment: &Segment, from: usize, to: usize) -> Option<f64> {
    let (mut at, mut sum, mut count) = (0, 0.0, 0);
    for word in &segment.words {
        let Some(found) = segment.text.get(at..).and_then(|rest| rest.find(&word.text)) else { continue };
        let (start, end) = (at + found, at + found + word.text.len());
        at = end;
        if let Some(confidence) = word.confidence.filter(|_| start < to && end > from) {
            sum += confidence;
            count += 1;
        }
    }
    if count == 0 { segment.confidence } else { Some(sum / f64::from(count)) }
}

//! Weighing: what the words of a turn say together, where no single phrase says it.
//!
//! Comes in: a stream and the weights of its pack. Goes out: [`Weighed`]: for each stretch of a turn its scores, and the
//! clauses that tip the balance. Only this folder knows how weights are learned (`learn.rs`), kept (`table.rs`) and
//! summed up. A score is a sum: every term's share in it can be shown, and is.

mod learn;
mod table;
mod terms;

pub use learn::{LearnError, Learned, learn};
pub(super) use table::{BadLine, Weights};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::call::Language;
use crate::normalise::{Break, Stream, units};

/// The tables of a pack: of the collector's words, and of everybody else's.
pub const OWN: &str = "weights-collector.tsv";
/// See [`OWN`].
pub const OTHER: &str = "weights-other.tsv";
/// Any of the categories: what decides whether a turn is a finding; the others decide which.
pub(super) const ANY: &str = "any";

/// From which weight on a turn's words count. Nought: as much speaks for as against.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Thresholds {
    /// A finding.
    pub finding: f32,
    /// Below this the words of a turn as a whole speak against what a phrase found in it: no finding.
    pub doubt: f32,
    /// A signal.
    pub signal: f32,
    /// Below this the words of a turn as a whole speak against the signal a phrase found in it.
    pub signal_doubt: f32,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds { finding: 0.5, doubt: -2.0, signal: 1.0, signal_doubt: -3.0 }
    }
}

/// A turn longer than this is weighed in parts, cut where sentences end: what was learned are turns of one to four.
const LONGEST_STRETCH: usize = 110;

/// A stretch of a turn, weighed.
pub(super) struct Weighed {
    /// Byte offsets in the stream's text.
    pub start: usize,
    pub end: usize,
    /// One a label, nought when as much speaks for as against.
    pub scores: Vec<f32>,
    /// How much speaks for a fault of the collector's: for any at all, and for the likeliest category. The two are
    /// learned apart; their mean was right more often than either, on calls not learned from.
    pub fault: f32,
    /// Which fault it would be, as the number of a label.
    pub likeliest: usize,
}

impl Weights {
    /// Every stretch of a stream, weighed.
    pub fn weigh(&self, stream: &Stream, language: Language) -> Vec<Weighed> {
        let weighed = |(start, end)| {
            let mut scores = self.scores(stream, (start, end), language);
            let which = scores.split_off(self.labels.len());
            let highest = |scores: &[f32]| (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            let categories = scores.get(1..).unwrap_or_default();
            let best = highest(categories).map_or(0.0, |best| categories[best]);
            // A table that doesn't tell faults from each other tells each from everything else.
            let telling = if which.is_empty() { categories } else { &which };
            let likeliest = highest(telling).map_or(0, |best| best + 1);
            Weighed { start, end, fault: (scores[0] + best) / 2.0, likeliest, scores }
        };
        stretches(stream).into_iter().map(weighed).collect()
    }

    fn scores(&self, stream: &Stream, place: (usize, usize), language: Language) -> Vec<f32> {
        let mut seen: Vec<terms::Key> = Vec::new();
        terms::each_term(stream, place, language, &mut |_, _, term| seen.push(term.key));
        seen.sort_unstable();
        seen.dedup();
        let mut sums = vec![0.0; self.bias.len()];
        let mut squares = 0.0;
        for (rarity, says) in seen.into_iter().filter_map(|key| self.of(key)) {
            squares += rarity * rarity;
            for (sum, value) in sums.iter_mut().zip(says) {
                *sum += value;
            }
        }
        let scale = scale(squares);
        sums.iter().zip(&self.bias).map(|(sum, bias)| sum * scale + bias).collect()
    }

    /// The clauses within a stretch that speak most for a label, and the terms in them that do, strongest first.
    pub fn core(&self, stream: &Stream, place: &Weighed, label: usize, language: Language) -> Core {
        let clauses = terms::clauses(stream, place.start, place.end);
        let mut sums = vec![0.0f32; clauses.len()];
        let mut strong: Vec<(f32, usize, usize)> = Vec::new();
        terms::each_term(stream, (place.start, place.end), language, &mut |_, _, term| {
            let Some(value) = self.of(term.key).and_then(|(_, says)| says.get(label)) else { return };
            if let Some(clause) = clauses.iter().position(|(from, to)| *from <= term.start && term.end <= *to) {
                sums[clause] += value;
            }
            if *value > 0.0 && term.end > term.start {
                strong.push((*value, term.start, term.end));
            }
        });
        let (first, last) = heaviest(&sums);
        let (start, end) = match (clauses.get(first), clauses.get(last)) {
            (Some(first), Some(last)) => (first.0, last.1),
            _ => (place.start, place.end),
        };
        strong.retain(|(_, from, to)| *from >= start && *to <= end);
        strong.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(b.2.cmp(&a.2)));
        let mut words: Vec<(usize, usize)> = Vec::new();
        for (_, from, to) in strong {
            if words.iter().all(|(a, b)| to <= *a || *b <= from) {
                words.push((from, to));
            }
            if words.len() == SHOWN {
                break;
            }
        }
        let trimmed = stream.text[start..end].trim_end().len();
        Core { start, end: start + trimmed, words }
    }
}

/// So many terms are shown with a finding.
const SHOWN: usize = 4;

/// The clauses that tip the balance.
pub(super) struct Core {
    /// Byte offsets in the stream's text.
    pub start: usize,
    pub end: usize,
    /// The terms that speak most, none over another.
    pub words: Vec<(usize, usize)>,
}

/// What a sum is multiplied by, from the sum of the squared rarities: between a plain sum, which long turns would always
/// win, and the length of the vector, by which one sentence in a long turn would always lose. Its square root was best
/// on calls not learned from.
fn scale(squares: f32) -> f32 {
    1.0 / squares.max(0.1).sqrt().sqrt()
}

/// How much a term counts that stands in `seen` of `all` turns: the square of the logarithm of its rarity. With the plain
/// count the words everybody says drown the few that tell; on calls not learned from this was worth more than twice
/// the turns to learn from.
fn rarity(seen: usize, all: usize) -> f32 {
    let logarithm = (all.max(1) as f32 / seen.max(1) as f32).ln() / 5.0;
    logarithm * logarithm
}

/// The run of clauses with the largest sum (Kadane 1984): first and last.
fn heaviest(sums: &[f32]) -> (usize, usize) {
    let (mut best, mut range) = (f32::MIN, (0, 0));
    let (mut sum, mut first) = (0.0, 0);
    for (at, value) in sums.iter().enumerate() {
        if sum <= 0.0 {
            (sum, first) = (0.0, at);
        }
        sum += value;
        if sum > best {
            (best, range) = (sum, (first, at));
        }
    }
    range
}

/// The turns of a stream; long ones in parts.
fn stretches(stream: &Stream) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut start = 0;
    let mut last_sentence = 0;
    for (at, kind) in stream.breaks().filter(|(at, kind)| *at > 0 && *kind != Break::Clause) {
        let turn = kind == Break::Turn;
        if last_sentence > start && units(&stream.text[start..at]) > LONGEST_STRETCH {
            all.push((start, last_sentence));
            start = last_sentence;
        }
        last_sentence = at;
        if turn {
            if !stream.text[start..at].trim().is_empty() {
                all.push((start, at));
            }
            start = at;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Millis, Speaker};
    use crate::transcript::Segment;

    fn stream(texts: &[&str]) -> Stream {
        let segments = texts.iter().zip(0u64..).map(|(text, at)| Segment {
            speaker: Speaker::Collector,
            start_ms: Millis(at * 10_000),
            end_ms: Millis(at * 10_000 + 1_000),
            text: (*text).into(),
            channel: None,
            confidence: None,
            words: Vec::new(),
        });
        Stream::of(Speaker::Collector, &segments.collect::<Vec<_>>())
    }

    const TABLE: &str = "fairdial-weights/1\nlabels\tany\tinsult\tthreat\nbias\t-10\t-10\t-10\n\
        去你单位\t100\t30\t-5\t40\n废物\t100\t30\t40\t-5\n不会\t100\t-60\t-20\t-60\n";

    #[test]
    fn the_words_of_a_turn_are_summed_and_the_clause_that_tips_is_quoted() {
        let weights = Weights::read(TABLE, Some(ANY)).unwrap();
        let stream = stream(&["您好，明天我就去你单位，好吧", "您好，我们不会去你单位"]);
        let weighed = weights.weigh(&stream, Language::Mandarin);
        assert_eq!(weighed.len(), 2);
        // One known term of rarity 1 each: (3 - 1 + 4 - 1) / 2; and two, whose scale is the fourth root of 1/2.
        assert!((weighed[0].fault - 2.5).abs() < 1e-5, "{}", weighed[0].fault);
        assert_eq!(weighed[0].likeliest, 2);
        assert!(weighed[1].fault < 0.0);
        let core = weights.core(&stream, &weighed[0], 2, Language::Mandarin);
        assert_eq!(&stream.text[core.start..core.end], "明天我就去你单位");
        assert_eq!(core.words.iter().map(|(a, b)| &stream.text[*a..*b]).collect::<Vec<_>>(), ["去你单位"]);
    }

    #[test]
    fn turns_are_weighed_apart_and_long_ones_in_parts() {
        let weights = Weights::read(TABLE, Some(ANY)).unwrap();
        let sentence = "我们按合同约定来处理这笔账单。".repeat(20);
        let weighed = weights.weigh(&stream(&["您好", &sentence, ""]), Language::Mandarin);
        assert!(weighed.len() > 3, "{}", weighed.len());
        assert!(weighed.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert!(weights.weigh(&stream(&[""]), Language::Mandarin).is_empty());
    }

    #[test]
    fn the_heaviest_run_may_bridge_a_light_clause() {
        assert_eq!(heaviest(&[-1.0, 3.0, -1.0, 2.0, -9.0]), (1, 3));
        assert_eq!(heaviest(&[-3.0, -1.0]), (1, 1));
        assert_eq!(heaviest(&[]), (0, 0));
    }
}

//! Views: the words in the form in which phrases are held against them, with the way back to the exact quote.
//!
//! Comes in: a transcript's segments. Goes out: one [`Stream`] per speaker: folded text, and for each of its
//! characters the place in the untouched transcript. Only this file knows how a transcript is cut into streams: a
//! phrase may run over a breath and through the other side's "mm", never over a real answer.

mod fold;
mod numerals;
mod pinyin;

pub use fold::{fold_phrase, is_han, is_word_char};
pub use pinyin::{READINGS, as_sounds, homophones, sound_alike, sounds};

use crate::call::{Language, Millis, Speaker};
use crate::transcript::Segment;

/// A pause longer than this ends what a phrase may run over. Breath pauses in read and spontaneous speech are well
/// below two seconds; recognisers cut segments at about half a second.
const BREATH: Millis = Millis(2_500);

/// The other side's words that don't interrupt: at most this many characters (Mandarin) or words (English).
const BACKCHANNEL_UNITS: usize = 2;

/// What stands between two characters of a stream, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Break {
    /// A comma or the like.
    Clause,
    /// A breath: the same speaker's next segment.
    Breath,
    /// A full stop, or a question mark (`true`).
    Sentence {
        /// Whether what ends here is a question.
        question: bool,
    },
    /// The other side took the turn, or a long pause.
    Turn,
}

/// Where a character of a view comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Index into the transcript's segments.
    pub segment: usize,
    /// First byte in the segment's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// All words of one speaker as one folded text.
pub struct Stream {
    /// Whose words.
    pub speaker: Speaker,
    /// The folded text: `\n` between turns, one space between Latin words, nothing between Han characters.
    pub text: String,
    /// For each byte of `text`, the number of its character.
    char_at: Vec<u32>,
    /// For each character of `text` its origin; `None` for spaces and `\n` put in between.
    origins: Vec<Option<Origin>>,
    /// Byte offsets in `text` and what stands there, ascending.
    breaks: Vec<(usize, Break)>,
}

impl Stream {
    /// One turn's words, from nowhere in a call.
    pub fn of_words(text: &str) -> Stream {
        let segment = Segment {
            speaker: Speaker::Collector,
            start_ms: Millis(0),
            end_ms: Millis(0),
            text: text.into(),
            channel: None,
            confidence: None,
            words: Vec::new(),
        };
        Stream::of(Speaker::Collector, &[segment])
    }

    /// The streams of a transcript: one per speaker who says anything, in order of first word.
    pub fn all(segments: &[Segment]) -> Vec<Stream> {
        let mut order: Vec<Speaker> = Vec::new();
        for segment in segments {
            if !order.contains(&segment.speaker) {
                order.push(segment.speaker);
            }
        }
        order.into_iter().map(|speaker| Stream::of(speaker, segments)).collect()
    }

    /// The stream of one speaker.
    pub fn of(speaker: Speaker, segments: &[Segment]) -> Stream {
        let mut stream = Stream {
            speaker,
            text: String::new(),
            char_at: Vec::new(),
            origins: Vec::new(),
            breaks: vec![(0, Break::Turn)],
        };
        let mut previous: Option<usize> = None;
        for (index, segment) in segments.iter().enumerate().filter(|(_, segment)| segment.speaker == speaker) {
            if let Some(before) = previous {
                let breath = segments[before].end_ms.until(segment.start_ms) <= BREATH
                    && segments[before + 1..index].iter().all(|between| is_backchannel(&between.text));
                stream.put_break(if breath { Break::Breath } else { Break::Turn });
            }
            stream.put_segment(index, &segment.text);
            previous = Some(index);
        }
        stream.put_break(Break::Turn);
        stream
    }

    fn put_break(&mut self, kind: Break) {
        if kind == Break::Turn && !self.text.is_empty() {
            self.put_char('\n', None);
        }
        match self.breaks.last_mut() {
            Some((at, last)) if *at == self.text.len() => *last = (*last).max(kind),
            _ => self.breaks.push((self.text.len(), kind)),
        }
    }

    fn put_char(&mut self, c: char, origin: Option<Origin>) {
        let number = u32::try_from(self.origins.len()).unwrap_or(u32::MAX);
        self.char_at.extend(std::iter::repeat_n(number, c.len_utf8()));
        self.text.push(c);
        self.origins.push(origin);
    }

    fn put_segment(&mut self, segment: usize, text: &str) {
        let mut gap = true;
        for piece in fold::pieces(text) {
            match piece {
                fold::Piece::Gap => gap = true,
                fold::Piece::Break(kind) => {
                    self.put_break(kind);
                    gap = true;
                }
                fold::Piece::Char { folded, start, end } => {
                    if gap && is_word_char(folded) && self.text.chars().next_back().is_some_and(is_word_char) {
                        self.put_char(' ', None);
                    }
                    self.put_char(folded, Some(Origin { segment, start, end }));
                    gap = false;
                }
            }
        }
    }

    /// Where the bytes `start..end` of [`Stream::text`] come from: the origins of the first and last character there
    /// that has one. `None` when the range holds no word.
    pub fn origin(&self, start: usize, end: usize) -> Option<(Origin, Origin)> {
        let first = *self.char_at.get(start)? as usize;
        let last = *self.char_at.get(end.checked_sub(1)?)? as usize;
        let mut known = self.origins.get(first..=last)?.iter().flatten();
        let from = *known.next()?;
        Some((from, *known.next_back().unwrap_or(&from)))
    }

    /// All breaks with their byte offsets, ascending.
    pub fn breaks(&self) -> impl Iterator<Item = (usize, Break)> + '_ {
        self.breaks.iter().copied()
    }

    /// The break at a byte offset, if there is one: before the word that starts there, or after the one that ends there.
    pub fn break_at(&self, at: usize) -> Option<Break> {
        let bytes = self.text.as_bytes();
        if bytes.get(at) == Some(&b'\n') {
            return Some(Break::Turn);
        }
        let at = if at > 0 && bytes.get(at - 1) == Some(&b' ') { at - 1 } else { at };
        self.breaks.binary_search_by_key(&at, |(offset, _)| *offset).ok().map(|index| self.breaks[index].1)
    }

    /// The stretch around `start..end` that has no break of at least `least` inside, as byte offsets, and whether the
    /// sentence it stands in is a question.
    pub fn scope(&self, start: usize, end: usize, least: Break) -> (usize, usize, bool) {
        let from = self.breaks.iter().rev().find(|(at, kind)| *at <= start && *kind >= least).map_or(0, |(at, _)| *at);
        let to = self.breaks.iter().find(|(at, kind)| *at >= end && *kind >= least);
        let sentence = self.breaks.iter().find(|(at, kind)| *at >= end && *kind >= Break::Sentence { question: false });
        let asked = sentence.is_some_and(|(_, kind)| *kind == Break::Sentence { question: true });
        (from, to.map_or(self.text.len(), |(at, _)| *at), asked)
    }
}

/// The language the characters point to: Mandarin when at least a quarter of all letters are Han; `None` without letters.
pub fn guess_language(segments: &[Segment]) -> Option<Language> {
    let (mut han, mut letters) = (0usize, 0usize);
    for c in segments.iter().flat_map(|segment| segment.text.chars()).filter(|c| c.is_alphabetic()) {
        letters += 1;
        han += usize::from(is_han(c));
    }
    if letters == 0 {
        return None;
    }
    Some(if han * 4 >= letters { Language::Mandarin } else { Language::English })
}

fn is_backchannel(text: &str) -> bool {
    units(&fold_phrase(text)) <= BACKCHANNEL_UNITS
}

/// How many characters (Han) or words (Latin) a folded text has.
pub fn units(folded: &str) -> usize {
    let mut count = 0;
    let mut in_word = false;
    for c in folded.chars() {
        if is_word_char(c) {
            count += usize::from(!in_word);
            in_word = true;
        } else {
            in_word = false;
            count += usize::from(!c.is_whitespace());
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(speaker: Speaker, start: u64, end: u64, text: &str) -> Segment {
        Segment {
            speaker,
            start_ms: Millis(start),
            end_ms: Millis(end),
            text: text.into(),
            channel: None,
            confidence: None,
            words: Vec::new(),
        }
    }

    #[test]
    fn latin_words_keep_one_space_and_han_none() {
        let stream =
            Stream::of(Speaker::Collector, &[segment(Speaker::Collector, 0, 1, "Ｙｏｕ DON'T, pay?! 您 好，APP 上还")]);
        assert_eq!(stream.text, "you do not pay您好app上还\n");
    }

    #[test]
    fn a_phrase_runs_over_a_breath_and_a_backchannel_but_not_over_an_answer() {
        let collector = Speaker::Collector;
        let joined = [
            segment(collector, 0, 1_000, "再不还就"),
            segment(Speaker::Debtor, 900, 1_200, "嗯"),
            segment(collector, 1_300, 2_000, "去你单位"),
        ];
        assert_eq!(Stream::of(collector, &joined).text, "再不还就去你单位\n");
        let parted = [
            segment(collector, 0, 1_000, "再不还就"),
            segment(Speaker::Debtor, 1_000, 2_000, "我没有钱啊"),
            segment(collector, 2_000, 3_000, "去你单位"),
        ];
        assert_eq!(Stream::of(collector, &parted).text, "再不还就\n去你单位\n");
    }

    #[test]
    fn the_script_tells_the_language() {
        let said = |text| [segment(Speaker::Debtor, 0, 1, text)];
        assert_eq!(guess_language(&said("是我，APP上还")), Some(Language::Mandarin));
        assert_eq!(guess_language(&said("yes, speaking")), Some(Language::English));
        assert_eq!(guess_language(&said("7 7 0 2")), None);
    }

    #[test]
    fn scopes_end_at_breaks() {
        let stream = Stream::of(Speaker::Collector, &[segment(Speaker::Collector, 0, 1, "我没说，你是骗子吗？好的。")]);
        let at = stream.text.find("骗子").unwrap();
        let (from, to, asked) = stream.scope(at, at + 6, Break::Clause);
        assert_eq!((&stream.text[from..to], asked), ("你是骗子吗", true));
    }

    proptest! {
        #[test]
        fn every_character_of_a_view_leads_back_to_the_transcript(texts in proptest::collection::vec("\\PC{0,40}", 1..6)) {
            let segments: Vec<Segment> = texts.iter().enumerate().map(|(index, text)| {
                let speaker = if index % 2 == 0 { Speaker::Collector } else { Speaker::Debtor };
                segment(speaker, index as u64 * 1000, index as u64 * 1000 + 900, text)
            }).collect();
            for stream in Stream::all(&segments) {
                prop_assert_eq!(stream.char_at.len(), stream.text.len());
                let mut last = None;
                for (at, c) in stream.text.char_indices() {
                    if let Some((origin, _)) = stream.origin(at, at + c.len_utf8()) {
                        let text = &segments[origin.segment].text;
                        prop_assert!(text.is_char_boundary(origin.start) && text.is_char_boundary(origin.end));
                        prop_assert!(fold_phrase(&text[origin.start..origin.end]).contains(c));
                        prop_assert!(last <= Some((origin.segment, origin.start)));
                        last = Some((origin.segment, origin.start));
                    }
                }
            }
        }
    }
}

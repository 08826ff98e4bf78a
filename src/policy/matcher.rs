//! The automaton: all literals of a pack in one Aho-Corasick machine, each hit then verified by its phrase.
//!
//! Comes in: patterns and a stream. Goes out: [`Hit`]s. Only this file names aho-corasick. Matching is
//! `MatchKind::Standard` with overlapping search: leftmost kinds can't report "guarantee" inside "guaranteed gain", and
//! which of two overlapping hits counts is the judgement's business, not the automaton's.

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::normalise::{Break, READINGS, Stream, as_sounds, is_han};

use super::needs::{Needs, Turn};
use super::pattern::{Fields, Pattern, View, alike, stands_alone};

/// The number of a phrase in its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhraseId(pub u32);

/// A phrase found in a stream, as byte offsets in the stream's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Which phrase.
    pub phrase: PhraseId,
    /// Which of its patterns.
    pub pattern: usize,
    /// How it was found.
    pub view: View,
}

/// The atoms are more than the automaton can number.
#[derive(Debug, thiserror::Error)]
#[error("failed to build the automaton over {atoms} literals: {message}")]
pub struct MatcherError {
    atoms: usize,
    message: String,
}

/// Distinct literals, each with the patterns it may belong to, ascending.
#[derive(Default)]
struct Literals {
    texts: Vec<Arc<str>>,
    patterns: Vec<Vec<u32>>,
}

impl Literals {
    /// The wanted atoms of patterns.
    fn of<'p>(patterns: impl Iterator<Item = (usize, &'p Pattern)>, wanted: impl Fn(&str) -> bool) -> Literals {
        let mut all = Literals::default();
        let mut numbers: HashMap<Arc<str>, usize> = HashMap::new();
        // Patterns share the atoms of a family: by their address, the numbers of its literals.
        let mut known: HashMap<*const Arc<str>, Vec<usize>> = HashMap::new();
        for (index, pattern) in patterns {
            let own = known.entry(pattern.atoms().as_ptr()).or_insert_with(|| {
                let number = |atom: &Arc<str>| {
                    *numbers.entry(Arc::clone(atom)).or_insert_with(|| {
                        all.texts.push(Arc::clone(atom));
                        all.patterns.push(Vec::new());
                        all.texts.len() - 1
                    })
                };
                pattern.atoms().iter().filter(|atom| wanted(atom)).map(number).collect()
            });
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            for number in own {
                if all.patterns[*number].last() != Some(&index) {
                    all.patterns[*number].push(index);
                }
            }
        }
        all
    }
}

/// Literals in one automaton.
struct Atoms {
    automaton: AhoCorasick,
    literals: Literals,
    /// For each entry of the automaton the numbers of the literals it stands for.
    meant: Vec<Vec<u32>>,
}

impl Atoms {
    /// Each literal looked for as every one of its spellings.
    fn build(literals: Literals, spell: impl Fn(&Arc<str>) -> Vec<Arc<str>>) -> Result<Atoms, MatcherError> {
        let mut numbers: HashMap<Arc<str>, usize> = HashMap::new();
        let mut keys: Vec<Arc<str>> = Vec::new();
        let mut meant: Vec<Vec<u32>> = Vec::new();
        for (literal, text) in (0..).zip(&literals.texts) {
            for spelling in spell(text) {
                let entry = *numbers.entry(spelling).or_insert_with_key(|spelling| {
                    keys.push(Arc::clone(spelling));
                    meant.push(Vec::new());
                    meant.len() - 1
                });
                if meant[entry].last() != Some(&literal) {
                    meant[entry].push(literal);
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(keys.iter().map(|key| &**key))
            .map_err(|error| MatcherError { atoms: keys.len(), message: error.to_string() })?;
        Ok(Atoms { automaton, literals, meant })
    }

    /// Every entry found in the text: where, the literal meant, and the patterns that one may belong to.
    fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = ((usize, usize), &'a str, &'a [u32])> + 'a {
        self.automaton.find_overlapping_iter(text).flat_map(move |found| {
            let at = (found.start(), found.end());
            self.meant[found.pattern().as_usize()].iter().map(move |number| {
                let number = *number as usize;
                (at, &*self.literals.texts[number], self.literals.patterns[number].as_slice())
            })
        })
    }
}

/// All phrases of a pack, compiled.
pub struct Matcher {
    plain: Atoms,
    /// The atoms of longer Mandarin phrases by their sound, in every reading.
    sounds: Atoms,
    patterns: Vec<(PhraseId, Pattern)>,
    needs: Needs,
    /// Patterns without atoms, found by a field's value.
    by_field: Vec<usize>,
    /// Patterns without atoms, tried at every turn's start.
    by_turn: Vec<usize>,
}

impl Matcher {
    /// Compiles patterns.
    ///
    /// # Errors
    /// When there are more literals than the automaton can hold (2³¹ states).
    pub fn build(patterns: Vec<(PhraseId, Pattern)>) -> Result<Matcher, MatcherError> {
        let (mut by_field, mut by_turn) = (Vec::new(), Vec::new());
        for (index, (_, pattern)) in patterns.iter().enumerate() {
            if pattern.atoms().is_empty() {
                if pattern.has_field() { by_field.push(index) } else { by_turn.push(index) }
            }
        }
        let each = || patterns.iter().map(|(_, pattern)| pattern).enumerate();
        let (plain, sounds, needs) = std::thread::scope(|scope| {
            let sounds = scope.spawn(|| {
                let long = |atom: &str| atom.chars().count() > 1 && atom.chars().all(is_han);
                Atoms::build(Literals::of(each().filter(|(_, pattern)| pattern.by_sound()), long), spelled)
            });
            let plain = Atoms::build(Literals::of(each(), |_| true), |atom| vec![Arc::clone(atom)]);
            let needs = Needs::of(each().map(|(_, pattern)| pattern));
            let sounds = sounds.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (plain, sounds, needs)
        });
        let (plain, sounds) = (plain?, sounds?);
        Ok(Matcher { plain, sounds, patterns, needs, by_field, by_turn })
    }

    /// The gaps of a hit: see [`Pattern::gaps`].
    pub fn gaps(&self, pattern: usize, stream: &Stream, at: (usize, usize), fields: &Fields) -> Vec<(usize, usize)> {
        self.patterns.get(pattern).map_or_else(Vec::new, |(_, found)| found.gaps(stream, at.0, at.1, fields))
    }

    /// Every place where a wanted phrase matches, in order of place; one hit per phrase and start.
    pub fn scan(&self, stream: &Stream, fields: &Fields, wanted: &dyn Fn(PhraseId) -> bool) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut turn = self.needs.turn(View::Plain);
        let mut verify = |at: (usize, usize), patterns: &[u32], turn: &mut Turn| {
            if !stands_alone(&stream.text, at.0, at.1) {
                return;
            }
            turn.look(stream, at.0);
            let view = turn.view();
            for index in patterns.iter().map(|index| *index as usize) {
                let (phrase, pattern) = &self.patterns[index];
                if wanted(*phrase)
                    && self.needs.met(index, turn)
                    && let Some((start, end)) = pattern.verify(stream, at, fields, view)
                {
                    hits.push(Hit { start, end, phrase: *phrase, pattern: index, view });
                }
            }
        };
        for (at, _, patterns) in self.plain.find(&stream.text) {
            verify(at, patterns, &mut turn);
        }
        // The usual reading of every character, then the second: a third is never the one a recogniser means.
        let usual = as_sounds(&stream.text, 0);
        if usual != stream.text {
            let mut turn = self.needs.turn(View::Pinyin);
            let second = as_sounds(&stream.text, 1);
            for (spelled, first) in [(&usual, true), (&second, false)] {
                for (at, literal, patterns) in self.sounds.find(spelled) {
                    let new = first || usual[at.0..at.1] != second[at.0..at.1];
                    // Sounds alone are too many to look into.
                    if new && alike(&stream.text[at.0..at.1], literal) {
                        verify(at, patterns, &mut turn);
                    }
                }
            }
        }
        for &index in &self.by_field {
            let (phrase, pattern) = &self.patterns[index];
            for spelling in pattern.field_atoms(fields).filter(|_| wanted(*phrase)) {
                for (start, _) in stream.text.match_indices(spelling) {
                    if let Some((start, end)) = pattern.verify_field(stream, start, start + spelling.len(), fields) {
                        hits.push(Hit { start, end, phrase: *phrase, pattern: index, view: View::Plain });
                    }
                }
            }
        }
        for &index in &self.by_turn {
            let (phrase, pattern) = &self.patterns[index];
            if wanted(*phrase) {
                let starts = stream.breaks().filter(|(_, kind)| *kind >= Break::Breath);
                hits.extend(starts.filter_map(|(at, _)| {
                    let (start, end) = pattern.try_at(stream, at, fields)?;
                    Some(Hit { start, end, phrase: *phrase, pattern: index, view: View::Plain })
                }));
            }
        }
        hits.sort_by_key(|hit| (hit.start, hit.phrase, hit.view, usize::MAX - hit.end));
        hits.dedup_by_key(|hit| (hit.start, hit.phrase));
        hits
    }
}

/// The sounds of a literal, one spelling for each reading.
fn spelled(literal: &Arc<str>) -> Vec<Arc<str>> {
    let usual = as_sounds(literal, 0);
    // Where the last reading is the usual one, there is no other.
    if as_sounds(literal, READINGS - 1) == usual {
        return vec![usual.into()];
    }
    let mut all: Vec<Arc<str>> = (0..READINGS).map(|reading| as_sounds(literal, reading).into()).collect();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::super::phrase::{Families, PhraseError, Reader};
    use super::*;
    use proptest::prelude::*;

    fn parse(phrase: &str, families: &Families) -> Result<Vec<Pattern>, PhraseError> {
        Reader::new(families).parse(phrase)
    }

    fn find(phrase: &str, text: &str) -> Vec<String> {
        let families =
            Families::from([("kin".to_string(), vec!["妈".to_string(), "老婆".to_string(), "mother".to_string()])]);
        let patterns = parse(phrase, &families).unwrap();
        let matcher = Matcher::build(patterns.into_iter().map(|p| (PhraseId(0), p)).collect()).unwrap();
        let fields = Fields::from([("agency".to_string(), vec!["鼎诚".to_string(), "ashgrove".to_string()])]);
        let stream = Stream::of_words(text);
        let hits = matcher.scan(&stream, &fields, &|_| true);
        hits.iter().map(|hit| stream.text[hit.start..hit.end].to_string()).collect()
    }

    #[test]
    fn phrases_match_as_written() {
        for (phrase, text, expected) in [
            ("can't lose", "you cant lose this", vec!["can not lose"]),
            ("sue you", "we'll sue your firm", vec![]),
            ("打~4为止", "打到你还钱为止。", vec!["打到你还钱为止"]),
            ("打~2为止", "打到你还钱为止。", vec![]),
            ("(去|到)你(家|单位)", "明天到你单位去", vec!["到你单位"]),
            ("(就)?是个(废物|垃圾)", "你就是个废物", vec!["就是个废物"]),
            ("没有?说你", "我没说你", vec!["没说你"]),
            ("告诉你@kin", "我告诉你老婆", vec!["告诉你老婆"]),
            ("tell your @kin", "I'll tell your mother", vec!["tell your mother"]),
            ("threaten+ you", "are you threatening you?", vec!["threatening you"]),
            ("sue+ you", "we are suing you", vec!["suing you"]),
            ("欠(了)?<number>(块|元)", "您欠了三千五百块", vec!["欠了3500块"]),
            ("owe <number> dollars", "you owe twelve hundred dollars", vec!["owe 1200 dollars"]),
            ("这里是{agency}", "您好，这里是鼎诚公司", vec!["这里是鼎诚"]),
            ("{agency}", "brent over at Ashgrove", vec!["ashgrove"]),
            ("^是我$", "是我。不是我弄的。", vec!["是我"]),
            ("^<number>$", "7 7 0 2.", vec!["7 7 0 2"]),
            ("欠(了)?<amount>", "欠三千五，欠了七百，欠3天，欠几千", vec!["欠3500", "欠了700", "欠几千"]),
            ("owe <amount>", "I owe a lot, owe two, owe nine hundred", vec!["owe 900"]),
            ("^~3 <number>$", "JSC 70015.", vec!["jsc 70015"]),
            ("the police ~3 come", "the police. I come", vec![]),
            ("村里 & 丢人", "让你丢人丢到村里去", vec!["丢人丢到村里"]),
            ("村里 & 丢人", "村里人都说。丢人。", vec![]),
            ("your boss & (told|call+)", "I'm calling him, your boss", vec!["calling him your boss"]),
        ] {
            assert_eq!(find(phrase, text), expected, "{phrase} in {text}");
        }
    }

    #[test]
    fn long_phrases_are_found_by_their_sound_short_ones_are_not() {
        assert_eq!(find("打爆通讯录", "打报你们"), Vec::<String>::new());
        assert_eq!(find("打爆通讯录", "我打爆通讯路给你看"), vec!["打爆通讯路"]);
        assert_eq!(find("打爆通讯录", "我大报同训路"), Vec::<String>::new(), "too much is written otherwise");
        assert_eq!(find("去你(家|单位)闹", "明天去你丹位闹"), vec!["去你丹位闹"]);
        assert_eq!(find("骗子", "昨天看的片子"), Vec::<String>::new());
    }

    #[test]
    fn bad_phrases_say_where() {
        let families = Families::new();
        for (phrase, at) in
            [("(a|b", 0), ("a)", 1), ("bad ~40 gap", 4), ("@nobody", 0), ("{password}", 0), ("~3", 0), ("()x", 1)]
        {
            assert_eq!(parse(phrase, &families).unwrap_err().at, at, "{phrase}");
        }
        let circle = Families::from([("a".to_string(), vec!["@a".to_string()])]);
        assert!(parse("@a", &circle).is_err());
    }

    proptest! {
        #[test]
        fn any_phrase_and_any_text_end_without_a_panic(phrase in "[a你打(|)?~1-9@^$<number>+ \\\\{}]{0,24}", text in "\\PC{0,60}") {
            if let Ok(patterns) = parse(&phrase, &Families::new()) {
                let matcher = Matcher::build(patterns.into_iter().map(|p| (PhraseId(0), p)).collect()).unwrap();
                let stream = Stream::of_words(&text);
                for hit in matcher.scan(&stream, &Fields::new(), &|_| true) {
                    prop_assert!(hit.start <= hit.end && stream.text.is_char_boundary(hit.start));
                    prop_assert!(stream.text.is_char_boundary(hit.end));
                }
            }
        }

        #[test]
        fn a_literal_is_found_wherever_a_naive_search_finds_it(text in "[你打爆电话的ab ]{0,40}") {
            let stream = Stream::of_words(&text);
            let naive: Vec<usize> = stream.text.match_indices("打爆").map(|(at, _)| at).collect();
            let matcher = Matcher::build(
                parse("打爆", &Families::new()).unwrap().into_iter().map(|p| (PhraseId(0), p)).collect()).unwrap();
            let found: Vec<usize> = matcher.scan(&stream, &Fields::new(), &|_| true).iter().map(|hit| hit.start).collect();
            prop_assert_eq!(found, naive);
        }
    }
}

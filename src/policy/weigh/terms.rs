//! Terms: the small pieces of a sentence that are weighed.
//!
//! Comes in: a stretch of a stream. Goes out: its terms, each as a number and the place it stands at. Only this file
//! knows what a term is: runs of up to four characters (Mandarin) or three words (English) within a clause, whose
//! first and last are marked; pairs of words with others between; English words without their endings.

use crate::call::Language;
use crate::normalise::{Break, Stream, is_han, is_word_char};

/// Runs of at most so many characters (Mandarin).
const RUN_OF_CHARACTERS: usize = 4;
/// Runs of at most so many words (English).
const RUN_OF_WORDS: usize = 3;
/// Two words this far apart at most still make a pair.
const PAIR: usize = 5;

/// The beginning and the end of a clause, as they are written in tables.
const FIRST: &str = "^";
const LAST: &str = "$";
/// A number, whatever its digits: an amount is an amount.
const NUMBER: &str = "0";

/// What a term is made of, as a number: equal terms, equal keys; different ones differ but for one chance in 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(u64);

impl Key {
    /// The key of a term as tables write it: `去你家`, `^请问`, `pay … jail`, `#threaten you`.
    pub fn of(written: &str) -> Key {
        let (form, words) = match written.strip_prefix(Form::STEMS) {
            Some(rest) => (Form::Stems, rest),
            None if written.contains(Form::PAIR) => (Form::Pair, written),
            None => (Form::Run, written),
        };
        let mut sum = form.seed();
        for word in words.split([' ', Form::PAIR]).filter(|word| !word.is_empty()) {
            for token in tokens_of(word) {
                sum = mix(sum, spell(token));
            }
        }
        Key(sum)
    }
}

/// A term at its place, as byte offsets in the stream's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub key: Key,
    pub start: usize,
    pub end: usize,
}

/// How a term is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Characters or words in a row.
    Run,
    /// Two words with others between: `pay … jail`.
    Pair,
    /// Words in a row without their endings: `#threaten`.
    Stems,
}

impl Form {
    const PAIR: char = '…';
    const STEMS: char = '#';

    fn seed(self) -> u64 {
        mix(0, self as u64 + 1)
    }

    /// A term as tables write it.
    pub fn written(self, tokens: &[&str]) -> String {
        let mut text = if self == Form::Stems { Form::STEMS.to_string() } else { String::new() };
        for (number, token) in tokens.iter().enumerate() {
            let word = |text: &str| text.chars().next_back().is_some_and(is_word_char);
            match self {
                Form::Pair if number > 0 => text.push_str(" … "),
                _ if word(&text) && word(token) => text.push(' '),
                _ => {}
            }
            text.push_str(token);
        }
        text
    }
}

/// Visits all terms of a stretch of a stream: the form, its tokens, and the term.
pub(super) fn each_term<'s>(
    stream: &'s Stream,
    (from, to): (usize, usize),
    language: Language,
    visit: &mut dyn FnMut(Form, &[&'s str], Term),
) {
    for (start, end) in clauses(stream, from, to) {
        let text = &stream.text[start..end];
        let mut tokens = vec![(FIRST, start, start)];
        tokens.extend(tokens_of(text).map(|token| {
            let at = start + (token.as_ptr() as usize - text.as_ptr() as usize);
            let number = token.bytes().all(|byte| byte.is_ascii_digit());
            (if number { NUMBER } else { token }, at, at + token.len())
        }));
        tokens.push((LAST, end, end));
        if tokens.len() > 2 {
            clause(&tokens, language, visit);
        }
    }
}

/// The clauses of a stretch. A breath ends none: recognisers breathe anywhere.
pub(super) fn clauses(stream: &Stream, from: usize, to: usize) -> Vec<(usize, usize)> {
    let inside = stream.breaks().filter(|(at, kind)| *at > from && *at < to && *kind != Break::Breath);
    let mut start = from;
    let mut all = Vec::new();
    for at in inside.map(|(at, _)| at).chain([to]) {
        if !stream.text[start..at].trim().is_empty() {
            all.push((start, at));
        }
        start = at;
    }
    all
}

/// Han characters one by one, other words whole, and the marks of first and last.
fn tokens_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let skip = rest.find(|c: char| is_word_char(c) || is_han(c) || c == '^' || c == '$')?;
        rest = &rest[skip..];
        let first = rest.chars().next()?;
        let end = if is_word_char(first) {
            rest.find(|c: char| !is_word_char(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

/// The terms of one clause, whose tokens come with their places.
fn clause<'s>(tokens: &[(&'s str, usize, usize)], language: Language, visit: &mut dyn FnMut(Form, &[&'s str], Term)) {
    let english = language == Language::English;
    let words: Vec<&str> = tokens.iter().map(|token| token.0).collect();
    let stems: Vec<&str> = if english { words.iter().map(|word| stem(word)).collect() } else { Vec::new() };
    let spelled = |words: &[&str]| words.iter().map(|word| spell(word)).collect::<Vec<u64>>();
    let (word_keys, stem_keys) = (spelled(&words), spelled(&stems));
    let last_word = tokens.len() - 2;
    for first in 0..tokens.len() {
        let longest = if english { RUN_OF_WORDS } else { RUN_OF_CHARACTERS };
        let (mut run, mut stemmed) = (Form::Run.seed(), Form::Stems.seed());
        for last in first..tokens.len().min(first + longest) {
            let (start, end) = (tokens[first].1, tokens[last].2);
            run = mix(run, word_keys[last]);
            // The marks say nothing alone.
            let alone = first == last && [FIRST, LAST].contains(&words[first]);
            if !alone {
                visit(Form::Run, &words[first..=last], Term { key: Key(run), start, end });
            }
            if english {
                stemmed = mix(stemmed, stem_keys[last]);
                if !alone {
                    visit(Form::Stems, &stems[first..=last], Term { key: Key(stemmed), start, end });
                }
            }
        }
        if english && first > 0 {
            for last in first + 2..=last_word.min(first + PAIR) {
                let key = Key(mix(mix(Form::Pair.seed(), word_keys[first]), word_keys[last]));
                let (start, end) = (tokens[first].1, tokens[last].2);
                visit(Form::Pair, &[words[first], words[last]], Term { key, start, end });
            }
        }
    }
}

/// An English word without the endings of inflection. Rough on purpose: "charged" and "charging" fall together.
fn stem(word: &str) -> &str {
    for ending in ["ings", "ing", "edly", "ed", "ies", "es", "s", "ly"] {
        if let Some(rest) = word.strip_suffix(ending).filter(|rest| rest.len() >= 3) {
            return rest;
        }
    }
    word
}

fn spell(text: &str) -> u64 {
    text.bytes().fold(mix(0, 0), |sum, byte| mix(sum, u64::from(byte)))
}

/// One step of a hash: FNV-1a's multiply, with the high bits brought down (as in SplitMix64).
fn mix(sum: u64, next: u64) -> u64 {
    let mixed = (sum ^ next.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str, language: Language) -> Vec<String> {
        let stream = Stream::of_words(text);
        let mut all = Vec::new();
        each_term(&stream, (0, stream.text.len()), language, &mut |form, tokens, _| all.push(form.written(tokens)));
        all
    }

    #[test]
    fn mandarin_terms_are_runs_of_characters_within_a_clause() {
        let terms = written("去你家，还500", Language::Mandarin);
        for term in ["去", "去你", "去你家", "^去你家", "去你家$", "^去", "家$", "还0", "^还0$"] {
            assert!(terms.contains(&term.to_string()), "{term} is not among {terms:?}");
        }
        assert!(terms.iter().all(|term| !term.contains("家还") && term != "^" && term != "$"), "{terms:?}");
    }

    #[test]
    fn english_terms_are_runs_pairs_and_stems() {
        let terms = written("You'll be losing your job.", Language::English);
        for term in ["you will be", "^you will", "job$", "#los your", "losing … job", "you … job"] {
            assert!(terms.contains(&term.to_string()), "{term} is not among {terms:?}");
        }
    }

    proptest! {
        #[test]
        fn a_term_as_written_is_the_term(text in "[\\PC去你家不还a-z0-9 ,.']{0,40}") {
            for language in [Language::Mandarin, Language::English] {
                let stream = Stream::of_words(&text);
                let mut wrong = Vec::new();
                each_term(&stream, (0, stream.text.len()), language, &mut |form, tokens, term| {
                    if Key::of(&form.written(tokens)) != term.key {
                        wrong.push(form.written(tokens));
                    }
                    assert!(term.start <= term.end && stream.text.get(term.start..term.end).is_some());
                });
                prop_assert!(wrong.is_empty(), "{:?}", wrong);
            }
        }
    }
}

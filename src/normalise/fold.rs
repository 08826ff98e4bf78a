//! Folding: one character at a time into the form that lexicons are written in.
//!
//! Comes in: text as heard. Goes out: folded characters with their bytes in the original, and the breaks that
//! punctuation makes. Only this file knows the tables: width and compatibility forms (NFKC), case, traditional to
//! simplified (OpenCC, one to one, so that offsets hold), fillers, stutters. What is a number is told in `numerals.rs`.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;

use super::{Break, numerals};

/// English words that carry no meaning in speech.
const FILLER_WORDS: &[&str] = &["um", "umm", "uh", "uhh", "er", "erm", "hmm", "mm", "mhm", "ah", "oh"];
/// Mandarin ones. 额 is left out: it stands in 金额 and 额度.
const FILLER_CHARS: &[char] = &['嗯', '呃', '唔', '啊', '哦', '噢', '欸', '诶'];

/// What follows an apostrophe, and the word it is short for. 's stays: it may be "is", "has" or whose.
const SHORT: &[(&str, &str)] =
    &[("ll", "will"), ("re", "are"), ("ve", "have"), ("m", "am"), ("d", "would"), ("em", "them"), ("cause", "because")];
/// Contractions as recognisers write them without the apostrophe, where they can be no other word: "well", "ill", "were",
/// "hell" and "its" can. The bar parts the letters: what stands behind it is spelled out.
const RUN_TOGETHER: &[(&str, &str)] = &[
    ("you|ll", "will"),
    ("they|ll", "will"),
    ("it|ll", "will"),
    ("that|ll", "will"),
    ("there|ll", "will"),
    ("you|re", "are"),
    ("they|re", "are"),
    ("you|ve", "have"),
    ("we|ve", "have"),
    ("they|ve", "have"),
    ("i|ve", "have"),
    ("i|m", "am"),
    ("you|d", "would"),
    ("they|d", "would"),
    ("gon|na", "going to"),
    ("wan|na", "want to"),
    ("got|ta", "got to"),
    ("ca|nt", "can not"),
    ("can|not", "can not"),
    ("wo|nt", "will not"),
    ("sha|nt", "shall not"),
    ("do|nt", "not"),
    ("does|nt", "not"),
    ("did|nt", "not"),
    ("is|nt", "not"),
    ("are|nt", "not"),
    ("was|nt", "not"),
    ("were|nt", "not"),
    ("has|nt", "not"),
    ("have|nt", "not"),
    ("had|nt", "not"),
    ("would|nt", "not"),
    ("could|nt", "not"),
    ("should|nt", "not"),
    ("must|nt", "not"),
    ("need|nt", "not"),
];
/// Of those, the ones whose first letters aren't a word: the whole is spelled anew.
const WHOLE: &[&str] = &["gonna", "wanna", "gotta", "cant", "cannot", "wont", "shant"];

/// A piece of folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A character that counts, with its bytes in the original.
    Char {
        /// Folded.
        folded: char,
        /// First byte in the original.
        start: usize,
        /// One past the last byte.
        end: usize,
    },
    /// White space or punctuation inside a clause: parts two Latin words.
    Gap,
    /// Punctuation that ends a clause or a sentence.
    Break(Break),
}

/// Folds a text into pieces, fillers and stutters left out and numbers in digits. A text of nothing but fillers keeps them: "嗯" is an answer.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let raw = spelled_out(&raw_pieces(text));
    let cleaned = without_stutters(&without_fillers(&raw));
    let spoken = cleaned.iter().any(|piece| matches!(piece, Piece::Char { .. }));
    numerals::in_digits(if spoken { cleaned } else { raw })
}

/// Folds the literal part of a phrase as transcripts are folded, breaks becoming spaces between Latin words.
pub fn fold_phrase(text: &str) -> String {
    let mut folded = String::new();
    let mut gap = false;
    for piece in pieces(text) {
        match piece {
            Piece::Gap | Piece::Break(_) => gap = true,
            Piece::Char { folded: c, .. } => {
                if gap && is_word_char(c) && folded.chars().next_back().is_some_and(is_word_char) {
                    folded.push(' ');
                }
                gap = false;
                folded.push(c);
            }
        }
    }
    folded
}

/// Whether a folded character belongs to a word written with spaces around it: letters and digits outside Han script.
pub fn is_word_char(c: char) -> bool {
    !is_han(c) && c.is_alphanumeric()
}

/// Whether a character is a Han character (or kana, which the same rules suit).
pub fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x3040..=0x30ff | 0x20000..=0x323af)
}

fn raw_pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(text.len());
    let mut characters = text.char_indices().peekable();
    while let Some((start, c)) = characters.next() {
        let end = start + c.len_utf8();
        // Nearly all characters are one of these, and nothing below concerns them.
        if c.is_ascii_alphanumeric() || HAN.contains(&c) {
            pieces.push(Piece::Char { folded: simplified(c.to_ascii_lowercase()), start, end });
            continue;
        }
        if is_apostrophe(c)
            && let Some((letters, word)) = SHORT.iter().find(|(letters, _)| {
                let rest = &text[end..];
                let known = rest.get(..letters.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(letters));
                known && !rest[letters.len()..].starts_with(|next: char| next.is_alphanumeric() || is_apostrophe(next))
            })
        {
            // "you'll" is "you will": one spelling for phrase and text, and "I'll" is not "ill". All of it leads back to
            // the whole, so that no quote begins with an apostrophe.
            let end = end + letters.len();
            let head = pieces
                .iter()
                .rev()
                .take_while(|piece| matches!(piece, Piece::Char { folded, .. } if is_word_char(*folded)));
            let from = pieces.len() - head.count();
            let start = whole(&mut pieces[from..], end).unwrap_or(start);
            pieces.push(Piece::Gap);
            pieces.extend(word.chars().map(|folded| Piece::Char { folded, start, end }));
            for _ in 0..letters.len() {
                characters.next();
            }
            continue;
        }
        if is_apostrophe(c) && matches!(pieces.last(), Some(Piece::Char { folded, .. }) if is_word_char(*folded)) {
            // "don't" and "dont" are one word; recognisers write both. The mark joins the character before it.
            if let Some(Piece::Char { end: last, .. }) = pieces.last_mut() {
                *last = end;
            }
            continue;
        }
        // A point between digits is part of the number: "6813.42" is not two sentences.
        let in_number = matches!(c, '.' | ',' | '．' | '，')
            && matches!(pieces.last(), Some(Piece::Char { folded, .. }) if folded.is_ascii_digit())
            && characters.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        if in_number {
            continue;
        }
        if let Some(kind) = punctuation(c) {
            pieces.push(Piece::Break(kind));
            continue;
        }
        let before = pieces.len();
        for compatible in std::iter::once(c).nfkc() {
            for folded in compatible.to_lowercase() {
                let folded = simplified(folded);
                if folded.is_alphanumeric() {
                    pieces.push(Piece::Char { folded, start, end });
                }
            }
        }
        if pieces.len() == before {
            pieces.push(Piece::Gap);
        }
    }
    pieces
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '＇')
}

fn punctuation(c: char) -> Option<Break> {
    match c {
        '?' | '？' => Some(Break::Sentence { question: true }),
        '.' | '!' | '。' | '！' | '．' | '｡' | '…' => Some(Break::Sentence { question: false }),
        ',' | ';' | ':' | '，' | '；' | '：' | '、' | '—' | '\n' => Some(Break::Clause),
        _ => None,
    }
}

fn simplified(c: char) -> char {
    /// The plain characters by their place in [`HAN`], the rarer ones by themselves.
    static TABLE: OnceLock<(Vec<char>, HashMap<char, char>)> = OnceLock::new();
    let (plain, rare) = TABLE.get_or_init(|| {
        let mut plain: Vec<char> = HAN.collect();
        let mut rare = HashMap::new();
        for line in include_str!("traditional.txt").lines().filter(|line| !line.starts_with('#')) {
            let mut characters = line.chars();
            while let (Some(from), Some(to)) = (characters.next(), characters.next()) {
                match place(from) {
                    Some(at) => plain[at] = to,
                    None => _ = rare.insert(from, to),
                }
            }
        }
        (plain, rare)
    });
    match place(c) {
        // By Unicode's word no Han character, but a nought among them.
        _ if c == '〇' => '零',
        Some(at) => plain[at],
        None if c.is_ascii() => c,
        None => rare.get(&c).copied().unwrap_or(c),
    }
}

/// The Han characters of daily use: all letters, none with another form in NFKC or another case.
const HAN: RangeInclusive<char> = '\u{4e00}'..='\u{9fff}';

fn place(c: char) -> Option<usize> {
    HAN.contains(&c).then(|| (u32::from(c) - u32::from(*HAN.start())) as usize)
}

/// Contractions that lost their apostrophe, as the words they stand for.
fn spelled_out(pieces: &[Piece]) -> Vec<Piece> {
    let mut out = Vec::with_capacity(pieces.len());
    for run in pieces.chunk_by(same_word) {
        let known = RUN_TOGETHER
            .iter()
            .find(|(short, _)| short.len() == run.len() + 1 && letters(run).eq(short.chars().filter(|c| *c != '|')));
        let Some((short, words)) = known else {
            out.extend_from_slice(run);
            continue;
        };
        let kept = if WHOLE.iter().any(|whole| is_word(run, whole)) { 0 } else { short.find('|').unwrap_or(0) };
        let Some(Piece::Char { end, .. }) = run.last().copied() else { continue };
        let from = out.len();
        out.extend_from_slice(run);
        let start = whole(&mut out[from..], end).unwrap_or(0);
        out.truncate(from + kept);
        for word in words.split(' ') {
            out.push(Piece::Gap);
            out.extend(word.chars().map(|folded| Piece::Char { folded, start, end }));
        }
    }
    out
}

/// Lets every character of a word lead back to all of it, up to `to`; gives its first byte.
fn whole(word: &mut [Piece], to: usize) -> Option<usize> {
    let Some(Piece::Char { start: from, .. }) = word.first().copied() else { return None };
    for piece in word {
        if let Piece::Char { start, end, .. } = piece {
            (*start, *end) = (from, to);
        }
    }
    Some(from)
}

fn without_fillers(pieces: &[Piece]) -> Vec<Piece> {
    let mut kept = Vec::with_capacity(pieces.len());
    let mut behind = 0;
    for run in pieces.chunk_by(same_word) {
        behind += run.len();
        let is_filler = match run {
            // At the start of a turn 嗯 means yes: "嗯，我知道".
            [Piece::Char { folded: '嗯', .. }] if kept.is_empty() => false,
            [Piece::Char { folded, .. }] if is_han(*folded) => FILLER_CHARS.contains(folded),
            [Piece::Char { folded: 'o', .. }, Piece::Char { folded: 'h', .. }] => {
                !numerals::is_nought(&kept, &pieces[behind..])
            }
            _ => FILLER_WORDS.iter().any(|filler| is_word(run, filler)),
        };
        if is_filler {
            kept.push(Piece::Gap);
        } else {
            kept.extend_from_slice(run);
        }
    }
    kept
}

/// Folds "you you you" into "you" and a Han character said three times or more into one; 妈妈 and 慢慢 stay, and so do
/// digits that repeat in numbers read out one by one: "7 7 0 2", 一三八零零零.
fn without_stutters(pieces: &[Piece]) -> Vec<Piece> {
    let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut last_word: &[Piece] = &[];
    let mut at = 0;
    for run in pieces.chunk_by(same_word) {
        let here = at;
        at += run.len();
        match run {
            [Piece::Char { folded, .. }] if is_han(*folded) => {
                last_word = &[];
                let same = |piece: &&Piece| matches!(piece, Piece::Char { folded: other, .. } if other == folded);
                let over_gaps = |piece: &&Piece| **piece != Piece::Gap;
                let before = pieces[..here].iter().rev().filter(over_gaps).take(2).take_while(same).count();
                let behind = pieces[at..].iter().filter(over_gaps).take(2).take_while(same).count();
                if before > 0 && before + behind > 1 && !numerals::is_read_out(pieces, here) {
                    continue;
                }
                kept.extend_from_slice(run);
            }
            [Piece::Char { folded, .. }, ..] => {
                let again = letters(run).eq(letters(last_word));
                if again && !folded.is_ascii_digit() && !numerals::is_read_out(pieces, here) {
                    continue;
                }
                kept.extend_from_slice(run);
                last_word = run;
            }
            [Piece::Break(_), ..] => {
                last_word = &[];
                kept.extend_from_slice(run);
            }
            _ => kept.extend_from_slice(run),
        }
    }
    kept
}

/// Whether two neighbouring pieces are letters of one Latin word; everything else stands alone.
pub(super) fn same_word(a: &Piece, b: &Piece) -> bool {
    matches!((a, b), (Piece::Char { folded: a, .. }, Piece::Char { folded: b, .. }) if is_word_char(*a) && is_word_char(*b))
}

fn letters(run: &[Piece]) -> impl Iterator<Item = char> {
    run.iter().filter_map(|piece| match piece {
        Piece::Char { folded, .. } => Some(*folded),
        _ => None,
    })
}

fn is_word(run: &[Piece], word: &str) -> bool {
    letters(run).eq(word.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_script_and_marks_fold() {
        assert_eq!(fold_phrase("ＡＰＰ 欠錢不還"), "app欠钱不还");
        assert_eq!(fold_phrase("Don’t PAY — past-due!"), "do not pay past due");
        assert_eq!(fold_phrase("6,813.42块"), "681342块");
    }

    #[test]
    fn contractions_are_spelled_out_with_or_without_their_mark() {
        assert_eq!(fold_phrase("I'll, you'll, youll, we’re, im, I'd"), "i will you will you will we are i am i would");
        assert_eq!(
            fold_phrase("can't cant cannot won't WONT don't"),
            "can not can not can not will not will not do not"
        );
        assert_eq!(fold_phrase("I'm ill, well, we were; it's hell"), "i am ill well we were its hell");
        assert_eq!(fold_phrase("gonna tell y'all, ma'am, 'em"), "going to tell yall maam them");
        assert_eq!(fold_phrase("(i|we)"), "i we");
        assert_eq!(fold_phrase("'ll pay"), "will pay");
    }

    #[test]
    fn fillers_and_stutters_go_but_a_lone_filler_is_an_answer() {
        assert_eq!(fold_phrase("呃，你你你这个，嗯，骗子啊"), "你这个骗子");
        assert_eq!(fold_phrase("um you you owe, uh, us"), "you owe us");
        assert_eq!(fold_phrase("嗯。"), "嗯");
        assert_eq!(fold_phrase("嗯，我嗯知道"), "嗯我知道");
        assert_eq!(fold_phrase("妈妈"), "妈妈");
        assert_eq!(fold_phrase("7 7 0 2"), "7 7 0 2");
    }
}

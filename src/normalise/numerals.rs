//! Numerals: numbers as people say them, as digits.
//!
//! Comes in: folded pieces, fillers and stutters left out. Goes out: the same with every spoken number of two characters
//! or words or more in digits, each of which leads back to the whole numeral. Only this file knows which runs are a
//! number and which are not: "七八百" and "one or two" are guesses and stay words, as do single ones ("一个", "one").

use super::fold::{Piece, is_word_char, same_word};

/// The letters of the longest number word: seventeen.
const LONGEST_WORD: usize = 9;
/// The most pieces or words looked at for one number: a text of nothing but numerals costs no more than another.
const REACH: usize = 32;
/// What parts the runs of one clause in two: the weekday before it takes the first character ("周三十点").
const WEEKDAYS: &[&str] = &["周", "星期", "礼拜"];
/// What is counted. Nobody shortens 三千五百 before these, so the digit belongs to them: "一千一个月" is 1000 a month.
const COUNTED: &str = "个天次年月周期分点号人家笔日位";

const HUNDRED: u64 = 100;
const THOUSAND: u64 = 1_000;
const WAN: u64 = 10_000;
const MILLION: u64 = 1_000_000;
const YI: u64 = 100_000_000;

/// What a Mandarin character says in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Han {
    /// 零 to 九.
    Digit(u64),
    /// 两: two of a unit, never a digit read out.
    Pair,
    /// 幺: one, in digits read out only.
    Yao,
    /// 十, 百, 千, 万, 亿.
    Unit(u64),
}

/// What an English word says in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// one to nine.
    Digit(u64),
    Zero,
    /// "oh" in "five oh two".
    Oh,
    /// ten to nineteen.
    Teen(u64),
    /// twenty to ninety.
    Tens(u64),
    /// hundred, thousand, million.
    Unit(u64),
    And,
}

/// A numeral among the pieces: from the first to one past the last, and its digits.
struct Numeral {
    from: usize,
    to: usize,
    digits: String,
}

/// Writes spoken numbers in digits.
pub(super) fn in_digits(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut found: Vec<Numeral> = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        at = match pieces[at] {
            Piece::Char { folded, .. } if han(folded).is_some() => han_run(&pieces, at, &mut found),
            Piece::Char { folded, .. } if is_word_char(folded) => english_run(&pieces, at, &mut found),
            _ => at + 1,
        };
    }
    if found.is_empty() {
        return pieces;
    }
    let mut out = Vec::with_capacity(pieces.len() + found.len() * 2);
    let mut done = 0;
    for numeral in found {
        out.extend_from_slice(&pieces[done..numeral.from]);
        done = numeral.to;
        let whole = &pieces[numeral.from..numeral.to];
        let (Some(Piece::Char { start, .. }), Some(Piece::Char { end, .. })) = (whole.first(), whole.last()) else {
            continue;
        };
        // A number stands alone among Latin words even where nothing parted it from them: "app三千五".
        out.push(Piece::Gap);
        out.extend(numeral.digits.chars().map(|folded| Piece::Char { folded, start: *start, end: *end }));
        out.push(Piece::Gap);
    }
    out.extend_from_slice(&pieces[done..]);
    out
}

/// Whether the word at a piece is one of several digits read out: what is said twice there is no stutter.
pub(super) fn is_read_out(pieces: &[Piece], at: usize) -> bool {
    let run = &pieces[at..word_end(pieces, at)];
    if !is_digit(run) {
        return false;
    }
    let parts = |piece: &Piece| matches!(piece, Piece::Break(_));
    let from = (at.saturating_sub(REACH)..at).rev().find(|place| parts(&pieces[*place]));
    let from = from.map_or(at.saturating_sub(REACH), |place| place + 1);
    let most = pieces.len().min(at + REACH);
    let to = (at..most).find(|place| parts(&pieces[*place])).unwrap_or(most);
    let script = |piece: &Piece| character(piece).map(is_word_char);
    let mut place = from;
    let (mut first, mut several, mut inside): (&[Piece], bool, bool) = (&[], false, false);
    for run in pieces[from..to].chunk_by(same_word) {
        if is_digit(run) && script(&run[0]) == script(&pieces[at]) {
            several |= !first.is_empty() && !first.iter().map(character).eq(run.iter().map(character));
            first = run;
        } else if run != [Piece::Gap] {
            if inside {
                break;
            }
            (first, several) = (&[], false);
        }
        inside |= (place..place + run.len()).contains(&at);
        place += run.len();
    }
    several
}

/// Whether an "oh" between these pieces is a nought: "five oh two", "nineteen oh five".
pub(super) fn is_nought(before: &[Piece], after: &[Piece]) -> bool {
    let near = &before[before.len().saturating_sub(REACH)..];
    let end = near.iter().rposition(|piece| *piece != Piece::Gap).map_or(0, |place| place + 1);
    let last = near[..end].chunk_by(same_word).next_back().unwrap_or_default();
    let leads = matches!(
        english(letters(last, &mut [0; LONGEST_WORD])),
        Some(Word::Digit(_) | Word::Zero | Word::Oh | Word::Teen(_) | Word::Tens(_))
    );
    let mut at = over_gaps(after, 0);
    while leads
        && at < REACH
        && let Some((Word::Oh, end)) = word_at(after, at)
    {
        at = over_gaps(after, end);
    }
    leads && matches!(word_at(after, at), Some((Word::Digit(_) | Word::Zero, _)))
}

/// Whether a word or character is a digit as one reads them out.
fn is_digit(run: &[Piece]) -> bool {
    match run {
        [Piece::Char { folded, .. }] => matches!(han(*folded), Some(Han::Digit(_) | Han::Yao)),
        _ => matches!(english(letters(run, &mut [0; LONGEST_WORD])), Some(Word::Digit(_) | Word::Zero | Word::Oh)),
    }
}

fn han(c: char) -> Option<Han> {
    Some(match c {
        '零' | '〇' => Han::Digit(0),
        '一' | '壹' => Han::Digit(1),
        '二' | '贰' => Han::Digit(2),
        '三' | '叁' => Han::Digit(3),
        '四' | '肆' => Han::Digit(4),
        '五' | '伍' => Han::Digit(5),
        '六' | '陆' => Han::Digit(6),
        '七' | '柒' => Han::Digit(7),
        '八' | '捌' => Han::Digit(8),
        '九' | '玖' => Han::Digit(9),
        '两' => Han::Pair,
        '幺' => Han::Yao,
        '十' | '拾' => Han::Unit(10),
        '百' | '佰' => Han::Unit(HUNDRED),
        '千' | '仟' => Han::Unit(THOUSAND),
        '万' => Han::Unit(WAN),
        '亿' => Han::Unit(YI),
        _ => return None,
    })
}

/// The character of a piece, unless it is none.
fn character(piece: &Piece) -> Option<char> {
    match piece {
        Piece::Char { folded, .. } => Some(*folded),
        _ => None,
    }
}

/// The next piece that is no gap: a view has none between Han characters.
fn over_gaps(pieces: &[Piece], mut at: usize) -> usize {
    while pieces.get(at) == Some(&Piece::Gap) {
        at += 1;
    }
    at
}

/// Looks at the run of Mandarin numerals that begins at a piece; gives the first piece behind it.
fn han_run(pieces: &[Piece], from: usize, found: &mut Vec<Numeral>) -> usize {
    let mut last = from;
    loop {
        let next = over_gaps(pieces, last + 1);
        if pieces.get(next).and_then(character).and_then(han).is_none() {
            break;
        }
        last = next;
    }
    let behind = last + 1;
    let before = || pieces[..from].iter().rev().filter(|piece| **piece != Piece::Gap);
    // "3千五" stays as written, also where only a gap parts it.
    let joins = |piece: Option<&Piece>| piece.and_then(character).is_some_and(|c| c.is_ascii_digit());
    if last == from || joins(before().next()) || joins(pieces.get(over_gaps(pieces, behind))) {
        return behind;
    }
    let weekday = |name: &&str| {
        let mut said = before().map(character);
        name.chars().rev().all(|c| said.next() == Some(Some(c)))
    };
    // 收拾 is to tidy up, not ten.
    if WEEKDAYS.iter().any(weekday) || character(&pieces[from]) == Some('拾') {
        return behind;
    }
    let said: Vec<Han> = pieces[from..behind].iter().filter_map(character).filter_map(han).collect();
    // 二百五 is a fool before it is an amount, 十三点 before it is a time; who writes 250 or 13点 means neither.
    let behind_it = pieces.get(over_gaps(pieces, behind)).and_then(character);
    if said == [Han::Digit(2), Han::Unit(HUNDRED), Han::Digit(5)]
        || (said == [Han::Unit(10), Han::Digit(3)] && behind_it == Some('点'))
    {
        return behind;
    }
    let counts = behind_it.is_some_and(|c| COUNTED.contains(c));
    if let Some(value) = whole_han(&said, !counts) {
        found.push(Numeral { from, to: behind, digits: value.to_string() });
    } else if let Some(digits) = read_out(&said) {
        found.push(Numeral { from, to: behind, digits });
    } else if let [shorter @ .., Han::Digit(_) | Han::Pair] = said.as_slice()
        && counts
        && matches!(shorter.last(), Some(Han::Unit(unit)) if *unit > 10)
        && let Some(value) = whole_han(shorter, false)
    {
        let to = (from..last).rev().find(|at| pieces[*at] != Piece::Gap).unwrap_or(from) + 1;
        found.push(Numeral { from, to, digits: value.to_string() });
    }
    behind
}

/// Three digits or more, one by one: "一三八零零".
fn read_out(said: &[Han]) -> Option<String> {
    if said.len() < 3 {
        return None;
    }
    said.iter()
        .map(|character| match character {
            Han::Digit(digit) => char::from_digit(u32::try_from(*digit).ok()?, 10),
            Han::Yao => Some('1'),
            _ => None,
        })
        .collect()
}

/// A whole Mandarin number with a unit. `short`: whether 三千五 is 3500.
fn whole_han(said: &[Han], short: bool) -> Option<u64> {
    let begins_well = match said {
        // Nobody says 一十 first: "周一十点", "一五一十".
        [Han::Digit(1), Han::Unit(10), ..] => false,
        [Han::Unit(unit), ..] => *unit == 10,
        _ => true,
    };
    let has_unit = said.iter().any(|character| matches!(character, Han::Unit(_)));
    if begins_well && has_unit && (2..=REACH).contains(&said.len()) { plain_han(said, short) } else { None }
}

/// A number up to its own highest unit.
fn plain_han(said: &[Han], short: bool) -> Option<u64> {
    let highest = [YI, WAN, THOUSAND, HUNDRED, 10]
        .into_iter()
        .find_map(|unit| Some((unit, said.iter().rposition(|character| *character == Han::Unit(unit))?)));
    let Some((unit, at)) = highest else {
        return match said {
            [Han::Digit(digit)] if *digit > 0 => Some(*digit),
            _ => None,
        };
    };
    let head = match &said[..at] {
        [] if unit == 10 => 1,
        [Han::Digit(digit)] if *digit > 0 => *digit,
        [Han::Pair] if unit > 10 => 2,
        many if unit >= WAN => plain_han(many, false).filter(|head| *head < unit)?,
        _ => return None,
    };
    Some(head * unit + after_han(&said[at + 1..], unit, short)?)
}

/// What follows a unit: nothing, the next lower unit, or 零 and something lower still.
fn after_han(said: &[Han], unit: u64, short: bool) -> Option<u64> {
    match said {
        [] => Some(0),
        [Han::Digit(digit)] if *digit > 0 && (short || unit == 10) => Some(digit * unit / 10),
        // Myriads part a number: 十万零五千 is said beside 十万五千.
        [Han::Digit(0), rest @ ..] => {
            plain_han(rest, short).filter(|value| *value < if unit >= WAN { unit } else { unit / 10 })
        }
        _ => plain_han(said, short).filter(|value| *value < unit && *value >= unit / 10),
    }
}

/// The bytes of a Latin word, when it is short enough for a number word.
fn letters<'a>(run: &[Piece], buffer: &'a mut [u8; LONGEST_WORD]) -> &'a [u8] {
    if run.len() > LONGEST_WORD {
        return &[];
    }
    for (letter, piece) in buffer.iter_mut().zip(run) {
        *letter = character(piece).and_then(|c| u8::try_from(c).ok()).unwrap_or(0);
    }
    &buffer[..run.len()]
}

fn english(word: &[u8]) -> Option<Word> {
    Some(match word {
        b"one" => Word::Digit(1),
        b"two" => Word::Digit(2),
        b"three" => Word::Digit(3),
        b"four" => Word::Digit(4),
        b"five" => Word::Digit(5),
        b"six" => Word::Digit(6),
        b"seven" => Word::Digit(7),
        b"eight" => Word::Digit(8),
        b"nine" => Word::Digit(9),
        b"zero" => Word::Zero,
        b"oh" => Word::Oh,
        b"ten" => Word::Teen(10),
        b"eleven" => Word::Teen(11),
        b"twelve" => Word::Teen(12),
        b"thirteen" => Word::Teen(13),
        b"fourteen" => Word::Teen(14),
        b"fifteen" => Word::Teen(15),
        b"sixteen" => Word::Teen(16),
        b"seventeen" => Word::Teen(17),
        b"eighteen" => Word::Teen(18),
        b"nineteen" => Word::Teen(19),
        b"twenty" => Word::Tens(20),
        b"thirty" => Word::Tens(30),
        b"forty" => Word::Tens(40),
        b"fifty" => Word::Tens(50),
        b"sixty" => Word::Tens(60),
        b"seventy" => Word::Tens(70),
        b"eighty" => Word::Tens(80),
        b"ninety" => Word::Tens(90),
        b"hundred" => Word::Unit(HUNDRED),
        b"thousand" => Word::Unit(THOUSAND),
        b"million" => Word::Unit(MILLION),
        b"and" => Word::And,
        _ => return None,
    })
}

/// The end of the Latin word that begins at a piece.
fn word_end(pieces: &[Piece], from: usize) -> usize {
    let joined = pieces[from..].windows(2).take_while(|pair| same_word(&pair[0], &pair[1])).count();
    from + joined + 1
}

/// The number word at a piece and its end.
fn word_at(pieces: &[Piece], from: usize) -> Option<(Word, usize)> {
    character(pieces.get(from)?).filter(|c| is_word_char(*c))?;
    let end = word_end(pieces, from);
    let mut buffer = [0; LONGEST_WORD];
    Some((english(letters(&pieces[from..end], &mut buffer))?, end))
}

/// Looks at the run of English number words that begins at a piece; gives the first piece behind it.
fn english_run(pieces: &[Piece], from: usize, found: &mut Vec<Numeral>) -> usize {
    let first = match word_at(pieces, from) {
        Some((Word::And | Word::Oh, end)) => return end,
        None => return word_end(pieces, from),
        Some(first) => first,
    };
    let next = |end: usize| {
        let at = over_gaps(pieces, end);
        word_at(pieces, at).filter(|_| at > end).map(|(word, end)| (word, at, end))
    };
    // Most number words stand alone: nothing is kept for them.
    if next(first.1).is_none() {
        return first.1;
    }
    let (mut said, mut places) = (vec![first.0], vec![(from, first.1)]);
    while let Some((word, at, end)) = next(places[places.len() - 1].1) {
        let follows = match (said[said.len() - 1], word) {
            (Word::Unit(_), Word::And) => next(end).is_some_and(|(after, ..)| !matches!(after, Word::And | Word::Oh)),
            (_, Word::And) => false,
            _ => true,
        };
        if !follows {
            break;
        }
        said.push(word);
        places.push((at, end));
    }
    let behind = places[places.len() - 1].1;
    // "between one hundred and two hundred" are two numbers: as much as makes one, up to an "and" or the end.
    let mut start = 0;
    while start < said.len() {
        let near = start + 1..=said.len().min(start + REACH);
        let ends = near.filter(|end| said.get(*end).is_none_or(|word| *word == Word::And));
        let number =
            ends.clone().rev().filter(|end| end - start > 1).find_map(|end| Some((spoken(&said[start..end])?, end)));
        let end = match number {
            Some((digits, end)) => {
                found.push(Numeral { from: places[start].0, to: places[end - 1].1, digits });
                end
            }
            None => said[start..].iter().position(|word| *word == Word::And).map_or(said.len(), |and| start + and),
        };
        start = end + 1;
    }
    behind
}

/// The digits of two words or more.
fn spoken(said: &[Word]) -> Option<String> {
    if let Some(value) = below_billion(said) {
        return Some(value.to_string());
    }
    if let Some(digits) = digit_by_digit(said) {
        return Some(digits);
    }
    // Two halves, as years and prices are said: "nineteen twelve", "seven ninety", "nineteen oh five".
    (1..said.len()).find_map(|at| {
        let (left, right) = (below_hundred(&said[..at])?, &said[at..]);
        let right = match right {
            [Word::Oh, Word::Digit(digit)] if left > 9 => *digit,
            _ => below_hundred(right).filter(|right| *right > 9)?,
        };
        // "ten fifteen", "thirty forty": somewhere between.
        let guess = right > left && right - left <= 10 && left % 5 == 0 && right % 5 == 0;
        (!guess).then(|| (left * HUNDRED + right).to_string())
    })
}

/// Three digits or more, one by one: "five oh two".
fn digit_by_digit(said: &[Word]) -> Option<String> {
    let ends = |word: Option<&Word>| matches!(word, Some(Word::Digit(_) | Word::Zero));
    if said.len() < 3 || !ends(said.first()) || !ends(said.last()) {
        return None;
    }
    said.iter()
        .map(|word| match word {
            Word::Digit(digit) => char::from_digit(u32::try_from(*digit).ok()?, 10),
            Word::Zero | Word::Oh => Some('0'),
            _ => None,
        })
        .collect()
}

/// One to ninety-nine.
fn below_hundred(said: &[Word]) -> Option<u64> {
    match said {
        [Word::Digit(value) | Word::Teen(value) | Word::Tens(value)] => Some(*value),
        [Word::Tens(tens), Word::Digit(digit)] => Some(tens + digit),
        _ => None,
    }
}

/// What may stand before a unit: with `many`, as many hundreds as people count ("thirty five hundred").
fn below_thousand(said: &[Word], many: bool) -> Option<u64> {
    let Some(at) = said.iter().position(|word| *word == Word::Unit(HUNDRED)) else { return below_hundred(said) };
    let hundreds = below_hundred(&said[..at]).filter(|value| *value < 10 || (many && value % 10 != 0))?;
    let rest = match &said[at + 1..] {
        [] => 0,
        [Word::And, rest @ ..] | rest => below_hundred(rest)?,
    };
    Some(hundreds * HUNDRED + rest)
}

fn below_billion(said: &[Word]) -> Option<u64> {
    let mut total = 0;
    let mut rest = said;
    for unit in [MILLION, THOUSAND] {
        if let Some(at) = rest.iter().position(|word| *word == Word::Unit(unit)) {
            total += below_thousand(&rest[..at], false)? * unit;
            rest = match &rest[at + 1..] {
                [] => return Some(total),
                // "two thousand and five", but "one thousand and two hundred" are two numbers.
                [Word::And, after @ ..] if below_hundred(after).is_some() => after,
                after => after,
            };
        }
    }
    Some(total + below_thousand(rest, total == 0)?)
}

#[cfg(test)]
mod tests {
    use super::super::fold_phrase;
    use super::*;
    use crate::call::{Millis, Speaker};
    use crate::normalise::Stream;
    use crate::transcript::Segment;
    use proptest::prelude::*;

    /// The value of one numeral: digits as written, or a number in words of either language, single ones too.
    fn value(numeral: &str) -> Option<u64> {
        let folded = fold_phrase(numeral);
        let mut characters = folded.chars();
        match (characters.next().and_then(han), characters.next()) {
            (Some(Han::Digit(digit)), None) => Some(digit),
            (Some(Han::Pair), None) => Some(2),
            (Some(Han::Unit(10)), None) => Some(10),
            _ => match english(folded.as_bytes()) {
                Some(Word::Zero) => Some(0),
                Some(word) => below_hundred(&[word]),
                None => folded.parse().ok(),
            },
        }
    }

    fn all_fold(cases: &[(&str, &str)]) {
        for (said, folded) in cases {
            assert_eq!(fold_phrase(said), *folded, "{said}");
        }
    }

    fn all_stay(cases: &[&str]) {
        for said in cases {
            assert_eq!(fold_phrase(said), *said);
        }
    }

    #[test]
    fn mandarin_numbers_become_digits() {
        all_fold(&[
            ("还三千五吧", "还3500吧"),
            ("两万一", "21000"),
            ("一百零五", "105"),
            ("十五号", "15号"),
            ("一千二百三十四万", "12340000"),
            ("十万零五千", "105000"),
            ("一亿二", "120000000"),
            ("一万亿", "1000000000000"),
            ("一百十五", "115"),
            ("三千 嗯 五百块", "3500块"),
            ("叁仟伍佰元，貳萬", "3500元20000"),
            ("一三八零零零", "138000"),
            ("幺三八", "138"),
            ("二〇二六年", "2026年"),
            ("app三千五ok", "app 3500 ok"),
            ("一千一个月，三千两笔，二十五天", "1000一个月3000两笔25天"),
            ("三三三千五", "3500"),
        ]);
    }

    #[test]
    fn what_is_no_mandarin_number_stays() {
        all_stay(&[
            "一个",
            "三天",
            "千万别",
            "万一",
            "百万",
            "七八百",
            "十五六",
            "十五六天",
            "三五天",
            "三三两两",
            "一五一十",
            "三千五万",
            "一千五十",
            "两十",
            "一百零两",
            "三千五十",
            "乱七八糟",
            "3千五百",
            "三千5百",
            "3千5",
            "收拾三个人",
            "周三十点",
            "星期一十点",
            "五十六十",
            "零零",
            "二百五",
            "十三点",
        ]);
    }

    #[test]
    fn english_numbers_become_digits() {
        all_fold(&[
            ("thirty-five hundred", "3500"),
            ("six hundred and twenty", "620"),
            ("two thousand four hundred sixty two dollars", "2462 dollars"),
            ("nineteen twelve", "1912"),
            ("seven ninety", "790"),
            ("twenty five", "25"),
            ("one two three four", "1234"),
            ("Five, um, oh two", "five two"),
            ("five um oh two", "502"),
            ("seven seven oh two", "7702"),
            ("nineteen oh five", "1905"),
            ("nine one one", "911"),
            ("two million five hundred thousand", "2500000"),
            ("one hundred and two hundred", "100 and 200"),
            ("twenty five and thirty five", "25 and 35"),
            ("two thousand and five", "2005"),
            ("one hundred and two hundred and twenty", "100 and 220"),
        ]);
    }

    #[test]
    fn what_is_no_english_number_stays() {
        all_stay(&[
            "one",
            "a hundred",
            "hundreds of calls",
            "one or two",
            "one on one",
            "two three days",
            "seven eight hundred",
            "ten fifteen minutes",
            "thirty forty dollars",
            "five and ten",
            "hundred and twenty",
            "twenty four seven",
            "2 hundred",
            "you owe one and i",
        ]);
        all_fold(&[
            ("twenty, five", "twenty five"),
            ("oh two", "two"),
            ("five oh", "five"),
            ("two two hundred", "200"),
        ]);
    }

    #[test]
    fn a_numeral_has_a_value() {
        for (said, is) in [("三千五", 3500), ("3500", 3500), ("两", 2), ("seven ninety", 790), ("ten", 10), ("十", 10)]
        {
            assert_eq!(value(said), Some(is), "{said}");
        }
        for said in ["", "七八百", "多", "and", "two dollars", "千"] {
            assert_eq!(value(said), None, "{said}");
        }
    }

    /// A number below 10,000 in Mandarin, `inner` when more stands before it.
    fn written_section(number: u64, inner: bool) -> String {
        let digits = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
        let (mut text, mut nought) = (String::new(), false);
        for (size, unit) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
            let digit = usize::try_from(number / size % 10).unwrap();
            if digit == 0 {
                nought |= inner || !text.is_empty();
                continue;
            }
            if nought {
                text.push('零');
                nought = false;
            }
            if !(digit == 1 && size == 10 && text.is_empty() && !inner) {
                text.push_str(digits[digit]);
            }
            text.push_str(unit);
        }
        text
    }

    fn written(number: u64) -> String {
        match number / 10_000 {
            0 if number == 0 => "零".into(),
            0 => written_section(number, false),
            myriads => format!("{}万{}", written_section(myriads, false), written_section(number % 10_000, true)),
        }
    }

    fn spelled(number: u64, and: bool) -> String {
        let small = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
                     sixteen seventeen eighteen nineteen";
        let tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
        let index = |value: u64| usize::try_from(value).unwrap();
        let joined = |head: String, rest: u64, and: &str| match rest {
            0 => head,
            rest => format!("{head}{and} {}", spelled(rest, !and.is_empty())),
        };
        match number {
            0..20 => small.split_whitespace().nth(index(number)).unwrap().into(),
            20..100 => joined(tens[index(number / 10)].into(), number % 10, ""),
            100..1000 => {
                joined(format!("{} hundred", spelled(number / 100, and)), number % 100, if and { " and" } else { "" })
            }
            _ => {
                let low = and && number % 1000 < 100;
                let head = format!("{} thousand", spelled(number / 1000, and));
                match number % 1000 {
                    0 => head,
                    rest => format!("{head}{} {}", if low { " and" } else { "" }, spelled(rest, and)),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn mandarin_values_come_back(number in prop_oneof![0u64..100_000, 0u64..100_000_000]) {
            let text = written(number);
            prop_assert_eq!(value(&text), Some(number), "{}", text);
        }

        #[test]
        fn english_values_come_back(number in prop_oneof![0u64..10_000, 0u64..1_000_000], and: bool) {
            let text = spelled(number, and);
            prop_assert_eq!(value(&text), Some(number), "{}", text);
        }

        #[test]
        fn digits_lead_back_and_stay(words in proptest::collection::vec(prop_oneof![
            proptest::sample::select("零一二两三五八九十百千万亿幺我天".split("").collect::<Vec<_>>()),
            proptest::sample::select(vec![
                " one ", " two ", " five ", " twelve ", " twenty ", " ninety ", " hundred ", " thousand ", " and ",
                " oh ", " zero ", " 5 ", " you ", " ",
            ]),
        ], 0..12)) {
            let text = words.concat();
            let once = fold_phrase(&text);
            prop_assert_eq!(fold_phrase(&once), once.clone(), "{}", text);
            let segment = Segment {
                speaker: Speaker::Debtor,
                start_ms: Millis(0),
                end_ms: Millis(1),
                text: text.clone(),
                channel: None,
                confidence: None,
                words: Vec::new(),
            };
            let stream = Stream::of(Speaker::Debtor, &[segment]);
            prop_assert_eq!(stream.text.trim_end(), once);
            let runs = stream.text.char_indices().filter(|(_, c)| c.is_ascii_digit());
            for (at, c) in runs {
                let (origin, last) = stream.origin(at, at + 1).unwrap();
                prop_assert_eq!(origin, last);
                let whole = &text[origin.start..origin.end];
                prop_assert!(fold_phrase(whole).contains(c), "{} in {}", c, whole);
            }
        }
    }
}

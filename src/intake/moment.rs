//! Whether a text is a moment.
//!
//! Comes in: the text of a `started_at` cell. Goes out: [`Moment`]. Only this file knows the grammar of RFC 3339; the
//! text itself is never rewritten.

/// What a text says about a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Date, time and zone: RFC 3339.
    Zoned,
    /// A date or time of day, and no zone.
    Zoneless,
    /// Something else.
    Unclear,
}

/// Reads a text.
pub(super) fn read(text: &str) -> Moment {
    if is_rfc3339(text) {
        return Moment::Zoned;
    }
    let zone = text.find([':', '时']).is_some_and(|at| text[at..].contains(['+', '-', '−']))
        || text
            .contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'T' | 't' | 'A' | 'a' | 'P' | 'p' | 'M' | 'm'));
    let dated = text.chars().filter(char::is_ascii_digit).count() >= 6;
    if dated && !zone { Moment::Zoneless } else { Moment::Unclear }
}

/// `2026-03-03T19:12:40+08:00`, with `T` or a space, with or without a fraction, with `Z` or an offset.
fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = bytes.get(from..to).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    };
    let mark = |at: usize, choices: &[u8]| bytes.get(at).is_some_and(|byte| choices.contains(byte));
    let marks = mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":") && mark(16, b":");
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (number(11, 13), number(14, 16), number(17, 19)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    let mut at = 19;
    if mark(at, b".") {
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        at += 1 + digits;
    }
    let zone = match bytes.len() - at {
        1 => mark(at, b"Zz"),
        6 => {
            mark(at, b"+-")
                && mark(at + 3, b":")
                && number(at + 1, at + 3).is_some_and(|hours| hours <= 23)
                && number(at + 4, at + 6).is_some_and(|minutes| minutes <= 59)
        }
        _ => false,
    };
    marks && (1..=days).contains(&day) && hour <= 23 && minute <= 59 && second <= 60 && zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_zone_makes_a_moment() {
        for text in [
            "2026-03-03T19:12:40+08:00",
            "2026-03-03T19:12:40Z",
            "2026-03-03 19:12:40.125-05:30",
            "2024-02-29t00:00:00z",
        ] {
            assert_eq!(read(text), Moment::Zoned, "{text}");
        }
        for text in
            ["2026-03-03 19:12:40", "2026/3/3 19:12", "2026-03-03T19:12", "2026年3月3日19时12分", "3/13/2026 7:12 PM"]
        {
            assert_eq!(read(text), Moment::Zoneless, "{text}");
        }
        for text in
            ["", "yesterday", "2026-03-03T19:12:40 CST", "2026-03-03T19:12:40+0800", "2026-02-29T00:00:00Z", "周一"]
        {
            assert_eq!(read(text), Moment::Unclear, "{text}");
        }
    }
}

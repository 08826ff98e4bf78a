//! Sound: which Han characters a recogniser may write for one another.
//!
//! Comes in: characters. Goes out: whether two of them sound alike, and text with every Han character replaced by its
//! sound, byte for byte as long as before. Only this file knows pinyin: all readings without tone, and the confusions
//! that accents and recognisers make: zh z, ch c, sh s, n l, ang an, eng en, ing in, h f.

use std::collections::HashMap;
use std::sync::OnceLock;

use pinyin::{ToPinyin, ToPinyinMulti};

use super::fold::is_han;

/// The first sound: sounds are written as characters of the private use area, three bytes each as Han characters are.
const FIRST: u32 = 0xe000;
/// How many readings of a character are looked at; the rarer ones stand in names and classical texts.
pub const READINGS: usize = 4;
/// The characters that are looked up: all that recognisers write.
const KNOWN: std::ops::RangeInclusive<u32> = 0x4e00..=0x9fff;

/// Characters with more than one reading in daily speech. The rarer readings of others (央 as yīng) would make half of the
/// language sound alike.
const SEVERAL: &str = "行长重还得都乐觉调差传弹率单给薄血色露会什曾藏朝车盛系校解查区仇说落模强省似塞折着了地的和角卡\
                       扒更降咽没只大那哪谁熟这把恶兴称分转";

/// See [`sounds`].
pub type Sounds = [u16; READINGS];

/// For each character of [`KNOWN`] its sounds, the usual one first; 0 is none.
fn table() -> &'static [Sounds] {
    static TABLE: OnceLock<Vec<Sounds>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut numbers: HashMap<String, u16> = HashMap::new();
        KNOWN
            .map(|code| {
                let mut sounds = Sounds::default();
                let readings = char::from_u32(code).and_then(|c| c.to_pinyin_multi());
                let mut known = 0;
                for reading in readings.into_iter().flatten() {
                    let next = u16::try_from(numbers.len() + 1).unwrap_or(u16::MAX);
                    let sound = *numbers.entry(merged(reading.plain())).or_insert(next);
                    let usual = known == 0 || char::from_u32(code).is_some_and(|c| SEVERAL.contains(c));
                    if usual && known < READINGS && !sounds.contains(&sound) {
                        sounds[known] = sound;
                        known += 1;
                    }
                }
                sounds
            })
            .collect()
    })
}

/// A syllable without the differences that are often not heard.
fn merged(syllable: &str) -> String {
    let mut sound = syllable.to_string();
    for (from, to) in [("zh", "z"), ("ch", "c"), ("sh", "s")] {
        if let Some(rest) = sound.strip_prefix(from) {
            sound = format!("{to}{rest}");
        }
    }
    for (from, to) in [("n", "l"), ("f", "h")] {
        if let Some(rest) = sound.strip_prefix(from).filter(|rest| !rest.is_empty()) {
            sound = format!("{to}{rest}");
        }
    }
    for (from, to) in [("ang", "an"), ("eng", "en"), ("ing", "in")] {
        if let Some(rest) = sound.strip_suffix(from) {
            sound = format!("{rest}{to}");
        }
    }
    sound
}

/// The sounds a character may have, the usual one first; 0 is none.
pub fn sounds(c: char) -> Sounds {
    let code = u32::from(c);
    if KNOWN.contains(&code) { table()[(code - KNOWN.start()) as usize] } else { Sounds::default() }
}

/// Whether two characters are the same or sound alike in one of their readings.
pub fn sound_alike(a: char, b: char) -> bool {
    a == b || {
        let other = sounds(b);
        sounds(a).iter().any(|sound| *sound != 0 && other.contains(sound))
    }
}

/// The text with each Han character as its `reading`th sound (0 is the usual one; characters with fewer readings take
/// their last). Everything else stays, and so does the length of every character in bytes.
pub fn as_sounds(text: &str, reading: usize) -> String {
    text.chars()
        .map(|c| {
            let sound = sounds(c).into_iter().take(reading + 1).rfind(|sound| *sound != 0);
            sound.filter(|_| is_han(c)).and_then(|sound| char::from_u32(FIRST + u32::from(sound))).unwrap_or(c)
        })
        .collect()
}

/// The common characters that share a character's usual reading, tone aside: what a recogniser may write for it. Common
/// are the 3,755 of GB 2312's first level.
pub fn homophones(c: char) -> &'static [char] {
    static TABLE: OnceLock<HashMap<char, Vec<char>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut by_sound: HashMap<&str, Vec<char>> = HashMap::new();
        let rows = (0xb0..=0xd7u8).flat_map(|row| (0xa1..=0xfeu8).map(move |cell| [row, cell]));
        for code in rows {
            let (text, _, broken) = encoding_rs::GBK.decode(&code);
            if let Some(c) = text.chars().next().filter(|c| !broken && is_han(*c))
                && let Some(sound) = c.to_pinyin()
            {
                by_sound.entry(sound.plain()).or_default().push(c);
            }
        }
        let mut table = HashMap::new();
        for alike in by_sound.values() {
            for &c in alike {
                table.insert(c, alike.iter().copied().filter(|other| *other != c).collect());
            }
        }
        table
    });
    table.get(&c).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_recognisers_mix_up_sounds_alike() {
        for (a, b) in [
            ("催", "崔"),
            ("征", "真"),
            ("老", "脑"),
            ("湖", "福"),
            ("行", "航"),
            ("行", "星"),
            ("上", "三"),
            ("情", "亲"),
        ] {
            assert!(sound_alike(a.parse().unwrap(), b.parse().unwrap()), "{a} {b}");
        }
        for (a, b) in [("催", "收"), ("你", "我"), ("a", "b"), ("a", "爱")] {
            assert!(!sound_alike(a.parse().unwrap(), b.parse().unwrap()), "{a} {b}");
        }
        assert_eq!(as_sounds("催收", 0), as_sounds("崔收", 0));
        assert_eq!(as_sounds("pay 110", 0), "pay 110");
    }

    #[test]
    fn homophones_sound_alike() {
        assert!(homophones('收').contains(&'手') && !homophones('收').contains(&'收'));
        assert!(homophones('a').is_empty());
    }

    proptest! {
        #[test]
        fn every_character_keeps_its_place(text in "\\PC{0,60}", reading in 0usize..4) {
            let spelled = as_sounds(&text, reading);
            prop_assert_eq!(spelled.len(), text.len());
            prop_assert!(text.char_indices().zip(spelled.char_indices()).all(|((a, _), (b, _))| a == b));
        }
    }
}

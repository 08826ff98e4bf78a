//! Believing: which of the recogniser's words were said.
//!
//! Comes in: a recognised segment with its qualities. Goes out: why it is not believed, or nothing. Recognisers of
//! Whisper's kind fill noise and silence with what closes a video ("字幕由…", "thanks for watching"), and get caught in
//! loops. Only this file knows those habits. What is not believed is kept apart, never judged.

use crate::normalise::fold_phrase;

/// Stock phrases from subtitles, folded. A segment that is nothing else is not believed.
const PHANTOMS: &[&str] = &[
    "字幕由amaraorg社区提供",
    "字幕由 amara org 社区提供",
    "由amara org社区提供的字幕",
    "请不吝点赞订阅转发打赏支持明镜与点点栏目",
    "明镜与点点栏目",
    "请不吝点赞",
    "点赞订阅转发",
    "中文字幕志愿者",
    "中文字幕提供",
    "字幕志愿者",
    "字幕组",
    "谢谢观看",
    "感谢观看",
    "谢谢大家收看",
    "谢谢收看",
    "感谢收看",
    "多谢您的观看",
    "优优独播剧场",
    "yoyo television series exclusive",
    "下集再见",
    "词曲",
    "thanks for watching",
    "thank you for watching",
    "thank you so much for watching",
    "please subscribe",
    "like and subscribe",
    "subtitles by the amara org community",
    "subtitled by",
    "transcribed by",
    "translated by",
    "amara org",
    "dont forget to subscribe",
    "see you in the next video",
    "music",
    "applause",
    "blank audio",
    "silence",
];

/// The qualities of a recognised segment.
pub(super) struct Quality<'a> {
    pub text: &'a str,
    /// Mean token probability, 0 to 1.
    pub confidence: f64,
    /// The model's own probability that there is no speech, 0 to 1.
    pub no_speech: f64,
    pub length_ms: u64,
}

/// Why a segment isn't believed: `phantom`, `loop`, `no-speech`; `None` when it is.
pub(super) fn doubt(quality: &Quality<'_>) -> Option<&'static str> {
    let folded = fold_phrase(quality.text);
    if folded.is_empty() {
        return Some("no-speech");
    }
    // Whisper's own rule: probably no speech, and unsure of the words.
    if quality.no_speech > 0.6 && quality.confidence < 0.45 {
        return Some("no-speech");
    }
    if PHANTOMS.iter().any(|phantom| is_nothing_but(&folded, phantom)) {
        return Some("phantom");
    }
    if loops(&folded) || too_fast(&folded, quality.length_ms) {
        return Some("loop");
    }
    None
}

/// A phantom with at most a few characters around it.
fn is_nothing_but(folded: &str, phantom: &str) -> bool {
    let length = folded.chars().count();
    let own = phantom.chars().count();
    folded.contains(phantom) && (length <= own + 6 || own * 3 >= length * 2)
}

/// The same few characters, or words, five times and more, making up most of the text.
fn loops(folded: &str) -> bool {
    let characters: Vec<char> = folded.chars().collect();
    for size in 2..=characters.len() / 5 {
        for start in 0..size.min(characters.len().saturating_sub(size * 5) + 1) {
            let unit = &characters[start..start + size];
            let times = characters[start..].chunks(size).take_while(|chunk| *chunk == unit).count();
            if times >= 5 && times * size * 3 >= characters.len() * 2 {
                return true;
            }
        }
    }
    false
}

/// More than a person can say: over 25 Latin letters or 14 Han characters a second.
fn too_fast(folded: &str, length_ms: u64) -> bool {
    let weight: u64 = folded.chars().map(|c| if crate::normalise::is_han(c) { 25 } else { 14 }).sum();
    weight > 40 * 14 && weight * 1000 > 25 * 14 * length_ms.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<&'static str> {
        doubt(&Quality { text, confidence: 0.9, no_speech: 0.1, length_ms: 5_000 })
    }

    #[test]
    fn phantoms_and_loops_are_not_believed() {
        assert_eq!(of("請不吝點讚 訂閱 轉發 打賞支持明鏡與點點欄目"), Some("phantom"));
        assert_eq!(of("Thanks for watching!"), Some("phantom"));
        assert_eq!(of("还钱啊还钱啊还钱啊还钱啊还钱啊还钱啊"), Some("loop"));
        assert_eq!(of("pay now pay now pay now pay now pay now pay now"), Some("loop"));
        assert_eq!(of("…"), Some("no-speech"));
        let unsure = Quality { text: "还钱", confidence: 0.2, no_speech: 0.9, length_ms: 900 };
        assert_eq!(doubt(&unsure), Some("no-speech"));
    }

    #[test]
    fn real_talk_is_believed() {
        for text in [
            "谢谢",
            "您好，请问是张伟先生本人吗？",
            "好的好的好的",
            "thank you for calling",
            "7 7 0 2",
            "no no no no I said no",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}

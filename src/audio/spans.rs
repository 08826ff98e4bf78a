//! From scores of frames to spans of speech.
//!
//! In: one score per frame. Out: [`SpeechSpan`]s, in order, padded, not overlapping. Only this
//! file knows the rules: hysteresis, shortest speech, shortest pause, padding.

use serde::{Deserialize, Serialize};

/// A stretch in which somebody talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeechSpan {
    /// Start in milliseconds from the start of the track.
    pub start_ms: u64,
    /// End in milliseconds, exclusive, after the start.
    pub end_ms: u64,
}

/// How scores become spans.
#[derive(Debug, Clone, PartialEq)]
pub struct VadSettings {
    /// Score (0..1) from which speech starts.
    pub start_score: f32,
    /// Score below which speech ends; lower than `start_score`, so that soft syllables do not cut
    /// a word.
    pub end_score: f32,
    /// Bursts shorter than this are dropped, in milliseconds, before padding.
    pub min_speech_ms: u64,
    /// Pauses shorter than this do not split a span, in milliseconds.
    pub min_silence_ms: u64,
    /// Added before the first frame of speech, in milliseconds.
    pub pad_before_ms: u64,
    /// Added after the last frame of speech, in milliseconds.
    pub pad_after_ms: u64,
}

impl Default for VadSettings {
    fn default() -> Self {
        Self {
            start_score: 0.45,
            end_score: 0.35,
            min_speech_ms: 80,
            min_silence_ms: 300,
            pad_before_ms: 200,
            pad_after_ms: 200,
        }
    }
}

/// Hysteresis, minimum lengths and padding.
pub(crate) fn spans(scores: &[f32], frame_ms: u64, len_ms: u64, settings: &VadSettings) -> Vec<SpeechSpan> {
    let mut found: Vec<(u64, u64)> = Vec::new();
    let mut start: Option<usize> = None;
    for at in 0..=scores.len() {
        let score = scores.get(at).copied().unwrap_or(0.0);
        match start {
            None if score >= settings.start_score => start = Some(at),
            Some(from) if score < settings.end_score => {
                found.push((from as u64 * frame_ms, at as u64 * frame_ms));
                start = None;
            }
            _ => {}
        }
    }
    // First join what a short pause separates, then drop what is still too short: a word broken
    // into syllables survives, a lone click does not.
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (from, to) in found {
        match joined.last_mut() {
            Some(last) if from - last.1 < settings.min_silence_ms => last.1 = to,
            _ => joined.push((from, to)),
        }
    }
    joined.retain(|(from, to)| to - from >= settings.min_speech_ms);
    pad(&joined, len_ms, settings)
}

/// Pads spans; where two of them would overlap, the pause between them is shared out.
fn pad(spoken: &[(u64, u64)], len_ms: u64, settings: &VadSettings) -> Vec<SpeechSpan> {
    let mut spans: Vec<SpeechSpan> = Vec::with_capacity(spoken.len());
    for (at, (from, to)) in spoken.iter().enumerate() {
        let mut start_ms = from.saturating_sub(settings.pad_before_ms);
        let mut end_ms = to.saturating_add(settings.pad_after_ms).min(len_ms);
        if let Some(last) = spans.last() {
            start_ms = start_ms.max(last.end_ms);
        }
        if let Some((next, _)) = spoken.get(at + 1) {
            let room = next.saturating_sub(settings.pad_before_ms).max(*to);
            // The beginning of the next word matters more than the echo of the last one.
            end_ms = end_ms.min(room.max(to + (next - to) / 2));
        }
        if start_ms < end_ms {
            spans.push(SpeechSpan { start_ms, end_ms });
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_ordered_padded_and_inside_the_track() {
        let settings = VadSettings::default();
        let mut scores = vec![0.0f32; 200];
        scores[2..20].fill(0.9);
        scores[45..60].fill(0.9);
        scores[62..64].fill(0.0);
        scores[64..80].fill(0.9);
        scores[120..122].fill(0.9);
        scores[190..200].fill(0.9);
        let spans = spans(&scores, 16, 3_195, &settings);
        let pairs: Vec<_> = spans.iter().map(|s| (s.start_ms, s.end_ms)).collect();
        assert_eq!(pairs, [(0, 520), (520, 1_480), (2_840, 3_195)]);
    }
}

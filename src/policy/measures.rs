//! Measures of the talk: who talks how much, how fast, at once, and when nobody does.
//!
//! Comes in: a transcript. Goes out: [`Conversation`], and the single silences. Only this file knows how they are computed
//! from segments.

use crate::call::{Millis, Speaker};
use crate::normalise::{fold_phrase, units};
use crate::record::{Conversation, Rate};
use crate::transcript::Transcript;

/// The measures of one call. Times are those of the segments; overlap shorter than 300 ms is turn-taking, not interruption.
pub(super) fn conversation(transcript: &Transcript) -> Conversation {
    const TURN_TAKING: Millis = Millis(300);
    let mut talk = [Millis(0); 2];
    let mut said = [0usize; 2];
    let mut overlaps = 0;
    let mut reached: Option<(Millis, Speaker)> = None;
    for segment in &transcript.segments {
        let side = usize::from(segment.speaker != Speaker::Collector);
        if segment.speaker != Speaker::Unknown {
            talk[side].0 += segment.start_ms.until(segment.end_ms).0;
            said[side] += units(&fold_phrase(&segment.text));
        }
        if let Some((end, speaker)) = reached {
            overlaps += usize::from(speaker != segment.speaker && segment.start_ms.until(end) > TURN_TAKING);
        }
        if reached.is_none_or(|(end, _)| segment.end_ms > end) {
            reached = Some((segment.end_ms, segment.speaker));
        }
    }
    let all = talk[0].0 + talk[1].0;
    let ratio = if all == 0 { 0.0 } else { talk[0].0 as f64 / all as f64 };
    let rate = |side: usize| {
        let minutes = talk[side].0 as f64 / 60_000.0;
        (talk[side].0 >= 1_000).then(|| (said[side] as f64 / minutes).round() as u32)
    };
    Conversation {
        talk_ratio: (ratio * 1000.0).round() / 1000.0,
        overlaps,
        longest_silence_ms: silences(transcript).map(|(from, to)| from.until(to)).max().unwrap_or_default(),
        rate: Rate { collector: rate(0), debtor: rate(1) },
        stages: Vec::new(),
        stance: None,
    }
}

/// The stretches in which nobody speaks: from the end of the last words before to the start of the next.
pub(super) fn silences(transcript: &Transcript) -> impl Iterator<Item = (Millis, Millis)> {
    let mut reached: Option<Millis> = None;
    transcript.segments.iter().filter_map(move |segment| {
        let before = reached;
        reached = before.max(Some(segment.end_ms));
        before.filter(|end| *end < segment.start_ms).map(|end| (end, segment.start_ms))
    })
}

/// How long the call is: as long as its recording, else from the start to the last words.
pub(super) fn duration(transcript: &Transcript) -> Millis {
    let spoken = || transcript.segments.iter().map(|segment| segment.end_ms).max().unwrap_or_default();
    transcript.sound.as_ref().map_or_else(spoken, |sound| sound.duration_ms)
}

//! Pieces: which stretches of a track are listened to at once.
//!
//! Comes in: a track and where there is speech on it. Goes out: pieces no longer than the model takes, cut at pauses,
//! never within a word if a pause can be had. Only this file decides where a recording is cut.

use crate::audio::{SpeechSpan, Track};

/// A stretch of a track, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub start: u64,
    pub end: u64,
}

/// How pieces are cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cutting {
    /// The longest piece.
    pub longest_ms: u64,
    /// Speech parted by a shorter pause stays together, if the piece doesn't grow too long.
    pub join_ms: u64,
}

/// Cuts a track.
pub(super) fn cut(track: &Track, spans: &[SpeechSpan], cutting: Cutting) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for span in spans {
        match pieces.last_mut() {
            Some(last)
                if span.start_ms.saturating_sub(last.end) <= cutting.join_ms
                    && span.end_ms - last.start <= cutting.longest_ms =>
            {
                last.end = span.end_ms;
            }
            _ => pieces.push(Piece { start: span.start_ms, end: span.end_ms }),
        }
    }
    pieces.into_iter().flat_map(|piece| split(track, piece, cutting.longest_ms)).collect()
}

/// Halves a piece at its quietest place until every part is short enough.
fn split(track: &Track, piece: Piece, longest: u64) -> Vec<Piece> {
    let length = piece.end - piece.start;
    if length <= longest {
        return vec![piece];
    }
    // Looked for in the middle half, so that no crumb remains; the last cut may come as late as the limit allows.
    let from = piece.start + length / 4;
    let to = (piece.end - length / 4).min(piece.start + longest);
    let at = quietest(track, from.min(to), to);
    let mut parts = split(track, Piece { start: piece.start, end: at }, longest);
    parts.extend(split(track, Piece { start: at, end: piece.end }, longest));
    parts
}

/// The middle of the quietest 60 ms between two moments.
fn quietest(track: &Track, from: u64, to: u64) -> u64 {
    const WINDOW: u64 = 60;
    const STEP: u64 = 10;
    let mut best = (f64::INFINITY, (from + to) / 2);
    let mut at = from;
    while at + WINDOW <= to {
        let energy: f64 = track.slice(at, at + WINDOW).iter().map(|sample| f64::from(*sample).powi(2)).sum();
        if energy < best.0 {
            best = (energy, at + WINDOW / 2);
        }
        at += STEP;
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_speech_joins_and_long_speech_is_cut_at_the_quietest_place() {
        let mut samples = vec![8_000i16; 8 * 20_000];
        samples[8 * 9_000..8 * 9_100].fill(0);
        let track = Track::new(8_000, samples);
        let cutting = Cutting { longest_ms: 12_000, join_ms: 400 };
        let spans =
            [(0, 1_000), (1_300, 2_000), (4_000, 19_000)].map(|(start_ms, end_ms)| SpeechSpan { start_ms, end_ms });
        let pieces = cut(&track, &spans, cutting);
        assert_eq!(pieces[0], Piece { start: 0, end: 2_000 });
        assert!((9_000..9_100).contains(&pieces[1].end), "{pieces:?}");
        assert_eq!((pieces[1].start, pieces[2].end), (4_000, 19_000));
        assert!(pieces.iter().all(|piece| piece.end - piece.start <= 12_000));
    }
}

//! One channel of decoded sound, and what other rooms may ask of it.
//!
//! In: 16-bit samples at 8 or 16 kHz. Out: lengths, levels and 16 kHz pieces for the recogniser.
//! Only this file knows how samples are stored and how milliseconds map to them.

use std::fmt;

use super::problem::AudioProblem;
use super::resample::{StreamResampler, resample_all};

/// The rate the recogniser and the speech detector want, in Hz.
pub(crate) const WIDE_HZ: u32 = 16_000;
/// The rate telephone sound is kept at, in Hz.
pub(crate) const TELEPHONE_HZ: u32 = 8_000;

/// Sound around a piece that takes part in the conversion to 16 kHz, so that the piece's edges
/// sound the same as in the middle of the track. Longer than half of the filter.
const MARGIN_MS: u64 = 20;

/// One decoded recording: one track per channel.
///
/// Samples are kept as `i16` at 8 kHz (sources up to 8 kHz) or 16 kHz (all others), so an hour of
/// stereo telephone sound costs about 115 MB.
#[derive(Debug)]
pub struct Pcm {
    /// One track per channel, all of the same length and rate.
    pub tracks: Vec<Track>,
    /// Length in milliseconds, rounded to the nearest.
    pub duration_ms: u64,
    /// Channels of the source, equal to `tracks.len()`.
    pub channels: u16,
    /// Sample rate of the source in Hz.
    pub sample_rate_hz: u32,
    /// ffmpeg's name of the source's codec: `pcm_alaw`, `mp3`, `opus`, `gsm_ms`, …
    pub codec: String,
    /// What is wrong with the sound although it could be decoded.
    pub problems: Vec<AudioProblem>,
}

/// One channel. `Debug` prints lengths only, never samples.
#[derive(Clone, PartialEq, Eq)]
pub struct Track {
    /// Samples per second: 8000 or 16000.
    pub rate_hz: u32,
    samples: Vec<i16>,
}

impl fmt::Debug for Track {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Track")
            .field("rate_hz", &self.rate_hz)
            .field("samples", &self.samples.len())
            .field("len_ms", &self.len_ms())
            .finish()
    }
}

impl Track {
    /// A track out of samples at 8 or 16 kHz; any other rate is converted to 16 kHz.
    pub fn new(rate_hz: u32, samples: Vec<i16>) -> Self {
        if rate_hz == TELEPHONE_HZ || rate_hz == WIDE_HZ {
            return Self { rate_hz, samples };
        }
        let wide: Vec<f32> = samples.iter().map(|s| to_f32(*s)).collect();
        let samples = resample_all(&wide, rate_hz, WIDE_HZ).iter().map(|s| to_i16(*s)).collect();
        Self { rate_hz: WIDE_HZ, samples }
    }

    /// Length in milliseconds, rounded to the nearest.
    pub fn len_ms(&self) -> u64 {
        (self.samples.len() as u64 * 1000 + u64::from(self.rate_hz) / 2) / u64::from(self.rate_hz)
    }

    /// True where there is not one sample.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// All samples at `rate_hz`.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// The samples between two times in milliseconds, clamped to the track, at `rate_hz`.
    pub fn slice(&self, start_ms: u64, end_ms: u64) -> &[i16] {
        let start = self.index_of(start_ms);
        let end = self.index_of(end_ms).max(start);
        self.samples.get(start..end).unwrap_or_default()
    }

    /// 16 kHz mono `f32` in -1..1 between two times in milliseconds, clamped to the track.
    ///
    /// Adjacent pieces fit together without a seam: sound beyond the edges takes part in the
    /// conversion. An end before the start gives an empty piece.
    pub fn piece(&self, start_ms: u64, end_ms: u64) -> Vec<f32> {
        if self.rate_hz == WIDE_HZ {
            return self.slice(start_ms, end_ms).iter().map(|s| to_f32(*s)).collect();
        }
        let start = self.index_of(start_ms);
        let end = self.index_of(end_ms).max(start);
        let margin = self.index_of_ms(MARGIN_MS);
        let from = start.saturating_sub(margin);
        let to = end.saturating_add(margin).min(self.samples.len());
        let source: Vec<f32> = match self.samples.get(from..to) {
            Some(part) if end > start => part.iter().map(|s| to_f32(*s)).collect(),
            _ => return Vec::new(),
        };
        let mut wide = resample_all(&source, self.rate_hz, WIDE_HZ);
        let factor = (WIDE_HZ / self.rate_hz) as usize;
        wide.truncate((end - from) * factor);
        wide.drain(..((start - from) * factor).min(wide.len()));
        wide
    }

    /// Root-mean-square level between two times, in dB below full scale; -120 for digital silence.
    pub fn level_dbfs(&self, start_ms: u64, end_ms: u64) -> f64 {
        let part = self.slice(start_ms, end_ms);
        let power: f64 = part.iter().map(|s| f64::from(to_f32(*s)).powi(2)).sum();
        10.0 * (power / part.len().max(1) as f64 + 1e-12).log10()
    }

    /// The whole track at 16 kHz in pieces of some hundred samples, without holding it all.
    pub(crate) fn stream_wide(&self, sink: &mut dyn FnMut(&[f32])) {
        const BLOCK: usize = 4_096;
        let mut buffer = Vec::with_capacity(BLOCK);
        let mut resampler = match self.rate_hz {
            WIDE_HZ => None,
            rate => StreamResampler::new(rate, WIDE_HZ),
        };
        for block in self.samples.chunks(BLOCK) {
            buffer.clear();
            buffer.extend(block.iter().map(|s| to_f32(*s)));
            match &mut resampler {
                Some(resampler) => resampler.push(&buffer, sink),
                None => sink(&buffer),
            }
        }
        if let Some(resampler) = &mut resampler {
            resampler.finish(sink);
        }
    }

    fn index_of(&self, ms: u64) -> usize {
        self.index_of_ms(ms).min(self.samples.len())
    }

    fn index_of_ms(&self, ms: u64) -> usize {
        let index = ms.saturating_mul(u64::from(self.rate_hz)) / 1000;
        usize::try_from(index).unwrap_or(usize::MAX)
    }
}

/// Two channels of one call as one track: the mean of both, so that nothing can overflow.
///
/// Where one track is longer, its tail is kept (halved like the rest). Tracks at different rates
/// are brought to 16 kHz first.
pub fn mix(a: &Track, b: &Track) -> Track {
    if a.rate_hz != b.rate_hz {
        return mix(&widened(a), &widened(b));
    }
    let length = a.samples.len().max(b.samples.len());
    let samples = (0..length)
        .map(|at| {
            let of = |track: &Track| i32::from(track.samples.get(at).copied().unwrap_or(0));
            i16::try_from((of(a) + of(b)) / 2).unwrap_or(0)
        })
        .collect();
    Track { rate_hz: a.rate_hz, samples }
}

fn widened(track: &Track) -> Track {
    let mut samples = Vec::with_capacity(track.samples.len() * 2);
    track.stream_wide(&mut |block| samples.extend(block.iter().map(|s| to_i16(*s))));
    Track { rate_hz: WIDE_HZ, samples }
}

/// A 16-bit sample in -1..1.
pub(crate) fn to_f32(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// The nearest 16-bit sample; values beyond full scale are held there.
pub(crate) fn to_i16(sample: f32) -> i16 {
    // `as` saturates and takes NaN to 0, which is what is wanted here.
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testkit::{noise, tone, track8};
    use std::time::Instant;

    #[test]
    fn pieces_are_clamped_and_exactly_long() {
        let track = track8(&tone(&[300.0], 0.3, 8_000, 1_000));
        assert_eq!(track.len_ms(), 1_000);
        assert_eq!(track.piece(0, 1_000).len(), 16_000);
        assert_eq!(track.piece(900, 5_000).len(), 1_600);
        assert_eq!(track.piece(0, u64::MAX).len(), 16_000);
        assert!(track.piece(500, 400).is_empty());
        assert!(track.piece(2_000, 3_000).is_empty());
        assert_eq!(track.piece(10, 11).len(), 16);
    }

    #[test]
    fn adjacent_pieces_have_no_seam() {
        let track = track8(&noise(3, 0.3, 8_000, 2_000));
        let whole = track.piece(0, 2_000);
        let mut joined = track.piece(0, 777);
        joined.extend(track.piece(777, 1_003));
        joined.extend(track.piece(1_003, 2_000));
        assert_eq!(whole.len(), joined.len());
        let worst = whole.iter().zip(&joined).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
        assert!(worst < 0.01, "seam of {worst}");
    }

    #[test]
    fn thousands_of_pieces_are_cheap() {
        let track = track8(&noise(4, 0.3, 8_000, 60_000));
        let start = Instant::now();
        let samples: usize = (0..2_000).map(|at| track.piece(at * 29, at * 29 + 300).len()).sum();
        assert_eq!(samples, 2_000 * 4_800);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn mixing_cannot_overflow_and_keeps_the_tail() {
        let a = Track::new(8_000, vec![i16::MAX, i16::MIN, 100]);
        let b = Track::new(8_000, vec![i16::MAX, i16::MIN]);
        assert_eq!(mix(&a, &b).samples(), &[i16::MAX, i16::MIN, 50]);
        let wide = Track::new(16_000, vec![0; 32]);
        assert_eq!(mix(&a, &wide).rate_hz, 16_000);
    }

    #[test]
    fn debug_prints_no_samples() {
        let text = format!("{:?}", Track::new(8_000, vec![1234; 800]));
        assert_eq!(text, "Track { rate_hz: 8000, samples: 800, len_ms: 100 }");
    }
}

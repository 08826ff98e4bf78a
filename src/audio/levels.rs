//! The level meter: how loud a channel's speech is, and whether it is clipped or silent.
//!
//! In: a track. Out: a [`Levels`] summary, and from it the problems `clipping`, `silent-channel`
//! and `too-quiet`. Only this file knows what counts as loud, quiet and full scale.

use super::problem::AudioProblem;
use super::track::Track;

/// Frame length for level statistics, in milliseconds.
const FRAME_MS: usize = 20;
/// Frames below this are silence or line noise, in dBFS.
pub(crate) const FLOOR_DB: f64 = -60.0;
/// Fewer loud frames than this (100 ms) in a whole track are clicks, not speech.
pub(crate) const MIN_LOUD_FRAMES: u64 = 5;
/// Loud frames lie within this many dB of the loudest ones; they stand for the speech.
const SPEECH_RANGE_DB: f64 = 25.0;
/// Speech whose level is lower than this is too quiet to be trusted, in dBFS.
const QUIET_DB: f64 = -42.0;
/// A-law tops out at 32256 and mu-law at 32124, so "full scale" begins a little below 32767.
const FULL_SCALE: u16 = 32_000;
/// Share of full-scale samples in loud frames from which a channel counts as clipped.
const CLIPPED_SHARE: f64 = 0.01;

/// Level statistics of one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Levels {
    /// Mean level of the loud frames in dBFS, -120 where there are none.
    pub(crate) speech_db: f64,
    /// Share of full-scale samples within the loud frames, 0..1.
    pub(crate) full_scale_share: f64,
    /// Frames above the floor.
    pub(crate) audible_frames: u64,
}

/// Frames counted by level, one bucket per dB from -120 to 0 dBFS.
pub(crate) struct Histogram {
    buckets: [Bucket; 121],
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    frames: u64,
    full: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: [Bucket::default(); 121] }
    }

    /// Counts one frame of `db` dBFS with `full` samples at full scale.
    pub(crate) fn add(&mut self, db: f64, full: u64) {
        let index = (db.clamp(-120.0, 0.0).round() + 120.0) as usize;
        if let Some(bucket) = self.buckets.get_mut(index) {
            bucket.frames += 1;
            bucket.full += full;
        }
    }

    /// Sums up frames of `frame` samples each.
    pub(crate) fn levels(&self, frame: usize) -> Levels {
        let with_db = || (0..).map(|at| f64::from(at) - 120.0).zip(&self.buckets);
        let audible_frames = with_db().filter(|(db, _)| *db > FLOOR_DB).map(|(_, bucket)| bucket.frames).sum::<u64>();

        // The loudest 1 % of audible frames (at least five of them) mark the top, so that one
        // door slam cannot move it.
        let top_count = (audible_frames / 100).max(MIN_LOUD_FRAMES);
        let mut seen = 0;
        let mut top_db = -120.0;
        for (index, bucket) in self.buckets.iter().enumerate().rev() {
            seen += bucket.frames;
            if seen >= top_count {
                top_db = index as f64 - 120.0;
                break;
            }
        }
        let (mut frames, mut full, mut power) = (0u64, 0u64, 0.0f64);
        let least = FLOOR_DB.max(top_db - SPEECH_RANGE_DB);
        for (db, bucket) in with_db().filter(|(db, _)| *db > least) {
            frames += bucket.frames;
            full += bucket.full;
            power += bucket.frames as f64 * 10f64.powf(db / 10.0);
        }
        let speech_db = match frames {
            0 => -120.0,
            _ => 10.0 * (power / frames as f64 + 1e-12).log10(),
        };
        Levels {
            speech_db,
            full_scale_share: full as f64 / (frames.max(1) * frame.max(1) as u64) as f64,
            audible_frames,
        }
    }
}

/// Level of one frame in dBFS, -120 for digital silence.
pub(crate) fn frame_db(power_sum: f64, samples: usize) -> f64 {
    10.0 * (power_sum / samples.max(1) as f64 + 1e-12).log10()
}

/// Measures a track in one pass.
pub(crate) fn measure(track: &Track) -> Levels {
    let frame = FRAME_MS * track.rate_hz as usize / 1000;
    let mut histogram = Histogram::new();
    for part in track.samples().chunks(frame.max(1)) {
        let (mut power, mut full) = (0i64, 0u64);
        for sample in part {
            power += i64::from(*sample) * i64::from(*sample);
            full += u64::from(sample.unsigned_abs() >= FULL_SCALE);
        }
        let scale = 32_768.0 * 32_768.0;
        histogram.add(frame_db(power as f64 / scale, part.len()), full);
    }
    histogram.levels(frame)
}

/// What a reviewer should know about the level of `track`, which is channel `channel` (from 0).
pub(crate) fn level_problems(channel: usize, track: &Track) -> Option<AudioProblem> {
    let levels = measure(track);
    if levels.audible_frames < MIN_LOUD_FRAMES {
        // A recording shorter than 100 ms cannot have five frames; judge it by its level alone.
        let short = track.len_ms() < (FRAME_MS as u64) * MIN_LOUD_FRAMES;
        return (!short || levels.audible_frames == 0).then(|| AudioProblem::silent_channel(channel));
    }
    if levels.full_scale_share > CLIPPED_SHARE {
        let percent = levels.full_scale_share * 100.0;
        return Some(AudioProblem::clipping(channel, percent));
    }
    (levels.speech_db < QUIET_DB).then(|| AudioProblem::too_quiet(channel, levels.speech_db))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testkit::{noise, tone, track8};

    fn code(samples: &[f32]) -> Option<String> {
        level_problems(0, &track8(samples)).map(|p| p.code)
    }

    #[test]
    fn healthy_levels_are_no_problem() {
        assert_eq!(code(&tone(&[300.0, 900.0], 0.2, 8_000, 3_000)), None);
        // A few loud words in ten minutes of silence.
        let mut long = vec![0.0; 8_000 * 600];
        long[80_000..84_000].copy_from_slice(&tone(&[500.0], 0.3, 8_000, 500));
        assert_eq!(code(&long), None);
        // One full-scale click is not clipping.
        let mut click = tone(&[300.0], 0.2, 8_000, 3_000);
        click[9_000] = 1.0;
        assert_eq!(code(&click), None);
    }

    #[test]
    fn clipping_silence_and_quiet_are_named() {
        let clipped: Vec<f32> = tone(&[300.0], 1.6, 8_000, 2_000).iter().map(|s| s.clamp(-1.0, 1.0)).collect();
        assert_eq!(code(&clipped).as_deref(), Some("clipping"));
        assert_eq!(code(&vec![0.0; 16_000]).as_deref(), Some("silent-channel"));
        let hiss = noise(1, 0.0008, 8_000, 5_000);
        assert_eq!(code(&hiss).as_deref(), Some("silent-channel"));
        let faint = tone(&[300.0, 700.0], 0.004, 8_000, 5_000);
        assert_eq!(code(&faint).as_deref(), Some("too-quiet"));
        let mut clicks = vec![0.0; 80_000];
        clicks[500] = 0.9;
        clicks[60_000] = 0.9;
        assert_eq!(code(&clicks).as_deref(), Some("silent-channel"));
    }

    #[test]
    fn speech_level_ignores_pauses() {
        let mut samples = vec![0.0; 8_000 * 60];
        samples[..16_000].copy_from_slice(&tone(&[500.0], 0.2, 8_000, 2_000));
        let levels = measure(&track8(&samples));
        assert!((levels.speech_db + 17.0).abs() < 1.0, "{levels:?}");
    }
}

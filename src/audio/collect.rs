//! From decoded packets to tracks: de-interleaving, rate conversion, length limit.
//!
//! In: interleaved `f32` packets of one rate and channel count, in order, with gaps named.
//! Out: one `i16` track per channel at 8 or 16 kHz, and counts of bad samples.
//! Only this file knows which rate a source is kept at and how much is too much.

use super::error::AudioFault;
use super::problem::AudioProblem;
use super::resample::StreamResampler;
use super::track::{TELEPHONE_HZ, Track, WIDE_HZ, to_i16};

/// Longest recording taken, in hours. Twelve hours of stereo at 16 kHz are 2.8 GB of memory.
pub(crate) const MAX_HOURS: u64 = 12;

/// Rates outside of this are no sound recordings but broken headers.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Takes packets and builds the tracks.
pub(crate) struct Collector {
    source_hz: u32,
    lanes: Vec<Lane>,
    frames: u64,
    invalid: u64,
    first_invalid: u64,
    scratch: Vec<f32>,
}

struct Lane {
    rate_hz: u32,
    resampler: Option<StreamResampler>,
    samples: Vec<i16>,
}

impl Collector {
    /// Checks rate and channel count, and prepares one lane per channel.
    ///
    /// # Errors
    /// `header-invalid` for an impossible rate or no channels, `too-many-channels` above
    /// `max_channels`.
    pub(crate) fn new(source_hz: u32, channels: u32, max: u16) -> Result<Self, AudioFault> {
        check_shape(source_hz, channels, max)?;
        let target = if source_hz <= TELEPHONE_HZ { TELEPHONE_HZ } else { WIDE_HZ };
        let mut lanes = Vec::new();
        for _ in 0..channels {
            let resampler = if source_hz == target {
                None
            } else {
                let made = StreamResampler::new(source_hz, target);
                Some(made.ok_or_else(|| impossible_rate(source_hz))?)
            };
            lanes.push(Lane { rate_hz: target, resampler, samples: Vec::new() });
        }
        Ok(Self { source_hz, lanes, frames: 0, invalid: 0, first_invalid: 0, scratch: Vec::new() })
    }

    /// The source's rate in Hz.
    pub(crate) fn source_hz(&self) -> u32 {
        self.source_hz
    }

    /// The source's channels.
    pub(crate) fn channels(&self) -> usize {
        self.lanes.len()
    }

    /// Frames taken so far, in milliseconds.
    pub(crate) fn at_ms(&self) -> u64 {
        frames_to_ms(self.frames, self.source_hz)
    }

    /// Takes one packet of interleaved samples; an incomplete last frame is left out.
    ///
    /// # Errors
    /// `too-long` beyond the limit.
    pub(crate) fn push(&mut self, interleaved: &[f32]) -> Result<(), AudioFault> {
        let channels = self.lanes.len();
        let frames = interleaved.len() / channels;
        self.grow(frames as u64)?;
        let start = self.frames - frames as u64;
        for (channel, lane) in self.lanes.iter_mut().enumerate() {
            self.scratch.clear();
            let column = interleaved.iter().skip(channel).step_by(channels).take(frames);
            for (at, sample) in column.enumerate() {
                if sample.is_finite() {
                    self.scratch.push(sample.clamp(-1.0, 1.0));
                } else {
                    if self.invalid == 0 {
                        self.first_invalid = start + at as u64;
                    }
                    self.invalid += 1;
                    self.scratch.push(0.0);
                }
            }
            lane.push(&self.scratch);
        }
        Ok(())
    }

    /// Puts in silence for `frames` frames that are missing.
    ///
    /// # Errors
    /// `too-long` beyond the limit.
    pub(crate) fn push_silence(&mut self, frames: u64) -> Result<(), AudioFault> {
        const BLOCK: u64 = 8_192;
        let mut left = frames;
        while left > 0 {
            let now = left.min(BLOCK);
            self.grow(now)?;
            self.scratch.clear();
            self.scratch.resize(usize::try_from(now).unwrap_or(0), 0.0);
            for lane in &mut self.lanes {
                lane.push(&self.scratch);
            }
            left -= now;
        }
        Ok(())
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// `no-samples` where nothing was pushed.
    pub(crate) fn finish(self, problems: &mut Vec<AudioProblem>) -> Result<Collected, AudioFault> {
        if self.frames == 0 {
            return Err(AudioFault::NoSamples);
        }
        if self.invalid > 0 {
            let at_ms = frames_to_ms(self.first_invalid, self.source_hz);
            problems.push(AudioProblem::invalid_samples(self.invalid, at_ms));
        }
        let tracks: Vec<Track> = self.lanes.into_iter().map(Lane::finish).collect();
        // Of the tracks, not of the source: no span may end after the recording by rounding.
        let duration_ms = tracks.first().map_or(0, Track::len_ms);
        Ok(Collected { tracks, duration_ms })
    }

    fn grow(&mut self, frames: u64) -> Result<(), AudioFault> {
        self.frames = self.frames.saturating_add(frames);
        if self.frames > u64::from(self.source_hz) * 3_600 * MAX_HOURS {
            return Err(AudioFault::TooLong { hours: MAX_HOURS });
        }
        Ok(())
    }
}

/// What a finished collector hands on.
pub(crate) struct Collected {
    pub(crate) tracks: Vec<Track>,
    pub(crate) duration_ms: u64,
}

impl Lane {
    fn push(&mut self, samples: &[f32]) {
        let store = &mut self.samples;
        match &mut self.resampler {
            Some(resampler) => resampler.push(samples, &mut |ready| keep(store, ready)),
            None => keep(store, samples),
        }
    }

    fn finish(mut self) -> Track {
        let store = &mut self.samples;
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut |ready| keep(store, ready));
        }
        self.samples.shrink_to_fit();
        Track::new(self.rate_hz, self.samples)
    }
}

fn keep(store: &mut Vec<i16>, samples: &[f32]) {
    store.extend(samples.iter().map(|s| to_i16(*s)));
}

/// Frames as milliseconds, rounded to the nearest.
pub(crate) fn frames_to_ms(frames: u64, rate_hz: u32) -> u64 {
    let rate = u64::from(rate_hz.max(1));
    (frames.saturating_mul(1000) + rate / 2) / rate
}

/// Refuses impossible rates and too many channels before any sample is read.
///
/// # Errors
/// `header-invalid` or `too-many-channels`.
pub(crate) fn check_shape(rate_hz: u32, channels: u32, max: u16) -> Result<(), AudioFault> {
    if !RATES.contains(&rate_hz) {
        return Err(impossible_rate(rate_hz));
    }
    if channels == 0 {
        return Err(AudioFault::HeaderInvalid { why: "it names 0 channels".to_string() });
    }
    if channels > u32::from(max) {
        return Err(AudioFault::TooManyChannels { found: channels, max });
    }
    Ok(())
}

fn impossible_rate(rate_hz: u32) -> AudioFault {
    AudioFault::HeaderInvalid { why: format!("a sample rate of {rate_hz} Hz is not between 4000 and 384000 Hz") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testkit::tone;

    #[test]
    fn channels_are_told_apart_and_times_kept() {
        let left = tone(&[400.0], 0.5, 44_100, 1_000);
        let mut collector = Collector::new(44_100, 2, 2).unwrap();
        let packet: Vec<f32> = left.iter().flat_map(|s| [*s, 0.0]).collect();
        for part in packet.chunks(1_000) {
            collector.push(part).unwrap();
        }
        collector.push_silence(44_100).unwrap();
        assert_eq!(collector.at_ms(), 2_000);
        let done = collector.finish(&mut Vec::new()).unwrap();
        assert_eq!(done.duration_ms, 2_000);
        assert_eq!(done.tracks[0].rate_hz, 16_000);
        assert_eq!(done.tracks[0].len_ms(), 2_000);
        assert!(done.tracks[0].level_dbfs(100, 900) > -10.0);
        assert!(done.tracks[0].level_dbfs(1_100, 2_000) < -80.0);
        assert!(done.tracks[1].level_dbfs(0, 2_000) < -80.0);
    }

    #[test]
    fn numbers_that_are_none_become_silence() {
        let mut collector = Collector::new(8_000, 1, 2).unwrap();
        let mut samples = vec![0.25; 8_000];
        samples[4_000] = f32::NAN;
        samples[4_001] = f32::INFINITY;
        collector.push(&samples).unwrap();
        let mut problems = Vec::new();
        let done = collector.finish(&mut problems).unwrap();
        assert_eq!(done.tracks[0].samples()[4_000..4_003], [0, 0, 8_192]);
        assert_eq!(problems[0].code, "invalid-samples");
        assert_eq!(problems[0].at_ms, Some(500));
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let mut collector = Collector::new(384_000, 1, 2).unwrap();
        collector.frames = 384_000 * 3_600 * MAX_HOURS - 10;
        assert_eq!(collector.push(&[0.0; 11]).unwrap_err().code(), "too-long");
    }
}

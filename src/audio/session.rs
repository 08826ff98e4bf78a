//! What every reader builds while it decodes: the tracks so far, the damage seen, the clock.
//!
//! In: decoded packets, lost packets, clock positions. Out: [`Decoded`].
//! Only this file knows how damage and gaps are turned into problems and silence.

use symphonia::core::audio::GenericAudioBufferRef;

use super::collect::{Collector, frames_to_ms};
use super::error::AudioFault;
use super::problem::AudioProblem;
use super::track::Track;

/// A reader's result before levels are judged.
pub(crate) struct Decoded {
    pub(crate) tracks: Vec<Track>,
    pub(crate) duration_ms: u64,
    pub(crate) source_hz: u32,
    pub(crate) codec: String,
    pub(crate) problems: Vec<AudioProblem>,
    /// Packets that could not be decoded, out of all.
    pub(crate) lost: u64,
    pub(crate) packets: u64,
    /// The reader stopped before the end; another reader may get further.
    pub(crate) broke_off: bool,
}

/// Jumps of a container's clock below this are rounding, not missing sound.
const GAP_MS: u64 = 100;
/// Jumps beyond this are a broken clock; filling them would only make silence.
const MAX_GAP_MS: u64 = 3_600_000;

/// The state of one decoding run. It outlives a panic of the decoder, so what was decoded before
/// is kept.
pub(crate) struct Session {
    max_channels: u16,
    collector: Option<Collector>,
    pub(crate) codec: String,
    problems: Vec<AudioProblem>,
    lost: u64,
    packets: u64,
    first_loss: Option<(u64, String)>,
    broke_off: bool,
    gap_ms: u64,
    first_gap: Option<u64>,
    scratch: Vec<f32>,
}

impl Session {
    pub(crate) fn new(max_channels: u16, codec: &str) -> Self {
        Self {
            max_channels,
            collector: None,
            codec: codec.to_string(),
            problems: Vec::new(),
            lost: 0,
            packets: 0,
            first_loss: None,
            broke_off: false,
            gap_ms: 0,
            first_gap: None,
            scratch: Vec::new(),
        }
    }

    /// Position in milliseconds.
    pub(crate) fn at_ms(&self) -> u64 {
        self.collector.as_ref().map_or(0, Collector::at_ms)
    }

    /// Adds a problem found by a reader.
    pub(crate) fn note(&mut self, problem: AudioProblem) {
        self.problems.push(problem);
    }

    /// True while nothing was lost and nothing is known to be missing.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0 && self.problems.is_empty()
    }

    /// True where a problem of this code was added already.
    pub(crate) fn is_noted(&self, code: &str) -> bool {
        self.problems.iter().any(|problem| problem.code == code)
    }

    /// Takes one decoded packet. The first one settles rate and channels for the whole file.
    ///
    /// # Errors
    /// `header-invalid`, `too-many-channels`, `too-long`.
    pub(crate) fn take(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), AudioFault> {
        let spec = buffer.spec();
        let (rate, channels) = (spec.rate(), spec.channels().count());
        if buffer.frames() == 0 {
            return Ok(());
        }
        let changed = self.collector.as_ref().is_some_and(|c| c.source_hz() != rate || c.channels() != channels);
        if changed {
            let ms = frames_to_ms(buffer.frames() as u64, rate);
            let why = format!("the sound changes to {rate} Hz and {channels} channels");
            return self.lose(&why, ms);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        buffer.copy_to_vec_interleaved(&mut scratch);
        let outcome = self.take_samples(rate, channels as u32, &scratch);
        self.scratch = scratch;
        outcome
    }

    /// Takes interleaved samples.
    ///
    /// # Errors
    /// As [`Session::take`].
    pub(crate) fn take_samples(&mut self, rate: u32, channels: u32, interleaved: &[f32]) -> Result<(), AudioFault> {
        self.packets += 1;
        if self.collector.is_none() {
            self.collector = Some(Collector::new(rate, channels, self.max_channels)?);
        }
        match &mut self.collector {
            Some(collector) => collector.push(interleaved),
            None => Ok(()),
        }
    }

    /// A packet of `ms` milliseconds could not be decoded; silence takes its place.
    ///
    /// # Errors
    /// `too-long`.
    pub(crate) fn lose(&mut self, why: &str, ms: u64) -> Result<(), AudioFault> {
        self.packets += 1;
        self.lost += 1;
        let at = self.at_ms();
        self.first_loss.get_or_insert_with(|| (at, why.to_string()));
        self.silence(ms.min(MAX_GAP_MS))
    }

    /// Nothing more can be read after this position.
    pub(crate) fn break_off(&mut self, why: &str) {
        let at = self.at_ms();
        self.lost += 1;
        self.broke_off = true;
        self.first_loss.get_or_insert_with(|| (at, why.to_string()));
    }

    /// The container says the next packet starts at `ms`; missing sound becomes silence.
    ///
    /// # Errors
    /// `too-long`.
    pub(crate) fn align(&mut self, ms: u64) -> Result<(), AudioFault> {
        let at = self.at_ms();
        let missing = ms.saturating_sub(at);
        if self.collector.is_none() || !(GAP_MS..MAX_GAP_MS).contains(&missing) {
            return Ok(());
        }
        self.gap_ms += missing;
        self.first_gap.get_or_insert(at);
        self.silence(missing)
    }

    fn silence(&mut self, ms: u64) -> Result<(), AudioFault> {
        match &mut self.collector {
            Some(collector) => {
                let frames = ms * u64::from(collector.source_hz()) / 1000;
                collector.push_silence(frames)
            }
            None => Ok(()),
        }
    }

    /// Ends the run.
    ///
    /// # Errors
    /// `no-samples` for a sound file without sound, `damaged` where every packet was lost.
    pub(crate) fn finish(mut self) -> Result<Decoded, AudioFault> {
        let Some(collector) = self.collector else {
            return Err(match self.first_loss {
                Some((_, why)) => AudioFault::Damaged { codec: self.codec, why },
                None => AudioFault::NoSamples,
            });
        };
        if let Some((at, why)) = &self.first_loss {
            self.problems.push(AudioProblem::damaged(*at, self.lost, why));
        }
        if let Some(at) = self.first_gap {
            self.problems.push(AudioProblem::gap(at, self.gap_ms));
        }
        let source_hz = collector.source_hz();
        let collected = collector.finish(&mut self.problems)?;
        Ok(Decoded {
            tracks: collected.tracks,
            duration_ms: collected.duration_ms,
            source_hz,
            codec: self.codec,
            problems: self.problems,
            lost: self.lost,
            packets: self.packets,
            broke_off: self.broke_off,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_packets_and_gaps_keep_the_clock() {
        let mut session = Session::new(2, "x");
        session.take_samples(8_000, 1, &[0.5; 8_000]).unwrap();
        session.lose("bad crc", 20).unwrap();
        session.lose("bad crc", 20).unwrap();
        session.align(1_090).unwrap();
        assert_eq!(session.at_ms(), 1_040, "50 ms are rounding");
        session.align(2_000).unwrap();
        session.take_samples(8_000, 1, &[0.5; 8_000]).unwrap();
        let done = session.finish().unwrap();
        assert_eq!(done.duration_ms, 3_000);
        let codes: Vec<_> = done.problems.iter().map(|p| (p.code.as_str(), p.at_ms)).collect();
        assert_eq!(codes, [("damaged", Some(1_000)), ("gap", Some(1_040))]);
    }

    #[test]
    fn nothing_decoded_is_told_from_nothing_there() {
        let mut session = Session::new(2, "flac");
        session.lose("bad", 20).unwrap();
        assert_eq!(session.finish().err().unwrap().code(), "damaged");
        let empty = Session::new(2, "flac");
        assert_eq!(empty.finish().err().unwrap().code(), "no-samples");
    }
}

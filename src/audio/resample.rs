//! Sample-rate conversion: the one place that talks to `rubato`.
//!
//! In: one channel of `f32` samples in pieces of any length. Out: the same sound at another rate,
//! the filter's delay removed, and exactly `ceil(frames * to / from)` samples in total.
//! Only this file knows rubato's chunk sizes and its delay.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

/// Output frames per FFT block. Longer blocks have a sharper filter and a longer delay; 512 at
/// 16 kHz keeps 97 % of the band and costs little for short pieces.
const BLOCK_OUT: usize = 512;

/// Converts one channel as a stream.
///
/// Downsampling is band-limited below the new Nyquist frequency by rubato's own filter, so no
/// alias reaches the speech band.
pub(crate) struct StreamResampler {
    inner: Fft<f32>,
    from: u32,
    to: u32,
    pending: Vec<f32>,
    out: Vec<f32>,
    trim: usize,
    taken: u64,
    given: u64,
}

impl StreamResampler {
    /// A converter from `from` Hz to `to` Hz; `None` where rubato refuses the pair (a rate of 0).
    pub(crate) fn new(from: u32, to: u32) -> Option<Self> {
        let chunk = (BLOCK_OUT * usize::try_from(from).ok()?) / usize::try_from(to).ok()?.max(1);
        let inner = Fft::<f32>::new(
            usize::try_from(from).ok()?,
            usize::try_from(to).ok()?,
            chunk.max(1),
            1,
            // Both sides fixed: every call takes one block and gives one block, which makes the
            // accounting below exact.
            FixedSync::Both,
        )
        .ok()?;
        let trim = inner.output_delay();
        let out = vec![0.0; inner.output_frames_max()];
        Some(Self { inner, from, to, pending: Vec::new(), out, trim, taken: 0, given: 0 })
    }

    /// Takes samples and hands whatever is ready to `sink`.
    pub(crate) fn push(&mut self, samples: &[f32], sink: &mut dyn FnMut(&[f32])) {
        self.taken += samples.len() as u64;
        self.pending.extend_from_slice(samples);
        let block = self.inner.input_frames_next();
        let mut done = 0;
        while self.pending.len() - done >= block {
            let ready = self.block(done, block);
            sink(&self.out[ready.0..ready.1]);
            done += block;
        }
        self.pending.drain(..done);
    }

    /// Ends the stream: hands out what the filter still holds, to the exact total length.
    pub(crate) fn finish(&mut self, sink: &mut dyn FnMut(&[f32])) {
        let total = (self.taken * u64::from(self.to)).div_ceil(u64::from(self.from));
        let block = self.inner.input_frames_next();
        while self.given < total {
            self.pending.resize(block, 0.0);
            let before = self.given;
            let (start, end) = self.block(0, block);
            self.pending.clear();
            let keep = usize::try_from(total - before).unwrap_or(usize::MAX);
            let end = end.min(start.saturating_add(keep));
            sink(&self.out[start..end]);
        }
    }

    /// Converts one block of `pending` and says which part of `out` is to be handed on.
    fn block(&mut self, offset: usize, len: usize) -> (usize, usize) {
        let produced = self.convert(offset, len).unwrap_or_else(|| {
            // rubato only fails on wrong buffer sizes, which the constructor fixed; a block of
            // silence keeps the clock right should that ever change.
            self.out.fill(0.0);
            self.out.len()
        });
        let skip = self.trim.min(produced);
        self.trim -= skip;
        self.given += (produced - skip) as u64;
        (skip, produced)
    }

    fn convert(&mut self, offset: usize, len: usize) -> Option<usize> {
        let input = InterleavedSlice::new(self.pending.get(offset..offset + len)?, 1, len).ok()?;
        let room = self.out.len();
        let mut output = InterleavedSlice::new_mut(&mut self.out, 1, room).ok()?;
        let (_, produced) = self.inner.process_into_buffer(&input, &mut output, Some(&Indexing::new())).ok()?;
        Some(produced.min(room))
    }
}

/// Converts one whole buffer, ending with exactly `ceil(len * to / from)` samples.
pub(crate) fn resample_all(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let mut out = Vec::with_capacity(samples.len() * to as usize / from.max(1) as usize + 1);
    if let Some(mut stream) = StreamResampler::new(from, to) {
        stream.push(samples, &mut |ready| out.extend_from_slice(ready));
        stream.finish(&mut |ready| out.extend_from_slice(ready));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testkit::{level_of, tone};

    #[test]
    fn length_is_exact_for_every_rate() {
        for (from, to) in [
            (8_000, 16_000),
            (11_025, 16_000),
            (44_100, 16_000),
            (48_000, 16_000),
            (22_050, 16_000),
            (6_000, 8_000),
            (44_101, 16_000),
            (383_999, 16_000),
        ] {
            for len in [1usize, 100, from as usize, from as usize * 2 + 17] {
                let out = resample_all(&vec![0.1; len], from, to);
                let want = (len as u64 * u64::from(to)).div_ceil(u64::from(from));
                assert_eq!(out.len() as u64, want, "{from}->{to} len {len}");
            }
        }
    }

    #[test]
    fn a_tone_keeps_its_level_and_place() {
        let input = tone(&[440.0], 0.5, 8_000, 1_000);
        let out = resample_all(&input, 8_000, 16_000);
        for (at, sample) in input.iter().enumerate().skip(400).take(7_000) {
            assert!((out[at * 2] - sample).abs() < 0.003, "sample {at}");
        }
    }

    #[test]
    fn downsampling_does_not_alias() {
        for frequency in [8_500.0, 9_000.0, 12_000.0, 15_600.0, 20_000.0] {
            let input = tone(&[frequency], 0.5, 48_000, 1_000);
            let out = resample_all(&input, 48_000, 16_000);
            let level = level_of(&out[1_000..15_000]);
            assert!(level < -70.0, "{frequency} Hz leaks at {level} dBFS");
        }
        let kept = resample_all(&tone(&[3_000.0], 0.5, 48_000, 1_000), 48_000, 16_000);
        let level = level_of(&kept[1_000..15_000]);
        assert!((level + 9.03).abs() < 0.2, "{level}");
    }
}

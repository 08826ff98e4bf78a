//! The shape of a frame's spectrum: pure tones and steady noise are not speech.
//!
//! In: frames of 256 samples at 16 kHz. Out: one mark per frame. Only this file knows how
//! ring-back, DTMF, fax tones and hiss look in a spectrum; the speech detector itself fires on
//! DTMF and on loud noise.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::levels::{FLOOR_DB, frame_db};

/// Samples of one frame, 16 ms at 16 kHz.
pub(crate) const FRAME: usize = 256;
/// Samples looked at around a frame: 32 ms, so that two DTMF tones are apart and 100 ms long
/// tones still fill several windows.
const WINDOW: usize = 512;
/// Two spectral lines with more than this share of the energy are tones, not a voice.
const TONAL_SHARE: f32 = 0.93;
/// A tone keeps its pitch for at least this many frames (64 ms); a voice glides.
const TONAL_RUN: usize = 4;
/// Mean local flatness above which a stretch looks like noise. Noise of any colour lies around
/// 0.6 with little spread, speech around 0.4.
const FLATNESS: f32 = 0.5;
/// Steady noise varies by less than this in level over the stretch, in dB; syllables vary more,
/// even 5 dB above the noise they are spoken in.
const STEADY_DB: f32 = 8.0;
/// Frames to each side of a frame that make up its stretch (400 ms in all).
const REACH: usize = 12;
/// Frames beside a run that go with it (48 ms).
const EDGE: usize = 3;

/// What one frame looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing speaks against speech.
    Open,
    /// Part of a steady tone or pair of tones.
    Tone,
    /// Part of a long stretch of noise.
    Noise,
}

/// Spectral features of one frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Shape {
    /// Level of the frame in dBFS.
    pub(crate) db: f32,
    /// Share of the energy in the two strongest lines, 0..1.
    pub(crate) line_share: f32,
    /// FFT bin of the strongest line (31.25 Hz each).
    pub(crate) line_bin: u16,
    /// Level between 300 and 3400 Hz, in dB of no particular reference.
    pub(crate) band_db: f32,
    /// Geometric over arithmetic mean of the power in narrow bands from 300 to 3400 Hz, 0..1.
    pub(crate) flatness: f32,
}

/// Measures frames one after the other.
pub(crate) struct Spectrum {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    history: Vec<f32>,
    input: Vec<f32>,
    bins: Vec<Complex<f32>>,
    power: Vec<f32>,
}

impl Spectrum {
    pub(crate) fn new() -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
        let step = std::f32::consts::TAU / WINDOW as f32;
        Self {
            window: (0..WINDOW).map(|at| 0.5 - 0.5 * (step * at as f32).cos()).collect(),
            history: vec![0.0; WINDOW],
            input: fft.make_input_vec(),
            bins: fft.make_output_vec(),
            power: vec![0.0; WINDOW / 2 + 1],
            fft,
        }
    }

    /// Takes the next frame. Frames below the floor are silence and are not looked at closer.
    pub(crate) fn next(&mut self, frame: &[f32]) -> Shape {
        self.history.rotate_left(FRAME);
        for (slot, sample) in self.history.iter_mut().skip(WINDOW - FRAME).zip(frame) {
            *slot = *sample;
        }
        let power: f64 = frame.iter().map(|s| f64::from(*s).powi(2)).sum();
        let db = frame_db(power, frame.len());
        if db <= FLOOR_DB {
            return silence(db);
        }
        for ((slot, sample), weight) in self.input.iter_mut().zip(&self.history).zip(&self.window) {
            *slot = sample * weight;
        }
        if self.fft.process(&mut self.input, &mut self.bins).is_err() {
            // Only wrong buffer lengths fail, and those come from the plan itself.
            return silence(db);
        }
        for (slot, bin) in self.power.iter_mut().zip(&self.bins) {
            *slot = bin.norm_sqr();
        }
        self.shape(db as f32)
    }

    fn shape(&mut self, db: f32) -> Shape {
        // Ten narrow bands, so that the tilt of a line or of brown noise does not count.
        const LOW: usize = 10;
        const BAND: usize = 10;
        const BANDS: usize = 10;
        let upper = self.power.get(LOW..).unwrap_or_default();
        let sum: f32 = upper
            .chunks_exact(BAND)
            .take(BANDS)
            .map(|band| {
                let mean = band.iter().sum::<f32>() / BAND as f32;
                let log = band.iter().map(|p| (p + 1e-20).ln()).sum::<f32>() / BAND as f32;
                log.exp() / (mean + 1e-20)
            })
            .sum();
        let flatness = sum / BANDS as f32;
        let band_power: f32 = upper.iter().take(BAND * BANDS).sum();

        let total: f32 = self.power.iter().sum::<f32>() + 1e-20;
        let (first_bin, first) = self.take_line();
        let (_, second) = self.take_line();
        Shape {
            db,
            line_share: (first + second) / total,
            line_bin: first_bin,
            flatness,
            band_db: 10.0 * (band_power + 1e-20).log10(),
        }
    }

    /// Removes the strongest line with its skirt and returns its bin and energy.
    fn take_line(&mut self) -> (u16, f32) {
        let mut best = (0usize, 0.0f32);
        for (bin, power) in self.power.iter().enumerate() {
            if *power > best.1 {
                best = (bin, *power);
            }
        }
        let mut energy = 0.0;
        for power in self.power.iter_mut().skip(best.0.saturating_sub(2)).take(5) {
            energy += std::mem::take(power);
        }
        (u16::try_from(best.0).unwrap_or(u16::MAX), energy)
    }
}

fn silence(db: f64) -> Shape {
    Shape { db: db as f32, ..Shape::default() }
}

/// Turns features into marks: only stretches count, since single frames of speech can look like
/// anything.
pub(crate) fn marks(shapes: &[Shape]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = (0..shapes.len())
        .map(|at| {
            let from = at.saturating_sub(REACH);
            let around = shapes.get(from..shapes.len().min(at + REACH + 1));
            match around.is_some_and(is_noise) {
                true => Mark::Noise,
                false => Mark::Open,
            }
        })
        .collect();
    mark_tones(shapes, &mut marks);
    marks
}

fn is_noise(around: &[Shape]) -> bool {
    let mean = around.iter().map(|s| s.flatness).sum::<f32>() / around.len().max(1) as f32;
    if mean < FLATNESS {
        return false;
    }
    let levels = || around.iter().map(|s| s.band_db);
    levels().fold(f32::MIN, f32::max) - levels().fold(f32::MAX, f32::min) < STEADY_DB
}

fn mark_tones(shapes: &[Shape], marks: &mut [Mark]) {
    let mut start = 0;
    let mut before = Shape::default();
    for at in 0..=shapes.len() {
        let now = shapes.get(at).copied().unwrap_or_default();
        let same_line = before.line_bin.abs_diff(now.line_bin) <= 1;
        before = now;
        if now.line_share > TONAL_SHARE && same_line {
            continue;
        }
        if at - start >= TONAL_RUN {
            // Windows overlap and earshot looks three frames back, so what is beside a tone still
            // sounds like a voice to it. A word that starts there keeps its beginning: padding is
            // four times as long.
            let from = start.saturating_sub(EDGE);
            for slot in marks.iter_mut().take(at + EDGE).skip(from) {
                *slot = Mark::Tone;
            }
        }
        start = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testkit::{noise, speech, tone, track8};

    /// Share of audible frames with each mark: tone, noise.
    fn shares(samples: &[f32]) -> (f64, f64) {
        let mut spectrum = Spectrum::new();
        let mut shapes = Vec::new();
        let wide = track8(samples).piece(0, u64::MAX);
        for frame in wide.chunks_exact(FRAME) {
            shapes.push(spectrum.next(frame));
        }
        let marks = marks(&shapes);
        let audible = shapes.iter().filter(|s| s.line_share > 0.0).count().max(1) as f64;
        let share = |mark| marks.iter().filter(|m| **m == mark).count() as f64 / audible;
        (share(Mark::Tone), share(Mark::Noise))
    }

    #[test]
    fn tones_and_noise_are_marked() {
        for pair in [&[450.0][..], &[440.0, 480.0], &[480.0, 620.0], &[770.0, 1_336.0], &[2_100.0], &[50.0]] {
            let (tonal, _) = shares(&tone(pair, 0.2, 8_000, 2_000));
            assert!(tonal > 0.95, "{pair:?}: {tonal}");
        }
        let (_, noisy) = shares(&noise(5, 0.2, 8_000, 3_000));
        assert!(noisy > 0.95, "{noisy}");
    }

    #[test]
    fn speech_is_left_alone() {
        for (voice, text) in [
            ("cmn-latn-pinyin", "nin2 hao3, qing3 wen4 shi4 wang2 xian1 sheng5 ma5"),
            ("cmn-latn-pinyin+f2", "nin2 de qian4 kuan3 yi3 jing1 yu2 qi1 le5"),
            ("en-us", "hello, please pay your overdue balance today"),
            ("en-us+f3", "who are you, who do you owe"),
        ] {
            let Some(samples) = speech(voice, text) else {
                return;
            };
            let (tonal, noisy) = shares(&samples);
            assert!(tonal < 0.05 && noisy < 0.05, "{voice}: {tonal} {noisy}");
        }
    }
}

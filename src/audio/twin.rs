//! Whether a stereo recording is one signal on both channels.
//!
//! In: two tracks of one recording. Out: yes or no. Only this file knows the windows, lags and
//! thresholds.
//!
//! Correlation alone cannot tell: while one party talks, an echo on the other channel correlates
//! perfectly. A copy differs from an echo in that its gain and its lag never change, whoever
//! talks, so both must agree over all loud windows of both channels.

use super::track::{Track, to_f32};

/// Window length in milliseconds.
const WINDOW_MS: usize = 200;
/// Most windows compared; they are spread over the whole recording.
const MAX_WINDOWS: usize = 300;
/// Largest shift between the channels in milliseconds.
const MAX_LAG_MS: usize = 5;
/// A window agrees from this normalised correlation on. Codec noise of a whole GSM generation on one
/// channel costs up to a fifth; what keeps echoes out is gain and lag.
const ALIKE: f64 = 0.8;
/// Share of loud windows that must agree with each other.
const AGREEING: f64 = 0.9;
/// Gains of agreeing windows lie this close together, in dB.
const GAIN_SPREAD_DB: f64 = 3.0;
/// A "copy" quieter than this is an echo, in dB.
const MAX_GAIN_DB: f64 = 20.0;
/// Windows this far below the loudest ones carry no speech.
const RANGE_DB: f64 = 15.0;
/// Mean power of a window at -60 dBFS, in squared 16-bit steps.
const SILENCE: f64 = 1_073.0;

/// True where both tracks carry the same signal: possibly scaled, inverted, shifted by a few
/// samples or with a little codec noise. False for two parties, even with echo or crosstalk, and
/// where there is nothing to compare.
pub fn same_signal(a: &Track, b: &Track) -> bool {
    if a.rate_hz != b.rate_hz {
        return false;
    }
    let length = a.samples().len().min(b.samples().len());
    if length > 0 && a.samples().get(..length) == b.samples().get(..length) {
        // Bit for bit the same is by far the most frequent case.
        return a.samples().iter().any(|sample| *sample != 0);
    }
    let rate = a.rate_hz as usize;
    let window = WINDOW_MS * rate / 1000;
    let lag = MAX_LAG_MS * rate / 1000;
    let loud = loud_windows(a.samples(), b.samples(), window, lag);
    let pairs: Vec<Match> = loud.iter().map(|at| compare(a, b, *at, window, lag)).collect();
    let alike: Vec<&Match> = pairs.iter().filter(|m| m.correlation >= ALIKE).collect();
    let (Some(gain), Some(shift)) =
        (median(alike.iter().map(|m| m.gain_db).collect()), median(alike.iter().map(|m| m.lag as f64).collect()))
    else {
        return false;
    };
    let tolerated = (rate / 8_000) as f64 * 1.5;
    let agreeing = alike
        .iter()
        .filter(|m| (m.gain_db - gain).abs() <= GAIN_SPREAD_DB)
        .filter(|m| (m.lag as f64 - shift).abs() <= tolerated)
        .count();
    // The sign is part of the gain: a copy is inverted everywhere or nowhere.
    let inverted = alike.iter().filter(|m| m.inverted).count();
    let one_sign = inverted.min(alike.len() - inverted) * 20 <= alike.len();
    gain.abs() <= MAX_GAIN_DB && one_sign && agreeing as f64 >= AGREEING * pairs.len() as f64
}

/// How one window of the two channels compares.
struct Match {
    correlation: f64,
    lag: isize,
    gain_db: f64,
    inverted: bool,
}

/// Starts of windows in which at least one channel is loud, spread over the recording.
fn loud_windows(a: &[i16], b: &[i16], window: usize, lag: usize) -> Vec<usize> {
    let end = a.len().min(b.len()).saturating_sub(lag);
    let starts = || (lag..end.saturating_sub(window)).step_by(window.max(1));
    let of = |samples: &[i16], at: usize| mean_power(samples.get(at..at + window));
    let top = |samples: &[i16]| {
        let mut powers: Vec<f64> = starts().map(|at| of(samples, at)).collect();
        powers.sort_by(f64::total_cmp);
        // The loudest 5 % stand for the speech of this channel.
        powers.get(powers.len().saturating_sub(1 + powers.len() / 20)).copied().unwrap_or(0.0)
    };
    let range = 10f64.powf(-RANGE_DB / 10.0);
    let (least_a, least_b) = ((top(a) * range).max(SILENCE), (top(b) * range).max(SILENCE));
    let loud: Vec<usize> = starts().filter(|at| of(a, *at) > least_a || of(b, *at) > least_b).collect();
    let step = loud.len().div_ceil(MAX_WINDOWS).max(1);
    loud.into_iter().step_by(step).collect()
}

fn mean_power(samples: Option<&[i16]>) -> f64 {
    let samples = samples.unwrap_or_default();
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    sum / samples.len().max(1) as f64
}

/// Best normalised correlation of a window of `a` with `b` shifted by up to `most` samples.
fn compare(a: &Track, b: &Track, at: usize, window: usize, most: usize) -> Match {
    let (from, to) = (at.saturating_sub(most), at + window + most);
    let left = without_hum(a.samples().get(at..at + window), a.rate_hz);
    let right = b.samples().get(from..to.min(b.samples().len()));
    let wide = without_hum(right, b.rate_hz);
    let left_power: f32 = left.iter().map(|s| s * s).sum();
    let mut best = Match { correlation: 0.0, lag: 0, gain_db: 0.0, inverted: false };
    for (shift, right) in wide.windows(left.len().max(1)).enumerate() {
        let right_power: f32 = right.iter().map(|s| s * s).sum();
        let product: f32 = left.iter().zip(right).map(|(l, r)| l * r).sum();
        let scale = f64::from(left_power).sqrt() * f64::from(right_power).sqrt();
        if scale <= 0.0 {
            continue;
        }
        let correlation = f64::from(product) / scale;
        if correlation.abs() > best.correlation {
            best = Match {
                correlation: correlation.abs(),
                lag: shift as isize - most as isize,
                gain_db: 10.0 * f64::from(right_power / left_power).log10(),
                inverted: correlation < 0.0,
            };
        }
    }
    best
}

/// Samples as floats above about 150 Hz: mains hum on both channels would correlate by itself.
fn without_hum(samples: Option<&[i16]>, rate_hz: u32) -> Vec<f32> {
    let samples = samples.unwrap_or_default();
    let keep = (-std::f32::consts::TAU * 150.0 / rate_hz.max(1) as f32).exp();
    let mut before = samples.first().copied().map_or(0.0, to_f32);
    let mut out = 0.0;
    samples
        .iter()
        .map(|sample| {
            let now = to_f32(*sample);
            out = keep * (out + now - before);
            before = now;
            out
        })
        .collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testkit::{noise, speech, to_i16, tone, track8};

    /// A long stand-in for speech: noise bursts of changing level.
    fn babble(seed: u64) -> Vec<f32> {
        let mut low = 0.0f32;
        noise(seed, 0.6, 8_000, 20_000)
            .iter()
            .enumerate()
            .map(|(at, s)| {
                low += 0.4 * (s - low);
                let syllable = (at as f32 / 900.0 + seed as f32).sin().max(0.0);
                low * syllable
            })
            .collect()
    }

    /// Two parties taking turns of two seconds, each heard on the other channel at `echo`.
    fn conversation(a: &[f32], b: &[f32], echo: f32, delay: usize) -> (Track, Track) {
        let turn = |at: usize| (at / 16_000).is_multiple_of(2);
        let one = |at: usize| if turn(at) { a[at % a.len()] } else { 0.0 };
        let two = |at: usize| if turn(at) { 0.0 } else { b[at % b.len()] };
        let late = |at: usize| at.checked_sub(delay);
        let length = 8_000 * 20;
        let left: Vec<f32> = (0..length).map(|at| one(at) + echo * late(at).map_or(0.0, two)).collect();
        let right: Vec<f32> = (0..length).map(|at| two(at) + echo * late(at).map_or(0.0, one)).collect();
        (track8(&left), track8(&right))
    }

    #[test]
    fn copies_are_recognised() {
        let voice = babble(3);
        let a = track8(&voice);
        assert!(same_signal(&a, &a.clone()));
        for gain in [-1.0f32, 0.5, -0.3, 0.15, 1.5] {
            let b = track8(&voice.iter().map(|s| s * gain).collect::<Vec<_>>());
            assert!(same_signal(&a, &b), "gain {gain}");
        }
        for shift in [1usize, 5, 30] {
            let b = Track::new(8_000, to_i16(&voice)[shift..].to_vec());
            assert!(same_signal(&a, &b), "shift {shift}");
            assert!(same_signal(&b, &a), "shift -{shift}");
        }
        let hiss = noise(8, 0.01, 8_000, 20_000);
        let noisy: Vec<f32> = voice.iter().zip(&hiss).map(|(v, n)| v * 0.8 + n).collect();
        assert!(same_signal(&a, &track8(&noisy)), "noise");
        let coarse: Vec<f32> = voice.iter().map(|s| (s * 60.0).round() / 60.0).collect();
        assert!(same_signal(&a, &track8(&coarse)), "codec");
    }

    #[test]
    fn two_parties_are_not_a_copy() {
        let (a, b) = (babble(4), babble(9));
        for (echo, delay) in [(0.0, 0), (0.05, 0), (0.2, 0), (0.3, 3), (0.3, 400), (0.6, 10)] {
            let (left, right) = conversation(&a, &b, echo, delay);
            assert!(!same_signal(&left, &right), "echo {echo} delay {delay}");
            assert!(!same_signal(&right, &left), "echo {echo} delay {delay}");
        }
        assert!(!same_signal(&track8(&a), &track8(&b)));
        // One party only, heard faintly on the other channel.
        let faint = track8(&a.iter().map(|s| s * 0.05).collect::<Vec<_>>());
        assert!(!same_signal(&track8(&a), &faint));
    }

    #[test]
    fn real_voices_behave_like_noise() {
        let (Some(a), Some(b)) = (
            speech("cmn-latn-pinyin", "nin2 hao3, qing3 wen4 shi4 wang2 xian1 sheng5 ma5"),
            speech("cmn-latn-pinyin+f2", "wo3 shi4, ni3 shi4 shei2, you3 shen2 me5 shi4"),
        ) else {
            return;
        };
        for echo in [0.0, 0.15, 0.4] {
            let (left, right) = conversation(&a, &b, echo, 2);
            assert!(!same_signal(&left, &right), "echo {echo}");
            let copy: Vec<i16> = left.samples().iter().map(|s| -(s / 3)).collect();
            assert!(same_signal(&left, &Track::new(8_000, copy)), "echo {echo}");
        }
    }

    #[test]
    fn hum_on_both_channels_and_silence_are_no_copy() {
        let hum = tone(&[50.0], 0.02, 8_000, 20_000);
        let with =
            |voice: Vec<f32>| -> Track { track8(&voice.iter().zip(&hum).map(|(v, h)| v + h).collect::<Vec<_>>()) };
        assert!(!same_signal(&with(babble(5)), &with(babble(6))));
        let silent = track8(&vec![0.0; 80_000]);
        assert!(!same_signal(&silent, &silent.clone()));
        assert!(!same_signal(&silent, &Track::new(16_000, vec![1; 16_000])));
    }
}

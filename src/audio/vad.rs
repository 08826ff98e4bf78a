//! Where somebody talks.
//!
//! In: a track. Out: [`SpeechSpan`]s in milliseconds, in order, not overlapping, padded so that no
//! word loses its beginning. Only this file knows the `earshot` detector and the level it is fed at.

use earshot::Detector;

use super::guard::{FRAME, Mark, Shape, Spectrum, marks};
use super::levels::{FLOOR_DB, Histogram, MIN_LOUD_FRAMES};
use super::spans::{SpeechSpan, VadSettings, spans};
use super::track::Track;

/// Length of one frame in milliseconds.
const FRAME_MS: u64 = 16;
/// After this many frames of silence (1 s) the detector rests until the next sound. Hours of
/// digital silence then cost next to nothing.
const QUIET_FRAMES: u32 = 62;
/// Speech is brought to this level before detection, in dBFS. earshot hears clean speech equally
/// well from -50 to -16 dBFS; below -40 it loses speech in noise, and above -30 it takes noise
/// alone for speech.
const TARGET_DB: f64 = -34.0;
/// Frames this far below the level of the speech are pauses, in dB, whatever their score: it
/// decays slowly after a word or a tone.
const PAUSE_DB: f64 = 35.0;

/// Finds the stretches of speech in a track.
///
/// Tones (ring-back, DTMF, fax), long stretches of noise and silence give no span. Music does.
pub fn speech_spans(track: &Track, settings: &VadSettings) -> Vec<SpeechSpan> {
    let shapes = shapes(track);
    let marks = marks(&shapes);
    let mut histogram = Histogram::new();
    for (shape, mark) in shapes.iter().zip(&marks) {
        // Ring-back is often louder than the call after it and must not set the level.
        if *mark == Mark::Open {
            histogram.add(f64::from(shape.db), 0);
        }
    }
    let levels = histogram.levels(FRAME);
    if levels.audible_frames < MIN_LOUD_FRAMES {
        return Vec::new();
    }
    let scores = scores(track, levels.speech_db, &shapes, &marks);
    spans(&scores, FRAME_MS, track.len_ms(), settings)
}

/// Spectral features of every frame of a track.
fn shapes(track: &Track) -> Vec<Shape> {
    let mut spectrum = Spectrum::new();
    let mut shapes = Vec::with_capacity(usize::try_from(track.len_ms() / FRAME_MS).unwrap_or(0));
    each_frame(track, &mut |frame| shapes.push(spectrum.next(frame)));
    shapes
}

/// earshot's score of every frame; 0 where the frame cannot be speech.
fn scores(track: &Track, speech_db: f64, shapes: &[Shape], marks: &[Mark]) -> Vec<f32> {
    let gain = 10f64.powf((TARGET_DB - speech_db) / 20.0) as f32;
    let pause_db = FLOOR_DB.max(speech_db - PAUSE_DB) as f32;
    let mut detector = Detector::default_boxed();
    let mut scores = Vec::with_capacity(shapes.len());
    let mut fed = [0.0f32; FRAME];
    let mut quiet = 0u32;
    each_frame(track, &mut |frame| {
        let at = scores.len();
        let silent = shapes.get(at).is_none_or(|s| s.db <= pause_db);
        quiet = if silent { quiet + 1 } else { 0 };
        if quiet > QUIET_FRAMES {
            scores.push(0.0);
            return;
        }
        for (slot, sample) in fed.iter_mut().zip(frame) {
            *slot = (sample * gain).clamp(-1.0, 1.0);
        }
        let score = detector.predict_f32(&fed);
        let open = !silent && marks.get(at) == Some(&Mark::Open);
        scores.push(if open { score } else { 0.0 });
    });
    scores
}

/// Cuts a track into frames of 16 ms at 16 kHz; the last one is filled up with silence.
fn each_frame(track: &Track, sink: &mut dyn FnMut(&[f32; FRAME])) {
    let mut frame = [0.0f32; FRAME];
    let mut filled = 0;
    track.stream_wide(&mut |block| {
        for sample in block {
            frame[filled] = *sample;
            filled += 1;
            if filled == FRAME {
                sink(&frame);
                filled = 0;
            }
        }
    });
    if filled > 0 {
        frame[filled..].fill(0.0);
        sink(&frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testkit::{noise, speech, tone, track8};

    fn found(samples: &[f32]) -> Vec<SpeechSpan> {
        speech_spans(&track8(samples), &VadSettings::default())
    }

    /// `on_ms` of a tone, then `off_ms` of silence, for `ms` in all.
    fn cadence(frequencies: &[f32], on_ms: u64, off_ms: u64, ms: u64) -> Vec<f32> {
        let mut samples = tone(frequencies, 0.2, 8_000, ms);
        let period = (on_ms + off_ms) * 8;
        for (at, sample) in samples.iter_mut().enumerate() {
            if at as u64 % period >= on_ms * 8 {
                *sample = 0.0;
            }
        }
        samples
    }

    #[test]
    fn tones_noise_and_silence_are_no_speech() {
        let cases: [(&str, Vec<f32>); 13] = [
            ("digital silence", vec![0.0; 80_000]),
            ("white noise", noise(1, 0.2, 8_000, 10_000)),
            ("faint white noise", noise(2, 0.01, 8_000, 10_000)),
            ("50 Hz hum", tone(&[50.0, 150.0], 0.2, 8_000, 10_000)),
            ("60 Hz hum", tone(&[60.0, 120.0, 180.0], 0.1, 8_000, 10_000)),
            ("450 Hz", tone(&[450.0], 0.3, 8_000, 10_000)),
            ("ring-back CN", cadence(&[450.0], 1_000, 4_000, 30_000)),
            ("ring-back US", cadence(&[440.0, 480.0], 2_000, 4_000, 30_000)),
            ("busy CN", cadence(&[450.0], 350, 350, 20_000)),
            ("busy US", cadence(&[480.0, 620.0], 500, 500, 20_000)),
            ("DTMF 200", cadence(&[770.0, 1_336.0], 200, 200, 20_000)),
            ("DTMF 100", cadence(&[941.0, 1_477.0], 100, 100, 20_000)),
            ("fax", cadence(&[1_100.0], 500, 3_000, 20_000)),
        ];
        for (name, samples) in cases {
            let spans = found(&samples);
            assert!(spans.is_empty(), "{name}: {spans:?}");
        }
        assert!(found(&[]).is_empty());
        assert!(found(&[0.5; 3]).is_empty());
    }

    /// The four voices that matter, with a sentence each.
    const SENTENCES: [(&str, &str); 4] = [
        ("cmn-latn-pinyin", "nin2 hao3, qing3 wen4 shi4 wang2 xian1 sheng5 ma5"),
        ("cmn-latn-pinyin+f2", "shi4 de5, wo3 xia4 ge5 yue4 huan2 kuan3"),
        ("en-us", "hello, this is a call about your overdue balance"),
        ("en-us+f3", "sorry, I can pay fifty dollars on friday"),
    ];

    #[test]
    fn words_keep_their_beginning_at_every_level() {
        for (voice, text) in SENTENCES {
            let Some(sentence) = speech(voice, text) else {
                return;
            };
            for gain in [1.0, 0.1, 0.03] {
                let lead = 8_000 * 2 + 123;
                let mut samples = noise(9, 0.0005, 8_000, 2_000);
                samples.resize(lead, 0.0);
                samples.extend(sentence.iter().map(|s| s * gain));
                samples.extend(noise(7, 0.0005, 8_000, 2_000));
                let start = lead as u64 / 8;
                let end = start + sentence.len() as u64 / 8;
                let spans = found(&samples);
                let (first, last) = (spans[0], spans[spans.len() - 1]);
                eprintln!(
                    "{voice} x{gain}: start {:+} ms, end {:+} ms, {} spans",
                    first.start_ms as i64 - start as i64,
                    last.end_ms as i64 - end as i64,
                    spans.len()
                );
                assert!(first.start_ms <= start && first.start_ms + 260 >= start, "{first:?}");
                assert!(last.end_ms + 60 >= end && last.end_ms <= end + 320, "{last:?}");
            }
        }
    }

    #[test]
    fn quiet_speech_after_loud_ring_back_is_found() {
        let Some(sentence) = speech("cmn-latn-pinyin", "wei2, nin2 hao3") else {
            return;
        };
        let mut samples = cadence(&[450.0], 1_000, 4_000, 15_000);
        samples.extend(sentence.iter().map(|s| s * 0.05));
        samples.extend(vec![0.0; 16_000]);
        let spans = found(&samples);
        assert!(!spans.is_empty());
        assert!(spans[0].start_ms.abs_diff(15_000) < 260, "{spans:?}");
    }

    #[test]
    fn speech_in_noise_is_found() {
        let Some(sentence) = speech("en-us", "hello, please pay your overdue balance today") else {
            return;
        };
        let hiss = noise(11, 0.05, 8_000, 8_000);
        let mut samples = hiss.clone();
        for (slot, sample) in samples.iter_mut().skip(24_000).zip(&sentence) {
            *slot += sample;
        }
        let spans = found(&samples);
        assert!(!spans.is_empty());
        assert!(spans[0].start_ms.abs_diff(3_000) < 400, "{spans:?}");
    }
}

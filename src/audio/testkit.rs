//! Signals and files for the tests of this room, all made in code.
//!
//! Only compiled for tests. Nothing here is copied from a recording.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::track::Track;
use super::{AudioError, DecodeOptions, Pcm, decode};

/// A sum of sines, each at `amplitude`, 0..1.
pub(crate) fn tone(frequencies: &[f32], amplitude: f32, rate: u32, ms: u64) -> Vec<f32> {
    let count = (u64::from(rate) * ms / 1000) as usize;
    (0..count)
        .map(|at| {
            let time = at as f64 / f64::from(rate);
            frequencies.iter().map(|f| (time * f64::from(*f) * std::f64::consts::TAU).sin() as f32 * amplitude).sum()
        })
        .collect()
}

/// White noise in -amplitude..amplitude, the same for the same seed.
pub(crate) fn noise(seed: u64, amplitude: f32, rate: u32, ms: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..u64::from(rate) * ms / 1000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 40) as f32 / 8_388_608.0 - 1.0) * amplitude
        })
        .collect()
}

/// Level of a stretch in dB below full scale (RMS).
pub(crate) fn level_of(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    10.0 * (power / samples.len().max(1) as f64 + 1e-12).log10()
}

/// `f32` samples as the 16-bit samples a track holds.
pub(crate) fn to_i16(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|s| (s * 32_767.0) as i16).collect()
}

/// A track at 8 kHz out of `f32` samples.
pub(crate) fn track8(samples: &[f32]) -> Track {
    Track::new(8_000, to_i16(samples))
}

/// A canonical PCM or companded WAV file around `data`.
pub(crate) fn wav_bytes(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let block = channels * (bits / 8);
    let mut bytes = Vec::with_capacity(44 + data.len());
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    bytes.extend_from_slice(&tag.to_le_bytes());
    bytes.extend_from_slice(&channels.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate * u32::from(block)).to_le_bytes());
    bytes.extend_from_slice(&block.to_le_bytes());
    bytes.extend_from_slice(&bits.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&(data.len() as u32).to_le_bytes());
    bytes.extend_from_slice(data);
    bytes
}

/// 16-bit samples as little-endian bytes.
pub(crate) fn le16(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

/// Writes `bytes` to `name` in `dir`.
pub(crate) fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// ffmpeg's place on this machine, for tests that can do with or without it.
pub(crate) fn ffmpeg() -> Option<PathBuf> {
    ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg", "/opt/homebrew/bin/ffmpeg"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

/// Converts with ffmpeg for a test; `false` (and a line on stderr) where that is not possible.
pub(crate) fn convert(from: &Path, arguments: &[&str], to: &Path) -> bool {
    let done = ffmpeg().is_some_and(|tool| {
        Command::new(tool)
            .args(["-nostdin", "-v", "error", "-y", "-i"])
            .arg(from)
            .args(arguments)
            .arg(to)
            .status()
            .is_ok_and(|status| status.success())
    });
    if !done {
        eprintln!("skipped: ffmpeg cannot make {to:?}");
    }
    done
}

/// A sentence spoken by espeak-ng in the telephone band at 8 kHz, silence cut off both ends;
/// `None` (and a line on stderr) where espeak-ng is not installed.
pub(crate) fn speech(voice: &str, text: &str) -> Option<Vec<f32>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("speech.wav");
    let status = Command::new("espeak-ng").args(["-v", voice, "-w"]).arg(&path).arg(text).status();
    if !status.is_ok_and(|status| status.success()) {
        eprintln!("skipped: espeak-ng is not installed");
        return None;
    }
    let options = DecodeOptions::default();
    let pcm = decode(&path, &options).unwrap();
    let wide = pcm.tracks[0].piece(0, u64::MAX);
    let narrow = super::resample::resample_all(&telephone_band(&wide), 16_000, 8_000);
    let loud = |s: &f32| s.abs() > 0.01;
    let start = narrow.iter().position(loud)?;
    let end = narrow.iter().rposition(loud)?;
    Some(narrow[start..=end].to_vec())
}

/// A rough telephone channel at 16 kHz: one-pole high pass at 300 Hz; the low pass comes with the
/// conversion to 8 kHz.
fn telephone_band(samples: &[f32]) -> Vec<f32> {
    let keep = (-std::f32::consts::TAU * 300.0 / 16_000.0).exp();
    let (mut last_in, mut last_out) = (0.0f32, 0.0f32);
    samples
        .iter()
        .map(|sample| {
            last_out = keep * (last_out + sample - last_in);
            last_in = *sample;
            last_out
        })
        .collect()
}

/// Decodes without ffmpeg.
pub(crate) fn plain(path: &Path) -> Result<Pcm, AudioError> {
    decode(path, &DecodeOptions::default())
}

/// Decodes with ffmpeg where it is installed.
pub(crate) fn with_ffmpeg(path: &Path) -> Result<Pcm, AudioError> {
    let options = DecodeOptions { ffmpeg: ffmpeg(), time_limit: Duration::from_secs(20), ..DecodeOptions::default() };
    decode(path, &options)
}

/// The codes of all problems.
pub(crate) fn codes(pcm: &Pcm) -> Vec<&str> {
    pcm.problems.iter().map(|p| p.code.as_str()).collect()
}

/// The error's code, `ok` where there is none.
pub(crate) fn code(path: &Path) -> &'static str {
    plain(path).err().map_or("ok", |error| error.code())
}

/// Three seconds of a stereo WAV: a tone left, another one right.
pub(crate) fn stereo(dir: &Path) -> PathBuf {
    let left = tone(&[400.0], 0.3, 8_000, 3_000);
    let right = tone(&[1_000.0], 0.2, 8_000, 3_000);
    let both: Vec<f32> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
    put(dir, "stereo.wav", &wav_bytes(1, 2, 8_000, 16, &le16(&to_i16(&both))))
}

/// A mono telephone WAV with a tone, `ms` long.
pub(crate) fn mono_bytes(ms: u64) -> Vec<u8> {
    wav_bytes(1, 1, 8_000, 16, &le16(&to_i16(&tone(&[400.0], 0.3, 8_000, ms))))
}

//! The `audio` room: recordings in, tracks of samples and spans of speech out.
//!
//! In: a path to a recording in any format call recorders write. Out: [`Pcm`], one [`Track`] per
//! channel, with the problems found on the way; [`speech_spans`] says where somebody talks,
//! [`same_signal`] whether a stereo file is mono in disguise. Only this file knows in which order
//! the readers are tried: our WAV reader, symphonia, ffmpeg.
//!
//! Nothing here prints, reads the environment or trusts a file name or a length field.

mod child;
mod collect;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod decode_tests;
mod error;
mod external;
mod guard;
mod levels;
mod native;
mod playing;
mod problem;
mod resample;
mod session;
mod sniff;
mod spans;
#[cfg(test)]
mod testkit;
mod track;
mod twin;
mod vad;
mod wav;
#[cfg(test)]
mod wav_tests;
mod wavdata;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::{AudioError, AudioFault};
pub use problem::AudioProblem;
pub use spans::{SpeechSpan, VadSettings};
pub use track::{Pcm, Track, mix};
pub use twin::same_signal;
pub use vad::speech_spans;

use external::decode_external;
use native::{NativeFault, decode_native};
use session::Decoded;
use sniff::{HEAD_BYTES, Kind, sniff};

/// How to decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Where ffmpeg is; `None` = not installed.
    pub ffmpeg: Option<PathBuf>,
    /// Most channels taken; 2 = mono or one party per channel.
    pub max_channels: u16,
    /// Longest time ffmpeg may take for one file.
    pub time_limit: Duration,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { ffmpeg: None, max_channels: 2, time_limit: Duration::from_secs(300) }
    }
}

/// Decodes one recording, judging it by its content and not by its name.
///
/// Damage in the middle does not fail: what can be read is kept, in its place in time, and
/// `Pcm::problems` says what is wrong.
///
/// # Errors
/// See [`AudioFault`]; `AudioError::code` gives the stable name of the reason.
pub fn decode(path: &Path, options: &DecodeOptions) -> Result<Pcm, AudioError> {
    let decoded = decode_any(path, options).map_err(|fault| AudioError::new(path, fault))?;
    let mut problems = decoded.problems;
    for (channel, track) in decoded.tracks.iter().enumerate() {
        problems.extend(levels::level_problems(channel, track));
    }
    Ok(Pcm {
        channels: u16::try_from(decoded.tracks.len()).unwrap_or(u16::MAX),
        tracks: decoded.tracks,
        duration_ms: decoded.duration_ms,
        sample_rate_hz: decoded.source_hz,
        codec: decoded.codec,
        problems,
    })
}

fn decode_any(path: &Path, options: &DecodeOptions) -> Result<Decoded, AudioFault> {
    let (mut file, length, head) = open(path)?;
    let max = options.max_channels;
    match sniff(&head) {
        Kind::NotAudio(what) => Err(AudioFault::NotAudio { what: what.into() }),
        Kind::Foreign(codec) => foreign(path, options, codec),
        Kind::Wav => {
            let layout = wav::read_layout(&mut file, length)?;
            match wavdata::decode_wav(file, &layout, max) {
                Ok(decoded) => Ok(decoded),
                Err(NativeFault::Foreign(codec)) => foreign(path, options, &codec),
                Err(NativeFault::Unreadable(why)) => Err(wav::invalid(why)),
                Err(NativeFault::Fault(fault)) => Err(fault),
            }
        }
        Kind::Native => {
            let fault = match decode_native(Box::new(file), max, counts_its_length(&head)) {
                Ok(decoded) if decoded.broke_off => {
                    return Ok(longer(decoded, second_try(path, options, false)));
                }
                Ok(decoded) => return Ok(decoded),
                Err(NativeFault::Foreign(codec)) => {
                    return foreign(path, options, &codec).map_err(|fault| no_sound(fault, codec));
                }
                Err(NativeFault::Unreadable(why)) => wav::invalid(why),
                Err(NativeFault::Fault(fault @ AudioFault::Damaged { .. })) => fault,
                Err(NativeFault::Fault(fault)) => return Err(fault),
            };
            // symphonia is strict; ffmpeg may get something out of a file it refuses. Where it
            // does not either, our own reason is the more useful one.
            second_try(path, options, false).unwrap_or(Err(fault))
        }
        Kind::Unknown => {
            if let Ok(decoded) = decode_native(Box::new(file), max, false)
                && is_convincing(&decoded)
            {
                return Ok(decoded);
            }
            second_try(path, options, true).unwrap_or(Err(AudioFault::NotAudio {
                what: "the content is none of the known recording formats".to_string(),
            }))
        }
    }
}

/// Opens a regular file and reads its beginning. Pipes and devices are refused before they are
/// opened, since opening a pipe waits for a writer.
fn open(path: &Path) -> Result<(File, u64, Vec<u8>), AudioFault> {
    let unreadable = |error: std::io::Error| AudioFault::io(&error);
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        let what = if about.is_dir() { "a directory" } else { "no regular file" };
        return Err(AudioFault::Unreadable { why: format!("it is {what}") });
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(unreadable)?;
    if head.is_empty() {
        return Err(AudioFault::EmptyFile);
    }
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    Ok((file, about.len(), head))
}

/// A codec only ffmpeg reads.
fn foreign(path: &Path, options: &DecodeOptions, codec: &str) -> Result<Decoded, AudioFault> {
    let Some(ffmpeg) = &options.ffmpeg else {
        return Err(AudioFault::needs_ffmpeg(codec));
    };
    // Container names and unknown codecs are better asked for.
    let asked = ["gsm_ms", "gsm", "amr_nb", "amr_wb", "alac", "ac3", "eac3"];
    let known = asked.contains(&codec).then_some(codec);
    let (max, limit) = (options.max_channels, options.time_limit);
    decode_external(ffmpeg, path, known, max, limit, false)
}

/// A container with a track in it, of which ffmpeg makes nothing without saying why: older ones do
/// so with 32-bit FLAC.
fn no_sound(fault: AudioFault, codec: String) -> AudioFault {
    match fault {
        AudioFault::NoSamples => AudioFault::UnsupportedCodec {
            codec,
            hint: "the installed ffmpeg gives no sound for it, convert the recording to WAV".into(),
        },
        fault => fault,
    }
}

/// Lets ffmpeg try a file nothing else could read; `None` where it is not installed or fails.
fn second_try(path: &Path, options: &DecodeOptions, strict: bool) -> Option<Result<Decoded, AudioFault>> {
    let ffmpeg = options.ffmpeg.as_ref()?;
    let (max, limit) = (options.max_channels, options.time_limit);
    match decode_external(ffmpeg, path, None, max, limit, strict) {
        Err(AudioFault::FfmpegFailed { .. } | AudioFault::NoSamples) => None,
        outcome => Some(outcome),
    }
}

/// The native reader's part of a file, or ffmpeg's where that got further.
fn longer(native: Decoded, other: Option<Result<Decoded, AudioFault>>) -> Decoded {
    match other {
        Some(Ok(other)) if other.duration_ms > native.duration_ms => other,
        _ => native,
    }
}

/// Whether a length in the header was counted by the encoder. MPEG streams without a Xing or Info
/// frame have no length, and symphonia then estimates one from the bit rate.
fn counts_its_length(head: &[u8]) -> bool {
    let mpeg = head.starts_with(b"ID3") || head.first() == Some(&0xff);
    let tagged = |part: &[u8]| part == b"Xing" || part == b"Info";
    !mpeg || head.windows(4).any(tagged)
}

/// Unrecognised bytes in which symphonia found frames: false frames decode badly and briefly.
fn is_convincing(decoded: &Decoded) -> bool {
    decoded.duration_ms >= 1_000 && decoded.lost * 20 <= decoded.packets
}

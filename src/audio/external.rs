//! Recordings only ffmpeg can read.
//!
//! In: a path and where ffmpeg is. Out: [`Decoded`]. Only this file knows ffmpeg's arguments.
//!
//! The file is handed over so that no name can be taken for an option or a protocol, and ffmpeg is
//! held to local files and to formats that hold sound: playlists could make it open other files.

use std::ffi::OsString;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::child::{Ended, run};
use super::error::AudioFault;
use super::session::{Decoded, Session};
use super::wav::read_layout;

/// ffmpeg's names of the input formats that are let in: everything recorders write, no playlists,
/// no capture devices, no pictures.
const FORMATS: &str = "aac,ac3,act,adx,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,\
    flv,g722,g723_1,g726,g726le,g729,gsm,iff,ilbc,iss,loas,m4a,matroska,mov,mp2,mp3,mp4,mpc,mpc8,\
    mpeg,mpegts,msf,nistsphere,nut,ogg,oma,qcp,rm,rso,sds,sln,smjpeg,sox,spdif,tak,tta,voc,vqf,\
    w64,wav,webm,wsaud,wsd,wv,wve,xa,xwma";

/// Enough of ffmpeg's output to hold its WAV header.
const HEADER_BYTES: usize = 4_096;

/// Decodes with ffmpeg.
///
/// `codec` names the codec where it is known already; otherwise ffmpeg is asked. A `strict` run
/// takes any complaint as proof that the file is no recording: it is used for files nothing else
/// recognises, in which ffmpeg is apt to find a few false MP3 frames.
///
/// # Errors
/// `unsupported-codec`, `ffmpeg-failed`, `ffmpeg-timeout`, `no-samples`, `too-many-channels`,
/// `too-long`, `header-invalid`.
pub(crate) fn decode_external(
    ffmpeg: &Path,
    path: &Path,
    codec: Option<&str>,
    max_channels: u16,
    limit: Duration,
    strict: bool,
) -> Result<Decoded, AudioFault> {
    let start = Instant::now();
    let named = match codec {
        Some(codec) => codec.to_string(),
        None => ask_codec(ffmpeg, path, limit)?,
    };
    let mut command = input(ffmpeg, path);
    command.args(["-map", "0:a:0", "-vn", "-sn", "-dn", "-bitexact"]);
    command.args(["-c:a", "pcm_s16le", "-f", "wav", "pipe:1"]);

    let mut session = Session::new(max_channels, &named);
    let mut reader = WavPipe::default();
    let left = limit.saturating_sub(start.elapsed());
    let ended = run(command, left, &mut |piece| reader.take(piece, &mut session))?;
    let outcome = reader.end(&mut session);
    let why = first_lines(&ended.complaint, path);
    // ffmpeg may write a header, fail to decode anything and still exit with 0.
    let nothing = session.at_ms() == 0 && !why.is_empty();
    if nothing || (strict && !(ended.success && why.is_empty())) {
        return Err(failure(&ended, why, &named));
    }
    outcome?;
    if !ended.success {
        session.break_off(&why);
    }
    session.finish()
}

/// ffmpeg with everything up to and including the input.
fn input(ffmpeg: &Path, path: &Path) -> Command {
    let mut url = OsString::from("file:");
    url.push(path);
    let mut command = Command::new(ffmpeg);
    command.args(["-nostdin", "-hide_banner", "-v", "error"]);
    command.args(["-protocol_whitelist", "file,pipe"]);
    command.args(["-format_whitelist", FORMATS, "-i"]);
    command.arg(url);
    command
}

/// Asks ffmpeg which codec the first audio stream has.
fn ask_codec(ffmpeg: &Path, path: &Path, limit: Duration) -> Result<String, AudioFault> {
    let mut command = input(ffmpeg, path);
    // Without an output ffmpeg describes its input, complains and exits.
    command.args(["-v", "info"]);
    let ended = run(command, limit, &mut |_| Ok(()))?;
    match codec_in(&ended.complaint) {
        Some(codec) => Ok(codec),
        None => Err(AudioFault::FfmpegFailed { why: first_lines(&ended.complaint, path) }),
    }
}

/// The name after the first "Audio: " in ffmpeg's description of a file.
fn codec_in(description: &str) -> Option<String> {
    let line =
        description.lines().find(|line| line.trim_start().starts_with("Stream #") && line.contains(": Audio: "))?;
    let (_, rest) = line.split_once(": Audio: ")?;
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn failure(ended: &Ended, why: String, codec: &str) -> AudioFault {
    let unknown = ["Decoder not found", "Unknown decoder", "could not find codec parameters"];
    if unknown.iter().any(|text| ended.complaint.contains(text)) {
        return AudioFault::UnsupportedCodec {
            codec: codec.to_string(),
            hint: "this ffmpeg was built without it; convert the recording to WAV".to_string(),
        };
    }
    let why = if why.is_empty() { "it gave no reason".to_string() } else { why };
    AudioFault::FfmpegFailed { why }
}

/// The first two lines of a complaint without the path, which the error carries already.
fn first_lines(complaint: &str, path: &Path) -> String {
    let url = format!("file:{}", path.display());
    let text = complaint.replace(&format!("{url}: "), "").replace(&url, "the file");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let joined = lines.iter().take(2).copied().collect::<Vec<_>>().join("; ");
    joined.chars().take(300).collect()
}

/// ffmpeg's WAV output: a header, then 16-bit samples to the end.
#[derive(Default)]
struct WavPipe {
    pending: Vec<u8>,
    shape: Option<(u32, u16)>,
    samples: Vec<f32>,
}

impl WavPipe {
    fn take(&mut self, piece: &[u8], session: &mut Session) -> Result<(), AudioFault> {
        self.pending.extend_from_slice(piece);
        if self.shape.is_none() && self.pending.len() < HEADER_BYTES {
            return Ok(());
        }
        self.drain(session)
    }

    fn end(&mut self, session: &mut Session) -> Result<(), AudioFault> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.drain(session)
    }

    fn drain(&mut self, session: &mut Session) -> Result<(), AudioFault> {
        let (rate, channels) = match self.shape {
            Some(shape) => shape,
            None => {
                let length = self.pending.len() as u64;
                let layout = read_layout(&mut Cursor::new(&self.pending), length)?;
                let start = usize::try_from(layout.data_start).unwrap_or(usize::MAX);
                self.pending.drain(..start.min(self.pending.len()));
                *self.shape.insert((layout.rate_hz, layout.channels))
            }
        };
        let frame = 2 * usize::from(channels.max(1));
        let whole = self.pending.len() / frame * frame;
        self.samples.clear();
        let (pairs, _) = self.pending.as_chunks::<2>();
        self.samples.extend(pairs.iter().take(whole / 2).map(|pair| super::track::to_f32(i16::from_le_bytes(*pair))));
        self.pending.drain(..whole);
        if self.samples.is_empty() {
            return Ok(());
        }
        session.take_samples(rate, u32::from(channels), &self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codec_is_found_in_a_description() {
        let text = "Input #0, wav, from 'file:Stream #: Audio: x':\n  Duration: 00:00:01\n  \
                    Stream #0:0: Audio: gsm_ms ([49][0][0][0] / 0x0031), 8000 Hz, mono, s16\n";
        assert_eq!(codec_in(text).as_deref(), Some("gsm_ms"));
        assert_eq!(codec_in("no streams"), None);
    }

    #[test]
    fn complaints_are_short_and_without_the_path() {
        let text = "file:/a/b.wav: Invalid data found\n\nsecond\nthird\n";
        assert_eq!(first_lines(text, Path::new("/a/b.wav")), "Invalid data found; second");
    }
}

//! The samples of a WAV file, decoded chunk by chunk.
//!
//! In: the file and its [`WavLayout`]. Out: [`Decoded`], or the name of a codec only ffmpeg knows.
//! Only this file knows format tags. Samples are converted by symphonia's PCM and ADPCM decoders;
//! MP3 and AAC inside of WAV go to the native reader as the streams they are.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::io::MediaSource;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::collect::{check_shape, frames_to_ms};
use super::error::AudioFault;
use super::native::{NativeFault, codecs, decode_native, guarded};
use super::problem::AudioProblem;
use super::session::{Decoded, Session};
use super::wav::{WavLayout, invalid};

/// Frames decoded at a time.
const FRAMES_PER_PACKET: u64 = 8_192;
/// Missing sound shorter than this is a sloppy length field, not a cut-off file.
const SLOPPY_MS: u64 = 10;

/// How the bytes of one block become frames.
struct Coding {
    codec: AudioCodecId,
    block_bytes: u64,
    block_frames: u64,
    /// Bits that count where the container is wider than the sample.
    valid_bits: Option<(u32, u32)>,
}

/// Decodes the samples of a WAV file.
pub(crate) fn decode_wav(mut file: File, layout: &WavLayout, max_channels: u16) -> Result<Decoded, NativeFault> {
    check_shape(layout.rate_hz, u32::from(layout.channels), max_channels)?;
    if matches!(layout.tag, 0x0050 | 0x0055 | 0x00ff | 0x1600) {
        let window = Window::new(file, layout.data_start, layout.data_len);
        let window = window.map_err(|error| AudioFault::io(&error))?;
        let mut decoded = decode_native(Box::new(window), max_channels, false)?;
        if layout.promised.is_some_and(|promised| promised > layout.data_len) {
            let at = decoded.duration_ms;
            decoded.problems.push(AudioProblem::truncated(at, None));
        }
        return Ok(decoded);
    }
    let coding = coding(layout)?;
    let mut session = Session::new(max_channels, &tag_name(layout.tag));
    if layout.promised.is_none() {
        session.note(AudioProblem::header_unfinished());
    }
    file.seek(SeekFrom::Start(layout.data_start)).map_err(|error| AudioFault::io(&error))?;
    guarded(&mut session, |session| run(file.take(layout.data_len), layout, &coding, session))?;
    if let Some(promised) = layout.promised {
        let at = session.at_ms();
        let frames = promised / coding.block_bytes * coding.block_frames;
        let promised_ms = frames_to_ms(frames, layout.rate_hz);
        if at + SLOPPY_MS < promised_ms {
            session.note(AudioProblem::truncated(at, Some(promised_ms)));
        }
    }
    Ok(session.finish()?)
}

fn run(mut data: impl Read, layout: &WavLayout, coding: &Coding, session: &mut Session) -> Result<(), NativeFault> {
    let mut params = AudioCodecParameters::new();
    params
        .for_codec(coding.codec)
        .with_sample_rate(layout.rate_hz)
        .with_channels(Channels::Discrete(layout.channels))
        .with_frames_per_block(coding.block_frames);
    let blocks = (FRAMES_PER_PACKET / coding.block_frames).max(1);
    params.with_max_frames_per_packet(blocks * coding.block_frames);
    if let Some((coded, decoded)) = coding.valid_bits {
        params.with_bits_per_coded_sample(coded);
        params.with_bits_per_sample(decoded);
    }
    let mut decoder = codecs()
        .make_audio_decoder(&params, &AudioDecoderOptions::default())
        .map_err(|_| NativeFault::Foreign(tag_name(layout.tag)))?;
    session.codec = decoder.codec_info().short_name.to_string();

    let mut position = 0i64;
    let mut failed = None;
    loop {
        let mut bytes = Vec::new();
        let wanted = blocks * coding.block_bytes;
        // What a disk error leaves is kept, like the beginning of any damaged recording.
        if let Err(error) = data.by_ref().take(wanted).read_to_end(&mut bytes) {
            failed = Some(error.to_string());
        }
        let whole = bytes.len() as u64 / coding.block_bytes;
        if whole == 0 {
            break;
        }
        bytes.truncate(usize::try_from(whole * coding.block_bytes).unwrap_or(0));
        let frames = whole * coding.block_frames;
        let packet = Packet::new(0, Timestamp::new(position), Duration::new(frames), bytes);
        match decoder.decode(&packet) {
            Ok(buffer) => session.take(&buffer)?,
            Err(error) => {
                session.lose(&error.to_string(), frames_to_ms(frames, layout.rate_hz))?;
            }
        }
        position = position.saturating_add_unsigned(frames);
        if failed.is_some() {
            break;
        }
    }
    if let Some(why) = failed {
        session.break_off(&why);
    }
    Ok(())
}

/// Decides how the samples are coded.
fn coding(layout: &WavLayout) -> Result<Coding, NativeFault> {
    let channels = u64::from(layout.channels);
    let align = u64::from(layout.block_align);
    let plain = |codec, bytes: u64| Coding { codec, block_bytes: bytes * channels, block_frames: 1, valid_bits: None };
    let pcm = |little, big, bytes| plain(if layout.big_endian { big } else { little }, bytes);
    // The block size tells the container of a sample; where it is nonsense, the bits do.
    let stated = u64::from(layout.bits.div_ceil(8));
    let width = match align / channels {
        wide @ 1..=8 if align % channels == 0 && wide >= stated => wide,
        _ => stated,
    };
    Ok(match (layout.tag, width) {
        (0x0001, 1) => plain(id::CODEC_ID_PCM_U8, 1),
        (0x0001, 2) => pcm(id::CODEC_ID_PCM_S16LE, id::CODEC_ID_PCM_S16BE, 2),
        (0x0001, 3) => pcm(id::CODEC_ID_PCM_S24LE, id::CODEC_ID_PCM_S24BE, 3),
        (0x0001, 4) => Coding {
            // 24 bits in the low end of 32, as hound writes them.
            valid_bits: (layout.bits == 24).then_some((24, 32)),
            ..pcm(id::CODEC_ID_PCM_S32LE, id::CODEC_ID_PCM_S32BE, 4)
        },
        (0x0003, 4) => pcm(id::CODEC_ID_PCM_F32LE, id::CODEC_ID_PCM_F32BE, 4),
        (0x0003, 8) => pcm(id::CODEC_ID_PCM_F64LE, id::CODEC_ID_PCM_F64BE, 8),
        (0x0006, _) => plain(id::CODEC_ID_PCM_ALAW, 1),
        (0x0007, _) => plain(id::CODEC_ID_PCM_MULAW, 1),
        (0x0002, _) => adpcm(layout, id::CODEC_ID_ADPCM_MS, 7, 2)?,
        (0x0011, _) => adpcm(layout, id::CODEC_ID_ADPCM_IMA_WAV, 4, 1)?,
        (0x0001 | 0x0003, _) => {
            let bits = layout.bits;
            return Err(invalid(format!("samples of {bits} bits do not exist")).into());
        }
        (tag, _) => return Err(NativeFault::Foreign(tag_name(tag))),
    })
}

/// ADPCM blocks: `head` bytes per channel that carry `lead` frames, then one nibble per sample.
fn adpcm(layout: &WavLayout, codec: AudioCodecId, head: u64, lead: u64) -> Result<Coding, NativeFault> {
    let channels = u64::from(layout.channels);
    let block_bytes = u64::from(layout.block_align);
    let Some(body) = block_bytes.checked_sub(head * channels).filter(|b| *b > 0) else {
        return Err(invalid(format!("ADPCM blocks of {block_bytes} bytes are too small")).into());
    };
    if layout.bits != 4 {
        return Err(NativeFault::Foreign(tag_name(layout.tag)));
    }
    Ok(Coding { codec, block_bytes, block_frames: body * 2 / channels + lead, valid_bits: None })
}

/// ffmpeg's name for a format tag, as far as it is left to ffmpeg.
fn tag_name(tag: u16) -> String {
    let name = match tag {
        0x0002 => "adpcm_ms",
        0x0011 => "adpcm_ima_wav",
        0x0022 => "truespeech",
        0x0031 => "gsm_ms",
        0x0040 | 0x0045 | 0x0064 => "adpcm_g726",
        0x0042 => "g723_1",
        0x0057 => "amr_nb",
        0x0058 => "amr_wb",
        0x0065 | 0x028f => "adpcm_g722",
        0x0083 => "g729",
        0x0160 | 0x0161 => "wma",
        0x2000 => "ac3",
        0xa109 => "speex",
        _ => return format!("wav-tag-0x{tag:04x}"),
    };
    name.to_string()
}

/// A part of a file as a source of its own.
struct Window {
    file: File,
    start: u64,
    len: u64,
    at: u64,
}

impl Window {
    fn new(mut file: File, start: u64, len: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        Ok(Self { file, start, len, at: 0 })
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let Some(part) = buffer.get_mut(..most) else {
            return Ok(0);
        };
        let count = self.file.read(part)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let target = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let absolute = self.start.saturating_add(target);
        self.file.seek(SeekFrom::Start(absolute))?;
        self.at = target;
        Ok(target)
    }
}

impl MediaSource for Window {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}

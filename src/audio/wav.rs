//! The WAV header: RIFF, RIFX, RF64 and BW64 chunks as recorders really write them.
//!
//! In: a seekable file and its length. Out: [`WavLayout`], where the samples lie and how they are
//! coded. Only this file knows chunk layouts and the header mistakes that are forgiven:
//! length fields of 0 or 0xffffffff, missing pad bytes, `fmt ` chunks of odd length, data before
//! `fmt `. Lengths from the header are compared with the file and never used to allocate.

use std::io::{self, Read, Seek, SeekFrom};

use super::error::AudioFault;

/// A file that needs more chunks than this before its samples is broken.
const MAX_CHUNKS: usize = 4_096;

/// What the header says, checked against the file's length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WavLayout {
    /// The format tag; for WAVE_FORMAT_EXTENSIBLE the tag within the sub-format.
    pub(crate) tag: u16,
    pub(crate) channels: u16,
    pub(crate) rate_hz: u32,
    pub(crate) bits: u16,
    pub(crate) block_align: u16,
    /// True for RIFX, whose samples are big-endian too.
    pub(crate) big_endian: bool,
    /// Where the samples start, in bytes from the start of the file.
    pub(crate) data_start: u64,
    /// Bytes of samples there really are.
    pub(crate) data_len: u64,
    /// Bytes of samples the header promises; `None` where it was never filled in.
    pub(crate) promised: Option<u64>,
}

/// Walks the chunks up to the samples.
///
/// # Errors
/// `header-invalid`, `no-samples` where there is no data chunk, `unreadable`.
pub(crate) fn read_layout<R: Read + Seek>(reader: &mut R, file_len: u64) -> Result<WavLayout, AudioFault> {
    let mut walk = Walk::default();
    walk.run(reader, file_len).map_err(|error| AudioFault::io(&error))?;
    let Some(fmt) = walk.fmt else {
        return Err(invalid("there is no fmt chunk"));
    };
    let Some((data_start, stated)) = walk.data else {
        return Err(AudioFault::NoSamples);
    };
    let available = file_len.saturating_sub(data_start);
    let promised = match (stated, walk.ds64) {
        (u32::MAX, Some(long)) if long > 0 => Some(long),
        (u32::MAX, _) => None,
        // A recorder that was killed leaves 0 here; sound may follow all the same.
        (0, _) if available > 0 && !walk.chunk_after_empty_data => None,
        (length, _) => Some(u64::from(length)),
    };
    let data_len = promised.map_or(available, |promised| promised.min(available));
    if data_len == 0 {
        return Err(AudioFault::NoSamples);
    }
    let field = |at: usize| -> u16 {
        match fmt.get(at..at + 2) {
            Some([a, b]) if walk.big_endian => u16::from_be_bytes([*a, *b]),
            Some([a, b]) => u16::from_le_bytes([*a, *b]),
            _ => 0,
        }
    };
    let (low, high) = match walk.big_endian {
        true => (field(6), field(4)),
        false => (field(4), field(6)),
    };
    let tag = match field(0) {
        0xfffe if fmt.len() >= 26 => field(24),
        tag => tag,
    };
    Ok(WavLayout {
        tag,
        channels: field(2),
        rate_hz: u32::from(high) << 16 | u32::from(low),
        block_align: field(12),
        bits: field(14),
        big_endian: walk.big_endian,
        data_start,
        data_len,
        promised,
    })
}

#[derive(Default)]
struct Walk {
    big_endian: bool,
    fmt: Option<Vec<u8>>,
    /// Start of the samples and the length the header states.
    data: Option<(u64, u32)>,
    ds64: Option<u64>,
    chunk_after_empty_data: bool,
}

impl Walk {
    fn run<R: Read + Seek>(&mut self, reader: &mut R, file_len: u64) -> io::Result<()> {
        reader.seek(SeekFrom::Start(0))?;
        let mut riff = [0u8; 12];
        if !fill(reader, &mut riff)? {
            return Ok(());
        }
        self.big_endian = riff.starts_with(b"RIFX");
        let mut at = 12;
        for _ in 0..MAX_CHUNKS {
            let Some((id, length)) = self.chunk(reader, at)? else {
                return Ok(());
            };
            let body = at + 8;
            match &id {
                b"fmt " if self.fmt.is_none() => self.fmt = Some(head_of(reader, length, 64)?),
                b"ds64" => self.ds64 = long_length(&head_of(reader, length, 28)?),
                b"data" if self.data.is_none() => {
                    self.data = Some((body, length));
                    if length == 0 {
                        let next = self.chunk(reader, body)?;
                        self.chunk_after_empty_data =
                            next.is_some_and(|(id, length)| known(&id) && body + 8 + u64::from(length) <= file_len + 1);
                    }
                }
                _ => {}
            }
            let nothing_behind = matches!(self.data, Some((_, 0 | u32::MAX)));
            if self.fmt.is_some() && self.data.is_some() {
                return Ok(());
            }
            if nothing_behind && !self.chunk_after_empty_data {
                return Ok(());
            }
            at = self.next_chunk(reader, body, length)?;
            if at >= file_len {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Where the next chunk starts. Odd lengths are padded, but some writers forget to.
    fn next_chunk<R: Read + Seek>(&self, reader: &mut R, body: u64, len: u32) -> io::Result<u64> {
        let end = body + u64::from(len);
        if len % 2 == 1 {
            if let Some((id, _)) = self.chunk(reader, end)?
                && known(&id)
            {
                return Ok(end);
            }
            return Ok(end + 1);
        }
        Ok(end)
    }

    fn chunk<R: Read + Seek>(&self, reader: &mut R, at: u64) -> io::Result<Option<([u8; 4], u32)>> {
        reader.seek(SeekFrom::Start(at))?;
        let mut head = [0u8; 8];
        if !fill(reader, &mut head)? {
            return Ok(None);
        }
        let [a, b, c, d, e, f, g, h] = head;
        let length = match self.big_endian {
            true => u32::from_be_bytes([e, f, g, h]),
            false => u32::from_le_bytes([e, f, g, h]),
        };
        Ok(Some(([a, b, c, d], length)))
    }
}

/// Chunks that really occur; anything else at an odd position is a pad byte misread.
fn known(id: &[u8; 4]) -> bool {
    const IDS: [&[u8; 4]; 12] =
        [b"fmt ", b"data", b"LIST", b"fact", b"bext", b"cue ", b"id3 ", b"smpl", b"JUNK", b"PEAK", b"iXML", b"ds64"];
    IDS.contains(&id)
}

/// The first `most` bytes of a chunk, fewer where the chunk or the file is shorter.
fn head_of<R: Read>(reader: &mut R, length: u32, most: u32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(u64::from(length.min(most))).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The 64-bit length of the data chunk in a `ds64` chunk.
fn long_length(ds64: &[u8]) -> Option<u64> {
    let bytes: [u8; 8] = ds64.get(8..16)?.try_into().ok()?;
    Some(u64::from_le_bytes(bytes))
}

/// Fills the buffer; `false` where the file ends before.
fn fill<R: Read>(reader: &mut R, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

pub(crate) fn invalid(why: impl Into<String>) -> AudioFault {
    AudioFault::HeaderInvalid { why: why.into() }
}

//! What a file is, judged by its first bytes and never by its name.
//!
//! In: the beginning of a file. Out: [`Kind`], which reader to give it to or why it is no sound.
//! Only this file knows magic numbers.

/// Which reader a file goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// RIFF, RIFX or RF64 WAVE: our own chunk reader.
    Wav,
    /// A container or stream symphonia reads.
    Native,
    /// Only ffmpeg reads it; the name is ffmpeg's name of the codec or container.
    Foreign(&'static str),
    /// Certainly no sound, and what it looks like.
    NotAudio(&'static str),
    /// Nothing known; worth a try, since streams may begin in the middle.
    Unknown,
}

/// How many bytes [`sniff`] wants to see.
pub(crate) const HEAD_BYTES: usize = 8_192;

/// Magic numbers of recordings symphonia cannot read but ffmpeg can: offset, bytes, codec.
const FOREIGN: &[(usize, &[u8], &str)] = &[
    (0, b"#!AMR-WB", "amr_wb"),
    (0, b"#!AMR", "amr_nb"),
    (0, b"#!SILK", "silk"),
    (1, b"#!SILK", "silk"),
    (0, b"#!EVRC", "evrc"),
    (0, b".snd", "au"),
    (0, b"riff\x2e\x91\xcf\x11", "w64"),
    (0, b"Creative Voice File", "voc"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wma"),
    (0, b"MAC ", "ape"),
    (0, b"wvPk", "wavpack"),
    (0, b"TTA1", "tta"),
    (0, b".RMF", "cook"),
    (0, b".ra\xfd", "ra_144"),
    (0, b"FLV\x01", "flv"),
    (0, b"DSD ", "dsf"),
    (0, b"NIST_1A", "nistsphere"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (8, b"AVI ", "avi"),
];

/// Magic numbers of containers symphonia reads.
const NATIVE: &[(usize, &[u8])] = &[
    (0, b"fLaC"),
    (0, b"OggS"),
    (0, b"ID3"),
    (0, b"caff"),
    (0, b"\x1a\x45\xdf\xa3"),
    (4, b"ftyp"),
    (4, b"moov"),
    (8, b"AIFF"),
    (8, b"AIFC"),
];

/// Magic numbers of files that turn up in recording folders but hold no sound.
const NOT_AUDIO: &[(usize, &[u8], &str)] = &[
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\x1f\x8b", "gzip-compressed data"),
    (0, b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (0, b"BZh", "bzip2-compressed data"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90", "a program"),
    (0, b"SQLite format 3", "an SQLite database"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document"),
    (257, b"ustar", "a tar archive"),
];

/// Looks at the beginning of a file (at most [`HEAD_BYTES`] bytes are used).
pub(crate) fn sniff(head: &[u8]) -> Kind {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    let has = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));

    if has(8, b"WAVE") && (has(0, b"RIFF") || has(0, b"RIFX") || has(0, b"RF64") || has(0, b"BW64")) {
        return Kind::Wav;
    }
    // A RIFF cut off within its first twelve bytes is a recording that was never written.
    if has(0, b"RIFF") && head.len() < 12 {
        return Kind::Wav;
    }
    if has(0, b"OggS") && head.windows(8).take(256).any(|part| part == b"Speex   ") {
        return Kind::Foreign("speex");
    }
    for (at, magic, codec) in FOREIGN {
        if has(*at, magic) {
            return Kind::Foreign(codec);
        }
    }
    if NATIVE.iter().any(|(at, magic)| has(*at, magic)) {
        return Kind::Native;
    }
    for (at, magic, what) in NOT_AUDIO {
        if has(*at, magic) {
            return Kind::NotAudio(what);
        }
    }
    if mpeg_audio(head) {
        return Kind::Native;
    }
    if is_raw_gsm(head) {
        return Kind::Foreign("gsm");
    }
    if let Some(what) = text(head) {
        return Kind::NotAudio(what);
    }
    if head.iter().all(|byte| *byte == 0) {
        return Kind::NotAudio("nothing but zero bytes");
    }
    Kind::Unknown
}

/// MPEG layer 1-3 or ADTS: a plausible frame header whose length leads to another one.
fn mpeg_audio(head: &[u8]) -> bool {
    let Some(first) = frame_len(head) else {
        return false;
    };
    match head.get(first..) {
        Some(next) if next.len() >= 4 => frame_len(next).is_some(),
        _ => head.len() < 4_096,
    }
}

/// Bytes of the MPEG or ADTS frame that starts here.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let [a, b, c, d, ..] = *bytes else {
        return None;
    };
    if a != 0xff || b & 0xe0 != 0xe0 {
        return None;
    }
    if b & 0xf6 == 0xf0 {
        let len = usize::from(c & 3) << 11 | usize::from(d) << 3;
        return (len > 7 && (c >> 2) & 15 < 13).then_some(len);
    }
    const V1: [[usize; 15]; 3] = [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    ];
    const V2: [[usize; 15]; 3] = [
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let (version, layer) = ((b >> 3) & 3, 4 - usize::from((b >> 1) & 3));
    let rates = match version {
        3 => [44_100, 48_000, 32_000],
        2 => [22_050, 24_000, 16_000],
        0 => [11_025, 12_000, 8_000],
        _ => return None,
    };
    let rate = rates.get(usize::from((c >> 2) & 3))?;
    let table = if version == 3 { &V1 } else { &V2 };
    let kbps = *table.get(layer.checked_sub(1)?)?.get(usize::from(c >> 4))?;
    if kbps == 0 {
        return None;
    }
    let padding = usize::from((c >> 1) & 1);
    Some(match layer {
        1 => (12_000 * kbps / rate + padding) * 4,
        3 if version != 3 => 72_000 * kbps / rate + padding,
        _ => 144_000 * kbps / rate + padding,
    })
}

/// Headerless GSM 06.10: every frame of 33 bytes begins with the nibble 0xD.
fn is_raw_gsm(head: &[u8]) -> bool {
    let frames = head.len() / 33;
    frames >= 5 && head.iter().step_by(33).take(frames).all(|byte| byte >> 4 == 0xd)
}

/// Plain text of any encoding, told by what is missing: control characters.
fn text(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some("a text file (UTF-16)");
    }
    let control = |byte: &u8| (*byte < 0x20 && !b"\t\r\n\x0c\x1b".contains(byte)) || *byte == 0x7f;
    if head.iter().any(control) {
        return None;
    }
    let start: Vec<u8> =
        head.iter().skip_while(|byte| byte.is_ascii_whitespace()).take(64).map(u8::to_ascii_lowercase).collect();
    Some(if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        "an HTML page"
    } else if start.starts_with(b"{") || start.starts_with(b"[") {
        "a JSON file"
    } else if start.starts_with(b"<?xml") {
        "an XML file"
    } else {
        "a text file"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_in_any_encoding() {
        assert_eq!(sniff(b"hello, not a wav\n"), Kind::NotAudio("a text file"));
        assert_eq!(sniff("催收录音".as_bytes()), Kind::NotAudio("a text file"));
        // GBK for the same words.
        assert_eq!(sniff(b"\xb4\xdf\xca\xd5\xc2\xbc\xd2\xf4\r\n"), Kind::NotAudio("a text file"));
        assert_eq!(sniff(b"<!DOCTYPE html>"), Kind::NotAudio("an HTML page"));
    }

    #[test]
    fn containers_are_recognised() {
        assert_eq!(sniff(b"RIFF\x24\0\0\0WAVEfmt "), Kind::Wav);
        assert_eq!(sniff(b"RF64\xff\xff\xff\xffWAVEds64"), Kind::Wav);
        assert_eq!(sniff(b"RIFF"), Kind::Wav);
        assert_eq!(sniff(b"fLaC\0\0\0\x22"), Kind::Native);
        assert_eq!(sniff(b"\0\0\0\x20ftypM4A "), Kind::Native);
        assert_eq!(sniff(b"#!AMR\n\x3c"), Kind::Foreign("amr_nb"));
        assert_eq!(sniff(b"%PDF-1.7"), Kind::NotAudio("a PDF document"));
        assert_eq!(sniff(&[0; 5_000]), Kind::NotAudio("nothing but zero bytes"));
    }

    #[test]
    fn raw_gsm_needs_every_frame() {
        let mut bytes = vec![7u8; 330];
        for at in (0..330).step_by(33) {
            bytes[at] = 0xd2;
        }
        assert_eq!(sniff(&bytes), Kind::Foreign("gsm"));
        bytes[66] = 0x12;
        assert_eq!(sniff(&bytes), Kind::Unknown);
    }

    #[test]
    fn an_mpeg_frame_leads_to_the_next() {
        // MPEG 2 layer 3, 32 kbit/s, 16 kHz: 144 bytes a frame.
        let mut bytes = vec![0u8; 6_000];
        for at in (0..6_000 - 4).step_by(144) {
            bytes[at..at + 4].copy_from_slice(&[0xff, 0xf3, 0x48, 0xc4]);
        }
        assert_eq!(sniff(&bytes), Kind::Native);
        bytes[144] = 0;
        assert_eq!(sniff(&bytes), Kind::Unknown);
    }
}

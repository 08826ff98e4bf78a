//! What a file is: by its name where that is enough, else by its first bytes.
//!
//! Comes in: a file that was reached. Goes out: [`Sorted`]. Only this file knows the endings recordings come with, the
//! endings of what lies beside them, and how audio and our own documents begin.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Trouble;
use super::listing::Reached;
use super::show::shown_path;

/// Endings taken for recordings without opening the file; what is inside is the decoder's business.
const RECORDINGS: &str = "\
    wav wave wav49 mp3 mp2 mpga flac ogg oga opus m4a m4b mp4 m4v mov aac adts aif aiff aifc caf gsm amr awb wma \
    asf webm weba mka mkv au snd g711 g722 g723 g726 g729 3gp 3gpp 3g2 spx speex vox raw pcm sln ulaw ul mulaw \
    alaw al silk rf64 w64 dss ds2 wv";

/// Endings of what lies beside recordings; never opened.
const SIDE_FILES: &str = "\
    csv tsv txt md xlsx xls ods doc docx odt rtf html htm css js pdf log toml yaml yml xml ini cfg conf jsonl \
    ndjson png jpg jpeg gif svg webp heic bmp sha256 sha1 md5 sum asc sig zip gz tgz tar 7z rar xz zst bz2 db \
    sqlite parquet py sh bat ps1 exe dll lnk tmp part crdownload bak lock srt vtt lrc m3u m3u8 cue eml msg";

/// How much of a document is looked at to see what it is.
const HEAD: u64 = 4096;

/// What a file is.
#[derive(Debug)]
pub(super) enum Sorted {
    /// Sound, by its name or its first bytes.
    Recording,
    /// A transcript and the call id it carries.
    Transcript {
        /// `call.id` of the document.
        id: Option<String>,
    },
    /// A call or something that may be one, and can't be opened.
    Unusable(Trouble),
    /// No call.
    Skip {
        /// The code.
        because: &'static str,
        /// For people.
        message: String,
    },
}

/// Says what a file is.
pub(super) fn sort(file: &Reached) -> Sorted {
    let ending = ending_of(&file.path);
    let shown = || shown_path(&file.path);
    if let Some(trouble) = &file.trouble {
        return match trouble.code {
            "not-a-file" if !file.named => skip("not-a-file", &trouble.message),
            // A side file that can't be opened is still only a side file.
            "unreadable" if !file.named && is_one_of(SIDE_FILES, &ending) => skip("not-a-recording", &trouble.message),
            _ => Sorted::Unusable(trouble.clone()),
        };
    }
    if ending == "json" || ending == "vcon" {
        return match head_of(&file.path) {
            Ok(head) => sort_document(&file.path, &head),
            Err(cause) => unreadable(&file.path, &cause),
        };
    }
    if file.named || is_one_of(RECORDINGS, &ending) {
        return Sorted::Recording;
    }
    if is_one_of(SIDE_FILES, &ending) {
        return skip("not-a-recording", &format!("'{}' lies beside the recordings", shown()));
    }
    match head_of(&file.path) {
        Ok(head) if sounds(&head) => Sorted::Recording,
        Ok(_) => skip(
            "not-a-recording",
            &format!("'{}' doesn't begin like audio: if it is a recording, name it on the command line", shown()),
        ),
        Err(cause) => unreadable(&file.path, &cause),
    }
}

/// The first 4 KiB of a file.
pub(super) fn head_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a JSON text has a `schema` beginning with `name`.
pub(super) fn has_schema(head: &[u8], name: &str) -> bool {
    after_key(head, "\"schema\"").any(|value| value.starts_with(b"\"") && value[1..].starts_with(name.as_bytes()))
}

/// Whether a name alone says recording.
pub(super) fn is_recording_name(path: &Path) -> bool {
    is_one_of(RECORDINGS, &ending_of(path))
}

fn is_one_of(endings: &str, ending: &str) -> bool {
    endings.split(' ').any(|known| known == ending)
}

fn ending_of(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn skip(because: &'static str, message: &str) -> Sorted {
    Sorted::Skip { because, message: message.to_string() }
}

fn unreadable(path: &Path, cause: &io::Error) -> Sorted {
    let message = format!("'{}' can't be opened: {cause}: check who may read it, then run again", shown_path(path));
    Sorted::Unusable(Trouble { code: "unreadable", message })
}

fn sort_document(path: &Path, head: &[u8]) -> Sorted {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let transcript = "fairdial.transcript/";
    let vcon = name.ends_with(".vcon") || name.ends_with(".vcon.json");
    if has_schema(head, transcript) {
        return Sorted::Transcript { id: document(path).and_then(|document| document.id()) };
    }
    if vcon || after_key(head, "\"vcon\"").next().is_some() {
        let message = format!("'{}' is a vCon, which this version doesn't read: give the recording", shown_path(path));
        return skip("vcon-not-yet", &message);
    }
    // The schema may stand last in a long document.
    if head.len() as u64 == HEAD
        && let Some(document) = document(path)
        && document.schema.as_ref().and_then(Value::as_str).is_some_and(|schema| schema.starts_with(transcript))
    {
        return Sorted::Transcript { id: document.id() };
    }
    let message = format!(
        "'{}' is not a transcript: one has \"schema\": \"fairdial.transcript/1\" at its top level",
        shown_path(path)
    );
    skip("not-a-transcript", &message)
}

/// What follows `key` and a colon, each time.
fn after_key<'h>(head: &'h [u8], key: &'static str) -> impl Iterator<Item = &'h [u8]> {
    head.windows(key.len()).enumerate().filter(move |(_, window)| *window == key.as_bytes()).filter_map(
        move |(at, _)| {
            let rest = head[at + key.len()..].trim_ascii_start();
            rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start)
        },
    )
}

/// The little of a transcript that intake needs; all else is passed over without being kept.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    schema: Option<Value>,
    #[serde(default)]
    call: Option<Value>,
    #[serde(default, rename = "segments")]
    _segments: Option<IgnoredAny>,
}

impl Document {
    fn id(&self) -> Option<String> {
        let text = match self.call.as_ref()?.get("id")? {
            Value::String(text) => text.trim().to_string(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

/// Reads a document as far as it is well formed; what is wrong with it is told where its words are read.
fn document(path: &Path) -> Option<Document> {
    let mut file = File::open(path).ok()?;
    let mut mark = [0; 3];
    if !matches!(file.read_exact(&mut mark), Ok(()) if mark == [0xef, 0xbb, 0xbf]) {
        file.rewind().ok()?;
    }
    serde_json::from_reader(BufReader::with_capacity(64 * 1024, file)).ok()
}

/// Whether bytes begin like a container or stream that carries sound.
fn sounds(head: &[u8]) -> bool {
    let at = |from: usize, what: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(what));
    let riff = (at(0, b"RIFF") || at(0, b"RF64") || at(0, b"BW64") || at(0, b"RIFX")) && at(8, b"WAVE");
    let form = at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC"));
    let picture = [&b"heic"[..], b"heix", b"mif1", b"msf1", b"avif"].iter().any(|brand| at(8, brand));
    let starts: [&[u8]; 10] = [
        b"ID3",
        b"fLaC",
        b"OggS",
        b"caff",
        b"#!AMR",
        b"#!SILK",
        b"\x02#!SILK",
        b".snd",
        b"\x1a\x45\xdf\xa3",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    ];
    riff || form || (at(4, b"ftyp") && !picture) || starts.iter().any(|start| at(0, start)) || is_mpeg_frame(head)
}

/// The first four bytes of an ADTS or MPEG layer II/III frame. `FF FE` is left to UTF-16 text.
fn is_mpeg_frame(head: &[u8]) -> bool {
    let [0xff, second, third, _, ..] = *head else { return false };
    let adts = second & 0xf6 == 0xf0 && third >> 2 & 0xf < 13;
    let layer = second >> 1 & 3;
    let mpeg = second & 0xe0 == 0xe0
        && second >> 3 & 3 != 1
        && matches!(layer, 1 | 2)
        && third >> 4 != 0xf
        && third >> 4 != 0
        && third >> 2 & 3 != 3;
    adts || mpeg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_and_text_are_told_apart() {
        for head in [
            &b"RIFF\x24\0\0\0WAVEfmt "[..],
            b"ID3\x04",
            b"\xff\xfb\x90\x64",
            b"\xff\xf1\x50\x80",
            b"\0\0\0\x20ftypM4A ",
            b"FORM\0\0\0\0AIFF",
        ] {
            assert!(sounds(head), "{head:?}");
        }
        for head in
            [&b""[..], b"\xff\xfeh\0e\0", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x20ftypheic", b"hello", b"\xff\xd8\xff\xe0"]
        {
            assert!(!sounds(head), "{head:?}");
        }
    }

    #[test]
    fn endings_are_of_one_kind() {
        assert!(RECORDINGS.split(' ').all(|ending| !ending.is_empty() && !is_one_of(SIDE_FILES, ending)));
        assert!(is_recording_name(Path::new("a.WAV")) && is_recording_name(Path::new("a.wv")));
        assert!(!is_recording_name(Path::new("a")) && !is_recording_name(Path::new("a.json")));
    }

    #[test]
    fn schemas_are_seen_through_spaces() {
        assert!(has_schema(b"{ \"schema\" :\n \"fairdial.run/1\"}", "fairdial.run/"));
        assert!(!has_schema(b"{\"schema\": \"fairdial.record/1\"}", "fairdial.run/"));
        assert!(!has_schema(b"\"schema\"", "fairdial.run/"));
    }
}

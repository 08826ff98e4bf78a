//! From the bytes of a table to text.
//!
//! Comes in: bytes as some export wrote them. Goes out: text, and what was assumed to get it. Only this file knows the
//! encodings tables come in: UTF-8, UTF-16, and GB18030 (of which GBK and GB2312 are parts).

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};

/// Of this many characters one may be damaged before the table as a whole is refused.
const DAMAGED_ONE_IN: usize = 50;

/// A table as text.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    /// The text, without a byte order mark.
    pub(super) text: String,
    /// What a person should check; absent for clean UTF-8.
    pub(super) note: Option<String>,
}

/// Decodes a table, or says what to do about it.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err("it is an Excel workbook: save it as 'CSV UTF-8' and give that file".into());
    }
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return utf8(rest);
    }
    for (mark, encoding) in [(&b"\xff\xfe"[..], UTF_16LE), (b"\xfe\xff", UTF_16BE)] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return with(rest, encoding, None);
        }
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        let note = format!("it has no byte order mark and was read as {}", encoding.name());
        return with(bytes, encoding, Some(note));
    }
    if std::str::from_utf8(bytes).is_ok() || is_damaged_utf8(bytes) {
        return utf8(bytes);
    }
    let note = "it is not UTF-8 and was read as GB18030 (GBK): check that the names are right, or save it as UTF-8";
    with(bytes, GB18030, Some(note.into()))
}

fn utf8(bytes: &[u8]) -> Result<Decoded, String> {
    let damaged = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    judged(String::from_utf8_lossy(bytes).into_owned(), damaged, None)
}

fn with(bytes: &[u8], encoding: &'static Encoding, note: Option<String>) -> Result<Decoded, String> {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    let damaged = if had_errors { text.chars().filter(|c| *c == '\u{fffd}').count().max(1) } else { 0 };
    judged(text.into_owned(), damaged, note)
}

fn judged(text: String, damaged: usize, note: Option<String>) -> Result<Decoded, String> {
    if damaged == 0 {
        return Ok(Decoded { text, note });
    }
    if damaged > 3 && damaged * DAMAGED_ONE_IN > text.chars().count() {
        return Err("it is neither UTF-8, UTF-16 nor GBK text: save it as 'CSV UTF-8'".into());
    }
    let line = text.lines().position(|line| line.contains('\u{fffd}')).unwrap_or_default() + 1;
    let damage = format!("{damaged} characters could not be read, the first on line {line}: save it as UTF-8");
    let note = note.map_or(damage.clone(), |note| format!("{note}; {damage}"));
    Ok(Decoded { text, note: Some(note) })
}

/// UTF-16 without its mark: text of which every other byte is mostly zero.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(4096) & !1).filter(|head| head.len() >= 8)?;
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match (even * 4 > head.len(), odd * 4 > head.len()) {
        (false, true) if even == 0 => Some(UTF_16LE),
        (true, false) if odd == 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-8 with a few bad bytes, as against another encoding that happens to hold a few good sequences.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= 10 * bad
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        decode(bytes).unwrap().text
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let table = "file,坐席姓名\n1.wav,周敏\n";
        let utf16: Vec<u16> = table.encode_utf16().collect();
        let little: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(decode(table.as_bytes()).unwrap(), Decoded { text: table.into(), note: None });
        assert_eq!(decode(&[b"\xef\xbb\xbf", table.as_bytes()].concat()).unwrap().note, None);
        assert_eq!(text(&[b"\xff\xfe", &little[..]].concat()), table);
        assert_eq!(text(&[b"\xfe\xff", &big[..]].concat()), table);
        assert_eq!(text(&little), table);
        let gbk = decode(&encoding_rs::GBK.encode(table).0).unwrap();
        assert_eq!(gbk.text, table);
        assert!(gbk.note.unwrap().contains("GB18030"));
    }

    #[test]
    fn one_bad_byte_leaves_utf8_utf8() {
        let mut bytes = "文件,坐席姓名,债权人,催收机构\n".repeat(20).into_bytes();
        bytes.extend_from_slice(b"a\xff.wav,b\n");
        let decoded = decode(&bytes).unwrap();
        assert!(decoded.text.starts_with("文件,坐席姓名"));
        assert!(decoded.note.unwrap().contains("line 21"));
    }

    #[test]
    fn workbooks_and_noise_are_refused() {
        assert!(decode(b"PK\x03\x04rest").unwrap_err().contains("CSV"));
        assert!(decode(&[0xff; 300]).is_err());
    }
}

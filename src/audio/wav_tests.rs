//! Hand-made WAV headers, right and wrong, through `read_layout`.

use super::error::AudioFault;
use super::testkit::wav_bytes;
use super::wav::{WavLayout, read_layout};
use std::io::Cursor;

fn layout(bytes: &[u8]) -> Result<WavLayout, AudioFault> {
    read_layout(&mut Cursor::new(bytes), bytes.len() as u64)
}

/// RIFF around hand-made chunks.
fn riff(magic: &[u8; 4], chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend_from_slice(&[0xff; 4]);
    bytes.extend_from_slice(b"WAVE");
    for (id, length, body) in chunks {
        bytes.extend_from_slice(*id);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(body);
    }
    bytes
}

fn fmt() -> Vec<u8> {
    wav_bytes(1, 1, 8_000, 16, &[])[20..36].to_vec()
}

#[test]
fn a_plain_header_is_read() {
    let got = layout(&wav_bytes(6, 2, 8_000, 8, &[0x55; 100])).unwrap();
    assert_eq!((got.tag, got.channels, got.rate_hz), (6, 2, 8_000));
    assert_eq!((got.data_start, got.data_len, got.promised), (44, 100, Some(100)));
}

#[test]
fn lengths_are_checked_against_the_file() {
    let fmt = fmt();
    let huge = riff(b"RIFF", &[(b"fmt ", 16, &fmt), (b"data", 0xffff_fff0, &[0; 20])]);
    let got = layout(&huge).unwrap();
    assert_eq!((got.data_len, got.promised), (20, Some(0xffff_fff0)));
    let open = riff(b"RIFF", &[(b"fmt ", 16, &fmt), (b"data", u32::MAX, &[0; 20])]);
    assert_eq!(layout(&open).unwrap().promised, None);
    let killed = riff(b"RIFF", &[(b"fmt ", 16, &fmt), (b"data", 0, &[9; 20])]);
    assert_eq!(layout(&killed).unwrap().data_len, 20);
}

#[test]
fn rf64_and_odd_chunks_are_walked() {
    let fmt = fmt();
    let mut ds64 = vec![0u8; 28];
    ds64[8..16].copy_from_slice(&40u64.to_le_bytes());
    let long = riff(b"RF64", &[(b"ds64", 28, &ds64), (b"fmt ", 16, &fmt), (b"data", u32::MAX, &[0; 40])]);
    assert_eq!(layout(&long).unwrap().promised, Some(40));
    let padded = riff(b"RIFF", &[(b"xyz ", 3, &[1, 2, 3, 0]), (b"fmt ", 16, &fmt), (b"data", 4, &[0; 4])]);
    assert_eq!(layout(&padded).unwrap().data_len, 4);
    let unpadded = riff(b"RIFF", &[(b"LIST", 3, &[1, 2, 3]), (b"fmt ", 16, &fmt), (b"data", 4, &[0; 4])]);
    assert_eq!(layout(&unpadded).unwrap().data_len, 4);
    let reversed = riff(b"RIFF", &[(b"data", 4, &[0; 4]), (b"fmt ", 16, &fmt)]);
    assert_eq!(layout(&reversed).unwrap().data_len, 4);
}

#[test]
fn missing_parts_are_named() {
    let fmt = fmt();
    assert_eq!(layout(b"RIFF").unwrap_err().code(), "header-invalid");
    let only_fmt = riff(b"RIFF", &[(b"fmt ", 16, &fmt)]);
    assert_eq!(layout(&only_fmt).unwrap_err().code(), "no-samples");
    let only_data = riff(b"RIFF", &[(b"data", 4, &[0; 4])]);
    assert_eq!(layout(&only_data).unwrap_err().code(), "header-invalid");
    let empty = riff(b"RIFF", &[(b"fmt ", 16, &fmt), (b"data", 0, &[]), (b"LIST", 4, b"INFO")]);
    assert_eq!(layout(&empty).unwrap_err().code(), "no-samples");
}

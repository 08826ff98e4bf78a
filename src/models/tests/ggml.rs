//! The walk through a model file, on a small synthetic one and on every way of spoiling it tried here.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::{GgmlHeader, ModelError, check_ggml};

const WIDTH: u32 = 32;
const VOCAB: u32 = 51_864;
const MELS: u32 = 2;
/// Tokens, with the space whisper.cpp needs.
const TOKENS: [&[u8]; 4] = [b" ", b"", b"hello", "\u{60a8}".as_bytes()];

/// Where the parts of the synthetic file begin.
struct Synthetic {
    bytes: Vec<u8>,
    mel: usize,
    vocabulary: usize,
    tensors: Vec<usize>,
}

/// A whole q5_0 model: one layer each side, 32 wide, with weights of zero. Written here by hand rather than from the
/// tables under test.
fn synthetic() -> Synthetic {
    let mut out: Vec<u8> = b"lmgg".to_vec();
    let put = |values: &[u32], out: &mut Vec<u8>| values.iter().for_each(|v| out.extend(v.to_le_bytes()));
    put(&[VOCAB, 8, WIDTH, 2, 1, 32, WIDTH, 2, 1, MELS, 2008], &mut out);
    let mel = out.len();
    put(&[MELS, 201], &mut out);
    out.extend(vec![0; MELS as usize * 201 * 4]);
    let vocabulary = out.len();
    put(&[TOKENS.len() as u32], &mut out);
    for token in TOKENS {
        put(&[token.len() as u32], &mut out);
        out.extend(token);
    }
    let mut tensors = Vec::new();
    let mut tensor = |name: &str, shape: &[u32], ttype: u32| {
        tensors.push(out.len());
        put(&[shape.len() as u32, name.len() as u32, ttype], &mut out);
        put(shape, &mut out);
        out.extend(name.as_bytes());
        let numbers: u32 = shape.iter().product();
        out.extend(vec![
            0;
            match ttype {
                0 => numbers as usize * 4,
                1 => numbers as usize * 2,
                _ => numbers as usize / 32 * 22,
            }
        ]);
    };
    tensor("encoder.positional_embedding", &[WIDTH, 8], 0);
    tensor("decoder.positional_embedding", &[WIDTH, 32], 0);
    tensor("decoder.token_embedding.weight", &[WIDTH, VOCAB], 6);
    tensor("encoder.conv1.weight", &[3, MELS, WIDTH], 1);
    tensor("encoder.conv1.bias", &[1, WIDTH], 0);
    tensor("encoder.conv2.weight", &[3, WIDTH, WIDTH], 1);
    tensor("encoder.conv2.bias", &[1, WIDTH], 0);
    for block in ["encoder.blocks.0.attn", "decoder.blocks.0.attn", "decoder.blocks.0.cross_attn"] {
        tensor(&format!("{block}_ln.weight"), &[WIDTH], 0);
        tensor(&format!("{block}_ln.bias"), &[WIDTH], 0);
        for part in ["query", "key", "value", "out"] {
            tensor(&format!("{block}.{part}.weight"), &[WIDTH, WIDTH], 6);
        }
        for part in ["query", "value", "out"] {
            tensor(&format!("{block}.{part}.bias"), &[WIDTH], 0);
        }
    }
    for block in ["encoder.blocks.0", "decoder.blocks.0"] {
        tensor(&format!("{block}.mlp_ln.weight"), &[WIDTH], 0);
        tensor(&format!("{block}.mlp_ln.bias"), &[WIDTH], 0);
        tensor(&format!("{block}.mlp.0.weight"), &[WIDTH, 4 * WIDTH], 6);
        tensor(&format!("{block}.mlp.0.bias"), &[4 * WIDTH], 0);
        tensor(&format!("{block}.mlp.2.weight"), &[4 * WIDTH, WIDTH], 6);
        tensor(&format!("{block}.mlp.2.bias"), &[WIDTH], 0);
    }
    for norm in ["encoder.ln_post", "decoder.ln"] {
        tensor(&format!("{norm}.weight"), &[WIDTH], 0);
        tensor(&format!("{norm}.bias"), &[WIDTH], 0);
    }
    Synthetic { bytes: out, mel, vocabulary, tensors }
}

struct Bench {
    path: PathBuf,
    _dir: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let dir = TempDir::new().unwrap();
        Bench { path: dir.path().join("model.bin"), _dir: dir }
    }

    fn check(&self, bytes: &[u8]) -> Result<GgmlHeader, ModelError> {
        fs::write(&self.path, bytes).unwrap();
        check_ggml(&self.path)
    }

    fn code(&self, bytes: &[u8]) -> &'static str {
        self.check(bytes).map_or_else(|error| error.code(), |_| "whole")
    }
}

fn with_u32(bytes: &[u8], at: usize, value: u32) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
    changed
}

#[test]
fn a_whole_file_is_described() {
    let model = synthetic();
    let header = Bench::new().check(&model.bytes).unwrap();
    assert_eq!((header.n_vocab, header.n_audio_state, header.n_mels), (VOCAB, WIDTH, MELS));
    assert_eq!((header.quantisation, header.tokens, header.tensors), ("q5_0", 4, model.tensors.len()));
    assert_eq!(header.bytes, model.bytes.len() as u64);
    assert!(!header.is_multilingual());
}

#[test]
fn a_file_cut_anywhere_is_noticed() {
    let model = synthetic();
    let bench = Bench::new();
    let boundaries = model.tensors.iter().flat_map(|&at| [at - 1, at, at + 1, at + 11, at + 12, at + 20]);
    let steps = (4..model.bytes.len()).step_by(40_009);
    for cut in boundaries.chain(steps).chain([4, 47, 48, model.mel + 8, model.vocabulary + 4, model.bytes.len() - 1]) {
        let error = bench.check(&model.bytes[..cut]).unwrap_err();
        let ModelError::Truncated { at, .. } = error else { panic!("cut at {cut}: {error:?}") };
        assert_eq!(at, cut as u64);
    }
    let text = bench.check(&model.bytes[..model.bytes.len() - 1]).unwrap_err().to_string();
    assert!(text.contains(&format!("ends at byte {}", model.bytes.len() - 1)), "{text}");
    assert!(text.contains("tensor 'decoder.ln.bias'"), "{text}");
}

#[test]
fn other_files_are_called_what_they_are() {
    let bench = Bench::new();
    for (bytes, expected) in [
        (&b""[..], "empty"),
        (b"lm", "mark of a ggml"),
        (b"GGUF\x03\0\0\0", "gguf"),
        (b"PK\x03\x04....", "zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-lfs pointer"),
        (b"<!doctype html>", "web page"),
        (b"lmgg\x0a\0\0\0silero-16k", "vad"),
        (b"RIFF....WAVE", "mark of a ggml"),
    ] {
        let error = bench.check(bytes).unwrap_err();
        assert_eq!(error.code(), "model-not-a-model");
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(check_ggml(Path::new("/nonexistent/model.bin")).unwrap_err().code(), "model-io");
    assert_eq!(check_ggml(bench.path.parent().unwrap()).unwrap_err().code(), "model-not-a-file");
}

#[test]
fn no_flipped_bit_in_the_dimensions_passes() {
    let model = synthetic();
    let bench = Bench::new();
    for bit in 0..48 * 8 {
        let mut changed = model.bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // Two heads of 16 or one, four, eight, sixteen heads: nothing else in the file depends on it.
        let heads = matches!(bit / 32, 4 | 8) && bench.code(&changed) == "whole";
        assert!(heads || bench.code(&changed) != "whole", "bit {bit} of the dimensions");
    }
}

#[test]
fn flipped_bits_elsewhere_never_crash_the_walk() {
    let model = synthetic();
    let bench = Bench::new();
    let mut seed = 1_u64;
    for _ in 0..400 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let head = model.tensors[(seed >> 20) as usize % model.tensors.len()];
        let at = head + (seed >> 40) as usize % 40;
        let mut changed = model.bytes.clone();
        changed[at] ^= 1 << (seed >> 60 & 7);
        let _ = bench.check(&changed);
    }
}

#[test]
fn absurd_values_are_refused() {
    let model = synthetic();
    let bench = Bench::new();
    let head = model.tensors[3];
    for (at, value, what) in [
        (4, 60_000, "more languages than whisper.cpp knows"),
        (8, u32::MAX, "negative audio context"),
        (12, 1 << 30, "absurd width"),
        (16, 0, "no heads"),
        (20, 100_000, "absurd layers"),
        (44, 4, "a weight form that aborts whisper.cpp"),
        (44, 8, "blocks of an older format"),
        (44, 2_000_000_008, "absurd ftype"),
        (model.mel, 1 << 28, "absurd mel filters"),
        (model.mel + 4, 4000, "filters longer than the transform"),
        (model.mel + 8, f32::NAN.to_bits(), "a filter that is no number"),
        (model.vocabulary, u32::MAX, "negative token count"),
        (model.vocabulary, VOCAB + 1, "more tokens than the model has"),
        (model.vocabulary + 4, u32::MAX, "a token of 4 GB"),
        (head, 5, "five dimensions, past whisper.cpp's array"),
        (head, u32::MAX, "negative dimensions"),
        (head + 4, u32::MAX, "a name of 4 GB"),
        (head + 8, 0, "another weight type"),
        (head + 8, 4711, "an unknown weight type"),
        (head + 12, 0, "an empty shape"),
        (head + 12, 1 << 31, "an absurd shape"),
    ] {
        assert_eq!(bench.code(&with_u32(&model.bytes, at, value)), "model-malformed", "{what}");
    }
}

#[test]
fn what_must_be_there_once_is_there_once() {
    let model = synthetic();
    let bench = Bench::new();
    let mut longer = model.bytes.clone();
    longer.extend(b"tail");
    let error = bench.check(&longer).unwrap_err();
    assert!(error.to_string().contains("4 bytes follow the last tensor"), "{error}");

    let (first, second) = (model.tensors[0], model.tensors[1]);
    let tensor = model.bytes[first..second].to_vec();
    let mut twice = model.bytes[..second].to_vec();
    twice.extend(&tensor);
    twice.extend(&model.bytes[second..]);
    assert!(bench.check(&twice).unwrap_err().to_string().contains("there twice"));

    let mut without = model.bytes[..first].to_vec();
    without.extend(&model.bytes[second..]);
    let error = bench.check(&without).unwrap_err();
    assert!(error.to_string().contains("1 are missing, 'encoder.positional_embedding'"), "{error}");
    // whisper.cpp itself accepts a file without any tensor.
    assert_eq!(bench.code(&model.bytes[..first]), "model-truncated");

    let mut renamed = model.bytes.clone();
    renamed[first + 20] = b'E';
    assert!(bench.check(&renamed).unwrap_err().to_string().contains("Encoder"));

    // The one-byte token " " becomes another: whisper.cpp would abort on the first recording.
    let mut no_space = model.bytes.clone();
    no_space[model.vocabulary + 8] = b'x';
    assert!(bench.check(&no_space).unwrap_err().to_string().contains("token for a space"));
}

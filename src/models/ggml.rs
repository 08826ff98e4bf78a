//! Walks a whisper.cpp model file from its first to its last byte, before whisper.cpp sees it.
//!
//! In: a path. Out: the model's dimensions, or where and how the file is wrong. Only this file knows the layout: magic,
//! eleven dimensions, mel filters, vocabulary, then tensors up to the end of the file, all little-endian. It was taken
//! from `whisper_model_load` of whisper.cpp 1.8.3, which trusts the file: a wrong count there writes past an array, a
//! wrong weight type aborts the process, and a file cut within its last tensor loads without a word. So the rules here
//! are whisper.cpp's own, plus the ones it leaves out. Weights themselves are skipped; a SHA-256 vouches for those.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::ModelError;
use super::tensors::{GgmlHeader, Tensor, WEIGHTS, Weights, expected_tensors};

/// "ggml" as whisper.cpp reads it.
const MAGIC: u32 = 0x6767_6d6c;
/// Frequencies of a 400-sample Fourier transform; whisper.cpp is built for no other.
const N_FFT: u32 = 201;
/// Longest token of a vocabulary, in bytes. OpenAI's longest has 128.
const TOKEN_MAX: u32 = 4096;
/// Version of the block formats that whisper.cpp 1.8.3 reads.
const BLOCKS_VERSION: u32 = 2;

/// Proves that `path` is a whole speech model that whisper.cpp can load.
///
/// Reads the head of the file and the head of each tensor: milliseconds, whatever the size.
///
/// # Errors
/// [`ModelError::NotAModel`] for something else than a speech model, [`ModelError::Truncated`] if the file ends too
/// early, [`ModelError::Malformed`] if a value cannot be right or bytes follow the last tensor, [`ModelError::Io`] and
/// [`ModelError::NotAFile`] if it cannot be read.
pub fn check_ggml(path: &Path) -> Result<GgmlHeader, ModelError> {
    let open = |source| ModelError::io("open", path, source);
    let found = std::fs::metadata(path).map_err(open)?;
    if !found.is_file() {
        return Err(ModelError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(open)?;
    let mut walk = Walk { path, file: BufReader::new(file), at: 0, len: found.len() };
    walk.magic()?;
    let (mut header, weights) = walk.dimensions()?;
    walk.mel_filters(header.n_mels)?;
    header.tokens = walk.vocabulary(header.n_vocab)?;
    let mut missing = expected_tensors(&header, weights);
    header.tensors = missing.len();
    while walk.at < walk.len {
        walk.tensor(&mut missing)?;
    }
    match missing.keys().min() {
        Some(name) => Err(ModelError::Truncated {
            path: path.to_owned(),
            at: walk.len,
            what: format!("the tensors: {} are missing, '{name}' among them", missing.len()),
        }),
        None => Ok(header),
    }
}

/// The file, and how far it has been walked.
struct Walk<'a> {
    path: &'a Path,
    file: BufReader<File>,
    at: u64,
    len: u64,
}

impl Walk<'_> {
    fn bad(&self, at: u64, why: String) -> ModelError {
        ModelError::Malformed { path: self.path.to_owned(), at, why }
    }

    /// Fails unless the file holds `n` more bytes.
    fn need(&self, n: u64, what: &str) -> Result<(), ModelError> {
        if self.len - self.at >= n {
            return Ok(());
        }
        Err(ModelError::Truncated { path: self.path.to_owned(), at: self.len, what: what.to_owned() })
    }

    fn fill(&mut self, buffer: &mut [u8], what: &str) -> Result<(), ModelError> {
        self.need(buffer.len() as u64, what)?;
        self.file.read_exact(buffer).map_err(|source| ModelError::io("read", self.path, source))?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    fn u32(&mut self, what: &str) -> Result<u32, ModelError> {
        let mut buffer = [0; 4];
        self.fill(&mut buffer, what)?;
        Ok(u32::from_le_bytes(buffer))
    }

    /// A number that must lie in `allowed`. One that is negative to whisper.cpp is a huge one here.
    fn within(&mut self, what: &str, allowed: std::ops::RangeInclusive<u32>) -> Result<u32, ModelError> {
        let at = self.at;
        let value = self.u32(what)?;
        if allowed.contains(&value) {
            return Ok(value);
        }
        let (from, to) = (allowed.start(), allowed.end());
        Err(self.bad(at, format!("{what} is {}, not {from} to {to}", value.cast_signed())))
    }

    fn magic(&mut self) -> Result<(), ModelError> {
        let path = self.path;
        let not_a_model = |why: &str| ModelError::NotAModel { path: path.to_owned(), why: why.to_owned() };
        let start = self.file.fill_buf().map_err(|source| ModelError::io("read", self.path, source))?;
        let start = start[..start.len().min(16)].to_vec();
        if start.starts_with(&MAGIC.to_le_bytes()) {
            if start[4..].get(4..10) == Some(b"silero") {
                return Err(not_a_model("it is a model that finds where speech is (vad), not one that writes it down"));
            }
            return self.u32("the magic number").map(|_| ());
        }
        Err(not_a_model(match start.as_slice() {
            [] => "the file is empty",
            [b'G', b'G', b'U', b'F', ..] => "it is a gguf file, made for llama.cpp",
            [b'P', b'K', 3, 4, ..] => "it is a zip archive, perhaps a PyTorch model",
            [b'v', b'e', b'r', b's', b'i', b'o', b'n', ..] => "it is a git-lfs pointer, not the model it stands for",
            [b'<', ..] => "it is a web page, perhaps of a sign-in or an error",
            _ => "it does not start with the mark of a ggml file",
        }))
    }

    fn dimensions(&mut self) -> Result<(GgmlHeader, Weights), ModelError> {
        let start = self.at;
        // whisper.cpp names a language token for each number above 51765 and knows 100 languages.
        let n_vocab = self.within("n_vocab", 51_864..=51_866)?;
        let n_audio_ctx = self.within("n_audio_ctx", 1..=1500)?;
        let n_audio_state = self.within("n_audio_state", 32..=4096)?;
        let n_audio_head = self.within("n_audio_head", 1..=128)?;
        let n_audio_layer = self.within("n_audio_layer", 1..=128)?;
        let n_text_ctx = self.within("n_text_ctx", 32..=4096)?;
        let n_text_state = self.within("n_text_state", 32..=4096)?;
        let n_text_head = self.within("n_text_head", 1..=128)?;
        let n_text_layer = self.within("n_text_layer", 1..=128)?;
        let n_mels = self.within("n_mels", 1..=256)?;
        let at = self.at;
        let ftype = self.u32("ftype")?;
        let weights = WEIGHTS.iter().find(|weights| weights.ftype == ftype % 1000);
        let Some(&weights) = weights.filter(|_| ftype < 1_000_000) else {
            return Err(self.bad(at, format!("ftype {} is no form of weights fairdial can run", ftype.cast_signed())));
        };
        let (form, version) = (weights.name, ftype / 1000);
        if weights.block > 1 && version != BLOCKS_VERSION {
            return Err(self.bad(at, format!("its {form} weights are of format {version}, not {BLOCKS_VERSION}")));
        }
        let trouble = if n_audio_state != n_text_state {
            format!("n_audio_state {n_audio_state} and n_text_state {n_text_state} differ")
        } else if n_audio_state % n_audio_head != 0 || n_text_state % n_text_head != 0 {
            format!("width {n_audio_state} cannot be split among {n_audio_head} and {n_text_head} heads")
        } else if u64::from(n_audio_state) % weights.block != 0 {
            format!("width {n_audio_state} cannot be split into blocks of {} {form} weights", weights.block)
        } else {
            String::new()
        };
        if !trouble.is_empty() {
            return Err(self.bad(start, trouble));
        }
        let header = GgmlHeader {
            n_vocab,
            n_audio_ctx,
            n_audio_state,
            n_audio_head,
            n_audio_layer,
            n_text_ctx,
            n_text_state,
            n_text_head,
            n_text_layer,
            n_mels,
            quantisation: form,
            tokens: 0,
            tensors: 0,
            bytes: self.len,
        };
        Ok((header, weights))
    }

    fn mel_filters(&mut self, n_mels: u32) -> Result<(), ModelError> {
        self.within("the number of mel filters", n_mels..=n_mels)?;
        self.within("the length of a mel filter", N_FFT..=N_FFT)?;
        let at = self.at;
        let mut filters = vec![0; n_mels as usize * N_FFT as usize * 4];
        self.fill(&mut filters, "the mel filters")?;
        if filters.as_chunks().0.iter().all(|&number| f32::from_le_bytes(number).is_finite()) {
            return Ok(());
        }
        Err(self.bad(at, "a mel filter holds something that is no number".to_owned()))
    }

    /// Returns how many tokens are written out.
    fn vocabulary(&mut self, n_vocab: u32) -> Result<u32, ModelError> {
        let start = self.at;
        let tokens = self.within("the number of tokens", 1..=n_vocab)?;
        let mut has_space = false;
        for _ in 0..tokens {
            let length = self.within("the length of a token", 0..=TOKEN_MAX)?;
            let mut token = vec![0; length as usize];
            self.fill(&mut token, "the vocabulary")?;
            has_space |= token == b" ";
        }
        if has_space {
            return Ok(tokens);
        }
        // whisper.cpp looks it up to suppress blank text, and aborts if it is not there.
        Err(self.bad(start, "the vocabulary has no token for a space".to_owned()))
    }

    /// One tensor, which must be one of the `missing` ones and is taken from them.
    fn tensor(&mut self, missing: &mut HashMap<String, Tensor>) -> Result<(), ModelError> {
        let start = self.at;
        if missing.is_empty() {
            return Err(self.bad(start, format!("{} bytes follow the last tensor", self.len - start)));
        }
        let dims = self.within("a tensor's number of dimensions", 1..=3)?;
        let length = self.within("the length of a tensor's name", 1..=128)?;
        let ttype = self.u32("a tensor's weight type")?;
        let mut shape = [1_u32; 3];
        for size in &mut shape[..dims as usize] {
            *size = self.u32("a tensor's shape")?;
        }
        let mut name = vec![0; length as usize];
        self.fill(&mut name, "a tensor's name")?;
        let name = String::from_utf8_lossy(&name).into_owned();
        let Some(tensor) = missing.remove(&name) else {
            return Err(self.bad(start, format!("tensor '{}' is unknown or there twice", name.escape_debug())));
        };
        if shape != tensor.shape {
            let why = format!("tensor '{name}' has shape {shape:?}, not {:?}", tensor.shape);
            return Err(self.bad(start, why));
        }
        if ttype != tensor.weights.ttype {
            let why = format!(
                "tensor '{name}' has weight type {ttype}, not {} ({})",
                tensor.weights.ttype, tensor.weights.name
            );
            return Err(self.bad(start, why));
        }
        let numbers: u64 = shape.iter().map(|&size| u64::from(size)).product();
        let size = numbers / tensor.weights.block * tensor.weights.bytes;
        self.need(size, &format!("tensor '{name}'"))?;
        let skip = i64::try_from(size).map_err(|_| self.bad(start, format!("tensor '{name}' is too large")))?;
        self.file.seek_relative(skip).map_err(|source| ModelError::io("read", self.path, source))?;
        self.at += size;
        Ok(())
    }
}

//! A Whisper model's dimensions, which tensors it consists of, and how many bytes each takes.
//!
//! In: a model's [`GgmlHeader`] and the form of its weights. Out: name, shape and form of every tensor. Only this file knows
//! the architecture and the block sizes of the weight forms; both are whisper.cpp 1.8.3's (`whisper-arch.h`, `ggml.c`).

use std::collections::HashMap;

/// Plain 32-bit numbers.
const F32: Weights = Weights { ftype: 0, ttype: 0, name: "f32", block: 1, bytes: 4 };
/// Plain 16-bit numbers.
const F16: Weights = Weights { ftype: 1, ttype: 1, name: "f16", block: 1, bytes: 2 };

/// The forms of weights that whisper.cpp's own tools write.
pub(super) const WEIGHTS: [Weights; 12] = [
    F32,
    F16,
    Weights { ftype: 2, ttype: 2, name: "q4_0", block: 32, bytes: 18 },
    Weights { ftype: 3, ttype: 3, name: "q4_1", block: 32, bytes: 20 },
    Weights { ftype: 7, ttype: 8, name: "q8_0", block: 32, bytes: 34 },
    Weights { ftype: 8, ttype: 6, name: "q5_0", block: 32, bytes: 22 },
    Weights { ftype: 9, ttype: 7, name: "q5_1", block: 32, bytes: 24 },
    Weights { ftype: 10, ttype: 10, name: "q2_k", block: 256, bytes: 84 },
    Weights { ftype: 11, ttype: 11, name: "q3_k", block: 256, bytes: 110 },
    Weights { ftype: 12, ttype: 12, name: "q4_k", block: 256, bytes: 144 },
    Weights { ftype: 13, ttype: 13, name: "q5_k", block: 256, bytes: 176 },
    Weights { ftype: 14, ttype: 14, name: "q6_k", block: 256, bytes: 210 },
];

/// One form of weights: its number in the header and in a tensor, and `bytes` for each `block` of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weights {
    pub(super) ftype: u32,
    pub(super) ttype: u32,
    pub(super) name: &'static str,
    pub(super) block: u64,
    pub(super) bytes: u64,
}

/// Dimensions of a speech model whose file is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgmlHeader {
    /// Tokens the decoder chooses from: 51864 English only, 51865 with 99 languages, 51866 with 100.
    pub n_vocab: u32,
    /// Positions the encoder hears at a time; 1500 are 30 seconds.
    pub n_audio_ctx: u32,
    /// Width of the encoder.
    pub n_audio_state: u32,
    /// Attention heads of the encoder.
    pub n_audio_head: u32,
    /// Layers of the encoder.
    pub n_audio_layer: u32,
    /// Tokens the decoder sees at a time.
    pub n_text_ctx: u32,
    /// Width of the decoder.
    pub n_text_state: u32,
    /// Attention heads of the decoder.
    pub n_text_head: u32,
    /// Layers of the decoder.
    pub n_text_layer: u32,
    /// Bands of the mel spectrogram: 80 or 128.
    pub n_mels: u32,
    /// Form of the weights, such as `q5_0`.
    pub quantisation: &'static str,
    /// Tokens written out in the file; the rest are control tokens.
    pub tokens: u32,
    /// Tensors in the file.
    pub tensors: usize,
    /// Size of the file in bytes.
    pub bytes: u64,
}

impl GgmlHeader {
    /// False if the model hears English only.
    pub fn is_multilingual(&self) -> bool {
        self.n_vocab > 51_864
    }
}

/// Shape and form that a tensor must have.
pub(super) struct Tensor {
    pub(super) shape: [u32; 3],
    pub(super) weights: Weights,
}

/// Every tensor a model of these dimensions has, by name.
pub(super) fn expected_tensors(header: &GgmlHeader, weights: Weights) -> HashMap<String, Tensor> {
    let width = header.n_audio_state;
    let conv = if weights == F32 { F32 } else { F16 };
    let mut all = HashMap::new();
    let mut add = |name: String, shape, weights| {
        all.insert(name, Tensor { shape, weights });
    };
    add("encoder.positional_embedding".to_owned(), [width, header.n_audio_ctx, 1], F32);
    add("encoder.conv1.weight".to_owned(), [3, header.n_mels, width], conv);
    add("encoder.conv1.bias".to_owned(), [1, width, 1], F32);
    add("encoder.conv2.weight".to_owned(), [3, width, width], conv);
    add("encoder.conv2.bias".to_owned(), [1, width, 1], F32);
    add("decoder.positional_embedding".to_owned(), [width, header.n_text_ctx, 1], F32);
    add("decoder.token_embedding.weight".to_owned(), [width, header.n_vocab, 1], weights);
    for norm in ["encoder.ln_post", "decoder.ln"] {
        add(format!("{norm}.weight"), [width, 1, 1], F32);
        add(format!("{norm}.bias"), [width, 1, 1], F32);
    }
    let sides: [(&str, u32, &[&str]); 2] =
        [("encoder", header.n_audio_layer, &["attn"]), ("decoder", header.n_text_layer, &["attn", "cross_attn"])];
    for (side, layers, attentions) in sides {
        for layer in 0..layers {
            let block = format!("{side}.blocks.{layer}");
            add(format!("{block}.mlp_ln.weight"), [width, 1, 1], F32);
            add(format!("{block}.mlp_ln.bias"), [width, 1, 1], F32);
            add(format!("{block}.mlp.0.weight"), [width, 4 * width, 1], weights);
            add(format!("{block}.mlp.0.bias"), [4 * width, 1, 1], F32);
            add(format!("{block}.mlp.2.weight"), [4 * width, width, 1], weights);
            add(format!("{block}.mlp.2.bias"), [width, 1, 1], F32);
            for attention in attentions {
                add(format!("{block}.{attention}_ln.weight"), [width, 1, 1], F32);
                add(format!("{block}.{attention}_ln.bias"), [width, 1, 1], F32);
                for part in ["query", "key", "value", "out"] {
                    add(format!("{block}.{attention}.{part}.weight"), [width, width, 1], weights);
                    if part != "key" {
                        add(format!("{block}.{attention}.{part}.bias"), [width, 1, 1], F32);
                    }
                }
            }
        }
    }
    all
}

"""Writes a checkpoint as whisper.cpp's ggml file, quantised to q5_0.

    export.py --checkpoint work/demo.pt --out work/fairdial-demo.bin

What whisper.cpp expects is not written down; these are the traps. The bias of a convolution is [n, 1]. Convolution biases,
position tables and everything of one dimension stay in 32 bits, convolutions in 16. A row is a multiple of 32 wide.
"""

import argparse
import struct

import numpy as np
import torch

from network import Network
from speech import mel_filters
from vocabulary import FIRST_TIMESTAMP, SIZE, TIMESTAMPS, Vocabulary

F32, F16, Q5_0 = 0, 1, 6  # ggml_type
FILE_Q5_0, QUANTISATION_VERSION = 8, 2  # ggml_ftype; 1000 times the version is added to it


def q5_0(x: np.ndarray) -> bytes:
    """Blocks of 32 values: a half-precision scale, 32 fifth bits, 32 nibbles. As `quantize_row_q5_0_ref` of ggml."""
    blocks = x.astype(np.float32).reshape(-1, 32)
    index = np.abs(blocks).argmax(1)
    scale = blocks[np.arange(len(blocks)), index] / -16
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    q = np.minimum(31, (blocks * inverse[:, None] + 16.5).astype(np.int8)).astype(np.uint8)
    low, high = q[:, :16], q[:, 16:]
    nibbles = (low & 15) | ((high & 15) << 4)
    bits = ((q >> 4).astype(np.uint32) << np.arange(32, dtype=np.uint32)).sum(1, dtype=np.uint32)
    out = np.zeros(len(blocks), np.dtype([("scale", "<f2"), ("bits", "<u4"), ("nibbles", "u1", 16)]))
    out["scale"], out["bits"], out["nibbles"] = scale.astype(np.float16), bits, nibbles
    return out.tobytes()


def tensors(model: Network, vocabulary: Vocabulary) -> dict[str, torch.Tensor]:
    """The parameters under whisper.cpp's names."""
    table = model.table().detach()
    full = table[-1:].repeat(SIZE, 1).clone()  # numbers nobody uses share the trained row
    for real, compact in vocabulary.compact.items():
        full[real] = table[compact]
    full[FIRST_TIMESTAMP : FIRST_TIMESTAMP + TIMESTAMPS] = table[vocabulary.timestamp : vocabulary.timestamp + TIMESTAMPS]
    named = {
        "encoder.positional_embedding": model.positions[:1500] * model.position_scale.detach(),
        "decoder.positional_embedding": model.decoder_positions.detach(),
        "decoder.token_embedding.weight": full,
    }
    prefixes = {"enc.": "encoder.blocks.", "dec.": "decoder.blocks.", "conv": "encoder.conv", "ln_post.": "encoder.ln_post.", "ln.": "decoder.ln."}
    for name, value in model.state_dict().items():
        for ours, theirs in prefixes.items():
            if name.startswith(ours):
                named[theirs + name[len(ours) :]] = value
    return named


def write(model: Network, vocabulary: Vocabulary, path: str) -> None:
    shape = model.shape
    with open(path, "wb") as file:
        numbers = lambda *n: file.write(struct.pack(f"<{len(n)}i", *n))  # noqa: E731
        width, heads = shape["width"], shape["heads"]
        numbers(0x67676D6C, SIZE, 1500, width, heads, shape["encoder"], 448, width, heads, shape["decoder"], 80)
        numbers(FILE_Q5_0 + 1000 * QUANTISATION_VERSION)
        filters = mel_filters()
        numbers(*filters.shape)
        file.write(filters.tobytes())
        numbers(vocabulary.text)
        for token in vocabulary.tokens:
            numbers(len(token.encode()))
            file.write(token.encode())
        for name, tensor in tensors(model, vocabulary).items():
            x = tensor.float().numpy()
            if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
                x = x.reshape(-1, 1)
            if x.ndim < 2 or name.endswith(("conv1.bias", "conv2.bias", "positional_embedding")):
                kind, data = F32, np.ascontiguousarray(x, np.float32).tobytes()
            elif x.ndim == 3:
                kind, data = F16, np.ascontiguousarray(x).astype(np.float16).tobytes()
            else:
                kind, data = Q5_0, q5_0(np.ascontiguousarray(x))
            numbers(x.ndim, len(name), kind, *reversed(x.shape))
            file.write(name.encode())
            file.write(data)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--checkpoint", required=True)
    arguments.add_argument("--out", required=True)
    a = arguments.parse_args()
    saved = torch.load(a.checkpoint, weights_only=False)
    network = Network(**saved["shape"])
    network.load_state_dict(saved["model"])
    write(network, Vocabulary(saved["tokens"], saved["merges"]), a.out)
    print(f"{a.out}: {saved['seconds'] / 3600:.1f} h heard")

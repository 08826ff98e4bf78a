"""Whisper's architecture, very small, and the heads that only training needs.

In:  log-mel windows [batch, 80, frames] in Whisper's range, and decoder tokens in the compact numbering.
Out: encoder states [batch, frames/2, width]; logits over the compact vocabulary.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


def sinusoids(length: int, width: int) -> Tensor:
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor | None = None, causal: bool = False, look: "Look | None" = None) -> Tensor:
        source = x if memory is None else memory
        q, k, v = (self._heads(t) for t in (self.query(x), self.key(source), self.value(source)))
        if look is not None:
            look.add(q[:, 0], k[:, 0])
        if causal or k.shape[2] > 400:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        else:  # for short windows plain products are twice as fast on a CPU
            y = ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)).softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(x.shape))

    def _heads(self, t: Tensor) -> Tensor:
        return t.view(t.shape[0], -1, self.heads, t.shape[2] // self.heads).transpose(1, 2)


class Look:
    """Tells the first head of every cross-attention where a token is spoken; `loss` is how far it looks elsewhere."""

    WIDTH = 3.0  # encoder frames, 60 ms: the moments are exact

    def __init__(self, at: Tensor):
        self.known, self.loss, self.layers = at >= 0, 0.0, 0
        self.at = at[self.known]

    def add(self, q: Tensor, k: Tensor) -> None:
        if not self.known.any():
            return
        scores = torch.einsum("bld,btd->blt", q, k)[self.known].float() * q.shape[-1] ** -0.5
        frames = torch.arange(scores.shape[-1])
        wanted = torch.softmax(-0.5 * ((frames - self.at[:, None]) / self.WIDTH) ** 2, -1)
        self.loss = self.loss - (wanted * scores.log_softmax(-1)).sum(-1).mean()
        self.layers += 1


class Block(nn.Module):
    def __init__(self, width: int, heads: int, cross: bool):
        super().__init__()
        self.attn, self.attn_ln = Attention(width, heads), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, memory: Tensor | None = None, causal: bool = False, look: Look | None = None) -> Tensor:
        x = x + self.attn(self.attn_ln(x), causal=causal)
        if memory is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), memory, look=look)
        return x + self.mlp(self.mlp_ln(x))


class Network(nn.Module):
    """Names of the parameters are Whisper's, so that the export is a change of prefix."""

    def __init__(self, width: int, heads: int, encoder: int, decoder: int, text: int, rows: int, unused: int, phonemes: int):
        """`text` tokens and special ones make `rows` rows; `unused` numbers share one more. Three decoder layers or more:
        whisper.cpp takes two for a distilled model and switches timestamps off."""
        super().__init__()
        self.shape = dict(
            width=width, heads=heads, encoder=encoder, decoder=decoder, text=text, rows=rows, unused=unused, phonemes=phonemes
        )
        self.conv1 = nn.Conv1d(80, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(1501, width))
        self.position_scale = nn.Parameter(torch.tensor(0.5))
        self.enc = nn.ModuleList(Block(width, heads, False) for _ in range(encoder))
        self.ln_post = nn.LayerNorm(width)
        self.embedding = nn.Parameter(torch.randn(rows + 1, width) * 0.05)
        self.time_weight, self.time_bias = nn.Parameter(torch.randn(width, width) * 0.005), nn.Parameter(torch.zeros(width))
        self.decoder_positions = nn.Parameter(sinusoids(448, width) * 0.02)
        self.dec = nn.ModuleList(Block(width, heads, True) for _ in range(decoder))
        self.ln = nn.LayerNorm(width)
        self.phoneme, self.token = nn.Linear(width, phonemes), nn.Linear(width, width)  # training only
        for name, p in self.named_parameters():
            if name.endswith(("out.weight", "mlp.2.weight")):  # residual branches start small
                p.data.mul_((2 * (encoder if name.startswith("enc") else decoder)) ** -0.5)

    def table(self) -> Tensor:
        """Token embeddings: text and specials, timestamps as a matrix times the sinusoid of their time, the shared row."""
        times = self.positions @ self.time_weight + self.time_bias
        return torch.cat([self.embedding[:-1], times.to(self.embedding.dtype), self.embedding[-1:]])

    def encode(self, mel: Tensor, first: int = 0) -> Tensor:
        """`first`: the position of the first frame within the 30 s window, in encoder frames of 20 ms."""
        x = F.gelu(self.conv1(mel), approximate="tanh")
        x = F.gelu(self.conv2(x), approximate="tanh").transpose(1, 2)
        x = x + (self.position_scale * self.positions[first : first + x.shape[1]]).to(x.dtype)
        for block in self.enc:
            x = block(x)
        return self.ln_post(x)

    def decode(self, tokens: Tensor, memory: Tensor, table: Tensor, look: Look | None = None) -> Tensor:
        x = F.embedding(tokens, table) + self.decoder_positions[: tokens.shape[1]]
        for block in self.dec:
            x = block(x, memory, causal=True, look=look)
        return self.ln(x)

    def logits(self, states: Tensor, table: Tensor) -> Tensor:
        scores = (states @ table.t()).float()
        scores[..., -1] += math.log(self.shape["unused"])
        return scores

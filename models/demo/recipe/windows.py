"""Windows of speech as the model will see them, packed and disturbed in the log-mel domain.

In:  corpora (corpus.py).
Out: batches: mel in Whisper's range, decoder tokens and targets in Whisper's own format, the phoneme of every encoder frame,
and where in the sound each token is spoken.

Speech is synthesised once; gain, noise, band and packing are drawn anew for every window.
"""

import json
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor

from vocabulary import MARKS, Vocabulary

FLOOR = -10.0  # log10 power of digital silence
SAID_MARKS = set(MARKS)


@dataclass
class Utterance:
    mel: np.ndarray
    text: str
    phonemes: list[tuple[str, int]]
    characters: list[int]


@dataclass
class Batch:
    mel: Tensor  # [batch, 80, frames]
    first: int  # position of the first frame, in encoder frames
    tokens: Tensor  # decoder input [batch, length]
    targets: Tensor  # [batch, length], -1: no loss
    moments: Tensor  # [batch, length], encoder frame (within this batch) where the target is spoken, -1: nowhere
    phonemes: Tensor  # [batch, frames/2], -1: not known


class Corpora:
    def __init__(self, paths: list[str]):
        self.of: dict[str, list[Utterance]] = {"zh": [], "en": [], "none": []}
        for path in paths:
            mel = np.load(path + ".npy", mmap_mode="r")
            language = next(name for name in self.of if name in path.rsplit("/", 1)[-1])
            with open(path + ".json", encoding="utf8") as file:
                for e in json.load(file):
                    part = mel[e["at"] : e["at"] + e["frames"]]
                    self.of[language].append(Utterance(part, e["text"], e["phonemes"], e["characters"]))

    def texts(self, language: str) -> list[str]:
        return [u.text for u in self.of[language]]

    def phoneme_names(self) -> list[str]:
        return sorted({name for us in self.of.values() for u in us for name, _ in u.phonemes} | {""})


class Packer:
    def __init__(self, corpora: Corpora, vocabulary: Vocabulary, phonemes: list[str], seed: int):
        self.corpora, self.v, self.r = corpora, vocabulary, Random(seed)
        self.rng = np.random.default_rng(seed)
        self.phoneme = {name: i for i, name in enumerate(phonemes)}
        self.replaced = 0.12  # share of decoder inputs replaced at random: it has to listen, not to recite

    def batch(self, size: int, frames: int, kinds: tuple[str, ...], first: int = 0) -> Batch:
        """`frames` of 10 ms. Kinds: "dense" (utterances close together), "call" (with long pauses), "clip" (one or two),
        "silent". `first` places the window later in the 30 seconds."""
        windows = [self._window(frames, self.r.choice(kinds), first) for _ in range(size)]
        mel = self._disturbed(np.stack([w[0] for w in windows]), [w[5] for w in windows])
        length = max(len(w[1]) for w in windows)
        tokens = torch.full((size, length), self.v.end)
        targets, moments = torch.full((size, length), -1), torch.full((size, length), -1.0)
        for i, (_, sequence, target, moment, _, _) in enumerate(windows):
            tokens[i, : len(sequence)] = torch.tensor(sequence)
            targets[i, : len(target)] = torch.tensor(target)
            moments[i, : len(moment)] = torch.tensor(moment)
        hit = (torch.rand(tokens.shape) < self.replaced) & (tokens < self.v.text)
        tokens = torch.where(hit, torch.randint(0, self.v.text, tokens.shape), tokens)
        phonemes = torch.from_numpy(np.stack([w[4] for w in windows]))
        return Batch(torch.from_numpy(mel).transpose(1, 2).contiguous(), first, tokens, targets, moments, phonemes)

    # ---- one window ----------------------------------------------------------------------------------------------

    def _window(self, frames: int, kind: str, first: int):
        r, v = self.r, self.v
        language = r.choice(("zh", "en"))
        mel = np.full((frames, 80), FLOOR, np.float32)
        phonemes = np.zeros(frames, np.int64)
        segments, cut_off, end = [], None, frames
        at = 0 if kind == "silent" else int(r.choice((0, r.uniform(0, 30), r.uniform(0, 60), r.uniform(0, 100))))
        if kind == "call":
            at = int(r.uniform(0, 600))
        most = {"clip": r.randint(1, 2), "silent": 0}.get(kind, 99)
        while len(segments) < most and at < frames - 40:
            u = self._part(r.choice(self.corpora.of[language]))
            if at + len(u.mel) > frames:
                if not segments:
                    if len(u.mel) <= frames:
                        at = 0
                    continue
                if kind != "clip" and r.random() < 0.3:  # cut by the end of the window: only its beginning is marked
                    mel[at:] = u.mel[: frames - at]
                    phonemes[at:] = self._frames(u)[: frames - at]
                    cut_off = at
                break
            mel[at : at + len(u.mel)] = u.mel
            phonemes[at : at + len(u.mel)] = self._frames(u)
            segments.append((at, u))
            at += len(u.mel) + int({"dense": r.uniform(10, 100), "call": r.uniform(50, 700)}.get(kind, r.uniform(10, 100)))
        if cut_off is None and segments and (kind == "clip" or r.random() < 0.3):
            last, u = segments[-1]
            end = min(frames, last + len(u.mel) + r.randint(0, 120))  # digital silence from here
        if self.corpora.of["none"] and (kind == "silent" or r.random() < 0.15):
            self._lay_under(mel, quieter=0.0 if kind == "silent" else r.uniform(1.5, 4))
        sequence, target, moments = self._tokens(language, segments, cut_off, frames, first)
        return mel, sequence, target, moments, phonemes[::2].copy(), end

    def _part(self, u: Utterance) -> Utterance:
        """Now and then only what stands before or after a comma: recordings are cut at pauses."""
        if not u.characters or self.r.random() > 0.15:
            return u
        pauses = [i for i, c in enumerate(u.text[:-1]) if c in "，,"]
        if not pauses:
            return u
        i = self.r.choice(pauses)
        stop, go = u.characters[i], u.characters[min(i + (2 if u.text[i + 1] == " " else 1), len(u.text) - 1)]
        if self.r.random() < 0.5:
            a, b, text, characters = 0, stop, u.text[: i + 1], u.characters[: i + 2]
        else:
            a, b = max(0, go - 3), len(u.mel)
            text = u.text[i + 1 :]
            characters = u.characters[i + 1 :]
            if text.startswith(" "):
                text, characters = text[1:], characters[1:]
        if b - a < 30:
            return u
        phonemes = [(name, max(0, t - a)) for j, (name, t) in enumerate(u.phonemes) if t < b and (j + 1 == len(u.phonemes) or u.phonemes[j + 1][1] > a)]
        return Utterance(u.mel[a:b], text, phonemes, [max(0, min(b, c) - a) for c in characters])

    def _frames(self, u: Utterance) -> np.ndarray:
        """The phoneme of each mel frame of an utterance; -1 where its voice doesn't tell."""
        labels = np.full(len(u.mel), 0 if u.phonemes else -1, np.int64)
        for (name, begin), (_, end) in zip(u.phonemes, [*u.phonemes[1:], ("", len(u.mel))]):
            labels[begin:end] = self.phoneme[name]
        return labels

    def _lay_under(self, mel: np.ndarray, quieter: float) -> None:
        noise = self.r.choice(self.corpora.of["none"]).mel
        start = self.r.randrange(max(1, len(noise) - 100))
        noise = np.resize(np.roll(noise, -start, 0), mel.shape).astype(np.float32) - quieter
        np.maximum(mel, noise, out=mel)

    def _tokens(self, language, segments, cut_off, frames, first):
        """Whisper's sequence for this window: decoder input, targets, and where each target is spoken."""
        r, v = self.r, self.v
        head = [v.start, v.chinese if language == "zh" else v.english, v.transcribe]
        stamp = lambda frame: v.timestamp + max(0, min(1500, round(frame / 2) + first))  # noqa: E731
        body, spoken = [], []
        plain = r.random() < 0.05
        for at, u in segments:
            tokens, moments = self._said(language, u)
            if not plain:
                if not body and at / 2 + first > 50:  # whisper.cpp refuses a first timestamp above 1 s: an empty segment
                    body, spoken = [v.timestamp, 0, stamp(at)], [-1, -1, at / 2]
                body, spoken = [*body, stamp(at)], [*spoken, at / 2]
            body, spoken = body + tokens, spoken + [(at + m) / 2 for m in moments]
            if not plain:
                body, spoken = [*body, stamp(at + len(u.mel))], [*spoken, (at + len(u.mel)) / 2]
        if not segments:
            body, spoken = ([0], [-1]) if plain else ([v.timestamp, 0, stamp(frames)], [-1, -1, -1])
        elif cut_off is not None and not plain:
            body, spoken = [*body, stamp(cut_off)], [*spoken, cut_off / 2]
        if plain:
            head.append(v.no_timestamps)
        sequence = [*head, *body, v.end][:448]
        moments = [*[-1] * (len(head) - 1), *spoken, -1, -1][: len(sequence)]
        target = [*sequence[1:], -1]
        target[1] = -1  # <|transcribe|> is always forced
        if not segments:
            target[0] = v.no_speech if r.random() < 0.5 else -1  # silence has no language
            if r.random() < 0.8:
                target[2] = v.no_speech  # whisper.cpp reads the probability of "no speech" here
        elif plain:
            target[2] = -1
        return sequence, target, moments

    def _said(self, language: str, u: Utterance) -> tuple[list[int], list[float]]:
        """Tokens of an utterance and the mel frame in the middle of each."""
        tokens = self.v.encode(u.text, language, 0.03, self.r)
        if u.characters:
            known = [i for i, c in enumerate(u.text) if c in self.v.id] if language == "zh" else None
            moments, i = [], 0
            for k, token in enumerate(tokens):
                if known is not None:
                    a, b = known[k], known[k] + 1
                else:
                    size = len(self.v.tokens[token]) - (1 if k == 0 else 0)  # the blank before the first word isn't written
                    a, b = min(i, len(u.text)), min(i + size, len(u.text))
                    i = b
                moments.append((u.characters[a] + u.characters[b]) / 2)
            return tokens, moments
        sizes = [0.3 if self.v.tokens[t] in SAID_MARKS else max(1, len(self.v.tokens[t].strip())) for t in tokens]
        ends = np.cumsum(sizes)
        return tokens, list((ends - np.array(sizes) / 2) / ends[-1] * len(u.mel))

    # ---- disturbances --------------------------------------------------------------------------------------------

    def _disturbed(self, x: np.ndarray, ends: list[int]) -> np.ndarray:
        """Gain, noise, tone colour, lost bands; then Whisper's scale: the loudest 8 decades, (x + 4) / 4."""
        size, frames, _ = x.shape
        u = lambda low, high, *shape: self.rng.uniform(low, high, (size, *shape)).astype(np.float32)  # noqa: E731
        x += u(-0.8, 0.3, 1, 1)
        bins = np.linspace(0, 1, 80, dtype=np.float32)
        noise = u(-6.5, -1.5, 1, 1) + bins * u(-2, 0.3, 1, 1) - 0.7 * bins
        noise[self.rng.random(size) < 0.4] = FLOOR - 2
        rough = self.rng.standard_normal((size, frames // 2 + 1, 80), np.float32)
        noise = noise + np.repeat(rough, 2, 1)[:, :frames] * (0.45 / np.sqrt(np.linspace(1, 8, 80, dtype=np.float32)))
        for i, end in enumerate(ends):
            noise[i, end:] = FLOOR - 2
        x = np.logaddexp2(x * 3.3219281, noise * 3.3219281) / 3.3219281
        x += u(-0.3, 0.3, 1, 1) * np.linspace(-1, 1, 80, dtype=np.float32)
        x += u(-0.3, 0.3, 1, 1) * np.cos(np.linspace(0, 6.28, 80, dtype=np.float32))
        for i in range(size):
            if self.r.random() < 0.15:
                x[i, :, self.r.randint(58, 62) :] -= self.r.uniform(2, 6)
            if self.r.random() < 0.08:
                x[i, :, : self.r.randint(4, 8)] -= self.r.uniform(1, 4)
        np.maximum(x, FLOOR, out=x)
        loudest = x.max((1, 2), keepdims=True) + np.where(self.rng.random((size, 1, 1)) < 0.6, 0, self.rng.random((size, 1, 1)) * 0.7)
        return ((np.maximum(x, loudest - 8) + 4) / 4).astype(np.float32)

"""Trains the demo model: corpora in, a checkpoint out.

    train.py --corpora work/zh-1,work/en-1,work/none-1 --hours 300 --out work/demo.pt

`--hours` counts the speech that is heard, not the clock. The same command goes on where a checkpoint of it stands; with more
hours it goes on for longer. The rate of learning is steady and falls in the last third.

First short windows, then windows up to the full 30 seconds packed with utterances. Several things are learned at once: the
phoneme of every 20 ms (training only), the tokens in Whisper's format with timestamps, and where to look for each token.
"""

import argparse
import copy
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from network import Look, Network
from optimiser import Muon
from vocabulary import Vocabulary
from windows import Batch, Corpora, Packer

SECONDS_A_STEP = 90
WARM_UP = 150  # steps
RATE = 3e-3
FALLING = 0.35  # the last share of the hours
SHORT_UNTIL = 0.5  # share of the hours with short windows only


def losses(model: Network, batch: Batch) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    look = Look(batch.moments)
    memory = model.encode(batch.mel.to(model.embedding.dtype), batch.first)
    table = model.table()
    states = model.decode(batch.tokens, memory, table, look)
    wanted = batch.targets >= 0
    target = batch.targets[wanted]
    scores = model.logits(states[wanted], table)
    # The encoder alone, at the moment of each text token: it says what, the decoder learns where and how it is written.
    row, column = torch.nonzero((batch.moments >= 0) & (batch.targets >= 0) & (batch.targets < model.shape["text"]), as_tuple=True)
    moment = batch.moments[row, column].long().clamp(max=memory.shape[1] - 1)
    alone = (model.token(memory[row, moment]) @ table[: model.shape["text"]].t()).float()
    heard = batch.phonemes >= 0
    phonemes = model.phoneme(memory[heard]).float()
    with torch.no_grad():
        best = scores.argmax(-1)
        text, times = target < model.shape["text"], target >= model.shape["rows"]
        seen = {
            "token": (best == target)[text].float().mean().item(),
            "time": ((best - target).abs() <= 5)[times].float().mean().item(),
            "alone": (alone.argmax(-1) == batch.targets[row, column]).float().mean().item(),
            "phoneme": (phonemes.argmax(-1) == batch.phonemes[heard]).float().mean().item(),
        }
    parts = {
        "tokens": F.cross_entropy(scores, target),
        "phonemes": F.cross_entropy(phonemes, batch.phonemes[heard]),
        "alone": F.cross_entropy(alone, batch.targets[row, column]),
        "look": look.loss / max(1, look.layers),
    }
    return parts, seen


def next_batch(packer: Packer, done: float) -> Batch:
    """Short windows first, placed anywhere within the 30 seconds; later windows of every length up to 30 s."""
    r = packer.r
    if done < SHORT_UNTIL or r.random() < 0.5:
        frames = 4 * r.choice((75, 100, 125, 150, 180))
        kinds = ("dense", "dense", "dense", "clip", "clip", "dense", "dense", "silent")
        first = r.randint(0, 1500 - frames // 2) if r.random() < 0.3 else 0
    else:
        frames, first = r.choice((800, 1000, 1200, 1500, 2200, 3000)), 0
        kinds = ("dense",) * 10 + ("call",) * 6 + ("clip",) * 3 + ("silent",)
    packer.replaced = 0.12 if done < 0.6 else 0.06
    return packer.batch(max(1, SECONDS_A_STEP * 100 // frames), frames, kinds, first)


def learning_rate(step: int, done: float) -> float:
    return RATE * min(1, (step + 1) / WARM_UP) * min(1, max(0.01, (1 - done) / FALLING))


def train(a: argparse.Namespace) -> None:
    torch.set_num_threads(a.threads)
    out = Path(a.out)
    saved = torch.load(out, weights_only=False) if out.exists() else None
    seed = 1 if saved is None else 1 + saved["steps"]
    torch.manual_seed(seed), random.seed(seed), np.random.seed(seed)
    corpora = Corpora(a.corpora.split(","))
    if saved is None:
        from sentences import Sentences

        extra = "".join(word for word, often in Sentences("zh", 0).vocabulary if often > 2e-6)
        vocabulary = Vocabulary.learn(corpora.texts("zh"), corpora.texts("en"), extra)
        names = corpora.phoneme_names()
        names = [""] + [n for n in names if n]  # 0 is silence
        model = Network(192, 3, 4, 3, vocabulary.text, vocabulary.timestamp, vocabulary.unused, len(names))
        steps, heard = 0, 0.0
    else:
        vocabulary, names = Vocabulary(saved["tokens"], saved["merges"]), saved["phonemes"]
        model = Network(**saved["shape"])
        model.load_state_dict(saved["model"])
        steps, heard = saved["steps"], saved["seconds"]
    # A copy in bfloat16 does the computing, the masters stay in single precision.
    work = copy.deepcopy(model).bfloat16()
    pairs = list(zip(model.parameters(), work.parameters()))
    matrices = [p for n, p in model.named_parameters() if p.ndim >= 2 and n.startswith(("enc", "dec.", "conv"))]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    muon, adam = Muon(matrices), torch.optim.AdamW(others, lr=1, betas=(0.9, 0.98), weight_decay=0.01)
    if saved is not None:
        muon.momentum, _ = saved["muon"], adam.load_state_dict(saved["adam"])
    packer = Packer(corpora, vocabulary, names, seed)
    size = sum(p.numel() for n, p in model.named_parameters() if n not in ("embedding",) and not n.startswith(("phoneme", "token")))
    print(f"{size / 1e6:.2f} M parameters and {vocabulary.text} tokens; {len(names)} phonemes", flush=True)
    print({language: len(us) for language, us in corpora.of.items()}, flush=True)

    def save() -> None:
        state = dict(
            model=model.state_dict(), shape=model.shape, tokens=vocabulary.tokens, merges=vocabulary.merges, phonemes=names,
            steps=steps, seconds=heard, muon=muon.momentum, adam=adam.state_dict(),
        )  # fmt: skip
        torch.save(state, str(out) + ".new")
        os.replace(str(out) + ".new", out)

    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))  # keeps what was learned, then ends
    started = told = kept = time.time()
    began, mean = heard, {}
    while heard < a.hours * 3600 and time.time() - started < a.minutes * 60 and not stop:
        done = max(heard / (a.hours * 3600), (time.time() - started) / (a.minutes * 60))
        batch = next_batch(packer, done)
        parts, seen = losses(work, batch)
        aid = 1 if done < 0.2 else 0.5 if done < 0.6 else 0.2
        loss = parts["tokens"] + 0.5 * parts["phonemes"] + aid * (parts["look"] + 0.5 * parts["alone"])
        loss.backward()
        for master, copied in pairs:
            master.grad = torch.zeros_like(master) if copied.grad is None else copied.grad.float()
            copied.grad = None
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)):
            rate = learning_rate(steps, done)
            muon.step(rate)
            for group in adam.param_groups:
                group["lr"] = rate
            adam.step()
            with torch.no_grad():
                for master, copied in pairs:
                    copied.copy_(master)
        steps, heard = steps + 1, heard + batch.mel.shape[0] * batch.mel.shape[2] / 100
        for name, value in [*((n, p.item()) for n, p in parts.items()), *((n + " right", s) for n, s in seen.items())]:
            if value == value:
                mean[name] = value if name not in mean else 0.97 * mean[name] + 0.03 * value
        now = time.time()
        if now - told > 20:
            told = now
            figures = "  ".join(f"{name} {value:.3f}" for name, value in mean.items())
            print(f"step {steps}  heard {heard / 3600:.2f} h  {(heard - began) / (now - started):.0f}x  {figures}", flush=True)
        if now - kept > 300:
            kept = now
            save()
    save()
    print(f"finished after {steps} steps, {heard / 3600:.1f} h heard, {(time.time() - started) / 60:.0f} minutes in this run")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpora", required=True)
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--hours", type=float, default=300)
    arguments.add_argument("--minutes", type=float, default=1e9, help="stop by the clock (for a trial)")
    arguments.add_argument("--threads", type=int, default=os.cpu_count())
    train(arguments.parse_args())

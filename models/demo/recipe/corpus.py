"""Makes training speech: sentences in, log-mel frames and their labels out.

    corpus.py --language zh --hours 20 --seed 1 --out work/zh-1

Out: OUT.npy, [frames, 80] float16, all utterances one after the other; OUT.json, one entry an utterance: text, voice, where
its frames lie, its phonemes and when each character is said (both in frames, empty where the voice doesn't tell).
Language "none" makes sound without speech.
"""

import argparse
import json
import time
from random import Random

import numpy as np

from sentences import Sentences
from speech import FLITE_VOICES, HOP, OTHER_VARIANTS, RATE, VOICES, Espeak, Spoken, flite, gsm, log_mel, no_speech, telephone

LONGEST = 12 * RATE  # samples; longer sentences don't fit the windows of the first half of the training


def pick_voice(language: str, r: Random) -> str:
    """Few voices: the four of the example calls most of the time, a sprinkling of others against brittleness."""
    k = r.random()
    if k < 0.86:
        return r.choice(VOICES[language])
    if language == "en" and k < 0.89:
        return "flite:" + r.choice(FLITE_VOICES)
    return VOICES[language][0] + r.choice(OTHER_VARIANTS)


def say(espeak: Espeak, text: str, voice: str, r: Random) -> Spoken:
    if voice.startswith("flite:"):
        return flite(text, voice[6:], r.uniform(0.9, 1.15))
    if r.random() < 0.7:
        return espeak.speak(text, voice, r.randint(145, 168), r.randint(44, 56))
    return espeak.speak(text, voice, r.randint(130, 190), r.randint(32, 68))


class Writer:
    def __init__(self):
        self.mels, self.entries, self.frames = [], [], 0

    def add(self, sound: np.ndarray, entry: dict) -> None:
        mel = log_mel(sound).astype(np.float16)
        self.entries.append(entry | {"at": self.frames, "frames": len(mel)})
        self.mels.append(mel)
        self.frames += len(mel)

    def write(self, out: str) -> None:
        np.save(out + ".npy", np.concatenate(self.mels))
        with open(out + ".json", "w", encoding="utf8") as file:
            json.dump(self.entries, file, ensure_ascii=False)


def speech(language: str, hours: float, seed: int) -> Writer:
    r, sentences, espeak, writer, waiting = Random(f"speech {language} {seed}"), Sentences(language, seed), Espeak(), Writer(), []
    while writer.frames < hours * 360_000:
        text, voice = sentences.draw(), pick_voice(language, r)
        spoken = say(espeak, text, voice, r)
        if not RATE // 4 < len(spoken.sound) < LONGEST:
            continue
        entry = {
            "text": text,
            "voice": voice,
            "phonemes": [[label, sample // HOP] for label, sample in spoken.phonemes],
            "characters": [sample // HOP for sample in spoken.characters],
        }
        codec = r.choices(["alaw", "mulaw", "gsm", "none", "wide"], [34, 24, 14, 18, 10])[0]
        sound = spoken.sound if codec == "wide" else telephone(spoken.sound, r, codec)
        if codec != "gsm":
            writer.add(sound, entry)
            continue
        waiting.append((sound, entry))
        if len(waiting) == 200:
            for coded, (_, entry) in zip(gsm([sound for sound, _ in waiting]), waiting):
                writer.add(coded, entry)
            waiting.clear()
    return writer


def silence(hours: float, seed: int) -> Writer:
    r, writer = Random(f"silence {seed}"), Writer()
    while writer.frames < hours * 360_000:
        writer.add(no_speech(r, r.choice((4, 8, 15))), {"text": "", "voice": "none", "phonemes": [], "characters": []})
    return writer


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--language", choices=["zh", "en", "none"], required=True)
    arguments.add_argument("--hours", type=float, required=True)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", required=True)
    a = arguments.parse_args()
    started = time.time()
    made = silence(a.hours, a.seed) if a.language == "none" else speech(a.language, a.hours, a.seed)
    made.write(a.out)
    print(f"{a.out}: {len(made.entries)} utterances, {made.frames / 360_000:.2f} h in {time.time() - started:.0f} s", flush=True)

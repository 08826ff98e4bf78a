"""The test set: sentences and patterns that were never trained on, spoken and recorded as WAV files.

In:  ../held/*.txt (written by somebody who didn't see ../text).
Out: DIR/audio/*.wav, 8 kHz A-law telephone or 16 kHz clean; DIR/truth.json, what is said in each and when.
`shared_with_training` says how far a test sentence stands in the training text.
"""

import json
import re
import wave
from pathlib import Path
from random import Random

import numpy as np
from scipy.signal import resample_poly

from sentences import TEXT, lines, patterns
from slots import fill
from speech import RATE, VOICES, Espeak, festival, no_speech, telephone

HELD = TEXT.parent / "held"
UNHEARD = {"zh": ["cmn-latn-pinyin+m2", "cmn-latn-pinyin+f3"], "en": ["en-us+m2", "en-us+f2"]}
FESTIVAL = "cmu_us_slt_arctic_hts"


def bare(text: str) -> str:
    """Letters and characters only, slots as one mark."""
    return re.sub(r"[^\w]", "", re.sub(r"\{\w+\}", "_", text)).lower()


def shared_with_training(language: str) -> list[str]:
    """Test lines that stand in the training text word for word, punctuation aside. Must be empty."""
    known = {bare(line) for line in patterns(language)}
    return [line for name in ("patterns", "sentences") for line in lines(HELD / f"{language}_{name}.txt") if bare(line) in known]


def wav(path: Path, sound: np.ndarray, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


class TestSet:
    def __init__(self, out: Path, seed: int = 7):
        self.out, self.r, self.espeak, self.truth = out, Random(seed), Espeak(), []
        (out / "audio").mkdir(parents=True, exist_ok=True)

    def say(self, text: str, voice: str) -> np.ndarray:
        if voice == "festival":
            return festival(text, FESTIVAL).sound
        return self.espeak.speak(text, voice, self.r.randint(147, 166), self.r.randint(45, 55)).sound

    def record(self, group: str, language: str, voice: str, quality: str, said: list[str]) -> None:
        """One file: half a second of nothing, the sentences with pauses between, half a second of nothing."""
        parts, spans, at = [np.zeros(RATE // 2)], [], RATE // 2
        for text in said:
            sound = self.say(text, voice) * 0.7
            spans.append({"text": text, "start_ms": at * 1000 // RATE, "end_ms": (at + len(sound)) * 1000 // RATE})
            pause = np.zeros(int(RATE * self.r.uniform(0.5, 1.1)))
            parts += [sound, pause]
            at += len(sound) + len(pause)
        sound = np.concatenate(parts)
        self.add(group, language, voice, quality, spans, sound)

    def add(self, group, language, voice, quality, spans, sound) -> None:
        name = f"{group}-{language}-{len(self.truth):04d}"
        if quality == "telephone":
            line = telephone(sound, self.r, self.r.choice(("alaw", "mulaw")))
            wav(self.out / "audio" / f"{name}.wav", resample_poly(line, 1, 2), RATE // 2)
        else:
            wav(self.out / "audio" / f"{name}.wav", sound, RATE)
        self.truth.append(dict(name=name, group=group, language=language, voice=voice, quality=quality, said=spans))

    def make(self, share: float) -> None:
        """`share` of the lines, for a quick look; 1 is all of them."""
        for language in ("zh", "en"):
            for group in ("patterns", "sentences"):
                held = lines(HELD / f"{language}_{group}.txt")
                held = [fill(line, language, self.r) for line in held[:: max(1, round(1 / share))]]
                for i, text in enumerate(held):
                    voice = VOICES[language][i % 2]
                    self.record(group, language, voice, "telephone", [text])
                    if i % 3 == 0:
                        self.record(group, language, voice, "clean", [text])
                    if i % 4 == 0:
                        strange = UNHEARD[language] + (["festival"] if language == "en" else [])
                        self.record("unheard-" + group, language, strange[i // 4 % len(strange)], "telephone", [text])
                for i in range(0, len(held) - 8, 8):  # one side of a conversation: for the times of segments
                    self.record("calls", language, VOICES[language][i // 8 % 2], "telephone", held[i : i + 8])
        for i in range(round(40 * share) or 4):
            self.add("no-speech", "none", "none", "clean", [], no_speech(self.r, 20.0))
        self.add("no-speech", "none", "none", "clean", [], np.zeros(RATE * 20))
        (self.out / "truth.json").write_text(json.dumps(self.truth, ensure_ascii=False, indent=1), "utf8")

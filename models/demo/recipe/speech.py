"""Synthetic voices, a telephone line, and the log-mel frames that whisper.cpp computes.

In:  a sentence and the name of a voice.
Out: `Spoken`: sound at 16 kHz, the phonemes with the moments they begin, and the moment of every character of the text.

Only this file knows espeak-ng's library. espeak-ng tells while it speaks where each phoneme and each word begins: that is
exact and free, so the encoder is taught every frame and the decoder is shown where to look.
"""

import ctypes as C
import io
import re
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

RATE = 16_000  # Whisper's
HOP = 160  # one mel frame is 10 ms

# The voices of the example calls. espeak-ng 1.51 reads "cmn" as English: "cmn-latn-pinyin" takes characters.
VOICES = {"zh": ["cmn-latn-pinyin", "cmn-latn-pinyin+f2"], "en": ["en-us", "en-us+f3"]}
OTHER_VARIANTS = ["+m1", "+m3", "+m4", "+m7", "+f1", "+f4", "+f5"]
FLITE_VOICES = ["slt", "rms", "awb", "kal16"]


@dataclass
class Spoken:
    sound: np.ndarray  # float32, 16 kHz, peak 1
    phonemes: list[tuple[str, int]]  # label and first sample; "" is silence. Empty: not known
    characters: list[int]  # first sample of every character of the text, and one more for the end. Empty: not known


class _Id(C.Union):
    _fields_ = [("number", C.c_int), ("name", C.c_char_p), ("string", C.c_char * 8)]


class _Event(C.Structure):
    _fields_ = [
        ("type", C.c_int), ("unique_identifier", C.c_uint), ("text_position", C.c_int), ("length", C.c_int),
        ("audio_position", C.c_int), ("sample", C.c_int), ("user_data", C.c_void_p), ("id", _Id),
    ]  # fmt: skip


_END, _WORD, _PHONEME = 0, 1, 7  # espeak_EVENT_TYPE
_CALLBACK = C.CFUNCTYPE(C.c_int, C.POINTER(C.c_short), C.c_int, C.POINTER(_Event))


class Espeak:
    """espeak-ng in this process. One at a time: the library keeps its state for itself."""

    def __init__(self):
        self.lib = C.CDLL("libespeak-ng.so.1")
        self.rate = self.lib.espeak_Initialize(2, 0, None, 1)  # synchronous; with phoneme events
        self.lib.espeak_TextToPhonemes.restype = C.c_char_p
        self.pieces, self.events = [], []

        def heard(samples, n, events):
            if samples and n > 0:
                self.pieces.append(np.ctypeslib.as_array(samples, (n,)).copy())
            i = 0
            while events[i].type != _END:
                e = events[i]
                if e.type == _WORD:
                    self.events.append((_WORD, e.sample, e.text_position - 1, e.length))
                elif e.type == _PHONEME:
                    self.events.append((_PHONEME, e.sample, e.id.string.decode("utf8", "replace"), 0))
                i += 1
            return 0

        self.callback = _CALLBACK(heard)
        self.lib.espeak_SetSynthCallback(self.callback)

    def speak(self, text: str, voice: str, words_per_minute: int, pitch: int) -> Spoken:
        """Raises ValueError where the voice is not known or says nothing."""
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((1, words_per_minute), (3, pitch), (4, 50)):
            self.lib.espeak_SetParameter(parameter, value, 0)
        self.pieces, self.events = [], []
        said = text.encode() + b"\0"
        self.lib.espeak_Synth(said, len(said), 0, 0, 0, 1, None, None)
        if not self.pieces:
            raise ValueError(f"{voice} said nothing")
        sound = np.concatenate(self.pieces).astype(np.float32) / 32768
        at = RATE / self.rate
        spoken = Spoken(
            resample_poly(sound, 320, 441).astype(np.float32),
            [(label, int(sample * at)) for label, sample in self._phonemes(text)],
            [int(sample * at) for sample in self._characters(text, len(sound))],
        )
        return _trimmed(spoken)

    def _phonemes(self, text: str) -> list[tuple[str, int]]:
        """The phonemes as they were spoken. Mandarin vowels carry their tone, which events leave out: it comes from the
        written phonemes, where both tell of the same ones."""
        spoken = [(name, sample) for kind, sample, name, _ in self.events if kind == _PHONEME and name != "_|"]
        spoken = [("" if name.startswith("_") else name, sample) for name, sample in spoken]
        written = []
        rest = C.c_char_p(text.encode())
        while rest.value:
            line = self.lib.espeak_TextToPhonemes(C.byref(rest), 1, ord("_") << 8)
            written += [p for p in re.split(r"[_|\s]+", (line or b"").decode("utf8", "replace")) if p]
        written = [p for p in (p.lstrip("',%=") for p in written) if p]  # without the marks of stress
        voiced = [name for name, _ in spoken if name]
        if len(voiced) == len(written) and all(w.startswith(v) for v, w in zip(voiced, written)):
            full = iter(written)
            return [(next(full) if name else "", sample) for name, sample in spoken]
        return spoken

    def _characters(self, text: str, end: int) -> list[int]:
        words = sorted({(position, length, sample) for kind, sample, position, length in self.events if kind == _WORD})
        words = [w for w in words if 0 <= w[0] < len(text) and w[1] > 0]  # a pause reports a word of no length
        times, last = np.full(len(text) + 1, -1.0), 0
        for (position, length, sample), after in zip(words, words[1:] + [(len(text), 0, end)]):
            if sample < last:
                continue
            last = sample
            length = max(1, min(length, after[0] - position))
            for k in range(length):
                times[position + k] = sample + (max(after[2], sample) - sample) * k / length
        times[-1] = end
        known = np.flatnonzero(times >= 0)
        return list(np.interp(np.arange(len(times)), known, times[known]))


def flite(text: str, voice: str, stretch: float) -> Spoken:
    """The small voices of flite, English only. They don't tell when they say what."""
    command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}", "-t", text, "-o", "/dev/stdout"]
    return _trimmed(Spoken(_wav(subprocess.run(command, check=True, capture_output=True).stdout), [], []))


def festival(text: str, voice: str) -> Spoken:
    """A festival voice: an engine that is never heard in training."""
    with tempfile.TemporaryDirectory() as folder:
        said, spoken = Path(folder, "said.txt"), Path(folder, "spoken.wav")
        said.write_text(text)
        subprocess.run(["text2wave", "-eval", f"(voice_{voice})", said, "-o", spoken], check=True, capture_output=True)
        return _trimmed(Spoken(_wav(spoken.read_bytes()), [], []))


def _wav(data: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(data)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(2**31 - 1), np.int16).astype(np.float32) / 32768
    return sound if rate == RATE else resample_poly(sound, RATE, rate).astype(np.float32)


def _trimmed(spoken: Spoken) -> Spoken:
    """Without the silence at both ends, at full level."""
    x = spoken.sound
    frames = np.abs(x[: len(x) // HOP * HOP]).reshape(-1, HOP).max(1)
    loud = np.flatnonzero(frames > frames.max() * 0.01)
    first, last = max(0, loud[0] - 2) * HOP, min(len(x), (loud[-1] + 3) * HOP)
    x = x[first:last]
    clip = lambda sample: int(min(max(sample - first, 0), len(x)))  # noqa: E731
    return Spoken(
        x / max(1e-4, np.abs(x).max()),
        [(label, clip(sample)) for label, sample in spoken.phonemes],
        [clip(sample) for sample in spoken.characters],
    )


# ---- the telephone line ------------------------------------------------------------------------------------------


def telephone(x: np.ndarray, r: Random, codec: str) -> np.ndarray:
    """16 kHz in, 16 kHz out, as it comes through a line: 8 kHz, band, room, level, noise, A-law or µ-law.

    `codec` is "alaw", "mulaw", "gsm" or "none". GSM itself is applied to many at once by `gsm`."""
    rng = np.random.default_rng(r.getrandbits(32))
    x = resample_poly(x, 1, 2)
    if r.random() < 0.15:
        x = _room(x, r, rng)
    if r.random() < 0.85:
        x = sosfilt(butter(3, [r.uniform(150, 320), r.uniform(3200, 3700)], "band", fs=8000, output="sos"), x)
    x = x / max(1e-6, np.abs(x).max()) * 10 ** (-r.uniform(0.5, 16) / 20)
    if r.random() < 0.3:
        x = x + rng.normal(size=len(x)) * np.sqrt(np.mean(x**2)) * 10 ** (-r.uniform(12, 40) / 20)
    x = np.clip(x, -1, 1)
    if codec == "alaw":
        x = alaw(x)
    elif codec == "mulaw":
        x = mulaw(x)
    return resample_poly(x, 2, 1).astype(np.float32)


def _room(x: np.ndarray, r: Random, rng: np.random.Generator) -> np.ndarray:
    """A small room: noise that dies away within 0.1 to 0.3 s behind the direct sound."""
    n = int(8000 * r.uniform(0.1, 0.3))
    tail = rng.normal(size=n) * np.exp(-6.9 * np.arange(n) / n) * r.uniform(0.02, 0.08)
    tail[0] = 1
    return fftconvolve(x, tail)[: len(x)]


def mulaw(x: np.ndarray) -> np.ndarray:
    y = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
    return np.sign(y) * (256 ** np.abs(y) - 1) / 255


def alaw(x: np.ndarray) -> np.ndarray:
    a, knee = 87.6, 1 / (1 + np.log(87.6))
    m = np.abs(x)
    y = np.where(m < 1 / a, a * m * knee, (1 + np.log(np.maximum(a * m, 1))) * knee)
    y = np.round(y * 127) / 127
    return np.sign(x) * np.where(y < knee, y / knee / a, np.exp(y / knee - 1) / a)


def gsm(sounds: list[np.ndarray]) -> list[np.ndarray]:
    """All of them through GSM full rate (sox), at one go: a process for each would take longer than the speech."""
    low = [resample_poly(x, 1, 2) for x in sounds]
    joined = np.clip(np.concatenate(low) * 32767, -32768, 32767).astype("<i2").tobytes()
    raw = ["-t", "raw", "-r", "8000", "-c", "1", "-e", "signed", "-b", "16", "-"]
    coded = subprocess.run(["sox", *raw, "-t", "gsm", "-"], input=joined, check=True, capture_output=True).stdout
    plain = subprocess.run(["sox", "-t", "gsm", "-r", "8000", "-", *raw], input=coded, check=True, capture_output=True).stdout
    y = np.frombuffer(plain, "<i2").astype(np.float32) / 32768
    y = np.pad(y, (0, max(0, sum(map(len, low)) - len(y))))
    cuts = np.cumsum([len(x) for x in low])[:-1]
    return [resample_poly(part, 2, 1).astype(np.float32) for part in np.split(y[: sum(map(len, low))], cuts)]


# ---- sound without speech ----------------------------------------------------------------------------------------


def no_speech(r: Random, seconds: float) -> np.ndarray:
    """What a line carries when nobody speaks: noise of several colours, mains hum, ring-back and busy tone, keys, clicks."""
    rng, n = np.random.default_rng(r.getrandbits(32)), int(RATE * seconds)
    t = np.arange(n) / RATE + r.uniform(0, 5)

    def noise(colour: float) -> np.ndarray:
        spectrum = np.fft.rfft(rng.normal(size=n)) / (np.arange(n // 2 + 1) + 1.0) ** colour
        y = np.fft.irfft(spectrum, n)
        return y / max(1e-9, np.abs(y).max())

    def cadence(on: float, off: float) -> np.ndarray:
        return (t % (on + off) < on).astype(float)

    kind = r.choice(["noise", "noise", "hum", "ring-cn", "ring-us", "busy", "keys", "clicks", "babble-like"])
    if kind == "noise":
        x = noise(r.uniform(0, 1)) * 10 ** (-r.uniform(3, 60) / 20)
    elif kind == "hum":
        mains = r.choice((50, 60))
        x = sum(np.sin(2 * np.pi * mains * k * t + r.uniform(0, 6)) * r.uniform(0, 1) / k for k in range(1, 8))
        x = x / np.abs(x).max() * 10 ** (-r.uniform(6, 40) / 20)
    elif kind == "ring-cn":
        x = np.sin(2 * np.pi * 450 * t) * cadence(1, 4) * r.uniform(0.02, 0.6)
    elif kind == "ring-us":
        x = (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) / 2 * cadence(2, 4) * r.uniform(0.02, 0.6)
    elif kind == "busy":
        x = np.sin(2 * np.pi * r.choice((425, 450, 480, 620)) * t) * cadence(*r.choice(((0.35, 0.35), (0.5, 0.5), (9, 0.01))))
        x = x * r.uniform(0.02, 0.6)
    elif kind == "keys":
        rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
        x = np.zeros(n)
        for start in range(0, n - 4000, RATE // 3):
            if r.random() < 0.6:
                s = slice(start, start + int(RATE * r.uniform(0.08, 0.2)))
                x[s] = (np.sin(2 * np.pi * r.choice(rows) * t[s]) + np.sin(2 * np.pi * r.choice(columns) * t[s])) / 2
        x = x * r.uniform(0.05, 0.5)
    elif kind == "clicks":
        x = np.zeros(n)
        for _ in range(r.randint(1, max(2, int(3 * seconds)))):
            start, length = r.randrange(n - 800), r.randint(8, 600)
            x[start : start + length] = rng.normal(size=length) * np.exp(-4 * np.arange(length) / length)
        x = x / max(1e-9, np.abs(x).max()) * r.uniform(0.02, 0.8)
    else:  # noise with the slow swell of distant voices
        swell = np.interp(t, np.arange(0, t[-1] + 1, 0.25), rng.uniform(0, 1, int((t[-1] + 1) / 0.25) + 1)[: len(np.arange(0, t[-1] + 1, 0.25))])
        x = noise(0.6) * swell * r.uniform(0.01, 0.15)
    if r.random() < 0.5:
        x = x + noise(r.uniform(0, 1)) * 10 ** (-r.uniform(25, 60) / 20)
    x = np.clip(x, -1, 1)
    return (resample_poly(alaw(resample_poly(x, 1, 2)), 2, 1) if r.random() < 0.7 else x).astype(np.float32)


# ---- log-mel, as whisper.cpp computes it -------------------------------------------------------------------------


def mel_filters(bins: int = 80, n_fft: int = 400) -> np.ndarray:
    """[bins, n_fft/2+1], Slaney scale and area, as librosa makes them; also written into the model file."""

    def to_mel(hertz):
        hertz = np.asarray(hertz, float)
        return np.where(hertz < 1000, hertz * 3 / 200, 15 + np.log(np.maximum(hertz, 1e-9) / 1000) / (np.log(6.4) / 27))

    def to_hertz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((np.log(6.4) / 27) * (mel - 15)))

    corners = to_hertz(np.linspace(0, to_mel(RATE / 2), bins + 2))
    width = np.diff(corners)
    ramps = corners[:, None] - np.linspace(0, RATE / 2, n_fft // 2 + 1)[None]
    weights = np.maximum(0, np.minimum(-ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]))
    return (weights * (2 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)


_FILTERS = mel_filters()
_WINDOW = np.hanning(401)[:-1].astype(np.float32)


def log_mel(x: np.ndarray) -> np.ndarray:
    """[frames, 80], log10 of the power in every mel band, at least -10; not yet scaled to Whisper's range."""
    x = np.pad(x, 200, mode="reflect").astype(np.float32)
    n = (len(x) - 400) // HOP + 1
    frames = np.lib.stride_tricks.as_strided(x, (n, 400), (x.strides[0] * HOP, x.strides[0])) * _WINDOW
    spectrum = _rfft(frames)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log10(np.maximum(power @ _FILTERS.T, 1e-10))


def _rfft(frames: np.ndarray) -> np.ndarray:
    from scipy.fft import rfft  # keeps single precision

    return rfft(frames, axis=1)

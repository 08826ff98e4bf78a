"""The model's own tokens, in Whisper's numbering.

A ggml file carries its token strings, nothing forces OpenAI's: one token for every Chinese character, pairs merged by
frequency for English. The numbers of the special tokens follow from the size of the vocabulary, 51865, and are Whisper's.

For training the vocabulary is made compact: text, the special tokens in use, 1501 timestamps, and one row that stands for
all numbers nobody uses.
"""

import re
from collections import Counter
from random import Random

SIZE = 51_865
END, START, ENGLISH, CHINESE, TRANSCRIBE, NO_SPEECH, NO_TIMESTAMPS, FIRST_TIMESTAMP = 50257, 50258, 50259, 50260, 50359, 50362, 50363, 50364
TIMESTAMPS = 1501  # 0.00 s to 30.00 s in steps of 20 ms
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.?-'"
MARKS = "，。？,.?"


def words(text: str) -> list[str]:
    return re.findall(r" ?[A-Za-z']+|[^A-Za-z ]| ", text)


class Vocabulary:
    def __init__(self, tokens: list[str], merges: list[tuple[str, str]]):
        self.tokens, self.merges = tokens, merges
        self.rank = {tuple(pair): i for i, pair in enumerate(merges)}
        self.id = {token: i for i, token in enumerate(tokens)}
        self.text = len(tokens)
        specials = [END, START, ENGLISH, CHINESE, TRANSCRIBE, NO_SPEECH, NO_TIMESTAMPS]
        self.compact = {real: i for i, real in enumerate([*range(self.text), *specials])}
        self.end, self.start, self.english, self.chinese, self.transcribe, self.no_speech, self.no_timestamps = (
            self.compact[s] for s in specials
        )
        self.timestamp = len(self.compact)  # the first of them
        self.size = self.timestamp + TIMESTAMPS
        self.unused = SIZE - self.size
        self.known_words: dict[str, list[int]] = {}

    @classmethod
    def learn(cls, chinese: list[str], english: list[str], extra_characters: str, merges: int = 1000) -> "Vocabulary":
        counts = Counter(word for text in english for word in words(" " + text))
        split, found = {tuple(word): n for word, n in counts.items()}, []
        letters = sorted({c for word in split for c in word} | {" "} | set(LETTERS))
        for _ in range(merges):
            pairs = Counter()
            for word, n in split.items():
                for pair in zip(word, word[1:]):
                    pairs[pair] += n
            if not pairs:
                break
            best = max(pairs, key=lambda pair: (pairs[pair], pair))
            found.append(best)
            split = {_merged(word, best): n for word, n in split.items()}
        characters = sorted({c for text in chinese for c in text} | set(extra_characters))
        tokens = ["", *letters, *("".join(pair) for pair in found), *characters]  # "" fills an empty segment
        return cls(list(dict.fromkeys(tokens)), found)

    def word(self, word: str) -> list[int]:
        if word not in self.known_words:
            parts = tuple(word)
            while len(parts) > 1:
                ranks = [self.rank.get(pair, 1 << 30) for pair in zip(parts, parts[1:])]
                if min(ranks) == 1 << 30:
                    break
                parts = _merged(parts, self.merges[min(ranks)])
            self.known_words[word] = [self.id[part] for part in parts if part in self.id]
        return self.known_words[word]

    def encode(self, text: str, language: str, spell: float = 0.0, r: Random | None = None) -> list[int]:
        """Tokens of a sentence; `spell` is the share of English words that are spelled letter by letter."""
        if language == "zh":
            return [self.id[c] for c in text if c in self.id]
        tokens = []
        for word in words(" " + text):
            tokens += [self.id[c] for c in word] if spell and r.random() < spell else self.word(word)
        return tokens


def _merged(parts: tuple, pair: tuple[str, str]) -> tuple:
    out, i = [], 0
    while i < len(parts):
        if parts[i : i + 2] == tuple(pair):
            out.append(parts[i] + parts[i + 1])
            i += 2
        else:
            out.append(parts[i])
            i += 1
    return tuple(out)

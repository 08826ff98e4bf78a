"""What the synthetic voices say.

In:  ../text/LANGUAGE_*.txt (one sentence or pattern a line, written for this project), and word lists of the packages in
     requirements.txt.
Out: an endless draw of sentences: as written, spliced from two, or words in random order. The last two are there so that
     the model listens instead of reciting.
"""

import re
from functools import cached_property
from pathlib import Path
from random import Random

from slots import GIVEN_ZH, SURNAMES_ZH, fill

TEXT = Path(__file__).resolve().parent.parent / "text"
WORDNET = Path("/usr/share/wordnet")  # Debian's wordnet-base; without it English is narrower

SPOKEN = re.compile(r"^[A-Za-z' ,.?-]+$")


def lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text("utf8").splitlines() if line.strip()]


def patterns(language: str) -> list[str]:
    """Every written sentence and pattern of a language; the held-out ones are elsewhere and never read here."""
    return sorted({line for path in sorted(TEXT.glob(f"{language}_*.txt")) for line in lines(path)})


class Sentences:
    """Draws sentences of one language. The same seed gives the same sentences."""

    def __init__(self, language: str, seed: int):
        self.language, self.r = language, Random(f"{language} {seed}")
        self.patterns = patterns(language)
        self.order: list[str] = []

    def draw(self) -> str:
        k = self.r.random()
        wide = 0.10 if self.wide else 0.0
        if k < 0.56:
            return self.written()
        if k < 0.56 + wide:
            return self.r.choice(self.wide)
        if k < 0.84:
            return self.spliced()
        return self.random_words()

    def written(self) -> str:
        if not self.order:  # every sentence once before any comes again
            self.order = self.patterns.copy()
            self.r.shuffle(self.order)
        return fill(self.order.pop(), self.language, self.r)

    def spliced(self) -> str:
        """The beginning of one sentence and the end of another."""
        first, second = self.written(), self.written()
        if self.language == "zh":
            head = first[: self.r.randint(2, max(3, len(first) - 2))].rstrip("，。？")
            return head + second[self.r.randint(1, max(2, len(second) - 3)) :].lstrip("，。？")
        head, tail = first.rstrip(".?").split(), second.split()
        words = head[: self.r.randint(1, len(head))][:12] + tail[self.r.randint(0, max(0, len(tail) - 2)) :][:12]
        return " ".join(words)

    def random_words(self) -> str:
        words = self.r.choices(*self.drawable, k=self.r.randint(2, 7))
        if self.language == "zh":
            if self.r.random() < 0.2:
                words.insert(0, self.r.choice(SURNAMES_ZH) + "".join(self.r.choices(GIVEN_ZH, k=2)))
            return "".join(words) + "。"
        sentence = " ".join(words)
        return sentence[0].upper() + sentence[1:] + "."

    @cached_property
    def vocabulary(self) -> list[tuple[str, float]]:
        """Words of daily use with their frequency (wordfreq); Mandarin words only in characters that can be drawn."""
        from wordfreq import get_frequency_dict

        found = get_frequency_dict(self.language, wordlist="small")
        if self.language == "zh":
            return sorted((w, f) for w, f in found.items() if re.fullmatch(r"[\u4e00-\u9fff]{1,4}", w))
        return sorted((w, f) for w, f in found.items() if re.fullmatch(r"[a-z]+('[a-z]+)?", w) and (len(w) > 2 or f > 1e-5))

    @cached_property
    def drawable(self) -> tuple[list[str], list[float]]:
        """The vocabulary and how often each word is drawn: flattened, so that rare words are heard as well."""
        return [w for w, _ in self.vocabulary], [f**0.45 for _, f in self.vocabulary]

    @cached_property
    def wide(self) -> list[str]:
        """Short English usage examples of WordNet; nothing of the kind is at hand for Mandarin."""
        if self.language != "en" or not WORDNET.is_dir():
            return []
        found = set()
        for path in sorted(WORDNET.glob("data.*")):
            for example in re.findall(r'"([^"]+)"', path.read_text("latin-1")):
                example = example.strip(" ;,.")
                if 2 <= len(example.split()) <= 12 and SPOKEN.match(example) and not example.isupper():
                    found.add(example[0].upper() + example[1:] + ("" if example.endswith("?") else "."))
        return sorted(found)

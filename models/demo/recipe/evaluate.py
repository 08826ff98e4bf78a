"""How well a model hears, through `fairdial audit` itself.

    evaluate.py --fairdial ../../target/release/fairdial [--model FILE] [--out DIR] [--share 1]

Makes the test set (testset.py), audits it as a user would, compares the transcripts. The language is left to the model.
Prints a table in Markdown: character error rate (Mandarin) or word error rate (English), by group and voice, in per cent;
language detection; times; words heard where nobody speaks.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from testset import TestSet, shared_with_training


def units(text: str, language: str) -> list[str]:
    """What is counted: characters without punctuation, or words in lower case with hyphens as blanks."""
    if language == "zh":
        return re.findall(r"[\u4e00-\u9fff]|[a-z0-9]+", text.lower())
    return re.findall(r"[a-z0-9']+|[\u4e00-\u9fff]", text.lower().replace("-", " "))


def distance(a: list[str], b: list[str]) -> int:
    """Fewest changes, insertions and deletions."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def heard(out: Path) -> dict[str, dict]:
    """Transcripts by the name of the call."""
    found = {}
    for path in (out / "transcripts").glob("*.json"):
        transcript = json.loads(path.read_text("utf8"))
        found[path.name.split(".")[0]] = transcript
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--fairdial", required=True)
    arguments.add_argument("--model", default="demo")
    arguments.add_argument("--out", type=Path, default=Path("work/evaluation"))
    arguments.add_argument("--share", type=float, default=1.0, help="share of the test set, for a quick look")
    arguments.add_argument("--errors", action="store_true", help="print what was misheard")
    a = arguments.parse_args()
    for language in ("zh", "en"):
        shared = shared_with_training(language)
        if shared:
            print(f"{len(shared)} test lines stand in the training text, the first: {shared[0]}", file=sys.stderr)
            return 1
    shutil.rmtree(a.out, ignore_errors=True)
    tests = TestSet(a.out)
    tests.make(a.share)
    command = [a.fairdial, "audit", str(a.out / "audio"), "--out", str(a.out / "audit"), "--model", a.model, "--quiet"]
    code = subprocess.run(command).returncode
    if code not in (0, 3):  # 3: some calls could not be audited, as those without speech must not be
        return code
    transcripts = heard(a.out / "audit")
    run = json.loads((a.out / "audit" / "run.json").read_text("utf8"))
    report(tests.truth, transcripts, run, a.errors)
    return 0


def report(truth: list[dict], transcripts: dict[str, dict], run: dict, show: bool) -> None:
    wrong, total = defaultdict(int), defaultdict(int)
    languages, times, invented, silent = [], [], 0, 0
    for test in truth:
        transcript = transcripts.get(test["name"], {"segments": []})
        segments = transcript["segments"]
        language = test["language"]
        if test["group"] == "no-speech":
            silent += 1
            invented += sum(len(units(s["text"], "zh")) for s in segments)
            continue
        reference = units(" ".join(s["text"] for s in test["said"]), language)
        hypothesis = units(" ".join(s["text"] for s in segments), language)
        errors = distance(reference, hypothesis)
        if show and errors:
            print(errors, test["voice"], " | ".join(s["text"] for s in test["said"]), " => ", " | ".join(s["text"] for s in segments))
        for key in ((test["group"], test["quality"], "all"), (test["group"], test["quality"], test["voice"])):
            wrong[language, *key] += errors
            total[language, *key] += len(reference)
        languages.append(transcript.get("language") == language)
        if test["group"] == "calls":
            for said in test["said"]:
                times.append(min((abs(s["start_ms"] - said["start_ms"]) for s in segments), default=99_999))
                times.append(min((abs(s["end_ms"] - said["end_ms"]) for s in segments), default=99_999))
    print("| language | test | quality | voice | error rate | of |\n|---|---|---|---|---:|---:|")
    for key in sorted(total):
        print(f"| {' | '.join(key)} | {100 * wrong[key] / total[key]:.1f} % | {total[key]} |")
    print(f"\nLanguage right: {100 * sum(languages) / len(languages):.1f} % of {len(languages)} recordings.")
    near = sum(t <= 300 for t in times)
    print(f"Times within 300 ms: {100 * near / len(times):.1f} % of {len(times)} beginnings and ends.")
    print(f"Words heard where nobody speaks: {invented} in {silent} recordings.")
    print(f"Speed: {run['audio_ms'] / run['stages']['transcribe_ms']:.0f} times real time on one core.")


if __name__ == "__main__":
    sys.exit(main())

"""Collect names of everyday things in many languages from CLDR's annotations (Unicode License v3) into `things.txt`.

Reads the unpacked npm package cldr-annotations-full (46.1.0); writes things.txt beside this file.

    npm pack cldr-annotations-full@46.1.0 && tar xzf cldr-annotations-full-46.1.0.tgz
    python -m pretraining.corpus.words.collect package
"""

import json
import random
import sys
import unicodedata
from pathlib import Path

LOCALES = {"tw": "zh-Hant"}  # ours -> CLDR's, where they differ
CODES = [
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "cs",
    "sk",
    "sl",
    "hr",
    "hu",
    "ro",
    "bg",
    "ru",
    "uk",
    "el",
    "tr",
    "lv",
    "lt",
    "et",
    "fi",
    "sv",
    "da",
    "no",
    "ar",
    "he",
    "fa",
    "hi",
    "th",
    "vi",
    "id",
    "zh",
    "tw",
    "ja",
    "ko",
    "ka",
    "hy",
    "bn",
    "ta",
    "is",
]
SPACELESS = ("zh", "tw", "ja", "ko", "th")
# Food, plants, animals, clothes, tools, vehicles, sports, music, office; neither faces, gestures, people nor signs.
BLOCKS = ((0x1F300, 0x1F5FF), (0x1F680, 0x1F6FF), (0x1F950, 0x1F9CF), (0x1F9E0, 0x1FAFF), (0x2600, 0x26FF))
PEOPLE = ((0x1F385, 0x1F385), (0x1F440, 0x1F487), (0x1F493, 0x1F49F), (0x1F550, 0x1F567), (0x1F590, 0x1F596))
MOST = 700  # things of a language


def main(package: Path) -> None:
    lines = []
    for code in CODES:
        path = package / "annotations" / LOCALES.get(code, code) / "annotations.json"
        things = _things(json.loads(path.read_text(encoding="utf-8"))["annotations"]["annotations"], code)
        lines += [f"[{code}]", "things=" + "|".join(things)]
    (Path(__file__).parent / "things.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _things(annotations: dict[str, dict[str, list[str]]], code: str) -> list[str]:
    found = {
        term
        for sign, annotation in annotations.items()
        if _within(ord(sign[0]), BLOCKS) and not _within(ord(sign[0]), PEOPLE)
        for term in [*annotation.get("tts", []), *annotation.get("default", [])]
        if _is_name(term, code)
    }
    things = sorted(found)
    random.Random(0).shuffle(things)
    return sorted(things[:MOST])


def _within(point: int, blocks: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= point <= high for low, high in blocks)


def _is_name(term: str, code: str) -> bool:
    """Up to three words of letters."""
    letters = all(c in " -'’" or unicodedata.category(c)[0] in "LM" for c in term)
    return letters and (1 if code in SPACELESS else 3) <= len(term) <= 24 and len(term.split()) <= 3


if __name__ == "__main__":
    main(Path(sys.argv[1]))

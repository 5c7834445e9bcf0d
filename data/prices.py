"""Prices as shops display them. A format is its own example: "1.234,56 €" shows 99 euros as "99,00 €"."""

import re
from random import Random

# How many units buy about one euro, by the mark that a pattern carries; any other currency counts as 1.
SCALES = {
    **dict.fromkeys(("₽", "р", "RUB", "₹"), 90),
    **dict.fromkeys(("¥", "￥", "円", "JPY"), 160),
    **dict.fromkeys(("kr", ":-", "SEK"), 11),
    **dict.fromkeys(("Kč", "CZK"), 25),
    **dict.fromkeys(("zł", "PLN"), 4),
    **dict.fromkeys(("R$", "BRL"), 5),
    "MXN": 18,
}
ENDINGS = (99, 95, 90, 50, 49, 0, 0)

_SAMPLE = re.compile(r"1(\D?)234(?:([.,])(56|[\u2013-]))?")
_PARTS = re.compile(r"(\D*)(\d.*?)((?:[.,](?:\d\d|[\u2013-]))?)(\D*)")


def show(pattern: str, cents: int) -> str:
    """The amount in the pattern's format; a pattern without digits after the point rounds to whole units."""
    sample = _SAMPLE.search(pattern)
    assert sample, pattern
    group, point, tail = sample.groups()
    whole, rest = divmod(cents, 100) if tail == "56" else (max(1, round(cents / 100)), 0)
    fraction = f"{point}{rest:02}" if tail == "56" else (point or "") + (tail or "")
    digits = f"{whole:,}".replace(",", group)
    return pattern[: sample.start()] + digits + fraction + pattern[sample.end() :]


def parts(price: str) -> tuple[str, str, str, str]:
    """A displayed price as (before, whole, fraction with its point, after), which concatenate to it."""
    match = _PARTS.fullmatch(price)
    assert match, price
    before, whole, fraction, after = match.groups()
    return before, whole, fraction, after


def amount(pattern: str, euros: float, rng: Random) -> int:
    """About this many euros in hundredths of the pattern's currency, with a shop's usual ending."""
    scale = next((s for mark, s in SCALES.items() if mark in pattern), 1)
    whole = max(1, int(euros * scale))
    if scale > 20:
        whole = max(10, whole // 10 * 10)
    return whole * 100 + rng.choice(ENDINGS)

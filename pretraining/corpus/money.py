"""Prices as the world's shops write them."""

from dataclasses import dataclass
from random import Random

from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import LISTS

EUR_LANGS = ("de", "fr", "es", "it", "nl", "pt", "fi", "el", "sk", "sl", "lv", "lt", "et", "hr")


def _currency(text: str) -> tuple[str, str, str, int, float]:
    mark, group, point, places, size = text.split(";")
    return mark, group, point, int(places), float(size)


# language -> (mark, thousands separator, decimal separator, decimal places, size of a typical price)
CURRENCIES = {code: tuple(_currency(text) for text in texts) for code, texts in LISTS["money"].items()}
AFTER = frozenset(LISTS["marks"]["after"])
TIGHT = {"元", "円", "원", ":-", ",-", "đ", "₫"}
CODES = {
    "€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "S$": "SGD", "HK$": "HKD",
    "NT$": "TWD", "₹": "INR", "Rs": "INR", "Rs.": "INR", "R": "ZAR", "₦": "NGN", "₱": "PHP", "RM": "MYR", "R$": "BRL",
    "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "lei": "RON", "Lei": "RON", "лв.": "BGN", "лв": "BGN", "₽": "RUB",
    "руб.": "RUB", "₴": "UAH", "грн": "UAH", "TL": "TRY", "₺": "TRY", "kr": "SEK", "kr.": "DKK", "₪": "ILS", "฿": "THB",
    "₫": "VND", "Rp": "IDR", "¥": "JPY", "元": "CNY", "원": "KRW", "₩": "KRW", "円": "JPY", "Fr.": "CHF",
}  # fmt: skip
ENDINGS = (99, 95, 0, 0, 90, 50, 49, 98, 97, 0, 99)


@dataclass(frozen=True, slots=True)
class Money:
    """How one shop writes amounts (in hundredths)."""

    mark: str
    group: str
    point: str
    places: int
    size: float
    before: bool
    space: str
    whole: bool  # 450 rather than 450.00

    def number(self, cents: int) -> str:
        """1.299,00"""
        whole, fraction = divmod(cents, 100)
        text = f"{whole:,}".replace(",", self.group)
        if self.places == 0 or (self.whole and fraction == 0):
            return text
        return f"{text}{self.point}{fraction:02d}"

    def show(self, cents: int) -> str:
        """1.299,00 € or € 1.299,00"""
        number = self.number(cents)
        return f"{self.mark}{self.space}{number}" if self.before else f"{number}{self.space}{self.mark}"


def money(r: Random, code: str) -> Money:
    """A shop's way to write prices in a language's countries."""
    mark, group, point, places, size = pick(r, CURRENCIES.get(code, CURRENCIES["de" if code in EUR_LANGS else "en"]))
    if code in EUR_LANGS and chance(r, 0.2):
        group = pick(r, (".", " ", "\u00a0", "", "'"))
    elif chance(r, 0.08):
        group = pick(r, ("", " ", "\u00a0"))
    if code in ("lv", "lt", "et", "sl", "hr") and chance(r, 0.5):
        group, point = "", "."
    before = mark not in AFTER
    if mark in CODES and chance(r, 0.1):
        mark, before = CODES[mark], chance(r, 0.5)
    elif mark in (
        "€",
        "EUR",
        "USD",
        "GBP",
        "NZD",
        "ARS",
        "AED",
        "SAR",
        "PLN",
        "CHF",
        "COP",
        "RON",
        "SEK",
        "THB",
    ) and code not in ("nl",):
        before = chance(r, 0.85 if code == "en" and mark == "€" else 0.4)
    if (len(mark) > 1 and mark[-1].isalpha()) or (mark == "€" and not before):
        space = pick(r, (" ", " ", " ", "\u00a0", ""))
    elif mark in TIGHT:
        space = pick(r, ("", "", " "))
    else:
        space = (
            pick(r, ("", "", "", "", " ", "\u00a0")) if before and mark != "€" else pick(r, (" ", " ", "\u00a0", ""))
        )
    return Money(mark, group, point, places, size, before, space, chance(r, 0.15))


def amount(r: Random, m: Money, low: float = 1.5, high: float = 2500.0) -> int:
    """A price in hundredths, log-uniform over the typical range of the currency."""
    value: float = low * (high / low) ** r.random() * m.size
    if m.places == 0:
        step = 1 if value < 200 else 10 if value < 20000 else 100 if value < 200000 else 1000
        whole = max(1, round(value / step)) * step
        return 100 * (whole - 1 if step == 10 and chance(r, 0.4) else whole)
    cents = pick(r, ENDINGS) if chance(r, 0.8) else r.randrange(100)
    return int(value) * 100 + cents or 99

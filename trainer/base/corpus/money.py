"""Prices as the world's shops write them."""

from dataclasses import dataclass
from random import Random

from trainer.base.corpus.pick import chance, pick

EUR_LANGS = ("de", "fr", "es", "it", "nl", "pt", "fi", "el", "sk", "sl", "lv", "lt", "et", "hr")
# language -> (mark, thousands separator, decimal separator, decimal places, size of a typical price)
CURRENCIES: dict[str, tuple[tuple[str, str, str, int, float], ...]] = {
    "en": (("$", ",", ".", 2, 1), ("$", ",", ".", 2, 1), ("$", ",", ".", 2, 1), ("£", ",", ".", 2, 1), ("£", ",", ".", 2, 1),
           ("US$", ",", ".", 2, 1), ("€", ",", ".", 2, 1), ("USD", ",", ".", 2, 1), ("GBP", ",", ".", 2, 1), ("AU$", ",", ".", 2, 1),
           ("A$", ",", ".", 2, 1), ("C$", ",", ".", 2, 1), ("NZD", ",", ".", 2, 1), ("Rs.", ",", ".", 2, 80), ("Rs", ",", ".", 0, 100),
           ("₹", ",", ".", 2, 60), ("R", " ", ".", 2, 15), ("₦", ",", ".", 0, 800), ("KSh", ",", ".", 0, 100), ("AED", ",", ".", 2, 4),
           ("S$", ",", ".", 2, 1), ("HK$", ",", ".", 2, 8), ("₱", ",", ".", 2, 50), ("RM", ",", ".", 2, 4), ("EUR", ",", ".", 2, 1)),
    "de": (("€", ".", ",", 2, 1), ("€", ".", ",", 2, 1), ("EUR", ".", ",", 2, 1), ("CHF", "'", ".", 2, 1), ("Fr.", "'", ".", 2, 1)),
    "fr": (("€", " ", ",", 2, 1), ("€", " ", ",", 2, 1), ("EUR", " ", ",", 2, 1), ("CHF", "'", ".", 2, 1), ("$", " ", ",", 2, 1), ("DH", " ", ",", 2, 10)),
    "es": (("€", ".", ",", 2, 1), ("€", ".", ",", 2, 1), ("$", ".", ",", 0, 900), ("$", ",", ".", 2, 18), ("S/", ",", ".", 2, 4), ("ARS", ".", ",", 2, 300), ("COP", ".", ",", 0, 4000)),
    "pt": (("R$", ".", ",", 2, 5), ("R$", ".", ",", 2, 5), ("€", ".", ",", 2, 1)),
    "nl": (("€", ".", ",", 2, 1),), "it": (("€", ".", ",", 2, 1), ("€", ".", ",", 2, 1), ("EUR", ".", ",", 2, 1)),
    "pl": (("zł", " ", ",", 2, 4), ("PLN", " ", ",", 2, 4), ("zł", "", ",", 2, 4)), "cs": (("Kč", " ", ",", 0, 22), ("Kč", " ", ",", 2, 22), ("CZK", " ", ",", 0, 22)),
    "hu": (("Ft", " ", ",", 0, 350), ("Ft", ".", ",", 0, 350), ("HUF", " ", ",", 0, 350)), "ro": (("lei", ".", ",", 2, 4), ("RON", ".", ",", 2, 4), ("Lei", ".", ",", 2, 4)),
    "bg": (("лв.", " ", ",", 2, 2), ("лв", " ", ".", 2, 2)), "ru": (("₽", " ", ",", 0, 80), ("руб.", " ", ",", 0, 80), ("р.", " ", ",", 0, 80), ("RUB", " ", ".", 2, 80)),
    "uk": (("грн", " ", ",", 0, 35), ("₴", " ", ",", 0, 35), ("грн.", " ", ",", 2, 35)), "tr": (("TL", ".", ",", 2, 25), ("₺", ".", ",", 2, 25)),
    "sv": (("kr", " ", ",", 0, 10), ("SEK", " ", ",", 2, 10), (":-", " ", ",", 0, 10)), "da": (("kr.", ".", ",", 2, 7), ("kr", ".", ",", 0, 7), ("DKK", ".", ",", 2, 7)),
    "no": (("kr", " ", ",", 0, 10), ("kr", " ", ",", 2, 10), (",-", " ", ",", 0, 10), ("NOK", " ", ",", 0, 10)),
    "ar": (("ر.س", ",", ".", 2, 4), ("ر.س.", ",", ".", 0, 4), ("جنيه", ",", ".", 2, 20), ("د.إ", ",", ".", 2, 4), ("AED", ",", ".", 2, 4), ("SAR", ",", ".", 2, 4), ("ج.م", ",", ".", 0, 20)),
    "he": (("₪", ",", ".", 2, 4), ("₪", ",", ".", 0, 4), ('ש"ח', ",", ".", 0, 4)), "fa": (("تومان", ",", ".", 0, 40000), ("ریال", ",", ".", 0, 400000)),
    "hi": (("₹", ",", ".", 0, 60), ("₹", ",", ".", 2, 60), ("रु", ",", ".", 0, 60)), "th": (("฿", ",", ".", 2, 30), ("บาท", ",", ".", 0, 30), ("THB", ",", ".", 2, 30)),
    "vi": (("₫", ".", ",", 0, 20000), ("đ", ".", ",", 0, 20000), ("VNĐ", ".", ",", 0, 20000)), "id": (("Rp", ".", ",", 0, 12000), ("Rp.", ".", ",", 0, 12000), ("IDR", ",", ".", 0, 12000)),
    "zh": (("¥", ",", ".", 2, 6), ("￥", ",", ".", 2, 6), ("元", "", ".", 2, 6)), "tw": (("NT$", ",", ".", 0, 30), ("元", "", ".", 0, 30), ("$", ",", ".", 0, 30)),
    "ja": (("¥", ",", ".", 0, 120), ("円", ",", ".", 0, 120), ("￥", ",", ".", 0, 120)), "ko": (("원", ",", ".", 0, 1200), ("₩", ",", ".", 0, 1200)),
}  # fmt: skip
AFTER = {"zł", "PLN", "Kč", "CZK", "Ft", "HUF", "lei", "RON", "Lei", "лв.", "лв", "₽", "руб.", "р.", "RUB", "грн", "₴", "грн.", "TL",
         "kr", "kr.", ":-", ",-", "SEK", "DKK", "NOK", "ر.س", "ر.س.", "جنيه", "ج.م", "د.إ", 'ש"ח', "تومان", "ریال", "บาท",
         "₫", "đ", "VNĐ", "元", "円", "원", "DH", "Rs./-"}  # fmt: skip
TIGHT = {"元", "円", "원", ":-", ",-", "đ", "₫"}
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
    if mark in (
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
    if len(mark) > 1 and mark[-1].isalpha() or mark == "€" and not before:
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
    value = low * (high / low) ** r.random() * m.size
    if m.places == 0:
        step = 1 if value < 200 else 10 if value < 20000 else 100 if value < 200000 else 1000
        whole = max(1, round(value / step)) * step
        return 100 * (whole - 1 if step == 10 and chance(r, 0.4) else whole)
    cents = pick(r, ENDINGS) if chance(r, 0.8) else r.randrange(100)
    return int(value) * 100 + cents or 99

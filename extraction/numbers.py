"""The one reader of numbers, amounts of money and dates as people write them.

Libraries were weighed: price-parser takes the first number of any text, so that "iPhone 15" would cost 15; Babel wants
to be told the locale. Both would call different values equal. Dates are dateparser's.
"""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from extraction.text import fold

SYMBOLS = {
    "€": "EUR", "euro": "EUR", "$": "USD", "us$": "USD", "us $": "USD", "£": "GBP", "¥": "JPY", "円": "JPY",
    "₹": "INR", "rs": "INR", "rs.": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₴": "UAH", "₫": "VND",
    "฿": "THB", "₱": "PHP", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "лв": "BGN", "лв.": "BGN",
    "fr.": "CHF", "sfr.": "CHF", "rm": "MYR", "r$": "BRL", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD",
    "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "nt$": "TWD", "元": "CNY", "원": "KRW", "tl": "TRY", "rp": "IDR",
    "rp.": "IDR", "s/": "PEN", "руб": "RUB", "руб.": "RUB", "р.": "RUB", "грн": "UAH", "грн.": "UAH", "₦": "NGN",
    "₸": "KZT", "₾": "GEL", "₼": "AZN", "dh": "MAD", "ر.س": "SAR", "ر.س.": "SAR", "د.إ": "AED", "ج.م": "EGP",
    "ج.م.": "EGP", "kr": "kr", "kr.": "kr",  # three countries' crowns: equal only to itself
}  # fmt: skip
CODES = [
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MAD", "MXN", "MYR", "NOK", "NZD", "PEN", "PHP", "PLN", "RON",
    "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
]  # fmt: skip
MARKS = SYMBOLS | {code.casefold(): code for code in CODES}
MARK = "|".join(re.escape(mark) for mark in sorted(MARKS, key=len, reverse=True))
SIGN = "[-\N{MINUS SIGN}]"
MONEY = re.compile(rf"({SIGN})?\s*({MARK})?\s*({SIGN})?(\d[\d\s.,'’]*?|[.,]\d+)(?:[.,]\s?[-–—]{{1,2}})?\s*({MARK})?")
NUMBER = re.compile(rf"({SIGN})?(\d[\d\s.,'’]*|[.,]\d+)")
GROUPED = re.compile(r"[1-9]\d{0,2}([.,'’\s])(?:\d{2,3}\1)*\d{3}")  # two-digit groups are the Indian ones
CODE = re.compile(r"0\d")  # with a needless zero at its head a number is a code and not an amount
# What may be a date: no more than three numbers and a time, few words. dateparser alone would try hundreds of languages
# on any text, and take "10" for the tenth of this month.
DATE = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}[^/]{0,24}|(?=.*\d{4})(?=.*(?<!\d)\d{1,2}(?!\d)).{6,40}", re.DOTALL
)

Money = tuple[Decimal, str | None]


def money(text: str) -> Money | None:
    """(amount, currency or None) of a text that is one amount of money or one plain number, else None.

    A lone separator before three digits groups them ("1.299" is 1299), else it is the decimal point. "007" is neither.
    """
    match = MONEY.fullmatch(fold(text))
    amounts = readings(match[4]) if match else []
    if match is None or not amounts or CODE.match(match[4]):
        return None
    marks = [mark for mark in (match[2], match[5]) if mark]
    code = next((mark for mark in marks if mark.upper() in CODES), marks[0] if marks else None)
    return -amounts[0] if match[1] or match[3] else amounts[0], MARKS[code] if code else None


def number(text: str) -> Decimal | None:
    """The number that a whole text is, else None; separators as in `money`."""
    match = NUMBER.fullmatch(fold(text))
    amounts = readings(match[2]) if match else []
    if match is None or not amounts or CODE.match(match[2]):
        return None
    return -amounts[0] if match[1] else amounts[0]


def readings(digits: str) -> list[Decimal]:
    """Each way to read digits with separators, the likeliest first: "1.299" is 1299 and may be 1.299; [] for none."""
    found = [_decimal(digits, "")] if GROUPED.fullmatch(digits) else []
    whole, _, fraction = re.sub(r"[.,](?=\d+$)", "|", digits).partition("|")
    if not (GROUPED.fullmatch(whole) or whole.isdecimal() or not whole):
        return found
    if re.search(r"[.,]", whole) and digits[len(whole)] in whole:
        return found  # 1.299.00: one character cannot both group and divide
    plain = _decimal(whole, fraction)
    return found if plain in found else [*found, plain]


@lru_cache(maxsize=4096)
def date(text: str, month_first: bool = False) -> datetime | None:
    """The date, with its time where it has one, that a whole text is, in any language; else None.

    Day, month and year must all be there. `month_first`: how 03/04/2024 is read; other forms say it themselves.
    """
    folded = fold(text)
    if not DATE.fullmatch(folded):
        return None
    import dateparser  # a tenth of a second to load, and only dates need it

    settings = {
        "STRICT_PARSING": True,
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
        "DATE_ORDER": "MDY" if month_first else "DMY",
        "PREFER_LOCALE_DATE_ORDER": False,
    }
    found: datetime | None = dateparser.parse(folded, settings=settings)
    return found


def _decimal(whole: str, fraction: str) -> Decimal:
    return Decimal(f"{re.sub(r'[^0-9]', '', whole) or 0}.{fraction or 0}")

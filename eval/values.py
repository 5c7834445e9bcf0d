"""When a predicted value is right: raw (the same JSON) or normalised (the same value, written in another way).

Normalised: text in NFKC without regard to case and white space; numbers by value; money by amount and currency, so that
"€ 1.299,00", "1299.00 EUR" and "1.299 €" are one value; nested values leaf by leaf; blank text and empty containers are
null. Works on any schema: a string is money where the reference reads as money, whatever its field is called.
"""

import json
import re
import unicodedata
from decimal import Decimal
from typing import Any

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
MONEY = re.compile(rf"({MARK})?\s*(\d[\d\s.,'’]*?|[.,]\d+)(?:[.,]\s?[-–—]{{1,2}})?\s*({MARK})?")
GROUPED = re.compile(r"[1-9]\d{0,2}([.,'’\s])(?:\d{2,3}\1)*\d{3}")  # two-digit groups are the Indian ones

Money = tuple[Decimal, str | None]


def same_raw(reference: Any, prediction: Any) -> bool:
    """Whether both are the same JSON; object keys in any order."""
    return json.dumps(reference, sort_keys=True) == json.dumps(prediction, sort_keys=True)


def same(reference: Any, prediction: Any) -> bool:
    """Whether both are the same value after normalisation."""
    if absent(reference) or absent(prediction):
        return absent(reference) and absent(prediction)
    if isinstance(reference, dict) and isinstance(prediction, dict):
        return all(same(reference.get(name), prediction.get(name)) for name in reference | prediction)
    if isinstance(reference, list) and isinstance(prediction, list):
        return len(reference) == len(prediction) and all(map(same, reference, prediction))
    if isinstance(reference, str) and isinstance(prediction, str):
        return _same_text(reference, prediction)
    # In Python true is 1, in JSON it is not.
    return isinstance(reference, bool) == isinstance(prediction, bool) and bool(reference == prediction)


def is_null(value: Any) -> bool:
    """Whether a value is null as it stands."""
    return value is None


def absent(value: Any) -> bool:
    """Whether a value says nothing: null, blank text, a container of nothing else."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, dict):
        return all(absent(child) for child in value.values())
    if isinstance(value, list):
        return all(absent(child) for child in value)
    return value is None


def money(text: str) -> Money | None:
    """(amount, currency or None) of a text that is one amount of money or one plain number, else None.

    A lone separator before three digits groups them ("1.299" is 1299), else it is the decimal point. A number that
    begins with a needless zero ("007") is a code and not an amount.
    """
    match = MONEY.fullmatch(_folded(text))
    amount = _amount(match[2]) if match else None
    if match is None or amount is None:
        return None
    marks = [mark for mark in (match[1], match[3]) if mark]
    code = next((mark for mark in marks if mark.upper() in CODES), marks[0] if marks else None)
    return amount, MARKS[code] if code else None


def _same_text(reference: str, prediction: str) -> bool:
    expected, found = money(reference), money(prediction)
    if expected and found:
        return expected == found
    return _folded(reference) == _folded(prediction)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _amount(digits: str) -> Decimal | None:
    if GROUPED.fullmatch(digits):
        whole, fraction = digits, ""
    else:
        whole, _, fraction = re.sub(r"[.,](?=\d+$)", "|", digits).partition("|")
        if not (GROUPED.fullmatch(whole) or re.fullmatch(r"0?|[1-9]\d*", whole)):
            return None
        if re.search(r"[.,]", digits[: len(whole)]) and digits[len(whole)] in whole:
            return None  # 1.299.00: one character cannot both group and divide
    return Decimal(f"{re.sub(r'[^0-9]', '', whole) or 0}.{fraction or 0}")

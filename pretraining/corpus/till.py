"""What a receipt adds up: lines of goods, and the sums under them, of which one is what had to be paid."""

from dataclasses import dataclass
from random import Random

from extraction.json import Json
from pretraining.corpus import facts
from pretraining.corpus.goods import measure
from pretraining.corpus.letterhead import WORDS, Till
from pretraining.corpus.letters import code_like, digits
from pretraining.corpus.pick import chance, pick

Row = tuple[str, int, str]  # label, cents (-1 where the number of goods stands), slot or nothing
MALAY = (("", ""),) * 5 + (("", "RM"),) * 5 + (("RM", ""), ("$", ""), ("$", ""), ("", "MYR"), ("", "S$"))
RATES = {"my": (6, 6, 6, 10), "us": (7, 8, 6), "uk": (20, 20, 5), "de": (19, 7), "fr": (20, 10), "es": (21, 10, 22)}


@dataclass(frozen=True, slots=True)
class MoneyFormat:
    """How amounts are printed: `sign` stands tight at the number and is part of it, `word` stands apart and is not."""

    sign: str
    word: str
    point: str
    after: bool

    def number(self, cents: int) -> str:
        """1,234.50"""
        text = f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
        if self.point == ",":
            text = text.replace(",", "~").replace(".", ",").replace("~", ".")
        return text if cents >= 0 else f"-{text}"

    def show(self, cents: int) -> str:
        """$1,234.50"""
        if self.after:
            return f"{self.number(cents)} {self.sign}"
        return f"{'-' * (cents < 0)}{self.sign}{self.number(abs(cents))}"


def money_format(t: Till) -> MoneyFormat:
    """The way that one till prints money."""
    r = t.r
    match t.country:
        case "my":
            sign, word = pick(r, MALAY)
            return MoneyFormat(sign, word, ".", False)
        case "us":
            return MoneyFormat(pick(r, ("$", "$", "")), "", ".", False)
        case "uk":
            return MoneyFormat(pick(r, ("£", "£", "")), "", ".", False)
    sign = pick(r, ("€", "", "", ""))
    return MoneyFormat(sign, "" if sign else pick(r, ("", "EUR", "EUR")), pick(r, (",", ",", ",", ".")), bool(sign))


@dataclass(slots=True)
class Goods:
    """What was bought: (name, count, each in cents)."""

    lines: list[tuple[str, int, int]]

    @property
    def total(self) -> int:
        return sum(n * each for _, n, each in self.lines)


def goods(r: Random, lang: str = "en") -> Goods:
    """1 to 12 lines of goods; most receipts are short."""
    size = 10 ** pick(r, (3, 3, 4, 4, 5))
    lines = []
    for _ in range(pick(r, (1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 10, 14))):
        more = pick(
            r,
            (
                "",
                "",
                "",
                f" {measure(r)}",
                f" {code_like(r)}",
                f" {r.randint(2, 900)}{pick(r, ('G', 'ML', 'PCS', 'CM', 'KG'))}",
            ),
        )
        lines.append((facts.thing(r, lang) + more, pick(r, (1, 1, 1, 1, 2, 3, 10)), r.randint(size // 20, size)))
    return Goods(lines)


def item_lines(t: Till, bought: Goods, m: MoneyFormat) -> list[str]:
    """The goods as the till prints them, with a line of headings or none."""
    r = t.r
    form = r.randrange(8)
    tag = pick(r, ("", "", "", " SR", " S", " Z", " T", " A", "*"))
    lines = [t.word("columns")] if chance(r, 0.65) else []
    show = m.show if chance(r, 0.5) else m.number
    for name, n, each in bought.lines:
        price, line, code = m.number(each), show(n * each) + tag, digits(r, pick(r, (4, 5, 7, 13)))
        lines += (
            [f"{n} {name} {line}"],
            [name, f"{n} X {price} {line}"],
            [f"{code} {n} {price} {line}", name],
            [f"{name} {line}"],
            [f"{name} {n} {price} {line}"],
            [name, f"{code} {n} x {price} {line}"],
            [f"{code} {name}", f"{n} PC @ {price} {line}"],
            [f"{n}x {name}", line],
        )[form]
    return lines


def sum_lines(t: Till, bought: Goods, m: MoneyFormat, values: Json, billed: bool = False) -> list[str]:
    """Subtotal, discount, service, tax, rounding, total, payment, change: those that this till prints.

    `values["total"]` is what had to be paid. A bill that is sent has no payment and was not read from an image.
    """
    r = t.r
    rows, total, tax, rate = _before_total(t, bought.total)
    rows += [(t.word("totals"), total, "total")] if billed else _due(t, total)
    total = rows[-1][1]
    if not billed and chance(r, 0.15):
        rows.insert(
            r.randint(0, len(rows)), (pick(r, ("TOTAL QTY", "ITEM COUNT", "TOTAL ITEM(S)", "NO. OF ITEMS")), -1, "")
        )
    if chance(r, 0.2):
        rows.append((t.word("totals"), total, "total"))
    if not billed and chance(r, 0.8):
        paid = total + pick(r, (0, 0, 0, (-total) % 1000, (-total) % 5000, (-total) % 10000))
        rows.append((t.word("payments"), paid, "paid"))
        if chance(r, 0.8):
            rows.append((t.word("changes"), paid - total, "change"))
    if tax and t.country != "us" and chance(r, 0.15):
        rows.append((t.word("taxes"), tax, "tax"))
    lines = _printed(t, rows, m, values, sum(n for _, n, _ in bought.lines), 1.0 if billed else r.random())
    if tax and not billed and t.country in ("my", "uk") and chance(r, 0.75):
        lines += _summary(t, total - tax, tax, rate, m)
    return lines


def _before_total(t: Till, total: int) -> tuple[list[Row], int, int, int]:
    """(rows above the total, the total, the tax in it or 0, the tax's rate)."""
    r = t.r
    rows: list[Row] = []
    if chance(r, 0.42):
        rows.append((t.word("subtotals"), total, "subtotal"))
    if chance(r, 0.15):
        cut = pick(r, (0, 0, total // 10, total // 20, min(total, 500)))
        total -= cut
        rows.append((pick(r, WORDS["discounts"]), -cut, "discount"))
    if chance(r, 0.1):
        charge = total // 10
        total += charge
        rows.append((pick(r, WORDS["services"]), charge, "service"))
    tax, rate = 0, pick(r, RATES[t.country])
    if chance(r, 0.68):
        added = t.country in ("us", "my") and chance(r, 0.6)
        tax = round(total * rate / 100) if added else total - round(total * 100 / (100 + rate))
        if added and not any(slot == "subtotal" for *_, slot in rows):
            rows.append((t.word("subtotals"), total, "subtotal"))
        total += tax if added else 0
        rows.append((t.word("taxes"), tax, "tax"))
    return rows, total, tax, rate


def _due(t: Till, total: int) -> list[Row]:
    """The total; or a total, what it is rounded by, and the total that counts."""
    r = t.r
    if t.country != "my" or chance(r, 0.45):
        return [(t.word("totals"), total, "total")]
    off = (total + 2) // 5 * 5 - total if chance(r, 0.8) else 0
    rows = [(t.word("totals"), total, "")] if chance(r, 0.75) else []
    return [*rows, (pick(r, WORDS["roundings"]), off, "rounding"), (pick(r, WORDS["rounded"]), total + off, "total")]


def _printed(t: Till, rows: list[Row], m: MoneyFormat, values: Json, count: int, broken: float) -> list[str]:
    """Labels and amounts on lines; the reader of the image now and then parts them (`broken` near 0)."""
    r = t.r
    colon = pick(r, (" ", " ", " ", ": ", ": ", ": ", " : ", " : ", ":", "....... ", " = "))
    word = f"({m.word}){colon}" if m.word and chance(r, 0.3) else f"{colon}{m.word} " if m.word else colon
    texts = []
    for label, cents, slot in rows:
        amount = m.show(cents) if slot else str(count) if cents == -1 else m.show(cents)
        if slot:
            values[slot] = amount
        texts.append((label + (word if slot or cents != -1 else colon).rstrip(), amount, word.endswith(" ")))
    if broken < 0.03:
        return [label for label, *_ in texts] + [amount for _, amount, _ in texts]
    lines = []
    for label, amount, space in texts:
        if broken < 0.09 and chance(r, 0.4):
            lines += [label, amount] if chance(r, 0.7) else [amount, label]
        else:
            lines.append(f"{label}{' ' if space or label[-1:] != ':' else ''}{amount}")
    return lines


def _summary(t: Till, net: int, tax: int, rate: int, m: MoneyFormat) -> list[str]:
    """The taxes once more, by rate."""
    r = t.r
    code = pick(r, ("SR", "S", "T", "SR @", "GST S", "A", "SR (@"))
    row = f"{code} {rate}%{')' if '(' in code else ''} {m.number(net)} {m.number(tax)}"
    lines = [pick(r, WORDS["summaries"]), row.replace("%", pick(r, ("%", "%", "")))]
    if chance(r, 0.25):
        lines.append("ZR 0% 0.00 0.00")
    if chance(r, 0.35):
        lines.append(f"TOTAL{pick(r, (' ', ' : ', ': '))}{m.number(net)} {m.number(tax)}")
    return lines

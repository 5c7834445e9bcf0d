"""Receipts as plain text, the way that OCR reads them: the firm on top, many dates and sums, one total."""

from random import Random

from extraction.json import Json
from pretraining.corpus import facts, invoices
from pretraining.corpus.asked import question
from pretraining.corpus.letterhead import WORDS, Till, letterhead, till
from pretraining.corpus.letters import digits, latin
from pretraining.corpus.ocr import damaged, smudge
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.shapes import fill
from pretraining.corpus.till import Goods, goods, item_lines, money_format, sum_lines
from pretraining.corpus.words import LISTS

FIELDS = LISTS["receipt_fields"]
STANDARD = ("company", "date", "address", "total")
INVOICES = 0.28
WEEKDAYS = ("MON", "TUE", "FRI", "SAT", "SUNDAY", "FRIDAY", "Wednesday", "Thu", "Sat")
BESIDE = (
    "{A}{A}{nn} {A}{A}{nn} {A}{n} {A}{digits}", "{digits} {nn}", "{nnn} {digits}", "{n}{nnn} {nnn} {digits}", "#{nn}",
    "{A}{A} {digits}", "{WORD}", "TRN {digits}", "{nn}/{nn}/{nnn}",
)  # fmt: skip
STAMPS = ("DATE TIME NO", "DATE TIME TILL CLERK", "DATE TIME", "Date Time Clerk")
THANKS = (
    "THANK YOU FOR SHOPPING AT {}",
    "{} THANKS YOU",
    "WELCOME TO {}",
    "CHEQUES PAYABLE TO {}",
    "MANAGED BY {}",
    "{}",
)


def sample(r: Random) -> tuple[str, Json, Json, str]:
    """(text, schema, record, domain) of one receipt or invoice."""
    if chance(r, INVOICES):
        return invoices.sample(r)
    t = till(r)
    values: Json = {}
    bought = goods(r)
    lines = receipt(t, bought, values)
    if chance(r, 0.75):
        lines = [line.upper() for line in lines]
        values = {key: value.upper() for key, value in values.items()}
        bought = Goods([(name.upper(), n, each) for name, n, each in bought.lines])
    rate = pick(r, (0, 0, 0, 0.03, 0.06, 0.15))
    lines = damaged(r, lines, [*values.values(), *[name for name, *_ in bought.lines]], rate) if rate else lines
    schema, record = question(r, values, FIELDS, STANDARD)
    return "\n".join(lines), schema, record, "receipt"


def receipt(t: Till, bought: Goods, values: Json) -> list[str]:
    """All lines in one of the orders that tills print them in; the date may stand anywhere."""
    r, m = t.r, money_format(t)
    top = letterhead(t, values)
    _spoil(r, top, values)
    stamp = _stamp(t, values)
    meta = _meta(t, values)
    below = [fill(r, "en", t.word("closings")) for _ in range(r.randint(0, 6))]
    if chance(r, 0.06):
        below.append(pick(r, THANKS).format(values["company"]))
    if top[0] == values["company"] and chance(r, 0.08):
        top.insert(1, stamp)
    elif chance(r, 0.22):
        below.insert(r.randint(0, len(below)), stamp)
    elif meta and chance(r, 0.45):
        place = r.randrange(len(meta))
        meta[place] = f"{meta[place]} {stamp}" if chance(r, 0.7) else f"{stamp} {meta[place]}"
    else:
        meta.insert(r.randint(0, len(meta)), stamp)
    if chance(r, 0.16):
        again = pick(r, ("CLOSED: {}", "PRINT DATE: {}", "PRN ON : {}", "{}", "- *** {} *** -", "PRINTED DATE : {}"))
        below.insert(0, again.format(f"{values['date']} {r.randint(8, 22)}:{r.randint(10, 59)}"))
    return [*top, *meta, *item_lines(t, bought, m), *sum_lines(t, bought, m, values), *below]


def _spoil(r: Random, top: list[str], values: Json) -> None:
    """Now and then the firm or a line of the address itself was read wrongly; then that is what is written."""
    if not chance(r, 0.06):
        return
    place = r.randrange(len(top))
    wrong = " ".join(smudge(r, top[place]).split())
    line = top[place].rstrip(",")
    for slot in ("company", "address"):
        if len(line) > 5 and len(wrong) > 5 and values.get(slot, "").count(line) == 1 and wrong.rstrip(","):
            values[slot] = values[slot].replace(line, wrong.rstrip(",") if wrong.endswith(",") else wrong, 1)
            top[place] = wrong
            return


def _stamp(t: Till, values: Json) -> str:
    """The date under its label, with a time of day, a weekday or other things beside it."""
    r = t.r
    when = facts.date(r, "en" if t.country == "my" else t.lang, "date_receipt")
    values["date"] = when
    stamp = t.word("dates").format(when)
    if chance(r, 0.06):
        stamp = stamp.replace(when, f"{pick(r, WEEKDAYS)}{pick(r, (' ', ', '))}{when}")
    if not chance(r, 0.7):
        return stamp
    h, minute = r.randint(7, 22), r.randint(0, 59)
    seconds = pick(r, ("", f":{r.randint(0, 59):02d}"))
    values["time"] = pick(
        r,
        (
            f"{h:02d}:{minute:02d}{seconds}",
            f"{h:02d}:{minute:02d}{seconds}",
            f"{h % 12 or 12}:{minute:02d}{seconds} {'AM' if h < 12 else 'PM'}",
            f"{h % 12 or 12:02d}:{minute:02d}{seconds}{'AM' if h < 12 else 'PM'}",
        ),
    )
    if chance(r, 0.07) and stamp == when:
        return f"{values['time']} {digits(r, 6)} {when}"
    stamp += pick(r, (" {}", " {}", " {}", " TIME: {}", " TIME : {}", "\nTIME: {}", " # {}", " ({})")).format(
        values["time"]
    )
    if chance(r, 0.14):
        stamp += f" {fill(r, 'en', pick(r, BESIDE))}"
    return f"{pick(r, STAMPS)}\n{stamp}" if chance(r, 0.03) else stamp


def _meta(t: Till, values: Json) -> list[str]:
    """Number, cashier, customer and whatever else, in any order, now and then two on a line."""
    r = t.r
    lines = []
    if chance(r, 0.8):
        values["number"] = pick(
            r,
            (
                facts.code(r, "en"),
                f"{latin(r)[:2].upper()}{digits(r, 8)}",
                digits(r, 10),
                f"{digits(r, 4)}/{digits(r, 3)}/T{digits(r, 4)}",
            ),
        )
        lines.append(t.word("documents").format(values["number"]))
    if chance(r, 0.45):
        values["cashier"] = pick(
            r, (latin(r).upper(), facts.person(r, t.lang), f"{r.randint(1, 99):02d}", "USER", "CASHIER")
        )
        lines.append(t.word("cashiers").format(values["cashier"]))
    lines += [fill(r, "en", pick(r, WORDS["extras"])) for _ in range(pick(r, (0, 0, 1, 2, 3, 5)))]
    if chance(r, 0.04):
        lines.append(f"CARD EXPIRY: {facts.date(r, 'en', 'date_receipt')}")
    r.shuffle(lines)
    if len(lines) > 1 and chance(r, 0.3):
        lines[:2] = [" ".join(lines[:2])]
    if chance(r, 0.1):
        values["customer"] = pick(r, (facts.company(r, t.lang), facts.person(r, t.lang), t.phrase("firm")))
        lines += [pick(r, ("BILL TO: {}", "BILL TO:\n{}", "CUSTOMER: {}", "NAME : {}")).format(values["customer"])]
        lines += [t.phrase("roads"), fill(r, "en", "{digits} {WORD}")] if chance(r, 0.4) else []
    return [t.word("heads"), *lines] if chance(r, 0.75) else lines

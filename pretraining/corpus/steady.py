"""One hand for a whole column: the same currency, form of date or unit in each row, days that follow each other."""

from collections.abc import Callable
from itertools import count
from random import Random

from pretraining.corpus import facts
from pretraining.corpus.domains import Slot
from pretraining.corpus.draft import value
from pretraining.corpus.kinds import WEEKS
from pretraining.corpus.markup import collapse
from pretraining.corpus.money import amount, money
from pretraining.corpus.pick import chance, pick

UNITS = ("unit", "grouped", "decimal_unit", "race_time", "hours_minutes", "change", "goals")
TRIES = 12


def column(r: Random, slot: Slot, lang: str) -> Callable[[], str]:
    """Makes the cells of one column."""
    match slot.maker:
        case "cash" | "big_cash" | "amount_only":
            m, high = money(r, lang), 900.0
            show = m.number if slot.maker == "amount_only" else m.show
            times = 1000 if slot.maker == "big_cash" else 1
            return lambda: collapse(show(amount(r, m, 2, high) * times))
        case "date":
            form = facts.date_form(r, lang)
            return lambda: facts.dated(r, lang, form)
        case "clock":
            style = r.randrange(6)
            return lambda: facts.timed(r, style)
        case "weekday":
            days, places = WEEKS.get(lang, WEEKS["en"]).split(), count(r.randrange(7) if chance(r, 0.5) else 0)
            return lambda: days[next(places) % 7]
        case "rank" if chance(r, 0.85):
            frame, next_rank = (
                pick(r, ("{}", "{}", "{}.", "#{}", "{:02d}")),
                count(pick(r, (1, 1, 1, r.randint(2, 40)))),
            )
            return lambda: frame.format(next(next_rank))
        case maker if maker in UNITS:
            first = _frame(slot.make(r, lang))
            return lambda: _like(r, slot, lang, first)
    return lambda: str(value(r, slot, lang))


def _frame(text: str) -> str:
    """What is not a digit."""
    return "".join(c for c in text if not c.isdigit() and c not in ".,")


def _like(r: Random, slot: Slot, lang: str, frame: str) -> str:
    """A cell with the same unit, unless none comes up."""
    for _ in range(TRIES):
        text = collapse(slot.make(r, lang))
        if _frame(text) == frame:
            break
    return text

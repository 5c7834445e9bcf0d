"""Makers of the values that only one domain has. Each takes (r, lang)."""

from random import Random

from pretraining.corpus import facts as f
from pretraining.corpus.goods import brand
from pretraining.corpus.letters import code_like, digits, latin
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import words


def isbn(r: Random, lang: str) -> str:
    return f"978-{r.randint(0, 9)}-{digits(r, 4)}-{digits(r, 4)}-{r.randint(0, 9)}"


def vin(r: Random, lang: str) -> str:
    return code_like(r) + digits(r, 9)


def vat_number(r: Random, lang: str) -> str:
    return pick(r, ("DE", "FR", "IT", "ATU", "GB", "PL")) + digits(r, 9)


def doi(r: Random, lang: str) -> str:
    return f"10.{digits(r, 4)}/{latin(r)}.{digits(r, 6)}"


def page_range(r: Random, lang: str) -> str:
    return f"{r.randint(1, 400)}{pick(r, '-–')}{r.randint(401, 900)}"


def hotel(r: Random, lang: str) -> str:
    return f"{pick(r, ('Hotel', 'Hôtel', 'Pension', 'Hostal', 'The', 'Villa', 'Gasthof', 'Riad'))} {brand(r, lang)}"


def hours_minutes(r: Random, lang: str) -> str:
    return f"{r.randint(1, 14)}h {r.randint(0, 59):02d}m"


def gate(r: Random, lang: str) -> str:
    return f"{pick(r, 'ABCDEFG')}{r.randint(1, 60)}"


def seat(r: Random, lang: str) -> str:
    return f"{r.randint(1, 44)}{pick(r, 'ABCDEFGHK')}"


def user(r: Random, lang: str) -> str:
    return pick(
        r, (latin(r), f"{latin(r)}_{r.randint(1, 99)}", f.person(r, lang), latin(r).capitalize() + digits(r, 2))
    )


def week_hours(r: Random, lang: str) -> str:
    days = pick(r, ("Mon-Fri", "Mo–So", "Daily", "Lun-Sab", "Tue–Sun", "Пн-Вс"))
    return (
        f"{days} {r.randint(7, 12)}:00{pick(r, ('-', ' - ', '–', ' to '))}{r.randint(15, 23)}:{pick(r, ('00', '30'))}"
    )


def track_length(r: Random, lang: str) -> str:
    return f"{r.randint(1, 70)}:{r.randint(0, 59):02d}"


def players(r: Random, lang: str) -> str:
    return pick(r, ("{}-{} players", "{}–{}", "{} to {}", "{}-{} Spieler")).format(r.randint(1, 2), r.randint(3, 8))


def first_name(r: Random, lang: str) -> str:
    return pick(r, words(lang, "first"))


def version(r: Random, lang: str) -> str:
    return f"{r.randint(0, 20)}.{r.randint(0, 30)}" + (f".{r.randint(0, 40)}" if chance(r, 0.7) else "")


def team(r: Random, lang: str) -> str:
    town = f.city(r, lang)
    return pick(
        r,
        (f"{town} FC", f"{town} United", f"{town} SC", town, f"{town} City", f"FC {town}", f"SV {town}", f"AC {town}"),
    )


def goals(r: Random, lang: str) -> str:
    return f"{r.randint(0, 6)}{pick(r, (':', '-', ' - ', ' : '))}{r.randint(0, 6)}"


def about_year(r: Random, lang: str) -> str:
    return pick(r, ("{}", "c. {}", "um {}", "{}s", "ca. {}")).format(r.randint(1400, 2020))


def canvas_size(r: Random, lang: str) -> str:
    return f"{r.randint(5, 300)} × {r.randint(5, 300)} cm"


def species(r: Random, lang: str) -> str:
    return f"{latin(r).capitalize()} {latin(r)}"


def plant_family(r: Random, lang: str) -> str:
    return f"{latin(r).capitalize()}aceae"

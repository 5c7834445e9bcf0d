"""Makers of the values that only one domain has. Each takes (r, lang)."""

from random import Random

from pretraining.corpus import facts as f
from pretraining.corpus.goods import brand
from pretraining.corpus.letters import code_like, digits, latin
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.shapes import title
from pretraining.corpus.words import words

HEADLINES = (
    *("{a}: {b}", "{a} — {b}", "{a} – {b}", "{a} - {b}", "{a}, {b}", "{a}? {b}", "{a}: {b}?", "{a}! {b}", "{a} {b}…"),
    *("“{a}” {b}", "'{a}' {b}", '"{a}": {b}', "{a}: “{b}”", "{a} ({b})", "{a} {b} ({y})", "{a} ({b}!)", "{a} & {b}"),
    *(
        "{a}’s {b}",
        "{a}'s {b}?",
        "{n} {a}, {b}",
        "#{n}: {a}, {b}",
        "{a}: {b}, {a2} – {b2}",
        "{a}, {b}: {a2}",
        "{a} {b}",
    ),
)
MINUTES = {
    "en": ("min", "mins", "minutes", "minutes", "m"), "de": ("Min.", "Minuten", "min"), "fr": ("min", "minutes", "mn"),
    "es": ("min", "minutos"), "it": ("min", "minuti"), "nl": ("min", "minuten"), "pl": ("min", "minut"),
    "pt": ("min", "minutos"), "sv": ("min", "minuter"), "ru": ("мин", "минут"),
}  # fmt: skip
HOURS = {
    "en": ("hr", "hrs", "h", "hours"), "de": ("Std.", "Stunden", "h"), "fr": ("h", "heures"), "es": ("h", "horas"),
    "it": ("h", "ore"), "nl": ("uur", "u"), "pl": ("godz.", "h"), "pt": ("h", "horas"), "sv": ("h", "timmar"),
    "ru": ("ч", "час"),
}  # fmt: skip
PORTIONS = {
    "en": ("servings", "servings", "people", "portions", "cookies", "pieces", "cups", "slices"),
    "de": ("Portionen", "Personen", "Stück"), "fr": ("personnes", "parts"), "es": ("personas", "raciones"),
    "it": ("persone", "porzioni"), "nl": ("personen", "porties"), "pl": ("porcji", "porcje"),
    "pt": ("porções", "pessoas"), "sv": ("portioner", "personer"), "ru": ("порций", "порции"),
}  # fmt: skip
COURSES = (
    *("Main Course", "Dessert", "Dinner", "Breakfast", "Side Dish", "Appetizer", "Snack", "Lunch", "Drinks", "Salad"),
    *("Soup", "Starter", "Brunch", "Main Dish", "Hauptgericht", "Nachspeise", "Vorspeise", "Plat principal", "Entrée"),
    *("Plato principal", "Postre", "Primo", "Secondo", "Dolce", "Hoofdgerecht", "Bijgerecht", "Zupa", "Sobremesa"),
)
CUISINES = (
    *("Italian", "American", "Asian", "Mexican", "Indian", "French", "Greek", "Thai", "Mediterranean", "Chinese"),
    *("Japanese", "Middle Eastern", "British", "Italienisch", "Deutsch", "Française", "Mexicana", "Italiana", "Vegan"),
)


def headline(r: Random, lang: str) -> str:
    """A phrase, or a title of 8 to 20 words with stops, quotes or brackets in it."""
    if chance(r, 0.7):
        return f.phrase(r, lang)
    joint = "" if lang in ("zh", "tw", "ja", "th") else " "
    texts = [pick(r, words(lang, "words")) for _ in range(r.randint(8, 20))]
    cut = r.randint(2, len(texts) - 3)
    a, b = joint.join(texts[:cut]), joint.join(texts[cut:])
    if chance(r, 0.5):
        a, b = title(a), title(b)
    elif chance(r, 0.5):
        b = b[:1].upper() + b[1:]
    a2, b2 = (pick(r, words(lang, "words")) for _ in range(2))
    a = a[:1].upper() + a[1:]
    return pick(r, HEADLINES).format(a=a, b=b, a2=a2, b2=b2, y=r.randint(1960, 2027), n=r.randint(3, 99))


def cooking(r: Random, lang: str) -> str:
    """A length of time in minutes, hours or both."""
    gap = pick(r, (" ", " ", " ", ""))
    minute, hour = (pick(r, units.get(lang, units["en"])) for units in (MINUTES, HOURS))
    if chance(r, 0.65):
        return f"{pick(r, (5, 10, 15, 20, 25, 30, 40, 45, 50, 55, 60, 90, r.randint(2, 180)))}{gap}{minute}"
    n = pick(r, (1, 1, 1, 2, 2, 3, 5, r.randint(4, 24)))
    hour = {"hours": "hour", "hrs": "hr"}.get(hour, hour) if n == 1 else hour
    return (
        f"{n}{gap}{hour}" if chance(r, 0.3) else f"{n}{gap}{hour} {pick(r, (5, 10, 15, 20, 24, 30, 45))}{gap}{minute}"
    )


def portions(r: Random, lang: str) -> str:
    """For how many, or how many it makes: a number, mostly alone."""
    n = str(pick(r, (2, 4, 4, 6, 8, r.randint(1, 48))))
    if chance(r, 0.55):
        return n if chance(r, 0.85) else f"{n}{pick(r, '-–')}{int(n) + 2}"
    return f"{n} {pick(r, PORTIONS.get(lang, PORTIONS['en']))}"


def score(r: Random, lang: str) -> str:
    """A mean of stars."""
    return f"{5 - 2.5 * r.random() ** 2:.{pick(r, (1, 1, 1, 1, 2, 2, 2, 2, 0))}f}"


def tally(r: Random, lang: str) -> str:
    """How many have voted."""
    return str(r.randint(1, 990)) if chance(r, 0.7) else f"{r.randint(1000, 40000):{pick(r, (',', ',', ''))}}"


def course(r: Random, lang: str) -> str:
    return pick(r, COURSES) + (f", {pick(r, COURSES)}" if chance(r, 0.12) else "")


def cuisine(r: Random, lang: str) -> str:
    return pick(r, CUISINES)


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

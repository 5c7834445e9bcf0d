"""Makers of the values of the further domains: instants, ranges, identifiers, measures. Each takes (r, lang)."""

from random import Random

from pretraining.corpus import facts as f
from pretraining.corpus.goods import brand, measure
from pretraining.corpus.letters import code_like, digits, latin
from pretraining.corpus.money import amount, money
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.shapes import shape, title
from pretraining.corpus.words import words

YES_NO = {
    "en": ("Yes", "No"), "de": ("Ja", "Nein"), "fr": ("Oui", "Non"), "es": ("Sí", "No"), "it": ("Sì", "No"),
    "pt": ("Sim", "Não"), "nl": ("Ja", "Nee"), "pl": ("Tak", "Nie"), "ru": ("Да", "Нет"), "sv": ("Ja", "Nej"),
}  # fmt: skip
OTHER_YES_NO = {
    "cs": ("Ano", "Ne"), "sk": ("Áno", "Nie"), "hu": ("Igen", "Nem"), "da": ("Ja", "Nej"), "nb": ("Ja", "Nei"),
    "fi": ("Kyllä", "Ei"), "el": ("Ναι", "Όχι"), "tr": ("Evet", "Hayır"), "ro": ("Da", "Nu"), "uk": ("Так", "Ні"),
    "ja": ("はい", "いいえ"), "zh": ("是", "否"), "ko": ("예", "아니요"),
}  # fmt: skip
SIGNS = (
    ("✓", "✗"), ("✔", "✘"), ("true", "false"), ("Y", "N"), ("Included", "Not included"), ("Available", "Not available"),
    ("Allowed", "Not allowed"), ("Required", "Not required"), ("Possible", "Not possible"), ("✅", "❌"),
)  # fmt: skip
YES = frozenset(pair[0].casefold() for pair in (*YES_NO.values(), *OTHER_YES_NO.values(), *SIGNS))
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def yes_no(r: Random, lang: str) -> str:
    text = pick(r, YES_NO.get(lang, YES_NO["en"]))
    return pick(r, (text, text, text, text.lower(), text.upper()))


def affirmed(r: Random, lang: str) -> str:
    """Yes or no in the page's language, now and then as a sign or in words."""
    if chance(r, 0.15):
        return pick(r, pick(r, SIGNS))
    return pick(r, OTHER_YES_NO[lang]) if lang in OTHER_YES_NO else yes_no(r, lang)


def stamp(r: Random, lang: str) -> str:
    """A date with a time of day, in a log's or a reader's form."""
    if chance(r, 0.25):
        return (
            f"{r.randint(2005, 2026)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}{pick(r, ('T', ' '))}"
            f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}{pick(r, ('', 'Z', '+02:00', ''))}"
        )
    joint = pick(r, (", ", " ", " at ", " - ", " | ", " um ", " à ", " · "))
    return f"{f.date(r, lang)}{joint}{f.clock(r, lang)}"


def month_year(r: Random, lang: str) -> str:
    y, m = r.randint(2018, 2031), r.randint(1, 12)
    return pick(r, (f"{m:02d}/{y}", f"{m:02d}.{y}", f"{y}-{m:02d}", f"{m:02d}/{y % 100:02d}"))


def date_range(r: Random, lang: str) -> str:
    """From one day to another, in the same form."""
    y, m, d = r.randint(2010, 2027), r.randint(1, 10), r.randint(1, 28)
    names = f.MONTH_NAMES.get(lang, f.MONTH_NAMES["en"])
    first, last = names[m - 1], names[m + 1]
    return pick(
        r,
        (
            f"{d} {first} – {r.randint(1, 28)} {last} {y}",
            f"{d:02d}.{m:02d}. - {r.randint(1, 28):02d}.{m + 2:02d}.{y}",
            f"{d:02d}/{m:02d}/{y} - {r.randint(1, 28):02d}/{m + 2:02d}/{y}",
            f"{y}-{m:02d}-{d:02d} to {y}-{m + 2:02d}-{d:02d}",
            f"{first[:3]} {d} – {last[:3]} {r.randint(1, 28)}, {y}",
            f"{first} – {last} {y}",
        ),
    )


def cash_range(r: Random, lang: str) -> str:
    m = money(r, lang)
    low = r.randint(2, 900) * 1000
    high = low + r.randint(1, 300) * 1000
    joint = pick(r, ("–", " - ", " – ", " to "))
    return f"{m.number(low)}{joint}{m.show(high)}" if chance(r, 0.4) else f"{m.show(low)}{joint}{m.show(high)}"


def change(r: Random, lang: str) -> str:
    sign, size = pick(r, "+-−▲▼"), f"{r.random() * 9:.2f}"
    return pick(r, (f"{sign}{size}%", f"{sign}{size} %", f"{sign}{r.random() * 30:.2f} ({sign}{size}%)"))


def decimal_unit(low: int, high: int, *units: str) -> f.Make:
    """A decimal number with a unit, point or comma."""

    def make(r: Random, lang: str) -> str:
        text = f"{low + (high - low) * r.random():.{pick(r, (1, 1, 2))}f}"
        return (text.replace(".", ",") if chance(r, 0.35) else text) + pick(r, units)

    return make


def wind(r: Random, lang: str) -> str:
    way = pick(r, ("", "", "NW ", "SSE ", "from the west ", "W ", "NO "))
    return f"{way}{r.randint(0, 90)}{pick(r, (' km/h', ' mph', ' m/s', ' kn', 'km/h'))}"


def screen(r: Random, lang: str) -> str:
    inches = f"{r.randint(4, 32)}.{r.randint(0, 9)}"
    return pick(r, ('{}"', "{} inches", "{}-inch OLED", "{} Zoll", '{}" IPS, 2560 × 1440', "{}″ AMOLED 120 Hz")).format(
        inches
    )


def chip(r: Random, lang: str) -> str:
    tail = pick(r, ("", f", {r.randint(1, 5)}.{r.randint(0, 9)} GHz", f" {r.randint(2, 24)}-core", " Pro"))
    return f"{brand(r, 'en')} {code_like(r)}{tail}"


def device(r: Random, lang: str) -> str:
    return f"{brand(r, 'en')} {shape(r, 'en', 'series')}"


def dims(r: Random, lang: str) -> str:
    joint = pick(r, (" x ", " × ", "x"))
    return joint.join(f"{r.randint(20, 4000) / 10:g}" for _ in range(3)) + pick(r, (" mm", " cm", "mm", " in"))


def long_digits(r: Random, lang: str) -> str:
    """A number of 10 to 22 digits, now and then in groups or with letters."""
    text = digits(r, r.randint(10, 22))
    if chance(r, 0.3):
        return " ".join(text[i : i + 4] for i in range(0, len(text), 4))
    return pick(r, ("", "", "", "1Z", "JD", "RR", "TRK-")) + text


def digits_long(r: Random, lang: str) -> str:
    return pick(r, (digits(r, 8), f"{digits(r, 8)}-{r.randint(0, 9)}", digits(r, 6), digits(r, 11)))


def patent_number(r: Random, lang: str) -> str:
    return pick(r, ("US {} B2", "EP{}A1", "WO 2019/{}", "DE 10 2018 {} A1", "US{}B1", "EP {} B1")).format(
        digits(r, r.randint(6, 8))
    )


def drug(r: Random, lang: str) -> str:
    tail = pick(r, ("", f" {r.randint(1, 800)} mg", " forte", "®", f"-{brand(r, lang)}", " Plus"))
    return latin(r).capitalize() + tail


def latin_word(r: Random, lang: str) -> str:
    return title(pick(r, (latin(r, lang), f"{latin(r, lang)} {latin(r)}", latin(r, lang))))


def lawsuit(r: Random, lang: str) -> str:
    left, right = pick(r, words(lang, "last")), pick(r, (pick(r, words(lang, "last")), f.company(r, lang)))
    return pick(r, ("{} v. {}", "{} v {}", "{} ./. {}", "{} c. {}", "In re {}, {}")).format(left, right)


def alcohol(r: Random, lang: str) -> str:
    degrees = f"{r.randint(4, 45)}{pick(r, ('', '.5', ',5', '.0'))}"
    return degrees + pick(r, ("%", " % vol", "% vol.", " %", "% ABV", "°"))


def repo(r: Random, lang: str) -> str:
    return (
        f"{latin(r)}{pick(r, ('', '-', '_'))}{latin(r)}/{latin(r)}{pick(r, ('', '-cli', '.js', '-rs', 'py', '_core'))}"
    )


def sha(r: Random, lang: str) -> str:
    return f"{r.getrandbits(160):040x}"[: pick(r, (7, 8, 10, 40))]


def filename(r: Random, lang: str) -> str:
    stem = pick(
        r,
        (latin(r), f"{latin(r)}_{r.randint(1, 99)}", f"{latin(r).capitalize()}-{digits(r, 4)}", f"IMG_{digits(r, 4)}"),
    )
    return f"{stem}.{pick(r, ('pdf', 'docx', 'xlsx', 'jpg', 'zip', 'csv', 'png', 'pptx'))}"


def coordinates(r: Random, lang: str) -> str:
    lat, lon = r.random() * 89, r.random() * 179
    return pick(
        r,
        (
            f"{lat:.4f}, {lon:.4f}",
            f"{lat:.5f}° N, {lon:.5f}° E",
            f"{int(lat)}°{r.randint(0, 59)}′{r.randint(0, 59)}″N {int(lon)}°{r.randint(0, 59)}′{r.randint(0, 59)}″W",
            f"{lat:.2f},-{lon:.2f}",
        ),
    )


def ticker(r: Random, lang: str) -> str:
    text = "".join(pick(r, LETTERS) for _ in range(r.randint(2, 5)))
    return pick(r, (text, text, f"{text}.DE", f"NYSE: {text}", f"{digits(r, 4)}.HK", f"${text}"))


def isin(r: Random, lang: str) -> str:
    return pick(r, ("DE", "US", "FR", "GB", "NL", "CH")) + digits(r, 10)


def iban(r: Random, lang: str) -> str:
    text = pick(r, ("DE", "FR", "ES", "NL", "AT", "PL", "IT")) + digits(r, r.randint(18, 22))
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4)) if chance(r, 0.7) else text


def bic(r: Random, lang: str) -> str:
    return "".join(pick(r, LETTERS) for _ in range(8)) + pick(r, ("", "XXX", digits(r, 3)))


def season_episode(r: Random, lang: str) -> str:
    s, e = r.randint(1, 14), r.randint(1, 26)
    return pick(
        r, (f"S{s:02d}E{e:02d}", f"{s}x{e:02d}", f"Season {s}, Episode {e}", f"Staffel {s}, Folge {e}", f"S{s} E{e}")
    )


def energy(r: Random, lang: str) -> str:
    kcal = r.randint(5, 900)
    kj = round(kcal * 4.184)
    return pick(
        r, (f"{kj} kJ / {kcal} kcal", f"{kcal} kcal", f"{kj}kJ/{kcal}kcal", f"{kcal} Cal", f"{kj} kJ ({kcal} kcal)")
    )


def chassis(r: Random, lang: str) -> str:
    return "".join(pick(r, LETTERS + "0123456789" * 2) for _ in range(17))


def amount_only(r: Random, lang: str) -> str:
    m = money(r, lang)
    return m.number(amount(r, m, 1, 500))


WEEKS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "pl": "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "ru": "понедельник вторник среда четверг пятница суббота воскресенье",
}


def weekday(r: Random, lang: str) -> str:
    return pick(r, WEEKS.get(lang, WEEKS["en"]).split())


def rank(r: Random, lang: str) -> str:
    return pick(r, ("{}", "{}", "{}.", "#{}")).format(r.randint(1, 40))


def race_time(r: Random, lang: str) -> str:
    minutes, seconds = r.randint(0, 59), r.randint(0, 59)
    return pick(
        r,
        (
            f"{r.randint(1, 5)}:{minutes:02d}:{seconds:02d}",
            f"{minutes}:{seconds:02d}.{r.randint(0, 9)}",
            f"{r.randint(9, 59)}.{r.randint(0, 99):02d} s",
        ),
    )


def quantity(r: Random, lang: str) -> str:
    return shape(r, lang, "quantity")


def measure_text(r: Random, lang: str) -> str:
    return pick(r, (measure(r), measure(r), code_like(r), f.skill(r, lang), digits(r, 3)))

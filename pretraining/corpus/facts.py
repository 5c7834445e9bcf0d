"""Values of every kind for records that are not products: people, places, dates, amounts, sentences."""

from collections.abc import Callable
from random import Random

from pretraining.corpus.goods import brand, noun
from pretraining.corpus.letters import code_like, digits, latin, word
from pretraining.corpus.money import amount, money
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.shapes import SHAPES, shape, title
from pretraining.corpus.words import LANGUAGES, words

Make = Callable[[Random, str], str]
LANGS = ("en",) * 14 + ("de", "fr", "es", "it", "pt", "nl", "pl") + LANGUAGES
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
}
MONTH_NAMES = {code: text.split() for code, text in MONTHS.items()}
YEARS = ((2005, 2027), (2005, 2027), (2015, 2027), (1940, 2035))
DAYS = ("Monday", "Tuesday", "Friday", "Sat", "Sun", "Fr.", "lun.", "Mittwoch", "sabato", "jueves")


def person(r: Random, lang: str) -> str:
    """A full name, now and then with title, initial or family name first."""
    first, last = pick(r, words(lang, "first")), pick(r, words(lang, "last"))
    kind = r.randrange(14)
    if kind == 0:
        return f"{pick(r, ('Dr.', 'Prof.', 'Mr', 'Ms.', 'Mrs.', 'Ing.', 'Dipl.-Ing.'))} {first} {last}"
    if kind == 1:
        return f"{last}, {first}"
    if kind == 2:
        return f"{first} {pick(r, 'ABCDEFGHJKLMNPRSTW')}. {last}"
    if kind == 3:
        return f"{first}-{pick(r, words(lang, 'first'))} {last}"
    if kind == 4:
        return f"{first} {last}".upper()
    if lang in ("zh", "tw", "ja", "ko"):
        return f"{last}{pick(r, ('', ' '))}{first}"
    return f"{first} {last}"


def date(r: Random, lang: str, style: str = "date") -> str:
    """A date in one of the ways that dates are written."""
    return dated(r, lang, date_form(r, lang, style))


def date_form(r: Random, lang: str, style: str = "date") -> str:
    """One of the ways to write a date."""
    return pick(r, SHAPES["date_cjk" if lang in ("zh", "ja", "tw") and chance(r, 0.5) else style])


def dated(r: Random, lang: str, form: str) -> str:
    """A date in the given form."""
    y, m, d = r.randint(*pick(r, YEARS)), r.randint(1, 12), r.randint(1, 28)
    name = MONTH_NAMES.get(lang, MONTH_NAMES["en"])[m - 1]
    th = "th" if d % 10 > 3 or d % 10 == 0 or 10 < d < 14 else ("st", "nd", "rd")[d % 10 - 1]
    return form.format(
        d=d, m=m, y=y, s=y % 100, month=name, mon=name[:3], MON=name[:3].upper(), th=th, day=pick(r, DAYS)
    )


def clock(r: Random, lang: str) -> str:
    """A time of day."""
    return timed(r, r.randrange(6))


def timed(r: Random, form: int) -> str:
    """A time of day in one of six forms."""
    h, mi = r.randint(0, 23), pick(r, (0, 0, 15, 30, 45, r.randint(0, 59)))
    return (
        f"{h:02d}:{mi:02d}",
        f"{h}:{mi:02d}",
        f"{h % 12 or 12}:{mi:02d} {'AM' if h < 12 else 'PM'}",
        f"{h % 12 or 12}{'am' if h < 12 else 'pm'}",
        f"{h}h{mi:02d}",
        f"{h}.{mi:02d} Uhr",
    )[form]


def phone(r: Random, lang: str) -> str:
    """A telephone number."""
    shape = pick(
        r,
        (
            "+00 000 0000000",
            "(000) 000-0000",
            "000-000-0000",
            "00-0000 0000",
            "+0 (000) 000 00 00",
            "0000 000000",
            "+000 00 000 000",
            "000 000 000",
            "1-800-000-0000",
        ),
    )
    return "".join(pick(r, "123456789") if c == "0" else c for c in shape)


def email(r: Random, lang: str) -> str:
    """An e-mail address."""
    host = f"{latin(r)}.{pick(r, ('com', 'org', 'de', 'net', 'fr', 'co.uk', 'it', 'io', 'edu', 'ru', 'jp'))}"
    return f"{pick(r, ('info', 'contact', 'sales', 'hello', latin(r), latin(r), f'{latin(r)}.{latin(r)}'))}@{host}"


def url(r: Random, lang: str) -> str:
    """A web address as people write it."""
    return pick(
        r, ("www.{}.com", "https://{}.org", "{}.de", "https://www.{}.io/{}", "http://{}.net", "www.{}.co.uk")
    ).replace("{}", latin(r))


def street(r: Random, lang: str) -> str:
    """Street and number."""
    name, n = pick(r, words(lang, "street")), r.randint(1, 480)
    return f"{n} {name}" if lang in ("en", "fr") else f"{name} {n}{pick(r, ('', '', 'a', '/3', 'B'))}"


def city(r: Random, lang: str) -> str:
    """A town."""
    return pick(r, words(lang, "city")) if chance(r, 0.85) else title(word(r, lang))


def postcode(r: Random, lang: str) -> str:
    """A postal code."""
    return pick(
        r,
        (
            digits(r, 5),
            digits(r, 5),
            digits(r, 4),
            f"{digits(r, 3)} {digits(r, 2)}",
            f"{digits(r, 2)}-{digits(r, 3)}",
            "".join(
                pick(r, "ABCDEFGHKLMNPRSTW") if c == "A" else pick(r, "123456789") if c == "0" else c
                for c in pick(r, ("AA0 0AA", "A0A 0A0", "AA00 0AA", "00-000"))
            ),
            digits(r, 6),
        ),
    )


def address(r: Random, lang: str) -> str:
    """A postal address on one line."""
    here, code, town = street(r, lang), postcode(r, lang), city(r, lang)
    shapes = (
        "{0}, {1} {2}",
        "{0}, {1} {2}",
        "{0}, {2} {1}",
        "{0}, {2}",
        "{1} {2}, {0}",
        "{0}, {2}, {3}",
        "{0}, {1} {2}, {3}",
    )
    return pick(r, shapes).format(here, code, town, pick(r, words(lang, "countries")))


def company(r: Random, lang: str) -> str:
    """A firm."""
    if chance(r, 0.5):
        return pick(r, words(lang, "company"))
    return f"{title(latin(r, lang))} {pick(r, SHAPES['form'])}" if chance(r, 0.7) else brand(r, lang)


def phrase(r: Random, lang: str) -> str:
    """A title of 1 to 7 words."""
    joint = "" if lang in ("zh", "tw", "ja", "th") else " "
    text = joint.join(
        pick(r, words(lang, "words")) if chance(r, 0.85) else word(r, lang) for _ in range(r.randint(1, 7))
    )
    text = title(text) if chance(r, 0.5) else text[:1].upper() + text[1:]
    return (
        text
        if chance(r, 0.8)
        else pick(
            r, ("{}: {}", "{} – {}", "The {} of {}", "{} & {}", "{} ({})", "“{}” {}", "{}, {}", "{}? {}!")
        ).format(text, title(pick(r, words(lang, "words"))))
    )


def sentence(r: Random, lang: str) -> str:
    """A sentence without meaning."""
    joint = "" if lang in ("zh", "tw", "ja", "th") else " "
    text = joint.join(pick(r, words(lang, "words")) for _ in range(r.randint(4, 16)))
    return text[:1].upper() + text[1:] + pick(r, (".", ".", ".", "!"))


def paragraph(r: Random, lang: str) -> str:
    """Two to four sentences."""
    return " ".join(sentence(r, lang) for _ in range(r.randint(2, 4)))


def cash(r: Random, lang: str) -> str:
    """An amount of money as written."""
    m = money(r, lang)
    return m.show(amount(r, m, 2, 900))


def big_cash(r: Random, lang: str) -> str:
    """A large amount of money."""
    m = money(r, lang)
    return m.show(amount(r, m, 9000, 2_000_000) // 10000 * 10000)


def salary(r: Random, lang: str) -> str:
    """A wage or a range."""
    m = money(r, lang)
    low = r.randint(12, 150)
    return pick(
        r,
        (
            f"{m.show(low * 100000)} - {m.show((low + r.randint(3, 30)) * 100000)}",
            f"{m.show(low * 100)} per hour",
            f"{m.show(low * 100000)} / year",
            f"{low}k–{low + 15}k {m.mark}",
            f"{m.show(low * 100000)} p.a.",
            f"bis {m.show(low * 10000)}",
        ),
    )


def number(low: int, high: int) -> Make:
    """Whole numbers."""
    return lambda r, lang: str(r.randint(low, high))


def decimal(low: float, high: float, places: int = 1) -> Make:
    """Decimal numbers."""
    return lambda r, lang: f"{low + (high - low) * r.random():.{places}f}"


def unit(low: int, high: int, *units: str) -> Make:
    """A number with a unit."""
    return lambda r, lang: f"{r.randint(low, high)}{pick(r, units)}"


def grouped(low: int, high: int, *units: str) -> Make:
    """A large number with thousands separators and a unit."""
    return lambda r, lang: f"{r.randint(low, high):,}".replace(",", pick(r, (",", ".", " ", ""))) + pick(r, units)


def one(*texts: str) -> Make:
    """One of the texts."""
    return lambda r, lang: pick(r, texts)


def word_of(key: str) -> Make:
    """One of the language's words of a kind."""
    return lambda r, lang: pick(r, words(lang, key))


def code(r: Random, lang: str) -> str:
    """A code or number of a document."""
    return pick(
        r,
        (
            code_like(r),
            digits(r, r.randint(4, 9)),
            f"{latin(r)[:3].upper()}-{digits(r, 5)}",
            f"{r.randint(2015, 2026)}/{digits(r, 3)}",
        ),
    )


def thing(r: Random, lang: str) -> str:
    """A thing that can be bought."""
    return noun(r, lang)


def ingredient(r: Random, lang: str) -> str:
    """200 g something"""
    return f"{shape(r, lang, 'quantity')} {pick(r, words(lang, 'words'))}"


def skill(r: Random, lang: str) -> str:
    """A skill, tag or topic."""
    return pick(
        r,
        (
            title(pick(r, words(lang, "words"))),
            latin(r).capitalize(),
            latin(r).upper()[:4],
            pick(r, words(lang, "cats")),
        ),
    )


def airport(r: Random, lang: str) -> str:
    """A place with an airport's letters."""
    letters = "".join(pick(r, "ABCDEFGHIJKLMNOPRSTUVZ") for _ in range(3))
    return pick(r, (f"{city(r, lang)} ({letters})", letters, city(r, lang)))


def flight_number(r: Random, lang: str) -> str:
    """LH 1234"""
    return (
        f"{pick(r, 'ABCDEFKLSTUVW')}{pick(r, 'ABCFHKLRSYXZ0123456789')}{pick(r, ('', ' ', '-'))}{r.randint(10, 9999)}"
    )


def car(r: Random, lang: str) -> str:
    """Model of a car."""
    return shape(r, lang, "car")

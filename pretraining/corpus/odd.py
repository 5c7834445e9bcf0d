"""Values that can only be copied: inventions, codes, rare characters, mixed scripts, quotes, long text."""

from collections.abc import Callable
from random import Random

from pretraining.corpus import facts
from pretraining.corpus.letters import ARABIC, CYRILLIC, GREEK, HANGUL, HEBREW, KANA, MARKS, THAI, digits, latin
from pretraining.corpus.pick import chance, pick

LATIN = "".join(
    sorted({c for marks in MARKS.values() for c in marks} | set("àâæèêìîïòôùûÿœßñãõåøđłżźćńśąęőűğışțșāēīūģķļņėįųðþ"))
)
TWINS = str.maketrans("aceopxyiHKMTBAEOPCX", "асеорхуіНКМТВАЕОРСХ")  # Cyrillic letters that look the same
EMOJI = "😀🎉🔥✨🚀💡🎧📦🏠🚗🍕🌍❤★☆✓✔➤→☕🎸🐶⚽🎄🧀"
MARKED = "™®©℠ªº§¶†‡№¿¡°±×÷µ‰½¼¾²³"
CODE = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789"
QUOTED = (
    'the "{}"', '{} "{}" {}', "“{}” {}", "«{}»", "„{}“ {}", "{}'s '{}'", '12" {}', "{}\\{}", "C:\\{}\\{}", '"{}"',
    "{} \\ {}", "‘{}’ & ‘{}’", "「{}」{}", '{} 5\'10" {}', "<{}>", "{} {{{}}}", "[{}] {}", "{}|{}",
    "{} & {}", "{} < {}",
)  # fmt: skip


def odd(r: Random, lang: str, usual: str) -> str:
    """A value to put in the place of a usual one."""
    return " ".join(pick(r, KINDS)(r, lang, usual).split()) or usual


def _camel(r: Random, lang: str, usual: str) -> str:
    """SoundForm, iXpand, McQ"""
    head = pick(r, ("", "", "i", "e", "Mc", "x", "O'", "de", "my", "La"))
    tail = pick(r, ("", "", "Q", "X", "HD", "4u", "360", ".io", "™", "Pro", "OS"))
    return head + "".join(latin(r).capitalize() for _ in range(r.randint(1, 3))) + tail


def _mixed(r: Random, lang: str, usual: str) -> str:
    return "".join(pick(r, (str.upper, str.lower))(c) for c in latin(r) + pick(r, ("", latin(r))))


def _code(r: Random, lang: str, usual: str) -> str:
    text = "".join([pick(r, CODE) for _ in range(r.randint(8, 40))])
    step = r.randint(3, 9)
    joint = pick(r, ("", "", "-", "/", ".", "_", ":"))
    return joint.join(text[i : i + step] for i in range(0, len(text), step))


def _han(r: Random, lang: str, usual: str) -> str:
    return "".join([chr(r.randint(0x4E00, 0x9FFF)) for _ in range(r.randint(2, 9))])


def _script(r: Random, lang: str, usual: str) -> str:
    """Words of one alphabet, any of its letters."""
    letters = pick(r, ("".join(CYRILLIC), "".join(GREEK), ARABIC, HEBREW, THAI[0], KANA, HANGUL))
    spelt = ["".join([pick(r, letters) for _ in range(r.randint(2, 9))]) for _ in range(r.randint(1, 4))]
    return " ".join(word.capitalize() for word in spelt)


def _twins(r: Random, lang: str, usual: str) -> str:
    """Some words or letters in an alphabet that looks the same."""
    text = usual if usual.isascii() else f"{latin(r).capitalize()} {latin(r)}"
    place = r.randint(0, len(text))
    return (
        text[:place] + text[place:].translate(TWINS) if chance(r, 0.5) else text[:place].translate(TWINS) + text[place:]
    )


def _accents(r: Random, lang: str, usual: str) -> str:
    spelt = ["".join([pick(r, LATIN + "aeinrst" * 6) for _ in range(r.randint(3, 10))]) for _ in range(r.randint(1, 3))]
    return " ".join(word.capitalize() for word in spelt)


def _signs(r: Random, lang: str, usual: str) -> str:
    sign = pick(r, EMOJI if chance(r, 0.6) else MARKED)
    place = pick(r, (0, len(usual), usual.find(" ") + 1))
    return usual[:place] + pick(r, (sign, sign + " ", sign * 2)) + usual[place:]


def _quotes(r: Random, lang: str, usual: str) -> str:
    form = pick(r, QUOTED)
    return form.format(*[latin(r).capitalize() if chance(r, 0.5) else usual[:40] for _ in range(4)])


def _long(r: Random, lang: str, usual: str) -> str:
    """100 to 300 characters."""
    size = r.randint(100, 300)
    text = usual
    while len(text) < size:
        text += pick(r, (" ", ". ", ", ", "; ")) + (
            facts.phrase(r, lang) if chance(r, 0.6) else facts.sentence(r, lang)
        )
    return text[: size + 40]


def _steps(r: Random, lang: str, usual: str) -> str:
    """A head that is said again with more: the longest is the value."""
    return " ".join(
        [usual[:60], *(pick(r, (latin(r).capitalize(), usual.split(" ")[0][:20])) for _ in range(r.randint(1, 4)))]
    )


def _digits(r: Random, lang: str, usual: str) -> str:
    return f"{pick(r, ('', '#', 'No. ', '№ '))}{digits(r, r.randint(9, 26))}"


Kind = Callable[[Random, str, str], str]
KINDS: tuple[Kind, ...] = (
    _camel, _camel, _mixed, _code, _code, _han, _han, _script, _twins, _accents, _accents, _signs, _quotes, _quotes,
    _long, _steps, _digits,
)  # fmt: skip

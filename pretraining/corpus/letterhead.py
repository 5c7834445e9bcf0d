"""Who issues a receipt: the firm, its numbers, its address over several lines; a value is the lines, joined."""

import re
from dataclasses import dataclass
from random import Random

from pretraining.corpus import facts
from pretraining.corpus.letters import digits, latin
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.shapes import fill
from pretraining.corpus.words import LISTS

WORDS = LISTS["receipts"]
COUNTRIES = {"my": 0.64, "us": 0.11, "uk": 0.06, "de": 0.07, "fr": 0.05, "es": 0.07}
LANGUAGE = {"my": "id", "us": "en", "uk": "en", "de": "de", "fr": "fr", "es": "es"}
LEGAL = (
    "BHD",
    "BHD.",
    "S/B",
    "LTD",
    "Ltd",
    "Ltd.",
    "GmbH",
    "KG",
    "LLC",
    "Inc.",
    "PLC",
    "S.A.",
    "S.L.",
    "SARL",
    "SAS",
    "AG",
    "Co.",
)
FORM = re.compile(r" (?:SDN\.? BHD\.?|S/B|(?:PTE )?LTD\.?|GmbH|LLC|PLC|SARL|S\.A\.|S\.L\.)$", re.IGNORECASE)
NAME = re.compile(r"[^\W\d_]{3,}")
BRANCHES = (
    "{nnn}-{WORD} {WORD}",
    "{n}{nnn} {WORD}",
    "{WORD} CITY MALL",
    "{WORD} {WORD} MALL",
    "({WORD} {WORD})",
    "({COMMON} {WORD} {WORD})",
    "{WORD} BRANCH",
    "SITE {n}{nnn}",
    "OUTLET: {WORD}",
)
TRADE_NAMES = (
    "{WORD}",
    "{WORD} {WORD}",
    "THE {WORD}",
    "{WORD} - {WORD}",
    "{WORD}'S",
    "{WORD} {trade}",
    "{Word}",
    "{WORD}'S {trade} {A}{A}{A}",
    "{WORD}'S {COMMON} & {COMMON}",
    "{WORD} @ {WORD} {WORD}",
    "{A}.{A}.{A}.",
)
TAGLINES = (
    "{trade} & {trade}",
    "{trade} - {trade}",
    "YOUR {COMMON} {trade}",
    "{COMMON} {trade}, {COMMON} {trade}",
    "{trade}, {trade} & {trade}",
    '"{COMMON} & {COMMON}"',
)
JUNK = (
    "*** COPY ***",
    "WELCOME TO",
    "ORIGINAL",
    "{WORD}",
    "{WORD} {WORD}",
    "{digits}",
    "{n} {digits}",
    "{WORD}.COM",
    "--",
)


@dataclass(frozen=True, slots=True)
class Till:
    """Where a receipt comes from, and the words that are used there."""

    r: Random
    country: str

    @property
    def lang(self) -> str:
        """The language of names and dates."""
        return LANGUAGE[self.country]

    def word(self, key: str) -> str:
        """One of the country's words for `key`, or of the common ones."""
        return pick(self.r, WORDS.get(f"{key}_{self.country}") or WORDS[key])

    def phrase(self, key: str) -> str:
        """One of the country's shapes for `key`, filled."""
        return fill(self.r, "en", self.word(key))


def till(r: Random) -> Till:
    """A receipt's country."""
    return Till(r, weighted(r, COUNTRIES))


def letterhead(t: Till, values: dict[str, str]) -> list[str]:
    """Firm, registration, address, telephone, tax number: the order varies a little."""
    r = t.r
    lines = _firm(t, values)
    after = []
    if chance(r, 0.93):
        after.append(_place(t, values))
    if chance(r, 0.65):
        values["phone"] = facts.phone(r, t.lang)
        fax = f" {pick(r, ('FAX: {}', 'FAX : {}', 'F: {}', '| F: {}'))}".format(facts.phone(r, t.lang))
        after.append([t.word("phones").format(values["phone"]) + (fax if chance(r, 0.3) else "")])
    if chance(r, 0.6):
        values["tax_id"] = digits(r, 12 if t.country == "my" else 9)
        after.insert(r.randint(0, 1) if chance(r, 0.2) else len(after), [t.word("taxids").format(values["tax_id"])])
    if chance(r, 0.08):
        values["email"] = facts.email(r, t.lang)
        after.append([values["email"]])
    return lines + [line for block in after for line in block]


def _place(t: Till, values: dict[str, str]) -> list[str]:
    """The address, and under it now and then the branch's name, which half of the time is a part of it."""
    r = t.r
    address = address_lines(t)
    branch = fill(r, "en", pick(r, BRANCHES)) if chance(r, 0.1) else ""
    inside = branch and chance(r, 0.5)
    values["address"] = " ".join([*address, branch] if inside else address).rstrip(",")
    return [*address, branch] if branch else address


def _firm(t: Till, values: dict[str, str]) -> list[str]:
    """The firm's name: under a trade name, over two lines, beside its registration, or alone."""
    r = t.r
    name = t.phrase("firm") if chance(r, 0.85) else facts.company(r, t.lang)
    values["company"] = name
    words = name.split(" ")
    lines = [name]
    if len(words) > 2 and chance(r, 0.14):
        form = FORM.search(name)
        cut = form[0].count(" ") if form and chance(r, 0.5) else r.randint(1, len(words) - 1)
        lines = [" ".join(words[:-cut]), " ".join(words[-cut:])]
    number = pick(
        r,
        (
            f"{digits(r, 6)}-{pick(r, 'ABDHKMPTUVWX')}",
            f"JM{digits(r, 7)}-{pick(r, 'KVHT')}",
            digits(r, 9),
            f"{digits(r, 7)}{pick(r, 'XKT')}",
        ),
    )
    if t.country == "my" and chance(r, 0.7):
        values["registration"] = number
        if chance(r, 0.2):
            lines[-1] += f" ({number})"
        else:
            lines.append(pick(r, WORDS["registrations"]).format(number))
    if chance(r, 0.03):
        lines += [pick(r, ("FORMERLY KNOWN AS", "LICENSEE OF", "A DIVISION OF", "FRANCHISE OF")), t.phrase("firm")]
    if name.endswith(LEGAL) and chance(r, 0.24):
        heads = [fill(r, "en", pick(r, TRADE_NAMES)) for _ in range(pick(r, (1, 1, 1, 2)))]
        lines[:0] = heads
    elif chance(r, 0.14):
        lines.insert(0, _owner(t) if chance(r, 0.45) else fill(r, "en", pick(r, JUNK)))
    elif len(lines) == 1 and not name.endswith(LEGAL) and chance(r, 0.07):
        lines.append(fill(r, "en", pick(r, TAGLINES)))
    if chance(r, 0.05):
        lines.append(
            fill(r, "en", pick(r, ("{WORD} MART {WORD}", "{WORD} CITY", "{WORD} MALL", "OUTLET {WORD}", "SITE: {nnn}")))
        )
    return lines


def _owner(t: Till) -> str:
    """A person's name, alone above the firm's."""
    if t.country == "my" and chance(t.r, 0.6):
        return fill(t.r, "en", pick(t.r, ("{Syl} {Syl} {Syl}", "{Syl} {Syl}", "{WORD} {Syl} {Syl}")))
    return facts.person(t.r, t.lang)


def address_lines(t: Till) -> list[str]:
    """The address in 1 to 5 lines, with commas or without at their ends."""
    r = t.r
    joint = pick(r, (", ", ", ", ", ", ",", " ", ". "))
    parts = _parts(t, joint)
    for _ in range(pick(r, (0, 0, 0, 1, 1, 2))):
        _repeat(r, parts)
    comma = pick(r, (",", ",", ",", "", ".")) if t.country == "my" else pick(r, ("", "", ","))
    lines: list[str] = []
    current = parts[0]
    for part in parts[1:]:
        if chance(r, 0.65) and len(lines) < 4:
            lines.append(current + (comma if not chance(r, 0.12) else ""))
            current = part
        else:
            current += joint + part
    return [*lines, current + pick(r, ("", "", ".", "" if t.country != "my" else "."))]


def _repeat(r: Random, parts: list[str]) -> None:
    """Name one part of an address as another: a road, a quarter and a town often share words."""
    if len(parts) < 2:
        return
    source, target = r.sample(range(len(parts)), 2)
    names, old = NAME.findall(parts[source]), NAME.findall(parts[target])
    if names and old:
        head, _, tail = parts[target].rpartition(old[-1])
        parts[target] = head + (names[-1] if chance(r, 0.5) else " ".join(names[-2:])) + tail


def _parts(t: Till, joint: str) -> list[str]:
    r = t.r
    if t.country == "my":
        town = latin(r).upper() + (f" {latin(r).upper()}" if chance(r, 0.4) else "")
        road = t.phrase("roads")
        parts = [t.phrase("numbers") + pick(r, (", ", ", ", ",", " ")) + road if chance(r, 0.92) else road]
        parts += [t.phrase("areas") for _ in range(pick(r, (0, 1, 1, 2, 2)))]
        if chance(r, 0.05):
            return parts
        parts.append(f"{digits(r, 5)}{pick(r, (' ', ' ', ' ', ', '))}{town}" if chance(r, 0.9) else town)
        return parts + ([pick(r, WORDS["states"])] if chance(r, 0.7) else [])
    town, road = facts.city(r, t.lang), t.phrase("roads")
    match t.country:
        case "us":
            state = pick(r, ("IL", "TX", "CA", "NY", "FL", "OH", "WA", "GA", "PA", "NC"))
            return [
                road,
                f"{town}{pick(r, (', ', ', ', ' '))}{state} {digits(r, 5)}{pick(r, ('', '', f'-{digits(r, 4)}'))}",
            ]
        case "uk":
            area = pick(r, ("SW", "B", "M", "LS", "EH", "N", "BS"))
            code = f"{area}{r.randint(1, 20)} {r.randint(1, 9)}{pick(r, 'ABDEFH')}{pick(r, 'JLNPQ')}"
            return [road, town, code] + (["UK"] if chance(r, 0.1) else [])
    return [road, f"{digits(r, 5)} {town}"] + (
        [pick(r, ("Deutschland", "France", "España"))] if chance(r, 0.05) else []
    )

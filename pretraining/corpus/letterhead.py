"""Who issues a receipt: the firm, its numbers, its address over several lines; a value is the lines, joined."""

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
LEGAL = ("BHD", "S/B", "Ltd", "GmbH", "LLC", "Inc.", "PLC", "S.A.", "SARL", "AG", "Co.")
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
        address = address_lines(t)
        values["address"] = " ".join(address).rstrip(",")
        after.append(address)
        if chance(r, 0.06):
            address.append(fill(r, "en", pick(r, ("({WORD} BRANCH)", "({WORD})", "({WORD} {WORD})", "BRANCH: {WORD}"))))
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


def _firm(t: Till, values: dict[str, str]) -> list[str]:
    """The firm's name: under a trade name, over two lines, beside its registration, or alone."""
    r = t.r
    name = t.phrase("firm") if chance(r, 0.85) else facts.company(r, t.lang)
    values["company"] = name
    words = name.split(" ")
    lines = [name]
    if len(words) > 2 and chance(r, 0.12):
        cut = r.randint(1, len(words) - 1)
        lines = [" ".join(words[:cut]), " ".join(words[cut:])]
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
    if name.endswith(LEGAL) and chance(r, 0.18):
        head = pick(
            r, ("{WORD}", "{WORD} {WORD}", "THE {WORD}", "{WORD} - {WORD}", "{WORD}'S", "{WORD} {trade}", "{Word}")
        )
        lines.insert(0, fill(r, "en", head))
    elif chance(r, 0.12):
        lines.insert(0, facts.person(r, t.lang) if chance(r, 0.3) else fill(r, "en", pick(r, JUNK)))
    if chance(r, 0.05):
        lines.append(
            fill(r, "en", pick(r, ("{WORD} MART {WORD}", "{WORD} CITY", "{WORD} MALL", "OUTLET {WORD}", "SITE: {nnn}")))
        )
    return lines


def address_lines(t: Till) -> list[str]:
    """The address in 1 to 5 lines, with commas or without at their ends."""
    r = t.r
    joint = pick(r, (", ", ", ", ", ", ",", " ", ". "))
    parts = _parts(t, joint)
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


def _parts(t: Till, joint: str) -> list[str]:
    r = t.r
    if t.country == "my":
        town = latin(r).upper() + (f" {latin(r).upper()}" if chance(r, 0.4) else "")
        road = t.phrase("roads")
        parts = [t.phrase("numbers") + pick(r, (", ", ", ", ",", " ")) + road if chance(r, 0.92) else road]
        parts += [t.phrase("areas") for _ in range(pick(r, (0, 1, 1, 2, 2)))]
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

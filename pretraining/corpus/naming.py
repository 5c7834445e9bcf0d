"""Class names: what one site calls its elements, in the manner of its tools."""

from random import Random

from pretraining.corpus.letters import latin
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import LISTS

SCHEMES = {
    "bem": 0.14, "hyphen": 0.16, "camel": 0.08, "snake": 0.04, "module": 0.08, "styled": 0.06, "hash": 0.09,
    "utility": 0.08, "legacy": 0.05, "mixed": 0.06, "none": 0.06, "platform": 0.12,
}  # fmt: skip
SYNONYMS = LISTS["classes"]
UTILITIES = LISTS["styles"]["utilities"]
LEGACY = LISTS["styles"]["legacy"]
PLATFORMS = tuple(LISTS[key] for key in sorted(LISTS) if key.startswith("platform_"))  # shop systems' own words
HASH_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def hashed(r: Random, n: int) -> str:
    """n random letters and digits."""
    return "".join([HASH_LETTERS[int(r.random() * 62)] for _ in range(n)])


class Naming:
    """One site's class names. The same role gets the same class all over a page."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.scheme = weighted(r, SCHEMES)
        self.style = r.randrange(4)
        self.prefix = pick(
            r, ("", "", "", "", "js", "c", "o", "pdp", "product", "shop", "page", "m", "t4s", latin(r)[:4])
        )
        self.platform = pick(r, PLATFORMS)
        self.known: dict[str, str] = {}
        self.synonyms: dict[str, str] = {}

    def of(self, role: str) -> str:
        """The class attribute's value for a role such as "price current"; may be empty."""
        if role not in self.known:
            self.known[role] = self._make(role)
        return self.known[role]

    def _word(self, word: str) -> str:
        if word not in self.synonyms:
            self.synonyms[word] = pick(self.r, SYNONYMS[word]) if word in SYNONYMS else word
        return self.synonyms[word]

    def _make(self, role: str) -> str:  # noqa: C901  one flat list of schemes
        r = self.r
        words = [self._word(word) for word in role.split()]
        if self.prefix and chance(r, 0.6):
            words.insert(0, self.prefix)
        match self.scheme:
            case "bem":
                name = words[0] + ("__" + "-".join(words[1:]) if len(words) > 1 else "")
                return f"{name} {name}--{latin(r)[:6]}" if chance(r, 0.12) else name
            case "hyphen":
                return "-".join(words) + (" " + pick(r, UTILITIES) if chance(r, 0.1) else "")
            case "camel":
                return _camel(words, self.style == 0)
            case "snake":
                return "_".join(words).replace("-", "_")
            case "module":
                joint = ("_", "__", "___", "-")[self.style]
                return f"{_camel(words, False)}{joint}{hashed(r, 5)}"
            case "styled":
                name = f"{_camel(words[:1], True)}styles__{_camel(words[-1:], True)}"
                label = f"{name}-sc-{hashed(r, 6).lower()}-{r.randrange(9)}" if self.style else f"sc-{hashed(r, 6)}"
                return f"{label} {hashed(r, 6)}"
            case "hash":
                return self._hash()
            case "utility":
                return " ".join(pick(r, UTILITIES) for _ in range(r.randint(1, 3 if self.style else 8)))
            case "platform":
                first, last = role.split()[0], role.split()[-1]
                known = self.platform.get(role) or self.platform.get(last) or self.platform.get(first)
                return pick(r, known) if known else "-".join(words)
            case "legacy":
                return pick(r, LEGACY) if chance(r, 0.6) else ""
            case "mixed":
                return "-".join(words) if chance(r, 0.5) else pick(r, UTILITIES) if chance(r, 0.6) else ""
        return ""

    def _hash(self) -> str:
        r = self.r
        match self.style:
            case 0:
                return "_" + hashed(r, 5)
            case 1:
                return f"css-{hashed(r, 6).lower()}"
            case 2:
                return " ".join(
                    f"{latin(r)[:2]}{r.randrange(9)}_{latin(r)[:2]}{r.randrange(9)}" for _ in range(r.randint(1, 3))
                )
        return hashed(r, r.randint(3, 7))


def _camel(words: list[str], upper: bool) -> str:
    parts = [part for word in words for part in word.split("-") if part]
    text = "".join(part[:1].upper() + part[1:] for part in parts)
    return text if upper else text[:1].lower() + text[1:]

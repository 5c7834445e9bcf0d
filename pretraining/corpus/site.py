"""One website: its hand, its language, and the stuff that it repeats on every page (links, pictures, icons, words)."""

from collections.abc import Sequence

from pretraining.corpus.goods import SPACELESS, brand, category, noun
from pretraining.corpus.letters import digits, latin
from pretraining.corpus.naming import hashed
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import words

HOLES = "\x01\x02\x03\x04\x05\x06\x07"  # stand in markup that is written once and filled many times
TEXT, URL, IMAGE = HOLES[0], HOLES[1], HOLES[2]
EMPTY_IMAGE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def fill(markup: str, *texts: str) -> str:
    """The markup with its holes filled: the first text goes where the first hole is, and so on."""
    for hole, text in zip(HOLES, texts, strict=False):
        markup = markup.replace(hole, text)
    return markup


class Site:
    """Draws once what a site has one of, and keeps pools of what it has many of. All pooled texts are markup."""

    def __init__(self, page: Page) -> None:
        r, m = page.r, page.m
        self.page, self.r, self.m, self.lang = page, r, m, page.product.lang
        m.quote = '"'
        m.attributes = weighted(r, {"rich": 0.86, "lean": 0.10, "bare": 0.04})
        m.microdata = m.microdata and chance(r, 0.3)
        m.instead = m.instead if chance(r, 0.3) else {}
        deep = m.names.scheme in ("hash", "module", "styled", "utility")  # as component libraries build
        self.nest = pick(r, (0.0, 0.1, 0.25, 0.4) if deep else (0.0, 0.0, 0.0, 0.15, 0.3))
        self.verbose = pick(r, (0, 0, 0, 1, 2))  # how much this site writes into its attributes
        self.cats = self._pool(category, r.randint(20, 60))
        self.things = self._pool(noun, r.randint(12, 40))
        self.makers = self._pool(brand, r.randint(6, 24))
        self.urls = [self._url() for _ in range(24)]
        self.images = [self._image() for _ in range(16)]
        self.icons = [self._icon() for _ in range(5)]
        self.vocabulary = words(self.lang, "words") + words(self.lang, "things")

    def _pool(self, make: object, n: int) -> list[str]:
        assert callable(make)
        return [self.m.text(make(self.r, self.lang)) for _ in range(n)]

    def _url(self) -> str:
        r = self.r
        slug = "-".join(latin(r) for _ in range(r.randint(1, 4)))
        way = "/".join(latin(r) for _ in range(r.randint(0, 2)))
        end = pick(r, ("", "/", ".html", f"-p{digits(r, 6)}", f"?id={digits(r, 5)}&amp;ref={latin(r)}"))
        host = pick(r, ("", "", f"https://www.{latin(r)}.com"))
        return f"{host}/{way}/{slug}{end}".replace("//", "/").replace(":/", "://")

    def _image(self) -> str:
        r = self.r
        host = pick(r, ("", "https://cdn.*.net", "//img.*.com", "https://*.imgix.net")).replace("*", latin(r))
        size = pick(r, ("", f"_{r.randint(60, 900)}x{r.randint(60, 900)}", f"?w={r.randint(90, 900)}&amp;q=80"))
        return f"{host}/{latin(r)}/{hashed(r, r.randint(6, 30))}{size}.{pick(r, ('jpg', 'png', 'webp'))}"

    def _icon(self) -> str:
        """An inline SVG, a font's icon, an image or an empty element."""
        r, m = self.r, self.m
        kind = r.randrange(5)
        if kind == 0:
            return m.el("i", "", **{"class": f"icon icon-{latin(r)}"})
        if kind == 1:
            return m.el("span", "separator", aria_hidden="true")
        if kind == 2:
            return f'<svg class="icon" width="24" height="24"><use xlink:href="#{latin(r)}"></use></svg>'
        if kind == 3:
            return f'<img src="{self._image()}" alt="">'
        d = " ".join(f"{pick(r, 'MLCQHVz')}{r.randint(0, 240) / 10} {r.randint(0, 240) / 10}" for _ in range(18))
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none"><path d="{d}"/></svg>'

    def some(self, pool: Sequence[str], low: int, high: int) -> list[str]:
        """`low` to `high` texts of a pool, in any order."""
        return self.r.choices(pool, k=self.r.randint(low, high))

    def say(self, key: str) -> str:
        """One of the language's words for a thing that sites say, as markup."""
        return self.m.text(pick(self.r, words(self.lang, key)))

    def sentence(self, low: int = 5, high: int = 22) -> str:
        """A sentence without meaning, as markup."""
        r = self.r
        joint = "" if self.lang in SPACELESS else " "
        text = joint.join(r.choices(self.vocabulary, k=r.randint(low, high)))
        return self.m.text(text[:1].upper() + text[1:]) + pick(r, (".", ".", ".", "!", "?"))

    def paragraph(self, size: int) -> str:
        """Sentences of about `size` characters together."""
        sentences = [self.sentence()]
        while (size := size - len(sentences[-1])) > 0:
            sentences.append(self.sentence())
        return " ".join(sentences)

    def price(self, low: float = 0.2, high: float = 3.0) -> str:
        """Another product's price, near this one's."""
        p = self.page.product
        cents = max(100, int(p.cents * (low + self.r.random() * (high - low))))
        step = 100 if cents > 2000 else 10
        return self.m.text(p.money.show(cents // step * step + pick(self.r, (0, 0, 99, 95, 50)) % step))

    def el(self, tag: str, role: str, /, *kids: str, **given: str) -> str:
        """`Markup.el` with the attributes that only scripts read and this site's needless wrappers."""
        for _ in range(self.verbose):
            if chance(self.r, 0.3):
                given[pick(self.r, ("data_qa", "data_id", "data_component", "data_module", "data_target"))] = latin(
                    self.r
                ) + hashed(self.r, pick(self.r, (2, 8, 24)))
        if tag in ("li", "div", "section", "article") and chance(self.r, self.nest):
            kids = (self.m.el("div", f"{role.split(' ')[0]} layout".strip(), *kids),)
        return self.m.el(tag, role, *kids, **given)

    def leaf(self, tag: str, role: str, text: str, /, **given: str) -> str:
        """An element around text that is markup already."""
        pad = self.m.pad
        inner = text + " " if pad == "end" else pad + text + pad
        return self.el(tag, role, inner, **given)

    def link(self, tag: str = "li", role: str = "menu item", inner: str = "menu link") -> str:
        """A link in an element, to be filled with text and target; some sites put a span or an icon into each."""
        r = self.r
        text = self.el("span", "label", TEXT) if chance(r, 0.3) else TEXT
        text = self.icons[0] + text if chance(r, 0.1) else text
        text = text + self.icons[1] if chance(r, 0.1) else text
        anchor = self.el("a", inner if chance(r, 0.7) else "", text, href=URL)
        return self.el(tag, role if chance(r, 0.7) else "", anchor) if tag else anchor

    def picture(self, alt: str = TEXT) -> str:
        """An image as this site writes them: plain, lazy, responsive, in figures; `IMAGE` is its hole."""
        kind = self.r.randrange(6)
        if kind == 0:
            return self.el("img", "image", alt=alt, src=EMPTY_IMAGE, data_src=IMAGE)
        if kind == 1:
            wide = ", ".join(f"{IMAGE}?w={w} {w}w" for w in (180, 360, 720))
            return self.el("img", "image", alt=alt, src=IMAGE, srcset=wide, sizes="(min-width: 900px) 25vw, 50vw")
        if kind == 2:
            source = f'<source type="image/webp" srcset="{IMAGE}.webp">'
            return f"<picture>{source}{self.el('img', 'image', alt=alt, src=IMAGE)}</picture>"
        if kind == 3:
            return self.el("figure", "image", self.el("img", "", alt=alt, src=IMAGE, loading="lazy"))
        return self.el("img", "image" if kind == 4 else "", alt=alt, src=IMAGE, width="300", height="300")

    def deep(self, html: str, role: str, most: int = 4) -> str:
        """Up to `most` wrappers around markup."""
        return self.m.wrap(html, role, self.r.randint(0, most))


def attribute(markup: str) -> str:
    """Pooled text inside an attribute."""
    return markup.replace('"', "&quot;")

"""Class names: what one site calls its elements, in the manner of its tools."""

from random import Random

from trainer.base.corpus.letters import latin
from trainer.base.corpus.pick import chance, pick, weighted

SCHEMES = {
    "bem": 0.16, "hyphen": 0.20, "camel": 0.08, "snake": 0.04, "module": 0.08, "styled": 0.06, "hash": 0.09,
    "utility": 0.08, "legacy": 0.06, "mixed": 0.07, "none": 0.08,
}  # fmt: skip
SYNONYMS: dict[str, tuple[str, ...]] = {
    "product": ("product", "product", "pdp", "prod", "item", "article", "detail", "pd", "prd", "buybox", "offer", "sku", "goods", "produkt", "producto"),
    "breadcrumb": ("breadcrumb", "breadcrumbs", "breadcrumb", "crumbs", "bread", "crumb", "path", "trail", "nav-path", "location", "ariane", "bc", "navigation", "hierarchy", "rootline", "miga"),
    "title": ("title", "name", "title", "heading", "headline", "product-name", "productname", "h1", "titel", "nombre", "nom", "nazwa", "caption", "header"),
    "price": ("price", "price", "price", "prices", "amount", "cost", "pricing", "preis", "prix", "precio", "prezzo", "cena", "money", "prc", "value", "hinta"),
    "current": ("current", "sale", "now", "special", "final", "actual", "main", "sales", "new", "offer", "promo", "reduced", "our", "your", "lowest", "discounted", "today", "best"),
    "old": ("old", "was", "regular", "original", "list", "rrp", "crossed", "strike", "before", "msrp", "previous", "retail", "high", "former", "line-through", "compare", "uvp", "base"),
    "save": ("save", "saving", "discount", "badge", "off", "percent", "reduction", "you-save", "sticker"),
    "brand": ("brand", "manufacturer", "brand", "maker", "vendor", "designer", "producer", "marke", "marca", "marque", "label", "hersteller", "brandname", "byline", "author"),
    "logo": ("logo", "brand-logo", "site-logo", "header-logo", "branding", "navbar-brand", "manufacturer-image"),
    "category": ("category", "cat", "categories", "department", "section", "taxonomy", "kicker", "eyebrow", "type", "group", "rubrik", "posted-in"),
    "item": ("item", "el", "entry", "li", "node", "part", "element", "level", "step", "segment"),
    "link": ("link", "a", "anchor", "url", "lnk", "href"),
    "separator": ("separator", "sep", "divider", "arrow", "chevron", "delimiter", "icon", "seperator", "spacer", "slash"),
    "list": ("list", "items", "ul", "nav", "menu", "wrap", "inner"),
    "row": ("row", "line", "tr", "attr", "attribute", "property", "prop", "spec", "feature", "param"),
    "label": ("label", "key", "name", "title", "th", "term", "caption", "attr-name", "left", "field"),
    "value": ("value", "val", "data", "td", "text", "desc", "content", "attr-value", "right", "info"),
    "table": ("specs", "attributes", "table", "details", "specifications", "properties", "data-sheet", "tech", "additional", "params", "info-table"),
    "wrapper": ("wrapper", "container", "wrap", "box", "inner", "holder", "block", "content", "row", "col", "section", "outer", "area", "panel", "module", "grid"),
    "rating": ("rating", "stars", "reviews", "review-summary", "score", "bewertung"),
    "count": ("count", "number", "total", "qty"),
    "stock": ("stock", "availability", "available", "delivery-status", "in-stock", "lager"),
    "shipping": ("shipping", "delivery", "versand", "ship", "dispatch", "freight"),
    "currency": ("currency", "symbol", "currency-symbol", "cur", "unit", "sign", "prefix"),
    "integer": ("integer", "whole", "int", "major", "dollars", "euros", "number", "big"),
    "fraction": ("fraction", "cents", "decimal", "minor", "decimals", "sup", "small"),
    "related": ("related", "recommendations", "similar", "upsell", "carousel", "also", "crosssell", "slider", "recs"),
    "card": ("card", "tile", "teaser", "product-item", "box", "slide", "thumb", "cell"),
    "button": ("button", "btn", "cta", "add-to-cart", "buy", "submit"),
    "description": ("description", "desc", "text", "copy", "summary", "about", "details", "body", "rte"),
    "menu": ("menu", "nav", "navigation", "main-nav", "topbar", "header-nav", "navbar", "mega-menu"),
    "footer": ("footer", "foot", "bottom", "site-footer", "legal", "copyright"),
    "note": ("note", "info", "hint", "small", "message", "vat", "tax", "legal", "tooltip", "disclaimer", "suffix"),
    "image": ("image", "img", "picture", "photo", "gallery", "media", "thumb"),
    "hidden": ("sr-only", "visually-hidden", "a11y", "hidden", "none", "screen-reader", "u-audible", "offscreen"),
    "tag": ("tag", "chip", "pill", "badge", "flag", "ribbon"),
    "swatch": ("swatch", "variant", "option", "select", "sizes", "choice"),
}  # fmt: skip
UTILITIES = ("flex items-center|text-sm|font-bold|mt-2|mb-4|px-4 py-2|w-full|text-gray-500|text-lg font-semibold|grid gap-4|md:w-1/2|col-md-6|col-12|"
             "d-none d-md-block|row|pull-left|clearfix|fs16 lh22|mb0|p-0|text-center|bold|left|right|inline-block|m0|uppercase tracking-wide|"
             "text-2xl|leading-tight|text-red-600|flex-row|is-6|has-text-weight-bold|small-12 columns|xs-12|u-mb-2|hidden-xs|order-1").split("|")  # fmt: skip
LEGACY = "smallText|txt|bodytext|pageHeading|main|t12|t13|style1|infoBoxContents|boxText|big|tdtext|norm|title2|dataTableContent|arial12|red|bgcol|tablecell|s2|productListing-data".split(
    "|"
)
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
        self.known: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def of(self, role: str) -> str:
        """The class attribute's value for a role such as "price current"; may be empty."""
        if role not in self.known:
            self.known[role] = self._make(role)
        return self.known[role]

    def _word(self, word: str) -> str:
        if word not in self.said:
            self.said[word] = pick(self.r, SYNONYMS[word]) if word in SYNONYMS else word
        return self.said[word]

    def _make(self, role: str) -> str:
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
                name = f"{_camel(words[:1], True)}styles__{_camel(words[-1:], True)}-sc-{hashed(r, 6).lower()}-{r.randrange(9)}"
                return f"{name} {hashed(r, 6)}" if self.style else f"sc-{hashed(r, 6)} {hashed(r, 6)}"
            case "hash":
                return self._hash()
            case "utility":
                return " ".join(pick(r, UTILITIES) for _ in range(r.randint(1, 3)))
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

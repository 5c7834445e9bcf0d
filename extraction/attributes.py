"""Which attributes of an element say what it is or can hold a value; cleaning keeps those."""

import re
from collections.abc import Mapping
from functools import lru_cache

NAMES = ("itemprop", "property", "name")  # <meta>'s
MARKUP = ("itemprop", "property", "content")  # of microdata and RDFa
VALUES = {"content", "alt", "title", "aria-label", "label", "datetime"}
# What <meta> says to browsers, crawlers and other sites' machines. Any other name may be a field's.
NO_META = re.compile(
    r"viewport|charset|robots|\w*bot(?:-news)?|referrer|generator|theme-color|color-scheme|format-detection|revisit-after"
    r"|distribution|rating|handheldfriendly|mobileoptimized|x-ua-compatible|cleartype|progid|next-head-count"
    r"|.*(?:verif|validat|csrf|token|nonce|app[_-]?id|pixel|config|image|video|audio|icon|thumbnail).*"
    r"|(?:msapplication|apple|mobile-web|google|fb|al|ga|gtm|shareaholic|parsely)[:_-].*"
    r"|og:(?:url|type|locale|determiner).*|twitter:(?:card|site|creator|url|domain|app|player).*",
    re.IGNORECASE,
)
NO_VALUE = re.compile(
    r"(?!(?:https?:)?//schema\.org/)(?:(?:[a-z]+:)?//|www\.|data:|javascript:)\S*|\S+\.(?:jpe?g|png|gif|webp|avif|svg)"
    r"|\{.*\}|\[\s*[\"{\[\]].*|\[[\d\s.,-]*\]"
    r"|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?=\d*[a-f])(?=[a-f]*\d)[\da-f]{16,}",
    re.IGNORECASE | re.DOTALL,
)
NO_DATA = re.compile(
    r"[\W_]*|true|false|null|undefined|none|[/#]\S*|\.[a-z]\S*"
    r"|(?=\D*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z\d+/]{24,}=*"
)
# Words of data-* keys that speak to scripts and styles, not to readers.
NOISE = re.compile(
    r"\w*id|\w*url|\w*src|srcset|href|hash|uuid|slug|key|nonce|token|csrf|cache|ref|rel"
    r"|track\w*|analytics?|events?|experiment|ads?|ga|gtm|spm|csa?|cy|qa|tests?|testing|hook|on\w*|js|ajax|pjax|turbo\w*"
    r"|v|ng|vue|svelte\w*|astro|react\w*|rh|emotion|bs|uk|wf|cms|mage|elementor|slick|swiper|fancybox|aos|captcha|sitekey"
    r"|action|behavior|bind|click|collapse|component|config|controller|dismiss|fetch|filter|form|hydrate|init|loaded|method"
    r"|mod|module|observe|options|plugin|query|redirect|response|role|selector|settings|show|hide|sort|state|step|toggle"
    r"|trigger|view|aria|lang|dir|tabindex|target|template|ui|widget"
    r"|align\w*|anim\w*|autoplay|bg|block|breakpoint|carousel|cols?|columns?|delay|device|display|duration|easing|effect|gallery"
    r"|height|image|img|index|interval|layer|layout|lazy|level|lightbox|modal|nav|offset|order|overlay|page|parent|placement"
    r"|pos|position|row|scroll|section|sizes|slides?|slot|source|sticky|style|tab|theme|transform|transition|w|h|width|zone"
    r"|share\w*|social|platform|popup|path|icons?"
)
SPACES = re.compile(r"[\x00-\x20]{2,}|[\x00-\x1f]")
SPECIAL = re.compile(r'[&<>"\xa0]')
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\xa0": "&nbsp;"})


def kept(tag: str, attributes: Mapping[str, str], markup: bool = True) -> tuple[str, bool]:
    """The attributes that stay, written as they stand in a start tag, and whether one of them holds a value.

    Without `markup` those of microdata and RDFa go.
    """
    if tag == "meta":
        return _kept_of_meta(attributes)
    written, holds = "", False
    for key, value in attributes.items():
        if key in MARKUP and not markup:
            continue
        value = SPACES.sub(" ", value).strip(" ")
        if key == "class":
            written += _written(key, _shortened(" ".join(value.split(" ", 3)[:3])))
        elif key == "id":
            written += _written(key, _shortened(value))
        elif _has_value(tag, key, value):
            written += _written(key, value)
            holds = True
        elif key in ("itemprop", "property"):
            written += _written(key, value)
    return written, holds


def _kept_of_meta(attributes: Mapping[str, str]) -> tuple[str, bool]:
    found = {key: SPACES.sub(" ", attributes.get(key, "")).strip(" ") for key in (*NAMES, "content")}
    names = [found[key] for key in NAMES if found[key]]
    if not names or any(map(NO_META.fullmatch, names)) or not _has_value("meta", "content", found["content"]):
        return "", False
    return "".join(_written(key, value) for key, value in found.items()), True


def _shortened(value: str) -> str:
    return value if len(value) <= 48 else value[:49].rpartition(" ")[0] or value[:48]


def _written(key: str, value: str) -> str:
    if SPECIAL.search(value):
        value = value.translate(ESCAPES)
    return f' {key}="{value}"' if value else ""


def _has_value(tag: str, key: str, value: str) -> bool:
    """Whether a reader could want it: no address, object or hash; and nothing between an element and its script."""
    if key in VALUES:
        return value != "" and not NO_VALUE.fullmatch(value)
    if key != "value" and not (key.startswith("data-") or "-" in tag):  # what the page itself made and named
        return False
    if NO_DATA.fullmatch(value) or NO_VALUE.fullmatch(value):
        return False
    return key == "value" or (len(value) <= 80 and _is_for_readers(key))


@lru_cache(maxsize=4096)
def _is_for_readers(key: str) -> bool:
    words = re.split("[-_.:]", key.removeprefix("data-"))
    return all(word.isalnum() and not NOISE.fullmatch(word) for word in words)

"""Which elements a page keeps from its readers by its own markup: what stands in them speaks to machines only.

Not among them: aria-hidden (only screen readers skip it; shops write the price so), opacity and closed <details>, which
scripts and readers open, and whatever classes do.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?", re.IGNORECASE)
FAR = re.compile(r"-\s*\d{3,}(?:\.\d+)?(?:px|em|rem|%|vw|vh|pt)")  # 100 lengths or more to the left or above
NOTHING = re.compile(r"[+-]?0*\.?0+(?:px|em|rem|%|pt)?")
PLACES = ("left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top")


def hidden(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether a browser shows nothing of the element."""
    if "hidden" in attributes or (tag == "dialog" and "open" not in attributes):
        return True
    if tag == "input" and attributes.get("type", "").strip().lower() == "hidden":
        return True
    style = attributes.get("style", "")
    return bool(style) and _hides(style[:2000])


@lru_cache(maxsize=4096)
def _hides(style: str) -> bool:
    """Whether an inline style takes its element out of sight."""
    declared = _declarations(style)
    if declared.get("display") == "none" or declared.get("visibility") in ("hidden", "collapse"):
        return True
    if NOTHING.fullmatch(declared.get("font-size", "")):
        return True
    placed = declared.get("position") in ("absolute", "fixed")
    return any(
        FAR.fullmatch(declared.get(name, "")) and (placed or name in ("text-indent", "margin-left")) for name in PLACES
    )


def _declarations(style: str) -> dict[str, str]:
    """Property -> value, in lower case; of several the last one counts, one that is !important more."""
    plain = ESCAPE.sub(_character, COMMENT.sub("", style)).lower()
    found: dict[str, str] = {}
    important = set()
    for declaration in plain.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        value, mark, _ = value.partition("!important")
        if mark or name not in important:
            found[name] = value.strip()
        if mark:
            important.add(name)
    return found


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    return chr(code) if 0 < code <= 0x10FFFF else ""

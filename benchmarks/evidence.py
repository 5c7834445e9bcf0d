"""Whether evidence leads where it says: each XPath is resolved anew on the page as given, and its text compared."""

from collections.abc import Sequence
from typing import Any

from lxml import html

from extraction.evidence import Evidence
from extraction.ground import grounded, leaves
from extraction.json import Json
from serve.result import Extraction


def resolved(answers: Sequence[Extraction]) -> Json:
    """{"values": texts and numbers of the records that their pages state, "resolved": of these, those whose likeliest
    place is found again on the page and states the value}.
    """
    values = found = 0
    for answer in answers:
        if answer.answer.record is None:
            continue
        evidence = answer.evidence
        tree = html.document_fromstring(answer.page) if "<" in answer.page else None
        for path, value in leaves(answer.answer.record):
            if grounded(value, answer.page):
                values += 1
                places = evidence.get(path, [])
                found += bool(places) and grounded(value, stated(tree, answer.page, places[0]))
    return {"values": values, "resolved": found}


def stated(tree: Any, page: str, place: Evidence) -> str:
    """The characters at a place; `tree` is the page as lxml parses it, None of a page without markup."""
    if place.xpath is None or tree is None:
        return page[place.start : place.end]
    (element,) = tree.xpath(place.xpath)
    whole = element.get(place.attribute) if place.attribute else element.xpath("string()")
    return str(whole)[place.start : place.end]

from typing import Any

import pytest

from eval.language import NOT_STATED, stated
from eval.slices import finer

TITLE = "stated language"

PAGES = [
    ('<!doctype html><html lang="de-AT"><body><p>x</p>', "de"),
    ('<html xml:lang="pt_BR"><p>x</p>', "pt"),
    ('<HTML LANG=FR><meta property="og:locale" content="en_US">', "fr"),
    ('<html lang=""><meta property="og:locale" content="et_EE"><p>x</p>', "et"),
    ('<html lang="{{ lang }}"><meta http-equiv="Content-Language" content="cs, sk"><p>x</p>', "cs"),
    ('<meta name="content-language" content="ja"><p>x</p>', "ja"),
    ('<product-card lang="nl"><p lang="en">x</p></product-card>', "nl"),
    ('<div><p lang="en">a quotation</p>andere</div>', NOT_STATED),
    ('<p lang="en">one</p><p>deux</p>', NOT_STATED),
    ('text <p lang="en">one</p>', NOT_STATED),
    ('<html lang="english"><p>x</p>', NOT_STATED),
    ('<!-- <html lang="en"> --><p>x</p>', NOT_STATED),
    ("only text", NOT_STATED),
    ("<!---->", NOT_STATED),
]


@pytest.mark.parametrize(("page", "expected"), PAGES)
def test_only_what_the_page_states_is_its_language(page: str, expected: str) -> None:
    assert stated(page) == expected


def test_pages_are_scored_by_the_language_that_they_state() -> None:
    def row(i: int) -> Any:
        page = f'<html lang="{("de", "fr-CH", "")[i % 3]}"><p>{i}</p>'
        right = {"x": "a" if i % 3 == 0 else "b"}
        return {"id": str(i), "input": page, "reference": {"x": "a"}, "prediction": right, "status": "ok"}

    found = finer({"f16": [row(i) for i in range(36)]}, {"properties": {"x": {"x-match": "text"}}}, [])
    by = {name: (part["n"], part["variants"]["f16"]["mean_field_accuracy"]) for name, part in found[TITLE].items()}
    assert by == {"de": (12, 1.0), "fr": (12, 0.0), NOT_STATED: (12, 0.0)}

"""Real whole pages of another schema than products: recipes, which the tests of recipe-scrapers come with.

Reads a clone of github.com/hhursev/recipe-scrapers (MIT licence): of each site one page, and what the JSON beside it
says of it. A field is asked where the page states its value outside of the data for machines, which the model does not
read here either; so what is measured is reading, and not how often a value is invented. Prints what
`benchmarks.schemas` prints.

    git clone https://github.com/hhursev/recipe-scrapers CLONE
    make serve RUN=zero-shot SET='training.num_train_epochs=0' && python -m benchmarks.recipes CLONE --run zero-shot
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

from benchmarks.schemas import arguments, asker, report
from extraction.blocks import blocks
from extraction.json import Json
from extraction.prompt import Reader, page
from extraction.stated import stating, texts_of
from extraction.text import fold
from pipeline.errors import UserError, run
from pretraining.corpus import Sample
from pretraining.corpus.ask import TEXT, schema_of

FIELDS = ("title", "author", "cuisine", "category")
FEWEST = 2  # fields of a page
LARGEST = 1_500_000  # bytes of a page


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("clone", type=Path)
    options = parser.parse_args()
    extractor = asker(options)
    extractor.reader = replace(extractor.reader, markup=False)
    title = f"{options.variant} of {options.run}: recipes"
    report(title, extractor, islice(samples(options.clone), options.n), options.n)


def samples(clone: Path) -> Iterator[Sample]:
    """A page of each site that states at least `FEWEST` of the fields, the sites in an order of their own."""
    folders = sorted(folder for folder in (clone / "tests" / "test_data").glob("*") if folder.is_dir())
    if not folders:
        raise UserError(f"{clone} has no tests/test_data: give a clone of github.com/hhursev/recipe-scrapers")
    r = Random("recipes")
    r.shuffle(folders)
    for folder in folders:
        pages = [path for path in sorted(folder.glob("*.testhtml")) if path.with_suffix(".json").is_file()]
        pages = [path for path in pages if path.stat().st_size <= LARGEST]
        if not pages:
            continue
        path = r.choice(pages)
        html = path.read_text(encoding="utf-8", errors="replace")
        record = stated(html, json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
        if len(record) >= FEWEST:
            yield Sample(html, schema_of(dict.fromkeys(record, TEXT)), record, folder.name)


def stated(html: str, given: Json) -> Json:
    """Of what is given of a page the fields whose text the page states; an author who is the site is left out."""
    texts = texts_of(blocks(page(html, Reader(markup=False))))
    found = {name: given[name] for name in FIELDS if isinstance(given.get(name), str) and stating(texts, given[name])}
    if "author" in found and fold(found["author"]) == fold(str(given.get("site_name"))):
        del found["author"]
    return found


if __name__ == "__main__":
    run(main)

"""Extract the records of many pages: a folder of HTML files, JSON Lines, JSON, Parquet, or a web archive (WARC).

    python -m serve.extract --in pages/ --out records.jsonl        or records.parquet
    make extract IN=pages/ OUT=records.jsonl
    make extract IN=pages/ OUT=records.jsonl HOSTS="gpu-1 gpu-2" RAY=1      several servers; on a Ray cluster

Writes a line a page, as it is answered: serve.lines.Line. A page that cannot be read or that the server fails on is
a line too. The same command goes on after a kill, and asks again for changed pages, and for all of another model. The
exit status is 0 where every page has a record.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from extraction.json import Json
from extraction.parse import Answer, Status
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.reading import pruning, read_as
from serve import sources
from serve.answers import Answers
from serve.batch import answer_all
from serve.client import Extractor
from serve.lines import Asked, Line, Named
from serve.ports import address, url
from serve.result import Extraction


def main() -> None:
    parser = configuration.arguments(__doc__ or "")
    parser.add_argument("--in", dest="source", type=Path, help="a folder or a file of pages")
    parser.add_argument("--out", dest="target", type=Path, help=".jsonl or .parquet")
    parser.add_argument("--variant", default=None, help="default: the first of export.quantization_method")
    parser.add_argument("--hosts", default="", help="servers that have the model; default: OLLAMA_HOST")
    parser.add_argument("--ray", action="store_true", help="ask from a Ray cluster; default: from this process")
    options = parser.parse_args()
    if not options.source or not options.target:
        raise UserError("nothing to extract from or to: give IN=… and OUT=records.jsonl")
    config = configuration.from_arguments(options)
    first, *others = [url(host, "HOSTS") for host in options.hosts.replace(",", " ").split()] or [address()]
    extractor = Extractor(config, options.variant or config.export.quantization_method[0], first)
    ask = from_ray if options.ray else from_here
    extract(config, [extractor, *map(extractor.at, others)], options.source, options.target, ask)


Ask = Callable[[Sequence[Extractor], Iterable[Asked]], Iterator[Line]]


def from_here(extractors: Sequence[Extractor], pages: Iterable[Asked]) -> Iterator[Line]:
    """The lines of pages that this process asks for."""
    return (line(page, found) for page, found in answer_all(extractors, pages))


def from_ray(extractors: Sequence[Extractor], pages: Iterable[Asked]) -> Iterator[Line]:
    """The lines of pages that a Ray cluster asks for."""
    from serve.cluster import answer_all

    return answer_all(extractors, pages, line)


def extract(config: Config, extractors: Sequence[Extractor], source: Path, target: Path, ask: Ask = from_here) -> None:
    """Write the answers to a source's pages; raises `UserError` where some have no record, after all were asked."""
    for extractor in extractors:
        extractor.check()
    extractor = extractors[0]
    pages = sources.read(source)
    first = next(pages, None)  # a source that cannot be read is said before anything is written
    if first is None:
        raise UserError(f"{source} holds no page: give another IN=…")
    pages = chain([first], pages)
    model, settings = extractor.expected, fingerprint(config)
    shown: Json = {"desc": f"extract {extractor.model}", "unit": "page", "total": sources.count(source)}
    with Answers(target, extractor.schema) as answers, tqdm(**shown, smoothing=0.1) as bar:
        waiting = _waiting((Asked(**page, model=model, settings=settings) for page in pages), answers, bar)
        for answer in ask(extractors, waiting):
            _answer(answer, answers, bar)
    _summarize(answers, target)


def _waiting(pages: Iterable[Asked], answers: Answers, bar: "tqdm[NoReturn]") -> Iterator[Asked]:
    """The pages that are to be asked for; those that cannot be are answered here."""
    for number, page in enumerate(pages, 1):
        if answers.met(page["id"]):
            problem = f"an earlier page has the id {page['id']}"
            page |= {"id": f"{page['id']} (page {number})", "problem": problem}
        if answers.has(page):
            _advance(answers, bar)
        elif "problem" in page:
            failed = Answer(None, Status.NO_PAGE, page["problem"])
            _answer(line(page, Extraction.without_answer(failed, page["model"])), answers, bar)
        else:
            yield page


def _answer(answer: Line, answers: Answers, bar: "tqdm[NoReturn]") -> None:
    answers.add(answer)
    _advance(answers, bar)


def _advance(answers: Answers, bar: "tqdm[NoReturn]") -> None:
    bar.set_postfix(failed=answers.n_failed, refresh=False)
    bar.update()


def fingerprint(config: Config) -> str:
    """A hash of the settings that an answer depends on beside the model."""
    settings = config.serve.model_dump(exclude={"name"})
    settings |= {**read_as(config), "pruning": pruning(config)}
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def line(page: Asked, found: Extraction) -> Line:
    """The line of a page."""
    named: Named = {"id": page["id"]}
    if "url" in page:
        named["url"] = page["url"]
    return {
        **named,
        "input_sha256": page.get("input_sha256"),
        "record": found.answer.record,
        "status": found.answer.status,
        "reason": found.answer.reason,
        "probability": {name: round(probability, 6) for name, probability in found.probability.items()},
        "unsure": found.unsure,
        "evidence": found.places,
        "model": page["model"],
        "settings": page["settings"],
        "prompt_tokens": found.prompt_tokens,
        "answer_tokens": found.answer_tokens,
        "seconds": found.seconds,
    }


def _summarize(answers: Answers, target: Path) -> None:
    """Print what became of the pages; `UserError` where some have no record."""
    n_pages = answers.counts.total()
    print(f"extract: {n_pages} pages in {target}, {answers.n_asked} of them new", file=sys.stderr)
    for status, n in answers.counts.most_common():
        print(f"extract: {n:7} {status}", file=sys.stderr)
    if answers.n_failed:
        raise UserError(f"{answers.n_failed} of {n_pages} pages have no record; {target} says why, page by page")


if __name__ == "__main__":
    run(main)

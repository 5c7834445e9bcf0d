"""Ask the served extractor: one page, or every row of a file.

    python -m serve.ask --html page.html            prints the record as JSON (a file or the HTML itself)
    python -m serve.ask --text 'a text without tags'
    python -m serve.ask --in rows.jsonl --out answers.jsonl

The rows of a file are serve.extract's, and so is what is read and written.
"""

import json
import os
from pathlib import Path

from pipeline import config as configuration
from pipeline.errors import UserError, run, unreadable
from serve.client import Extractor
from serve.extract import extract
from serve.pages import NotText, decode, problem
from serve.server import address


def main() -> None:
    parser = configuration.arguments(__doc__ or "")
    parser.add_argument("--html", help="a file, or the HTML itself")
    parser.add_argument("--text", help="a text without tags")
    parser.add_argument("--in", dest="source", type=Path, help="rows to ask for")
    parser.add_argument("--out", dest="target", type=Path, help="where the answers go")
    parser.add_argument("--variant", default=None, help="default: the first of export.quantization_method")
    parser.add_argument("--evidence", action="store_true", help="print where the page states each value, too")
    options = parser.parse_args()
    config = configuration.from_arguments(options)
    extractor = Extractor(config, options.variant or config.export.quantization_method[0], address())
    if options.source and options.target:
        extract(config, [extractor], options.source, options.target)
    elif (options.html or options.text) and not options.source:
        ask_one(extractor, options.text or page(options.html), options.evidence)
    else:
        raise UserError("nothing to ask: give HTML=page.html, TEXT=…, or IN=rows.jsonl and OUT=answers.jsonl")


def page(value: str) -> str:
    """The text of the file that `value` names, or `value` itself where it has a tag."""
    if "<" in value:
        return decode(os.fsencode(value))
    path = Path(value)
    try:
        return decode(path.read_bytes())
    except IsADirectoryError:
        raise UserError(f"{value} is a folder: ask for all its pages with `make extract IN={value} OUT=…`") from None
    except NotText as error:
        raise UserError(f"{value} is no page: {error}") from None
    except PermissionError as error:
        raise unreadable("page", error) from None
    except (OSError, ValueError) as error:  # not there, too long for a name, or with a zero byte
        shown = value if len(value) < 80 else f"{value[:80]}…"
        raise UserError(
            f"there is no file {shown!r} ({getattr(error, 'strerror', error)}), and a page has a tag: give TEXT=… to"
            " ask for a text without one"
        ) from None


def ask_one(extractor: Extractor, text: str, evidence: bool = False) -> None:
    """Print the record as JSON, with its `evidence` on request; `UserError` for no page or a failed answer."""
    if wrong := problem(text):
        raise UserError(f"nothing to ask: {wrong}")
    found = extractor.ask(text)
    answer = found.answer
    if answer.record is None:
        raise UserError(f"no record: {answer.status} ({answer.reason}); the model answered {found.text!r}")
    shown = {"record": answer.record, "evidence": found.places} if evidence else answer.record
    print(json.dumps(shown, ensure_ascii=False))


if __name__ == "__main__":
    run(main)

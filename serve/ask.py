"""Ask the served extractor: one page, or every row of a file.

    python -m serve.ask --html page.html            prints the record as JSON (a file or the HTML itself)
    python -m serve.ask --text 'a text without tags'
    python -m serve.ask --in rows.jsonl --out answers.jsonl

Reads rows of {"id", "input"}; writes a line a row, {"id", "output" (the record or null), "status", "reason"}, and goes
on where an earlier call stopped: ids that the output file has are not asked again.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from extraction.json import Json
from pipeline import config as configuration
from pipeline.errors import UserError, run, unreadable
from pipeline.files import write_text
from pipeline.rows import read
from serve.client import Extractor
from serve.pages import NotText, decode, problem
from serve.server import address


def main() -> None:
    parser = configuration.arguments(__doc__ or "")
    parser.add_argument("--html", help="a file, or the HTML itself")
    parser.add_argument("--text", help="a text without tags")
    parser.add_argument("--in", dest="source", type=Path, help="rows to ask for")
    parser.add_argument("--out", dest="target", type=Path, help="where the answers go")
    parser.add_argument("--variant", default=None, help="default: the first of export.quantization_method")
    options = parser.parse_args()
    config = configuration.from_arguments(options)
    extractor = Extractor(config, options.variant or config.export.quantization_method[0], address())
    if options.source and options.target:
        ask_rows(extractor, options.source, options.target)
    elif (options.html or options.text) and not options.source:
        ask_one(extractor, checked_page(options.text or page(options.html)))
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


def checked_page(text: str) -> str:
    """The text of a page that can be asked for."""
    if wrong := problem(text):
        raise UserError(f"nothing to ask: {wrong}")
    return text


def ask_one(extractor: Extractor, text: str) -> None:
    """Print the record as JSON; a failed answer is a `UserError` with its name and reason."""
    found = extractor.ask(text)
    answer = found.answer
    if answer.record is None:
        raise UserError(f"no record: {answer.status} ({answer.reason}); the model answered {found.text!r}")
    print(json.dumps(answer.record, ensure_ascii=False))


def ask_rows(extractor: Extractor, source: Path, target: Path) -> None:
    """Ask for every row that `target` does not have yet, appending its answer at once."""
    rows = [checked(number, row) for number, row in enumerate(read(source), 1)]
    if len({row["id"] for row in rows}) < len(rows):
        raise UserError(f"the ids in {source} are not distinct: make them so or leave them out")
    done = answered(target)
    waiting = [row for row in rows if row["id"] not in done]
    with opened(target) as file:
        for row in tqdm(
            waiting, desc=f"ask {extractor.model}", unit="row", initial=len(rows) - len(waiting), total=len(rows)
        ):
            answer = extractor.ask(row["input"]).answer
            line = {"id": row["id"], "output": answer.record, "status": answer.status, "reason": answer.reason}
            print(json.dumps(line, ensure_ascii=False), file=file, flush=True)
            done[row["id"]] = answer.status
    failed = sum(done[row["id"]] != "ok" for row in rows)
    print(f"ask: {len(rows)} rows in {target}, {failed} without a record", file=sys.stderr)


def opened(target: Path) -> TextIO:
    """The file of answers, to append to."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("a", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {target} as user {os.getuid()}: {error.strerror}; give another OUT=…") from None


def checked(number: int, row: Any) -> Json:
    """A row with `id` (its number where it has none) and `input`."""
    if not isinstance(row, dict) or not isinstance(row.get("input"), str) or not row["input"].strip():
        raise UserError(f'row {number} has no text under "input"')
    return {"id": str(row.get("id", f"row{number}")), "input": row["input"]}


def answered(target: Path) -> dict[str, str]:
    """Status by id of the rows that an earlier call wrote; a half-written last line is cut off."""
    if not target.is_file():
        return {}
    text = target.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        write_text(target, whole)
    try:
        return {row["id"]: row["status"] for row in map(json.loads, whole.split("\n")[:-1])}
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{target} is there and is not a file of answers: give another OUT=…") from None


if __name__ == "__main__":
    run(main)

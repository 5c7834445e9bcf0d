"""The evaluation for a pull request: summary.md, and fields.csv with a line for each field and variant."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from eval import table
from eval.records import Results
from pipeline.files import write_text

Column = Literal["n", "accuracy", "precision", "recall", "f1", "hallucinated", "omitted", "wrong"]
COLUMNS: tuple[Column, ...] = get_args(Column)


def write_summary(folder: Path, results: Results) -> list[Path]:
    """Write both files beside results.json."""
    paths = [folder / "summary.md", folder / "fields.csv"]
    for path, text in zip(paths, (markdown(results), fields_csv(results)), strict=True):
        write_text(path, text)
    return paths


def markdown(results: Results) -> str:
    """The tables and the sentences."""
    parts = [f"## {results['record']['run']}: accuracy from training to serving"]
    for name in table.slices(results):
        header = [table.title(results, name), *map(table.heading, table.columns(results))]
        header += [f"{before} → {after}" for before, after in table.change_columns(table.shown(results))]
        body = [[line.label, *figures(line), *map(table.points, line.changes)] for line in table.lines(results, name)]
        parts.append(rows([header, ["---"] * len(header), *body]))
    parts.append("\n".join(f"- {sentence}" for sentence in table.sentences(results)))
    parts.append("Compared: " + ", ".join(f"`{field}` as {kind}" for field, kind in results["rules"].items()) + ".")
    parts.append(f"Commit {results['record']['commit'] or 'unknown'}, results.json version {results['version']}.")
    return "\n\n".join(parts) + "\n"


def fields_csv(results: Results) -> str:
    """slice, variant, kind, field and its figures by the normalised match; an undefined figure is empty.

    `kind` is "baseline" or "variant"; the name of a baseline stands under `variant`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["slice", "variant", "kind", "field", *COLUMNS, "low", "high", "accuracy_raw"])
    for variant in (*results["baselines"], *results["variants"]):
        kind = table.kind(results, variant)
        for name, scores in table.scored(results, variant).items():
            for field, found in scores["normalised"]["fields"].items():
                low, high = found["interval"] or (None, None)
                raw = scores["raw"]["fields"][field]["accuracy"]
                writer.writerow([name, variant, kind, field, *(found[key] for key in COLUMNS), low, high, raw])
    return text.getvalue()


def figures(line: table.Line) -> list[str]:
    """A line's figures, those of sums with their intervals."""
    spans = line.spans or [None] * len(line.values)
    return [
        table.number(value) + (f" ({table.span(interval)})" if interval else "")
        for (value, _), interval in zip(line.values, spans, strict=True)
    ]


def rows(cells: Sequence[Sequence[str]]) -> str:
    """Lines of a Markdown table."""
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in cells)

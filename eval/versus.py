"""Two runs side by side on the same test examples: paired differences, flips and the same gate.

Reads artifacts/<run>/{data,samples,results.json} of both; writes nothing. Exits with status 1 where the second run is
worse than the first by the gate, whose margin is the second's eval.max_loss.

    python -m eval.versus --runs "a b" [--variant q4_k_m]        (make compare RUNS="a b")
"""

import argparse
from functools import partial
from pathlib import Path

from eval import gate, table
from eval.compare import ASKED, difference, last_served
from eval.metrics import is_right
from eval.predict import Task, read_samples
from eval.records import Difference, Row, read_results
from eval.summary import rows as markdown_rows
from extraction.json import Json
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import read_rules

SHOWN = 10  # flips of a field that are listed


def main(runs: list[str], variant: str | None) -> None:
    if len(runs) != 2:
        raise UserError(f'two runs are compared, not {len(runs)}: give RUNS="a b"')
    configs = [configuration.load(Path("artifacts") / name / "config.yaml") for name in runs]
    rules = read_rules(configs[0].folder)
    first, second = (answers(config, variant) for config in configs)
    first, second = paired(first, second, runs)
    found = difference(first, second, rules)
    verdict = gate.judge(runs[0], runs[1], found, configs[1].eval.max_loss, lambda: f"between {runs[0]} and {runs[1]}")
    print(side_by_side(found, first, second, rules, runs))
    print("\n".join(flips(first, second, rules, found)))
    print(f"compare: {verdict['sentence']}")
    if refused := gate.refusal([verdict], configs[1].eval.strict):
        raise UserError(refused)


def answers(config: Config, variant: str | None) -> list[Row]:
    """The first answers of a variant of a run; of the one that users get where none is named."""
    read_results(config.folder)  # of another version, its samples would be too
    name = variant or last_served(config.eval.variants) or config.eval.variants[-1]
    if name == ASKED:
        raise UserError(f"--variant cannot be {ASKED!r}: give one of {', '.join(config.eval.variants)}")
    return read_samples(config, Task(name))


def paired(first: list[Row], second: list[Row], runs: list[str]) -> tuple[list[Row], list[Row]]:
    """The rows of both runs that answer the same page with the same reference, in one order."""
    known = {(row["input"], str(row["reference"])): row for row in second}
    both = [(row, known[key]) for row in first if (key := (row["input"], str(row["reference"]))) in known]
    if not both:
        raise UserError(f"{runs[0]} and {runs[1]} share no test example: compare runs of one dataset and split")
    if len(both) < max(len(first), len(second)):
        print(f"compare: {len(both)} examples are in both test splits ({len(first)} and {len(second)})")
    return [one for one, _ in both], [other for _, other in both]


def side_by_side(found: Difference, first: list[Row], second: list[Row], rules: Json, runs: list[str]) -> str:
    """A Markdown table by field: accuracies, change, interval, flips, McNemar's p after Holm's correction."""
    header = ["field", *runs, "change", "95 %", "right → wrong", "wrong → right", "p"]
    lines = [header, ["---"] * len(header)]
    for field, flip in found["fields"].items():
        low, high = flip["interval"] or (None, None)
        shares = [table.number(_accuracy(rows, field, rules)) for rows in (first, second)]
        spread = f"{table.points(low)} to {table.points(high)}"
        counts = [str(flip["right_to_wrong"]), str(flip["wrong_to_right"])]
        lines.append([field, *shares, table.points(flip["accuracy"]), spread, *counts, table.number(flip["p_holm"])])
    return markdown_rows(lines)


def flips(first: list[Row], second: list[Row], rules: Json, found: Difference) -> list[str]:
    """The first flips of each field, one line each."""
    lines = []
    for field in found["fields"]:
        pairs = [
            (a, b) for a, b in zip(first, second, strict=True) if is_right(a, field, rules) != is_right(b, field, rules)
        ]
        for before, after in pairs[:SHOWN]:
            way = "lost" if is_right(before, field, rules) else "won"
            values = [repr((row["prediction"] or {}).get(field)) for row in (before, after)]
            lines.append(f"compare: {field} {way} on {before['id']}: {values[0]} → {values[1]}")
    return lines


def _accuracy(rows: list[Row], field: str, rules: Json) -> float:
    return sum(is_right(row, field, rules) for row in rows) / len(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", default="", help="names of two folders under artifacts/, the older one first")
    parser.add_argument("--variant", default=None, help="default: the one that users get")
    options = parser.parse_args()
    run(partial(main, options.runs.split(), options.variant))

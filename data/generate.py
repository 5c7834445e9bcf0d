"""Write the example dataset: invented product snippets and whole pages in HTML with the record that each one states.

Reads data/vocabulary/*.toml and data/templates/*.html; writes data/products.jsonl, one row a line, the same
bytes for the same seed.

    python -m data.generate [--out data/products.jsonl] [--seed 3407]
"""

import argparse
import json
from pathlib import Path
from random import Random
from typing import Any

from data import layouts, values
from extraction.text import squash

SEED = 3407
ROWS_PER_LAYOUT = 20
PAGES_PER_LAYOUT = 14
LENGTHS = range(150, 901)
PAGE_LENGTHS = range(8_000, 26_001)
OUT = Path(__file__).parent / "products.jsonl"


def make_row(layout: str, rng: Random) -> dict[str, Any] | None:
    """One row of the layout, or None: too long or short, too empty, or a brand only inside another value."""
    language = layouts.ONLY.get(layout) or rng.choice(list(values.VOCABULARY))
    product = values.sample(rng, language)
    snippet, record = layouts.render(layout, product, rng)
    maker = product.manufacturer
    unstated = maker and not record["manufacturer"] and any(maker in (v or "") for v in record.values())
    stated = sum(v is not None for v in record.values())
    lengths = PAGE_LENGTHS if layout in layouts.PAGES else LENGTHS
    if unstated or stated < 2 or len(snippet) not in lengths:
        return None
    return {"input": snippet, "output": record, "layout": layout, "language": language}


def make_rows(seed: int) -> list[dict[str, Any]]:
    """All rows, layout by layout; each has its own random stream, so that editing one leaves the others."""
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for layout in layouts.LAYOUTS:
        rng = Random(f"{seed} {layout}")
        wanted = len(rows) + (PAGES_PER_LAYOUT if layout in layouts.PAGES else ROWS_PER_LAYOUT)
        while len(rows) < wanted:
            row = make_row(layout, rng)
            if row and squash(row["input"]) not in seen:
                seen.add(squash(row["input"]))
                rows.append({"id": f"p{len(rows) + 1:04}", **row})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the example dataset.")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    rows = make_rows(args.seed)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    args.out.write_text("".join(lines), encoding="utf-8", newline="\n")
    mean = sum(len(row["input"]) for row in rows) / len(rows)
    print(f"{args.out}: {len(rows)} rows, {len(layouts.LAYOUTS)} layouts, mean input {mean:.0f} characters")


if __name__ == "__main__":
    main()

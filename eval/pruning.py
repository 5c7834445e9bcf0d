"""What pruning lost before any model read a page: of the values that long pages state, those that are left."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from eval.records import Pruning
from eval.statistics import wilson
from extraction.blocks import blocks
from extraction.json import Json
from extraction.prompt import page
from extraction.prune import is_long
from extraction.stated import survivors
from pipeline.config import Config
from pipeline.reading import reader
from pipeline.splits import Example


def losses(config: Config, rows: Iterable[Example], schema: Json) -> Pruning | None:
    """By field, how many values the long pages among the rows state and how many pruning keeps, with an interval.

    None where no page is long or data.prune is off. A value counts as stated where a block of the page says it.
    """
    reads = reader(config)
    if reads.pruner is None:
        return None
    stated: dict[str, int] = defaultdict(int)
    kept: dict[str, int] = defaultdict(int)
    lengths = []
    for row in rows:
        cleaned = page(row["input"], reads)
        if not is_long(cleaned):
            continue
        read = reads.pruner.prune(cleaned, schema)
        lengths.append(len(read))
        for name, left in survivors(blocks(cleaned), blocks(f"<body>{read}"), row["output"]):
            stated[name] += 1
            kept[name] += left
    if not lengths:
        return None
    n, n_kept = sum(stated.values()), sum(kept.values())
    return {
        "pages": len(lengths),
        "characters": median(lengths),
        "stated": n,
        "kept": n_kept,
        "interval": wilson(n_kept, n),
        "fields": {name: {"stated": stated[name], "kept": kept[name]} for name in stated},
    }


def sentence(found: Pruning) -> str:
    """The losses in words."""
    lost = {name: both["stated"] - both["kept"] for name, both in found["fields"].items()}
    worst = ", ".join(f"{name} {n}" for name, n in sorted(lost.items(), key=lambda item: -item[1]) if n)
    low, high = found["interval"] or (0.0, 1.0)
    text = (
        f"pruning → reading: of {found['stated']} values that {found['pages']} long pages state, {found['kept']} are in"
        f" what the models read ({found['kept'] / max(1, found['stated']):.3f}, {low:.3f} to {high:.3f})"
    )
    return f"{text}; lost: {worst}." if worst else f"{text}."

"""Pages of the embedded base's own corpus among the training examples, so that fine-tuning on a few layouts keeps what
the base can do on others (rehearsal: Robins 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal").
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

Json = dict[str, Any]
LONGEST = 4_000  # characters of a page: longer ones would be most of the training time
SEED = 800_000_000  # clear of the corpus that the base was trained and judged on


def rows(n: int, seed: int) -> Iterator[tuple[Json, Json]]:
    """`n` pairs of a row ("id", "input", "output") and the schema that is asked of it."""
    from trainer.base.corpus import samples

    short = (sample for sample in samples(SEED + seed) if len(sample.text) <= LONGEST)
    for number, sample in enumerate(islice(short, n)):
        yield {"id": f"replay-{number}", "input": sample.text, "output": sample.record}, sample.schema

"""Look at the corpus: prints samples (text, fields asked, record), or figures about many.

Usage: python -m pretraining.corpus --n 5 --seed 1 [--stats]
Reads the word lists beside it; writes to the screen only.
"""

import argparse
import json
import time
from collections import Counter
from itertools import islice

from pretraining.corpus import samples


def show(n: int, seed: int) -> None:
    """Print n samples for a reader."""
    for sample in islice(samples(seed), n):
        print(f"=== {sample.domain}\n{sample.text}\n--- {' '.join(sample.schema['properties'])}")
        print(json.dumps(sample.record, ensure_ascii=False))


def stats(n: int, seed: int) -> None:
    """Print speed, lengths, the share of each domain and of nulls."""
    start = time.perf_counter()
    drawn = list(islice(samples(seed), n))
    seconds = time.perf_counter() - start
    lengths = sorted(len(s.text) for s in drawn)
    values = [value for s in drawn for value in s.record.values()]
    print(f"{n / seconds:.0f} samples/s, mean {sum(lengths) / n:.0f} characters, "
          f"10/50/90/99/100 %: {[lengths[min(n - 1, int(n * q))] for q in (0.1, 0.5, 0.9, 0.99, 1)]}, "
          f"null {sum(v is None for v in values) / len(values):.3f}, fields {len(values) / n:.1f}")  # fmt: skip
    for domain, count in Counter(s.domain for s in drawn).most_common():
        print(f"{domain:14} {count / n:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stats", action="store_true", help="figures instead of samples")
    args = parser.parse_args()
    (stats if args.stats else show)(args.n, args.seed)


if __name__ == "__main__":
    main()

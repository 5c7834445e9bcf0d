"""The run's ranker: the one that comes with the project, or what it becomes on the run's own pages, if that is better.

Reads data/train.jsonl and validation.jsonl; writes ranker.safetensors and the manifest's `ranker` entry. Judged on the
validation split by the share of values that pruning keeps; where that is the same, the given one has seen more layouts.
Where the given one keeps them all, none is fitted.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from extraction.blocks import Block, blocks
from extraction.json import Json
from extraction.prompt import page
from extraction.prune import Pruner, is_long, rendered
from extraction.ranker import Features, Ranker, features, fields
from extraction.stated import survivors
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.files import atomic_write, read_schema, sha256
from pipeline.manifest import Facts, output_of, record_stage, up_to_date
from pipeline.reading import RANKER, load_ranker, read_as, unpruned
from pipeline.splits import read_split
from trainer.model import check_hub
from trainer.ranker import Page, fit, targets_of

OURS = Path(__file__).parents[1] / "models" / RANKER
FEWEST = 25  # long pages to learn from
STEPS, RATE = 300, 1e-3
Read = tuple[list[Block], Features, Json, Json]  # blocks, their features, schema, record


def choose(config: Config) -> None:
    """Run the stage; does nothing where the ranker is up to date or data.prune is off."""
    if not config.data.prune:
        return
    source = Path(config.data.ranker or OURS)
    if not source.is_file():
        raise UserError(f"data.ranker {source} is not there: give a run's {RANKER}, or leave it out for the project's")
    names = ("train.jsonl", "validation.jsonl", "schema.json")
    inputs = {
        "data": {name: output_of(config.folder, "data", f"data/{name}") for name in names},
        "ranker": sha256(source),
        **read_as(config),
        "page_tokens": config.data.page_tokens,
    }
    if up_to_date(config.folder, "ranker", inputs) or int(os.environ.get("RANK", "0")) > 0:
        return
    check_hub(config.model.model_name_or_path, config.model.revision)  # fitting would be time lost
    given = load_ranker(source, f"give a run's {RANKER} as data.ranker, or leave it out for the project's")
    ranker, facts = chosen(config, given)
    with atomic_write(config.folder / RANKER) as temporary:
        ranker.save(temporary)
    record_stage(config.folder, "ranker", inputs, [config.folder / RANKER], **facts)


def chosen(config: Config, given: Ranker) -> tuple[Ranker, Facts]:
    """The better ranker on the validation split, and what was measured."""
    train, validation = (long_pages(config, name) for name in ("train", "validation"))
    facts: Facts = {"pages": {"train": len(train), "validation": len(validation)}, "chosen": "given"}
    if len(train) < FEWEST or not validation:
        print(f"train: ranker: used as it is; fitting it takes {FEWEST} long pages, and there are {len(train)}")
        return given, facts
    budget = config.data.page_tokens
    measured = {"given": kept(Pruner(given, budget), validation)}
    if measured["given"]["kept"] == 1.0:
        print(f"train: ranker: used as it is; it keeps every value on {len(validation)} long validation pages")
        return given, facts | {"judged": measured}
    learnt = [
        Page(seen, targets) for found, seen, schema, record in train if (targets := targets_of(found, schema, record))
    ]
    fitted = fit(learnt, STEPS, given, config.training.seed, RATE)
    measured["fitted"] = kept(Pruner(fitted, budget), validation)
    best = "fitted" if measured["fitted"]["kept"] > measured["given"]["kept"] else "given"
    print(
        f"train: ranker: of the values on {len(validation)} long validation pages the given one keeps"
        f" {measured['given']['kept']:.3f}, and fitted to {len(learnt)} pages {measured['fitted']['kept']:.3f};"
        f" the {best} one is used"
    )
    return (fitted if best == "fitted" else given), facts | {"judged": measured, "chosen": best}


def long_pages(config: Config, name: str) -> list[Read]:
    """Blocks, features, schema and record of the rows of a split that pruning applies to."""
    rows, schema = read_split(config.folder, name), read_schema(config.folder)
    reader = unpruned(config, schema)
    cleaned = [(page(row["input"], reader), row["output"]) for row in rows]
    found = [(blocks(text), record) for text, record in cleaned if is_long(text)]
    return [(cut, features(cut), schema, record) for cut, record in found if cut]


def kept(pruner: Pruner, pages: Iterable[Read]) -> Json:
    """Of the values that the pages state, the share that pruning keeps; their number; characters read, median."""
    flags: list[bool] = []
    lengths = []
    for found, seen, schema, record in pages:
        read = [found[i] for i in pruner.chosen(found, seen, fields(schema))]
        lengths.append(len(rendered(read)))
        flags += [left for _, left in survivors(found, read, record)]
    return {"kept": sum(flags) / max(1, len(flags)), "characters": median(lengths), "n": len(flags)}

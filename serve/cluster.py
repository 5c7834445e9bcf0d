"""`extract` from a Ray cluster: a map over a Ray Data dataset, with as many actors that ask as there are servers.

    make extract IN=pages/ OUT=records.jsonl HOSTS="gpu-1 gpu-2" RAY=1

RAY_ADDRESS names the cluster; without it Ray starts one on this machine, for this call. Its nodes need fieldsift's
packages and this folder under the same path. What a killed worker was asking for is asked for again; the lines are
written where `extract` runs, so that it goes on as ever.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from serve.batch import Asking
from serve.client import Extractor
from serve.lines import Asked, Line
from serve.result import Extraction

BATCH = 64  # pages of a task: what is asked for again after a kill, at most
WINDOW = 128  # tasks a dataset has, and Ray's object store at once
ROOT = Path(__file__).parents[1]

MakeLine = Callable[[Asked, Extraction], Line]


def answer_all(extractors: Sequence[Extractor], pages: Iterable[Asked], line: MakeLine) -> Iterator[Line]:
    """The line of each page of {"input", …}, in the order in which the tasks end; errors as of `serve.batch`."""
    ray, waiting = started(), iter(pages)
    hosts = [extractor.host for extractor in extractors]
    arguments = {"config": extractors[0].config, "variant": extractors[0].variant, "hosts": hosts, "line": line}
    try:
        while tasks := [ray.put(task) for task in islice(_tasks(waiting), WINDOW)]:
            dataset = ray.data.from_arrow_refs(tasks).map_batches(
                Asker,
                fn_constructor_kwargs=arguments | {"folder": Path.cwd()},
                batch_size=None,
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=len(hosts)),
            )
            for row in dataset.iter_rows():
                answer = json.loads(row["line"])
                if "error" in answer:
                    raise UserError(answer["error"])
                yield answer
    finally:
        ray.shutdown()


def started() -> Any:
    """Ray, connected to its cluster."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what it restarts is said without this too
    try:
        import ray
        import ray.data
    except ImportError:
        raise UserError(
            "RAY=1 needs Ray, and RUNTIME=local: install it with"
            " `.venv/bin/pip install --constraint constraints.txt 'ray[data]'`"
        ) from None
    ray.init(
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
    )
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False  # extract has its own
    return ray


def _tasks(pages: Iterator[Asked]) -> Iterator[Any]:
    """Tables of pages as JSON, a task each."""
    import pyarrow

    while batch := list(islice(pages, BATCH)):
        yield pyarrow.table({"page": [json.dumps(page) for page in batch]})


class Asker:
    """An actor that asks all servers for the pages of a task."""

    def __init__(self, config: Any, variant: str, hosts: Sequence[str], line: MakeLine, folder: Path) -> None:
        os.chdir(folder)  # the run's folder is relative to it
        first, *others = hosts
        extractor = Extractor(config, variant, first)
        self.asking = Asking([extractor, *map(extractor.at, others)])
        self.line = line

    def __call__(self, task: dict[str, Any]) -> dict[str, list[str]]:
        """The lines; a user's error is one more, so that those before it are not lost."""
        lines: list[Line | dict[str, str]] = []
        try:
            for page, found in self.asking.answers(json.loads(page) for page in task["page"]):
                lines.append(self.line(page, found))
        except UserError as error:
            lines.append({"error": str(error)})
        return {"line": [json.dumps(line) for line in lines]}

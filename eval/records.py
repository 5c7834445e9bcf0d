"""What the files of an evaluation hold: a line of samples/<variant>.jsonl, and results.json. Shares are 0 to 1."""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import read_json

VERSION = 2  # of results.json: raised whenever a key changes its meaning or goes
Span = tuple[float, float]  # the ends of a 95 % interval


class Sample(TypedDict):
    """One variant's answer to one example. `prediction`: the first answer's record; `final`: the one that users get."""

    id: str
    slice: str
    reference: Json
    answer: str
    prediction: Json | None
    status: str
    reason: str
    final: Json | None
    final_status: str
    retried: bool
    probability: dict[str, float]
    prompt_tokens: int
    seconds: float


class Row(Sample):
    """A sample with its example joined to it. `columns`: what `eval.slices` asks for."""

    input: str
    group: NotRequired[str]
    columns: NotRequired[dict[str, str]]


class FieldScore(TypedDict):
    """One field of one variant. `agreement` counts what is right in a list or an object that is wrong as a whole."""

    n: int
    accuracy: float | None
    interval: Span | None
    agreement: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    hallucinated: int
    omitted: int
    wrong: int


class Scores(TypedDict):
    """What depends on what counts as right."""

    fields: dict[str, FieldScore]
    mean_field_accuracy: float | None
    interval: Span | None
    record_exact_match: float | None
    record_interval: Span | None
    micro_f1: float | None
    micro_interval: Span | None
    macro_f1: float | None


class Score(TypedDict):
    """All metrics of one variant on one slice."""

    n: int
    groups: int
    normalised: Scores
    raw: Scores
    valid_json: float | None
    valid_schema: float | None
    cut_by_length: float | None
    retried: int
    grounded: float | None
    grounded_fields: dict[str, float | None]
    statuses: dict[str, int]


class FieldChange(TypedDict):
    """What one step did to one field: flips both ways, McNemar's exact p, the same after Holm's correction."""

    right_to_wrong: int
    wrong_to_right: int
    accuracy: float | None
    interval: Span | None
    p: float
    p_holm: float


class Difference(TypedDict):
    """What one step changed on one slice: after minus before, by the normalised match."""

    n: int
    groups: int
    mean_field_accuracy: float | None
    interval: Span | None
    changed_records: int
    fields: dict[str, FieldChange]


class Verdict(TypedDict):
    """The gate's judgement of one served variant. `smallest`: the smallest loss that so many examples can show."""

    before: str
    after: str
    verdict: str
    change: float
    interval: Span | None
    smallest: float | None
    max_loss: float
    fields: list[str]
    sentence: str


class Results(TypedDict):
    """results.json"""

    version: int
    record: dict[str, Any]
    rules: dict[str, str]
    variants: dict[str, dict[str, Score]]
    differences: list[dict[str, Any]]
    gate: list[Verdict]
    pruning: dict[str, Any] | None  # eval.pruning.losses


def read_results(folder: Path) -> Json:
    """The results.json of a run's folder; `UserError` where it is missing, damaged or of another version."""
    path = folder / "results.json"
    results = read_json(path, "run `make eval` first")
    version = results.get("version") if isinstance(results, dict) else None
    if version != VERSION:
        raise UserError(
            f"{path} has version {version}, and this code reads version {VERSION}: run `make eval` again, which asks"
            " nothing that is up to date"
        )
    return dict(results)

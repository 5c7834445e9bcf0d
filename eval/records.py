"""What the files of an evaluation hold: a line of samples/<variant>.jsonl, and results.json. Shares are 0 to 1."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from extraction.json import Json
from extraction.parse import Answer
from pipeline.errors import UserError
from pipeline.files import read_json
from pipeline.manifest import Facts, Served
from pipeline.splits import Example

VERSION = 3  # of results.json: raised whenever a key changes its meaning or goes
Span = tuple[float, float]  # the ends of a 95 % interval


@dataclass(frozen=True)
class Prediction:
    """One variant's answer to one example; variants that are not served have one try and tell no probabilities."""

    row: Example
    first: Answer  # before the second try
    text: str  # as the model wrote it
    prompt_tokens: int  # of all parts
    seconds: float  # of all tries of all parts; in a batch its share
    final: Answer | None = None  # the one that users get, where it may be another
    retried: bool = False
    probability: dict[str, float] = field(default_factory=dict)  # by field


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


class Part(TypedDict):
    """A finer slice, by variant or baseline. Its scores have the keys `mean_field_accuracy` and `interval`."""

    n: int  # examples, or fields
    variants: dict[str, dict[str, Any]]


class Bin(TypedDict):
    """Values of about one probability: their share of all values, mean probability, and the share that is right."""

    share: float
    probability: float
    accuracy: float


class Calibration(TypedDict):
    """What probabilities are worth; n counts fields. `ece`: expected calibration error, raw before the temperature."""

    n_validation: int
    n_test: int
    temperature: float
    ece_raw: float
    ece: float
    bins: list[Bin]
    target: float  # precision that the threshold is for
    threshold: float | None  # of raw probabilities; None where none reaches the target on validation
    coverage: float  # share of the test fields at or above the threshold
    precision: float | None  # of these
    precision_of_all: float
    curve: list[tuple[float, float]]  # (coverage, share right) of the surest fields


class Kept(TypedDict):
    """Values that long pages state, and those of them that pruning keeps."""

    stated: int
    kept: int


class Pruning(Kept):
    """What pruning lost on the test split. `interval`: of the share kept."""

    pages: int
    characters: float  # read of a page, the median
    interval: Span | None
    fields: dict[str, Kept]


class Record(TypedDict):
    """What the figures were made with. SHA-256 sums are hex."""

    run: str
    config: Json
    commit: str | None
    n: dict[str, int]  # examples by slice
    prompt: str  # SHA-256 of the system message
    predictions: dict[str, Facts]  # by variant, from the manifest
    training_device: str | None
    base: NotRequired[Json]  # that was trained, from the manifest: name, weights' SHA-256, a hub's commit
    baselines: dict[str, Facts]  # of those that ask no model, from the manifest
    samples: dict[str, str]  # SHA-256 of the samples file by variant or baseline
    served: dict[str, Served]
    digests: dict[str, dict[str, str]]  # SHA-256 by stage and file


class Results(TypedDict):
    """results.json"""

    version: int
    record: Record
    rules: dict[str, str]  # what counts as equal, by field, in words
    variants: dict[str, dict[str, Score]]  # by variant and slice
    baselines: dict[str, dict[str, Score]]  # by baseline and slice; no step, gate or example is theirs
    differences: list[dict[str, Any]]  # "before", "after", and a Difference by slice
    slices: dict[str, dict[str, Part]]  # finer ones, by column and value
    calibration: Calibration | None
    pruning: Pruning | None
    gate: list[Verdict]


def read_results(folder: Path) -> Results:
    """The results.json of a run's folder; `UserError` where it is missing, damaged or of another version."""
    path = folder / "results.json"
    results = read_json(path, "run `make eval` first")
    if (version := results.get("version")) != VERSION:
        raise UserError(
            f"{path} has version {version}, and this code reads version {VERSION}: run `make eval` again, which asks"
            " nothing that is up to date"
        )
    return cast(Results, results)

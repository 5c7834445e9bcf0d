"""What asking for a page gave: the record or the named failure, how sure the model was of it, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from extraction.again import Ballot, Stated, elect
from extraction.combine import Part, combine, probabilities
from extraction.distinct import distinct_answer
from extraction.evidence import Evidence, Path, evidence
from extraction.ground import ground_answer
from extraction.json import Json
from extraction.parse import Answer
from extraction.prompt import completion
from extraction.schema import without
from pipeline.config import Serve


@dataclass(frozen=True)
class Reply:
    """One answer of the server: parsed, as it came, and the tokens of its prompt by our own count."""

    answer: Answer
    body: Json
    prompt_tokens: int

    @property
    def part(self) -> Part:
        """The reply as extraction.combine reads it."""
        tokens = [(token["token"], token["logprob"]) for token in self.body.get("logprobs") or []]
        return Part(self.answer, self.body.get("message", {}).get("content", ""), tokens)


class Place(TypedDict):
    """Where the page states a value: an XPath, the attribute if it is in one, the characters start to end of that."""

    field: str  # such as offers.0.price
    xpath: str | None
    attribute: str | None
    start: int | None  # null where the page does not state it
    end: int | None


@dataclass(frozen=True)
class Again:
    """The replies to further questions, of fewer blocks, about the `fields` that the first was unsure of."""

    replies: list[Reply]
    fields: list[str]
    stated: Stated


@dataclass(frozen=True)
class Extraction:
    """What asking for one page gave.

    `probability` is each top-level field's: the product of the probabilities of its value's tokens, that is, how
    probable the model thinks this very value is after what it wrote before (0 to 1). Where several answers voted it is
    the mean over them, 0 in those with another value. It is of what the model said, also where `serve.ground`,
    `serve.distinct` or `serve.min_probability` made null of it; a failed answer has none.
    """

    answer: Answer
    first: Answer  # before any further question, and with a value that two fields share (serve.distinct)
    retried: bool  # asked again: with a penalty for repeating, or of fewer blocks (serve.ask_again)
    probability: dict[str, float]
    unsure: list[str]  # fields less probable than serve.min_probability, null where the schema allows it
    page: str  # as it was given
    read: str  # what the model read of it: cleaned, and pruned where it is long
    text: str  # as the model wrote it; the combined record of a page that was asked in parts
    parts: int
    prompt_tokens: int
    answer_tokens: int
    seconds: float  # on our clock, all tries of all parts
    prompt_seconds: float  # on the server's clock, reading
    answer_seconds: float  # and writing
    digest: str  # of the model

    @property
    def evidence(self) -> dict[Path, list[Evidence]]:
        """Where the page states each text and number of the record, the likeliest place first."""
        return evidence(self.answer.record, self.page, self.read) if self.answer.record else {}

    @property
    def places(self) -> list[Place]:
        """Of each text and number in the record the likeliest place, as JSON; `start` is null where there is none."""
        return [_place(path, found) for path, found in self.evidence.items()]

    @classmethod
    def without_answer(cls, answer: Answer, digest: str) -> "Extraction":
        """That of a page which the server never answered."""
        return cls(answer, answer, False, {}, [], "", "", "", 0, 0, 0, 0.0, 0.0, 0.0, digest)


def _place(path: Path, found: list[Evidence]) -> Place:
    field = ".".join(map(str, path))
    if not found:
        return {"field": field, "xpath": None, "attribute": None, "start": None, "end": None}
    best = found[0]
    return {"field": field, "xpath": best.xpath, "attribute": best.attribute, "start": best.start, "end": best.end}


def assemble(
    tries: Sequence[Sequence[Reply]],
    page: str,
    read: str,
    schema: Json,
    settings: Serve,
    *,
    again: Again | None = None,
    seconds: float,
    digest: str,
) -> Extraction:
    """What the replies say of a page, of which the model `read` this; `tries` has one or two replies a part;
    `again` has the further questions', if there were any."""
    firsts, lasts = [replies[0] for replies in tries], [replies[-1] for replies in tries]
    answer, probability, unsure = _judge(lasts, page, read, schema, settings, again)
    counted = [*lasts, *again.replies] if again else lasts
    bodies = [reply.body for reply in counted]
    return Extraction(
        answer=answer,
        first=_judge(firsts, page, read, schema, settings.model_copy(update={"distinct": False}))[0],
        retried=again is not None or any(len(replies) > 1 for replies in tries),
        probability=probability,
        unsure=unsure,
        page=page,
        read=read,
        text=completion(answer.record, schema) if answer.record and (again or len(tries) > 1) else lasts[0].part.text,
        parts=len(tries),
        prompt_tokens=sum(reply.prompt_tokens for reply in counted),
        answer_tokens=sum(body.get("eval_count", 0) for body in bodies),
        seconds=round(seconds, 4),
        prompt_seconds=sum(body.get("prompt_eval_duration", 0) for body in bodies) / 1e9,
        answer_seconds=sum(body.get("eval_duration", 0) for body in bodies) / 1e9,
        digest=digest,
    )


def _judge(
    replies: Sequence[Reply], page: str, read: str, schema: Json, settings: Serve, again: Again | None = None
) -> tuple[Answer, dict[str, float], list[str]]:
    """The answer as the settings let it pass, the probability of each field, and the unsure ones."""
    parts = [reply.part for reply in replies]
    answer, probability = combine(parts, schema), probabilities(parts, schema)
    if again:
        answer, probability = _elected(answer, probability, again, schema)
    if settings.ground:
        answer = ground_answer(answer, page, schema)
    if settings.distinct:
        answer = distinct_answer(answer, read, schema)
    if answer.record is None or settings.min_probability is None:
        return answer, probability, []
    unsure = [name for name in answer.record if probability.get(name, 0.0) < settings.min_probability]
    return replace(answer, record=without(answer.record, unsure, schema)), probability, unsure


def _elected(
    answer: Answer, probability: dict[str, float], again: Again, schema: Json
) -> tuple[Answer, dict[str, float]]:
    """The answer with the values that all answers elect; a failed one gives way."""
    further = [(reply.answer, probabilities([reply.part], schema)) for reply in again.replies]
    answers = [
        (one, given, sure) for one, sure in [(answer, probability), *further] if (given := one.record) is not None
    ]
    if not answers:
        return answer, probability
    ballots = [Ballot(given, sure, again.stated.likelihood(given)) for _, given, sure in answers]
    record, probability = elect(ballots, again.fields)
    return replace(answers[0][0], record=record), probability

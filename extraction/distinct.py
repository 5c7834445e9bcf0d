"""One value, one field: where two fields of a record have a value that the page states once, one of them is wrong.

It is the one whose words stand in the value's line. Where that is none of them, or more, nobody can tell, and all keep
the value.
"""

import html
from collections import defaultdict
from dataclasses import replace

from extraction.json import Json
from extraction.names import plain_words
from extraction.parse import Answer
from extraction.schema import without
from extraction.stated import TAG, folded, wording


def distinct_answer(answer: Answer, read: str, schema: Json) -> Answer:
    """The answer with null for each top-level text or number that another field has and that is labelled as that
    field's in what the model `read`, where the schema allows null; a failed answer as it is."""
    if answer.record is None:
        return answer
    return replace(answer, record=without(answer.record, _wrong(answer.record, read), schema))


def _wrong(record: Json, read: str) -> list[str]:
    """The fields with a value that belongs to another one."""
    having: dict[str, list[str]] = defaultdict(list)
    for name, value in record.items():
        if isinstance(value, str | int | float) and wording(value).strip():
            having[wording(value)].append(name)
    shared = {value: names for value, names in having.items() if len(names) > 1}
    lines = _lines(read) if shared else []
    wrong = []
    for value, names in shared.items():
        stating = [line for line in lines if value in line]
        labels = set().union(*(plain_words(line.replace(value, " ")) for line in stating))
        owners = [name for name in names if plain_words(name) & labels]
        if len(stating) < len(names) and len(owners) == 1:
            wrong += [name for name in names if name not in owners]
    return wrong


def _lines(read: str) -> list[str]:
    """The folded lines of what was read, without markup."""
    return [folded(html.unescape(TAG.sub(" ", line))) for line in read.split("\n")]

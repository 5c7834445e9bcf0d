from extraction.prompt import completion, messages
from trainer.replay import LONGEST, rows


def test_rows_are_short_pages_with_a_schema_each_and_the_seed_decides() -> None:
    made = list(rows(40, seed=1))
    assert made == list(rows(40, seed=1)) != list(rows(40, seed=2))
    assert len({row["id"] for row, _ in made}) == 40
    assert len({tuple(schema["properties"]) for _, schema in made}) > 10
    for row, schema in made:
        assert len(row["input"]) <= LONGEST
        assert list(row["output"]) == list(schema["properties"])
        assert messages(row["input"], schema)
        assert completion(row["output"], schema)


def test_none_is_none() -> None:
    assert list(rows(0, seed=1)) == []

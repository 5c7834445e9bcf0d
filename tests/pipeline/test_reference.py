from pathlib import Path

from pipeline import reference
from pipeline.config import Config

ROOT = Path(__file__).parents[2]


def test_the_reference_is_as_the_fields_are() -> None:
    written = (ROOT / reference.PAGE).read_text(encoding="utf-8")
    assert written == reference.page(), "run `make docs`"


def test_every_key_has_a_row_with_its_default() -> None:
    page = reference.page()
    sections = {name: field.annotation for name, field in Config.model_fields.items() if name != "run"}
    n = 0
    for name, model in sections.items():
        assert f"\n## {name}\n" in page
        assert model is not None
        for key, field in model.model_fields.items():
            n += 1
            assert f"| `{field.alias or key}` |" in page
    assert page.count("\n| `") == n
    assert "| `r` | integer, ≥ `1` | `64` |" in page
    assert '| `bias` | `none`, `all`, `lora_only` | `"none"` |' in page
    assert all(row.count("|") - row.count("\\|") == 5 for row in page.splitlines() if row.startswith("| `"))

import json
from pathlib import Path

import pytest

from benchmarks.recipes import samples
from pipeline.errors import UserError

PAGE = (
    '<script type="application/ld+json">{"author": "Ines Barros"}</script><h1>Lentil soup</h1><p>by Tom Reed</p>'
    "<p>Cuisine: Turkish</p>"
)


def write(folder: Path, html: str, **given: object) -> None:
    folder.mkdir(parents=True)
    (folder / "one.testhtml").write_text(html)
    (folder / "one.json").write_text(json.dumps(given))


def test_a_page_is_asked_for_what_it_states_to_readers(tmp_path: Path) -> None:
    data = tmp_path / "tests" / "test_data"
    write(data / "a.example", PAGE, title="Lentil soup", author="Ines Barros", cuisine="Turkish", category="Starter")
    write(data / "b.example", PAGE, title="Lentil soup", author="Tom Reed", site_name="Tom  reed", total_time=45)
    (sample,) = samples(tmp_path)
    assert (sample.domain, sample.text) == ("a.example", PAGE)
    assert sample.record == {"title": "Lentil soup", "cuisine": "Turkish"}
    assert list(sample.schema["properties"]) == ["title", "cuisine"]


def test_another_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give a clone of"):
        next(samples(tmp_path))

"""The documents say what is there: links, the picture of the stages, the README's length."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import picture

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"\bmake ((?:[a-z-]+ ?)+)")
FEW = 900  # words
PAGES = sorted(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()
)  # fmt: skip


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The links of a page that lead to no file or heading of the project."""
    wrong = []
    for link in LINK.findall(FENCED.sub("", page.read_text())):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


def test_there_are_pages() -> None:
    assert {ROOT / "README.md", ROOT / "DESIGN.md", ROOT / "docs" / "results.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not broken(page)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A heading\n[here](#a-heading) [away](none.md) [below](#none) [web](https://example.org)\n")
    assert broken(page) == ["none.md", "#none"]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= FEW


def test_the_readme_links_every_document() -> None:
    linked = {(ROOT / link.partition("#")[0]) for link in LINK.findall((ROOT / "README.md").read_text())}
    assert set((ROOT / "docs").glob("*.md")) <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_target_that_a_page_names_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = re.findall(r"^make [^\n]*|`make [^`\n]*`", page.read_text(), re.MULTILINE)
    named = {word for command in commands for found in MAKE.findall(command) for word in found.split()}
    assert named <= targets, named - targets


def test_the_picture_is_the_makefiles() -> None:
    found = picture.PLACE.search((ROOT / picture.PAGE).read_text())
    assert found, f"{picture.PAGE} has no picture"
    assert found[0] == picture.picture((ROOT / "Makefile").read_text()), "run `make docs`"


@pytest.mark.parametrize("stage", picture.WRITES)
def test_a_stage_names_the_files_that_the_picture_gives_it(stage: str) -> None:
    targets = {found["name"]: found for found in picture.TARGET.finditer((ROOT / "Makefile").read_text())}
    module = picture.MODULE.search(targets[stage]["recipe"])
    assert module
    package = ROOT / module[1].split(".")[0]
    sources = "\n".join(path.read_text() for path in [*package.glob("*.py"), ROOT / "pipeline" / "manifest.py"])
    assert not [name for name in picture.WRITES[stage] if name not in sources]


@pytest.mark.parametrize(
    ("begin", "end"),
    [("To follow one page from", "All that runs for a short page"), ("To follow one example of", "## The house")],
)
def test_what_to_read_names_definitions_that_are_there(begin: str, end: str) -> None:
    """DESIGN.md's lists of what to read: each name is in its file, and there are as many as it says."""
    text = (ROOT / "DESIGN.md").read_text()
    way = text[text.index(begin) : text.index(end)]
    counted = re.search(r"these (\d+) definitions in (\d+) files", way)
    assert counted
    files, names = set[str](), 0
    for step in way[counted.end() :].split("→"):
        path, *found = re.findall(r"`([^`]+)`", step)
        defined = set(definitions(ROOT / path))
        assert found
        assert set(found) <= defined, (path, set(found) - defined)
        files.add(path)
        names += len(found)
    assert (names, len(files)) == (int(counted[1]), int(counted[2]))


def definitions(path: Path) -> Iterator[str]:
    """The functions of a module, methods by `Class.method`."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef))

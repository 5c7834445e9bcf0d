"""A hub of one model on a free port: what huggingface_hub asks for when it fetches a snapshot."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import http_server

COMMIT = "c0ffee" + "0" * 34


class Hub(http_server.Server):
    """Serves `folder` as the model toys/tiny; `asked` are the files that were fetched."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Handler)
        self.folder = folder
        self.asked: list[str] = []


class Handler(http_server.Handler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/api/models/toys/tiny/tree/"):
            files = [file for file in self.server.folder.iterdir() if file.is_file()]
            tree = [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0" * 40} for f in files]
            return self.reply(200, tree)
        if path.startswith("/api/models/toys/tiny"):
            names = [{"rfilename": file.name} for file in self.server.folder.iterdir()]
            return self.reply(200, {"id": "toys/tiny", "sha": COMMIT, "siblings": names})
        file = self.server.folder / path.rpartition("/")[2]
        if not path.startswith("/toys/tiny/resolve/") or not file.is_file():
            return self.reply(404, {}, X_Error_Code="RepoNotFound")
        if self.command == "GET":
            self.server.asked.append(file.name)
        content = file.read_bytes()
        return self.reply(200, content, ETag=f'"{hashlib.sha1(content).hexdigest()}"', X_Repo_Commit=COMMIT)


@pytest.fixture
def hub(toy_base: Path) -> Iterator[Hub]:
    with Hub(toy_base).running() as server:
        yield server

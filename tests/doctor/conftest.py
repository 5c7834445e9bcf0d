"""A hub of one model on a free port: what huggingface_hub asks for when it fetches a snapshot."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "c0ffee" + "0" * 34


class Hub(ThreadingHTTPServer):
    """Serves `folder` as the model toys/tiny; `asked` are the files that were fetched."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/api/models/toys/tiny/tree/"):
            files = [file for file in self.server.folder.iterdir() if file.is_file()]
            tree = [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0" * 40} for f in files]
            return self.reply(json.dumps(tree).encode())
        if path.startswith("/api/models/toys/tiny"):
            names = [{"rfilename": file.name} for file in self.server.folder.iterdir()]
            return self.reply(json.dumps({"id": "toys/tiny", "sha": COMMIT, "siblings": names}).encode())
        file = self.server.folder / path.rpartition("/")[2]
        if not path.startswith("/toys/tiny/resolve/") or not file.is_file():
            return self.reply(b"{}", 404, {"X-Error-Code": "RepoNotFound"})
        if self.command == "GET":
            self.server.asked.append(file.name)
        content = file.read_bytes()
        return self.reply(content, 200, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT})

    def reply(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(toy_base: Path) -> Iterator[Hub]:
    server = Hub(toy_base)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()

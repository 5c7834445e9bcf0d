"""A local page to look at what a served model extracts, to correct it, and to save the corrections as examples.

    python -m serve.ui [--port 8321] [--answers answers.jsonl --in pages/]

Listens on 127.0.0.1 only. The models must be served (`make serve`).
"""

import argparse
from pathlib import Path

import uvicorn

from pipeline.errors import UserError, run
from serve.embedded import listen
from serve.ports import address
from serve.ui import runs
from serve.ui.app import Session, application
from serve.ui.batch import Batch

PORT = 8321


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=PORT, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--answers", type=Path, help="what `make extract` wrote")
    parser.add_argument("--in", dest="source", type=Path, help="the pages that it was asked for: its IN")
    options = parser.parse_args()
    if not runs.names():
        raise UserError("no run is served yet: run `make serve` first")
    if options.source and not options.answers:
        raise UserError(f"IN={options.source} has no answers: give OUT=… too, or run `make extract` first")
    batch = Batch(options.answers, options.source) if options.answers else None
    listener = listen("127.0.0.1", options.port)
    port = listener.getsockname()[1]
    print(f"ui: http://127.0.0.1:{port}/ (Ctrl-C ends it); asks {address()}", flush=True)
    config = uvicorn.Config(application(Session(address(), batch), port), log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    run(main)

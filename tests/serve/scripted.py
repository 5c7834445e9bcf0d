"""A small HTTP server that answers what a test tells it, an exported run to ask for, and replies of its model."""

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from extraction.json import Json
from extraction.prompt import messages
from pipeline.config import Config, load
from pipeline.files import write_text
from pipeline.manifest import record_stage
from serve.client import Extractor
from tests import http_server
from tests.conftest import give_ranker

SCHEMA = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}
DIGEST = "d" * 64
GOOD = {"message": {"content": '{"a": "x"}'}, "done": True, "done_reason": "stop"}


class Scripted(http_server.Server):
    """Answers /api/chat with `replies` in turn, the last one again and again; keeps the requests."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(Handler, port)
        self.replies: list[tuple[int, Json]] = []
        self.requests: list[Json] = []
        self.digests = [DIGEST]  # of the model, in turn, the last one again and again
        self.answer: Callable[[Json], tuple[int, Json] | None] = lambda _: self._next()  # None drops the connection

    def close_after(self, n: int) -> None:
        """Drop the connections of all requests after `n`, and let no more in."""
        answer = self.answer

        def closing(request: Json) -> tuple[int, Json] | None:
            if len(self.requests) > n:
                self.socket.close()
                return None
            return answer(request)

        self.answer = closing

    def _next(self) -> tuple[int, Json]:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class Handler(http_server.Handler):
    server: Scripted

    def do_GET(self) -> None:
        digests = self.server.digests
        digest = digests.pop(0) if len(digests) > 1 else digests[0]
        self.reply(200, {"models": [{"model": "asked:q4_k_m", "digest": digest}] if digest else []})

    def do_POST(self) -> None:
        request = self.read()
        self.server.requests.append(request)
        if reply := self.server.answer(request):
            self.reply(*reply)


def exported(workspace: Path, toy_base: Path) -> Config:
    """An exported run: prompt, schema and tokenizer."""
    write_text(workspace / "c.yaml", "run: asked\n")
    folder = workspace / "artifacts" / "asked"
    pieces = {"before": "<|system|>", "between": "<|end|><|user|>", "after": "<|end|><|assistant|>"}
    parity = {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}], "n_tokens": 7}
    parity["rendered"] = "<|system|>S<|end|><|user|>U<|end|><|assistant|>"
    exported = pieces | {"stop": ["<|end|>"], "add_bos_token": False, "parity": [parity]}
    write_text(folder / "gguf" / "prompt.json", json.dumps(exported))
    write_text(folder / "data" / "schema.json", json.dumps(SCHEMA))
    give_ranker(folder)
    record_stage(folder, "serve", {}, [], served={"q4_k_m": {"model": "asked:q4_k_m", "digest": DIGEST}})
    write_text(folder / "merged" / "tokenizer.json", (toy_base / "tokenizer.json").read_text(encoding="utf-8"))
    return load(workspace / "c.yaml")


def counted(extractor: Extractor, page: str, body: Json) -> Json:
    """A reply whose token count is the page's."""
    return body | {"prompt_eval_count": extractor.n_tokens(messages(page, SCHEMA))}


def copying(extractor: Extractor) -> Callable[[Json], tuple[int, Json]]:
    """A server's answer that copies the page's text into the record."""

    def answer(request: Json) -> tuple[int, Json]:
        text = re.sub("<[^>]*>", "", request["messages"][1]["content"])
        content = json.dumps({"a": text}, ensure_ascii=False)
        body = {"message": {"content": content}, "eval_count": 3, "logprobs": [{"token": content, "logprob": -0.1}]}
        return 200, GOOD | body | {"prompt_eval_count": extractor.n_tokens(request["messages"])}

    return answer


def main() -> None:
    """`python -m tests.serve.scripted PORT`: a copying server in a process of its own, which a test may kill."""
    server = Scripted(int(sys.argv[1]))
    copy = copying(Extractor(load(Path("c.yaml")), "q4_k_m", server.url))

    def answer(request: Json) -> tuple[int, Json]:
        time.sleep(0.01)
        return copy(request)

    server.answer = answer
    server.serve_forever()


if __name__ == "__main__":
    main()

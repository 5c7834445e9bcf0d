"""The one way to ask a served model: greedy, held to the schema, never cut silently, checked."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import ollama
from tokenizers import Tokenizer

from extraction.config import Config
from extraction.errors import UserError
from extraction.files import read_schema
from extraction.parse import Answer, Status, parse
from extraction.prompt import Messages, messages

Json = dict[str, Any]
CIRCLES_PENALTY = 1.3
TIMEOUT = httpx.Timeout(600.0, connect=5.0)  # seconds; the first answer waits for the model to load


@dataclass(frozen=True)
class Prompt:
    """What `make export` found out of the base model's chat template; `gguf/prompt.json`."""

    before: str
    between: str
    after: str
    stop: list[str]
    add_bos_token: bool
    parity: list[Json] = field(default_factory=list)

    def render(self, chat: Messages) -> str:
        """The prompt as the server should render it; a BOS that the server's tokenizer adds is not in it."""
        system, user = chat
        return f"{self.before}{system['content']}{self.between}{user['content']}{self.after}"


def read_prompt(run: Path) -> Prompt:
    """The exported prompt of a run folder."""
    path = run / "gguf" / "prompt.json"
    if not path.is_file():
        raise UserError(f"{path} is not there: run `make export` first")
    return Prompt(**json.loads(path.read_text(encoding="utf-8")))


def unreachable(host: str) -> UserError:
    """The error for a server that does not answer."""
    return UserError(
        f"no Ollama answers at {host}: start one with `make serve` or set OLLAMA_HOST; what is done is kept"
    )


class Extractor:
    """Asks one served model of a run. `host`: base URL, such as http://127.0.0.1:11434."""

    def __init__(self, config: Config, variant: str, host: str) -> None:
        self.host = host
        self.model = f"{config.serve.name}:{variant}"
        self.options = config.serve.model_dump(exclude={"name"})
        self.prompt = read_prompt(config.folder)
        self.schema = read_schema(config.folder)
        self.tokenizer = Tokenizer.from_file(str(config.folder / "merged" / "tokenizer.json"))
        self.http = httpx.Client(base_url=host, timeout=TIMEOUT)

    def digest(self) -> str | None:
        """The digest of the model as the server lists it; None where the server does not have it."""
        try:
            models = ollama.Client(host=self.host).list().models
        except (ConnectionError, httpx.TransportError):
            raise unreachable(self.host) from None
        return next((model.digest for model in models if model.model == self.model), None)

    def n_tokens(self, chat: Messages) -> int:
        """Our own count of the prompt's tokens, which the server's `prompt_eval_count` must equal."""
        ids = self.tokenizer.encode(self.prompt.render(chat), add_special_tokens=False).ids
        return len(ids) + self.prompt.add_bos_token

    def ask(self, text: str) -> tuple[Answer, Json]:
        """The parsed answer for one page, and the server's own response body.

        An answer that ran in circles until the server or num_predict ended it is asked for once more, with a
        penalty for repeating, which no other answer gets: it would be one for copying.
        """
        answer, body = self._once(text, self.options)
        if answer.status in (Status.ABORTED, Status.CUT_BY_LENGTH):
            second, second_body = self._once(text, self.options | {"repeat_penalty": CIRCLES_PENALTY})
            if second.record is not None:
                return second, second_body
        return answer, body

    def _once(self, text: str, options: Json) -> tuple[Answer, Json]:
        chat = messages(text, self.schema)
        # The ollama client has no argument for `truncate` and `shift`; both must be the same on every call.
        body = {"model": self.model, "messages": chat, "stream": False, "format": self.schema, "options": options}
        try:
            response = self.http.post("/api/chat", json=body | {"truncate": False, "shift": False})
        except httpx.TransportError:
            raise unreachable(self.host) from None
        try:
            answer: Json = response.json()
        except ValueError:
            raise UserError(
                f"{self.host} answered HTTP {response.status_code} without JSON: is it an Ollama?"
            ) from None
        return self._judge(response.status_code, answer, self.n_tokens(chat)), answer

    def _judge(self, status: int, answer: Json, n_tokens: int) -> Answer:
        if status == 400 and "exceeds the available context size" in answer.get("error", ""):
            limit = self.options["num_ctx"]
            return Answer(None, Status.TOO_LONG, f"{n_tokens} prompt tokens, num_ctx is {limit}; raise serve.num_ctx")
        if status != 200:
            raise UserError(f"{self.host} refused {self.model} with HTTP {status}: {answer.get('error')}")
        if not answer["done"]:
            return Answer(None, Status.ABORTED, "the server ended the answer early (done: false)")
        if answer.get("prompt_eval_count") != n_tokens:
            reason = f"the server read {answer.get('prompt_eval_count')} prompt tokens, ours has {n_tokens}"
            return Answer(None, Status.PROMPT_CHANGED, reason)
        return parse(answer["message"]["content"], self.schema, cut=answer["done_reason"] == "length")

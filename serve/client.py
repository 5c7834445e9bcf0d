"""The one way to ask a served model: greedy, held to the schema, never cut silently, checked."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import ollama
from tokenizers import Tokenizer

from extraction.combine import Part, combine
from extraction.ground import judged
from extraction.json import Json
from extraction.parse import Answer, Status, parse
from extraction.prompt import Messages, completion, messages
from extraction.split import chats
from pipeline.config import Config, Serve
from pipeline.errors import UserError
from pipeline.files import read_schema

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


def too_long(n_tokens: int, settings: Serve) -> str:
    """Why a prompt of so many tokens gets no answer."""
    remedy = "" if settings.on_overlong == "split" else ", or let serve.on_overlong=split ask in parts"
    return f"{n_tokens} prompt tokens, num_ctx is {settings.num_ctx}; raise serve.num_ctx{remedy}"


class Extractor:
    """Asks one served model of a run. `host`: base URL, such as http://127.0.0.1:11434."""

    def __init__(self, config: Config, variant: str, host: str) -> None:
        self.host = host
        self.model = f"{config.serve.name}:{variant}"
        self.settings = config.serve
        self.cleaned = config.data.clean
        self.prompt = read_prompt(config.folder)
        self.schema = read_schema(config.folder)
        self.tokenizer = Tokenizer.from_file(str(config.folder / "merged" / "tokenizer.json"))
        self.http = httpx.Client(base_url=host, timeout=TIMEOUT)
        self.longest_page = config.serve.max_prompt - self.n_tokens(messages("", self.schema))

    def digest(self) -> str | None:
        """The digest of the model as the server lists it; None where the server does not have it."""
        try:
            models = ollama.Client(host=self.host).list().models
        except (ConnectionError, httpx.TransportError):
            raise unreachable(self.host) from None
        return next((model.digest for model in models if model.model == self.model), None)

    def n_tokens(self, chat: Messages) -> int:
        """Our own count of the prompt's tokens, which the server's `prompt_eval_count` must equal."""
        return self._count(self.prompt.render(chat)) + self.prompt.add_bos_token

    def chats(self, text: str) -> list[Messages]:
        """What is asked for a page: one chat, or one for each part where it is too long and is to be split."""
        chat = messages(text, self.schema, self.cleaned)
        if self.settings.on_overlong == "error":
            return [chat]
        return chats(chat, self._count, self.longest_page, self.settings.part_tokens)

    def ask(self, text: str) -> tuple[Answer, Json]:
        """The parsed answer for one page, and the server's own response body.

        Of a page in parts, the body has the combined record as its text and the token counts of all parts.
        """
        first, *others = self.chats(text)
        if others:
            answer, body = _combined([self._ask(chat, logprobs=True) for chat in (first, *others)], self.schema)
        else:
            answer, body = self._ask(first)
        return judged(answer, text, self.schema) if self.settings.ground else answer, body

    def _count(self, text: str) -> int:
        return len(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def _ask(self, chat: Messages, **more: Any) -> tuple[Answer, Json]:
        """The answer to one chat; `more` goes into the request.

        An answer that ran in circles until the server or num_predict ended it is asked for once more, with a
        penalty for repeating, which no other answer gets: it would be one for copying.
        """
        options = self.settings.options
        answer, body = self._once(chat, options, more)
        if answer.status in (Status.ABORTED, Status.CUT_BY_LENGTH):
            second, second_body = self._once(chat, options | {"repeat_penalty": CIRCLES_PENALTY}, more)
            if second.record is not None:
                return second, second_body
        return answer, body

    def _once(self, chat: Messages, options: Json, more: Json) -> tuple[Answer, Json]:
        body = {
            "model": self.model,
            "messages": chat,
            "stream": False,
            "format": self.schema,
            "options": options,
            **more,
        }
        # The ollama client has no argument for `truncate` and `shift`; both must be the same on every call.
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
            return Answer(None, Status.TOO_LONG, too_long(n_tokens, self.settings))
        if status != 200:
            raise UserError(f"{self.host} refused {self.model} with HTTP {status}: {answer.get('error')}")
        if not answer["done"]:
            return Answer(None, Status.ABORTED, "the server ended the answer early (done: false)")
        if answer.get("prompt_eval_count") != n_tokens:
            reason = f"the server read {answer.get('prompt_eval_count')} prompt tokens, ours has {n_tokens}"
            return Answer(None, Status.PROMPT_CHANGED, reason)
        return parse(answer["message"]["content"], self.schema, cut=answer["done_reason"] == "length")


def _combined(asked: list[tuple[Answer, Json]], schema: Json) -> tuple[Answer, Json]:
    """The answer and the response body that stand for those to all parts of a page."""
    parts = []
    for answer, body in asked:
        tokens = [(token["token"], token["logprob"]) for token in body.get("logprobs", [])]
        parts.append(Part(answer, body.get("message", {}).get("content", ""), tokens))
    answer = combine(parts, schema)
    text = parts[0].text if answer.record is None else completion(answer.record, schema)
    counts = {name: sum(body.get(name, 0) for _, body in asked) for name in ("prompt_eval_count", "eval_count")}
    return answer, asked[0][1] | {"message": {"role": "assistant", "content": text}} | counts

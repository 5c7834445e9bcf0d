"""The one way to ask a served model: greedy, held to the schema, never cut silently, checked."""

import time
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import httpx
from tokenizers import Tokenizer

from extraction.again import Stated, unsure
from extraction.combine import probabilities
from extraction.json import Json
from extraction.parse import Answer, Status, parse_answer
from extraction.prompt import Messages, Reader, messages
from extraction.prompt import page as cleaned
from extraction.prune import is_long
from extraction.schema import fields
from extraction.special import show
from extraction.split import chats
from pipeline.config import Config, Serve
from pipeline.errors import UserError
from pipeline.files import read_json, read_schema
from pipeline.manifest import served_models
from pipeline.reading import reader
from serve.result import Again, Extraction, Reply, assemble

REPEAT_PENALTY = 1.3
TIMEOUT = httpx.Timeout(600.0, connect=5.0)  # seconds; the first answer waits for the model to load


@dataclass(frozen=True)
class Prompt:
    """What `make export` found out of the base model's chat template; `gguf/prompt.json`."""

    before: str
    between: str
    after: str
    stop: list[str]
    add_bos_token: bool
    special: list[str] = field(default_factory=list)  # tokens that no page may bring into the prompt
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
    try:
        return Prompt(**read_json(path, "run `make export` again"))
    except TypeError:  # a key that is missing or new
        raise UserError(f"{path} is of another version of fieldsift: run `make export` again") from None


def read_tokenizer(run: Path) -> Tokenizer:
    """The tokenizer of a run's merged model."""
    path = run / "merged" / "tokenizer.json"
    if not path.is_file():
        raise UserError(f"{path} is not there: run `make export` first")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library has no type of its own for a file that it cannot read
        raise UserError(f"{path} cannot be read ({error}): remove it and run `make export` again") from None


class UnavailableError(UserError):
    """The server did not answer this time. Asking again may help.

    `busy`: it said so. `while_answering`: it had taken the page and failed, which may be the page's doing.
    """

    def __init__(self, message: str, *, busy: bool = False, while_answering: bool = False) -> None:
        super().__init__(message)
        self.busy = busy
        self.while_answering = while_answering


def unreachable(host: str, *, while_answering: bool = False) -> UnavailableError:
    """The error for a server that does not answer."""
    return UnavailableError(
        f"no Ollama answers at {host}: start one with `make serve` or set OLLAMA_HOST; what is done is kept",
        while_answering=while_answering,
    )


def served_digest(run: Path, variant: str) -> str:
    """The digest that the server gave a variant of a run when `make serve` created it."""
    served = served_models(run)
    if variant not in served:
        raise UserError(f"the manifest of {run} has no served {variant}: run `make serve` first")
    return served[variant]["digest"]


def too_long(n_tokens: int, settings: Serve) -> str:
    """Why a prompt of so many tokens gets no answer."""
    remedy = "" if settings.on_overlong == "split" else ", or let serve.on_overlong=split ask in parts"
    return f"{n_tokens} prompt tokens, num_ctx is {settings.num_ctx}; raise serve.num_ctx{remedy}"


class Further(NamedTuple):
    """Questions of ever fewer blocks, what the ranker thinks of the page's values, and `serve.ask_again`."""

    chats: list[Messages]
    stated: Stated
    least: float


class Extractor:
    """Asks one served model of a run; threads may share it. `host`: base URL, such as http://127.0.0.1:11434."""

    def __init__(self, config: Config, variant: str, host: str) -> None:
        self.config = config
        self.host = host
        self.model = f"{config.serve.name}:{variant}"
        self.run = config.folder
        self.variant = variant
        self.settings = config.serve
        self.prompt = read_prompt(config.folder)
        self.schema = read_schema(config.folder)
        self.tokenizer = read_tokenizer(config.folder)
        self.reader = reader(config)
        self.http = httpx.Client(base_url=host, timeout=TIMEOUT)
        self._checked = False
        self.longest_page = config.serve.max_prompt - self.n_tokens(self._chat(""))

    def at(self, host: str) -> "Extractor":
        """The same for another server."""
        other = copy(self)
        other.host, other.http, other._checked = host, httpx.Client(base_url=host, timeout=TIMEOUT), False
        return other

    @cached_property
    def expected(self) -> str:
        """The digest that the model must have: the manifest's."""
        return served_digest(self.run, self.variant)

    def digest(self) -> str | None:
        """The digest of the model as the server lists it; None where the server does not have it."""
        try:
            response = self.http.get("/api/tags")
        except httpx.TransportError:
            raise unreachable(self.host) from None
        models = self._body(response).get("models") or []
        return next((model["digest"] for model in models if model["model"] == self.model), None)

    def check(self) -> None:
        """Raise `UserError` unless the server has the very model that the manifest names."""
        found = self.digest()
        if found != self.expected:
            what = f"has the digest {found}" if found else "is not there"
            raise UserError(
                f"{self.model} at {self.host} {what}, the manifest of {self.run} says {self.expected}: run `make serve`"
                " again"
            )

    def n_tokens(self, chat: Messages) -> int:
        """Our own count of the prompt's tokens, which the server's `prompt_eval_count` must equal."""
        return self._count(self.prompt.render(chat)) + self.prompt.add_bos_token

    def chats(self, page: str) -> list[Messages]:
        """What is asked for a page: one chat, or one for each part where it is too long and is to be split."""
        chat = self._chat(page)
        if self.settings.on_overlong == "error":
            return [chat]
        return chats(chat, self._count, self.longest_page, self.settings.part_tokens)

    def reading(self, page: str) -> str:
        """What the model reads of a page: cleaned, pruned, in parts where it is too long."""
        return _reading(self.chats(page))

    def ask(self, page: str) -> Extraction:
        """The record of one page or its named failure, from the very model that the manifest names.

        The model is checked before the first answer and after each one, because another run may be served under its
        name at any time.
        """
        started = time.monotonic()
        if not self._checked:
            self.check()
            self._checked = True
        chats = self.chats(page)
        further = self._further(page, chats)
        tries = [self._ask(chat) for chat in chats]
        again = self._ask_again(further, tries[0][-1]) if further else None
        self.check()
        facts = {"seconds": time.monotonic() - started}
        read, digest = _reading(chats), self.expected
        return assemble(tries, page, read, self.schema, self.settings, again=again, digest=digest, **facts)

    def _chat(self, page: str, reader: Reader | None = None) -> Messages:
        return messages(page, self.schema, reader or self.reader, self.prompt.special)

    def _further(self, page: str, chats: list[Messages]) -> Further | None:
        """What may be asked further of a page that is read pruned, in one part."""
        pruner, least, whole = self.reader.pruner, self.settings.ask_again, cleaned(page, self.reader)
        if least is None or pruner is None or len(chats) > 1 or not is_long(whole):
            return None
        fewer = [self._chat(page, replace(self.reader, pruner=narrow)) for narrow in pruner.narrowed()]
        different = [chat for before, chat in pairwise([chats[0], *fewer]) if chat != before]
        if not different:
            return None
        return Further(different, Stated(*pruner.ranked(whole, self.schema)), least)

    def _ask_again(self, further: Further, first: Reply) -> Again | None:
        """The replies to the further questions, where the first left a field open."""
        sure = probabilities([first.part], self.schema)
        names = unsure(first.answer.record, sure, fields(self.schema), further.least)
        return Again([self._ask(chat)[-1] for chat in further.chats], names, further.stated) if names else None

    def _count(self, text: str) -> int:
        return len(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def _ask(self, chat: Messages) -> list[Reply]:
        """The reply to one chat, or the first and the one that counts where it was asked twice.

        An answer that repeated itself until the server or num_predict ended it is asked for once more, with a repeat
        penalty. No other answer gets one: it would punish copying.
        """
        options = self.settings.options
        first = self._once(chat, options)
        if first.answer.status not in (Status.ABORTED, Status.CUT_BY_LENGTH):
            return [first]
        second = self._once(chat, options | {"repeat_penalty": REPEAT_PENALTY})
        return [first, first if second.answer.record is None else second]

    def _once(self, chat: Messages, options: Json) -> Reply:
        body = {
            "model": self.model,
            "messages": chat,
            "stream": False,
            "format": self.schema,
            "options": options,
            "logprobs": True,
        }
        if self.settings.deterministic:  # which Ollama does not know, and ignores
            body["deterministic"] = True
        # The ollama client has no argument for `truncate` and `shift`; both must be the same on every call.
        try:
            response = self.http.post("/api/chat", json=body | {"truncate": False, "shift": False})
        except httpx.ReadTimeout:
            message = f"{self.host} did not answer within {TIMEOUT.read:.0f} s; what is done is kept"
            raise UnavailableError(message, while_answering=True) from None
        except httpx.TransportError as error:
            away = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise unreachable(self.host, while_answering=not away) from None
        answer = self._body(response)
        n_tokens = self.n_tokens(chat)
        return Reply(self._judge(response.status_code, answer, n_tokens), answer, n_tokens)

    def _body(self, response: httpx.Response) -> Json:
        """The JSON of a response; an error of the server's own is `UnavailableError`."""
        try:
            body = response.json()
        except ValueError:
            body = None
        if response.status_code >= 500:
            reason = body.get("error") if isinstance(body, dict) else response.reason_phrase
            busy = response.status_code == httpx.codes.SERVICE_UNAVAILABLE
            raise UnavailableError(
                f"{self.host} answered HTTP {response.status_code} to {self.model}: {reason}",
                busy=busy,
                while_answering=not busy,
            )
        if not isinstance(body, dict):
            raise UserError(f"{self.host} answered HTTP {response.status_code} without JSON: is it an Ollama?")
        return body

    def _judge(self, status: int, answer: Json, n_tokens: int) -> Answer:
        if status == 400 and "exceeds the available context size" in str(answer.get("error")):
            return Answer(None, Status.TOO_LONG, too_long(n_tokens, self.settings))
        if status != 200:
            raise UserError(f"{self.host} refused {self.model} with HTTP {status}: {answer.get('error')}")
        if not answer["done"]:
            return Answer(None, Status.ABORTED, "the server ended the answer early (done: false)")
        if answer.get("prompt_eval_count") != n_tokens:
            reason = f"the server read {answer.get('prompt_eval_count')} prompt tokens, ours has {n_tokens}"
            return Answer(None, Status.PROMPT_CHANGED, reason)
        return parse_answer(show(answer["message"]["content"]), self.schema, cut=answer["done_reason"] == "length")


def _reading(chats: list[Messages]) -> str:
    return show("\n".join(chat[1]["content"] for chat in chats))

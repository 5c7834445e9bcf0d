"""The extractor as an object: a run folder and a host, then one call a page."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import Field

from extraction.json import Json
from extraction.parse import Status
from pipeline.config import Config, load
from pipeline.errors import UserError
from serve.client import Extractor as Client
from serve.located import Value, values
from serve.ports import address
from serve.result import Extraction


@dataclass(frozen=True)
class Result:
    """What a page gave. `extraction` has the rest: tokens, seconds, parts, whether it was asked twice."""

    page: str
    extraction: Extraction

    @property
    def record(self) -> Json | None:
        """The fields, or None where `status` is not "ok"."""
        return self.extraction.answer.record

    @property
    def status(self) -> Status:
        """ "ok" or a named failure, which compares equal to its text."""
        return self.extraction.answer.status

    @property
    def reason(self) -> str:
        """What was wrong, in words; empty where nothing was."""
        return self.extraction.answer.reason

    @cached_property
    def values(self) -> list[Value]:
        """Each value with its probability, whether the page states it, and where it stands."""
        return values(self.record or {}, self.page, self.extraction.read, self.extraction.probability)


class _Run(Config):
    """The config of a run folder that may lie anywhere."""

    root: Path = Field(exclude=True)

    @property
    def folder(self) -> Path:
        return self.root


class Extractor:
    """Asks the served model of one run; threads may share it.

    `run`: its folder. `host`: base URL of the server; by default OLLAMA_HOST, else http://127.0.0.1:11434. `variant`:
    by default the run's first quantization. Raises `UserError`, whose message names the remedy.
    """

    def __init__(self, run: str | Path, host: str | None = None, variant: str | None = None) -> None:
        folder = Path(run)
        if not (folder / "config.yaml").is_file():
            raise UserError(f"{folder} is no run folder: it has no config.yaml (`make serve` leaves artifacts/<run>/)")
        config = _Run.model_validate(load(folder / "config.yaml").model_dump(by_alias=True) | {"root": folder})
        self._client = Client(config, variant or config.export.quantization_method[0], host or address())

    @property
    def schema(self) -> Json:
        """The JSON Schema of a record."""
        return self._client.schema

    def extract(self, page: str) -> Result:
        """The record of one page, a string of HTML or text: cleaned, in parts where it is long, checked, located."""
        return Result(page, self._client.ask(page))

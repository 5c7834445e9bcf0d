"""Ask for many pages at once, and again where the server fails; the one path of `ask`, `extract` and the evaluation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base

from extraction.parse import Answer, Status
from serve.client import Extractor, UnavailableError
from serve.concurrency import Concurrency
from serve.result import Extraction
from serve.servers import Servers

PATIENCE = 180.0  # seconds that a page waits for a server that is away or busy
FAULTS = 5  # failures of the server while it answers a page, after which the page is taken to be the cause
Row = TypeVar("Row", bound=Mapping[str, Any])  # it has the page under "input"
WAIT = wait_exponential_jitter(multiplier=0.25, max=10, jitter=0.25)  # seconds between two tries


def answer_all(extractors: Sequence[Extractor], rows: Iterable[Row]) -> Iterator[tuple[Row, Extraction]]:
    """(row, extraction) for each row of {"input", …}, in the order in which the answers come.

    As many pages are asked for at once as the servers gain from; no more rows are read ahead. A page goes to the server
    that has the fewest, and to another one where that fails. A page that they fail on again and again has the status
    "server error". Servers that all stay away are `UserError`, after the answers that came before it; another model
    under the name is one too.
    """
    yield from Asking(extractors).answers(rows)


class Asking:
    """Asks servers for batch after batch, at the pace that it has found."""

    def __init__(self, extractors: Sequence[Extractor]) -> None:
        self._servers = Servers(extractors)
        self._concurrency = Concurrency(len(extractors))

    def answers(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Extraction]]:
        """As `answer_all`."""
        ending, waiting = Event(), iter(rows)
        running: dict[Future[Extraction], Row] = {}
        error: BaseException | None = None
        with ThreadPoolExecutor(self._concurrency.most) as pool:
            try:
                while True:
                    free = 0 if error else max(0, self._concurrency.limit - len(running))
                    for row in islice(waiting, free):
                        running[pool.submit(self._ask, row["input"], ending)] = row
                    if not running:
                        break
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        row = running.pop(future)
                        if failed := future.exception():
                            error = error or failed
                            ending.set()
                            continue
                        found = future.result()
                        self._concurrency.answered(found.prompt_tokens + found.answer_tokens)
                        yield row, found
            finally:
                ending.set()
        if error:
            raise error

    def _ask(self, page: str, ending: Event) -> Extraction:
        """The extraction of one page, by as many tries as it takes."""
        faults = 0

        class AtFault(stop_base):
            def __call__(self, _: RetryCallState) -> bool:
                return faults >= FAULTS

        tries = Retrying(
            retry=retry_if_exception_type(UnavailableError),
            wait=WAIT,
            stop=stop_after_delay(PATIENCE) | stop_when_event_set(ending) | AtFault(),
            sleep=sleep_using_event(ending),
            reraise=True,
        )

        def once() -> Extraction:
            nonlocal faults
            try:
                with self._servers.least_busy() as extractor:
                    return extractor.ask(page)
            except UnavailableError as error:
                faults += error.while_answering
                if error.busy:
                    self._concurrency.refused()
                raise

        try:
            return tries(once)
        except UnavailableError as error:
            if not error.while_answering or ending.is_set():
                raise
            return Extraction.without_answer(Answer(None, Status.SERVER_ERROR, str(error)), self._servers.digest)

"""Ask for many pages at once, and again where the server fails; the one path of `ask`, `extract` and the evaluation."""

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event

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

from extraction.json import Json
from extraction.parse import Answer, Status
from serve.client import Extractor, UnavailableError
from serve.concurrency import MOST, Concurrency
from serve.result import Extraction

PATIENCE = 180.0  # seconds that a page waits for a server that is away or busy
FAULTS = 5  # failures of the server while it answers a page, after which the page is taken to be the cause
WAIT = wait_exponential_jitter(multiplier=0.25, max=10, jitter=0.25)  # seconds between two tries


def answer_all(extractor: Extractor, rows: Iterable[Json]) -> Iterator[tuple[Json, Extraction]]:
    """(row, extraction) for each row of {"input", …}, in the order in which the answers come.

    As many pages are asked for at once as the server gains from; no more rows are read ahead. A page that the server
    fails on again and again has the status "server error". A server that stays away is `UserError`, after the answers
    that came before it; another model under the name is one too.
    """
    concurrency, ending, waiting = Concurrency(), Event(), iter(rows)
    running: dict[Future[Extraction], Json] = {}
    error: BaseException | None = None
    with ThreadPoolExecutor(MOST) as pool:
        try:
            while True:
                free = 0 if error else max(0, concurrency.limit - len(running))
                for row in islice(waiting, free):
                    running[pool.submit(_ask, extractor, row["input"], concurrency, ending)] = row
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    row = running.pop(future)
                    if failed := future.exception():
                        error = error or failed
                        ending.set()
                        continue
                    found = future.result()
                    concurrency.answered(found.prompt_tokens + found.answer_tokens)
                    yield row, found
        finally:
            ending.set()
    if error:
        raise error


def _ask(extractor: Extractor, page: str, concurrency: Concurrency, ending: Event) -> Extraction:
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
            return extractor.ask(page)
        except UnavailableError as error:
            faults += error.while_answering
            if error.busy:
                concurrency.refused()
            raise

    try:
        return tries(once)
    except UnavailableError as error:
        if not error.while_answering or ending.is_set():
            raise
        return Extraction.without_answer(Answer(None, Status.SERVER_ERROR, str(error)), extractor.expected)

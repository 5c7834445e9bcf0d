"""The corpus as an endless stream of packed token rows, made by worker processes.

A row holds as many whole conversations as fit; none is cut and none sees another (`document` tells them
apart). Worker i generates from its own seed. Where no worker has a batch ready, an earlier one is given once more,
because a GPU reads faster than its machine's processors write.
"""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extraction import prompt
from pipeline.errors import UserError
from pretraining.tokenizer import SPECIAL

PROMPT, ANSWER = 1, 2  # kinds of target; 0 is none
RANKER = Path("models/ranker.safetensors")
QUEUED = 4  # batches that each worker makes ahead
KEPT, APART = 4_000, 1_000  # batches that may be given again, and how many lie at least between the two times
PATIENCE = 0.02  # seconds until the workers are looked at again


@dataclass(frozen=True)
class Batch:
    """Arrays of (rows, length): token ids, the conversation's number in its row (0: padding), the next token's kind;
    and whether the batch was given before."""

    ids: NDArray[np.uint16]
    document: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    again: bool = False


@dataclass(frozen=True)
class Encoded:
    """One conversation's token ids; the first `prompt` of them are asked, the others answered."""

    ids: list[int]
    prompt: int


def samples(seed: int) -> Iterator[Any]:
    """What is trained on: the corpus, some pages lengthened, of what is too long a part, and whole pages, pruned."""
    from extraction.ranker import Ranker
    from pretraining import corpus
    from pretraining.lengthen import lengthen
    from pretraining.parts import parted
    from pretraining.pruned import mixed

    return mixed(parted(lengthen(corpus.samples(seed), seed), seed), Ranker.load(RANKER), seed)


def chat(sample: Any) -> prompt.Messages:
    """The messages that ask for a sample's record."""
    return prompt.messages(sample.text, sample.schema, prompt.Reader(clean=not sample.cut), SPECIAL)


def conversation(sample: Any) -> tuple[str, str, str]:
    """System message, user message and answer of a corpus sample."""
    system, user = (message["content"] for message in chat(sample))
    return system, user, prompt.completion(sample.record, sample.schema, SPECIAL)


def render(sample: Any) -> str:
    """A conversation as the chat template renders it."""
    system, user, answer = conversation(sample)
    return f"<|system|>{system}<|end|><|user|>{user}<|end|><|assistant|>{answer}<|end|>"


def encode(samples: Iterable[Any], tokenizer: Any, length: int) -> Iterator[Encoded]:
    """Token ids of the samples that fit into a row of `length`."""
    start = tokenizer.token_to_id("<|assistant|>")
    for sample in samples:
        ids = tokenizer.encode(render(sample), add_special_tokens=False).ids
        if len(ids) <= length:
            yield Encoded(ids, ids.index(start) + 1)


def pack(conversations: Iterable[Encoded], rows: int, length: int) -> Iterator[Batch]:
    """Batches of `rows` rows of `length` tokens; a conversation goes into the fullest open row that has room."""
    opened: list[list[Encoded]] = []
    free: list[int] = []
    for one in conversations:
        size = len(one.ids)
        best = min((i for i in range(len(free)) if free[i] >= size), key=free.__getitem__, default=None)
        if best is None:
            opened.append([])
            free.append(length)
            best = len(free) - 1
        opened[best].append(one)
        free[best] -= size
        if len(opened) == 2 * rows:
            order = sorted(range(len(free)), key=free.__getitem__)
            yield batch([opened[i] for i in order[:rows]], length)
            opened, free = [opened[i] for i in order[rows:]], [free[i] for i in order[rows:]]


def batch(rows: list[list[Encoded]], length: int) -> Batch:
    """Arrays of packed rows, padded with zeros."""
    ids = np.zeros((len(rows), length), np.uint16)
    document = np.zeros((len(rows), length), np.uint8)
    kind = np.zeros((len(rows), length), np.uint8)
    for r, row in enumerate(rows):
        end = 0
        for number, one in enumerate(row, 1):
            start, end = end, end + len(one.ids)
            ids[r, start:end] = one.ids
            document[r, start:end] = number
            kind[r, start : end - 1] = PROMPT
            kind[r, start + one.prompt - 1 : end - 1] = ANSWER
    return Batch(ids, document, kind)


def work(queue: Any, tokenizer: Path, seed: int, rows: int, length: int) -> None:
    """A worker process: fill `queue` with batches until it is ended."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.nice(10)  # the kernels are compiled meanwhile
    from tokenizers import Tokenizer

    encoded = encode(samples(seed), Tokenizer.from_file(str(tokenizer)), length)
    for batch in pack(encoded, rows, length):
        queue.put(batch)


def batches(tokenizer: Path, seed: int, rows: int, length: int, workers: int, first: int = 0) -> Iterator[Batch]:
    """Endless batches from `workers` processes, numbered from `first`; the processes end with this one."""
    context = multiprocessing.get_context("spawn")
    running = []
    for number in range(first, first + workers):
        # Seeds of their own: the evaluation's and the tokenizer's stay clear of them.
        queue = context.Queue(QUEUED)
        arguments = (queue, tokenizer, 1_000_000 * (seed + 1) + number, rows, length)
        process = context.Process(target=work, args=arguments, daemon=True)
        process.start()
        running.append((process, queue))
    return ready(running)


def ready(running: list[tuple[Any, Any]], apart: int = APART) -> Iterator[Batch]:
    """What each (process, queue) has ready, and where none has anything, the oldest batch that was given once and after
    it `apart` others. A process that died is left out, so that a paid hour is not lost to one sample; its error is on
    the screen. Raises `UserError` when none is left.
    """
    given: deque[Batch] = deque(maxlen=KEPT)
    while running:
        fresh = False
        for process, queue in list(running):
            alive = process.is_alive()  # asked first: what it made before it died is taken
            try:
                batch = queue.get_nowait()
            except Empty:
                if not alive:
                    print(f"{process.name} died (status {process.exitcode}) and is left out", flush=True)
                    running.remove((process, queue))
                continue
            fresh = True
            given.append(batch)
            yield batch
        if not fresh and len(given) > apart:
            yield replace(given.popleft(), again=True)
        elif not fresh:
            time.sleep(PATIENCE)
    raise UserError("every process that makes samples has died: their errors are above")

"""How fast servers answer a run's test pages, and where a row's time goes; side by side in one run.

    python -m benchmarks.serve --run zs                              the embedded engine, some clients and slots
    python -m benchmarks.serve --run zs --checkout before=../old     the same beside another checkout's engine
    python -m benchmarks.serve --run zs --host http://127.0.0.1:11434  a server that already has the run's model
    python -m benchmarks.serve --run zs --load 64 --seconds 60       64 clients, and some that misbehave

Engines take turns on every slice of the pages, so that a change of the machine's speed meets all; its rate of float32
matrix products stands beside each turn. The same answers are counted against the first engine's with one client.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil

from benchmarks.load import ask, load, text
from extraction.json import Json
from extraction.prompt import messages
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import read_schema, sha256
from pipeline.reading import reader
from serve import modelfile
from serve.client import read_prompt

ROOT = Path(__file__).parents[1]
OLLAMA = 10.2  # rows/s of Ollama 0.33.0-rc2 at a first pass over the example's test pages
HEAD = "| | rows/s | ÷ first | ms a row: read | write | rest | processor | tokens/s | p95 | same answers | GFLOP/s |"
DEFAULT = ("x1", "x2", "x8", "x32", "1", "4", "8x32")
ABLATIONS: dict[str, Json] = {
    "deterministic": {"deterministic": True},
    "without the schema": {"format": None},
    "without probabilities": {"logprobs": False},
}


@dataclass
class Setting:
    """One way to serve and to ask, and what it did: answers by row, seconds and tokens."""

    title: str
    host: str
    n_clients: int
    more: Json = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    wall: float = 0.0
    n_tokens: int = 0
    reading: float = 0.0  # seconds of the server, over all answers
    generating: float = 0.0
    processor: float = 0.0  # seconds of all cores, where the engine is on this machine
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Rows a second."""
        return len(self.answers) / self.wall

    def line(self, first: "Setting") -> str:
        """A row of the table."""
        same = sum(self.answers[row] == first.answers.get(row) for row in self.answers)
        n = len(self.answers)
        rest = sum(self.seconds) - self.reading - self.generating  # waiting, HTTP and Python
        cells = [
            self.title,
            f"{self.rate:.2f}",
            f"{self.rate / first.rate:.2f}",
            *(f"{1000 * seconds / n:.0f}" for seconds in (self.reading, self.generating, rest, self.processor)),
            f"{self.n_tokens / self.generating:.0f}" if self.generating else "–",
            f"{np.percentile(self.seconds, 95):.2f} s",
            f"{same} of {n}",
            f"{np.mean(self.rates):.0f}",
        ]
        return "| " + " | ".join(cells) + " |"


def matrix_rate() -> float:
    """The machine's rate of float32 matrix products now, GFLOP/s."""
    size, n = 1024, 5
    left = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    begin = time.monotonic()
    for _ in range(n):
        left @ left
    return 2 * size**3 * n / (time.monotonic() - begin) / 1e9


@contextmanager
def engine(checkout: Path, config: Config, variant: str, slots: str) -> Iterator[str]:
    """The embedded engine of a checkout with the run's model, started as `make` starts it; its base URL.

    `slots`: how many, or "" for its own choice.
    """
    with tempfile.TemporaryDirectory() as models:
        given = {"OMP_WAIT_POLICY": "PASSIVE", "OLLAMA_NUM_PARALLEL": slots, "PYTHONPATH": str(checkout)}
        environment = os.environ | given
        command = [sys.executable, "-m", "serve.embedded", "--models", models, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=checkout, env=environment) as process:
            try:
                assert process.stdout
                url = next(word for word in process.stdout.readline().split() if word.startswith("http://")).rstrip(",")
                _create(url, config, variant)
                yield url
            finally:
                process.terminate()


def _create(host: str, config: Config, variant: str) -> None:
    weights = config.folder / "gguf" / f"{variant}.gguf"
    digest = f"sha256:{sha256(weights)}"
    with httpx.Client(base_url=host, timeout=600) as http:
        http.post(f"/api/blobs/{digest}", content=weights.read_bytes()).raise_for_status()
        body = {"model": f"{config.serve.name}:{variant}", "files": {weights.name: digest}, "stream": False}
        http.post("/api/create", json=body | modelfile.settings(config, read_prompt(config.folder))).raise_for_status()


def requests(config: Config, variant: str, n_rows: int) -> list[Json]:
    """What `make ask` sends for the first rows of the test split."""
    lines = (config.folder / "data" / "test.jsonl").read_text(encoding="utf-8").split("\n")
    schema = read_schema(config.folder)
    shared = {
        "model": f"{config.serve.name}:{variant}",
        "stream": False,
        "format": schema,
        "options": config.serve.options,
        "truncate": False,
        "shift": False,
        "logprobs": True,
    }
    pages = [json.loads(line)["input"] for line in lines if line][:n_rows]
    special, read = read_prompt(config.folder).special, reader(config)
    return [shared | {"messages": messages(page, schema, read, special)} for page in pages]


def turn(setting: Setting, rows: list[tuple[int, Json]]) -> None:
    """Ask for some rows, and add what happened to the setting."""
    setting.rates.append(matrix_rate())
    with httpx.Client(base_url=setting.host, timeout=600) as http, ThreadPoolExecutor(setting.n_clients) as pool:
        ask(http, rows[0][1] | setting.more | {"messages": [{"role": "user", "content": "warm"}]})
        begin, before = time.monotonic(), processor(setting.host)
        found = list(pool.map(lambda row: ask(http, row[1] | setting.more), rows))
        setting.wall += time.monotonic() - begin
        setting.processor += processor(setting.host) - before
    for (number, _), (body, seconds) in zip(rows, found, strict=True):
        setting.answers[number] = text(body)
        setting.seconds.append(seconds)
        setting.n_tokens += body.get("eval_count", 0)
        setting.reading += body.get("prompt_eval_duration", 0) / 1e9
        setting.generating += body.get("eval_duration", 0) / 1e9


def compare(settings: list[Setting], asked: list[Json], slice_size: int) -> None:
    """All settings take turns on the slices of the pages; prints the table."""
    numbered = list(enumerate(asked))
    for start in range(0, len(numbered), slice_size):
        for setting in settings:
            turn(setting, numbered[start : start + slice_size])
    print(HEAD + "\n" + "|---" * HEAD.count(" | ") + "|---|")
    for setting in settings:
        print(setting.line(settings[0]), flush=True)


def main() -> None:
    parser = configuration.arguments(__doc__ or "")
    parser.add_argument("--variant", default="q4_k_m")
    parser.add_argument("--rows", type=int, default=120)
    parser.add_argument("--slice", type=int, default=20, help="rows a turn")
    parser.add_argument("--host", help="a server that has the model already")
    parser.add_argument("--checkout", action="append", default=[], metavar="NAME=FOLDER", help="engine to compare with")
    parser.add_argument("--parallel", nargs="*", default=DEFAULT, help="slots, and clients: 8x32, or x32")
    parser.add_argument("--load", type=int, help="clients at once, beside clients that misbehave")
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    config = configuration.from_arguments(arguments)
    asked = requests(config, arguments.variant, arguments.rows)
    with ExitStack() as stack:
        settings = _settings(stack, config, arguments)
        if arguments.load is None:
            compare(settings, asked, arguments.slice)
            print(f"1 client ÷ Ollama 0.33's {OLLAMA} rows/s on other 2 cores: {settings[0].rate / OLLAMA:.2f}")
        else:
            _print_load(settings[0], asked, arguments.load, arguments.seconds)


def _settings(stack: ExitStack, config: Config, arguments: argparse.Namespace) -> list[Setting]:
    pairs = [_pair(text) for text in arguments.parallel]
    if arguments.host:
        return [Setting(f"server, {clients} clients", arguments.host, clients) for _, clients in pairs]
    settings, hosts = [], {}
    for slots, clients in pairs:
        if slots not in hosts:
            hosts[slots] = stack.enter_context(engine(ROOT, config, arguments.variant, slots))
        settings.append(Setting(f"embedded, slots {slots or 'its own'}, clients {clients}", hosts[slots], clients))
    if settings and pairs[0][1] == 1 and arguments.load is None:
        print(f"CPU of the idle engine: {idle(settings[0].host):.2%} of a core")
        settings += [Setting(f"embedded, {name}", settings[0].host, 1, more) for name, more in ABLATIONS.items()]
    for named in arguments.checkout:
        name, equals, folder = named.partition("=")
        if not equals or not (Path(folder) / "serve" / "embedded.py").is_file():
            raise UserError(f"--checkout is {named!r}: give it as NAME=FOLDER, the folder of a checkout")
        host = stack.enter_context(engine(Path(folder).resolve(), config, arguments.variant, ""))
        settings.append(Setting(f"{name}, 1 client", host, 1))
    return settings


def _pair(text: str) -> tuple[str, int]:
    """Slots and clients of "8x32"; "4" is as many of both, "x4" leaves the slots to the engine."""
    slots, _, clients = text.partition("x")
    if not (slots or "1").isdecimal() or not (clients or slots).isdecimal():
        raise UserError(f"--parallel has {text!r}: give slots, or slots and clients as in 8x32, or clients as in x4")
    return slots, int(clients or slots)


def idle(host: str, seconds: float = 5.0) -> float:
    """The share of a core that an engine takes while nobody asks, with the model loaded."""
    before = processor(host)
    time.sleep(seconds)
    return (processor(host) - before) / seconds


def processor(host: str) -> float:
    """Processor seconds so far of the engine that listens there and of its children; 0 where it is not ours to see."""
    ports = ((one.laddr.port, one.pid) for one in psutil.net_connections() if one.laddr and one.status == "LISTEN")
    pid = dict(ports).get(urlsplit(host).port)
    if not pid:
        return 0.0
    engine = psutil.Process(pid)
    return float(sum(sum(one.cpu_times()[:2]) for one in (engine, *engine.children(recursive=True))))


def _print_load(setting: Setting, asked: list[Json], n_clients: int, seconds: float) -> None:
    outcome = load(setting.host, asked, n_clients, seconds)
    print(
        f"{setting.title}: {n_clients} clients, {seconds:.0f} s: {len(outcome.seconds) / seconds:.1f} answers/s,"
        f" p95 {outcome.p95():.2f} s (bar {outcome.bound(n_clients):.2f} s), "
        f"{outcome.busy} refused as busy, {len(outcome.wrong)} wrong answers,"
        f" {len(outcome.other)} other errors {outcome.other[:3]}; {matrix_rate():.0f} GFLOP/s"
    )


if __name__ == "__main__":
    run(main)

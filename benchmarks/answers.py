"""Time the Hugging Face variants of a run, in this code or in that of an older commit.

Each MODE is VARIANT:BATCH:DECODING, with BATCH a number, `auto` or `config` and DECODING `own` (the code's), `plain`
(step by step, the older code's own) or `graphs` (eval/graphs.py). Prints a line of JSON for each: rows a second without
loading, the GPU's peak memory, the answers. One that fails or takes longer than SECONDS has `code` (124: too long) and
`output` in their place, and the next begins.
Imports only what both codes have, so an older one is measured by running this file with that code on PYTHONPATH.

    python -P benchmarks/answers.py ROWS SECONDS MODE … -- --config configs/phi3-mini-fast.yaml --run NAME
"""

import json
import signal
import sys
import time
import traceback
from typing import Any, cast

MARK, BEGUN = "measured: ", "begun: "


def main() -> None:
    most, seconds, *modes = sys.argv[1 : sys.argv.index("--")]
    from pipeline import config as configuration

    options = configuration.arguments("").parse_args(sys.argv[sys.argv.index("--") + 1 :])
    config = configuration.from_arguments(options)
    write_prompt(config)
    rows = test_rows(config, int(most))
    kept: dict[str, Any] = {}
    signal.signal(signal.SIGALRM, time_is_up)
    codes = []
    for mode in modes:
        print(BEGUN + mode, flush=True)
        found = attempted(config, mode, rows, kept, float(seconds))
        print(MARK + json.dumps(found), flush=True)
        codes.append(found["code"])
        check_device()
    sys.exit(max(codes, default=0))


def attempted(
    config: Any, mode: str, rows: list[dict[str, Any]], kept: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """`measured` with `code` 0, or why there are no figures of a mode: the others still have some."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return {"code": 0} | measured(config, mode, rows, kept)
    except Exception as error:
        kept.clear()
        code = 124 if isinstance(error, TimeoutError) else 1
        return {"mode": mode, "code": code, "output": traceback.format_exc()[-3000:]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def time_is_up(_number: int, _frame: Any) -> None:
    raise TimeoutError("the mode's time was up")


def check_device() -> None:
    """Raise what a failed kernel has left: nothing more can be measured in this process."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def write_prompt(config: Any) -> None:
    """What the export writes of the chat template, for a run that was not exported."""
    from pipeline.files import read_schema, write_text
    from trainer.chat import pieces
    from trainer.model import load_tokenizer

    path = config.folder / "gguf" / "prompt.json"
    if not path.is_file():
        tokenizer = load_tokenizer(str(config.folder / "adapter"))
        write_text(path, json.dumps(pieces(tokenizer, read_schema(config.folder))))


def test_rows(config: Any, most: int) -> list[dict[str, Any]]:
    """The test split's rows, again from the first until there are `most`, each with an id of its own."""
    from pipeline.files import read_jsonl

    rows = read_jsonl(config.folder / "data" / "test.jsonl")
    rows = (rows * (1 + most // len(rows)))[:most]
    return [row | {"id": f"{number}-{row['id']}"} for number, row in enumerate(rows)]


def measured(config: Any, mode: str, rows: list[dict[str, Any]], kept: dict[str, Any]) -> dict[str, Any]:
    """The figures of a mode. A model is loaded once for the modes of its variant that follow each other."""
    import torch

    from eval import hf

    variant, batch, decoding = mode.split(":")
    if batch != "config":
        chosen = {"batch_size": batch if batch == "auto" else int(batch)}
        config = config.model_copy(update={"eval": config.eval.model_copy(update=chosen)})
    load, loading = hf.load, 0.0

    def loaded(*arguments: Any) -> Any:
        nonlocal loading
        if variant not in kept:
            began = time.monotonic()
            kept.clear()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            kept[variant] = load(*arguments)
            loading = time.monotonic() - began
        return kept[variant]

    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    began = time.monotonic()
    patched: Any = hf  # mypy knows modules by what they export
    theirs, patched.load = getattr(hf, "decoder", None), loaded
    if theirs and decoding != "own":
        from eval import decode, graphs

        greedy = {"plain": decode, "graphs": graphs}[decoding].greedy
        patched.decoder = lambda _: greedy
    try:
        found = dict(map(told, hf.answer_all(config, variant, cast(Any, rows))))
    finally:
        patched.load, patched.decoder = load, theirs
    seconds = time.monotonic() - began - loading
    peak = round(torch.cuda.max_memory_allocated() / 2**30, 2) if cuda else None
    facts = {"mode": mode, "n": len(rows), "rows_per_second": round(len(rows) / seconds, 2), "peak_gib": peak}
    return facts | {"loading": round(loading, 1), "answers": found}


def told(answer: Any) -> tuple[str, tuple[int, str]]:
    """Of one answer the id, and its prompt's tokens and text; older code gives (row, parsed answer, facts)."""
    if isinstance(answer, tuple):
        row, _, facts = answer
        return row["id"], (facts["prompt_tokens"], facts["answer"])
    return answer.row["id"], (answer.prompt_tokens, answer.text)


if __name__ == "__main__":
    main()

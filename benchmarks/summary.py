"""The training benchmark's table: the runs side by side, then the ratios that decide."""

import statistics

from extraction.json import Json

OURS, STEADY = "job, ours", "steady, ours"
JOB_UNSLOTH = "job, tutorial on Unsloth"
UNSLOTH, TRL = "steady, tutorial on Unsloth", "steady, tutorial on TRL + PEFT + bitsandbytes"
BEST, BEST_UNSLOTH = "steady, ours at batch 8, run", "steady, Unsloth packed at its best, run"
PAIRED, TUTORIAL_UNSLOTH = "steady, ours beside the tutorial, run", "steady, tutorial on Unsloth, run"
PAIRS = (
    ("Unsloth packed at its best", BEST, BEST_UNSLOTH, "at least 1.05"),
    ("the tutorial's on Unsloth, in turn", PAIRED, TUTORIAL_UNSLOTH, "at least 12"),
)
RATIOS = (
    ("tokens/s, ours ÷ the tutorial's on Unsloth", "tokens_per_second", STEADY, UNSLOTH, "at least 12"),
    ("tokens/s, ours ÷ the tutorial's on TRL", "tokens_per_second", STEADY, TRL, "at least 50"),
    ("wall time of the job, ours ÷ the tutorial's on Unsloth", "wall", OURS, JOB_UNSLOTH, "at most 0.6"),
    ("peak memory at batch 2, ours ÷ the tutorial's", "peak_gib", "memory, ours", "memory, tutorial", "at most 1"),
    ("tokens/s, 2 GPUs ÷ 1 GPU", "tokens_per_second", "2 GPUs", "1 GPU", "at least 1.85"),
    ("held-out loss, 2 GPUs ÷ 1 GPU", "validation_loss", "2 GPUs", "1 GPU", "1"),
    ("held-out loss, sharded ÷ not sharded", "validation_loss", "FSDP", "DDP", "1"),
)


def table(record: Json) -> str:
    """Markdown rows of a record's runs, and the ratios of which both runs ended well."""
    machine, runs = record["machine"], record["runs"]
    lines = [
        f"{machine}",
        record["tests"],
        "| run | tokens/s | of the matrix rate | peak GiB | GPU busy | wall s | where | loss | accuracy |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for title, run in runs.items():
        speed = run.get("tokens_per_second") or 0
        cells = [
            title,
            f"{speed:,.0f}",
            share(title, speed, machine),
            run.get("peak_gib"),
            run.get("gpu_busy_late"),
            run["wall"],
        ]
        cells += [run.get("phases"), run.get("validation_loss", run["code"]), run.get("accuracy", "")]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    for name, key, above, below, bar in RATIOS:
        pair = [runs.get(title, {}) for title in (above, below)]
        one, other = (run.get(key) if run.get("code") == 0 else None for run in pair)
        if one and other:
            lines.append(f"{name}: {one / other:.3f} (bar: {bar})")
    return "\n".join([*lines, *(line for pair in PAIRS for line in paired(runs, *pair))])


def paired(runs: Json, name: str, ours: str, baseline: str, bar: str) -> list[str]:
    """Ours ÷ a baseline in steady speed: the median of the pairs that ran in turn, and their range."""
    pairs = []
    for title, run in runs.items():
        other = runs.get(title.replace(ours, baseline), {})
        if title.startswith(ours) and run.get("tokens_per_second") and other.get("tokens_per_second"):
            pairs.append(run["tokens_per_second"] / other["tokens_per_second"])
    if not pairs:
        return []
    spread = f"{min(pairs):.3f} to {max(pairs):.3f}, {len(pairs)} pairs"
    return [f"tokens/s, ours ÷ {name}: {statistics.median(pairs):.3f} ({spread}; bar: {bar})"]


def share(title: str, speed: float, machine: Json) -> str:
    """Of the matrix rate, at 4 FLOPs a weight and token: of the runs of Phi-3-mini's shape on one GPU."""
    if not machine or not title.startswith(("job", "steady")):
        return ""
    return f"{4 * machine['n_weights'] / 1e12 * speed / machine['tflops']:.2f}"

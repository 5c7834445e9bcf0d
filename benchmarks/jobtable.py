"""The table of benchmarks/job.py: its steps, then each ratio beside its bar."""

import statistics
from collections.abc import Callable, Mapping

from extraction.json import Json

Steps = Mapping[str, Json]
COLUMNS = ("seconds", "rows_per_second", "tokens_per_second", "peak_gb", "peak_gib", "gpu_busy")
STAGES = ("train", "export", "eval")


def table(steps: Steps) -> str:
    """Markdown: a row for each step, and a line for each ratio."""
    machine = {key: value for key, value in steps.get("machine", {}).items() if key != "answers"}
    lines = [f"machine: {machine}", "", "| step | s | rows/s | tokens/s | peak GB | GPU GiB | GPU busy | |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for title, step in steps.items():
        if title == "machine":
            continue
        cells = ["" if step.get(key) is None else f"{step[key]:,.2f}" for key in COLUMNS]
        lines.append(f"| {title} | {' | '.join(cells)} | {remark(step)} |")
    return "\n".join([*lines, "", *ratios(steps), *agreements(steps)])


def remark(step: Json) -> str:
    """Why a step failed, or where its time went."""
    if step.get("code"):
        last = [line for line in step.get("output", "").splitlines() if line.strip()][-1:]
        return f"exit {step['code']}: {''.join(last)[:160].replace('|', '/')}"
    return str(step.get("phases", ""))


def ratios(steps: Steps) -> list[str]:
    """Ours ÷ before for what both codes did; of several runs the medians, with the range of the pairs' ratios."""

    def of_all(key: str) -> Callable[[str], list[float]]:
        return lambda code: every(steps, f"{code}: {key}", "seconds")

    def job(code: str) -> list[float]:
        return [sum(parts) for parts in zip(*(of_all(stage)(code) for stage in STAGES), strict=False)]

    def rate(variant: str) -> Callable[[str], list[float]]:
        return lambda code: every(steps, f"{code}: eval", "rows_per_second", f", {variant}:config:own")

    lines = [
        ratio("job (train, export, eval), s", job, "≤ 0.45"),
        *(ratio(f"{stage}, s", of_all(stage), "≤ 0.6" if stage == "export" else "none") for stage in STAGES),
        ratio("export, peak GB", lambda code: every(steps, f"{code}: export", "peak_gb"), "ours ≤ 10 GB"),
        *(ratio(f"{variant}, rows/s of 75", rate(variant), "none") for variant in ("base", "adapter")),
    ]
    older = every(steps, "before: eval", "rows_per_second", ", adapter:config:own")
    for title, step in steps.items():
        if title.startswith("ours: decoding, ") and older and "rows_per_second" in step:
            share = step["rows_per_second"] / older[0]
            lines.append(f"{title}, rows/s ÷ the older code's adapter at batch 16: {share:.1f} (bar: ≥ 10)")
    return lines


def every(steps: Steps, title: str, key: str, suffix: str = "") -> list[float]:
    """A figure of the first, second, … run of a step, as far as it went well."""
    found = []
    for number in ("", " 2", " 3", " 4", " 5"):
        step = steps.get(f"{title}{number}{suffix}", {})
        if step.get("code", 0) == 0 and step.get(key) is not None:
            found.append(float(step[key]))
    return found


def ratio(name: str, of: Callable[[str], list[float]], bar: str) -> str:
    ours, before = of("ours"), of("before")
    if not ours or not before:
        return f"{name}: not measured"
    middle, other = statistics.median(ours), statistics.median(before)
    pairs = [one / two for one, two in zip(ours, before, strict=False)]
    spread = f", {min(pairs):.3f} to {max(pairs):.3f} of {len(pairs)} pairs" if len(pairs) > 1 else ""
    return f"{name}: {middle:.2f} ÷ {other:.2f} = {middle / other:.3f}{spread} (bar: {bar})"


def agreements(steps: Steps) -> list[str]:
    """Of how many rows of the example dataset two ways give the same answer, where they had the same prompt."""
    kept = {title: step["answers"] for title, step in steps.items() if "example, " in title and "answers" in step}
    lines = []
    (first, answers), *others = list(kept.items()) or [("", {})]
    if not answers:
        return ["same answers on the example dataset: not measured"]
    for title, other in others:
        asked = [name for name in answers if name in other and answers[name][0] == other[name][0]]
        same = sum(answers[name][1] == other[name][1] for name in asked)
        lines.append(
            f"same answers, {title} and {first}: {same} of {len(asked)} with prompts of one length (bar: ≥ 0.99)"
        )
    return lines

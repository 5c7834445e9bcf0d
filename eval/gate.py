"""The gate: may a served variant be used, or did quantization and serving cost too much?

A non-inferiority test of the first answers, from the adapter (or the variant nearest to it that was scored) to each
served variant. With the 95 % interval of the change of mean field accuracy, and `eval.max_loss` as the margin:

    passed     the interval's bad end is within the margin: a larger loss is ruled out
    failed     the bad end is beyond it, and a loss is certain, the interval being below zero
    undecided  the bad end is beyond it, and no loss is certain: there are not enough examples to tell

A field fails by itself where its loss is beyond the margin and certain by two tests: McNemar's exact one after Holm's
correction for the number of fields, and the interval by groups. Two variants that are equal therefore fail in at most
2.5 % of test sets by the mean, and in about as many by a field.
"""

from collections.abc import Callable, Sequence

from eval.compare import SERVED, SMALLEST_FIRST
from eval.records import Difference, Results, Verdict
from eval.table import points

ALPHA = 0.05
EPSILON = 1e-9  # shares are sums of binary fractions


def judged_pairs(variants: Sequence[str]) -> list[tuple[str, str]]:
    """(before, after) of each comparison that the gate judges: what quantization and serving are to blame for."""
    start = next((name for name in ("adapter", "merged", "f16") if name in variants), None)
    return [(start, name) for name in SERVED if start and name in variants and name != start]


def judge(before: str, after: str, found: Difference, max_loss: float, blame: Callable[[], str]) -> Verdict:
    """The verdict on one comparison; `blame` says which step lost most, and is asked where it failed."""
    change, interval = found["mean_field_accuracy"], found["interval"]
    if change is None:
        raise ValueError("the gate judges at least one example")
    fields = [
        field
        for field, flip in found["fields"].items()
        if flip["p_holm"] < ALPHA and (flip["accuracy"] or 0) < -max_loss - EPSILON
        if flip["interval"] and flip["interval"][1] < 0
    ]
    ruled_out = interval is not None and interval[0] >= -max_loss - EPSILON
    certain = interval is not None and interval[1] < 0
    verdict = "failed" if fields or (certain and not ruled_out) else "passed" if ruled_out else "undecided"
    result: Verdict = {
        "before": before,
        "after": after,
        "verdict": verdict,
        "change": change,
        "interval": interval,
        "smallest": None if interval is None else change - interval[0],
        "max_loss": max_loss,
        "fields": fields,
        "sentence": "",
    }
    return result | {"sentence": sentence(result, found, blame)}


def sentence(result: Verdict, found: Difference, blame: Callable[[], str]) -> str:
    """The verdict in words."""
    before, after, margin = result["before"], result["after"], f"{100 * result['max_loss']:.1f}"
    change = f"{before} → {after} {points(result['change'])} points of mean field accuracy"
    n = f"n {found['n']}" + (f" in {found['groups']} groups" if found["groups"] < found["n"] else "")
    if result["interval"] is None:
        return f"undecided: {change}; {n}: one group is not enough to tell"
    low, high = result["interval"]
    spread = f"95 % {points(low)} to {points(high)}, {n}"
    smallest = f"the smallest loss that so many can show is {100 * (result['smallest'] or 0):.1f} points"
    if result["verdict"] == "passed":
        return f"passed: {change} ({spread}): a loss beyond eval.max_loss ({margin}) is ruled out; {smallest}"
    if result["verdict"] == "undecided":
        return f"undecided: {change} ({spread}): not enough examples to tell whether it is within {margin}; {smallest}"
    lost = ", ".join(f"{field} {points(found['fields'][field]['accuracy'])}" for field in result["fields"])
    named = f"; lost by itself: {lost}" if lost else ""
    return (
        f"failed: {change} ({spread}), eval.max_loss allows {margin}{named}; most of it {blame()}: "
        "mend that step or raise eval.max_loss"
    )


def refusal(verdicts: Sequence[Verdict], strict: bool) -> str | None:
    """Why the run's served models are not accepted, None where they are; undecided ones are refused if `strict`."""
    refused = [verdict for verdict in verdicts if _refused(verdict, strict)]
    return f"the gate {refused[0]['sentence']}" if refused else None


def passed(verdicts: Sequence[Verdict]) -> list[str]:
    """The served variants that passed in comparison with the adapter, the smallest first; an undecided one did not."""
    kept = {v["after"] for v in verdicts if v["before"] == "adapter" and v["verdict"] == "passed"}
    return [name for name in SMALLEST_FIRST if name in kept]


def alternative(results: Results, passed: Sequence[str]) -> str:
    """What to add to a refusal: the smallest larger variant that passed, with its figures; empty without one."""
    failed = [verdict["after"] for verdict in results["gate"] if verdict["after"] not in passed]
    larger = [name for name in passed if failed and SMALLEST_FIRST.index(name) > SMALLEST_FIRST.index(failed[0])]
    if not larger:
        return ""
    change = next(verdict["change"] for verdict in results["gate"] if verdict["after"] == larger[0])
    accuracy = results["variants"][larger[0]]["all"]["normalised"]["mean_field_accuracy"]
    return (
        f"; {larger[0]} passes with mean field accuracy {accuracy:.3f} ({points(change)} points):"
        f" VARIANT={larger[0]} asks it"
    )


def _refused(verdict: Verdict, strict: bool) -> bool:
    return verdict["verdict"] == "failed" or (strict and verdict["verdict"] == "undecided")

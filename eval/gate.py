"""Which served variants lost no more than is allowed, and what to serve instead of one that did. Pure functions."""

from eval import table
from eval.compare import SERVED
from extraction.json import Json

SMALLEST_FIRST = ("q4_k_m", "q8_0", "f16")


def accepted(results: Json, max_loss: float) -> list[str]:
    """The served variants that pass, the smallest first; none where there is no adapter to compare them with."""
    if "adapter" not in results["variants"]:
        return []
    return [v for v in SMALLEST_FIRST if v in results["variants"] and not table.refusal(_alone(results, v), max_loss)]


def alternative(results: Json, passed: list[str]) -> str:
    """What to add to a refusal: the smallest larger variant that passes, with its figures; empty without one."""
    failed = [variant for variant in SMALLEST_FIRST if variant in results["variants"] and variant not in passed]
    larger = [variant for variant in passed if SMALLEST_FIRST.index(variant) > SMALLEST_FIRST.index(failed[0])]
    if not larger:
        return ""
    figures = table.difference(results, "adapter", larger[0])
    accuracy = results["variants"][larger[0]]["all"]["normalised"]["mean_field_accuracy"]
    change = table.points(figures["mean_field_accuracy"])
    return (
        f"; {larger[0]} passes with mean field accuracy {accuracy:.3f} ({change} points): VARIANT={larger[0]} asks it"
    )


def _alone(results: Json, variant: str) -> Json:
    """The results as if no other served variant had been asked, but f16, which quantized ones are made from."""
    kept = {
        name: scores for name, scores in results["variants"].items() if name in ("f16", variant) or name not in SERVED
    }
    return results | {"variants": kept}

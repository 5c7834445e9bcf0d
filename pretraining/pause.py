"""A pre-training run in several calls, where a machine is lent for a while: its state between two of them."""

from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import atomic_write


def save(path: Path, model: Any, updates: list[tuple[Any, float]], facts: Json) -> None:
    """Write weights, optimizers and `facts` (JSON values: the budget, what has passed, the log, the number of calls)
    whole."""
    import torch

    state = {"model": model.state_dict(), "optimizers": [one.state_dict() for one, _ in updates], "facts": facts}
    with atomic_write(path) as temporary:
        torch.save(state, temporary)


def calls(path: Path) -> int:
    """How many calls the run has had."""
    import torch

    if not path.is_file():
        return 0
    found: int = torch.load(path, map_location="cpu", weights_only=True, mmap=True)["facts"]["calls"]
    return found


def load(path: Path, model: Any, updates: list[tuple[Any, float]], device: str, expected: Json) -> Json | None:
    """Put the state back and return its facts; None where there is none. Raises `UserError` if it is another run's."""
    import torch

    if not path.is_file():
        return None
    state = torch.load(path, map_location=device, weights_only=True)
    facts: Json = state["facts"]
    for key, value in expected.items():
        if facts[key] != value:
            raise UserError(f"{path} is of a run with {key} {facts[key]}, not {value}: remove it or ask for the same")
    model.load_state_dict(state["model"])
    for (optimizer, _), kept in zip(updates, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return facts

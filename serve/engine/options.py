"""Ollama's `options`: names, types and defaults, from the model's parameters and then the request's."""

import os
from dataclasses import dataclass, field, fields
from typing import Any

from serve.engine.protocol import ApiError

SAMPLING = (
    "seed", "top_k", "top_p", "min_p", "typical_p", "repeat_last_n", "temperature", "repeat_penalty",
    "presence_penalty", "frequency_penalty", "stop",
)  # fmt: skip
OPEN_ENDED = 10  # a generation without num_predict ends after as many context windows


@dataclass
class Options:
    """Values in Ollama's units; num_predict below 0 is without end, seed below 0 random, num_thread 0 all cores."""

    num_ctx: int = 4096
    num_thread: int = 0
    num_keep: int = 4
    seed: int = -1
    num_predict: int = -1
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.0
    typical_p: float = 1.0
    repeat_last_n: int = 64
    temperature: float = 0.8
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop: list[str] = field(default_factory=list)

    def sampling(self) -> dict[str, Any]:
        """The same as fields of llama.cpp's /completion."""
        limit = OPEN_ENDED * self.num_ctx
        predict = limit if self.num_predict < 0 else min(self.num_predict, limit)
        return {name: getattr(self, name) for name in SAMPLING} | {
            "n_predict": predict,
            "n_keep": self.num_keep,
        }


def merge(*layers: dict[str, Any]) -> Options:
    """Defaults overlaid with `layers`. Unknown names are ignored; a wrong type is HTTP 500, as Ollama has it."""
    options = Options(num_ctx=int(os.environ.get("OLLAMA_CONTEXT_LENGTH") or 4096))
    kinds = {item.name: item.type for item in fields(Options)}
    for layer in layers:
        for name, value in layer.items():
            if name in kinds and value is not None:
                setattr(options, name, _checked(name, kinds[name], value))
    return options


def _checked(name: str, kind: Any, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in (int, float):
        if not number:
            raise ApiError(500, f'option "{name}" must be of type {"integer" if kind is int else "float32"}')
        if not abs(value) < 2 ** (63 if name == "seed" else 31):  # infinity among them
            raise ApiError(400, f'option "{name}" is out of range: {value}')
        return kind(value)
    if not isinstance(value, list):
        raise ApiError(500, f'option "{name}" must be of type array')
    if not all(isinstance(item, str) for item in value):
        raise ApiError(500, f'option "{name}" must be of an array of strings')
    return value

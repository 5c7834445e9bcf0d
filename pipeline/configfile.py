"""A config file and overrides as they are written, before pipeline/config.py says which keys there are."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from extraction.json import Json
from pipeline.errors import UserError, unreadable


class Loader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys and forgets the first; here they are an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        if twice := [name for name in names if names.count(name) > 1]:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read(path: Path) -> Json:
    """The sections of a config file as they are."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader) or {}
    except OSError as error:
        raise unreadable("config", error) from None
    except UnicodeDecodeError as error:
        raise UserError(f"cannot read the config {path}: {error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path} must hold sections such as `data:`, not a {type(raw).__name__}")
    if empty := [name for name, section in raw.items() if section is None]:
        raise UserError(f"{path}: the section `{empty[0]}:` is empty: give it keys or remove the line")
    return raw


def override(raw: Json, text: str) -> None:
    """Put `section.key=value`, its value in YAML, into the sections."""
    key, equals, value = text.partition("=")
    *sections, name = key.split(".")
    if not equals or len(sections) > 1:
        raise UserError(f"the override {text!r} is not of the form section.key=value")
    target = raw
    for section in sections:
        target = target.setdefault(section, {})
    if not isinstance(target, dict):
        raise UserError(f"the override {text!r} has no place: `{sections[0]}` is {target!r}, not a section")
    try:
        target[name] = yaml.load(value, Loader)
    except yaml.constructor.ConstructorError as error:
        raise UserError(f"the override {text!r} cannot be read: {error.problem}") from None
    except yaml.YAMLError:
        raise UserError(f"the override {text!r} has no YAML after the `=`: close its brackets and quotes") from None


def sentence(error: ValidationError, form: type[BaseModel]) -> str:
    """The first problem of what was validated as `form`: key, value and what is allowed."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "value_error":
        return f"`{key}`: {first['ctx']['error']}" if key else str(first["ctx"]["error"])
    if first["type"] == "extra_forbidden":
        allowed = _keys_beside(first["loc"], form)
        return f"unknown key `{key}` (value {first['input']!r}); allowed there: {', '.join(allowed)}"
    return f"`{key}` cannot be {first['input']!r}: {first['msg']}"


def _keys_beside(location: tuple[int | str, ...], form: type[BaseModel]) -> list[str]:
    model = form
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return [field.alias or name for name, field in model.model_fields.items()]

"""Write docs/config.md, the reference of all config keys, from the fields of pipeline/config.py.

python -m pipeline.reference            (make docs)
"""

import json
from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.config import Config
from pipeline.files import write_text

PAGE = Path("docs/config.md")
HEAD = """# Config keys

Made by `make docs` from `pipeline/config.py`: edit that file, not this one. A config (`configs/*.yaml`) holds the keys
that differ from these defaults; `SET='section.key=value'` overrides single ones. An unknown key or a bad value stops
at once. Keys without a meaning here are the library's own, which the section names.
"""
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "multipleOf": "multiple of"}
LIMITS |= {"minItems": "items ≥", "pattern": "like"}


def main() -> None:
    write_text(PAGE, page())
    print(f"docs: {PAGE}")


def page() -> str:
    """The text of the page."""
    sections = Config.model_json_schema(by_alias=True)
    top = sections["properties"]["run"]
    parts = [HEAD, f"`run` ({kind(top)}): the folder under `artifacts/`, by default the config file's name.\n"]
    for name, field in Config.model_fields.items():
        if name != "run":
            assert field.annotation is not None
            parts.append(section(name, sections["$defs"][field.annotation.__name__]))
    return "\n".join(parts)


def section(name: str, schema: Json) -> str:
    """A section's heading, its docstring and a table of its keys."""
    lines = [
        f"## {name}",
        "",
        schema.get("description", ""),
        "",
        "| key | values | default | meaning |",
        "|---|---|---|---|",
    ]
    for key, field in schema["properties"].items():
        default = f"`{json.dumps(field['default'], ensure_ascii=False)}`" if "default" in field else "the run's name"
        lines.append(f"| `{key}` | {kind(field)} | {default} | {field.get('description', '')} |")
    return "\n".join(lines) + "\n"


def kind(field: Json) -> str:
    """What a key takes: its type or its values, and its limits."""
    if "anyOf" in field:
        return " or ".join(kind(part) for part in field["anyOf"])
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value(one)}`" for one in field.get("enum", [field.get("const")]))
    kinds = {
        "array": "list of " + kind(field.get("items", {})) if field.get("type") == "array" else "",
        "object": "mapping",
    }
    kinds |= {"string": "text", "boolean": "true or false"}
    limits = [f"{word} `{value(field[limit])}`" for limit, word in LIMITS.items() if limit in field]
    named: str = field.get("type", "any")
    return ", ".join([kinds.get(named) or named, *limits])


def value(one: Any) -> str:
    """A value as YAML has it; a pipe would end the table's cell."""
    return (one if isinstance(one, str) else json.dumps(one)).replace("|", "\\|")


if __name__ == "__main__":
    main()

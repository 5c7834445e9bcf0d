"""What the doctor says: one line a finding, with the command that mends it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

FINE, WARNING, WRONG = "fine", "warning", "wrong"
COLOURS = {FINE: "\x1b[32m", WARNING: "\x1b[33m", WRONG: "\x1b[31m"}
RESET = "\x1b[0m"


@dataclass(frozen=True)
class Finding:
    """`level` is fine, warning or wrong; `remedy` is a command or a short instruction, empty where nothing is amiss."""

    name: str
    level: str
    text: str
    remedy: str = ""


def fine(name: str, text: str) -> Finding:
    return Finding(name, FINE, text)


def warning(name: str, text: str, remedy: str) -> Finding:
    return Finding(name, WARNING, text, remedy)


def wrong(name: str, text: str, remedy: str) -> Finding:
    return Finding(name, WRONG, text, remedy)


def as_text(findings: Sequence[Finding], coloured: bool = False) -> str:
    """One line a finding, its remedy on the next, and a last line that counts."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        level = f"{finding.level:<7}"
        lines.append(
            f"{COLOURS[finding.level] + level + RESET if coloured else level}  {finding.name:<{width}}  {finding.text}"
        )
        if finding.remedy:
            lines.append(f"{'':<{width + 11}}→ {finding.remedy}")
    counts = ", ".join(f"{sum(f.level == level for f in findings)} {level}" for level in (WRONG, WARNING, FINE))
    return "\n".join([*lines, f"doctor: {counts}"])


def as_json(findings: Sequence[Finding]) -> str:
    """{"ok": false where anything is wrong, "findings": [{"name", "level", "text", "remedy"}]}"""
    return json.dumps({"ok": is_well(findings), "findings": [asdict(finding) for finding in findings]}, indent=1)


def is_well(findings: Sequence[Finding]) -> bool:
    """Whether nothing is wrong; warnings are no illness."""
    return all(finding.level != WRONG for finding in findings)

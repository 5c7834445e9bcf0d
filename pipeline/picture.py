"""Draw the stages into DESIGN.md, from the Makefile's targets.

python -m pipeline.picture              (make docs)
"""

import re
from pathlib import Path

from pipeline.files import write_text

PAGE = Path("DESIGN.md")
PLACE = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)
TARGET = re.compile(r"^(?P<name>[a-z]+): *(?P<needs>[^#\n]*)## [^\n]*\n\t(?P<recipe>[^\n]*)", re.MULTILINE)
MODULE = re.compile(r"\$\(STAGE\) (?:\$\(TORCHRUN\) )?([a-z.]+)|\$\(BIN\)/python -m ([a-z.]+)")
WRITES = {  # under artifacts/<run>/, for the stages after it
    "data": ("data/{train,validation,test}.jsonl", "schema.json"),
    "train": ("ranker.safetensors", "adapter/"),
    "export": ("gguf/f16.gguf", "gguf/prompt.json"),
    "serve": ("manifest.json",),
    "eval": ("results.json", "report.html", "samples/"),
}
LATER = {"ask": "serve", "extract": "serve", "schema": "serve", "ui": "serve", "report": "eval", "compare": "eval"}


def main() -> None:
    write_text(PAGE, PLACE.sub(lambda _: picture(Path("Makefile").read_text()), PAGE.read_text()))
    print(f"docs: {PAGE}")


def picture(makefile: str) -> str:
    """The stages, what runs each, what it hands on, and what can be run after it, as a Mermaid flowchart."""
    targets = {found["name"]: found for found in TARGET.finditer(makefile)}
    lines = ["flowchart TD", "  rows([your rows]) --> data"]
    for name in (*WRITES, *LATER):
        module = MODULE.search(targets[name]["recipe"])
        assert module, f"the recipe of {name} runs no module"
        lines.append(f'  {name}["make {name}<br>{module[1] or module[2]}"]')
    for name in WRITES:
        before = [stage for stage in targets[name]["needs"].split() if stage in WRITES]
        lines += [f'  {stage} -- "{"<br>".join(WRITES[stage])}" --> {name}' for stage in before]
    lines += [f"  {before} -.-> {name}" for name, before in LATER.items()]
    lines.append(f'  eval --> files(["{"<br>".join(WRITES["eval"])}"])')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

"""Print the requirements of an image, a line each, for constraints.txt to pin; so that it gets no more than it needs.

Reads pyproject.toml.

    python docker/requirements.py                      all that the pipeline needs on a CPU
    python docker/requirements.py --extra cuda         and on CUDA
    python docker/requirements.py --extra cuda torch   of these only the named ones
"""

import argparse
import re
import tomllib
from pathlib import Path

PROJECT = Path("pyproject.toml")


def name(requirement: str) -> str:
    """The package of a requirement such as "torch==2.13.0" or "lxml>=6,<7"."""
    return re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", default="", help="also this optional dependency; empty: none")
    parser.add_argument("names", nargs="*", help="only these")
    options = parser.parse_args()
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = ["pipeline", *([options.extra] if options.extra else [])]
    listed = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    if missing := set(options.names) - {name(line) for line in listed}:
        parser.error(f"{PROJECT} does not pin {', '.join(sorted(missing))}")
    print(*(line for line in listed if not options.names or name(line) in options.names), sep="\n")


if __name__ == "__main__":
    main()

"""Print the JSON Schema of a run's records, to be passed as `format` in a request.

python -m serve.schema --run embedded
"""

import json

from pipeline import config as configuration
from pipeline.errors import run
from pipeline.files import read_schema


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    print(json.dumps(config.data.json_schema or read_schema(config.folder), ensure_ascii=False))


if __name__ == "__main__":
    run(main)

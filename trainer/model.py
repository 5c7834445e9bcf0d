"""The base model and its tokenizer on this machine's device: the one place that knows the backend."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline import base
from pipeline.base import is_local
from pipeline.config import NF4, Config, Lora, at_commit
from pipeline.errors import UserError, is_disk_full


def backend(config: Config) -> str:
    """ "unsloth" or "trl": what the config says, else Unsloth where it can do what is asked for."""
    import torch

    chosen = config.model.backend
    if chosen == "unsloth" and not torch.cuda.is_available():
        raise UserError("model.backend 'unsloth' needs a CUDA device, which is not here: use trl")
    if chosen != "auto":
        return chosen
    loftq, sharded = config.lora.init_lora_weights == "loftq", config.training.fsdp_config is not None
    return "unsloth" if torch.cuda.is_available() and find_spec("unsloth") and not loftq and not sharded else "trl"


def device_report() -> str:
    """One sentence on the device that torch will use."""
    import torch

    if not torch.cuda.is_available():
        return f"CPU with {torch.get_num_threads()} threads (no CUDA device)"
    properties = torch.cuda.get_device_properties(0)
    return f"CUDA: {properties.name}, {properties.total_memory / 2**30:.0f} GiB, torch {torch.__version__}"


def check_base(name: str) -> None:
    """Raise `UserError` where a local base folder has no weights or no config."""
    folder = Path(name)
    if not is_local(name):
        return
    if not (folder / "config.json").is_file():
        raise UserError(f"the base model folder {name} has no config.json: give another with model.model_name_or_path")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"the base model folder {name} has no weights (*.safetensors): restore them (`git checkout {name}`)"
        )


def check_hub(name: str, revision: str | None) -> str | None:
    """The commit that a hub's revision stands for, or the cache's where the hub is away; None of a local base.

    Asks for the base's config alone. Raises `UserError` where neither gives it.
    """
    if is_local(name):
        return None
    from huggingface_hub import hf_hub_download

    with loading(name):
        return Path(hf_hub_download(name, "config.json", revision=revision)).parent.name  # …/snapshots/<commit>/


def pin(config: Config) -> Config:
    """The config with the commit of its base, which the run keeps from now on; that of a local base as it is.

    Of several processes the first one keeps it: the others read it again once that is done.
    """
    model = config.model
    if commit := base.kept(config.folder, model):
        return at_commit(config, commit)
    commit = check_hub(model.model_name_or_path, model.revision)
    if commit is None:
        return config
    if int(os.environ.get("RANK", "0")) == 0:
        base.keep(config.folder, model, commit)
        asked = f" (now {model.revision or 'its default branch'})" if model.revision != commit else ""
        print(f"train: base: {model.model_name_or_path} at {commit}{asked}, kept in {config.folder / base.FILE}")
    return at_commit(config, commit)


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Turns what the libraries raise of a base model that is not there, or not whole, into a `UserError`."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        if is_disk_full(error):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        remedy = "restore its files" if is_local(name) else "`make doctor` says what the hub and the cache have of it"
        raise UserError(
            f"the base model {name} cannot be loaded ({reason}): {remedy}, or give another with"
            " model.model_name_or_path"
        ) from None


@contextmanager
def accepting(section: str) -> Iterator[None]:
    """Turns what a library raises of a section's values into a `UserError`."""
    try:
        yield
    except ValueError as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"`{section}` of the config was refused: {reason}") from None


def load_tokenizer(name: str, revision: str | None = None) -> Any:
    """The base model's tokenizer, with a pad token that is not its end token."""
    from transformers import AutoTokenizer

    with loading(name):
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
    if tokenizer.chat_template is None:
        raise UserError(f"{name} has no chat template: choose an instruction-tuned base model")
    if tokenizer.pad_token is None or tokenizer.pad_token == tokenizer.eos_token:
        spare = tokenizer.unk_token or next(t for t in tokenizer.all_special_tokens if t != tokenizer.eos_token)
        tokenizer.pad_token = spare
    return tokenizer


def load_base(name: str, four_bit: bool = False, sharded: bool = False, revision: str | None = None) -> Any:
    """The base model: float32 on a CPU, bfloat16 (float16 on older GPUs) on CUDA; NF4 with `four_bit` or as saved.

    One that is to be `sharded` stays in the computer's memory: no GPU may hold it whole.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig

    check_base(name)
    quantized = hasattr(AutoConfig.from_pretrained(name, revision=revision), "quantization_config")
    four_bit = four_bit or quantized
    if four_bit and not find_spec("bitsandbytes"):
        raise UserError("a 4-bit base model needs bitsandbytes, which is not installed: use a 16-bit one, or CUDA")
    cuda = torch.cuda.is_available()
    if not cuda and not four_bit:
        return AutoModelForCausalLM.from_pretrained(name, revision=revision, dtype=torch.float32)
    dtype = torch.float16 if cuda and not torch.cuda.is_bf16_supported() else torch.bfloat16
    options: dict[str, Any] = {}
    if four_bit and not quantized:
        options["quantization_config"] = BitsAndBytesConfig(**NF4, bnb_4bit_compute_dtype=dtype)
    if cuda and not sharded:
        options["device_map"] = {"": int(os.environ.get("LOCAL_RANK", "0"))}
    return AutoModelForCausalLM.from_pretrained(name, revision=revision, dtype=dtype, **options)


def add_lora(model: Any, settings: Lora, folder: Path, checkpointing: bool = False) -> Any:
    """The model with a fresh adapter. LoftQ changes the base's weights too, so they are kept in `folder`/loftq_base."""
    import torch
    from peft import LoftQConfig, LoraConfig, get_peft_model, prepare_model_for_kbit_training

    loftq = settings.init_lora_weights == "loftq"
    if loftq and not torch.cuda.is_available():
        raise UserError(
            "lora.init_lora_weights 'loftq' quantizes with bitsandbytes on CUDA, which is not here: use true"
        )
    if getattr(model, "is_loaded_in_4bit", False):
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=checkpointing)
    extra = {"loftq_config": LoftQConfig(loftq_bits=4)} if loftq else {}
    wrapped = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings.peft, **extra))
    if loftq:
        keep_loftq_base(wrapped, folder / "loftq_base")
    return wrapped


def keep_loftq_base(wrapped: Any, path: Path) -> None:
    """Save the quantized base that a LoftQ adapter belongs to and let the adapter's config point at it."""
    base = wrapped.get_base_model()
    weights = {
        name.replace(".base_layer", ""): value for name, value in base.state_dict().items() if "lora_" not in name
    }
    base.save_pretrained(path, state_dict=weights)
    wrapped.peft_config["default"].base_model_name_or_path = str(path)


def prepare_libraries(config: Config, training: bool = False) -> None:
    """Keep the libraries quiet, and off the network where the base model is a local folder.

    For `training` Unsloth is imported where it is the backend: before transformers and TRL, which it patches. A process
    sees one GPU unless torchrun started it: transformers would multiply its batch by the number of GPUs in sight.
    """
    if training and "LOCAL_RANK" not in os.environ:
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    if is_local(config.model.model_name_or_path):
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
            os.environ.setdefault(name, "1")
    if training and backend(config) == "unsloth":
        os.environ.setdefault("UNSLOTH_DISABLE_STATISTICS", "1")
        os.environ.setdefault("UNSLOTH_COMPILE_LOCATION", "artifacts/.unsloth")
        os.environ.setdefault("UNSLOTH_DATASET_NUM_PROC", "0")  # no workers forked off CUDA for a second of work
        from trainer.fast import OnlySFT, patch_lora_layers, patch_varlen_attention

        patch_varlen_attention()
        OnlySFT.install()
        import unsloth  # noqa: F401

        patch_lora_layers()
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if training:
        from datasets import disable_progress_bars

        disable_progress_bars()

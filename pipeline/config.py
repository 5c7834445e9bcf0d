"""One YAML file describes a run. Keys are the libraries' own names; an unknown key or a bad value stops at once.

Sections: `model` (transformers), `data` (ours), `lora` (peft.LoraConfig), `training` (trl.SFTConfig), `export`, `serve`
(Ollama's options), `eval`. Any key can be overridden as `section.key=value`; the resolved config is saved with the run.
"""

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from extraction.json import Json
from extraction.schema import check
from pipeline import base, configfile, log
from pipeline.errors import UserError
from pipeline.files import read_schema, write_text
from pipeline.provenance import commit

Label = Annotated[str, Field(pattern=r"^[^<>:：=]*[^<>:：=\s][^<>:：=]*[:：]?\s*$")]  # which a colon may end
Share = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what numpy and llama.cpp take
Quantization = Literal["q4_k_m", "q8_0"]
QUANTIZATIONS: tuple[str, ...] = get_args(Quantization)
SEED = 3407
logger = logging.getLogger(__name__)
# transformers.BitsAndBytesConfig of a base in 4 bits (QLoRA's): what is trained on is what is judged.
NF4: Json = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class Model(Section):
    """The base model: a folder or a hub name."""

    model_name_or_path: str = "models/embedded"
    revision: str | None = Field(
        None, description="commit, branch or tag of a hub model; a run keeps the commit that it began to train on"
    )
    backend: Literal["auto", "unsloth", "trl"] = Field("auto", description="auto: Unsloth on CUDA, else TRL and PEFT")
    load_in_4bit: bool = Field(False, description="NF4 weights under a 16-bit adapter (QLoRA); CUDA only")
    max_length: int = Field(4096, ge=64, description="tokens of prompt and completion; a longer sample is an error")


class Data(Section):
    """Where the examples are and how they are split."""

    path: str = Field("data/products.jsonl", description="a JSON list, JSON Lines, Parquet or CSV file")
    json_schema: Json | None = Field(None, alias="schema", description="JSON Schema of a record; null infers it")
    group: str | None = Field(None, description="column that names groups, such as layout or shop")
    holdout: list[str] = Field([], description="groups that only the test split holds: the unseen slice")
    clean: bool = Field(True, description="whether a page is cleaned of what cannot hold a value before it is read")
    markup: bool = Field(True, description="whether schema.org, OpenGraph and microdata are read; false needs clean")
    labels: dict[str, list[Label]] = Field(
        {}, description="labels that pages have for a field, such as {draft:[Tiefgang]}: read as the field's name"
    )
    glossary: bool = Field(
        False, description="whether what pages call the fields, in some twenty languages, is read as the fields' names"
    )
    prune: bool = Field(True, description="whether only the likely blocks of a long page are read")
    page_tokens: int = Field(
        575,
        ge=64,
        description="most tokens of a page pruned for four fields, approximately; by the square root for more fields",
    )
    ranker: str | None = Field(None, description="the ranker to start from, a file; null: the project's")
    validation: Share = Field(0.1, description="about this share of the records; training is watched on them")
    test: Share = Field(0.2, description="about this share of the records; they are scored")
    distractors: float = Field(0, ge=0, le=1, description="share of training inputs with a passage of another record")
    seed: Seed = Field(SEED, description="another seed draws other splits")

    @field_validator("json_schema")
    @classmethod
    def has_fields(cls, schema: Json | None) -> Json | None:
        return None if schema is None else check(schema)

    @model_validator(mode="after")
    def leaves_out_markup_by_cleaning(self) -> Self:
        if not (self.markup or self.clean):
            raise ValueError("only cleaning leaves out markup: set clean to true too, or markup to true")
        return self

    @model_validator(mode="after")
    def leaves_rows_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} and test {self.test} leave nothing to train on: lower them")
        return self


class Lora(Section):
    """peft.LoraConfig (the defaults are the tutorial's), and what becomes of the trained adapter."""

    r: int = Field(64, ge=1)
    lora_alpha: int = Field(128, ge=1)
    lora_dropout: float = Field(0.0, ge=0, lt=1)
    bias: Literal["none", "all", "lora_only"] = "none"
    target_modules: list[str] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    use_rslora: bool = False
    init_lora_weights: Literal[True, "loftq"] = True
    interpolation: float = Field(
        1.0, gt=0, le=1, description="share of the fine-tuned weights in a mean with the base's (WiSE-FT's alpha)"
    )

    @property
    def peft(self) -> Json:
        """peft.LoraConfig's own settings."""
        return self.model_dump(exclude={"interpolation"})

    @model_validator(mode="after")
    def interpolates_adapters_that_begin_as_the_base(self) -> Self:
        if self.interpolation < 1 and (self.init_lora_weights == "loftq" or self.bias != "none"):
            raise ValueError("LoftQ and biases change more than the adapter's product: set interpolation to 1")
        return self


class Training(Section):
    """trl.SFTConfig; the defaults are the tutorial's. `optim` null: AdamW, on CUDA in 8 bit where memory is short.

    `auto` is decided by the free GPU memory (trainer/memory.py). With `packing`, a row of a batch is as many examples
    as fit into model.max_length tokens.
    """

    per_device_train_batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = 2
    gradient_accumulation_steps: int = Field(4, ge=1)
    packing: bool = False
    gradient_checkpointing: bool | Literal["auto"] = "auto"
    warmup_steps: float = Field(10, ge=0, description="steps, or below 1 a share of all steps")
    num_train_epochs: float = Field(3, ge=0, description="0 leaves the adapter as it begins: the base model, zero-shot")
    learning_rate: float = Field(2e-4, gt=0)
    optim: str | None = None
    weight_decay: float = Field(0.01, ge=0)
    lr_scheduler_type: str = "linear"
    seed: Seed = SEED
    full_determinism: bool = Field(False, description="the same adapter every time on CUDA too, slower")
    fsdp_config: Json | None = Field(None, description="shard the model over the GPUs of NPROC (configs/fsdp.yaml)")
    logging_steps: int = Field(5, ge=1)
    save_total_limit: int = Field(2, ge=1)
    report_to: str = "none"


class Export(Section):
    """GGUF files to write beside f16."""

    quantization_method: list[Quantization] = Field(["q4_k_m"], min_length=1)
    imatrix: bool = Field(False, description="whether quantization errors are weighed by an importance matrix")


class Serve(Section):
    """The served models `<name>:<variant>`, Ollama's options (the same on every call), and how answers are judged."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80, description="default: the run's name")
    num_ctx: int = Field(4096, ge=256, multiple_of=256)
    num_predict: int = Field(512, ge=1)
    temperature: float = Field(0.0, ge=0)
    repeat_penalty: float = Field(1.0, gt=0, description="1 is none; Ollama's own default would punish copying")
    seed: Seed = SEED
    on_overlong: Literal["split", "error"] = Field(
        "split", description="a page longer than the context is asked in parts, or refused"
    )
    part_tokens: int | None = Field(None, ge=64, description="most tokens of such a part; null: as many as fit")
    ground: bool = Field(False, description="whether a value that the page does not state becomes null")
    distinct: bool = Field(
        False, description="whether a value that the page states once, labelled for one field, is null in the others"
    )
    min_probability: float | None = Field(
        None, ge=0, le=1, description="a field with a lower probability becomes null and is listed as unsure"
    )
    ask_again: float | None = Field(
        None,
        ge=0,
        le=1,
        description="of a pruned page, fields that are null or less probable are asked for again, with fewer blocks",
    )
    deterministic: bool = Field(
        False, description="embedded engine: no cached prefix and no neighbour may change an answer's rounding; slower"
    )

    @property
    def options(self) -> Json:
        """Ollama's options."""
        ours = {"name", "on_overlong", "part_tokens", "deterministic"}
        return self.model_dump(exclude=ours | {"ground", "distinct", "min_probability", "ask_again"})

    @property
    def max_prompt(self) -> int:
        """Tokens of the longest prompt that leaves room for an answer; where pages are split, none is longer."""
        return self.num_ctx - min(self.num_predict, self.num_ctx // 8)


class Eval(Section):
    """What is compared, and how much accuracy may be lost between training and serving."""

    variants: list[Literal["base", "adapter", "merged", "f16", "q4_k_m", "q8_0"]] = Field(
        ["base", "adapter", "f16", "q4_k_m"], min_length=1
    )
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto", description="examples per batch of the HF variants; auto: by the free memory"
    )
    max_loss: float = Field(0.02, ge=0, le=1, description="largest accepted loss of mean field accuracy, a share")
    strict: bool = Field(False, description="whether the gate also refuses when there are too few examples to tell")
    calibration: int = Field(200, ge=0, description="validation examples that probabilities are calibrated on; 0: none")
    baselines: list[Literal["rules", "markup", "few-shot"]] = Field(
        ["rules", "markup"],
        description="scored beside the variants; few-shot: the base with as many examples as the context holds, slow",
    )
    slices: list[str] = Field([], description="columns of the data whose values are scored apart")


class Config(Section):
    """A resolved config. `run` names the folder under artifacts/ that all stages share."""

    run: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    model: Model = Model()
    data: Data = Data()
    lora: Lora = Lora()
    training: Training = Training()
    export: Export = Export()
    serve: Serve
    eval: Eval = Eval()

    @model_validator(mode="after")
    def scores_what_is_exported(self) -> Self:
        methods = self.export.quantization_method
        if missing := [name for name in self.eval.variants if name in QUANTIZATIONS and name not in methods]:
            raise ValueError(
                f"eval.variants has {missing[0]}, which export.quantization_method ({', '.join(methods)})"
                " does not make: add it there or remove it here"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def serves_under_the_name_of_the_run(cls, values: Json) -> Json:
        serve = values.get("serve", {})
        named = {"name": str(values.get("run")).lower()} | serve if isinstance(serve, dict) else serve
        return values | {"serve": named}

    @property
    def folder(self) -> Path:
        """artifacts/<run>"""
        return Path("artifacts") / self.run


def load(path: Path, overrides: Sequence[str] = (), run: str | None = None, data: str | None = None) -> Config:
    """Read and validate a config file; `overrides` are `section.key=value` with YAML values.

    `data` is the name of a data file in place of the config's, whose groups it does not have. Where the run is pinned
    to a commit of its base, that is `model.revision`.
    """
    raw = configfile.read(path)
    raw.setdefault("run", path.stem)
    if data:
        given: Json = {"path": data, "group": None, "holdout": []}
        raw["data"] = raw.get("data", {}) | given
    for override in overrides:
        configfile.override(raw, override)
    if run:
        raw["run"] = run
    try:
        return pinned(Config.model_validate(raw))
    except ValidationError as error:
        raise UserError(f"{path}: {configfile.sentence(error, Config)}") from None


def pinned(config: Config) -> Config:
    """The config with the commit that its run is pinned to in place of the branch that it asks for."""
    commit = base.kept(config.folder, config.model)
    return at_commit(config, commit) if commit else config


def at_commit(config: Config, commit: str) -> Config:
    """The config with a commit as `model.revision`."""
    return config.model_copy(update={"model": config.model.model_copy(update={"revision": commit})})


def save(config: Config) -> None:
    """Write the resolved config, with the schema once it is inferred, to artifacts/<run>/config.yaml."""
    values = config.model_dump(mode="json", by_alias=True)
    if (config.folder / "data" / "schema.json").is_file():
        values["data"]["schema"] = read_schema(config.folder)
    write_text(config.folder / "config.yaml", yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every stage takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("configs/embedded.yaml"), help="default: %(default)s")
    parser.add_argument("--run", default=None, help="name of the folder under artifacts/; default: the config's")
    parser.add_argument("--data", default=None, help="a data file in place of the config's")
    parser.add_argument("--set", nargs="*", default=[], metavar="SECTION.KEY=VALUE", help="override single keys")
    parser.add_argument("--overrides", default="", help="the same in one text, quoted as for a shell; make's SET")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what the log has too")
    return parser


def from_arguments(namespace: argparse.Namespace) -> Config:
    """The config that the parsed options of `arguments` ask for; begins the log."""
    try:
        overrides = shlex.split(namespace.overrides)
    except ValueError as error:
        raise UserError(f"SET={namespace.overrides!r} cannot be read: {error}") from None
    config = load(namespace.config, [*overrides, *namespace.set], namespace.run, namespace.data)
    log.begin(config.folder, namespace.verbose)
    logger.info("%s: config %s, code %s", Path(sys.argv[0]).stem, config.model_dump_json(by_alias=True), commit())
    return config

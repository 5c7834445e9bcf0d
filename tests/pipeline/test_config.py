import json
from pathlib import Path

import pytest
import yaml

from pipeline import config as configuration
from pipeline.errors import UserError
from pipeline.files import write_text


@pytest.fixture
def file(workspace: Path) -> Path:
    path = workspace / "mine.yaml"
    path.write_text("data:\n  path: rows.jsonl\n", encoding="utf-8")
    return path


def test_defaults_are_the_tutorials(file: Path) -> None:
    config = configuration.load(file)
    assert (config.lora.r, config.lora.lora_alpha, config.lora.lora_dropout, config.lora.bias) == (64, 128, 0.0, "none")
    assert len(config.lora.target_modules) == 7
    training = config.training
    assert (training.per_device_train_batch_size, training.gradient_accumulation_steps) == (2, 4)
    assert (training.warmup_steps, training.num_train_epochs, training.learning_rate) == (10, 3, 2e-4)
    assert (training.weight_decay, training.lr_scheduler_type, training.seed) == (0.01, "linear", 3407)
    assert config.run == "mine"


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("lora.rank=8", ["`lora.rank`", "8", "lora_alpha"]),
        ("lora.bias=some", ["`lora.bias`", "'some'", "'none', 'all' or 'lora_only'"]),
        ("lora.r=many", ["`lora.r`", "'many'", "integer"]),
        ("trainning.seed=1", ["`trainning`", "training"]),
        ("data.test=1.5", ["`data.test`", "1.5", "less than 1"]),
        ("serve.num_ctx=1000", ["`serve.num_ctx`", "1000", "256"]),
        ("data.path", ["'data.path'", "section.key=value"]),
        ("a.b.c=1", ["'a.b.c=1'", "section.key=value"]),
        ("data.schema={type: array}", ["data.schema", "object"]),
        ("lora={interpolation: 0.5, init_lora_weights: loftq}", ["`lora`", "LoftQ", "set interpolation to 1"]),
        ("run=../x", ["`run`", "'../x'"]),
        ("data.holdout=[a", ["'data.holdout=[a'", "close its brackets"]),
        ("run.x=1", ["'run.x=1'", "`run` is 'mine', not a section"]),
        ("data={test: 0.6, validation: 0.4}", ["`data`", "0.6", "0.4", "nothing to train on"]),
        ("data={markup: false, clean: false}", ["`data`", "markup", "set clean to true"]),
        ("data.labels={a: ['  ']}", ["`data.labels.a", "  "]),
        ("data.labels={a: Total}", ["`data.labels.a`", "Total", "list"]),
        ("eval.variants=[]", ["`eval.variants`", "[]", "at least 1"]),
        ("eval.variants=[f16, q8_0]", ["q8_0", "export.quantization_method (q4_k_m) does not make"]),
        ("data.schema={}", ["`data.schema`", "at least one property"]),
        ("data.schema={type: object, properties: {a: {$ref: '#/$defs/a'}}}", ["`data.schema`", "'#/$defs/a'", "$defs"]),
        ("training.learning_rate=.inf", ["`training.learning_rate`", "inf"]),
        ("training.num_train_epochs=.inf", ["`training.num_train_epochs`", "inf"]),
        ("training.seed=-1", ["`training.seed`", "-1"]),
        ("training.seed=4294967296", ["`training.seed`", "4294967296"]),
        ("data={path: a, path: b}", ["data={path: a, path: b}", "'path' is there twice"]),
        ("data.schema={type: object, properties: {a: true}}", ["`data.schema`", "schema.a is true"]),
    ],
)
def test_a_bad_key_or_value_is_named(file: Path, override: str, parts: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        configuration.load(file, [override])
    assert all(part in str(caught.value) for part in parts), caught.value
    assert "\n" not in str(caught.value)


TWICE = "data: {path: a.jsonl}\ntraining: {seed: 1}\ndata: {group: shop}\n"


@pytest.mark.parametrize("text", ["[1, 2]", "data: [", "\xff", "data:\n", "run: x\ndata:\n  # all defaults\n", TWICE])
def test_a_file_that_is_no_config_is_named(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"mine\.yaml"):
        configuration.load(file)


def test_overrides_and_run_are_resolved_and_saved(file: Path) -> None:
    config = configuration.load(file, ["lora.r=8", "data.holdout=[a, b]"], run="other")
    configuration.save(config)
    saved = yaml.safe_load((config.folder / "config.yaml").read_text())
    assert (saved["run"], saved["lora"]["r"], saved["data"]["holdout"]) == ("other", 8, ["a", "b"])
    assert configuration.load(config.folder / "config.yaml") == config


def test_the_saved_config_has_the_inferred_schema(file: Path) -> None:
    config = configuration.load(file)
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    write_text(config.folder / "data" / "schema.json", json.dumps(schema))
    configuration.save(config)
    assert configuration.load(config.folder / "config.yaml").data.json_schema == schema


def test_every_config_of_the_repository_is_valid() -> None:
    paths = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
    assert paths
    for path in paths:
        configuration.load(path)


def test_a_run_is_served_under_its_own_name(file: Path) -> None:
    assert configuration.load(file).serve.name == "mine"
    assert configuration.load(file, ["serve.num_ctx=512"], "Shoes-2").serve.name == "shoes-2"
    assert configuration.load(file, ["serve.name=extractor"], "shoes").serve.name == "extractor"
    with pytest.raises(UserError, match=r"`serve\.name` cannot be 'a/b'"):
        configuration.load(file, ["serve.name=a/b"])
    file.write_text("serve: [1]\n", encoding="utf-8")
    with pytest.raises(UserError, match="`serve` cannot be"):
        configuration.load(file)

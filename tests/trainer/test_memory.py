import pytest

from pipeline.config import Training
from trainer.memory import GIB, Plan, Shape, advice, cpu_plan, largest_batch, optimizer, plan

PHI3 = Shape(hidden=3072, feed_forward=8192, layers=32, vocabulary=32064, r=64)


@pytest.mark.parametrize(
    ("free", "batch", "most", "checkpointing", "expected"),
    [
        (75, "auto", 99, "auto", Plan(8, 1, False)),  # an H100 after loading: as many rows as were measured to fit
        (75, "auto", 3, "auto", Plan(2, 1, False)),  # no more than leaves a training its steps
        (21, "auto", 99, "auto", Plan(2, 1, False)),
        (8, "auto", 99, "auto", Plan(8, 1, True)),  # not one row without checkpointing
        (75, "auto", 99, True, Plan(64, 1, True)),
        (75, 2, 99, True, Plan(2, 1, True)),  # the tutorial's, as it is
        (8, 2, 99, "auto", Plan(2, 1, True)),
        (8, 2, 99, False, Plan(2, 1, False)),  # what the user insists on
        (1, "auto", 99, "auto", Plan(1, 1, True)),
    ],
)
def test_the_largest_batch_that_fits(
    free: int, batch: int | str, most: int, checkpointing: bool | str, expected: Plan
) -> None:
    assert plan(PHI3, "unsloth", free * GIB, 2048, batch, 1, most, checkpointing) == expected


def test_a_short_job_keeps_the_steps_that_it_learns_in() -> None:
    """By those of the whole training: one epoch needs a smaller batch than three."""
    assert [largest_batch(104, epochs, 1) for epochs in (1, 3, 12)] == [2, 6, 26]
    assert largest_batch(104, 3, 4) == largest_batch(5, 0.5, 1) == 1


@pytest.mark.parametrize(("row", "expected"), [(977, (8, 1)), (1025, (4, 2)), (4096, (2, 4)), (20_000, (1, 8))])
def test_a_cpu_computes_a_step_of_long_examples_in_parts(row: int, expected: tuple[int, int]) -> None:
    training = Training(per_device_train_batch_size=8, gradient_accumulation_steps=1)
    assert cpu_plan(training, row) == Plan(*expected, False)


def test_a_cpu_accumulates_as_the_config_says() -> None:
    training = Training(per_device_train_batch_size=4, gradient_accumulation_steps=3, gradient_checkpointing=True)
    assert cpu_plan(training, 4096) == Plan(2, 6, True)
    auto = training.model_copy(update={"per_device_train_batch_size": "auto"})
    assert cpu_plan(auto, 9000) == Plan(2, 3, True)


def test_a_gpu_accumulates_as_the_config_says() -> None:
    assert plan(PHI3, "unsloth", 75 * GIB, 2048, "auto", 3, 99, "auto") == Plan(8, 3, False)


@pytest.mark.parametrize(
    ("checkpointing", "cuda", "expected"),
    [(False, False, "adamw_torch"), (True, True, "adamw_8bit"), (False, True, "adamw_torch_fused")],
)
def test_the_optimizer_is_in_8_bit_where_memory_is_short(checkpointing: bool, cuda: bool, expected: str) -> None:
    assert optimizer(Plan(8, 1, checkpointing), cuda) == expected


def test_the_estimate_is_just_above_what_was_measured() -> None:
    """8 × 2048 tokens without checkpointing took 51 GiB, 2.1 of them the NF4 weights."""
    need = 8 * 2048 * PHI3.bytes_per_token("unsloth", checkpointing=False) + PHI3.adapter_bytes()
    assert 1.0 < need / GIB / (51 - 2.1) < 1.1


@pytest.mark.parametrize(
    ("chosen", "four_bit", "key"),
    [
        (Plan(8, 1, False), False, "training.gradient_checkpointing=true"),
        (Plan(8, 1, True), False, "training.per_device_train_batch_size=4"),
        (Plan(1, 1, True), False, "model.load_in_4bit=true"),
        (Plan(1, 1, True), True, "model.max_length=1024"),
    ],
)
def test_too_little_memory_names_the_key_and_its_next_value(chosen: Plan, four_bit: bool, key: str) -> None:
    text = advice(chosen, four_bit, 2048, 24 * GIB)
    assert key in text
    assert "24.0 GiB" in text
    assert f"{chosen.per_device_train_batch_size} × 2048" in text

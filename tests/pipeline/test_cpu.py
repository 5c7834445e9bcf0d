import pytest
import torch

from pipeline.cpu import use_fast_products


def test_fast_products_are_still_float32() -> None:
    a, b = (torch.randn(64, 512, generator=torch.Generator().manual_seed(n)) for n in (1, 2))
    exact = a.double() @ b.double().t()
    before = torch.get_float32_matmul_precision()
    try:
        use_fast_products()
        assert float((a @ b.t() - exact).abs().max()) < 1e-3  # 0.1 in bfloat16
    finally:
        torch.set_float32_matmul_precision(before)


def test_a_cpu_that_would_round_to_bfloat16_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    before = torch.get_float32_matmul_precision()
    use_fast_products()
    assert torch.get_float32_matmul_precision() == before

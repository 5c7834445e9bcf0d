"""How torch multiplies on a CPU."""


def use_fast_products() -> None:
    """On a CPU without AMX let oneDNN multiply in float32: on AMD's processors it is twice as fast as MKL.

    With AMX the same setting would round to bfloat16.
    """
    import torch

    if not torch.cuda.is_available() and not torch.cpu._is_amx_tile_supported():
        torch.set_float32_matmul_precision("medium")

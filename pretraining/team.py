"""Several GPUs of one machine: a process each (torchrun), batches of their own, averaged gradients, one clock."""

import os
from collections.abc import Iterable
from typing import Any


class Team:
    """The processes of one pre-training run; a process that torchrun did not start is a team of its own."""

    def __init__(self) -> None:
        self.rank, self.size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.first = self.rank == 0
        if self.size > 1:
            import torch
            from torch import distributed

            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
            distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")

    def sums(self, *numbers: float) -> list[float]:
        """Each number summed over the processes."""
        if self.size == 1:
            return list(numbers)
        import torch
        from torch import distributed

        together = torch.tensor(numbers, dtype=torch.float64)
        distributed.all_reduce(together)
        summed: list[float] = together.tolist()
        return summed

    def average(self, parameters: Iterable[Any]) -> None:
        """Replace every parameter's gradient by its mean over the processes."""
        if self.size == 1:
            return
        import torch
        from torch import distributed

        gradients = [parameter.grad for parameter in parameters]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(together)
        parts = torch.split(together / self.size, [gradient.numel() for gradient in gradients])
        torch._foreach_copy_(gradients, [part.view_as(one) for part, one in zip(parts, gradients, strict=True)])

    def leave(self) -> None:
        """End what the processes share."""
        if self.size > 1:
            from torch import distributed

            distributed.destroy_process_group()

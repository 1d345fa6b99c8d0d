"""Tensors on PyTorch's device "meta"."""

from typing import List

import torch
from torch import Tensor


class Meta(torch.nn.Module):
    def to_meta(self, x: Tensor) -> Tensor:
        """A tensor as x without values and history."""
        return x.detach().to(torch.device("meta"))

    def align(self, x: Tensor, other: Tensor) -> Tensor:
        """Lets x, in place, get a gradient if other does."""
        return x.requires_grad_(True) if other.requires_grad and not x.requires_grad else x

    def records(self) -> Tensor:
        """Whether PyTorch records graphs."""
        return torch.full([], torch.is_grad_enabled(), dtype=torch.bool, device=torch.device("cpu"))

    def others(self, tensors: List[Tensor]) -> Tensor:
        """The number of tensors that are not on "meta"."""
        n = 0
        for x in tensors:
            if not x.is_meta:
                n += 1
        return torch.full([], n, dtype=torch.int64, device=torch.device("cpu"))

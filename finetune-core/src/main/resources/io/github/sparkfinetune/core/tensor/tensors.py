"""Plain uses of whole tensors that Java asks for by name."""

from typing import List

import torch
from torch import Tensor


class Tensors(torch.nn.Module):
    def copy(self, target: Tensor, source: Tensor) -> Tensor:
        """Overwrites target in place."""
        return target.copy_(source)

    def zero(self, x: Tensor) -> Tensor:
        return x.zero_()

    def norm(self, x: Tensor) -> Tensor:
        """L2 norm over all elements, []"""
        return torch.linalg.vector_norm(x)

    def stretch(self, x: Tensor, start: int, end: int) -> Tensor:
        """Values [start, end) of x, row-major, as a view [end - start]."""
        return x.detach().view(-1)[start:end]

    def views_like(self, flat: Tensor, like: List[Tensor]) -> List[Tensor]:
        """Consecutive stretches of flat [n], in the shapes of tensors of n elements together."""
        views: List[Tensor] = []
        start = 0
        for other in like:
            n = other.numel()
            views.append(flat[start : start + n].view(other.size()))
            start += n
        return views

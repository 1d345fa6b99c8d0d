"""What the engine's modules use of Python. "F.silu" and torch.float32 stay in a docstring."""

from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Language(torch.nn.Module):
    """A class may say what it is."""

    size: int
    eps: float
    flag: bool
    act: str

    def attributes(self) -> List[Tensor]:
        """The attributes as tensors; act must be "F.silu # torch.bool"."""
        known = self.act == "F.silu # torch.bool"
        return [
            torch.full([], self.size, dtype=torch.int64, device=torch.device("cpu")),
            torch.full([], self.eps, dtype=torch.float64, device=torch.device("cpu")),
            torch.full([], self.flag and known, dtype=torch.bool, device=torch.device("cpu")),
        ]

    def optional(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
        bias = w.get(name + ".bias")
        if bias is None:
            return x
        if name not in w or not self.flag:
            return x + bias
        return F.linear(x, w[name], bias)  # F.linear stays in a comment

    def named(self, x: Tensor, lengths: List[int]) -> Dict[str, Tensor]:
        kept: Dict[str, Tensor] = {}
        for i, (start, end) in enumerate(self.ranges(lengths)):
            kept["part." + str(i)] = x[start:end]
        kept.update({"first": x[:1], "last": x[-1:]})
        return kept

    def ranges(self, lengths: List[int]) -> List[Tuple[int, int]]:
        ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
        ranges: List[Tuple[int, int]] = []
        for end, n in zip(ends, lengths):
            ranges.append((end - n, end))
        return ranges

    def nothing(self, x: Tensor) -> None:
        x.add_(1)

    def halves(self, x: Tensor, factor: float = 2.0) -> Tuple[Tensor, Tensor]:
        self.nothing(x)
        a, b = x[..., : x.size(-1) // 2], x[..., x.size(-1) // 2 :]
        return a * factor if self.flag else a, b.to(torch.bfloat16).to(torch.float32)

    def gradient(self, x: Tensor) -> Optional[Tensor]:
        recording = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        leaf = x.detach().requires_grad_(True)
        y = torch.ops.aten.silu(leaf).sum() + torch.linalg.vector_norm(leaf) * 0
        torch.set_grad_enabled(recording)
        return torch.autograd.grad([y], [leaf], allow_unused=True)[0]

    def fails(self, x: Tensor) -> Tensor:
        y = x.view([-1])
        return self.deeper(y)

    def deeper(self, x: Tensor) -> Tensor:
        return x.view([7, 11])

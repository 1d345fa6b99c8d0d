"""Methods that a GPU cannot run, or not without a wait."""

import torch
from torch import Tensor


class Devices(torch.nn.Module):
    def fits(self, x: Tensor) -> Tensor:
        return x * 2 + torch.ones([2], device=x.device)

    def mixes(self, x: Tensor) -> Tensor:
        return x + torch.ones([2], device=torch.device("cpu"))

    def reads(self, x: Tensor) -> Tensor:
        return x * float(x.sum())

    def downloads(self, x: Tensor) -> Tensor:
        return x.to(torch.device("cpu"))

    def returns_from_cpu(self, x: Tensor) -> Tensor:
        return torch.ones([2], device=torch.device("cpu"))

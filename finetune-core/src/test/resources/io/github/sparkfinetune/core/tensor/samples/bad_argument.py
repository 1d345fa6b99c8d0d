import torch
from core.tensor.samples.unimportant import Unimportant
from torch import Tensor


class BadArgument(Unimportant):
    def bad(self, x: Tensor) -> Tensor:
        return torch.mm(x, 2)
